// SQL for the canonical value of a column of any type: names, instants, numbers.
import { isBinary, plainName, type ForecastColumn } from './forecast-columns.ts'

/**
 * Zone names that mean one offset all over the world, for a search by `|NAME=`; what is not found gives the first signs, which are no offset.
 * CST, IST or BST mean several: DuckDB and Spark would take one of them.
 */
const zoneOffsets =
  '########|WET=+00:00|WEST=+01:00|CET=+01:00|CEST=+02:00|EET=+02:00|EEST=+03:00|MSK=+03:00|EDT=-04:00|MDT=-06:00|PDT=-07:00' +
  '|AKDT=-08:00|AKST=-09:00|HKT=+08:00|SGT=+08:00|JST=+09:00|KST=+09:00|AEST=+10:00|AEDT=+11:00|NZST=+12:00|NZDT=+13:00'
const zoneName = '[A-Za-z]{2,5}$'

/** ISO text, with or without offset, as a time in UTC without zone; a plain cast would drop the offset silently. NULL where it is unreadable. */
export const instantTextSql = (text: string): string => {
  const cast = (iso: string): string => `CAST(TRY_CAST(${iso} AS TIMESTAMPTZ) AS TIMESTAMP)`
  const key = `('|' || upper(regexp_extract(${text}, '${zoneName}', 0)) || '=')`
  const offset = `substr('${zoneOffsets}', instr('${zoneOffsets}', ${key}) + length(${key}), 6)`
  const isNamed = `regexp_matches(${text}, '[0-9] ?${zoneName}') AND NOT regexp_matches(${text}, '(?i)(UTC|GMT)$')`
  return `CASE WHEN ${isNamed} THEN ${cast(`regexp_replace(${text}, ' ?${zoneName}', '') || ${offset}`)} ELSE ${cast(text)} END`
}

/** `value`: SQL of the column. A time in UTC without zone. */
export const instantSql = ({ type }: ForecastColumn, value: string): string => {
  if (type === 'VARCHAR') return instantTextSql(value)
  return `CAST(${value} AS TIMESTAMP)`
}

/** SQL for microseconds out of a number since 1970: seconds, or thousandths, millionths or billionths of one, by its size. */
export const epochMicrosSql = (value: string): string =>
  `CAST(${value} * CASE WHEN ${value} < 1e11 THEN 1e6 WHEN ${value} < 1e14 THEN 1e3 WHEN ${value} < 1e17 THEN 1 ELSE 1e-3 END AS BIGINT)`

export const nameSql = (column: ForecastColumn, value: string): string =>
  isBinary(column) ? `decode(${value})` : `CAST(${value} AS VARCHAR)`

/**
 * Snowflake writes the names of its series in quotes where they were of type VARIANT; Datadog writes tags, `host:web-1`. `host:9100` is a
 * name and a port. `name`: SQL of text.
 */
export const serverNameSql = ({ column }: Pick<ForecastColumn, 'column'>, name: string): string => {
  const plain = plainName(column)
  if (plain === 'series') return `CASE WHEN regexp_matches(${name}, '^".+"$') THEN substr(${name}, 2, length(${name}) - 2) ELSE ${name} END`
  return plain === 'host' ? `CASE WHEN regexp_matches(${name}, '^host:.*[^0-9]') THEN substr(${name}, 6) ELSE ${name} END` : name
}

/**
 * A value of which NaN counts as NULL: in DuckDB NaN is greater than every threshold. Compared with NaN, DuckDB would trust the minimum
 * and maximum in the footers, which leave NaN out, and drop the comparison.
 */
export const withoutNanSql = (value: string): string => `CASE WHEN isnan(${value}) THEN NULL ELSE ${value} END`

export const numberSql = ({ type }: ForecastColumn, value: string): string => {
  const number = `CAST(${value} AS DOUBLE)`
  return /^(FLOAT|DOUBLE)$/.test(type) ? withoutNanSql(number) : number
}
