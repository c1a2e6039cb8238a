// A table of a report, and how its cells are written.
import { fixedFormatting as text } from '../../src-shared/chart-options/format.ts'

export interface ReportTable {
  readonly title: string
  readonly note?: string
  readonly columns: readonly { readonly title: string; readonly isNumber: boolean }[]
  readonly rows: readonly (readonly string[])[]
}

export const numberColumn = (title: string) => ({ title, isNumber: true })
export const textColumn = (title: string) => ({ title, isNumber: false })
export const formatUsd = (value: number): string => `$${text.count(value)}`
export const formatNumber = (value: number): string => text.value(value, '')
