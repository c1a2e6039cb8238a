// Writes series.parquet while the backtests are scanned: the selected model's values of each series, as the views draw them, and the marked days.
import { z } from 'zod'
import { markedDaySchema, markedDaysNote, selectedSeriesColumns, type MarkedDay } from '../../../src-shared/artefacts/selected-series.ts'
import type { Calendar } from '../../calendar/calendar.ts'
import type { Database } from '../../database/database.ts'
import { markSampleSql } from '../../forecasts/heatmap-rules.ts'
import { equalStep } from '../../forecasts/time-grid.ts'
import type { PlainNumbers } from '../../parquet/plain-layout.ts'
import { PlainWriter } from '../../parquet/plain-writer.ts'
import type { HistoryReader, HorizonRows, SeriesBacktest } from '../backtest/scan-backtests.ts'

/** A group of rows ends with so many values of a metric: 4 to 8 MB. */
const maxGroupValues = 1_000_000
/** All metrics together hold no more than this in memory. */
const maxHeldValues = 8_000_000
const dayMs = 86_400_000

/** Rows of one metric that are not yet written. */
interface HeldGroup {
  readonly seriesNumbers: number[]
  readonly serverNumbers: number[]
  readonly serverIds: string[]
  readonly stepsUs: number[]
  readonly times: GrowingLists<Float64Array>
  readonly history: GrowingLists<Float32Array>
  readonly horizon: GrowingLists<Float64Array>
}

/** A series as it is stored. */
export interface SelectedSeries {
  readonly id: number
  /** The step between all times, or 0. */
  readonly stepUs: number
  /** Microseconds since 1970: the first time, or all of them where their steps differ. */
  readonly times: Float64Array
  readonly history: Float32Array
  readonly horizon: Float64Array
}

/** Takes every series, in their order; the arrays are used again for the next one. */
export interface SelectedSeriesSink {
  readonly add: (series: SelectedSeries) => void
}

/** Days and, of each, a time in microseconds since 1970, by metric. */
export type MarkedTimesByMetric = readonly (readonly [metric: string, times: readonly (readonly [day: number, time: number])[]])[]

/** Gathers the values of each series while backtests are scanned, and hands them to a sink. */
export class SelectedSeriesReader implements HistoryReader {
  readonly incompleteRows: Float64Array
  readonly #origin: number
  readonly #sink: SelectedSeriesSink
  readonly #metrics: readonly string[]
  /** Servers whose days are noted. */
  readonly #isSampled: Uint8Array
  readonly #days: Map<string, MarkedTimes>
  #horizons: HorizonRows = { series_id: new Float64Array(0), time: new Float64Array(0), predicted: new Float64Array(0) }
  #horizonRow = 0
  #next: number
  #times = new Float64Array(0)
  #history = new Float32Array(0)

  private constructor(
    calendar: Calendar,
    origin: number,
    sink: SelectedSeriesSink,
    series: { metric: readonly string[]; incomplete: Float64Array },
    sampled: Float64Array,
    first: number,
  ) {
    this.#origin = origin
    this.#sink = sink
    this.#metrics = series.metric
    this.incompleteRows = series.incomplete
    this.#isSampled = new Uint8Array(series.metric.length)
    for (const id of sampled) this.#isSampled[id] = 1
    this.#days = new Map([...new Set(series.metric)].sort().map((metric) => [metric, new MarkedTimes(calendar, origin)]))
    this.#next = first
  }

  /** Reads `series_models` and `series_risk`. `origin`: microseconds from 1970 to the scan's origin. `first`: of the series that are scanned. */
  static async open(
    database: Database,
    calendar: Calendar,
    origin: number,
    sink: SelectedSeriesSink,
    first = 0,
  ): Promise<SelectedSeriesReader> {
    const series = await database.columns(
      `SELECT r.metric,
              CAST(greatest(0, coalesce(m.row_count - m.backtest_points - r.horizon_periods, 0)) AS DOUBLE) AS incomplete
       FROM series_risk r LEFT JOIN series_models m ON m.server_id = r.server_id AND m.metric = r.metric AND m.model = r.model
       ORDER BY r.series_id`,
      { metric: 'text', incomplete: 'number' },
    )
    const sample = await database.columns(markSampleSql('series_risk', 'series_id'), { series_id: 'number' })
    return new SelectedSeriesReader(calendar, origin, sink, series, sample.series_id, first)
  }

  begin(_from: number, _to: number, horizons: HorizonRows): void {
    this.#horizons = horizons
    this.#horizonRow = 0
  }

  read({ id, times, actual, predicted }: Parameters<HistoryReader['read']>[0]): void {
    this.#skipTo(id)
    this.#add(id, times, actual, predicted)
  }

  async end(_: number, to: number): Promise<void> {
    this.#skipTo(to)
  }

