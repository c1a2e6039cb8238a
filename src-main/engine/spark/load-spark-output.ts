// Loads Spark output into DuckDB, as the tables that the engine's own stages create.
import { join } from 'node:path'
import { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { escapeGlob, identifier, literal, type Database } from '../../database/database.ts'
import { findPrimaryMetric, type AssessedFleet } from '../fleet-stages.ts'
import { createCapacityHistory } from '../capacity/series-capacity.ts'
import type { SeriesRange } from '../backtest/scan-backtests.ts'
import { extractHorizon } from '../risk/assess-risk.ts'
import { headroom } from '../methods/headroom.ts'
import { TimeZone } from '../../calendar/time-zone.ts'
import { fixedGrid } from '../../forecasts/time-grid.ts'
import { createCalendar } from '../../forecasts/calendar-tables.ts'
import { readEventsTable, type EventCalendar } from '../../forecasts/events-table.ts'
import { fixedPointOfSums } from '../../statistics/fixed-point.ts'
import { canonicalExpressions } from '../../forecasts/canonical-rows.ts'
import { longColumns } from '../../forecasts/forecast-dataset.ts'
import type { ProgressReporter } from '../progress.ts'
import { findForecastFiles, parquetRelationSql, type ForecastFile } from '../../forecasts/forecast-files.ts'
import { flaggedRowsFolder, selectedRowsFolder, sparkOutputTables, type SparkOutputNotes, type SparkOutputTable } from './spark-output.ts'

/** The row order of each table in the engine. */
const tableOrders: Readonly<Record<SparkOutputTable, string>> = {
  series_models: 'server_id, metric, model',
  series: 'series_id',
  candidates: 'series_id, model',
  selected_models: 'series_id',
  hold_out_errors: 'series_id, model',
  series_risk: 'series_id',
  server_attributes: 'server_id',
}

/** Shards of the flagged rows, in their order. */
export const findFlaggedFiles = async (database: Database, folder: string): Promise<readonly ForecastFile[]> =>
  (await findForecastFiles(database, [join(folder, flaggedRowsFolder)])).files

/**
 * Leaves `series_models`, `series`, `candidates`, `selected_models`, `series_risk`, `server_attributes`, `horizon`, `holidays` and the view
 * `forecast`, which holds only the selected models' rows. `selectedRows`: whether these are known to be those that were counted. Throws HeadroomError.
 */
export const loadSparkOutput = async (
  database: Database,
  folder: string,
  notes: SparkOutputNotes,
  eventsTable: string | undefined,
  progress: Pick<ProgressReporter, 'start'>,
  selectedRows: 'unchecked' | 'checked' = 'unchecked',
): Promise<AssessedFleet> => {
  const { config } = notes
  const eventCalendar = eventsTable === undefined ? null : await readSparkEvents(eventsTable, notes)
  progress.start('survey')
  const flaggedFiles = await findFlaggedFiles(database, folder)
  await loadSparkTables(database, folder, sparkOutputTables)
  await createCapacityHistory(database)
  await assertComplete(database, notes.servers_table?.rows ?? 0)
  await createForecastView(database, folder)
  if (selectedRows === 'unchecked') await assertSelectedRows(database)
  progress.start('risk')
  await extractHorizon(database)
  const { rows } = await database.row('SELECT CAST(sum(row_count) AS DOUBLE) AS rows FROM series_models', z.object({ rows: z.number() }))
  const name = 'the Spark output'
  const { columns, mapping } = longColumns(notes.schema, config, name)
  return {
    dataset: {
      files: flaggedFiles,
      readFiles: flaggedFiles,
      name,
      schema: notes.schema,
      columns,
      expressions: canonicalExpressions(columns, config),
      warnings: [],
      sourceQuery: (column) => `SELECT *, ${column} FROM ${parquetRelationSql(flaggedFiles, 'ignored')}`,
      repeatedKeys: [],
      mapping,
      candidates: [],
      leftOut: [],
      firstPartRows: null,
      chosenMetrics: config.metrics,
    },
    config,
    serversTable: notes.servers_table,
    eventCalendar,
    validation: { rows, fixedPoint: fixedPointOfSums, isWithinPercent: false },
    ...(await describeSparkTimes(database, notes)),
    steps: notes.steps,
    timeWarnings: [],
    primaryMetric: await findPrimaryMetric(database, config),
    inputs: notes.inputs,
  }
}

export const readSparkEvents = (eventsTable: string, { config }: SparkOutputNotes): Promise<EventCalendar> =>
  readEventsTable(eventsTable, config.decimal, TimeZone.utc.name)

/** Times of the fleet. Leaves `holidays`. */
export const describeSparkTimes = async (
  database: Database,
  { config, step_seconds }: SparkOutputNotes,
): Promise<Pick<AssessedFleet, 'grid' | 'grids' | 'zone' | 'calendar' | 'hasNaiveErrors'>> => ({
  grid: fixedGrid(step_seconds),
  grids: [fixedGrid(step_seconds)],
  zone: TimeZone.utc,
  calendar: await createCalendar(database, config, headroom.eoqWindow(config), TimeZone.utc),
  hasNaiveErrors: true,
})

/** Leaves the tables, in the engine's order. */
export const loadSparkTables = async (database: Database, folder: string, names: readonly SparkOutputTable[]): Promise<void> => {
  for (const name of names) {
    const { relation, values } = await describeFolder(database, folder, name)
    await database.run(`CREATE OR REPLACE TABLE ${name} AS SELECT ${values} FROM ${relation} ORDER BY ${tableOrders[name]}`)
  }
}

/** Leaves the view `forecast` with the rows of the selected models; of the series in `range` alone, if any. */
export const createForecastView = async (database: Database, folder: string, range?: SeriesRange): Promise<void> => {
  const { values, relation } = await describeFolder(database, folder, selectedRowsFolder)
  const condition = range === undefined ? '' : `WHERE series_id >= ${range.from} AND series_id < ${range.to}`
  // A Spark plan carries the bounds alone.
  await database.run(
    `CREATE OR REPLACE VIEW forecast AS SELECT ${values}, CAST(NULL AS MAP(DOUBLE, DOUBLE)) AS quantiles FROM ${relation} ${condition}`,
  )
}

/** A folder's files, and its columns with the engine's types: times in UTC without a zone. */
const describeFolder = async (database: Database, folder: string, name: string): Promise<{ relation: string; values: string }> => {
  const { files } = await findForecastFiles(database, [join(folder, name)])
  const relation = `read_parquet([${files.map(({ path }) => literal(escapeGlob(path))).join(', ')}], hive_partitioning = false)`
  const columns = await database.rows(`DESCRIBE SELECT * FROM ${relation}`, z.object({ column_name: z.string(), column_type: z.string() }))
  const values = columns.map(({ column_name, column_type }) => {
    const column = identifier(column_name)
    return column_type === 'TIMESTAMP WITH TIME ZONE' ? `CAST(${column} AS TIMESTAMP) AS ${column}` : column
  })
  return { relation, values: values.join(', ') }
}

/** Conditions that hold for the output of one job: rows that another one wrote, or that are gone, would change figures silently. */
const wholeOutput = [
  '(SELECT count(*) FROM series) > 0',
  '(SELECT count(*) FROM series) = (SELECT count(*) FROM series_risk)',
  'NOT EXISTS (SELECT 1 FROM series s ANTI JOIN series_risk r ON r.series_id = s.series_id AND r.server_id = s.server_id AND r.metric = s.metric)',
  '(SELECT count(*) FROM series) = (SELECT count(*) FROM (SELECT DISTINCT server_id, metric FROM series_models))',
  'NOT EXISTS (SELECT 1 FROM series_models ANTI JOIN series USING (server_id, metric))',
  '(SELECT count(*) FROM server_attributes) = (SELECT count(DISTINCT server_id) FROM server_attributes)',
  `NOT EXISTS (SELECT 1 FROM candidates c JOIN series USING (series_id)
     ANTI JOIN series_models m ON m.server_id = series.server_id AND m.metric = series.metric AND m.model = c.model)`,
  'NOT EXISTS (SELECT 1 FROM candidates ANTI JOIN series USING (series_id))',
  'NOT EXISTS (SELECT 1 FROM selected_models ANTI JOIN candidates USING (series_id, model))',
  'NOT EXISTS (SELECT 1 FROM hold_out_errors ANTI JOIN candidates USING (series_id, model))',
  '(SELECT count(*) FROM selected_models) = (SELECT count(DISTINCT series_id) FROM selected_models)',
]

/** Throws if the tables hold different series, such as a table of another job. */
const assertComplete = async (database: Database, serverRows: number): Promise<void> => {
  const conditions = [...wholeOutput, `(SELECT count(*) FROM server_attributes) = ${serverRows}`]
  const { is_whole } = await database.row(`SELECT ${conditions.join(' AND ')} AS is_whole`, z.object({ is_whole: z.boolean() }))
  if (!is_whole) throw mixedOutput()
}

/** Throws if the rows of the selected models, or those of a range, are not those that were counted. Reads `forecast`. */
export const assertSelectedRows = async (database: Database, range?: SeriesRange): Promise<void> => {
  const condition = range === undefined ? 'true' : `series.series_id >= ${range.from} AND series.series_id < ${range.to}`
  const { is_whole } = await database.row(
    `WITH counted AS (
       SELECT server_id, metric, model, row_count FROM series_models JOIN series USING (server_id, metric)
       SEMI JOIN selected_models ON selected_models.series_id = series.series_id AND selected_models.model = series_models.model
       WHERE ${condition}
     ), found AS (SELECT server_id, metric, model, count(*) AS rows FROM forecast GROUP BY ALL)
     SELECT NOT EXISTS (SELECT 1 FROM counted FULL JOIN found USING (server_id, metric, model) WHERE row_count IS DISTINCT FROM rows) AS is_whole`,
    z.object({ is_whole: z.boolean() }),
  )
  if (!is_whole) throw mixedOutput()
}

const mixedOutput = (): HeadroomError =>
  new HeadroomError('input-changed', 'The tables of the Spark output do not belong together.', { next: 'Run the Spark job again.' })
