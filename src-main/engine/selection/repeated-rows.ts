// Rejects forecasts with more than one row for a key: server, metric, model and time.
import { z } from 'zod'
import { literal, type Database } from '../../database/database.ts'
import type { ForecastDataset } from '../../forecasts/forecast-dataset.ts'
import type { TimeGrid } from '../../forecasts/time-grid.ts'
import { validationError, validationMessages } from '../../forecasts/validation-rules.ts'

/** SQL of an aggregate: the order of the times does not matter, and a time that occurs twice cancels itself out. */
export const timesHashSql = 'bit_xor(hash(ts))'

/** Time slots per bitmap; a longer series takes several. */
const slotsPerBitmap = 4096

/**
 * Throws input-duplicate-rows. Most series have every time of the longest one between their first and their last: as many rows as there are
 * such times, and the same hash of them, are then proof enough (64 bits). Only the rows of other series are read again. Reads `series_models`, `forecast_rows`.
 */
export const rejectRepeatedRows = async (database: Database, dataset: ForecastDataset, grid: TimeGrid): Promise<void> => {
  await database.run(`CREATE OR REPLACE TABLE repeat_suspects AS ${suspectsQuery(await findLongestServer(database))}`)
  const { suspects } = await database.row(
    'SELECT CAST(count(*) AS DOUBLE) AS suspects FROM repeat_suspects',
    z.object({ suspects: z.number() }),
  )
  if (suspects > 0) await rejectRepeatsOfSuspects(database, dataset, grid)
  await database.run('DROP TABLE repeat_suspects')
}

const findLongestServer = async (database: Database): Promise<string> => {
  const { server } = await database.row(
    `SELECT coalesce(arg_max(server_id, (row_count, server_id)), '') AS server FROM series_models`,
    z.object({ server: z.string() }),
  )
  return server
}

/** SQL for the series that are not known to have each time once. */
const suspectsQuery = (longestServer: string): string => `
    WITH times AS (
      SELECT ts, row_number() OVER by_time AS number, ${timesHashSql} OVER by_time AS times_hash
      FROM (SELECT DISTINCT ts FROM forecast_rows WHERE server_id = ${literal(longestServer)})
      WINDOW by_time AS (ORDER BY ts ROWS UNBOUNDED PRECEDING)
    )
    SELECT m.server_id, m.metric, m.model
    FROM series_models m LEFT JOIN times f ON f.ts = m.first_at LEFT JOIN times l ON l.ts = m.last_at
    WHERE NOT coalesce(m.row_count = l.number - f.number + 1 AND m.times_hash = xor(xor(l.times_hash, f.times_hash), hash(f.ts)), false)`

/** Bitmaps of the slots find the series with fewer slots than rows; their rows are counted, since two in a slot may have different times. */
const rejectRepeatsOfSuspects = async (database: Database, dataset: ForecastDataset, grid: TimeGrid): Promise<void> => {
  const slotsSince = slotsBetween(grid.stepSeconds)
  const span = await database.row(
    `SELECT CAST(epoch_us(min(first_at)) AS VARCHAR) AS first_us, CAST(${slotsSince('min(first_at)', 'max(last_at)')} + 1 AS DOUBLE) AS slots
     FROM series_models`,
    z.object({ first_us: z.string(), slots: z.number() }),
  )
  const width = Math.min(slotsPerBitmap, span.slots)
  const repeated = await database.rows(
    `WITH filled AS (
       SELECT server_id, metric, model, count(*) AS row_count,
              bit_count(bitstring_agg(CAST(slot % ${width} AS INTEGER), 0, ${width - 1})) AS filled_slots
       FROM (
         SELECT server_id, metric, model, ${slotsSince(`make_timestamp(${span.first_us})`, 'ts')} AS slot
         FROM forecast_rows SEMI JOIN repeat_suspects USING (server_id, metric, model)
       ) GROUP BY server_id, metric, model, slot // ${width}
     ), repeating AS MATERIALIZED (
       SELECT DISTINCT server_id, metric, model FROM filled WHERE filled_slots < row_count
     ), repeated AS (
       SELECT server_id, metric, model, ts FROM forecast_rows SEMI JOIN repeating USING (server_id, metric, model)
       GROUP BY server_id, metric, model, ts HAVING count(*) > 1
     )
     SELECT server_id, metric, model, strftime(ts, ${literal('%Y-%m-%dT%H:%M:%SZ')}) AS at,
            CAST(count(*) OVER () AS DOUBLE) AS total
     FROM repeated ORDER BY server_id, metric, model, ts LIMIT 3`,
    z.object({ server_id: z.string(), metric: z.string(), model: z.string(), at: z.string(), total: z.number() }),
  )
  const [first] = repeated
  if (first === undefined) return
  const examples = repeated.map((row) => `${row.server_id}, ${row.metric}, ${row.model} at ${row.at}`).join('; ')
  throw validationError(
    'input-duplicate-rows',
    validationMessages.repeatedRows(dataset.name, dataset.columns, `${first.total} ${first.total === 1 ? 'key' : 'keys'}`, examples),
  )
}

/** SQL for the steps from one time to another. DuckDB computes `date_diff` once per value of a dictionary, unlike a division of each row's time. */
const slotsBetween = (stepSeconds: number): ((from: string, to: string) => string) => {
  const [unit, seconds] = (
    [
      ['day', 86_400],
      ['hour', 3600],
    ] as const
  ).find((entry) => stepSeconds % entry[1] === 0) ?? ['second', 1]
  const steps = stepSeconds / seconds
  return (from, to) => {
    const difference = `date_diff('${unit}', ${from}, ${to})`
    return steps === 1 ? difference : `${difference} // ${steps}`
  }
}