  /** Of the servers whose days are noted. */
  markedTimes(): MarkedTimesByMetric {
    return [...this.#days].map(([metric, marked]) => [metric, marked.entries()])
  }

  /** Series without a row before their horizon. */
  #skipTo(id: number): void {
    while (this.#next < id) this.#add(this.#next, noValues, noValues, noValues)
  }

  #add(id: number, times: Float64Array, actual: Float64Array, predicted: Float64Array): void {
    this.#next = id + 1
    const { series_id: ids, time: horizonTimes, predicted: horizonValues } = this.#horizons
    const from = this.#horizonRow
    while (this.#horizonRow < ids.length && ids[this.#horizonRow] === id) this.#horizonRow++
    const periods = this.#horizonRow - from
    const isComplete = this.incompleteRows[id] === 0
    if (this.#history.length < times.length) this.#history = new Float32Array(2 * times.length)
    if (this.#times.length < times.length + periods) this.#times = new Float64Array(2 * (times.length + periods))
    const [values, allTimes] = [this.#history, this.#times]
    let count = 0
    for (let row = 0; row < times.length; row++) {
      const value = isComplete || !Number.isNaN(actual[row]!) ? actual[row]! : predicted[row]!
      if (Number.isNaN(value)) continue
      values[count] = value
      allTimes[count++] = times[row]!
    }
    for (let row = 0; row < periods; row++) allTimes[count + row] = horizonTimes[from + row]!
    const stepUs = equalStep(allTimes.subarray(0, count + periods))
    if (this.#isSampled[id] === 1) {
      const marked = this.#days.get(this.#metrics[id]!)!
      marked.add(allTimes.subarray(0, count + periods), stepUs)
      if (!isComplete) marked.add(times, 0)
    }
    const storedTimes = stepUs === 0 ? count + periods : 1
    for (let index = 0; index < storedTimes; index++) allTimes[index]! += this.#origin
    this.#sink.add({
      id,
      stepUs,
      times: allTimes.subarray(0, storedTimes),
      history: values.subarray(0, count),
      horizon: horizonValues.subarray(from, from + periods),
    })
  }
}

/** Writes the file, in groups of rows by metric. */
export class SelectedSeriesFile implements SelectedSeriesSink {
  readonly #database: Database
  readonly #calendar: Calendar
  readonly #file: PlainWriter
  readonly #servers: readonly string[]
  readonly #metrics: readonly string[]
  readonly #held: Map<string, HeldGroup>
  #heldValues = 0
  #serverNumber = -1

  private constructor(database: Database, calendar: Calendar, path: string, servers: readonly string[], metrics: readonly string[]) {
    this.#database = database
    this.#calendar = calendar
    this.#file = new PlainWriter(path, selectedSeriesColumns)
    this.#servers = servers
    this.#metrics = metrics
    this.#held = new Map([...new Set(metrics)].sort().map((metric) => [metric, createGroup()]))
  }

  /** Reads `series_risk`. */
  static async create(database: Database, calendar: Calendar, path: string): Promise<SelectedSeriesFile> {
    const { server_id: servers, metric: metrics } = await database.columns('SELECT server_id, metric FROM series_risk ORDER BY series_id', {
      server_id: 'text',
      metric: 'text',
    })
    return new SelectedSeriesFile(database, calendar, path, servers, metrics)
  }

  add({ id, stepUs, times, history, horizon }: SelectedSeries): void {
    if (this.#servers[id] !== this.#servers[id - 1]) this.#serverNumber++
    const metric = this.#metrics[id]!
    const group = this.#held.get(metric)!
    group.times.add(times)
    group.history.add(history)
    group.horizon.add(horizon)
    group.seriesNumbers.push(id)
    group.serverNumbers.push(this.#serverNumber)
    group.serverIds.push(this.#servers[id]!)
    group.stepsUs.push(stepUs)
    this.#heldValues += history.length + horizon.length
    if (heldValues(group) >= maxGroupValues) this.#write(metric)
    else if (this.#heldValues >= maxHeldValues) for (const name of this.#held.keys()) this.#write(name)
  }

  /** Writes what is held, and the notes. */
  async finish(markedTimes: MarkedTimesByMetric): Promise<void> {
    for (const metric of this.#held.keys()) this.#write(metric)
    this.#file.finish({ [markedDaysNote]: JSON.stringify(await this.#markedDays(markedTimes)) }, 'Headroom')
  }

  #write(metric: string): void {
    const group = this.#held.get(metric)!
    const rows = group.serverIds.length
    if (rows === 0) return
    this.#file.writeGroup(rows, [
      { numbers: Int32Array.from(group.seriesNumbers) },
      { numbers: Int32Array.from(group.serverNumbers) },
      { texts: group.serverIds },
      { texts: group.serverIds.map(() => metric) },
      { numbers: Float64Array.from(group.stepsUs) },
      group.times.lists(),
      group.history.lists(),
      group.horizon.lists(),
    ])
    this.#heldValues -= heldValues(group)
    this.#held.set(metric, createGroup())
  }

  /** As the flags of the rows say, by metric. */
  async #markedDays(markedTimes: MarkedTimesByMetric): Promise<{ readonly metric: string; readonly days: MarkedDay[] }[]> {
    const { zone } = this.#calendar
    const times = markedTimes.flatMap(([metric, entries]) =>
      entries
        .map(([, time]) => time)
        .sort((a, b) => a - b)
        .map((time) => [metric, time] as const),
    )
    await this.#database.storeRows('sampled_times', { metric: 'VARCHAR', time: 'DOUBLE' }, times)
    const days = await this.#database.rows(
      `SELECT metric, CAST(epoch_ms(date_trunc('day', ${zone.localSql('ts')})) AS DOUBLE) AS day,
              bool_or(${this.#calendar.isEoq('ts')}) AS is_eoq, bool_or(${this.#calendar.isHoliday('ts')}) AS is_holiday
       FROM (SELECT metric, make_timestamp(CAST(time AS BIGINT)) AS ts FROM sampled_times)
       GROUP BY 1, 2 HAVING is_eoq OR is_holiday ORDER BY 1, 2`,
      markedDaySchema.extend({ metric: z.string() }),
    )
    await this.#database.run('DROP TABLE sampled_times')
    return [...this.#held.keys()].map((metric) => ({
      metric,
      days: days.filter((day) => day.metric === metric).map(({ day, is_eoq, is_holiday }) => ({ day, is_eoq, is_holiday })),
    }))
  }
}

