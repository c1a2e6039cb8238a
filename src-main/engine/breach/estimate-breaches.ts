// Breach probability of every series with a threshold and a horizon, recalibrated on the hold-out (analysis definition, section 4).
import type { CalibrationScores, ModelAccuracy } from '../../../src-shared/artefacts/model-accuracy.ts'
import { pathMomentColumns, type PathMomentColumn } from '../../../src-shared/artefacts/server-risk.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import { unitsToAddSql } from '../risk/assess-risk.ts'
import type { Calibration } from '../../statistics/beta-calibration.ts'
import type { TimeGrid } from '../../forecasts/detect-granularity.ts'
import type { BacktestResiduals } from './backtest-residuals.ts'
import { fitCalibration, scoreCalibration } from './calibration.ts'
import { fitMargins, measureCoverage } from './interval-coverage.ts'
import { readThresholdSeries, type ThresholdSeries } from './threshold-series.ts'
import { curveColumns, sampleCalibration, simulateFleet, type FleetPaths } from './simulate-fleet.ts'

/** All null if breach probabilities are turned off. */
type BreachScores = Required<Pick<ModelAccuracy, 'calibration' | 'calibration_sustained' | 'coverage'>>

/**
 * Creates `breach_estimates` (series_id, breach_probability, breach_probability_raw, breach_probability_by, breach_probability_dates,
 * expected_first_breach, conservative_p95, moments of the paths, interval_margin). Reads `series_risk`, `horizon`.
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
    return { calibration: null, calibration_sustained: null, coverage: null }
  }
  const series = await readThresholdSeries(database, config)
  const task = { series, backtestResiduals, grid, config }
  const sample = await sampleCalibration(task, signal)
  const calibrations = { sustained: fitCalibration(sample.sustained), any: fitCalibration(sample.any) }
  const paths = await simulateFleet(database, task, calibrations, signal)
  await storeEstimates(database, estimateRows(series, config, paths))
  if (config.basis === 'conservative') await applyConservativeBasis(database)
  return {
    calibration: { ...scoreCalibration(sample.any, config.seed), curve: describeCurve(calibrations.any) },
    calibration_sustained: { ...scoreCalibration(sample.sustained, config.seed), curve: describeCurve(calibrations.sustained) },
    coverage: measureCoverage(paths.intervals, config.interval_level),
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

const estimateColumns = {
  series_id: 'INTEGER',
  at_risk_probability: 'DOUBLE',
  at_risk_probability_raw: 'DOUBLE',
  breach_probability: 'DOUBLE',
  breach_probability_raw: 'DOUBLE',
  p95_median: 'DOUBLE',
  p95_p10: 'DOUBLE',
  p95_p90: 'DOUBLE',
  first_breach_ms: 'DOUBLE',
  conservative_p95: 'DOUBLE',
  ...(Object.fromEntries(pathMomentColumns.map((column) => [column, 'DOUBLE'])) as Record<PathMomentColumn, 'DOUBLE'>),
  interval_margin: 'DOUBLE',
} as const

/** A row per series, by the columns above. */
function* estimateRows({ seriesIds }: ThresholdSeries, config: AnalysisConfig, paths: FleetPaths): Generator<(number | null)[]> {
  const { raw, probability, p95, moments, firstBreach, intervals, groups } = paths
  const momentValues = pathMomentColumns.map((column) => moments[column])
  const margins = fitMargins(intervals, config.interval_level)
  const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value)
  for (const [index, id] of seriesIds.entries()) {
    const figures = [probability.sustained, raw.sustained, probability.any, raw.any, p95.median, p95.p10, p95.p90, firstBreach, p95.p95]
    yield [id, ...[...figures, ...momentValues].map((values) => orNull(values[index]!)), margins.of(groups[index]!)]
  }
}

/** Reads `breach_curve`. */
const storeEstimates = async (database: Database, estimates: Iterable<(number | null)[]>): Promise<void> => {
  await database.storeRows('breach_figures', estimateColumns, estimates)
  await database.run(`
    CREATE OR REPLACE TABLE breach_estimates AS
    SELECT f.series_id, f.at_risk_probability, f.at_risk_probability_raw,
           f.breach_probability, f.breach_probability_raw, f.p95_median, f.p95_p10, f.p95_p90,
           make_timestamp_ms(CAST(f.first_breach_ms AS BIGINT)) AS expected_first_breach, f.conservative_p95, f.interval_margin,
           ${pathMomentColumns.map((column) => `f.${column}`).join(', ')},
           c.breach_probability_dates, list_transform(c.shares, lambda share: share * f.breach_probability) AS breach_probability_by
    FROM breach_figures f LEFT JOIN (
      SELECT series_id, list(make_timestamp_ms(CAST(at_ms AS BIGINT)) ORDER BY at_ms) AS breach_probability_dates,
             list(share ORDER BY at_ms) AS shares
      FROM breach_curve GROUP BY series_id) c USING (series_id);
    DROP TABLE breach_curve`)
}

/** Derives at risk, risk level, headroom and units to add from the conservative P95, where it is known. */
const applyConservativeBasis = async (database: Database): Promise<void> =>
  database.run(`
    UPDATE series_risk SET
      is_at_risk = b.conservative_p95 > high_threshold,
      risk_level = CASE WHEN b.conservative_p95 > very_high_threshold THEN 'high'
                        WHEN b.conservative_p95 > high_threshold THEN 'medium' ELSE 'low' END,
      headroom_points = high_threshold - b.conservative_p95,
      units_to_add = ${unitsToAddSql('capacity_units', 'b.conservative_p95', 'high_threshold')}
    FROM breach_estimates b WHERE b.series_id = series_risk.series_id AND b.conservative_p95 IS NOT NULL`)
