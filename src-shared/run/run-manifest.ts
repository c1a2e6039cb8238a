// The run folder: names of its files, the manifest's schema and the format version.
import { z } from 'zod'
import { analysisMethodSchema, storedConfigSchema } from '../config/analysis-config.ts'
import { inputMappingSchema } from './input-mapping.ts'
import { runCountsSchema, warningSchema } from './run-event.ts'

/** Raised with every change of a file's layout; docs/run-format.md lists the changes. */
export const runFormatVersion = 5

export const runFiles = {
  flaggedForecasts: 'risk_flagged_forecasts.parquet',
  summary: 'module_05_summary.json',
  recommendations: 'optimization_recommendations.json',
  clusters: 'server_clusters.csv',
  heatmapPicture: 'risk_heatmap.png',
  clustersPicture: 'utilization_clusters.png',
  serverRisk: 'server_risk.parquet',
  modelAccuracy: 'model_accuracy.json',
  capacity: 'capacity.json',
  clusterDemand: 'cluster_demand.parquet',
  selectedSeries: 'series.parquet',
  manifest: 'manifest.json',
} as const

/** Every file except the manifest, which lists them. */
export const filesInManifest: readonly string[] = Object.values(runFiles).filter((name) => name !== runFiles.manifest)

export const granularities = ['hourly', 'daily', 'weekly', 'monthly', 'quarterly'] as const
export const granularitySchema = z.enum(granularities)
export type Granularity = z.infer<typeof granularitySchema>

export const seriesStepsSchema = z.array(z.object({ step: z.string(), series: z.int() }))

/** A path inside the run folder: a manifest from elsewhere must not point outside. */
const relativePathSchema = z.string().regex(/^(?!.*(?:^|\/)\.\.?(?:\/|$))[^/\\\0:][^\\\0:]*$/)

const fileEntrySchema = z.object({ name: relativePathSchema, bytes: z.int(), sha256: z.string().regex(/^[0-9a-f]{64}$/) })
export type FileEntry = z.infer<typeof fileEntrySchema>

/** A file as it is now, against its entry. */
export const fileVerificationSchema = z.object({ name: z.string(), state: z.enum(['ok', 'missing', 'changed']) })
export type FileVerification = z.infer<typeof fileVerificationSchema>

export const inputEntrySchema = z.object({
  /** Path as named, or S3 URI. */
  path: z.string(),
  bytes: z.int(),
  rows: z.int(),
  /** Null for more than 10 GB of files, for Spark's, and in manifests of older versions. */
  sha256: z.string().nullable().default(null),
  /** ISO 8601 UTC. Null where `sha256` may be. */
  modified_at: z.iso.datetime().nullable().default(null),
  /** `checked`: the file holds checksums, and they agree. `none`: it holds none. Null where it was not looked at. */
  integrity: z.enum(['checked', 'none']).nullable().default(null),
})
export type InputEntry = z.infer<typeof inputEntrySchema>
/** Before its contents are hashed. */
export type ReadInput = Pick<InputEntry, 'path' | 'bytes' | 'rows'>

export const columnMappingSchema = z.object({
  /** Headroom's name for the role, for instance `server_id`. */
  role: z.string(),
  /** The user's column. */
  column: z.string(),
  type: z.string(),
})
export type ColumnMapping = z.infer<typeof columnMappingSchema>

export const runManifestSchema = z.object({
  format_version: z.int(),
  run_id: z.string(),
  engine_version: z.string(),
  method: analysisMethodSchema,
  config: storedConfigSchema,
  forced_model: z.string().nullable(),
  /** ID of the run whose hosts were kept where they still fitted. Absent in manifests of older versions. */
  previous_run: z.string().nullable().default(null),
  analyzed_at: z.string(),
  inputs: z.array(inputEntrySchema),
  servers_table: inputEntrySchema.nullable(),
  /** Absent in manifests of older versions. */
  events_table: inputEntrySchema.nullable().default(null),
  /** Absent in manifests of older versions. */
  projects_table: inputEntrySchema.nullable().default(null),
  drivers_table: inputEntrySchema.nullable().default(null),
  /** Of instance types; null: the shipped one. */
  catalogue: inputEntrySchema.nullable().default(null),
  schema: z.array(z.object({ column: z.string(), type: z.string() })),
  mapped_columns: z.array(columnMappingSchema),
  /** How the files were read. Absent in manifests of older versions. */
  mapping: inputMappingSchema.nullable().default(null),
  granularity: granularitySchema,
  step_seconds: z.number(),
  /** Steps of the series, the commonest first, such as "month" or "15 minutes". Empty in manifests of older versions. */
  steps: seriesStepsSchema.default([]),
  /** Zone whose days, weekends and months count. */
  time_zone: z.string().default('UTC'),
  horizon: z.object({ start: z.string(), end: z.string(), periods: z.int() }),
  /** First and last time of the selected models' rows, ISO 8601 UTC with milliseconds. Absent in manifests of older versions. */
  extent: z.object({ start: z.iso.datetime(), end: z.iso.datetime() }).nullable().default(null),
  /** Public and bank holidays of the forecasts' years, ascending. Null in manifests of older versions. */
  holidays: z
    .array(z.object({ day: z.iso.date(), name: z.string() }))
    .nullable()
    .default(null),
  metrics: z.array(z.string()),
  models: z.array(z.string()),
  counts: runCountsSchema,
  /** How series without a backtest were simulated from their quantiles; null where none was. Absent in manifests of older versions. */
  quantile_paths: z
    .object({
      series: z.int(),
      /** Per series. */
      paths: z.int(),
      /** Of neighbouring steps' Normal scores. */
      step_correlation: z.number(),
    })
    .nullable()
    .default(null),
  warnings: z.array(warningSchema),
  timings: z.array(z.object({ step: z.string(), seconds: z.number() })),
  peak_memory_bytes: z.int(),
  host: z.object({ platform: z.string(), arch: z.string(), node: z.string(), duckdb: z.string(), threads: z.int() }),
  files: z.array(fileEntrySchema),
})
export type RunManifest = z.infer<typeof runManifestSchema>
