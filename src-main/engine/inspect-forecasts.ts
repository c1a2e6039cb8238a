// Describes forecasts as the analysis would read them; writes nothing.
import { z } from 'zod'
import type { RunWarning } from '../../src-shared/run/run-event.ts'
import type { ColumnMapping, Granularity } from '../../src-shared/run/run-manifest.ts'
import { Database } from '../database/database.ts'
import type { LongWork } from './analysis-request.ts'
import { assessFleet } from './analyze.ts'
import { headroom } from './methods/headroom.ts'
import { collectWarnings } from './artefacts/collect-warnings.ts'
import type { SeriesStep } from '../forecasts/detect-granularity.ts'
import { columnMappings } from '../forecasts/forecast-columns.ts'
import { parseConfig } from '../config/parse-config.ts'
import { silentProgress } from './progress.ts'

export interface Inspection {
  readonly files: readonly { readonly path: string; readonly bytes: number }[]
  readonly rows: number
  readonly servers: number
  readonly series: number
  readonly schema: readonly { readonly column: string; readonly type: string }[]
  readonly mapped_columns: readonly ColumnMapping[]
  readonly granularity: Granularity
  readonly step_seconds: number
  readonly steps: readonly SeriesStep[]
  readonly time_zone: string
  readonly metrics: readonly string[]
  readonly models: readonly InspectedModel[]
  /** ISO 8601 UTC. */
  readonly measured: { readonly start: string | null; readonly end: string | null }
  readonly horizon: { readonly start: string; readonly end: string; readonly periods: number }
  readonly warnings: readonly RunWarning[]
}

const modelSchema = z.object({
  model: z.string(),
  series: z.number(),
  backtest_points: z.number(),
  horizon_points: z.number(),
})
type InspectedModel = z.infer<typeof modelSchema>

/** Throws the same errors as the analysis. */
export const inspectForecasts = async (
  request: { readonly inputs: readonly string[]; readonly config: Readonly<Record<string, unknown>> },
  work: LongWork<never> = {},
): Promise<Inspection> => {
  const config = parseConfig(request.config, 'headroom')
  const database = await Database.open({ signal: work.signal })
  try {
    const fleet = await assessFleet({ database, config, method: headroom, progress: silentProgress }, { inputs: request.inputs })
    const totals = await database.row(
      `SELECT CAST(count(DISTINCT server_id) AS DOUBLE) AS servers, CAST(count(*) AS DOUBLE) AS series,
              strftime(min(horizon_start), '%Y-%m-%dT%H:%M:%SZ') AS start, strftime(max(horizon_end), '%Y-%m-%dT%H:%M:%SZ') AS end,
              CAST(max(horizon_periods) AS DOUBLE) AS periods,
              strftime(max(last_measured_at), '%Y-%m-%dT%H:%M:%SZ') AS measured_end,
              (SELECT strftime(min(first_at), '%Y-%m-%dT%H:%M:%SZ') FROM series_models WHERE measured > 0) AS measured_start,
              (SELECT string_agg(metric, chr(10) ORDER BY metric) FROM (SELECT DISTINCT metric FROM series)) AS metrics
       FROM series_risk`,
      z.object({
        servers: z.number(),
        series: z.number(),
        start: z.string(),
        end: z.string(),
        periods: z.number(),
        measured_start: z.string().nullable(),
        measured_end: z.string().nullable(),
        metrics: z.string(),
      }),
    )
    const models = await database.rows(
      `SELECT model, CAST(count(*) AS DOUBLE) AS series, CAST(sum(backtest_points) AS DOUBLE) AS backtest_points,
              CAST(sum(horizon_points) AS DOUBLE) AS horizon_points
       FROM series_models JOIN horizon_counts USING (server_id, metric, model) GROUP BY model ORDER BY model`,
      modelSchema,
    )
    return {
      files: fleet.dataset.files,
      rows: fleet.validation.rows,
      servers: totals.servers,
      series: totals.series,
      schema: fleet.dataset.schema,
      mapped_columns: columnMappings(fleet.dataset.columns),
      granularity: fleet.grid.granularity,
      step_seconds: fleet.grid.stepSeconds,
      steps: fleet.steps,
      time_zone: fleet.zone.name,
      metrics: totals.metrics.split('\n'),
      models,
      measured: { start: totals.measured_start, end: totals.measured_end },
      horizon: { start: totals.start, end: totals.end, periods: totals.periods },
      warnings: [
        ...fleet.dataset.warnings,
        ...fleet.timeWarnings,
        ...(await collectWarnings(database, config, { grid: fleet.grid, now: new Date(), stages: 'assessed' })),
      ],
    }
  } finally {
    database.close()
  }
}
