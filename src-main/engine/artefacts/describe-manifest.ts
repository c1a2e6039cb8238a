// manifest.json without the files' hashes: inputs, columns, configuration, counts, warnings, host and timings.
import { arch, platform } from 'node:os'
import { version as duckdbVersion } from '@duckdb/node-api'
import { z } from 'zod'
import packageJson from '../../../package.json' with { type: 'json' }
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { RunCounts, RunWarning } from '../../../src-shared/run/run-event.ts'
import { runFormatVersion, type InputEntry, type ReadInput, type RunManifest } from '../../../src-shared/run/run-manifest.ts'
import { escapeGlob, type Database } from '../../database/database.ts'
import type { AnalysisRequest } from '../analysis-request.ts'
import { quantilePathCount, quantileStepCorrelations } from '../breach/quantile-paths.ts'
import type { AssessedFleet } from '../fleet-stages.ts'
import { parseTablePath } from '../../forecasts/workbook/table-path.ts'
import { hashFile } from '../../run-folder/hash-file.ts'
import { columnMappings } from '../../forecasts/forecast-columns.ts'

export interface ManifestInput {
  readonly request: AnalysisRequest
  readonly config: AnalysisConfig
  readonly runId: string
  readonly fleet: AssessedFleet
  readonly counts: RunCounts
  readonly warnings: readonly RunWarning[]
  readonly analyzedAt: Date
  readonly previousRun: string | null
  readonly timings: { step: string; seconds: number }[]
}

const textSchema = z.object({ text: z.string() })

export const describeManifest = async (database: Database, input: ManifestInput): Promise<Omit<RunManifest, 'files'>> => {
  const { request, config, runId, fleet, counts, warnings, analyzedAt, previousRun, timings } = input
  const horizon = await database.row(
    `SELECT strftime(min(horizon_start), '%Y-%m-%dT%H:%M:%SZ') AS start,
            strftime(max(horizon_end), '%Y-%m-%dT%H:%M:%SZ') AS end,
            CAST(max(horizon_periods) AS DOUBLE) AS periods
     FROM series_risk`,
    z.object({ start: z.string(), end: z.string(), periods: z.number() }),
  )
  const extent = await database.row(
    `SELECT strftime(min(first_at), '%Y-%m-%dT%H:%M:%S.%gZ') AS start, strftime(max(last_at), '%Y-%m-%dT%H:%M:%S.%gZ') AS end
     FROM series_models SEMI JOIN series_risk USING (server_id, metric, model)`,
    z.object({ start: z.string(), end: z.string() }),
  )
  const holidays = await database.rows(
    "SELECT strftime(day, '%Y-%m-%d') AS day, name FROM holidays ORDER BY day",
    z.object({ day: z.string(), name: z.string() }),
  )
  const metrics = await database.rows('SELECT DISTINCT metric AS text FROM series ORDER BY text', textSchema)
  const models = await database.rows('SELECT DISTINCT model AS text FROM series_models ORDER BY text', textSchema)
  return {
    format_version: runFormatVersion,
    run_id: runId,
    engine_version: packageJson.version,
    method: request.method,
    config,
    forced_model: request.model ?? null,
    previous_run: previousRun,
    analyzed_at: analyzedAt.toISOString(),
    inputs: await describeInputs(database, fleet),
    servers_table: await describeTable(fleet.serversTable),
    events_table: await describeTable(fleet.eventCalendar?.entry ?? null),
    projects_table: await describeTable(fleet.capacityTables?.entries.projects ?? null),
    drivers_table: await describeTable(fleet.capacityTables?.entries.drivers ?? null),
    catalogue: await describeTable(fleet.capacityTables?.entries.catalogue ?? null),
    schema: fleet.dataset.schema.map(({ column, type }) => ({ column, type })),
    mapped_columns: columnMappings(fleet.dataset.columns),
    mapping: fleet.dataset.mapping,
    granularity: fleet.grid.granularity,
    step_seconds: fleet.grid.stepSeconds,
    steps: [...fleet.steps],
    time_zone: fleet.zone.name,
    horizon,
    extent,
    holidays,
    metrics: metrics.map(({ text }) => text),
    models: models.map(({ text }) => text),
    counts,
    quantile_paths: await describeQuantilePaths(database, fleet),
    warnings: [...warnings],
    timings,
    peak_memory_bytes: process.resourceUsage().maxRSS * 1024,
    host: {
      platform: platform(),
      arch: arch(),
      node: process.versions.node,
      duckdb: duckdbVersion(),
      threads: database.threads,
    },
  }
}

const describeQuantilePaths = async (database: Database, { grid }: AssessedFleet): Promise<RunManifest['quantile_paths']> => {
  const { series } = await database.row(
    `SELECT CAST(count(*) AS DOUBLE) AS series FROM breach_estimates WHERE path_source = 'quantiles'`,
    z.object({ series: z.number() }),
  )
  return series === 0 ? null : { series, paths: quantilePathCount, step_correlation: quantileStepCorrelations[grid.granularity] }
}

const describeInputs = async (database: Database, fleet: AssessedFleet): Promise<InputEntry[]> => {
  if (fleet.inputs !== undefined) return [...fleet.inputs]
  const hashes = await fleet.inputHashes
  const entries: InputEntry[] = []
  for (const { path, bytes, format } of fleet.dataset.files) {
    const { rows } =
      format === 'parquet'
        ? await database.row('SELECT CAST(num_rows AS DOUBLE) AS rows FROM parquet_file_metadata(?)', z.object({ rows: z.number() }), [
            escapeGlob(path),
          ])
        : { rows: fleet.dataset.textRows?.get(path) ?? 0 }
    entries.push({ path, bytes, rows, ...(hashes?.get(path) ?? unknownHash) })
  }
  return entries
}

const unknownHash = { sha256: null, modified_at: null, integrity: null } as const

/** Servers or events: small, hence always hashed. The second job of a Spark run has the hash from the first, and no table. */
export const describeTable = async (table: ReadInput | InputEntry | null): Promise<InputEntry | null> => {
  if (table === null || 'sha256' in table) return table
  const { file } = await parseTablePath(table.path)
  return { ...table, ...unknownHash, sha256: await hashFile(file) }
}
