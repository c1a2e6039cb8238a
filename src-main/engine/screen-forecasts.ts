// Refuses what no analysis can be made of: no rows, missing keys, unreadable times, infinite values, rows given twice.
import { z } from 'zod'
import { identifier, type Database } from '../database/database.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import type { ColumnRole } from '../../src-shared/forecast-roles.ts'
import { fixedPointFor, type FixedPoint } from './fixed-point.ts'
import { damagedFile, type ForecastExpressions, type ForecastSource } from './forecast-source.ts'
import { parquetRelation } from './source-files.ts'

export interface Screening {
  readonly rows: number
  readonly fixedPoint: FixedPoint
  /** No prediction and no measured value of the set lies outside 0..100. */
  readonly isWithinPercent: boolean
}

/** Beyond it no value is a measurement, and squares of it are infinite. */
export const greatestValue = 1e100

export const valueRoles = ['predicted', 'actual', 'yhat_lower', 'yhat_upper'] as const

const shownRoles = ['predicted', 'actual'] as const

/** SQL over the extremes of some columns; a column without values is within. NaN is greater than all. */
const withinPercent = (extremes: readonly (readonly [least: string, greatest: string])[]): string =>
  extremes.map(([least, greatest]) => `coalesce(${least} >= 0 AND ${greatest} <= 100, true)`).join(' AND ')

const screeningSchema = z.object({
  rows: z.number(),
  null_servers: z.number(),
  null_times: z.number(),
  /** Times that could not be read, or are infinite. */
  has_bad_times: z.boolean(),
  greatest: z.number().nullable(),
  is_within_percent: z.boolean(),
})

/**
 * Asks first what the files' own statistics can answer, without reading a page; where they leave a doubt, reads the set once, and a second
 * time only to count what is to be refused. Reads `source`.
 */
export const screenForecasts = async (database: Database, source: ForecastSource): Promise<Screening> => {
  const found = (await screenStatistics(database, source)) ?? (await screenRows(database, source))
  if (found.rows === 0) {
    throw new HeadroomError('input-empty', `${source.name} has no rows.`, { next: 'Check the pipeline that writes it.' })
  }
  await refuseNull(database, source, 'server_id', found.null_servers)
  await refuseNull(database, source, 'timestamp', found.null_times)
  if (found.has_bad_times) await refuseTimes(database, source, identifier(source.columns.timestamp.column))
  if ((found.greatest ?? 0) > greatestValue) await refuseInfinite(database, source)
  return { rows: found.rows, fixedPoint: fixedPointFor(found.greatest ?? 0), isWithinPercent: found.is_within_percent }
}

/** Plain columns, whose counts and extremes DuckDB takes from the footers where they are there. `undefined` where anything looks wrong. */
const screenStatistics = async (
  database: Database,
  { columns, files, name }: ForecastSource,
): Promise<z.infer<typeof screeningSchema> | undefined> => {
  if (columns.timestamp.type === 'VARCHAR') return undefined
  const time = identifier(columns.timestamp.column)
  const values = valueRoles.flatMap((role) => columns[role] ?? []).map(({ column }) => identifier(column))
  const shown = shownRoles.flatMap((role) => columns[role] ?? []).map(({ column }) => identifier(column))
  const found = await database
    .row(
      `SELECT CAST(count(*) AS DOUBLE) AS rows,
              CAST(count(*) - count(${identifier(columns.server_id.column)}) AS DOUBLE) AS null_servers,
              CAST(count(*) - count(${time}) AS DOUBLE) AS null_times,
              NOT coalesce(isfinite(min(${time})) AND isfinite(max(${time})), false) AS has_bad_times,
              ${withinPercent(shown.map((value) => [`CAST(min(${value}) AS DOUBLE)`, `CAST(max(${value}) AS DOUBLE)`]))} AS is_within_percent,
              least(greatest(${values.map((value) => `CAST(max(${value}) AS DOUBLE), -CAST(min(${value}) AS DOUBLE)`).join(', ')}), ${2 * greatestValue}) AS greatest
       FROM source`,
      screeningSchema,
    )
    .catch((cause: unknown) => {
      throw damagedFile(files, name, cause)
    })
  const isSound = found.rows > 0 && found.null_servers === 0 && found.null_times === 0 && !found.has_bad_times
  return isSound && (found.greatest ?? 0) <= greatestValue ? found : undefined
}

