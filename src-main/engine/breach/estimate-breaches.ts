// Breach probability of every judged series, recalibrated on the held-back end of the backtest (analysis definition, section 4).
import type { AnalysisConfig } from '../../../src-shared/analysis-config.ts'
import { breathe } from '../breathe.ts'
import type { Database } from '../../database/database.ts'
import { unitsToAdd } from '../assess-risk.ts'
import type { TimeGrid } from '../detect-granularity.ts'
import { fitRecalibration, foldOf, recalibrate, scoreCalibration, type BreachTrials, type CalibrationScores } from './calibrate.ts'
import { fitMargins, measureCoverage, type IntervalCoverage, type IntervalTrials } from './interval-coverage.ts'
import type { BreachEvidence } from './breach-evidence.ts'
import { readJudgedSeries, type JudgedSeries } from './judged-series.ts'
import { equalCountBins, findBlocks, poolBlocks } from './residual-grid.ts'
import { conservativeP95, seedOf, simulateBreaches, type PathSource } from './simulate-paths.ts'

const binsPerMetric = 10
/** Longest block: a week of days or a day of hours. */
const blockSteps = { hourly: 24, daily: 7, weekly: 7 } as const
/** Steps of the probability-by-date curve: a week of days, six hours of hours. */
const curveSteps = { hourly: 6, daily: 7, weekly: 1 } as const
/** Series between two looks at the abort signal. */
const breath = 500

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
    await storeEstimates(database, [], [])
    return { calibration: null, coverage: null }
  }
  const series = await readJudgedSeries(database)
  const ofSeries = (values: Uint32Array): Uint32Array => Uint32Array.from(series.seriesIds, (id) => values[id]!)
  const residuals = { froms: ofSeries(evidence.froms), residuals: evidence.residuals }
  const bins = binSeries(series)
  const longest = blockSteps[grid.granularity]
  const binCount = bins.reduce((most, bin) => Math.max(most, bin + 1), 0)
  const sourceUpTo = (ends: Uint32Array): PathSource => {
    const blocks = findBlocks(residuals, ends, longest)
    return { grid: residuals, blocks, bins, pools: poolBlocks(blocks, bins, binCount) }
  }
  const trials = await tryHeldBack(sourceUpTo(ofSeries(evidence.cuts)), series, evidence, config.seed, signal)
  const intervals = intervalTrials(series, evidence, bins)
  const margins = fitMargins(intervals, config.interval_level)
  const source = sourceUpTo(ofSeries(evidence.ends))
  await writeEstimates(
    database,
    grid,
    { series, source, config, trials, bins, margins: (s) => margins.of(groupOf(series, bins, s)) },
    signal,
  )
  if (config.basis === 'conservative') await judgeConservatively(database)
  return { calibration: scoreCalibration(trials), coverage: measureCoverage(intervals, config.interval_level) }
}

/** Ten bins of equal count by horizon mean within each metric. */
const binSeries = ({ metrics, horizonMeans }: JudgedSeries): Int16Array => {
  const bins = new Int16Array(metrics.length)
  ;[...new Set(metrics)].sort().forEach((metric, number) => {
    const members = metrics.flatMap((other, index) => (other === metric ? [index] : []))
    const own = equalCountBins(
      Float64Array.from(members, (index) => horizonMeans[index]!),
      binsPerMetric,
    )
    members.forEach((index, rank) => (bins[index] = own[rank]! + number * binsPerMetric))
  })
  return bins
}

/** Of the series that have a held-back window. */
const tryHeldBack = async (
  source: PathSource,
  series: JudgedSeries,
  { heldFroms, heldEnds, heldPredicted, breached, flagged }: BreachEvidence,
  runSeed: number,
  signal: AbortSignal | undefined,
): Promise<BreachTrials> => {
  const tested = Array.from(series.seriesIds.keys()).filter((s) => heldEnds[series.seriesIds[s]!]! > heldFroms[series.seriesIds[s]!]!)
  const raw = new Float64Array(tested.length)
  for (const [index, s] of tested.entries()) {
    if (index % breath === 0) await breathe(signal)
    const id = series.seriesIds[s]!
    const predicted = heldPredicted.subarray(heldFroms[id], heldEnds[id])
    raw[index] = simulateBreaches(
      source,
      s,
      predicted,
      series.thresholds[s]!,
      seedOf(runSeed, series.serverIds[s]!, series.metrics[s]!),
    ).raw
  }
  return {
    raw,
    breached: Uint8Array.from(tested, (s) => breached[series.seriesIds[s]!]!),
    flagged: Uint8Array.from(tested, (s) => flagged[series.seriesIds[s]!]!),
    fold: Uint8Array.from(tested, (s) => foldOf(series.serverIds[s]!)),
  }
}

