// Breach probability of every judged series, recalibrated on the held-back end of the backtest (analysis definition, section 4).
import type { AnalysisConfig } from '../../../src-shared/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import { unitsToAdd } from '../assess-risk.ts'
import type { TimeGrid } from '../detect-granularity.ts'
import type { BreachEvidence } from './breach-evidence.ts'
import { fitRecalibration, foldOf, recalibrate, scoreCalibration, type BreachTrials, type CalibrationScores } from './calibrate.ts'
import { fitMargins, measureCoverage, type IntervalCoverage } from './interval-coverage.ts'
import { readJudgedSeries, type JudgedSeries } from './judged-series.ts'
import { curveColumns, simulateFleet, type FleetPaths } from './simulate-fleet.ts'

/** Null where no probabilities were asked for. */
export interface BreachEstimates {
  readonly calibration: CalibrationScores | null
  readonly coverage: IntervalCoverage | null
}

/**
 * Creates `breach_estimates` (series_id, breach_probability, breach_probability_raw, breach_probability_by, breach_probability_dates,
 * expected_first_breach, conservative_p95, interval_margin). Reads `series_risk`, `horizon`.
 */
export const estimateBreaches = async (
  database: Database,
  config: AnalysisConfig,
  grid: TimeGrid,
  evidence: BreachEvidence | null,
  signal: AbortSignal | undefined,
): Promise<BreachEstimates> => {
  if (evidence === null) {
    await database.storeRows('breach_curve', curveColumns, [])
    await storeEstimates(database, [])
    return { calibration: null, coverage: null }
  }
  const series = await readJudgedSeries(database)
  const paths = await simulateFleet(database, { series, evidence, grid, config }, signal)
  const trials = trialsOf(series, evidence, paths)
  await storeEstimates(database, estimatesOf(series, config, paths, trials))
  if (config.basis === 'conservative') await judgeConservatively(database)
  return { calibration: scoreCalibration(trials), coverage: measureCoverage(paths.intervals, config.interval_level) }
}

/** Of the series that have a held-back window. */
const trialsOf = ({ seriesIds, serverIds }: JudgedSeries, evidence: BreachEvidence, { heldRaw }: FleetPaths): BreachTrials => {
  const tested = Uint32Array.from(heldRaw.keys()).filter((place) => !Number.isNaN(heldRaw[place]!))
  return {
    raw: Float64Array.from(tested, (place) => heldRaw[place]!),
    breached: Uint8Array.from(tested, (place) => evidence.breached[seriesIds[place]!]!),
    flagged: Uint8Array.from(tested, (place) => evidence.flagged[seriesIds[place]!]!),
    fold: Uint8Array.from(tested, (place) => foldOf(serverIds[place]!)),
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
function* estimatesOf(
  { seriesIds }: JudgedSeries,
  config: AnalysisConfig,
  { raw, firstBreach, conservativeP95, intervals, groups }: FleetPaths,
  trials: BreachTrials,
): Generator<(number | null)[]> {
  const curve = fitRecalibration(trials.raw, trials.breached)
  const margins = fitMargins(intervals, config.interval_level)
  const known = (value: number): number | null => (Number.isNaN(value) ? null : value)
  for (const [place, id] of seriesIds.entries()) {
    const share = raw[place]!
    yield [id, recalibrate(curve, share), share, known(firstBreach[place]!), known(conservativeP95[place]!), margins.of(groups[place]!)]
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

/** Puts the conservative P95 in the place of the point forecast's: at risk, risk level, headroom, units to add. */
const judgeConservatively = async (database: Database): Promise<void> =>
  database.run(`
    UPDATE series_risk SET
      is_at_risk = b.conservative_p95 > high_threshold,
      risk_level = CASE WHEN b.conservative_p95 > very_high_threshold THEN 'high'
                        WHEN b.conservative_p95 > high_threshold THEN 'medium' ELSE 'low' END,
      headroom_points = high_threshold - b.conservative_p95,
      units_to_add = ${unitsToAdd('capacity_units', 'b.conservative_p95', 'high_threshold')}
    FROM breach_estimates b WHERE b.series_id = series_risk.series_id`)
