// The selected horizons of all series in a file: written while the backtests are scanned, read back for the series whose paths are drawn.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { Database } from '../../database/database.ts'
import { sharedFloats } from '../../threads/shared-arrays.ts'
import { equalStep } from '../../forecasts/time-grid.ts'
import type { HorizonRows } from '../backtest/scan-backtests.ts'
import { SeriesFile } from './series-file.ts'

/** The selected model's predictions of a series, in order of time. */
export interface SeriesHorizon {
  readonly predicted: Float64Array
  /** Milliseconds UTC. */
  readonly times: Float64Array
}

/** Where the horizons of series can be read: in the order given, each until the next one. */
export interface SeriesHorizons {
  readonly read: (seriesIds: Uint32Array) => Iterable<SeriesHorizon>
}

/** The horizons of several series in memory that all threads see. */
export interface HorizonForecasts {
  /** Predictions of series s: predicted[offsets[s]..offsets[s + 1]], in order of time. */
  readonly offsets: Uint32Array
  readonly predicted: Float64Array
  /** Times of those predictions, milliseconds UTC. */
  readonly times: Float64Array
}

/** What tells the horizons of series. */
export interface HorizonSource {
  readonly horizons: SeriesHorizons
  readonly backtestResiduals: { readonly horizonSteps: (seriesId: number) => number }
}

/** The horizons of the series `from` up to, but without, `to` of `seriesIds`; nothing is read of the others. */
export const readHorizonForecasts = (
  { horizons, backtestResiduals }: HorizonSource,
  seriesIds: Uint32Array,
  { from, to } = { from: 0, to: seriesIds.length },
): HorizonForecasts => {
  const offsets = new Uint32Array(seriesIds.length + 1)
  for (let s = 0; s < seriesIds.length; s++)
    offsets[s + 1] = offsets[s]! + (s >= from && s < to ? backtestResiduals.horizonSteps(seriesIds[s]!) : 0)
  const [predicted, times] = [sharedFloats(offsets.at(-1)!), sharedFloats(offsets.at(-1)!)]
  let s = from
  for (const horizon of horizons.read(seriesIds.subarray(from, to))) {
    const steps = offsets[s + 1]! - offsets[s]!
    if (horizon.predicted.length !== steps)
      throw new HeadroomError('internal', `The horizon of a series has ${horizon.predicted.length} steps instead of ${steps}.`)
    predicted.set(horizon.predicted, offsets[s])
    times.set(horizon.times, offsets[s++])
  }
  return { offsets, predicted, times }
}

/** Numbers before the predictions: the first time, and the step to each next one or 0 where all times follow. */
const headNumbers = 2

/** Searching the database for the series of a batch would read the horizons of all others. */
export class HorizonFile implements SeriesHorizons {
  readonly #file: SeriesFile
  readonly #origin: number

  /** `origin`: microseconds from 1970 to the origin of the scan's times. `series`: how many there are. */
  constructor(path: string, series: number, origin: number) {
    this.#file = new SeriesFile(path, series)
    this.#origin = origin
  }

  /** In the spill folder of the database. Reads `series`. */
  static async create(database: Database, origin: number): Promise<HorizonFile> {
    const { series } = await database.row('SELECT CAST(count(*) AS INTEGER) AS series FROM series', z.object({ series: z.int() }))
    return new HorizonFile(join(database.spillFolder, `horizons-${randomUUID()}`), series, origin)
  }

  add({ series_id: ids, time, predicted }: HorizonRows): void {
    for (let first = 0; first < ids.length;) {
      const id = ids[first]!
      let end = first + 1
      while (end < ids.length && ids[end] === id) end++
      const times = time.slice(first, end)
      for (let row = 0; row < times.length; row++) times[row] = Math.floor((this.#origin + times[row]!) / 1000)
      const step = equalStep(times)
      const head = Float64Array.of(times[0]!, step)
      this.#file.add(id, [head, ...(step === 0 ? [times] : []), predicted.subarray(first, end)])
      first = end
    }
  }

  *read(seriesIds: Uint32Array): Generator<SeriesHorizon> {
    let times = new Float64Array(0)
    for (const bytes of this.#file.read(seriesIds)) {
      const numbers = new Float64Array(bytes.buffer, 0, bytes.length / Float64Array.BYTES_PER_ELEMENT)
      const [firstTime = 0, step = 1] = numbers
      const values = numbers.subarray(headNumbers)
      if (step === 0) {
        const steps = values.length >> 1
        yield { times: values.subarray(0, steps), predicted: values.subarray(steps) }
        continue
      }
      if (times.length < values.length) times = new Float64Array(values.length)
      for (let row = 0; row < values.length; row++) times[row] = firstTime + row * step
      yield { times: times.subarray(0, values.length), predicted: values }
    }
  }
}
