// Excludes past events' backtest rows from seasonality and residuals, and measures the error in them.
import type { BacktestReader, HorizonRows, SeriesBacktest } from '../backtest/scan-backtests.ts'
import type { TimeGrid } from '../../forecasts/time-grid.ts'
import type { ExcludedRows } from '../../forecasts/assess-events.ts'
import { appliesTo, overlaps, type SeriesAttributes } from '../../forecasts/event-targets.ts'
import type { CalendarEvent } from '../../forecasts/events-table.ts'

/** Errors are summed in whole steps, so that the order does not matter. */
const fixedStepsPerUnit = 1e6

/** Passes each series to other readers without the rows that events affect. */
export class EventFilter implements BacktestReader {
  readonly #readers: readonly BacktestReader[]
  readonly #events: readonly CalendarEvent[]
  readonly #names: SeriesAttributes
  readonly #origin: number
  readonly #stepMs: number
  readonly #series: number[]
  readonly #sums: Map<string, { rows: number; steps: bigint }>[]
  #buffers: Record<keyof Omit<SeriesBacktest, 'id'>, Float64Array> | null = null

  /** `origin`: microseconds from 1970 from which the scan's times count. */
  constructor(
    readers: readonly BacktestReader[],
    events: readonly CalendarEvent[],
    attributes: SeriesAttributes,
    grid: TimeGrid,
    origin: number,
  ) {
    this.#readers = readers
    this.#events = events
    this.#names = attributes
    this.#origin = origin
    this.#stepMs = grid.stepSeconds * 1000
    this.#series = events.map(() => 0)
    this.#sums = events.map(() => new Map())
  }

  begin(from: number, to: number, horizons: HorizonRows): void {
    for (const reader of this.#readers) reader.begin?.(from, to, horizons)
  }

  read(series: SeriesBacktest): void {
    const remainingRows = this.#withoutEvents(series)
    for (const reader of this.#readers) reader.read(remainingRows)
  }

  async end(from: number, to: number): Promise<void> {
    for (const reader of this.#readers) await reader.end?.(from, to)
  }

  /** In the order of the events. */
  sums(): EventSums[] {
    return this.#sums.map((sums, event) => ({
      series: this.#series[event]!,
      metrics: [...sums].map(([metric, { rows, steps }]) => ({ metric, rows, steps: String(steps) })),
    }))
  }

  #withoutEvents(series: SeriesBacktest): SeriesBacktest {
    const matchingEvents = [...this.#events.keys()].filter((event) => appliesTo(this.#events[event]!, this.#names, series.id))
    if (matchingEvents.length === 0) return series
    const { times } = series
    const isExcluded = new Uint8Array(times.length)
    let excludedCount = 0
    for (const event of matchingEvents) {
      let rows = 0
      let sum = 0
      for (let row = 0; row < times.length; row++) {
        if (!overlaps(this.#events[event]!, (this.#origin + times[row]!) / 1000, this.#stepMs)) continue
        rows += 1
        sum += series.actual[row]! - series.predicted[row]!
        excludedCount += isExcluded[row] === 0 ? 1 : 0
        isExcluded[row] = 1
      }
      if (rows > 0) this.#count(event, this.#names.metrics[series.id]!, rows, sum)
    }
    return excludedCount === 0 ? series : this.#copyRemaining(series, isExcluded, times.length - excludedCount)
  }

  #count(event: number, metric: string, rows: number, sum: number): void {
    this.#series[event]! += 1
    const totals = this.#sums[event]!.get(metric) ?? { rows: 0, steps: 0n }
    this.#sums[event]!.set(metric, { rows: totals.rows + rows, steps: totals.steps + BigInt(Math.round(sum * fixedStepsPerUnit)) })
  }

  #copyRemaining(series: SeriesBacktest, isExcluded: Uint8Array, rows: number): SeriesBacktest {
    if (this.#buffers === null || this.#buffers.times.length < isExcluded.length) {
      const newBuffer = (): Float64Array => new Float64Array(isExcluded.length)
      this.#buffers = {
        times: newBuffer(),
        actual: newBuffer(),
        predicted: newBuffer(),
        lower: newBuffer(),
        upper: newBuffer(),
        lead: newBuffer(),
      }
    }
    const buffers = this.#buffers
    const copyColumn = (name: keyof typeof buffers): Float64Array => {
      if (series[name].length === 0) return series[name]
      let target = 0
      for (let row = 0; row < isExcluded.length; row++) if (isExcluded[row] === 0) buffers[name][target++] = series[name][row]!
      return buffers[name].subarray(0, rows)
    }
    return {
      id: series.id,
      times: copyColumn('times'),
      actual: copyColumn('actual'),
      predicted: copyColumn('predicted'),
      lower: copyColumn('lower'),
      upper: copyColumn('upper'),
      lead: copyColumn('lead'),
    }
  }
}

/** Rows that an event affects, and the sum of their errors in whole steps. */
export interface EventSums {
  readonly series: number
  readonly metrics: readonly { readonly metric: string; readonly rows: number; readonly steps: string }[]
}

/** Of the same events on parts of the series. */
export const joinEventSums = (parts: readonly (readonly EventSums[])[]): EventSums[] =>
  (parts[0] ?? []).map((_, event) => {
    const metrics = new Map<string, { rows: number; steps: bigint }>()
    for (const { metric, rows, steps } of parts.flatMap((part) => part[event]!.metrics)) {
      const known = metrics.get(metric) ?? { rows: 0, steps: 0n }
      metrics.set(metric, { rows: known.rows + rows, steps: known.steps + BigInt(steps) })
    }
    return {
      series: parts.reduce((sum, part) => sum + part[event]!.series, 0),
      metrics: [...metrics].map(([metric, { rows, steps }]) => ({ metric, rows, steps: String(steps) })),
    }
  })

/** In the order of the events; null if an event excludes no rows. */
export const excludedRowsOf = (sums: readonly EventSums[]): (ExcludedRows | null)[] =>
  sums.map(({ series, metrics }) => {
    if (metrics.length === 0) return null
    const effects = [...metrics]
      .sort((a, b) => (a.metric < b.metric ? -1 : 1))
      .map(({ metric, rows, steps }) => ({ metric, rows, meanError: Number(steps) / fixedStepsPerUnit / rows }))
    return { series, effects }
  })
