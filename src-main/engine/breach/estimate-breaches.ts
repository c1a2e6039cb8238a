// Breach probability of every series with a threshold and a horizon, recalibrated on the hold-out (analysis definition, section 4).
import type { ModelAccuracy } from '../../../src-shared/artefacts/model-accuracy.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import { unitsToAddSql } from '../risk/assess-risk.ts'
import type { TimeGrid } from '../../forecasts/detect-granularity.ts'
import type { BacktestResiduals } from './backtest-residuals.ts'
import { fitRecalibration, foldOf, recalibrate, scoreCalibration, type CalibrationSample } from './calibration.ts'
import { fitMargins, measureCoverage } from './interval-coverage.ts'
import { readThresholdSeries, type ThresholdSeries } from './threshold-series.ts'
import { curveColumns, simulateFleet, type FleetPaths } from './simulate-fleet.ts'

/** Both null if breach probabilities are turned off. */
type BreachScores = Required<Pick<ModelAccuracy, 'calibration' | 'coverage'>>

/**
 * Creates `breach_estimates` (series_id, breach_probability, breach_probability_raw, breach_probability_by, breach_probability_dates,
 * expected_first_breach, conservative_p95, interval_margin). Reads `series_risk`, `horizon`.
 */
export const estimateBreaches = async (
  database: Database,
  config: AnalysisConfig,
  grid: TimeGrid,
  backtestResiduals: BacktestResiduals | null,
  signal: AbortSignal | undefined,
): Promise<BreachScores> => {
  if (backtestResiduals === null) {
    await database.storeRows('breach_curve', curveColumns, [])
    await storeEstimates(database, [])
    return { calibration: null, coverage: null }
  }
  const series = await readThresholdSeries(database)
  const paths = await simulateFleet(database, { series, backtestResiduals, grid, config }, signal)
  const sample = calibrationSampleOf(series, backtestResiduals, paths)
  await storeEstimates(database, estimateRows(series, config, paths, sample))
  if (config.basis === 'conservative') await applyConservativeBasis(database)
  return { calibration: scoreCalibration(sample), coverage: measureCoverage(paths.intervals, config.interval_level) }
}

/** Series with a hold-out window. */
const calibrationSampleOf = (
  { seriesIds, serverIds }: ThresholdSeries,
  backtestResiduals: BacktestResiduals,
  { holdOutRaw }: FleetPaths,
): CalibrationSample => {
  const testedIndices = Uint32Array.from(holdOutRaw.keys()).filter((index) => !Number.isNaN(holdOutRaw[index]!))
  return {
    raw: Float64Array.from(testedIndices, (index) => holdOutRaw[index]!),
    breached: Uint8Array.from(testedIndices, (index) => backtestResiduals.breached[seriesIds[index]!]!),
    flagged: Uint8Array.from(testedIndices, (index) => backtestResiduals.flagged[seriesIds[index]!]!),
    fold: Uint8Array.from(testedIndices, (index) => foldOf(serverIds[index]!)),
  }
}

const estimateColumns = {
  series_id: 'INTEGER',
  breach_probability: 'DOUBLE',
  breach_probability_raw: 'DOUBLE',
  first_breach_ms: 'DOUBLE',
  conservative_p95: 'DOUBLE',
  interval_margin: 'DOUBLE',
} as const

/** A row per series, by the columns above. */
function* estimateRows(
  { seriesIds }: ThresholdSeries,
  config: AnalysisConfig,
  { raw, firstBreach, conservativeP95, intervals, groups }: FleetPaths,
  sample: CalibrationSample,
): Generator<(number | null)[]> {
  const curve = fitRecalibration(sample.raw, sample.breached)
  const margins = fitMargins(intervals, config.interval_level)
  const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value)
  for (const [index, id] of seriesIds.entries()) {
    const share = raw[index]!
    yield [id, recalibrate(curve, share), share, orNull(firstBreach[index]!), orNull(conservativeP95[index]!), margins.of(groups[index]!)]
  }
}

/** Reads `breach_curve`. */
const storeEstimates = async (database: Database, estimates: Iterable<(number | null)[]>): Promise<void> => {
  await database.storeRows('breach_figures', estimateColumns, estimates)
  await database.run(`
    CREATE OR REPLACE TABLE breach_estimates AS
    SELECT f.series_id, f.breach_probability, f.breach_probability_raw,
           make_timestamp_ms(CAST(f.first_breach_ms AS BIGINT)) AS expected_first_breach, f.conservative_p95, f.interval_margin,
           c.breach_probability_dates, list_transform(c.shares, lambda share: share * f.breach_probability) AS breach_probability_by
    FROM breach_figures f LEFT JOIN (
      SELECT series_id, list(make_timestamp_ms(CAST(at_ms AS BIGINT)) ORDER BY at_ms) AS breach_probability_dates,
             list(share ORDER BY at_ms) AS shares
      FROM breach_curve GROUP BY series_id) c USING (series_id);
    DROP TABLE breach_curve`)
}

/** Derives at risk, risk level, headroom and units to add from the conservative P95. */
const applyConservativeBasis = async (database: Database): Promise<void> =>
  database.run(`
    UPDATE series_risk SET
      is_at_risk = b.conservative_p95 > high_threshold,
      risk_level = CASE WHEN b.conservative_p95 > very_high_threshold THEN 'high'
                        WHEN b.conservative_p95 > high_threshold THEN 'medium' ELSE 'low' END,
      headroom_points = high_threshold - b.conservative_p95,
      units_to_add = ${unitsToAddSql('capacity_units', 'b.conservative_p95', 'high_threshold')}
    FROM breach_estimates b WHERE b.series_id = series_risk.series_id`)
