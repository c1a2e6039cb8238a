// Business drivers: how a metric follows a number such as payments a day, and which number the server supports (analysis definition, section 13).
import type { CapacityDriver, DriverPlan } from '../../../src-shared/artefacts/capacity.ts'
import type { DecimalSetting } from '../../../src-shared/config/analysis-config.ts'
import { zoneClock, type ZoneClock } from '../../../src-shared/run/zone-clock.ts'
import type { ReadInput } from '../../../src-shared/run/run-manifest.ts'
import type { Database } from '../../database/database.ts'
import { readInstant } from '../../forecasts/events-table.ts'
import { lastYear } from '../../forecasts/validation-rules.ts'
import { readSmallTable, type TableKind } from '../../forecasts/small-table.ts'
import { studentTLimit } from '../../statistics/student-t.ts'
import { explainedShare, fitRobustLine, type RobustLine } from '../../statistics/robust-line.ts'
import type { BacktestReader, SeriesBacktest } from '../backtest/scan-backtests.ts'

const driversTable: TableKind<'time' | 'driver' | 'value' | 'group'> = {
  title: 'drivers table',
  required: ['time', 'driver', 'value'],
  optional: ['group'],
  numbers: ['value'],
}

/** A driver of all servers, or of those of one business unit. */
export interface Driver {
  readonly name: string
  readonly group: string | null
  /** Milliseconds UTC -> value. */
  readonly values: ReadonlyMap<number, number>
}

export interface Drivers {
  /** Null without a table. */
  readonly entry: ReadInput | null
  readonly drivers: readonly Driver[]
}

const endOfTimes = Date.UTC(lastYear + 1, 0, 1)

/** Throws input-not-found, table-invalid. */
export const readDrivers = async (path: string | undefined, decimal: DecimalSetting, timeZone: string): Promise<Drivers> => {
  if (path === undefined) return { entry: null, drivers: [] }
  const { entry, lines } = await readSmallTable(path, driversTable, decimal)
  const { toInstant } = zoneClock(timeZone)
  const drivers = new Map<string, { name: string; group: string | null; values: Map<number, number> }>()
  for (const { text, number, fault } of lines) {
    for (const column of driversTable.required) if (text(column) === '') throw fault(column, 'is empty', 'Fill it in.')
    const time = readInstant(text('time'), toInstant)
    if (time === null) throw fault('time', `holds "${text('time')}", which is no date`, 'Write 2026-11-27 or 2026-11-27T18:00:00Z.')
    if (time.ms >= endOfTimes) throw fault('time', `holds "${text('time')}", which lies after ${lastYear}`, 'Correct the year.')
    const group = text('group') === '' ? null : text('group')
    const key = JSON.stringify([text('driver'), group])
    const driver = drivers.get(key) ?? { name: text('driver'), group, values: new Map<number, number>() }
    drivers.set(key, driver)
    if (driver.values.has(time.ms))
      throw fault('time', `holds "${text('time')}" once more for ${text('driver')}`, 'Keep one value per time.')
    driver.values.set(time.ms, number('value')!)
  }
  return { entry, drivers: [...drivers.keys()].sort().map((key) => drivers.get(key)!) }
}

/** The values after the last measurement, by month of the zone. `origin`: milliseconds UTC. */
export const planDrivers = (drivers: readonly Driver[], origin: number, { toLocal }: Pick<ZoneClock, 'toLocal'>): DriverPlan[] =>
  drivers.flatMap(({ name, group, values }) => {
    const months = new Map<string, number[]>()
    for (const [time, value] of [...values].sort(([a], [b]) => a - b)) {
      if (time <= origin) continue
      const month = new Date(toLocal(time)).toISOString().slice(0, 7)
      months.set(month, [...(months.get(month) ?? []), value])
    }
    return [...months].map(([month, own]) => ({
      driver: name,
      group,
      month,
      value: own.reduce((sum, value) => sum + value, 0) / own.length,
    }))
  })

const maxNamedDrivers = 6

/** A sentence about the drivers of the table that no metric follows; none where each is followed. */
export const describeUnfollowed = (drivers: readonly Driver[], followed: readonly CapacityDriver[]): string[] => {
  const isFollowed = ({ name, group }: Driver): boolean => followed.some((row) => row.driver === name && row.group === group)
  const names = drivers.filter((driver) => !isFollowed(driver)).map(({ name, group }) => (group === null ? name : `${name} of ${group}`))
  if (names.length === 0) return []
  const more = names.length > maxNamedDrivers ? ` and ${(names.length - maxNamedDrivers).toLocaleString('en-US')} more` : ''
  const rule = `A metric follows a driver where their common times span ${minDays} days and R2 of the last fifth is at least ${minShare}.`
  return [`No metric follows ${names.slice(0, maxNamedDrivers).join(', ')}${more}. ${rule}`]
}

