// Refuses what no analysis can be made of: no rows, missing keys, unreadable times, infinite values, rows given twice.
import { z } from 'zod'
import type { Database } from '../database/database.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import { fixedPointFor, type FixedPoint } from './fixed-point.ts'
import type { ForecastSource } from './forecast-source.ts'

export interface Screening {
  readonly rows: number
  readonly fixedPoint: FixedPoint
}

const valueRoles = ['predicted', 'actual', 'yhat_lower', 'yhat_upper'] as const

const screeningSchema = z.object({
  rows: z.number(),
  null_servers: z.number(),
  unread_times: z.number(),
  null_times: z.number(),
  greatest: z.number().nullable(),
  infinite_predicted: z.number(),
  infinite_actual: z.number(),
  infinite_yhat_lower: z.number(),
  infinite_yhat_upper: z.number(),
})

/** One pass over the set. Reads `source` and `forecast_rows`. */
export const screenForecasts = async (database: Database, source: ForecastSource): Promise<Screening> => {
  const { server_id, ts } = source.expressions
  const timeColumn = `"${source.columns.timestamp.column.replaceAll('"', '""')}"`
  const finite = (role: (typeof valueRoles)[number]): string =>
    `max(abs(${source.expressions[role]})) FILTER (WHERE NOT isinf(${source.expressions[role]}))`
  const found = await database.row(
    `SELECT CAST(count(*) AS DOUBLE) AS rows,
            CAST(count(*) - count(${server_id}) AS DOUBLE) AS null_servers,
            CAST(count(*) - count(${timeColumn}) AS DOUBLE) AS null_times,
            CAST(count(*) FILTER (WHERE ${timeColumn} IS NOT NULL AND (${ts} IS NULL OR NOT isfinite(${ts}))) AS DOUBLE) AS unread_times,
            greatest(${valueRoles.map(finite).join(', ')}) AS greatest,
            ${valueRoles.map((role) => `CAST(count(*) FILTER (WHERE isinf(${source.expressions[role]})) AS DOUBLE) AS infinite_${role}`).join(', ')}
     FROM source`,
    screeningSchema,
  )
  if (found.rows === 0) {
    throw new HeadroomError('input-empty', `${source.name} has no rows.`, { next: 'Check the pipeline that writes it.' })
  }
  refuseNull(source, 'server_id', found.null_servers)
  refuseNull(source, 'timestamp', found.null_times)
  if (found.unread_times > 0) await refuseTimes(database, source, timeColumn, found.unread_times)
  for (const role of valueRoles) {
    const count = found[`infinite_${role}`]
    if (count > 0) {
      throw new HeadroomError(
        'input-infinite',
        `Column ${source.columns[role]!.column} of ${source.name} holds ${count} infinite ${count === 1 ? 'value' : 'values'}.`,
        { next: 'Write an empty value where the forecast failed.' },
      )
    }
  }
  return { rows: found.rows, fixedPoint: fixedPointFor(found.greatest ?? 0, found.rows) }
}

const refuseNull = (source: ForecastSource, role: 'server_id' | 'timestamp', count: number): void => {
  if (count === 0) return
  throw new HeadroomError(
    'input-null-key',
    `Column ${source.columns[role].column} of ${source.name} is empty in ${count} of its rows.`,
    { next: `Every row needs a ${role}; fill it in or drop the rows.` },
  )
}

const refuseTimes = async (
  database: Database,
  source: ForecastSource,
  timeColumn: string,
  count: number,
): Promise<never> => {
  const examples = await database.rows(
    `SELECT DISTINCT CAST(${timeColumn} AS VARCHAR) AS text FROM source
     WHERE ${timeColumn} IS NOT NULL AND (${source.expressions.ts} IS NULL OR NOT isfinite(${source.expressions.ts}))
     ORDER BY text LIMIT 3`,
    z.object({ text: z.string() }),
  )
  throw new HeadroomError(
    'input-time-unreadable',
    `Column ${source.columns.timestamp.column} of ${source.name} holds ${count} unreadable ${
      count === 1 ? 'time' : 'times'
    }, for instance ${examples.map(({ text }) => `"${text}"`).join(', ')}.`,
    { next: 'Write times as ISO 8601, for instance 2026-03-31T00:00:00Z.' },
  )
}
