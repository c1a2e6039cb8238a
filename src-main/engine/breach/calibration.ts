// Calibration of simulated probabilities on windows of the backtest, and what they are worth (analysis definition, section 4).
import { crc32 } from '../../parquet/crc32.ts'
import type { CalibrationScores, ReliabilityRow } from '../../../src-shared/artefacts/model-accuracy.ts'
import { calibrate, fitBetaCurve, type Calibration } from '../../statistics/beta-calibration.ts'
import { areaUnderCurve, brierScore, logLoss, skillInterval } from '../../statistics/probability-scores.ts'

/** Cross-fitting folds by server. */
export const folds = 5
const deciles = 10
/** Entries below which probabilities count as not calibrated. */
const minEntries = 50
/** Events below which no verdict is given. */
const minEvents = 10

/** One entry per series and window, for one event; the arrays share their index. */
export interface CalibrationSample {
  /** Raw probability from residuals outside of the window. */
  readonly raw: Float64Array
  /** 1 if the event came about in what was measured, otherwise 0. */
  readonly outcomes: Uint8Array
  /** 1 if the event came about in what was predicted, otherwise 0: the plain flag. */
  readonly flagged: Uint8Array
  /** 0.5 to the power of the window's age. */
  readonly weights: Float64Array
  /** Cross-fitting fold, 0..4. */
  readonly fold: Uint8Array
  /** Number of the server, from 0. */
  readonly servers: Uint32Array
}

export const fitCalibration = ({ raw, outcomes, weights }: Pick<CalibrationSample, 'raw' | 'outcomes' | 'weights'>): Calibration => {
  const isCalibrated = raw.length >= minEntries
  const min = isCalibrated ? 0.5 / (raw.length + 1) : 0.01
  return { curve: fitBetaCurve(raw, outcomes, weights), min, max: 1 - min, isCalibrated }
}

/** Scores of cross-fitted probabilities: each comes from a curve that was fitted without its own server. */
export const scoreCalibration = (sample: CalibrationSample, seed: number): CalibrationScores => {
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
  const predicted = crossFit(sample)
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

/** Cross-fitted probabilities, in the order of the sample. */
export const crossFit = ({ raw, outcomes, weights, fold }: CalibrationSample): Float64Array => {
  const predicted = new Float64Array(raw.length)
  for (let testFold = 0; testFold < folds; testFold++) {
    const training = Uint32Array.from(raw.keys()).filter((index) => fold[index] !== testFold)
    const calibration = fitCalibration({
      raw: Float64Array.from(training, (index) => raw[index]!),
      outcomes: Uint8Array.from(training, (index) => outcomes[index]!),
      weights: Float64Array.from(training, (index) => weights[index]!),
    })
    for (let index = 0; index < raw.length; index++) if (fold[index] === testFold) predicted[index] = calibrate(calibration, raw[index]!)
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
