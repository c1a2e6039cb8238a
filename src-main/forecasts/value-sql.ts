// SQL for the canonical value of a column of any type: names, instants, numbers.
import { isBinary, isEpochType, plainName, type ForecastColumn } from './forecast-columns.ts'

/** ISO text, with or without offset, as a time in UTC without zone; a plain cast would drop the offset silently. NULL where it is unreadable. */
export const instantTextSql = (text: string): string => `CAST(TRY_CAST(${text} AS TIMESTAMPTZ) AS TIMESTAMP)`

/** `value`: SQL of the column. A time in UTC without zone. */
export const instantSql = ({ type }: ForecastColumn, value: string): string => {
  if (type === 'VARCHAR') return instantTextSql(value)
  // A smaller number is a day such as 20260530, or counts something else.
  if (isEpochType(type)) return `CASE WHEN ${value} >= 100000000 THEN make_timestamp(${epochMicrosSql(`CAST(${value} AS DOUBLE)`)}) END`
  return `CAST(${value} AS TIMESTAMP)`
}

/** SQL for microseconds out of a number since 1970: seconds, or thousandths, millionths or billionths of one, by its size. */
export const epochMicrosSql = (value: string): string =>
  `CAST(${value} * CASE WHEN ${value} < 1e11 THEN 1e6 WHEN ${value} < 1e14 THEN 1e3 WHEN ${value} < 1e17 THEN 1 ELSE 1e-3 END AS BIGINT)`

export const nameSql = (column: ForecastColumn, value: string): string =>
  isBinary(column) ? `decode(${value})` : `CAST(${value} AS VARCHAR)`

/** Snowflake writes the names of its series in quotes where they were of type VARIANT. `name`: SQL of text. */
export const serverNameSql = ({ column }: Pick<ForecastColumn, 'column'>, name: string): string =>
  plainName(column) === 'series'
    ? `CASE WHEN regexp_matches(${name}, '^".+"$') THEN substr(${name}, 2, length(${name}) - 2) ELSE ${name} END`
    : name

/**
 * A value of which NaN counts as NULL: in DuckDB NaN is greater than every threshold. Compared with NaN, DuckDB would trust the minimum
 * and maximum in the footers, which leave NaN out, and drop the comparison.
 */
export const withoutNanSql = (value: string): string => `CASE WHEN isnan(${value}) THEN NULL ELSE ${value} END`

export const numberSql = ({ type }: ForecastColumn, value: string): string => {
  const number = `CAST(${value} AS DOUBLE)`
  return /^(FLOAT|DOUBLE)$/.test(type) ? withoutNanSql(number) : number
}
