// Describes an invalid value in plain words: the key, the expected value and, of settings, the actual one.
import type { ZodError } from 'zod'

/** For example "key must be a number, not \"x\""; without a full stop. */
export const describeValidationIssue = (input: Readonly<Record<string, unknown>>, cause: ZodError): string => {
  const issue = tellingIssue(cause)
  const value = issue.path.reduce<unknown>((inner, part) => (inner as Record<PropertyKey, unknown> | undefined)?.[part], input)
  const rule = describeRule(issue, issue.path.join('.'))
  return issue.code === 'unrecognized_keys' ? rule : `${rule}, not ${describeActual(value)}`
}

const maxKeyLength = 80

/** For example "rows.from must be a number", without the value, which may be of any size; without a full stop. */
export const describeValidationRule = (cause: ZodError): string => {
  const issue = tellingIssue(cause)
  const key = issue.path.map(String).join('.').slice(0, maxKeyLength)
  return describeRule(issue, key === '' ? 'it' : key)
}

/** A misspelt key is more helpful than the missing one. */
const tellingIssue = ({ issues }: ZodError): Issue => issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]!

const describeRule = (issue: Issue, key: string): string =>
  issue.code === 'unrecognized_keys'
    ? `${key === '' ? 'keys do not include' : `${key} has no part`} ${issue.keys.join(', ').slice(0, maxKeyLength)}`
    : `${key} must be ${describeExpected(issue)}`

type Issue = ZodError['issues'][number]

const typeLabels: Readonly<Record<string, string>> = {
  number: 'a number',
  int: 'a whole number',
  string: 'text',
  array: 'a list',
  object: 'a group of keys',
  record: 'a group of keys',
  tuple: 'a list',
  boolean: 'true or false',
  nonoptional: 'stated',
  Uint8Array: 'bytes',
}

/** Values of which the schema knows a form, or several. */
const forms: Readonly<Record<string, string>> = {
  n_clusters: 'a whole number from 1 to 50, or auto',
  holiday_country: 'a country code of two capital letters',
  time_zone: 'a time zone such as Europe/Berlin',
  batch_step: 'a step such as D, H or 5min',
  date_format: 'day-first, month-first, excel or a format such as %d.%m.%Y',
}

const maxNamedValues = 20

const describeExpected = (issue: Issue): string => {
  if (issue.code === 'invalid_type') return typeLabels[issue.expected] ?? issue.expected
  if (issue.code === 'too_small') {
    if (issue.origin === 'string') return 'text that is not empty'
    if (issue.origin === 'array') return 'a list that is not empty'
    return `${issue.inclusive === true ? 'at least' : 'more than'} ${issue.minimum}`
  }
  const form = forms[String(issue.path[0])]
  if (form !== undefined) return form
  if (issue.code === 'too_big') return `${issue.inclusive === true ? 'at most' : 'less than'} ${issue.maximum}`
  if (issue.code === 'invalid_value') {
    return issue.values.length > maxNamedValues ? `one of ${issue.values.length} known values` : issue.values.map(String).join(' or ')
  }
  return 'of another kind'
}

const describeActual = (value: unknown): string => {
  if (value === undefined || value === null) return 'empty'
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value)
}
