// Calibration of breach probabilities on the hold-out windows of the backtest (analysis definition, section 4).
import type { CalibrationScores, ReliabilityRow } from '../../../src-shared/artefacts/model-accuracy.ts'
import { evaluateIsotonic, fitIsotonic, type IsotonicFunction } from '../../statistics/isotonic-regression.ts'

/** Events at which the fitted curve and the raw share have equal weight. */
const priorEvents = 20
/** Cross-fitting folds by server. */
export const folds = 5
const deciles = 10

/** One entry per series with a hold-out window; the arrays share their index. */
export interface CalibrationSample {
  /** Share of paths that breached in the hold-out window. */
  readonly raw: Float64Array
  /** 1 if a measured value of the window exceeds the threshold, otherwise 0. */
  readonly breached: Uint8Array
  /** 1 if the highest prediction of the window exceeds the threshold, otherwise 0: the plain flag. */
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

/** p = w x iso(raw) + (1 - w) x raw: with few events the simulated share weighs more than a curve fitted to them (docs/decisions/0011). */
export const fitRecalibration = (raw: Float64Array, breached: Uint8Array): Recalibration => {
  const events = breached.reduce((sum, outcome) => sum + outcome, 0)
  return {
    isotonic: fitIsotonic(raw, Float64Array.from(breached)),
    baseRate: breached.length === 0 ? 0 : events / breached.length,
    events,
    weight: events / (events + priorEvents),
  }
}

/** Without a calibration sample, the raw share is returned. */
export const recalibrate = ({ isotonic, weight }: Recalibration, raw: number): number =>
  isotonic.knots.length === 0 ? raw : weight * evaluateIsotonic(isotonic, raw) + (1 - weight) * raw

/** Brier 1950; each probability comes from a curve fitted without its own server. */
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
      verdict: 'The forecasts have no backtest for calibration; breach probabilities are plain shares of simulated paths.',
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
  if (events === 0) return `None of ${series} series breached in the hold-out window, so breach probabilities could not be calibrated.`
  if (events === series) return `All ${series} series breached in the hold-out window, so breach probabilities could not be calibrated.`
  if (brier >= baseRate)
    return 'Breach probabilities are no better than the base rate on the hold-out: they do not separate servers that breach from others.'
  const gain = Math.round((1 - brier / baseRate) * 100)
  return `Breach probabilities are ${gain} % better than the base rate on the hold-out (Brier score).`
}

/** Cross-fitted probabilities, in the order of the sample. */
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

/** Ten groups of equal count by predicted probability; fewer if the sample has fewer than ten series. */
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
