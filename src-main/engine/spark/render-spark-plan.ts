// The Spark plan: selection, risk, flags and output tables as Spark SQL, rendered from the SQL that runs on DuckDB (decisions 12 and 15).
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import { identifier } from '../../database/database.ts'
import { horizonFiguresQuery, horizonMeansQuery, horizonQuery, longestRunsQuery, seriesRiskQuery } from '../risk/assess-risk.ts'
import { naiveErrorsQuery } from '../backtest/naive-errors.ts'
import type { Calendar } from '../../calendar/calendar.ts'
import type { TimeGrid } from '../../forecasts/time-grid.ts'
import { fixedPointFor } from '../../statistics/fixed-point.ts'
import { flagLists, flagsOfRow } from '../flagged-forecasts/flag-lists.ts'
import type { MappedColumns } from '../../forecasts/forecast-columns.ts'
import { canonicalExpressions, forecastRowsQuery } from '../../forecasts/canonical-rows.ts'
import { thresholdsQuery } from '../../forecasts/thresholds.ts'
import { suspectedUnitsQuery, unclearUnitsQuery } from '../../forecasts/unclear-units.ts'
import { headroom } from '../methods/headroom.ts'
import { forecastQuery, horizonCountsQuery, seriesQuery } from '../selection/prepare-series.ts'
import {
  candidateErrorsQuery,
  candidateRowsQuery,
  candidatesQuery,
  forcedModelQuery,
  selectedModelsQuery,
  unalignedErrorsQuery,
} from '../selection/select-models.ts'
import { holdOutErrorsQuery, noHoldOutErrorsQuery } from '../selection/hold-out.ts'
import { seriesProfileQuery } from '../selection/profile-series.ts'
import { planChecks, repeatedRowsQuery, validationQuery, suspectedRowsQuery, stepQuery, type PlanCheck } from './plan-checks.ts'
import { toSparkSql } from './spark-sql.ts'
import { flaggedRowsFolder, selectedRowsFolder, sparkOutputTables, sparkOutputVersion, type SparkOutputFacts } from './spark-output.ts'

/** Facts about a dataset that its statements need. */
export interface PlanFacts {
  readonly columns: MappedColumns
  /** Keys of the folders that the files hold as columns. */
  readonly repeatedKeys: readonly string[]
  readonly grid: TimeGrid
  readonly calendar: Calendar
  readonly stage: SparkOutputFacts
}

/** How the rows of a step are divided into files. */
export interface StepLayout {
  /** Shards by the CRC-32 of the column, or ranges of its values. */
  readonly by: 'hash' | 'range'
  readonly column: string
  /** Columns that each file is sorted by. */
  readonly order: readonly string[]
}

export interface PlanStep {
  /** A view by this name. */
  readonly name: string
  readonly sql: string
  /** Where its rows are written: `work` for later steps, `stage` for the Spark output. Null: a view. */
  readonly kept: 'work' | 'stage' | null
  readonly layout: StepLayout | null
}

export interface SparkPlan {
  readonly version: typeof sparkOutputVersion
  /** Session settings with which the statements mean the same as in DuckDB. */
  readonly settings: Readonly<Record<string, string>>
  /** Whether the keys of folders are columns: not where the files hold one of them. */
  readonly folder_keys: 'read' | 'ignored'
  /** Columns of the dataset that must be converted before anything reads them, by name: SQL over the column. */
  readonly casts: Readonly<Record<string, string>>
  readonly steps: readonly PlanStep[]
  readonly checks: readonly PlanCheck[]
  /** Copied into the notes of the Spark output. */
  readonly stage: SparkOutputFacts
}

const settings = {
  'spark.sql.session.timeZone': 'UTC',
  'spark.sql.ansi.enabled': 'true',
  'spark.sql.ansi.doubleQuotedIdentifiers': 'true',
  'spark.sql.parser.escapedStringLiterals': 'true',
  // Other types have no minimum and maximum in the footers.
  'spark.sql.parquet.outputTimestampType': 'TIMESTAMP_MICROS',
  // Spark reads times in nanoseconds only this way.
  'spark.sql.legacy.parquet.nanosAsLong': 'true',
}

