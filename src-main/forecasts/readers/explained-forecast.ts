// BigQuery's ML.EXPLAIN_FORECAST: one column holds what was measured and, in later rows, what is forecast; another says which of them.
import { plainName } from '../forecast-columns.ts'
import { foundKeys, groupRoles, type Reader, type SourceColumn } from './layout.ts'

export const readExplainedForecast: Reader = (input) => {
  const named = (name: string): SourceColumn | undefined => input.columns.find(({ column }) => plainName(column) === name)
  const [kind, data] = [named('time_series_type'), named('time_series_data')]
  if (kind === undefined || data === undefined) return undefined
  const dataOf = (word: string): SourceColumn => ({ ...data, sql: `CASE WHEN lower(trim(${kind.sql})) = '${word}' THEN ${data.sql} END` })
  const { keys, roles, candidates } = foundKeys(input)
  const { yhat_lower: lower, yhat_upper: upper } = input.found
  const groups = [
    {
      predicted: dataOf('forecast'),
      actual: dataOf('history'),
      ...(lower === undefined ? {} : { yhat_lower: lower.column }),
      ...(upper === undefined ? {} : { yhat_upper: upper.column }),
      quantiles: [],
    },
  ]
  return { reader: 'explained-forecast', keys, groups, roles: [...roles, ...groupRoles(groups)], candidates }
}
