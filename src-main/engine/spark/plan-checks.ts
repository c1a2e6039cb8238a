// The validation of a Spark job, by the engine's rules: each check is a query on a step, with the message if it fails.
import { identifier, literal } from '../../database/database.ts'
import { commonestStepQuery } from '../../forecasts/detect-granularity.ts'
import type { TimeGrid } from '../../forecasts/time-grid.ts'
import { isIntegral, type MappedColumns } from '../../forecasts/forecast-columns.ts'
import type { ForecastExpressions } from '../../forecasts/canonical-rows.ts'
import { isNoTruthSql } from '../../forecasts/truth-column.ts'
import {
  firstYear,
  maxMagnitude,
  maxYearsAhead,
  validationMessages,
  valueRoles,
  type ValidationMessage,
} from '../../forecasts/validation-rules.ts'

/** The job replaces `{found}` and `{example}` in the message by the result of the query. */
export interface PlanCheck extends ValidationMessage {
  /** The step that the check follows. */
  readonly after: string
  /** One row: `found`, a count that must be 0, and `example`, a text or NULL. */
  readonly sql: string
}

/** SQL for one row of counts, in one pass over the rows. Reads `source`. */
export const validationQuery = (columns: MappedColumns, expressions: ForecastExpressions): string => {
  const time = identifier(columns.timestamp.column)
  const truth =
    columns.is_future !== undefined && isIntegral(columns.is_future) ? isNoTruthSql(identifier(columns.is_future.column)) : 'FALSE'
  const tooLarge = valueRoles.map((role) => `coalesce(abs(${expressions[role]}) > ${maxMagnitude}, false)`).join(' OR ')
  return `
    SELECT count(*) AS row_count, count(*) - count(${expressions.server_id}) AS null_servers, count(*) - count(${time}) AS null_times,
           count(${time}) - count(${expressions.ts}) AS unreadable_times,
           count(CASE WHEN ${truth} THEN 1 END) AS other_numbers,
           count(CASE WHEN ${expressions.ts} < CAST('${firstYear}-01-01' AS TIMESTAMP) THEN 1 END) AS early_times, count(CASE WHEN ${tooLarge} THEN 1 END) AS too_large
    FROM source`
}

const rowHash = 'hash(server_id, metric, model, ts)'

/** SQL for rows that may be repeated: compares eight bytes per row instead of whole keys. */
export const suspectedRowsQuery = `SELECT ${rowHash} AS row_hash FROM forecast_rows GROUP BY ${rowHash} HAVING count(*) > 1`

/** SQL for rows that are repeated: compares the whole keys of the suspects. */
export const repeatedRowsQuery = `
  SELECT server_id, metric, model, ts FROM forecast_rows SEMI JOIN suspects ON ${rowHash} = row_hash
  GROUP BY server_id, metric, model, ts HAVING count(*) > 1`

/** The step between times over all rows, to compare with the step in the plan. */
export const stepQuery = commonestStepQuery

const dataset = 'The dataset'

export const planChecks = (columns: MappedColumns, grid: TimeGrid, forcedModel: string | undefined): PlanCheck[] => {
  const countCheck = (column: string, message: ValidationMessage): PlanCheck => ({
    after: 'validation',
    sql: `SELECT ${column} AS found, CAST(NULL AS VARCHAR) AS example FROM validation`,
    ...message,
  })
  const [server, time] = [`Column ${columns.server_id.column}`, `Column ${columns.timestamp.column}`]
  return [
    countCheck('CASE WHEN row_count = 0 THEN 1 ELSE 0 END', validationMessages.noRows(dataset)),
    countCheck('null_servers', validationMessages.emptyKey(server, 'server_id', '{found} rows')),
    countCheck('null_times', validationMessages.emptyKey(time, 'timestamp', '{found} rows')),
    countCheck('unreadable_times', validationMessages.unreadableTimes(time, '{found} unreadable times')),
    countCheck('other_numbers', validationMessages.noTruth(`Column ${columns.is_future?.column ?? 'is_future'}`, ' in {found} rows')),
    countCheck('early_times', validationMessages.unreadableTimes(time, `{found} times before ${firstYear}`)),
    countCheck('too_large', validationMessages.tooLarge('{found} rows hold values that are')),
    {
      after: 'common_step',
      sql: `SELECT count(*) AS found, max(CAST(CAST(step AS BIGINT) AS VARCHAR)) AS example FROM common_step WHERE step <> ${grid.stepSeconds}`,
      message: `The times of the dataset are {example} seconds apart, but ${grid.stepSeconds} in the files that the plan was made from.`,
      next: 'Put forecasts with different steps below different prefixes.',
    },
    {
      after: 'repeated_rows',
      sql: `SELECT count(*) AS found, min(server_id || ', ' || metric || ', ' || model || ' at ' || CAST(ts AS VARCHAR)) AS example FROM repeated_rows`,
      ...validationMessages.repeatedRows(dataset, columns, '{found} keys', '{example}'),
    },
    {
      after: 'series_models',
      sql: `SELECT count(*) AS found, max(CAST(last_at AS VARCHAR)) AS example FROM series_models
            WHERE last_at > (SELECT max(last_measured_at) FROM series_models) + INTERVAL '${maxYearsAhead}' YEAR`,
      ...validationMessages.unreadableTimes(
        time,
        `times more than ${maxYearsAhead} years after the last measured one in {found} forecasts, for instance {example}`,
      ),
    },
    {
      after: 'unclear_units',
      sql: 'SELECT count(*) AS found, min(metric) AS example FROM unclear_units',
      ...validationMessages.unclearUnit(dataset, '{example}', (unit) => `"{example}=${unit}"`),
    },
    {
      after: 'candidates',
      sql: 'SELECT CASE WHEN count(*) = 0 THEN 1 ELSE 0 END AS found, CAST(NULL AS VARCHAR) AS example FROM candidates',
      ...validationMessages.noFutureRows(dataset),
    },
    ...(forcedModel === undefined
      ? []
      : [
          {
            after: 'candidates',
            sql: `SELECT CASE WHEN count(CASE WHEN model = ${literal(forcedModel)} THEN 1 END) = 0 THEN 1 ELSE 0 END AS found, min(model) AS example FROM candidates`,
            ...validationMessages.unknownModel(dataset, forcedModel, 'its models, for instance {example}'),
          },
        ]),
  ]
}
