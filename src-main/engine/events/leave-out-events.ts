// Past events are no errors of the forecasts: their backtest rows are kept from season and breach evidence, and what they added is measured.
import type { BacktestReader, SeriesBacktest } from '../backtest/scan-backtests.ts'
import type { TimeGrid } from '../detect-granularity.ts'
import { isAbout, touches, type SeriesNames } from './event-targets.ts'
import type { LedgerEvent } from './read-events.ts'

/** What was left out of the backtests for an event. */
export interface LeftOut {
  readonly series: number
  /** By metric: rows, and mean of actual - predicted. */
  readonly effects: readonly { readonly metric: string; readonly rows: number; readonly meanError: number }[]
}

/** Errors are added up in these steps, exactly and so in any order. */
const stepsPerUnit = 1e6

/** Stands before other readers and hands them each series without the rows that events touch. */
export class EventFilter implements BacktestReader {
  readonly #readers: readonly BacktestReader[]
  readonly #events: readonly LedgerEvent[]
  readonly #names: SeriesNames
  readonly #origin: number
  readonly #stepMs: number
  readonly #series: number[]
  readonly #sums: Map<string, { rows: number; steps: bigint }>[]
  #kept: Record<keyof Omit<SeriesBacktest, 'id'>, Float64Array> | null = null

  /** `origin`: microseconds from 1970 from which the scan's times count. */
  constructor(readers: readonly BacktestReader[], events: readonly LedgerEvent[], names: SeriesNames, grid: TimeGrid, origin: number) {
    this.#readers = readers
    this.#events = events
    this.#names = names
    this.#origin = origin
    this.#stepMs = grid.stepSeconds * 1000
    this.#series = events.map(() => 0)
    this.#sums = events.map(() => new Map())
  }

  async begin(from: number, to: number): Promise<void> {
    for (const reader of this.#readers) await reader.begin?.(from, to)
  }

  read(series: SeriesBacktest): void {
    const own = this.#withoutEvents(series)
    for (const reader of this.#readers) reader.read(own)
  }

  async end(from: number, to: number): Promise<void> {
    for (const reader of this.#readers) await reader.end?.(from, to)
  }

  /** By the events' order; null where nothing was left out. */
  leftOut(): (LeftOut | null)[] {
    return this.#sums.map((sums, event) => {
      if (sums.size === 0) return null
      const effects = [...sums]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([metric, { rows, steps }]) => ({ metric, rows, meanError: Number(steps) / stepsPerUnit / rows }))
      return { series: this.#series[event]!, effects }
    })
  }

  #withoutEvents(series: SeriesBacktest): SeriesBacktest {
    const about = [...this.#events.keys()].filter((event) => isAbout(this.#events[event]!, this.#names, series.id))
    if (about.length === 0) return series
    const { times } = series
    const isOut = new Uint8Array(times.length)
    let out = 0
    for (const event of about) {
      let rows = 0
      let sum = 0
      for (let row = 0; row < times.length; row++) {
        if (!touches(this.#events[event]!, (this.#origin + times[row]!) / 1000, this.#stepMs)) continue
        rows += 1
        sum += series.actual[row]! - series.predicted[row]!
        out += isOut[row] === 0 ? 1 : 0
        isOut[row] = 1
      }
      if (rows > 0) this.#count(event, this.#names.metrics[series.id]!, rows, sum)
    }
    return out === 0 ? series : this.#keep(series, isOut, times.length - out)
  }

  #count(event: number, metric: string, rows: number, sum: number): void {
    this.#series[event]! += 1
    const known = this.#sums[event]!.get(metric) ?? { rows: 0, steps: 0n }
    this.#sums[event]!.set(metric, { rows: known.rows + rows, steps: known.steps + BigInt(Math.round(sum * stepsPerUnit)) })
  }

  #keep(series: SeriesBacktest, isOut: Uint8Array, rows: number): SeriesBacktest {
    if (this.#kept === null || this.#kept.times.length < isOut.length) {
      const room = (): Float64Array => new Float64Array(isOut.length)
      this.#kept = { times: room(), actual: room(), predicted: room(), lower: room(), upper: room() }
    }
    const kept = this.#kept
    const only = (name: keyof typeof kept): Float64Array => {
      if (series[name].length === 0) return series[name]
      let at = 0
      for (let row = 0; row < isOut.length; row++) if (isOut[row] === 0) kept[name][at++] = series[name][row]!
      return kept[name].subarray(0, rows)
    }
    return {
      id: series.id,
      times: only('times'),
      actual: only('actual'),
      predicted: only('predicted'),
      lower: only('lower'),
      upper: only('upper'),
    }
  }
}