/** The statements in DuckDB's SQL. Reads the views `source` and `server_attributes_given`. */
export const planSteps = (config: AnalysisConfig, { columns, grid, calendar, stage }: PlanFacts): PlanStep[] => {
  // Sums of any size: Spark has integers of 38 digits.
  const fixedPoint = fixedPointFor(Number.POSITIVE_INFINITY)
  const expressions = canonicalExpressions(columns, config)
  const outputTables = new Set<string>(sparkOutputTables)
  const view = (name: string, sql: string): PlanStep => ({ name, sql, kept: null, layout: null })
  /** Read more than once, and small compared with the dataset. */
  const table = (name: string, sql: string): PlanStep => ({ name, sql, kept: outputTables.has(name) ? 'stage' : 'work', layout: null })
  const keys = [columns.server_id, columns.metric, columns.model, columns.timestamp].flatMap((column) => column?.column ?? [])
  return [
    table('server_attributes', 'SELECT * FROM server_attributes_given'),
    table('validation', validationQuery(columns, expressions)),
    view('forecast_rows', forecastRowsQuery(expressions, config)),
    table('common_step', stepQuery),
    table('suspects', suspectedRowsQuery),
    table('repeated_rows', repeatedRowsQuery),
    // The step repeated_rows has already found repeated rows.
    table('series_models', seriesProfileQuery(columns, { fixedPoint, isWithinPercent: false, intervalLevel: config.interval_level })),
    table('unit_suspects', suspectedUnitsQuery(config)),
    table('unclear_units', unclearUnitsQuery(config)),
    view('thresholds', thresholdsQuery(config)),
    table('series', seriesQuery(config, [grid])),
    view('forecast', forecastQuery),
    view('horizon_counts', horizonCountsQuery),
    table('naive_errors', naiveErrorsQuery([grid], fixedPoint)),
    table('candidate_rows', candidateRowsQuery),
    view('unaligned_errors', unalignedErrorsQuery(fixedPoint)),
    view('candidate_errors', candidateErrorsQuery),
    table('candidates', candidatesQuery),
    table('selected_models', stage.forced_model === null ? selectedModelsQuery : forcedModelQuery(stage.forced_model)),
    table('hold_out_errors', stage.forced_model === null ? holdOutErrorsQuery([grid], fixedPoint) : noHoldOutErrorsQuery),
    {
      name: selectedRowsFolder,
      sql: selectedRowsQuery,
      kept: 'stage',
      layout: { by: 'range', column: 'series_id', order: ['series_id', 'ts'] },
    },
    // The following steps read only the selected models' rows.
    view('selected_forecast', `SELECT * FROM ${selectedRowsFolder}`),
    table('horizon', horizonQuery('true', 'selected_forecast')),
    table('horizon_means', horizonMeansQuery(fixedPoint)),
    table('horizon_figures', horizonFiguresQuery(calendar)),
    view('breach_runs', longestRunsQuery([grid])),
    table('series_risk', seriesRiskQuery(config, headroom)),
    {
      name: flaggedRowsFolder,
      sql: flaggedQuery(calendar, expressions),
      kept: 'stage',
      layout: { by: 'hash', column: columns.server_id.column, order: keys },
    },
  ]
}

export const renderSparkPlan = (config: AnalysisConfig, facts: PlanFacts): SparkPlan => ({
  version: sparkOutputVersion,
  settings,
  folder_keys: facts.repeatedKeys.length === 0 ? 'read' : 'ignored',
  casts: createCasts(facts.stage.schema),
  steps: planSteps(config, facts).map((step) => ({ ...step, sql: toSparkSql(step.sql) })),
  checks: planChecks(facts.columns, facts.grid, facts.stage.forced_model ?? undefined).map((check) => ({
    ...check,
    sql: toSparkSql(check.sql),
  })),
  stage: facts.stage,
})

/** Spark SQL for columns that only DuckDB reads directly: nanoseconds, and booleans in folder names. */
const createCasts = (schema: SparkOutputFacts['schema']): Record<string, string> => {
  const casts: Readonly<Record<string, (name: string) => string>> = {
    TIMESTAMP_NS: (name) => `CAST(timestamp_micros(${name} div 1000) AS TIMESTAMP_NTZ)`,
    BOOLEAN: (name) => `CAST(${name} AS BOOLEAN)`,
  }
  return Object.fromEntries(
    schema.flatMap(({ column, type }) => {
      const cast = casts[type]
      return cast === undefined ? [] : [[column, cast(identifier(column))]]
    }),
  )
}

const selectedRowsQuery = `
  SELECT s.series_id, f.server_id, f.metric, f.model, f.ts, f.actual, f.predicted, f.yhat_lower, f.yhat_upper, f.is_horizon
  FROM forecast f
  JOIN (SELECT series_id, server_id, metric, model FROM series JOIN selected_models USING (series_id)) s USING (server_id, metric, model)`

/** Rows in any order: the shards are sorted when they are written. */
const flaggedQuery = (calendar: Calendar, expressions: ReturnType<typeof canonicalExpressions>): string => {
  const flagColumnsSql = Object.entries(flagLists).map(([flag, column]) => `${column} AS headroom_${flag}`)
  return `
    SELECT source.*, ${flagsOfRow(expressions, calendar, (flag) => `headroom_${flag}`)}
    FROM source JOIN (SELECT server_id AS headroom_server, metric AS headroom_metric, ${flagColumnsSql.join(', ')} FROM series_risk) r
      ON ${expressions.server_id} = headroom_server AND ${expressions.metric} = headroom_metric`
}
