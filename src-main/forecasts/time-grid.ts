// The steps of a dataset: fixed seconds, or days, business days and months counted on a local calendar.
import { TimeZone } from '../calendar/time-zone.ts'
import type { Granularity } from '../../src-shared/run/run-manifest.ts'

export type StepUnit = 'second' | 'day' | 'business day' | 'month'

/** `count` units. */
export interface Step {
  readonly unit: StepUnit
  readonly count: number
}

export interface TimeGrid {
  /** The standard granularity nearest to the step. */
  readonly granularity: Granularity
  /** The commonest length of a step; months differ in it. */
  readonly stepSeconds: number
  /** Seasonal lag of MASE, seconds: 24 hours hourly, 7 days daily, 52 weeks weekly. Of months: 12, whatever their length. */
  readonly lagSeconds: number
  readonly step: Step
  /** Whose calendar counts the steps. */
  readonly zone: TimeZone
}

/** A server that was last measured more than so many steps before the others is silent. */
export const maxSilentSteps = 14

const hour = 3600
const day = 24 * hour
const week = 7 * day
export const monthsPerYear = 12

const fixedSteps: readonly (readonly [granularity: Granularity, stepSeconds: number, lagSeconds: number])[] = [
  ['hourly', hour, day],
  ['daily', day, week],
  ['weekly', week, 52 * week],
]

/** The grid of a step that lasts `stepSeconds` most often. */
export const gridOf = (step: Step, stepSeconds: number, zone: TimeZone): TimeGrid => {
  if (step.unit === 'month')
    return { granularity: step.count < 3 ? 'monthly' : 'quarterly', stepSeconds, lagSeconds: monthsPerYear * 30 * day, step, zone }
  const [granularity, , lagSeconds] = fixedSteps.find(([, seconds]) => stepSeconds <= seconds * 2) ?? fixedSteps.at(-1)!
  return { granularity, stepSeconds, lagSeconds, step, zone }
}

export const fixedGrid = (stepSeconds: number): TimeGrid => gridOf({ unit: 'second', count: stepSeconds }, stepSeconds, TimeZone.utc)

/** Whether a step is one that the analysis is made for. */
export const isStandardStep = ({ step: { unit, count }, stepSeconds }: TimeGrid): boolean => {
  if (unit === 'month') return count === 1 || count === 3
  if (unit === 'business day') return true
  return fixedSteps.some(([, seconds]) => seconds === (unit === 'day' ? count * day : stepSeconds))
}

/** "15 minutes", "day", "3 months". */
export const describeStep = ({ unit, count }: Step): string => {
  const [name, size] = unit === 'second' ? fixedUnit(count) : [unit, count]
  return size === 1 ? name : `${size} ${name}s`
}

const fixedUnit = (seconds: number): [name: string, count: number] => {
  if (seconds % day === 0) return ['day', seconds / day]
  if (seconds % hour === 0) return ['hour', seconds / hour]
  return seconds % 60 === 0 ? ['minute', seconds / 60] : ['second', seconds]
}

/** SQL for the number of a time's step: consecutive steps have consecutive numbers. */
export const slotSql = (grid: TimeGrid, ts: string): string => {
  const { unit, count } = grid.step
  if (unit === 'second') return `epoch_us(${ts}) // ${grid.stepSeconds * 1_000_000}`
  const position = calendarPositionSql(grid, ts)
  // Day 0 was a Thursday. A weekend counts as its Friday.
  if (unit === 'business day') return `((${position} + 3) // 7 * 5 + least((${position} + 3) % 7, 4))`
  return `((${position}) // ${count})`
}

/** `slotSql` where series differ in their steps; `index`: SQL for the place of the row's grid among `grids`. */
export const ownSlotSql = (grids: readonly TimeGrid[], index: string, ts: string): string =>
  grids.length === 1
    ? slotSql(grids[0]!, ts)
    : `CASE ${index} ${grids.map((grid, at) => `WHEN ${at} THEN ${slotSql(grid, ts)}`).join(' ')} END`

/** `slotSql` for microseconds since 1970. */
export const slotOf = (grid: TimeGrid, us: number): number => {
  const { unit, count } = grid.step
  if (unit === 'second') return Math.floor(us / (grid.stepSeconds * 1_000_000))
  const position = calendarPosition(grid, us)
  if (unit === 'business day') return Math.floor((position + 3) / 7) * 5 + Math.min((position + 3) % 7, 4)
  return Math.floor(position / count)
}

/** SQL for the local month of a time, counted from year 0, or for its local day, counted from 1970. */
export const calendarPositionSql = ({ step, zone }: TimeGrid, ts: string): string => {
  const local = zone.localSql(ts)
  return step.unit === 'month'
    ? `year(${local}) * ${monthsPerYear} + month(${local}) - 1`
    : `CAST(CAST(${local} AS DATE) - DATE '1970-01-01' AS BIGINT)`
}

/** `calendarPositionSql` for microseconds since 1970. */
export const calendarPosition = ({ step, zone }: TimeGrid, us: number): number => {
  const localMs = zone.toLocal(Math.floor(us / 1000))
  if (step.unit !== 'month') return Math.floor(localMs / (day * 1000))
  const local = new Date(localMs)
  return local.getUTCFullYear() * monthsPerYear + local.getUTCMonth()
}

/** The seasonal lag in the unit of `calendarPosition`. */
export const calendarLag = ({ step, lagSeconds }: TimeGrid): number => (step.unit === 'month' ? monthsPerYear : lagSeconds / day)

/** The step between neighbouring times where all are equal; 0 where they are not. */
export const equalStep = (times: Float64Array): number => {
  if (times.length < 2) return 0
  const step = times[1]! - times[0]!
  for (let index = 2; index < times.length; index++) if (times[index]! - times[index - 1]! !== step) return 0
  return Math.max(0, step)
}
