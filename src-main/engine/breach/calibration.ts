// Calibration of simulated probabilities on windows of the backtest, and what they are worth (analysis definition, section 4).
import { crc32 } from '../../parquet/crc32.ts'
import type { CalibrationScores, ReliabilityRow } from '../../../src-shared/artefacts/model-accuracy.ts'
import { calibrate, fitBetaCurve, type BetaPrior, type Calibration } from '../../statistics/beta-calibration.ts'
import type { EventPair } from './fleet-paths.ts'
import { areaUnderCurve, brierScore, logLoss, skillInterval } from '../../statistics/probability-scores.ts'

/** Cross-fitting folds by server. */
export const folds = 5
const deciles = 10
/** Entries below which probabilities count as not calibrated. */
const minEntries = 50
/** Events below which no verdict is given. */
const minEvents = 10

/** Shares of the high threshold at which outcomes are counted; those at 1 are the event's own. */
export const thresholdShares = [0.625, 0.75, 0.875, 1, 1.125]
/** How far the curve of an event differs from that of both events at all thresholds: standard deviations of intercept and slopes. */
const ownDeviation = { interceptDeviation: 0.4, slopeDeviation: 0.2 }

/** One event at one threshold, an entry per series and window; the arrays share their index. */
export interface ThresholdEntries {
  /** Raw probability from residuals outside of the window. */
  readonly raw: Float64Array
  /** 1 if the event came about in what was measured, otherwise 0. */
  readonly outcomes: Uint8Array
  /** 0.5 to the power of the window's age; 0 for entries that do not count. */
  readonly weights: Float64Array
}

/** One event at the high threshold; the arrays share their index. */
export interface CalibrationSample extends ThresholdEntries {
  /** The same entries at the other thresholds. */
  readonly neighbours: readonly ThresholdEntries[]
  /** 1 if the event came about in what was predicted, otherwise 0: the plain flag. */
  readonly flagged: Uint8Array
  /** Cross-fitting fold, 0..4. */
  readonly fold: Uint8Array
  /** Number of the server, from 0. */
  readonly servers: Uint32Array
}

/** `without`: fold of the servers that are left out. */
export const fitCalibrations = (samples: EventPair<CalibrationSample>, without?: number): EventPair<Calibration> => {
  const prior = fitPrior([samples.sustained, samples.any], without)
  return { sustained: fitCalibration(samples.sustained, prior, without), any: fitCalibration(samples.any, prior, without) }
}

/** The curve of all events at all thresholds; together they weigh as much as one event at one threshold. */
const fitPrior = (samples: readonly CalibrationSample[], without: number | undefined): BetaPrior => {
  const parts = samples.flatMap(({ fold, neighbours, ...own }) =>
    [own, ...neighbours].map(({ raw, outcomes, weights }) => ({ raw, outcomes, weights: keepFolds(weights, fold, without) })),
  )
  const size = parts.reduce((sum, { raw }) => sum + raw.length, 0)
  const [raw, outcomes, weights] = [new Float64Array(size), new Uint8Array(size), new Float64Array(size)]
  let at = 0
  for (const part of parts) {
    raw.set(part.raw, at)
    outcomes.set(part.outcomes, at)
    weights.set(
      part.weights.map((weight) => weight / parts.length),
      at,
    )
    at += part.raw.length
  }
  return { curve: fitBetaCurve(raw, outcomes, weights), ...ownDeviation }
}

const keepFolds = (weights: Float64Array, fold: Uint8Array, without: number | undefined): Float64Array =>
  weights.map((weight, index) => (fold[index] === without ? 0 : weight))

const fitCalibration = (
  { raw, outcomes, weights, fold }: CalibrationSample,
  prior: BetaPrior,
  without: number | undefined,
): Calibration => {
  const entries = fold.reduce((count, of) => count + (of === without ? 0 : 1), 0)
  const isCalibrated = entries >= minEntries
  const min = isCalibrated ? 0.5 / (entries + 1) : 0.01
  return { curve: fitBetaCurve(raw, outcomes, keepFolds(weights, fold, without), prior), min, max: 1 - min, isCalibrated }
}