/** Joins what parts of the series say of their days: of several times of a day the first counts. */
export const joinMarkedTimes = (parts: readonly MarkedTimesByMetric[]): MarkedTimesByMetric => {
  const joined = new Map<string, Map<number, number>>()
  for (const part of parts)
    for (const [metric, times] of part) {
      const known = joined.get(metric) ?? new Map<number, number>()
      joined.set(metric, known)
      for (const [day, time] of times) if (!known.has(day)) known.set(day, time)
    }
  return [...joined].map(([metric, times]) => [metric, [...times]])
}

const noValues = new Float64Array(0)

const createGroup = (): HeldGroup => ({
  seriesNumbers: [],
  serverNumbers: [],
  serverIds: [],
  stepsUs: [],
  times: new GrowingLists((length) => new Float64Array(length)),
  history: new GrowingLists((length) => new Float32Array(length)),
  horizon: new GrowingLists((length) => new Float64Array(length)),
})

const heldValues = ({ history, horizon }: HeldGroup): number => history.count + horizon.count

/** Lists of numbers, one after the other. */
class GrowingLists<Numbers extends Float32Array | Float64Array> {
  readonly #create: (length: number) => Numbers
  readonly #lengths: number[] = []
  #values: Numbers
  count = 0

  constructor(create: (length: number) => Numbers) {
    this.#create = create
    this.#values = create(0)
  }

  add(values: Numbers): void {
    if (this.count + values.length > this.#values.length) {
      const grown = this.#create(2 * (this.count + values.length))
      grown.set(this.#values.subarray(0, this.count))
      this.#values = grown
    }
    this.#values.set(values, this.count)
    this.#lengths.push(values.length)
    this.count += values.length
  }

  lists(): { readonly numbers: PlainNumbers; readonly lengths: Uint32Array } {
    return { numbers: this.#values.subarray(0, this.count), lengths: Uint32Array.from(this.#lengths) }
  }
}

/** A time of each local day that a series has. */
class MarkedTimes {
  readonly #calendar: Calendar
  readonly #origin: number
  readonly #timeByDay = new Map<number, number>()
  /** The times that came last: most series share them. */
  #last = { first: Number.NaN, count: 0, stepUs: 0 }

  constructor(calendar: Calendar, origin: number) {
    this.#calendar = calendar
    this.#origin = origin
  }

  /** `stepUs`: 0 where the times are not evenly spaced. */
  add(times: SeriesBacktest['times'], stepUs: number): void {
    const last = { first: times[0] ?? Number.NaN, count: times.length, stepUs }
    if (stepUs > 0 && last.first === this.#last.first && last.count === this.#last.count && stepUs === this.#last.stepUs) return
    this.#last = last
    for (const time of times) {
      const timeUs = time + this.#origin
      const day = Math.floor(this.#calendar.zone.toLocal(Math.floor(timeUs / 1000)) / dayMs)
      if (!this.#timeByDay.has(day)) this.#timeByDay.set(day, timeUs)
    }
  }

  /** Days, and a time of each in microseconds since 1970. */
  entries(): [day: number, time: number][] {
    return [...this.#timeByDay]
  }
}
