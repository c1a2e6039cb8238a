// The row-level work as a list of Spark SQL statements: selection, risk and flags, from the same SQL that runs on DuckDB (decision 12).
import { isJudgedMetric, thresholdsFor, type AnalysisConfig } from '../../../src-shared/analysis-config.ts'
import { literal } from '../../database/database.ts'
import { horizonFiguresQuery, horizonMeansQuery, horizonQuery, longestRunsQuery, seriesRiskQuery } from '../assess-risk.ts'
import { naiveErrorsQuery } from '../backtest/naive-errors.ts'
import type { Calendar } from '../calendar.ts'
import type { TimeGrid } from '../detect-granularity.ts'
import { fixedPointFor } from '../fixed-point.ts'
import { flagLists, flagsOfRow } from '../flag-lists.ts'
import type { MappedColumns } from '../forecast-columns.ts'
import { canonicalExpressions, forecastRowsQuery } from '../forecast-source.ts'
import { forecastQuery, horizonCountsQuery, seriesQuery } from '../prepare-series.ts'
import { candidateErrorsQuery, candidateRowsQuery, candidatesQuery, selectedModelsQuery, unalignedErrorsQuery } from '../select-models.ts'
import { surveyQuery } from '../survey-series.ts'
import { toSparkSql } from './spark-sql.ts'

export const sparkPlanVersion = 1

/** What must be known of a set before its statements can be written. */
export interface PlanFacts {
  readonly columns: MappedColumns
  readonly metrics: readonly string[]
  /** Of the servers table; NULL for servers without one is always among them. */
  readonly criticalities: readonly (string | null)[]
  readonly grid: TimeGrid
  readonly calendar: Calendar
}

export interface PlanStep {
  /** A view by this name. */
  readonly name: string
  readonly sql: string
  /** Read more than once, and small beside the set: kept once it is made. */
  readonly isKept: boolean
}

export interface SparkPlan {
  readonly version: typeof sparkPlanVersion
  /** What the session must be set to, so that the statements mean what they mean in DuckDB. */
  readonly settings: Readonly<Record<string, string>>
  /** Parquet files that must be there as views. */
  readonly inputs: readonly ['source', 'server_attributes']
  readonly steps: readonly PlanStep[]
  /** Views that are written; `shard_by`: the column by whose CRC-32 a large one is cut into shards. */
  readonly outputs: readonly { readonly view: string; readonly shard_by: string | null }[]
}

const settings = {
  'spark.sql.session.timeZone': 'UTC',
  'spark.sql.ansi.enabled': 'true',
  'spark.sql.ansi.doubleQuotedIdentifiers': 'true',
  'spark.sql.parser.escapedStringLiterals': 'true',
}

export const renderSparkPlan = (config: AnalysisConfig, facts: PlanFacts): SparkPlan => {
  const { columns, grid, calendar } = facts
  // Sums of any size: whole numbers of 38 digits there.
  const fixedPoint = fixedPointFor(Number.POSITIVE_INFINITY)
  const expressions = canonicalExpressions(columns, config.target_metric)
  const steps: readonly (readonly [name: string, sql: string, isKept?: boolean])[] = [
    ['forecast_rows', forecastRowsQuery(expressions)],
    // Rows of a series that bear the same time are counted exactly.
    [
      'series_models',
      surveyQuery(columns, { fixedPoint, isWithinPercent: false }, { slot: '0', bitmap: '0', filled: 'count(DISTINCT ts)' }),
      true,
    ],
    ['thresholds', thresholdsQuery(config, facts)],
    ['series', seriesQuery(config), true],
    ['forecast', forecastQuery],
    ['horizon_counts', horizonCountsQuery],
    ['naive_errors', naiveErrorsQuery(grid, fixedPoint), true],
    ['candidate_rows', candidateRowsQuery, true],
    ['unaligned_errors', unalignedErrorsQuery(fixedPoint)],
    ['candidate_errors', candidateErrorsQuery],
    ['candidates', candidatesQuery, true],
    ['selected_models', selectedModelsQuery, true],
    ['horizon', horizonQuery('true'), true],
    ['horizon_means', horizonMeansQuery(fixedPoint), true],
    ['horizon_figures', horizonFiguresQuery(calendar), true],
    ['breach_runs', longestRunsQuery(grid)],
    ['series_risk', seriesRiskQuery(config, 'headroom'), true],
    ['flagged', flaggedQuery(facts, expressions)],
  ]
  return {
    version: sparkPlanVersion,
    settings,
    inputs: ['source', 'server_attributes'],
    steps: steps.map(([name, sql, isKept]) => ({ name, sql: toSparkSql(sql), isKept: isKept === true })),
    outputs: [
      { view: 'series_models', shard_by: null },
      { view: 'candidates', shard_by: null },
      { view: 'series_risk', shard_by: null },
      { view: 'flagged', shard_by: columns.server_id.column },
    ],
  }
}

const thresholdsQuery = (config: AnalysisConfig, { metrics, criticalities }: PlanFacts): string => {
  const text = (value: string | null): string => (value === null ? 'CAST(NULL AS VARCHAR)' : literal(value))
  const rows = metrics
    .filter((metric) => isJudgedMetric(config, metric))
    .flatMap((metric) =>
      criticalities.map((criticality) => {
        const { high, very_high } = thresholdsFor(config, metric, criticality)
        return `(${text(metric)}, ${text(criticality)}, CAST(${high} AS DOUBLE), CAST(${very_high} AS DOUBLE))`
      }),
    )
  const none = '(CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR), CAST(NULL AS DOUBLE), CAST(NULL AS DOUBLE))'
  return `SELECT * FROM (VALUES ${rows.length === 0 ? none : rows.join(', ')}) AS t(metric, criticality, high, very_high)`
}

/** Rows in any order: the shards are sorted out afterwards. */
const flaggedQuery = ({ calendar }: PlanFacts, expressions: ReturnType<typeof canonicalExpressions>): string => {
  const found = Object.entries(flagLists).map(([flag, column]) => `${column} AS headroom_${flag}`)
  return `
    SELECT source.*, ${flagsOfRow(expressions, calendar, (flag) => `headroom_${flag}`)}
    FROM source JOIN (SELECT server_id AS headroom_server, metric AS headroom_metric, ${found.join(', ')} FROM series_risk) r
      ON ${expressions.server_id} = headroom_server AND ${expressions.metric} = headroom_metric`
}
