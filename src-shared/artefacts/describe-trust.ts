// States in plain words how far a planner may trust forecasts and breach probabilities of one metric.
import { metricName } from './metric-label.ts'
import type { ModelAccuracy } from './model-accuracy.ts'

/** Writes numbers in the reader's locale. */
export interface TrustFormats {
  readonly count: (value: number) => string
  /** 6.52 */
  readonly score: (value: number) => string
  /** 0.012 */
  readonly brierScore: (value: number) => string
  /** A share 0..1 in percent. */
  readonly share: (value: number) => string
}

/** On data that the selection has not seen; null where the backtest holds none. `unit`: of the metric. */
const forecastText = ({ hold_out: holdOut }: ModelAccuracy, metric: string, unit: string, formats: TrustFormats): string | null => {
  const errors = holdOut?.find((candidate) => candidate.metric === metric)
  if (errors === undefined) return null
  return `On unseen data, forecasts of ${metricName(metric)} miss by ${formats.score(errors.hold_out_mae)}${unit === '%' ? ' percentage points' : ''} on average (${formats.count(errors.series)} series).`
}

const probabilityText = ({ calibration_sustained: calibration }: ModelAccuracy, { brierScore, share }: TrustFormats): string | null => {
  if (calibration === null || calibration === undefined) return null
  const { brier, brier_base_rate: baseRate, skill_interval: skill, curve } = calibration
  if (curve?.is_calibrated === false) return 'Breach probabilities are not calibrated: the backtest is too short.'
  if (brier === null || baseRate === null) return null
  const scores = `Brier score ${brierScore(brier)} against ${brierScore(baseRate)}`
  const isChance = skill === null || (skill !== undefined && skill[0] <= 0)
  return brier < baseRate
    ? `Checked on the past, the probabilities to run out were ${share(Math.round(100 * (1 - brier / baseRate)) / 100)} closer to the truth than an average rate${isChance ? ', which may be chance' : ''} (${scores}).`
    : `Checked on the past, the probabilities to run out were no closer to the truth than an average rate (${scores}).`
}

/** At most two sentences. */
export const describeTrust = (accuracy: ModelAccuracy | null, metric: string, unit: string, formats: TrustFormats): string => {
  const sentences =
    accuracy === null
      ? []
      : [forecastText(accuracy, metric, unit, formats), probabilityText(accuracy, formats)].filter((text) => text !== null)
  return sentences.length === 0 ? 'The backtest does not show how accurate the forecasts are.' : sentences.join(' ')
}
