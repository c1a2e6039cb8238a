// Breach probability of every series with a threshold and a horizon, recalibrated on the hold-out (analysis definition, section 4).
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import type { CalibrationScores, ModelAccuracy } from '../../../src-shared/artefacts/model-accuracy.ts'
import { pathMomentColumns, type PathMomentColumn } from '../../../src-shared/artefacts/server-risk.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import { orNull } from '../../database/read-columns.ts'
import type { Calibration } from '../../statistics/beta-calibration.ts'
import { applyBasis, decidingBasisSql } from './apply-basis.ts'
import { fitCalibrations, scoreCalibrations, type CalibrationSample } from './calibration.ts'
import { fitMargins, measureCoverage } from './interval-coverage.ts'
import type { SustainedBreaches } from './group-counts.ts'
import { findFirstSeries, joinSeries, summarizeCounts, type BreachCount, type ServerBreaches } from './joint-breaches.ts'
import { createBatches, type SimulationTask } from './path-batches.ts'
import type { ThresholdSeries } from './threshold-series.ts'
import { createFleetPaths, curveColumns, type EventPair, type FleetPaths } from './fleet-paths.ts'
import { openPathPool, type PathPool } from './path-pool.ts'
import { countSimulations, sampleCalibration, simulateFleet, type FleetIntervals } from './simulate-fleet.ts'

/** What is known of the fleet as a whole; each null if breach probabilities are turned off. */
export interface BreachFindings {
  readonly scores: Required<Pick<ModelAccuracy, 'calibration' | 'calibration_sustained' | 'coverage'>>
  /** Servers with a sustained breach; null where no server has a probability. */
  readonly atRiskCount: BreachCount | null
  /** On which paths each series has one; null where no server has a probability. */
  readonly sustainedBreaches: SustainedBreaches | null
}

/** Draws the paths of the calibration sample and of all horizons. Leaves `breach_curve`. */
export type FleetSimulation = (
  database: Database,
  task: SimulationTask,
  signal: AbortSignal | undefined,
  onThreadsAlone: () => void,
) => Promise<SimulatedTask>

/**
 * Creates `breach_estimates`, a row per series with a threshold and a horizon, and `server_verdicts`, a row per server, and derives the risk of
 * `series_risk` from them on the configured basis. `task`: what paths are drawn from; null where none are known. `onThreadsAlone`: called when
 * this thread has nothing more to compute for a while, where threads draw. `simulate`: draws the paths; in this process by default. Reads `series_risk`, `forecast`.
 */
export const estimateBreaches = async (
  database: Database,
  config: AnalysisConfig,
  task: SimulationTask | null,
  signal: AbortSignal | undefined,
  onThreadsAlone: () => void = () => undefined,
  simulate: FleetSimulation = simulateWithin(),
): Promise<BreachFindings> => {
  if (task === null) {
    await database.storeRows('breach_curve', curveColumns, [])
    await storeEstimates(database, config, [])
    await storeServerBreaches(database, [])
    await applyBasis(database, config)
    return { scores: { calibration: null, calibration_sustained: null, coverage: null }, atRiskCount: null, sustainedBreaches: null }
  }
  const { series } = task
  const { sample, calibrations, paths, fleetIntervals } = await simulate(database, task, signal, onThreadsAlone)
  await storeEstimates(database, config, estimateRows(task, paths, fleetIntervals))
  const firstSeries = findFirstSeries(series.serverIds)
  const [sustained, veryHigh, any] = [
    joinSeries(paths.sustained, firstSeries, series.isSilent),
    joinSeries(paths.veryHigh, firstSeries),
    joinSeries(paths.any, firstSeries),
  ]
  await storeServerBreaches(database, serverRows(series, firstSeries, [sustained, veryHigh, any]))
  await applyBasis(database, config)
  const scores = scoreCalibrations(sample, config.seed)
  const isKnown = paths.sustained.probability.some((probability) => !Number.isNaN(probability))
  return {
    scores: {
      calibration: { ...scores.any, curve: describeCurve(calibrations.any) },
      calibration_sustained: { ...scores.sustained, curve: describeCurve(calibrations.sustained) },
      coverage: measureCoverage(fleetIntervals.intervals, config.interval_level),
    },
    atRiskCount: isKnown ? summarizeCounts(sustained.serversByPath) : null,
    sustainedBreaches: isKnown ? { series, breaches: paths.sustained } : null,
  }
}