const modelNumbers = new WeakMap<JudgedSeries, Map<string, number>>()

/** Calibration group of a series: its bin and its model, whose errors differ in kind. */
const groupOf = (series: JudgedSeries, bins: Int16Array, s: number): number => {
  let numbers = modelNumbers.get(series)
  if (numbers === undefined) {
    numbers = new Map([...new Set(series.models)].sort().map((model, number) => [model, number]))
    modelNumbers.set(series, numbers)
  }
  return bins[s]! * numbers.size + numbers.get(series.models[s]!)!
}

const intervalTrials = (series: JudgedSeries, evidence: BreachEvidence, bins: Int16Array): IntervalTrials => {
  const count = evidence.heldCount
  const group = new Int32Array(count)
  const fold = new Uint8Array(count)
  series.seriesIds.forEach((id, s) => {
    const [from, to] = [evidence.heldFroms[id]!, evidence.heldEnds[id]!]
    group.fill(groupOf(series, bins, s), from, to)
    fold.fill(foldOf(series.serverIds[s]!), from, to)
  })
  return { excess: evidence.heldExcess.subarray(0, count), bounded: evidence.heldBounded.subarray(0, count), group, fold }
}

interface Estimation {
  readonly series: JudgedSeries
  readonly source: PathSource
  readonly config: AnalysisConfig
  readonly trials: BreachTrials
  readonly bins: Int16Array
  readonly margins: (series: number) => number
}

const writeEstimates = async (
  database: Database,
  grid: TimeGrid,
  { series, source, config, trials, margins }: Estimation,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const curve = fitRecalibration(trials.raw, trials.breached)
  const every = curveSteps[grid.granularity]
  const estimates: (number | null)[][] = []
  const byDate: (number | null)[][] = []
  for (let s = 0; s < series.seriesIds.length; s++) {
    if (s % breath === 0) await breathe(signal)
    const from = series.horizonOffsets[s]!
    const forecast = series.horizon.subarray(from, series.horizonOffsets[s + 1])
    const seed = seedOf(config.seed, series.serverIds[s]!, series.metrics[s]!)
    const { raw, rawBy, medianFirstBreach } = simulateBreaches(source, s, forecast, series.thresholds[s]!, seed)
    const probability = recalibrate(curve, raw)
    estimates.push([
      series.seriesIds[s]!,
      probability,
      raw,
      medianFirstBreach < 0 ? null : series.horizonTimes[from + medianFirstBreach]!,
      config.basis === 'conservative' ? conservativeP95(source, s, forecast, seed) : null,
      margins(s),
    ])
    for (let step = every - 1; ; step += every) {
      const last = Math.min(step, forecast.length - 1)
      const share = raw > 0 ? rawBy[last]! / raw : (last + 1) / forecast.length
      byDate.push([series.seriesIds[s]!, series.horizonTimes[from + last]!, probability * share])
      if (last === forecast.length - 1) break
    }
  }
  await storeEstimates(database, estimates, byDate)
}

const storeEstimates = async (database: Database, estimates: (number | null)[][], byDate: (number | null)[][]): Promise<void> => {
  await database.storeRows(
    'breach_figures',
    {
      series_id: 'INTEGER',
      breach_probability: 'DOUBLE',
      breach_probability_raw: 'DOUBLE',
      first_breach_ms: 'DOUBLE',
      conservative_p95: 'DOUBLE',
      interval_margin: 'DOUBLE',
    },
    estimates,
  )
  await database.storeRows('breach_curve', { series_id: 'INTEGER', at_ms: 'DOUBLE', probability: 'DOUBLE' }, byDate)
  await database.run(`
    CREATE OR REPLACE TABLE breach_estimates AS
    SELECT f.series_id, f.breach_probability, f.breach_probability_raw,
           make_timestamp_ms(CAST(f.first_breach_ms AS BIGINT)) AS expected_first_breach, f.conservative_p95, f.interval_margin,
           c.breach_probability_dates, c.breach_probability_by
    FROM breach_figures f LEFT JOIN (
      SELECT series_id, list(make_timestamp_ms(CAST(at_ms AS BIGINT)) ORDER BY at_ms) AS breach_probability_dates,
             list(probability ORDER BY at_ms) AS breach_probability_by
      FROM breach_curve GROUP BY series_id) c USING (series_id)`)
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
