// How far breach probabilities hold: predicted for a held-back end of the backtest, compared with what happened there, and mended by it.
import type { CalibrationScores, ReliabilityRow } from '../../../src-shared/artefacts/model-accuracy.ts'
import { evaluateIsotonic, fitIsotonic, type IsotonicFunction } from '../../statistics/isotonic-regression.ts'

/** Events at which the fitted curve and the raw share weigh the same. */
const priorEvents = 20
/** Folds by server, for everything that is cross-fitted. */
export const folds = 5
const deciles = 10

/** One entry per series that could be tested; the arrays share their index. */
export interface CalibrationSample {
  /** Share of paths that breached in the held-back window. */
  readonly raw: Float64Array
  /** 1 where a measured value of the window lay above the threshold, else 0. */
  readonly breached: Uint8Array
  /** 1 where the greatest prediction of the window lay above the threshold, else 0: the plain flag. */
  readonly flagged: Uint8Array
  /** Cross-fitting fold, 0..4. */
  readonly fold: Uint8Array
}

export interface Recalibration {
  readonly isotonic: IsotonicFunction
  /** Observed share of series that breached. */
  readonly baseRate: number
  readonly events: number
  /** Weight of the fitted curve against the raw share: E / (E + 20). */
  readonly weight: number
}

/** p = w x iso(raw) + (1 - w) x raw: with few events the simulated share counts more than a curve fitted to them (docs/decisions/0011). */
export const fitRecalibration = (raw: Float64Array, breached: Uint8Array): Recalibration => {
  const events = breached.reduce((sum, outcome) => sum + outcome, 0)
  return {
    isotonic: fitIsotonic(raw, Float64Array.from(breached)),
    baseRate: breached.length === 0 ? 0 : events / breached.length,
    events,
    weight: events / (events + priorEvents),
  }
}

/** Without any trial there is nothing to mend by: the raw share stands. */
export const recalibrate = ({ isotonic, weight }: Recalibration, raw: number): number =>
  isotonic.knots.length === 0 ? raw : weight * evaluateIsotonic(isotonic, raw) + (1 - weight) * raw

/** Brier 1950; every probability is predicted by a curve that its own server had no part in. */
export const scoreCalibration = (sample: CalibrationSample): CalibrationScores => {
  const overall = fitRecalibration(sample.raw, sample.breached)
  const base = { series: sample.raw.length, events: overall.events, base_rate: overall.baseRate, curve_weight: overall.weight }
  if (sample.raw.length === 0) {
    return {
      ...base,
      brier: null,
      brier_plain_flag: null,
      brier_base_rate: null,
      reliability: [],
      verdict: 'The set has no backtest to test breach probabilities on; they are plain shares of simulated paths.',
    }
  }
  const predicted = crossFit(sample)
  const brier = meanSquaredError(predicted, sample.breached)
  const brierBaseRate = overall.baseRate * (1 - overall.baseRate)
  return {
    ...base,
    brier,
    brier_plain_flag: meanSquaredError(Float64Array.from(sample.flagged), sample.breached),
    brier_base_rate: brierBaseRate,
    reliability: tabulateReliability(predicted, sample.breached),
    verdict: describeCalibration(brier, brierBaseRate, overall.events, sample.raw.length),
  }
}

const describeCalibration = (brier: number, baseRate: number, events: number, series: number): string => {
  if (events === 0) return `None of ${series} series breached in the held-back window, so these probabilities could not be tested.`
  if (events === series) return `All ${series} series breached in the held-back window, so these probabilities could not be tested.`
  if (brier >= baseRate) return 'These forecasts do not tell which server will breach: their score does not beat the base rate.'
  const gain = Math.round((1 - brier / baseRate) * 100)
  return `Breach probabilities were ${gain} % better than the base rate on the held-back end of the backtest.`
}

/** Cross-fitted probabilities, in the order of the trials. */
export const crossFit = ({ raw, breached, fold }: CalibrationSample): Float64Array => {
  const predicted = new Float64Array(raw.length)
  for (let testFold = 0; testFold < folds; testFold++) {
    const trainingIndices = Uint32Array.from(raw.keys()).filter((index) => fold[index] !== testFold)
    const curve = fitRecalibration(
      Float64Array.from(trainingIndices, (index) => raw[index]!),
      Uint8Array.from(trainingIndices, (index) => breached[index]!),
    )
    for (let index = 0; index < raw.length; index++) {
      if (fold[index] === testFold) predicted[index] = recalibrate(curve, raw[index]!)
    }
  }
  return predicted
}

const meanSquaredError = (predicted: Float64Array, breached: Uint8Array): number =>
  predicted.reduce((sum, probability, index) => sum + (probability - breached[index]!) ** 2, 0) / predicted.length

/** Ten groups of equal count by predicted probability; fewer trials, fewer groups. */
const tabulateReliability = (predicted: Float64Array, breached: Uint8Array): ReliabilityRow[] => {
  const order = Uint32Array.from(predicted.keys()).sort((a, b) => predicted[a]! - predicted[b]! || a - b)
  const groups = Math.min(deciles, order.length)
  return Array.from({ length: groups }, (_, group) => {
    const members = order.subarray(Math.floor((group * order.length) / groups), Math.floor(((group + 1) * order.length) / groups))
    const mean = (values: Float64Array | Uint8Array): number => members.reduce((sum, index) => sum + values[index]!, 0) / members.length
    return { predicted: mean(predicted), observed: mean(breached), series: members.length }
  })
}

/** Fold of a server: CRC-32 (ISO 3309) of its name modulo 5. */
export const foldOf = (serverId: string): number => crc32(new TextEncoder().encode(serverId)) % folds

const crc32 = (bytes: Uint8Array): number => {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}