export interface SimulatedTask {
  readonly sample: EventPair<CalibrationSample>
  readonly calibrations: EventPair<Calibration>
  readonly paths: FleetPaths
  readonly fleetIntervals: FleetIntervals
}

/** Draws in this process, with so many threads at most. `onDrawn`: takes over the pool where it holds the whole fleet, and closes it. */
export const simulateWithin =
  (maxWorkers?: number, onDrawn?: (pool: PathPool) => void): FleetSimulation =>
  async (database, task, signal, onThreadsAlone) => {
    const paths = createFleetPaths(task.series.seriesIds.length)
    const threads = Math.min(database.threads, availableParallelism())
    const pool = openPathPool({ task, paths }, countSimulations(task), threads, signal, maxWorkers)
    let isKept = false
    try {
      const sample = await sampleCalibration(task, pool)
      const calibrations = fitCalibrations(sample)
      const fleetIntervals = await simulateFleet(database, task, calibrations, paths, pool, signal, onThreadsAlone)
      isKept = onDrawn !== undefined && createBatches(task).length === 1
      if (isKept) onDrawn?.(pool)
      return { sample, calibrations, paths, fleetIntervals }
    } finally {
      if (!isKept) await pool.close()
    }
  }

const describeCurve = ({ curve, min, max, isCalibrated }: Calibration): CalibrationScores['curve'] => ({
  intercept: curve.intercept,
  slope_low: curve.slopeLow,
  slope_high: curve.slopeHigh,
  min,
  max,
  is_calibrated: isCalibrated,
})

/** Of `breach_figures`. */
export const estimateColumns = {
  series_id: 'INTEGER',
  at_risk_probability: 'DOUBLE',
  at_risk_probability_raw: 'DOUBLE',
  very_high_probability: 'DOUBLE',
  breach_probability: 'DOUBLE',
  breach_probability_raw: 'DOUBLE',
  p95_median: 'DOUBLE',
  p95_p10: 'DOUBLE',
  p95_p90: 'DOUBLE',
  conservative_p95: 'DOUBLE',
  likely_p95: 'DOUBLE',
  path_peak_p95: 'DOUBLE',
  ...(Object.fromEntries(pathMomentColumns.map((column) => [column, 'DOUBLE'])) as Record<PathMomentColumn, 'DOUBLE'>),
  sizing_p95: 'DOUBLE',
  breaching_p95: 'DOUBLE',
  first_breach_p20_ms: 'DOUBLE',
  first_breach_median_ms: 'DOUBLE',
  interval_margin: 'DOUBLE',
  interval_margin_early: 'DOUBLE',
  interval_margin_middle: 'DOUBLE',
  interval_margin_late: 'DOUBLE',
} as const

/** A row per series, by the columns above. */
function* estimateRows(
  { series, config, backtestResiduals }: SimulationTask,
  { raw, sustained, veryHigh, any, p95, moments, peakP95, firstBreach }: FleetPaths,
  { intervals, groups }: FleetIntervals,
): Generator<(number | null)[]> {
  const margins = fitMargins(intervals, config.interval_level)
  const columns = [
    sustained.probability,
    raw.sustained,
    veryHigh.probability,
    any.probability,
    raw.any,
    p95.median,
    p95.p10,
    p95.p90,
    p95.p95,
    p95.likely,
    peakP95,
    ...pathMomentColumns.map((column) => moments[column]),
    p95.sizing,
    p95.breaching,
    firstBreach.p20,
    firstBreach.median,
  ]
  const thirdsByGroup = new Map([...intervals.keys()].map((group) => [group, margins.byThird(group)]))
  for (const [index, id] of series.seriesIds.entries()) {
    const group = groups[index]!
    const thirds = backtestResiduals.isLeadCovered(id) ? thirdsByGroup.get(group) : undefined
    yield [id, ...columns.map((values) => orNull(values[index]!)), margins.of(group), ...(thirds ?? [null, null, null])]
  }
}

