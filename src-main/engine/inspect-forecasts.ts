// Describes files as the analysis would read them, and what it would ask; leaves nothing behind.
import { z } from 'zod'
import type { AnalysisConfig } from '../../src-shared/config/analysis-config.ts'
import { unitOfMetric } from '../../src-shared/config/metric-units.ts'
import { zoneClock } from '../../src-shared/run/zone-clock.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { inspectedModelSchema, previewRowSchema, type Inspection, type PreviewRow } from '../../src-shared/run/inspection.ts'
import { parseConfig } from '../config/parse-config.ts'
import { Database } from '../database/database.ts'
import { columnMappings } from '../forecasts/forecast-columns.ts'
import { hasForecasts, openForecastDataset, type ForecastDataset } from '../forecasts/forecast-dataset.ts'
import { readFirstRows } from '../forecasts/source-groups.ts'
import { detectTimes } from '../forecasts/detect-granularity.ts'
import type { Extent } from '../forecasts/readers/text-files.ts'
import { findForecastFiles } from '../forecasts/forecast-files.ts'
import { InputQuestionError } from '../forecasts/input-question.ts'
import type { LongWork } from './analysis-request.ts'
import { assessDataset } from './analyze.ts'
import { collectWarnings } from './artefacts/collect-warnings.ts'
import { withStatedLevel, type AssessedFleet } from './fleet-stages.ts'
import { headroom } from './methods/headroom.ts'
import { silentProgress } from './progress.ts'
import { makeTemporaryFolder } from '../run-folder/temporary-folder.ts'

const defaultPreviewRows = 20
const firstRows = 10

export interface InspectRequest {
  readonly inputs: readonly string[]
  readonly config: Readonly<Record<string, unknown>>
  /** Canonical rows in the preview. */
  readonly previewRows?: number | undefined
  /** How much is read of text files; by default all. */
  readonly extent?: Extent | undefined
}

export interface InspectWork extends LongWork<never> {
  /** Called once; what it is given returns the share done of the query under way, 0..1. */
  readonly onStart?: (progress: () => number) => void
}

/** Throws where a file cannot be read at all; what keeps the files from an analysis stands in `question` or `problem`. */
export const inspectForecasts = async (request: InspectRequest, work: InspectWork = {}): Promise<Inspection> => {
  const stated = parseConfig(request.config, 'headroom')
  const { path: folder, remove } = await makeTemporaryFolder('inspect')
  try {
    const database = await Database.open({ signal: work.signal, spillFolder: folder, tracksProgress: true })
    try {
      work.onStart?.(() => database.progress())
      return await inspect(database, stated, request, folder)
    } finally {
      database.close()
    }
  } finally {
    await remove()
  }
}

const inspect = async (
  database: Database,
  stated: AnalysisConfig,
  request: InspectRequest,
  conversionFolder: string,
): Promise<Inspection> => {
  const { files } = await findForecastFiles(database, request.inputs, stated.encoding)
  const empty: Inspection = {
    contents: null,
    files: files.map(({ path, name, bytes, format }) => ({ path, name, bytes, format })),
    schema: [],
    mapping: null,
    candidates: [],
    question: null,
    problem: null,
    first_rows: [],
    preview: [],
    left_out: [],
    units: [],
    time_zone: stated.time_zone,
    steps: [],
    first_part_rows: null,
    rows: null,
    servers: null,
    series: null,
    mapped_columns: [],
    granularity: null,
    step_seconds: null,
    metrics: [],
    models: [],
    measured: { start: null, end: null },
    horizon: null,
    warnings: [],
  }
  const first = await readFirstRows(database, files, firstRows).catch((thrown: unknown) => {
    if (thrown instanceof InputQuestionError) return thrown
    throw thrown
  })
  if (first instanceof InputQuestionError) return { ...empty, question: first.question }
  const described: Inspection = { ...empty, schema: [...first.schema], first_rows: first.rows.map((row) => [...row]) }
  try {
    const dataset = await openForecastDataset(database, request.inputs, stated, {
      measurements: 'read',
      conversionFolder,
      extent: request.extent ?? 'all',
    })
    const config = withStatedLevel(stated, dataset)
    const read = { ...described, ...(await describeDataset(database, dataset, config, request.previewRows ?? defaultPreviewRows)) }
    // A first part may end before the horizon.
    if (read.contents === 'measurements' || dataset.firstPartRows !== null) return read
    try {
      const fleet = await assessDataset({ database, config, method: headroom, progress: silentProgress }, {}, dataset)
      return { ...read, ...(await describeFleet(database, config, fleet)) }
    } catch (thrown) {
      return { ...read, ...obstacle(thrown) }
    }
  } catch (thrown) {
    return { ...described, ...obstacle(thrown) }
  }
}

/** What keeps the files from an analysis. Other failures are thrown on. */
const obstacle = (thrown: unknown): Pick<Inspection, 'question' | 'problem'> => {
  if (thrown instanceof InputQuestionError) return { question: thrown.question, problem: null }
  if (!(thrown instanceof HeadroomError) || !thrown.code.startsWith('input-')) throw thrown
  return { question: null, problem: { code: thrown.code, sentence: thrown.message, next: thrown.next ?? null } }
}

const instantText = (ts: string): string => `strftime(${ts}, '%Y-%m-%dT%H:%M:%SZ')`