const screenRows = async (database: Database, source: ForecastSource): Promise<z.infer<typeof screeningSchema>> => {
  const { server_id, ts } = source.expressions
  const timeColumn = identifier(source.columns.timestamp.column)
  const pass = database.row(
    `SELECT CAST(count(*) AS DOUBLE) AS rows,
            CAST(count(*) - count(${server_id}) AS DOUBLE) AS null_servers,
            CAST(count(*) - count(${timeColumn}) AS DOUBLE) AS null_times,
            coalesce(count(${ts}) < count(${timeColumn}) OR NOT isfinite(min(${ts})) OR NOT isfinite(max(${ts})), false) AS has_bad_times,
            ${withinPercent(shownRoles.map((role) => [`min(${source.expressions[role]})`, `max(${source.expressions[role]})`]))} AS is_within_percent,
            -- Kept finite: an infinite value does not pass the row's check.
            least(greatest(${valueRoles.map((role) => `max(abs(${source.expressions[role]}))`).join(', ')}), ${2 * greatestValue}) AS greatest
     FROM source`,
    screeningSchema,
  )
  return pass.catch((cause: unknown) => {
    throw damagedFile(source.files, source.name, cause)
  })
}

/** "COLUMN of FILE", with the first of several files whose rows meet the condition. */
const placeOf = async (database: Database, source: ForecastSource, role: ColumnRole, condition: string): Promise<string> => {
  const place = `Column ${source.columns[role]!.column} of ${source.name}`
  if (source.files.length === 1) return place
  const { path } = await database.row(
    `SELECT min(CAST(filename AS VARCHAR)) AS path FROM ${parquetRelation(source.files)} AS source WHERE ${condition}`,
    z.object({ path: z.string().nullable() }),
  )
  const file = source.files.find((candidate) => candidate.path === path)
  return file === undefined ? place : `${place} (first in ${file.name})`
}

const many = (count: number, one: string, more: string): string => `${count.toLocaleString('en-US')} ${count === 1 ? one : more}`

const refuseInfinite = async (database: Database, source: ForecastSource): Promise<never> => {
  const isTooGreat = (role: ColumnRole & keyof ForecastExpressions): string => `abs(${source.expressions[role]}) > ${greatestValue}`
  const counts = await database.row(
    `SELECT ${valueRoles.map((role) => `CAST(count(*) FILTER (WHERE ${isTooGreat(role)}) AS DOUBLE) AS ${role}`).join(', ')} FROM source`,
    z.object({ predicted: z.number(), actual: z.number(), yhat_lower: z.number(), yhat_upper: z.number() }),
  )
  const role = valueRoles.find((candidate) => counts[candidate] > 0)!
  const place = await placeOf(database, source, role, isTooGreat(role))
  throw new HeadroomError(
    'input-infinite',
    `${place} holds ${many(counts[role], 'value that is', 'values that are')} infinite or beyond ${greatestValue}.`,
    {
      next: 'Write an empty value where the forecast failed.',
    },
  )
}

const refuseNull = async (database: Database, source: ForecastSource, role: 'server_id' | 'timestamp', count: number): Promise<void> => {
  if (count === 0) return
  const place = await placeOf(database, source, role, `${identifier(source.columns[role].column)} IS NULL`)
  throw new HeadroomError('input-null-key', `${place} is empty in ${many(count, 'row', 'rows')}.`, {
    next: `Every row needs a ${role}; fill it in or drop the rows.`,
  })
}

const refuseTimes = async (database: Database, source: ForecastSource, timeColumn: string): Promise<never> => {
  const { ts } = source.expressions
  const isBad = `${timeColumn} IS NOT NULL AND (${ts} IS NULL OR NOT isfinite(${ts}))`
  const { count, examples } = await database.row(
    `SELECT CAST(count(*) AS DOUBLE) AS count,
            (SELECT string_agg('"' || text || '"', ', ' ORDER BY text) FROM (SELECT DISTINCT CAST(${timeColumn} AS VARCHAR) AS text FROM source WHERE ${isBad} ORDER BY text LIMIT 3)) AS examples
     FROM source WHERE ${isBad}`,
    z.object({ count: z.number(), examples: z.string() }),
  )
  const place = await placeOf(database, source, 'timestamp', isBad)
  throw new HeadroomError(
    'input-time-unreadable',
    `${place} holds ${many(count, 'unreadable time', 'unreadable times')}, for instance ${examples}.`,
    {
      next: 'Write times as ISO 8601, for instance 2026-03-31T00:00:00Z.',
    },
  )
}
