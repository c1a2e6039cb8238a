// Error of the seasonal naive forecast, the denominator of MASE (Hyndman and Koehler 2006).
import { z } from 'zod'
import type { Database } from '../../database/database.ts'
import { orNull } from '../../database/read-columns.ts'
import { calendarLag, calendarPosition, calendarPositionSql, type TimeGrid } from '../../forecasts/time-grid.ts'
import { isMeasuredSql } from '../../forecasts/forecast-columns.ts'
import { fixedSumSql, type FixedPoint } from '../../statistics/fixed-point.ts'

/** Position of a time on the axis on which seasonal lags are counted, and the position one lag before it. */
export interface LagReader {
  readonly positionOf: (time: number) => number
  readonly laggedOf: (time: number) => number
}

/** Times of a scan are in microseconds from `origin`. The local calendar counts lags where the steps are its own, or where its clocks change. */
export const lagReader = (grid: TimeGrid, origin: number): LagReader => {
  const { step, zone, lagSeconds } = grid
  if (step.unit !== 'second') {
    const positionOf = (time: number): number => calendarPosition(grid, origin + time)
    return { positionOf, laggedOf: (time) => positionOf(time) - calendarLag(grid) }
  }
  if (zone.isUtc) return { positionOf: (time) => time, laggedOf: (time) => time - lagSeconds * 1_000_000 }
  const positionOf = (time: number): number => (origin + time) / 1000
  return { positionOf, laggedOf: (time) => zone.toInstant(zone.toLocal(positionOf(time)) - lagSeconds * 1000) }
}

/**
 * Mean |actual(t) - actual(t - lag)| over pairs that are exactly one lag apart, in the metric's unit; NULL if there is no pair or the mean is 0.
 * `times` ascending. Of several values at one position the first counts as the earlier one.
 */
export const naiveError = (times: Float64Array, actual: Float64Array, { positionOf, laggedOf }: LagReader): number | null => {
  let sum = 0
  let pairs = 0
  let laggedRow = 0
  for (let row = 0; row < times.length; row++) {
    const laggedPosition = laggedOf(times[row]!)
    // Clocks that are put back repeat an hour.
    while (laggedRow > 0 && positionOf(times[laggedRow - 1]!) >= laggedPosition) laggedRow--
    while (laggedRow < row && positionOf(times[laggedRow]!) < laggedPosition) laggedRow++
    if (laggedRow === row || positionOf(times[laggedRow]!) !== laggedPosition) continue
    sum += Math.abs(actual[row]! - actual[laggedRow]!)
    pairs += 1
  }
  return sum > 0 ? sum / pairs : null
}

/** One number per series, as they come. */
export class NaiveErrors {
  /** NaN where there is none; a series without a backtest has no row. */
  readonly #errors: Float64Array
  readonly #isKnown: Uint8Array

  private constructor(series: number) {
    this.#errors = new Float64Array(series)
    this.#isKnown = new Uint8Array(series)
  }

  /** Reads `series`. */
  static async open(database: Database): Promise<NaiveErrors> {
    const { series } = await database.row('SELECT CAST(count(*) AS INTEGER) AS series FROM series', z.object({ series: z.int() }))
    return new NaiveErrors(series)
  }

  add(series: number, error: number | null): void {
    this.#isKnown[series] = 1
    this.#errors[series] = error ?? Number.NaN
  }

  *rows(): Generator<readonly [series: number, error: number | null]> {
    for (const [series, isKnown] of this.#isKnown.entries()) {
      if (isKnown === 1) yield [series, orNull(this.#errors[series]!)]
    }
  }
}

/** Creates `naive_errors` (series_id, naive_error) from one number per series. */
export const storeNaiveErrors = async (
  database: Database,
  errors: Iterable<readonly [series: number, error: number | null]>,
): Promise<void> => database.storeRows('naive_errors', { series_id: 'INTEGER', naive_error: 'DOUBLE' }, errors)

/**
 * Creates `naive_errors` before any model is selected, from the model that covers most of a series' measured times. This is another
 * full scan. Reads `series_models`, `series`, `forecast_rows`.
 */
export const queryNaiveErrors = async (database: Database, grids: readonly TimeGrid[], fixedPoint: FixedPoint): Promise<void> => {
  await database.run(`CREATE OR REPLACE TABLE naive_errors AS ${naiveErrorsQuery(grids, fixedPoint)}`)
}

/** SQL for the rows of `naive_errors`. */
export const naiveErrorsQuery = (grids: readonly TimeGrid[], fixedPoint: FixedPoint): string => `
    WITH reference_models AS (
      SELECT s.series_id, m.server_id, m.metric, arg_max(m.model, (m.measured, -m.rank)) AS model
      FROM (SELECT *, row_number() OVER (PARTITION BY server_id, metric ORDER BY model) AS rank FROM series_models) m
      JOIN series s USING (server_id, metric)
      WHERE m.measured > 0 GROUP BY ALL
    ), measured AS (
      SELECT w.series_id, f.ts, f.actual FROM forecast_rows f JOIN reference_models w USING (server_id, metric, model)
      WHERE ${isMeasuredSql}
    )
    ${grids
      .map(
        (grid, at) => `
    SELECT series_id, nullif(${fixedSumSql('abs(a.actual - b.actual)', fixedPoint)} / count(*), 0) AS naive_error
    FROM ${laggedPairsSql(grid, grids.length === 1 ? 'measured' : `(FROM measured SEMI JOIN (FROM series_grids WHERE grid = ${at}) USING (series_id))`)}
    GROUP BY series_id`,
      )
      .join(' UNION ALL ')}`

/** SQL for the rows of `measured`, a, joined with the values one lag before, b. */
const laggedPairsSql = (grid: TimeGrid, measured: string): string => {
  const { step, zone, lagSeconds } = grid
  if (step.unit !== 'second') {
    const position = calendarPositionSql(grid, 'ts')
    return `(SELECT series_id, ${position} AS position, actual FROM ${measured}) a
      JOIN (SELECT series_id, ${position} + ${calendarLag(grid)} AS position, arg_min(actual, ts) AS actual FROM ${measured} GROUP BY ALL) b
      USING (series_id, position)`
  }
  if (zone.isUtc)
    return `${measured} a JOIN (SELECT series_id, ts + to_seconds(${lagSeconds}) AS ts, actual FROM ${measured}) b USING (series_id, ts)`
  const laggedTime = zone.instantSql(`(${zone.localSql('ts')} - to_seconds(${lagSeconds}))`)
  return `(SELECT series_id, ${laggedTime} AS ts, actual FROM ${measured}) a JOIN ${measured} b USING (series_id, ts)`
}