/** Scores of cross-fitted probabilities: each comes from a curve that was fitted without its own server. */
export const scoreCalibrations = (samples: EventPair<CalibrationSample>, seed: number): EventPair<CalibrationScores> => {
  const predicted = crossFit(samples)
  return {
    sustained: scoreCalibration(samples.sustained, predicted.sustained, seed),
    any: scoreCalibration(samples.any, predicted.any, seed),
  }
}

const scoreCalibration = (sample: CalibrationSample, predicted: Float64Array, seed: number): CalibrationScores => {
  const entries = sample.raw.length
  const events = sample.outcomes.reduce((sum, outcome) => sum + outcome, 0)
  const series = new Set(sample.servers).size
  const none = {
    brier: null,
    log_loss: null,
    auc: null,
    brier_plain_flag: null,
    brier_base_rate: null,
    log_loss_base_rate: null,
    skill_interval: null,
  }
  if (entries === 0) {
    const verdict = 'These forecasts have no backtest, so breach probabilities could not be calibrated.'
    return { series, entries, events, base_rate: null, ...none, reliability: [], verdict }
  }
  const baseRate = events / entries
  const constant = new Float64Array(entries).fill(baseRate)
  const interval = skillInterval(predicted, sample.outcomes, sample.servers, seed)
  const auc = areaUnderCurve(predicted, sample.outcomes)
  const brier = brierScore(predicted, sample.outcomes)
  return {
    series,
    entries,
    events,
    base_rate: baseRate,
    brier,
    log_loss: logLoss(predicted, sample.outcomes),
    auc: Number.isNaN(auc) ? null : auc,
    brier_plain_flag: brierScore(sample.flagged, sample.outcomes),
    brier_base_rate: baseRate * (1 - baseRate),
    log_loss_base_rate: logLoss(constant, sample.outcomes),
    skill_interval: interval,
    reliability: tabulateReliability(predicted, sample.outcomes),
    verdict: describeCalibration(events, entries, brier / (baseRate * (1 - baseRate)), interval),
  }
}

const describeCalibration = (events: number, entries: number, ratio: number, interval: readonly [number, number] | null): string => {
  if (entries < minEntries) return `Not calibrated: the backtest holds ${entries} of the ${minEntries} windows that calibration needs.`
  if (events < minEvents || interval === null || interval[0] <= 0)
    return `These forecasts do not tell yet which server will breach: ${events} of ${entries} backtest windows breached.`
  const percent = (share: number): number => Math.round(share * 100)
  return `On the backtest, breach probabilities are ${percent(1 - ratio)} % better than the base rate (${percent(interval[0])} to ${percent(interval[1])} %, ${events} events).`
}

/** Cross-fitted probabilities, in the order of the samples. */
export const crossFit = (samples: EventPair<CalibrationSample>): EventPair<Float64Array> => {
  const predicted = { sustained: new Float64Array(samples.sustained.raw.length), any: new Float64Array(samples.any.raw.length) }
  for (let fold = 0; fold < folds; fold++) {
    const calibrations = fitCalibrations(samples, fold)
    for (const event of ['sustained', 'any'] as const)
      samples[event].raw.forEach((raw, index) => {
        if (samples[event].fold[index] === fold) predicted[event][index] = calibrate(calibrations[event], raw)
      })
  }
  return predicted
}

/** Ten groups of equal count by predicted probability; fewer if the sample has fewer than ten entries. */
const tabulateReliability = (predicted: Float64Array, outcomes: Uint8Array): ReliabilityRow[] => {
  const order = Uint32Array.from(predicted.keys()).sort((a, b) => predicted[a]! - predicted[b]! || a - b)
  const groups = Math.min(deciles, order.length)
  return Array.from({ length: groups }, (_, group) => {
    const members = order.subarray(Math.floor((group * order.length) / groups), Math.floor(((group + 1) * order.length) / groups))
    const mean = (values: Float64Array | Uint8Array): number => members.reduce((sum, index) => sum + values[index]!, 0) / members.length
    return { predicted: mean(predicted), observed: mean(outcomes), series: members.length }
  })
}

/** Fold of a server: CRC-32 (ISO 3309) of its name modulo 5. */
export const foldOf = (serverId: string): number => crc32(new TextEncoder().encode(serverId)) % folds
