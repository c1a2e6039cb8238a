// Fits the series of a scan to the drivers of all servers and to those of their business unit; a large fleet in a thread, next to the scan.
import type { CapacityDriver } from '../../../src-shared/artefacts/capacity.ts'
import type { Database } from '../../database/database.ts'
import { studentTLimit } from '../../statistics/student-t.ts'
import { findWorkerFile } from '../../threads/worker-thread.ts'
import type { BacktestReader, SeriesBacktest } from '../backtest/scan-backtests.ts'
import { poolOfThisThread, poolOfThreads, type ThreadPool } from '../thread-pool.ts'
import { DriverWork, type DriverAlignment, type DriverFit, type FitRequest } from './driver-fits.ts'
import type { Driver } from './drivers.ts'

/** Fits from which starting a thread saves time. */
const minFits = 1000

interface DriverSeries {
  readonly servers: readonly string[]
  readonly metrics: readonly string[]
  /** '' without one. */
  readonly units: readonly string[]
  /** NaN without one. */
  readonly thresholds: Float64Array
}

/** Rows of a series at the times of a driver. */
interface AlignedRows extends DriverAlignment {
  readonly seriesTimes: Float64Array
  readonly rows: Int32Array
}

interface SeriesToFit {
  readonly id: number
  readonly driver: number
  readonly aligned: AlignedRows
  readonly values: Float64Array
}

/** Opens its thread with the first fits. Close it. */
export class DriverReader implements BacktestReader {
  readonly #drivers: readonly Driver[]
  readonly #origin: number
  readonly #series: DriverSeries
  #pool: ThreadPool<FitRequest, (DriverFit | null)[]> | undefined
  /** By driver: of the series before, since most series are measured at the same times. */
  readonly #aligned: (AlignedRows | undefined)[] = []
  /** What the series of this batch are fitted to. */
  #batch: SeriesToFit[] = []
  /** The fits of the batch before. */
  #pending: Promise<void> = Promise.resolve()
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
    this.#drivers.forEach(({ group }, driver) => {
      if (group !== null && group !== this.#series.units[id]) return
      const aligned = this.#align(driver, times)
      const { rows } = aligned
      const values = new Float64Array(rows.length)
      // By index, as in `maximumOf`.
      for (let index = 0; index < rows.length; index++) values[index] = actual[rows[index]!]!
      this.#batch.push({ id, driver, aligned, values })
    })
  }

  /** Asks for the fits of these series once those of the batch before are known. */
  async end(): Promise<void> {
    const batch = this.#batch
    this.#batch = []
    await this.#pending
    this.#pending = this.#fit(batch)
    // Awaited in its turn; until then a failure must not count as unhandled.
    this.#pending.catch(() => undefined)
  }

  /** By series and driver. */
  async finish(): Promise<CapacityDriver[]> {
    await this.#pending
    return this.#found.sort((a, b) => a.id - b.id || (a.row.driver < b.row.driver ? -1 : 1)).map(({ row }) => row)
  }

  async close(): Promise<void> {
    await this.#pool?.close()
  }

  #open(): ThreadPool<FitRequest, (DriverFit | null)[]> {
    const file = this.#drivers.length * this.#series.servers.length < minFits ? undefined : findWorkerFile('driver-worker.cjs')
    return file === undefined ? poolOfThisThread(new DriverWork(), undefined) : poolOfThreads(file, null, 1, undefined)
  }

  #align(driver: number, times: Float64Array): AlignedRows {
    const known = this.#aligned[driver]
    if (known !== undefined && areEqual(known.seriesTimes, times)) return known
    const { values } = this.#drivers[driver]!
    const [rows, ms, x]: number[][] = [[], [], []]
    times.forEach((time, row) => {
      const at = (this.#origin + time) / 1000
      const value = values.get(at)
      if (value === undefined) return
      rows!.push(row)
      ms!.push(at)
      x!.push(value)
    })
    return (this.#aligned[driver] = {
      seriesTimes: times.slice(),
      rows: Int32Array.from(rows!),
      times: Float64Array.from(ms!),
      x: Float64Array.from(x!),
    })
  }

  async #fit(batch: readonly SeriesToFit[]): Promise<void> {
    const alignments = new Map<AlignedRows, number>()
    for (const { aligned } of batch) if (!alignments.has(aligned)) alignments.set(aligned, alignments.size)
    const values = new Float64Array(batch.reduce((sum, series) => sum + series.values.length, 0))
    let first = 0
    for (const series of batch) {
      values.set(series.values, first)
      first += series.values.length
    }
    const request = {
      alignments: Array.from(alignments.keys(), ({ times, x }) => ({ times, x })),
      alignmentOf: Int32Array.from(batch, ({ aligned }) => alignments.get(aligned)!),
      values,
    }
    this.#pool ??= this.#open()
    const [fits] = await this.#pool.askEach([request])
    fits!.forEach((fit, index) => {
      if (fit === null) return
      const { id, driver } = batch[index]!
      const { name, group } = this.#drivers[driver]!
      const identity = { server_id: this.#series.servers[id]!, metric: this.#series.metrics[id]!, driver: name, group }
      this.#found.push({ id, row: { ...identity, ...describeFit(fit, this.#series.thresholds[id]!) } })
    })
  }
}

const areEqual = (a: Float64Array, b: Float64Array): boolean => {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
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
