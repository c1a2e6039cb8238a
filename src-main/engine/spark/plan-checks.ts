// What a Spark job refuses, as the engine does: each check is a query on a step, with the sentence and the next step for whoever launched it.
import { identifier, literal } from '../../database/database.ts'
import { commonestStepQuery, type TimeGrid } from '../../forecasts/detect-granularity.ts'
import type { MappedColumns } from '../../forecasts/forecast-columns.ts'
import type { ForecastExpressions } from '../../forecasts/forecast-dataset.ts'
import { maxMagnitude, valueRoles } from '../../forecasts/validate-forecasts.ts'

/** `{found}` and `{example}` in the sentence stand for what the query finds. */
export interface PlanCheck {
  /** Step that it is asked after. */
  readonly after: string
  /** One row: `found`, a count that must be 0, and `example`, a text or NULL. */
  readonly sql: string
  readonly message: string
  readonly next: string
}

/** SQL for one row of counts, in one reading of the set. Reads `source`. */
export const validationQuery = (columns: MappedColumns, expressions: ForecastExpressions): string => {
  const time = identifier(columns.timestamp.column)
  const tooLarge = valueRoles.map((role) => `coalesce(abs(${expressions[role]}) > ${maxMagnitude}, false)`).join(' OR ')
  return `
    SELECT count(*) AS row_count, count(*) - count(${expressions.server_id}) AS null_servers, count(*) - count(${time}) AS null_times,
           count(${time}) - count(${expressions.ts}) AS unreadable_times, count(CASE WHEN ${tooLarge} THEN 1 END) AS too_great
    FROM source`
}

const rowHash = 'hash(server_id, metric, model, ts)'

/** SQL for what may be rows given twice: eight bytes a row are compared, not whole keys. */
export const suspectedRowsQuery = `SELECT ${rowHash} AS row_hash FROM forecast_rows GROUP BY ${rowHash} HAVING count(*) > 1`

/** SQL for what is: the suspects alone, exactly. */
export const repeatedRowsQuery = `
  SELECT server_id, metric, model, ts FROM forecast_rows SEMI JOIN suspects ON ${rowHash} = row_hash
  GROUP BY server_id, metric, model, ts HAVING count(*) > 1`

/** Spark's own step between times, for it to be compared with the one that the plan was made for. */
export const stepQuery = commonestStepQuery

export const planChecks = (columns: MappedColumns, grid: TimeGrid, forcedModel: string | undefined): PlanCheck[] => {
  const validationCheck = (column: string, message: string, next: string): PlanCheck => ({
    after: 'screening',
    sql: `SELECT ${column} AS found, CAST(NULL AS VARCHAR) AS example FROM screening`,
    message,
    next,
  })
  return [
    {
      ...validationCheck('row_count', 'The set has no rows.', 'Check the pipeline that writes it.'),
      sql: 'SELECT CASE WHEN row_count = 0 THEN 1 ELSE 0 END AS found, CAST(NULL AS VARCHAR) AS example FROM screening',
    },
    validationCheck(
      'null_servers',
      `Column ${columns.server_id.column} is empty in {found} rows.`,
      'Every row needs a server_id; fill it in or drop the rows.',
    ),
    validationCheck(
      'null_times',
      `Column ${columns.timestamp.column} is empty in {found} rows.`,
      'Every row needs a timestamp; fill it in or drop the rows.',
    ),
    validationCheck(
      'unreadable_times',
      `Column ${columns.timestamp.column} holds {found} unreadable times.`,
      'Write times as ISO 8601, for instance 2026-03-31T00:00:00Z.',
    ),
    validationCheck(
      'too_great',
      `{found} rows hold values that are infinite or beyond ${maxMagnitude}.`,
      'Write an empty value where the forecast failed.',
    ),
    {
      after: 'usual_step',
      sql: `SELECT count(*) AS found, max(CAST(CAST(step AS BIGINT) AS VARCHAR)) AS example FROM usual_step WHERE step <> ${grid.stepSeconds}`,
      message: `The set's times step by {example} seconds, but those of the files that were looked at by ${grid.stepSeconds}.`,
      next: 'Put sets with different steps below different prefixes.',
    },
    {
      after: 'repeated_rows',
      sql: `SELECT count(*) AS found, min(server_id || ', ' || metric || ', ' || model || ' at ' || CAST(ts AS VARCHAR)) AS example FROM repeated_rows`,
      message: '{found} keys of server, metric, model and time have more than one row, for instance {example}.',
      next: 'Keep one forecast per key: one cut-off, one run of each model.',
    },
    {
      after: 'candidates',
      sql: 'SELECT CASE WHEN count(*) = 0 THEN 1 ELSE 0 END AS found, CAST(NULL AS VARCHAR) AS example FROM candidates',
      message: 'The set has no future rows: column is_future or actual marks none.',
      next: 'Include the forecast rows that lie after the last measured time.',
    },
    ...(forcedModel === undefined
      ? []
      : [
          {
            after: 'candidates',
            sql: `SELECT CASE WHEN count(CASE WHEN model = ${literal(forcedModel)} THEN 1 END) = 0 THEN 1 ELSE 0 END AS found, min(model) AS example FROM candidates`,
            message: `The set has no forecasts by "${forcedModel}".`,
            next: 'Use one of its models, for instance {example}.',
          },
        ]),
  ]
}
