// Turns what the user set into a complete configuration, or into one sentence that names the key.
import { ZodError } from 'zod'
import { analysisConfigSchema, completeConfig, type AnalysisConfig, type AnalysisMethod } from '../../src-shared/analysis-config.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import { nearestName } from '../../src-shared/nearest-name.ts'

/** Throws config-invalid. */
export const parseConfig = (given: Readonly<Record<string, unknown>>, method: AnalysisMethod): AnalysisConfig => {
  const keys = Object.keys(analysisConfigSchema.shape)
  const unknown = Object.keys(given).find((key) => !keys.includes(key))
  if (unknown !== undefined) {
    const nearest = nearestName(unknown, keys)
    throw new HeadroomError('config-invalid', `The configuration has no key ${unknown}.`, {
      next: nearest === undefined ? `Known keys: ${keys.join(', ')}.` : `Did you mean ${nearest}?`,
    })
  }
  try {
    const config = completeConfig(given, method)
    assertOrdered(config)
    return config
  } catch (cause) {
    if (!(cause instanceof ZodError)) throw cause
    throw doesNotFit(given, cause)
  }
}

const doesNotFit = (given: Readonly<Record<string, unknown>>, cause: ZodError): HeadroomError => {
  // A misspelt key inside a value says more than that the right one is missing.
  const issue = cause.issues.find(({ code }) => code === 'unrecognized_keys') ?? cause.issues[0]!
  const key = issue.path.join('.')
  const value = issue.path.reduce<unknown>((inner, part) => (inner as Record<PropertyKey, unknown> | undefined)?.[part], given)
  const sentence =
    issue.code === 'unrecognized_keys'
      ? `${key} has no part ${issue.keys.join(', ')}`
      : `${key} must be ${wanted(issue)}, not ${describe(value)}`
  return new HeadroomError('config-invalid', `The configuration's ${sentence}.`, {
    next: 'Correct the value; the user guide lists every key.',
    cause,
  })
}

type Issue = ZodError['issues'][number]

const kinds: Readonly<Record<string, string>> = {
  number: 'a number',
  int: 'a whole number',
  string: 'text',
  array: 'a list',
  object: 'a group of keys',
  record: 'a group of keys',
}

const wanted = (issue: Issue): string => {
  if (issue.code === 'invalid_type') return kinds[issue.expected] ?? issue.expected
  if (issue.code === 'too_small') {
    if (issue.origin === 'string') return 'text that is not empty'
    if (issue.origin === 'array') return 'a list that is not empty'
    return `${issue.inclusive === true ? 'at least' : 'more than'} ${issue.minimum}`
  }
  if (issue.path[0] === 'n_clusters') return 'a whole number from 1 to 50, or auto'
  if (issue.code === 'too_big') return `${issue.inclusive === true ? 'at most' : 'less than'} ${issue.maximum}`
  return issue.path[0] === 'holiday_country' ? 'a country code of two capital letters' : 'of another kind'
}

const describe = (value: unknown): string => {
  if (value === undefined || value === null) return 'empty'
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value)
}

const assertOrdered = (config: AnalysisConfig): void => {
  const { high_risk_threshold: high, very_high_risk_threshold: veryHigh } = config
  if (veryHigh < high) throw outOfOrder(`very_high_risk_threshold ${veryHigh} lies below high_risk_threshold ${high}.`)
  for (const key of ['metric_thresholds', 'criticality_thresholds'] as const) {
    for (const [name, thresholds] of Object.entries(config[key])) {
      if (thresholds.very_high >= thresholds.high) continue
      throw outOfOrder(`In ${key}, very_high ${thresholds.very_high} of ${name} lies below its high ${thresholds.high}.`)
    }
  }
}

const outOfOrder = (sentence: string): HeadroomError =>
  new HeadroomError('config-invalid', sentence, { next: 'Raise the one or lower the other.' })