const describeDataset = async (
  database: Database,
  dataset: ForecastDataset,
  config: AnalysisConfig,
  previewRows: number,
): Promise<Partial<Inspection> & Pick<Inspection, 'contents'>> => {
  const totals = await database.row(
    `SELECT CAST(count(*) AS DOUBLE) AS rows, CAST(count(DISTINCT server_id) AS DOUBLE) AS servers,
            CAST(count(DISTINCT (server_id, metric)) AS DOUBLE) AS series, coalesce(list_sort(list(DISTINCT metric)), []) AS metrics,
            ${instantText('min(ts) FILTER (actual IS NOT NULL)')} AS start, ${instantText('max(ts) FILTER (actual IS NOT NULL)')} AS "end"
     FROM forecast_rows`,
    z.object({
      rows: z.number(),
      servers: z.number(),
      series: z.number(),
      metrics: z.array(z.string()),
      start: z.string().nullable(),
      end: z.string().nullable(),
    }),
  )
  const times = await detectTimes(database, config, dataset.columns.timestamp.type !== 'TIMESTAMP')
  const isWhole = dataset.firstPartRows === null
  return {
    contents: hasForecasts(dataset) ? 'forecasts' : 'measurements',
    mapping: dataset.mapping,
    candidates: dataset.candidates.map(({ role, columns }) => ({ role, columns: [...columns] })),
    preview: await readPreview(database, previewRows),
    left_out: describeLeftOut(dataset),
    units: totals.metrics.map((metric) => ({
      metric,
      unit: unitOfMetric(config, metric) ?? 'other',
      how: metric in config.metric_units ? 'stated' : 'name',
    })),
    steps: [...times.steps],
    time_zone: times.zone.name,
    first_part_rows: dataset.firstPartRows,
    ...(isWhole ? { rows: totals.rows, servers: totals.servers, series: totals.series } : {}),
    mapped_columns: columnMappings(dataset.columns),
    metrics: totals.metrics,
    ...(isWhole ? { measured: { start: totals.start, end: totals.end } } : {}),
    warnings: [...dataset.warnings, ...times.warnings],
  }
}

const describeLeftOut = ({ leftOut, mapping, firstPartRows }: ForecastDataset): Inspection['left_out'] => [
  ...leftOut.map((name) => ({ kind: 'file' as const, name, count: 1, reason: 'neither Parquet nor CSV nor JSON' })),
  ...[...new Set(mapping.files.flatMap(({ unused }) => unused))].map((name) => ({
    kind: 'column' as const,
    name,
    count: 1,
    reason: mapping.is_converted ? 'no role; not in the result' : 'no role; kept in the result',
  })),
  ...(mapping.earlier_cutoff_rows === 0 || firstPartRows !== null
    ? []
    : [{ kind: 'rows' as const, name: 'cutoff', count: mapping.earlier_cutoff_rows, reason: 'a later cut-off forecast the same time' }]),
]

/** Infinite values are refused when the rows are validated; JSON cannot hold them. */
const finiteNumbers = ['actual', 'predicted', 'yhat_lower', 'yhat_upper'].map(
  (name) => `CASE WHEN isfinite(${name}) THEN ${name} END AS ${name}`,
)

const readPreview = async (database: Database, maxRows: number): Promise<PreviewRow[]> => {
  const rows = await database.rows(
    `SELECT server_id, ${instantText('ts')} AS "timestamp", metric, model, ${finiteNumbers.join(', ')},
            CAST(to_json(quantiles) AS VARCHAR) AS quantiles, is_future, ${instantText('cutoff')} AS cutoff
     FROM forecast_rows LIMIT ${maxRows}`,
    previewRowSchema.extend({ quantiles: z.string().nullable() }),
  )
  const quantilesSchema = previewRowSchema.shape.quantiles
  return rows.map(({ quantiles, ...row }) => ({
    ...row,
    quantiles: quantiles === null ? null : quantilesSchema.parse(JSON.parse(quantiles)),
  }))
}

const describeFleet = async (database: Database, config: AnalysisConfig, fleet: AssessedFleet): Promise<Partial<Inspection>> => {
  const horizon = await database.row(
    `SELECT ${instantText('min(horizon_start)')} AS start, ${instantText('max(horizon_end)')} AS "end",
            CAST(max(horizon_periods) AS DOUBLE) AS periods, ${instantText('max(last_measured_at)')} AS measured_end,
            (SELECT ${instantText('min(first_at)')} FROM series_models WHERE measured > 0) AS measured_start
     FROM series_risk`,
    z.object({
      start: z.string(),
      end: z.string(),
      periods: z.number(),
      measured_start: z.string().nullable(),
      measured_end: z.string().nullable(),
    }),
  )
  const models = await database.rows(
    `SELECT model, CAST(count(*) AS DOUBLE) AS series, CAST(sum(backtest_points) AS DOUBLE) AS backtest_points,
            CAST(sum(horizon_points) AS DOUBLE) AS horizon_points
     FROM series_models JOIN horizon_counts USING (server_id, metric, model) GROUP BY model ORDER BY model`,
    inspectedModelSchema,
  )
  return {
    granularity: fleet.grid.granularity,
    step_seconds: fleet.grid.stepSeconds,
    models,
    measured: { start: horizon.measured_start, end: horizon.measured_end },
    horizon: { start: horizon.start, end: horizon.end, periods: horizon.periods },
    warnings: [
      ...fleet.dataset.warnings,
      ...fleet.timeWarnings,
      ...(await collectWarnings(database, config, {
        grid: fleet.grid,
        grids: fleet.grids,
        clock: zoneClock(fleet.zone.name),
        now: new Date(),
        stages: 'assessed',
      })),
    ],
  }
}