/** DuckDB keeps the lists of a statement in memory, whatever its limit: those of 100,000 series with seven dates take more than 150 MB. */
const bytesPerSeries = 10_000
const maxSeriesPerStatement = 100_000

/** Creates `breach_estimates` from rows by `estimateColumns` and from `breach_curve`, some series at a time. */
export const storeEstimates = async (
  database: Database,
  { basis }: Pick<AnalysisConfig, 'basis'>,
  estimates: Iterable<(number | null)[]>,
  maxSeries = maxSeriesPerStatement,
): Promise<void> => {
  const seriesAtOnce = Math.max(1, Math.min(maxSeries, Math.floor((await database.memoryLimit()) / bytesPerSeries)))
  await database.storeRows('breach_figures', estimateColumns, estimates)
  const { end } = await database.row(
    'SELECT CAST(coalesce(max(series_id), -1) + 1 AS DOUBLE) AS "end" FROM breach_figures',
    z.object({ end: z.number() }),
  )
  await database.run(`CREATE OR REPLACE TABLE breach_estimates AS ${estimatesQuery(basis, 0, seriesAtOnce)}`)
  for (let from = seriesAtOnce; from < end; from += seriesAtOnce) {
    await database.run(`INSERT INTO breach_estimates ${estimatesQuery(basis, from, from + seriesAtOnce)}`)
  }
  await database.run('DROP TABLE breach_curve')
}

/** SQL for the rows of `breach_estimates` of series from..to-1. */
const estimatesQuery = (basis: AnalysisConfig['basis'], from: number, to: number): string => {
  const inRange = `WHERE series_id >= ${from} AND series_id < ${to}`
  return `
    SELECT f.* EXCLUDE (first_breach_p20_ms, first_breach_median_ms), ${decidingBasisSql(basis)} AS risk_basis,
           CASE WHEN path_p95_mean_short IS NOT NULL THEN 'residuals' WHEN p95_median IS NOT NULL THEN 'quantiles' END AS path_source,
           make_timestamp_ms(CAST(f.first_breach_p20_ms AS BIGINT)) AS first_breach_p20,
           make_timestamp_ms(CAST(f.first_breach_median_ms AS BIGINT)) AS expected_first_breach,
           list_transform(c.dates, lambda d: make_timestamp_ms(CAST(d.at_ms AS BIGINT))) AS breach_probability_dates,
           list_transform(c.dates, lambda d: d.share_sustained * f.at_risk_probability) AS at_risk_probability_by,
           list_transform(c.dates, lambda d: d.share_any * f.breach_probability) AS breach_probability_by
    FROM (FROM breach_figures ${inRange}) f LEFT JOIN (
      SELECT series_id, list_sort(list({at_ms: at_ms, share_sustained: share_sustained, share_any: share_any})) AS dates
      FROM breach_curve ${inRange} GROUP BY series_id) c USING (series_id)`
}

const serverBreachColumns = {
  server_id: 'VARCHAR',
  server_at_risk_probability: 'DOUBLE',
  server_very_high_probability: 'DOUBLE',
  server_breach_probability: 'DOUBLE',
} as const

function* serverRows(
  { serverIds }: ThresholdSeries,
  firstSeries: Uint32Array,
  events: readonly ServerBreaches[],
): Generator<(string | number | null)[]> {
  for (let server = 0; server + 1 < firstSeries.length; server++) {
    yield [serverIds[firstSeries[server]!]!, ...events.map(({ probability }) => orNull(probability[server]!))]
  }
}

const storeServerBreaches = async (database: Database, rows: Iterable<(string | number | null)[]>): Promise<void> =>
  database.storeRows('server_breaches', serverBreachColumns, rows)
