// The selected models' backtests, read once: each series as short arrays in order of time, for all that is measured on them.
import { z } from 'zod'
import { literal, type Database } from '../../database/database.ts'

/** The backtest rows of one series. The arrays are in order of time and reused: copy what is to be kept. */
export interface SeriesBacktest {
  readonly id: number
  /** Microseconds since the scan's origin. */
  readonly times: Float64Array
  readonly actual: Float64Array
  readonly predicted: Float64Array
  /** NaN where a row has no bound; empty unless bounds were asked for. */
  readonly lower: Float64Array
  readonly upper: Float64Array
}

/** What is measured on the backtests. */
export interface BacktestReader {
  /** Before series from..to-1 come. */
  readonly begin?: (from: number, to: number) => Promise<void>
  /** Each series that has backtest rows, once; those of a portion in any order. */
  readonly read: (series: SeriesBacktest) => void
  /** After series from..to-1 came. */
  readonly end?: (from: number, to: number) => Promise<void>
}

export interface BacktestScan {
  /** Microseconds from 1970 to the origin of `times`. */
  readonly origin: number
  readonly withBounds: boolean
  /** Series in a portion, at most. */
  readonly maxSeries: number
}

/** Rows that are gathered at a time. */
const defaultBatchRows = 2_000_000
/** A large set is gathered in so many portions, for each of which a set that is not sorted by server is read whole. */
export const maxBatches = 8
/** Bytes that a gathered value takes in DuckDB, its growing lists included. */
const bytesPerValue = 40

/** Hands every series over to the readers, portion by portion. Reads `series`, `selected_models`, `series_models`, `forecast`. */
export const scanBacktests = async (database: Database, scan: BacktestScan, readers: readonly BacktestReader[]): Promise<void> => {
  const columns = await database.columns(
    `SELECT s.server_id, CAST(coalesce(m.backtest_points, 0) AS DOUBLE) AS points FROM series s LEFT JOIN selected_models x USING (series_id)
     LEFT JOIN series_models m ON m.server_id = s.server_id AND m.metric = s.metric AND m.model = x.model ORDER BY s.series_id`,
  )
  const servers = z.array(z.string()).parse(columns['server_id'] ?? [])
  const points = z.array(z.number()).parse(columns['points'] ?? [])
  const lists = ['"time"', 'actual', 'predicted', ...(scan.withBounds ? ['yhat_lower', 'yhat_upper'] : [])]
  const desiredRows = Math.max(defaultBatchRows, Math.ceil(points.reduce((sum, seriesPoints) => sum + seriesPoints, 0) / maxBatches))
  const limit = Math.min(desiredRows, Math.floor((await database.memoryLimit()) / (4 * bytesPerValue * lists.length)))
  const emptyArray = new Float64Array(0)
  for (let from = 0; from < servers.length;) {
    let to = from
    for (let rows = 0; to < servers.length && to - from < scan.maxSeries && (to === from || rows + points[to]! <= limit); to++)
      rows += points[to]!
    for (const reader of readers) await reader.begin?.(from, to)
    await scanInTimeOrder(
      database,
      `SELECT series_id, ${lists.map((name) => `list(${name})`).join(', ')} FROM (
         SELECT s.series_id, CAST(epoch_us(f.ts) - ${scan.origin} AS DOUBLE) AS "time", f.actual, f.predicted,
                coalesce(f.yhat_lower, CAST('NaN' AS DOUBLE)) AS yhat_lower, coalesce(f.yhat_upper, CAST('NaN' AS DOUBLE)) AS yhat_upper
         FROM forecast f JOIN (
           SELECT series_id, server_id, metric, model FROM series JOIN selected_models USING (series_id)
           WHERE series_id >= ${from} AND series_id < ${to}) s USING (server_id, metric, model)
         WHERE NOT f.is_horizon AND f.actual IS NOT NULL AND f.predicted IS NOT NULL
           -- Implied by the join, but lets files that are sorted by server be read in part.
           AND f.server_id BETWEEN ${literal(servers[from]!)} AND ${literal(servers[to - 1]!)}
       ) GROUP BY series_id`,
      lists.length,
      (id, [times, actual, predicted, lower, upper]) => {
        const series = { id, times: times!, actual: actual!, predicted: predicted!, lower: lower ?? emptyArray, upper: upper ?? emptyArray }
        for (const reader of readers) reader.read(series)
      },
    )
    for (const reader of readers) await reader.end?.(from, to)
    from = to
  }
}

/** Like `Database.scanLists`, for lists whose first holds times: each row's lists are in their order. */
export const scanInTimeOrder = async (
  database: Database,
  sql: string,
  lists: number,
  onRow: (key: number, lists: readonly Float64Array[]) => void,
): Promise<void> => {
  const timeSorter = new TimeSorter(lists)
  await database.scanLists(sql, lists, (key, values) => onRow(key, timeSorter.sortByTime(values)))
}

/** Puts several arrays in the order of the first. Rows mostly come in order of time; where they do not, they are sorted. */
class TimeSorter {
  readonly #buffers: Float64Array[]

  constructor(arrays: number) {
    this.#buffers = Array.from({ length: arrays }, () => new Float64Array(0))
  }

  sortByTime(arrays: readonly Float64Array[]): readonly Float64Array[] {
    const times = arrays[0]!
    let isAscending = true
    for (let row = 1; row < times.length && isAscending; row++) isAscending = times[row - 1]! < times[row]!
    if (isAscending) return arrays
    const timeSorter = Uint32Array.from(times.keys()).sort((a, b) => times[a]! - times[b]!)
    return arrays.map((values, index) => {
      if (this.#buffers[index]!.length < values.length) this.#buffers[index] = new Float64Array(values.length)
      const buffer = this.#buffers[index]!
      for (let row = 0; row < timeSorter.length; row++) buffer[row] = values[timeSorter[row]!]!
      return buffer.subarray(0, values.length)
    })
  }
}
