// SQL for the canonical value of a column of any type: names, instants, numbers.
import { isBinary, plainName, type ForecastColumn } from './forecast-columns.ts'

/** ISO text, with or without offset, as a time in UTC without zone; a plain cast would drop the offset silently. NULL where it is unreadable. */
export const instantTextSql = (text: string): string => `CAST(TRY_CAST(${text} AS TIMESTAMPTZ) AS TIMESTAMP)`

/** `value`: SQL of the column. A time in UTC without zone. */
export const instantSql = ({ type }: ForecastColumn, value: string): string =>
  type === 'VARCHAR' ? instantTextSql(value) : `CAST(${value} AS TIMESTAMP)`

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