const dayMs = 86_400_000
const minDays = 70
const minShare = 0.5
/** The last fifth is predicted from the rest. */
const heldOutShare = 0.2

/** A line that explained what it had not seen. */
export interface DriverFit {
  readonly line: RobustLine
  /** R2 of the last fifth, predicted from the rest. */
  readonly heldOutR2: number
  /** Median of the driver over the last 28 days of the history. */
  readonly current: number
  readonly points: number
}

/** `times` ascending, milliseconds UTC; null where the driver tells too little. */
export const fitDriver = (times: readonly number[], x: Float64Array, y: Float64Array): DriverFit | null => {
  const first = times[0]
  const last = times.at(-1)
  if (first === undefined || last === undefined || last - first < (minDays - 1) * dayMs) return null
  const kept = Math.floor(x.length * (1 - heldOutShare))
  const earlier = fitRobustLine(x.subarray(0, kept), y.subarray(0, kept))
  if (earlier === null) return null
  const heldOutR2 = explainedShare(x.subarray(kept), y.subarray(kept), earlier)
  const line = heldOutR2 >= minShare ? fitRobustLine(x, y) : null
  if (line === null) return null
  const recent = x.filter((_, index) => times[index]! > last - 28 * dayMs).sort()
  return { line, heldOutR2, current: recent[recent.length >> 1]!, points: x.length }
}

interface DriverSeries {
  readonly servers: readonly string[]
  readonly metrics: readonly string[]
  /** '' without one. */
  readonly units: readonly string[]
  /** NaN without one. */
  readonly thresholds: Float64Array
}

/** Fits each series to the drivers of all servers and to those of its business unit. */
export class DriverReader implements BacktestReader {
  readonly #drivers: readonly Driver[]
  readonly #origin: number
  readonly #series: DriverSeries
  readonly #found: { readonly id: number; readonly row: CapacityDriver }[] = []

  private constructor(drivers: readonly Driver[], origin: number, series: DriverSeries) {
    this.#drivers = drivers
    this.#origin = origin
    this.#series = series
  }

  /** Null without drivers. `origin`: the scan's origin in microseconds since 1970. Reads `series`. */
  static async open(database: Database, drivers: readonly Driver[], origin: number): Promise<DriverReader | null> {
    if (drivers.length === 0) return null
    const rows = await database.columns(
      "SELECT server_id, metric, coalesce(business_unit, '') AS unit, high_threshold FROM series ORDER BY series_id",
      { server_id: 'text', metric: 'text', unit: 'text', high_threshold: 'number?' },
    )
    return new DriverReader(drivers, origin, {
      servers: rows.server_id,
      metrics: rows.metric,
      units: rows.unit,
      thresholds: rows.high_threshold,
    })
  }

  read({ id, times, actual }: SeriesBacktest): void {
    for (const { name, group, values } of this.#drivers) {
      if (group !== null && group !== this.#series.units[id]) continue
      const known: number[] = []
      const [x, y] = [new Float64Array(times.length), new Float64Array(times.length)]
      for (let row = 0; row < times.length; row++) {
        const ms = (this.#origin + times[row]!) / 1000
        const value = values.get(ms)
        if (value === undefined) continue
        x[known.length] = value
        y[known.length] = actual[row]!
        known.push(ms)
      }
      const fit = fitDriver(known, x.subarray(0, known.length), y.subarray(0, known.length))
      if (fit === null) continue
      const identity = { server_id: this.#series.servers[id]!, metric: this.#series.metrics[id]!, driver: name, group }
      this.#found.push({ id, row: { ...identity, ...describeFit(fit, this.#series.thresholds[id]!) } })
    }
  }

  /** By series and driver. */
  finish(): CapacityDriver[] {
    return this.#found.sort((a, b) => a.id - b.id || (a.row.driver < b.row.driver ? -1 : 1)).map(({ row }) => row)
  }
}

/** What a threshold supports of a driver, and how much of that is left. */
export const describeFit = (
  { line, heldOutR2, current, points }: DriverFit,
  threshold: number,
): Omit<CapacityDriver, 'server_id' | 'metric' | 'driver' | 'group'> => {
  const supported = line.slope > 0 && threshold > line.intercept ? (threshold - line.intercept) / line.slope : null
  const margin = studentTLimit(0.95, points - 2) * line.standardError
  return {
    intercept: line.intercept,
    slope: line.slope,
    slope_low: line.slope - margin,
    slope_high: line.slope + margin,
    held_out_r2: heldOutR2,
    points,
    current,
    supported,
    growth_factor: supported === null || current <= 0 ? null : supported / current,
    residual_percent: supported === null ? null : 100 * (1 - current / supported),
  }
}
