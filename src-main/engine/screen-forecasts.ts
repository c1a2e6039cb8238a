// Refuses what no analysis can be made of: no rows, missing keys, unreadable times, infinite values, rows given twice.
import { z } from 'zod'
import { identifier, type Database } from '../database/database.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import { fixedPointFor, type FixedPoint } from './fixed-point.ts'
import type { ForecastSource } from './forecast-source.ts'

export interface Screening {
  readonly rows: number
  readonly fixedPoint: FixedPoint
}

/** Beyond it no value is a measurement, and squares of it are infinite. */
const greatestValue = 1e100

const valueRoles = ['predicted', 'actual', 'yhat_lower', 'yhat_upper'] as const

const screeningSchema = z.object({
  rows: z.number(),
  null_servers: z.number(),
  null_times: z.number(),
  /** Times that could not be read, or are infinite. */
  has_bad_times: z.boolean(),
  greatest: z.number().nullable(),
})

/** One pass over the set; a second one only to count what is to be refused. Reads `source`. */
export const screenForecasts = async (database: Database, source: ForecastSource): Promise<Screening> => {
  const { server_id, ts } = source.expressions
  const timeColumn = identifier(source.columns.timestamp.column)
  const found = await database.row(
    `SELECT CAST(count(*) AS DOUBLE) AS rows,
            CAST(count(*) - count(${server_id}) AS DOUBLE) AS null_servers,
            CAST(count(*) - count(${timeColumn}) AS DOUBLE) AS null_times,
            coalesce(count(${ts}) < count(${timeColumn}) OR NOT isfinite(min(${ts})) OR NOT isfinite(max(${ts})), false) AS has_bad_times,
            greatest(${valueRoles.map((role) => `max(abs(${source.expressions[role]}))`).join(', ')}) AS greatest
     FROM source`,
    screeningSchema,
  )
  if (found.rows === 0) {
    throw new HeadroomError('input-empty', `${source.name} has no rows.`, { next: 'Check the pipeline that writes it.' })
  }
  refuseNull(source, 'server_id', found.null_servers)
  refuseNull(source, 'timestamp', found.null_times)
  if (found.has_bad_times) await refuseTimes(database, source, timeColumn)
  if ((found.greatest ?? 0) > greatestValue) await refuseInfinite(database, source)
  return { rows: found.rows, fixedPoint: fixedPointFor(found.greatest ?? 0) }
}

const refuseInfinite = async (database: Database, source: ForecastSource): Promise<never> => {
  const counts = await database.row(
    `SELECT ${valueRoles.map((role) => `CAST(count(*) FILTER (WHERE abs(${source.expressions[role]}) > ${greatestValue}) AS DOUBLE) AS ${role}`).join(', ')} FROM source`,
    z.object({ predicted: z.number(), actual: z.number(), yhat_lower: z.number(), yhat_upper: z.number() }),
  )
  const role = valueRoles.find((candidate) => counts[candidate] > 0)!
  throw new HeadroomError(
    'input-infinite',
    `Column ${source.columns[role]!.column} of ${source.name} holds ${counts[role]} infinite ${counts[role] === 1 ? 'value' : 'values'} (or greater than ${greatestValue}).`,
    { next: 'Write an empty value where the forecast failed.' },
  )
}

const refuseNull = (source: ForecastSource, role: 'server_id' | 'timestamp', count: number): void => {
  if (count === 0) return
  throw new HeadroomError('input-null-key', `Column ${source.columns[role].column} of ${source.name} is empty in ${count} of its rows.`, {
    next: `Every row needs a ${role}; fill it in or drop the rows.`,
  })
}

const refuseTimes = async (database: Database, source: ForecastSource, timeColumn: string): Promise<never> => {
  const { ts } = source.expressions
  const bad = `FROM source WHERE ${timeColumn} IS NOT NULL AND (${ts} IS NULL OR NOT isfinite(${ts}))`
  const { count, examples } = await database.row(
    `SELECT CAST(count(*) AS DOUBLE) AS count,
            (SELECT string_agg('"' || text || '"', ', ' ORDER BY text) FROM (SELECT DISTINCT CAST(${timeColumn} AS VARCHAR) AS text ${bad} ORDER BY text LIMIT 3)) AS examples
     ${bad}`,
    z.object({ count: z.number(), examples: z.string() }),
  )
  throw new HeadroomError(
    'input-time-unreadable',
    `Column ${source.columns.timestamp.column} of ${source.name} holds ${count} unreadable ${count === 1 ? 'time' : 'times'}, for instance ${examples}.`,
    { next: 'Write times as ISO 8601, for instance 2026-03-31T00:00:00Z.' },
  )
}
