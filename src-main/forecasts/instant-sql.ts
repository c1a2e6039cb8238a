// SQL for the instant that a value of any temporal type means.
import { identifier } from '../database/database.ts'
import type { ForecastColumn } from './forecast-columns.ts'

/** ISO text, with or without offset, as a time in UTC without zone; a plain cast would drop the offset silently. NULL where it is unreadable. */
export const instantTextSql = (text: string): string => `CAST(TRY_CAST(${text} AS TIMESTAMPTZ) AS TIMESTAMP)`

/** A time in UTC without zone. */
export const instantSql = (column: ForecastColumn): string => {
  const name = identifier(column.column)
  return column.type === 'VARCHAR' ? instantTextSql(name) : `CAST(${name} AS TIMESTAMP)`
}
