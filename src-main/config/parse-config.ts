// Completes the user's settings to a configuration, or reports the key that is wrong.
import { ZodError } from 'zod'
import {
  analysisConfigSchema,
  completeConfig,
  renameSettings,
  type AnalysisConfig,
  type AnalysisMethod,
} from '../../src-shared/config/analysis-config.ts'
import { describeValidationIssue } from '../../src-shared/config/describe-validation-issue.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { describeAbsoluteMetric } from '../../src-shared/config/metric-capacity.ts'
import { turnedMetrics, unitArgument, unitByName } from '../../src-shared/config/metric-units.ts'
import { findNearestName } from '../../src-shared/config/nearest-name.ts'
import { ownValue } from '../../src-shared/config/name-record.ts'

/** Throws config-invalid. */
export const parseConfig = (statedSettings: Readonly<Record<string, unknown>>, method: AnalysisMethod): AnalysisConfig => {
  const settings = renameSettings(statedSettings)
  const keys = Object.keys(analysisConfigSchema.shape)
  const unknownKey = Object.keys(settings).find((key) => !keys.includes(key))
  if (unknownKey !== undefined) {
    const nearest = findNearestName(unknownKey, keys)
    throw new HeadroomError('config-invalid', `The configuration has no key ${unknownKey}.`, {
      next: nearest === undefined ? `Known keys: ${keys.join(', ')}.` : `Did you mean ${nearest}?`,
    })
  }
  try {
    const config = completeConfig(settings, method)
    assertOrdered(config)
    assertTurnable(config)
    return config
  } catch (cause) {
    if (!(cause instanceof ZodError)) throw cause
    throw invalidConfig(settings, cause)
  }
}

const invalidConfig = (settings: Readonly<Record<string, unknown>>, cause: ZodError): HeadroomError =>
  new HeadroomError('config-invalid', `The configuration's ${describeValidationIssue(settings, cause)}.`, {
    next: 'Correct the value; the user guide lists every key.',
    cause,
  })

const assertOrdered = (config: AnalysisConfig): void => {
  const { high_risk_threshold: high, very_high_risk_threshold: veryHigh } = config
  if (veryHigh < high) throw orderError(`very_high_risk_threshold ${veryHigh} is below high_risk_threshold ${high}.`)
  for (const key of ['metric_thresholds', 'criticality_thresholds'] as const) {
    for (const [name, thresholds] of Object.entries(config[key])) {
      const isTurned = key === 'metric_thresholds' && ownValue(config.metric_directions, name) === 'below'
      if (isTurned ? thresholds.very_high <= thresholds.high : thresholds.very_high >= thresholds.high) continue
      throw orderError(
        `In ${key}, very_high ${thresholds.very_high} of ${name} is ${isTurned ? 'above' : 'below'} its high ${thresholds.high}.`,
      )
    }
  }
}

/** Only a percentage has a used share, or an amount of a capacity. */
const assertTurnable = (config: AnalysisConfig): void => {
  for (const metric of turnedMetrics(config)) {
    const unit = ownValue(config.metric_units, metric) ?? unitByName(metric) ?? 'percent'
    if (unit === 'percent' || unit === 'fraction' || describeAbsoluteMetric(config, metric) !== undefined) continue
    throw new HeadroomError('config-invalid', `metric_directions turns percentages only, but ${metric} is in another unit.`, {
      next: `If it is a percentage, state it: --unit ${unitArgument(metric, 'percent')}. If it has a capacity, name its column in metric_capacities.`,
    })
  }
}

const orderError = (sentence: string): HeadroomError =>
  new HeadroomError('config-invalid', sentence, { next: 'Raise the first or lower the second.' })
