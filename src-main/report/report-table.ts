// A table of a report, and how its cells are written.
import { fixedFormatting as text } from '../../src-shared/chart-options/format.ts'

export interface ReportColumn {
  readonly title: string
  readonly isNumber: boolean
  /** The cells are those of `lightCell`, and drawn in the colours of their lights. */
  readonly isLight?: true
}

export const trafficLights = ['Red', 'Amber', 'Green'] as const
export type TrafficLight = (typeof trafficLights)[number]

/** Told apart without colour, too; every common font has them. */
const lightMarks: Readonly<Record<TrafficLight, string>> = { Red: '▲', Amber: '■', Green: '●' }

export const lightCell = (light: TrafficLight): string => `${lightMarks[light]} ${light}`
export const lightOfCell = (cell: string): TrafficLight | undefined => trafficLights.find((light) => cell === lightCell(light))

export interface ReportTable {
  /** "" below a heading that names it. */
  readonly title: string
  readonly note?: string
  readonly columns: readonly ReportColumn[]
  readonly rows: readonly (readonly string[])[]
}

export const numberColumn = (title: string) => ({ title, isNumber: true })
export const lightColumn = (title: string) => ({ title, isNumber: false, isLight: true as const })
export const textColumn = (title: string) => ({ title, isNumber: false })
export const formatUsd = (value: number): string => `$${text.count(value)}`
export const formatNumber = (value: number): string => text.value(value, '')
export const orDash = (value: number | null | undefined, write: (numeric: number) => string): string =>
  value === null || value === undefined ? '–' : write(value)

/** More rows are in the workbook and in CSV. */
export const maxRows = 200
