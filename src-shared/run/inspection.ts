// What `headroom inspect` and the window's import dialog show of files before an analysis.
import { z } from 'zod'
import { metricUnitSchema } from '../config/metric-units.ts'
import { errorCodeSchema } from './errors.ts'
import { columnRoleSchema, inputFormatSchema, inputMappingSchema } from './input-mapping.ts'
import { warningSchema } from './run-event.ts'
import { columnMappingSchema, granularitySchema } from './run-manifest.ts'

/** One thing that the user must state before the files can be read. */
export const inputQuestionSchema = z.object({
  code: errorCodeSchema,
  /** One sentence, with the options of the command line in it. */
  sentence: z.string(),
  /** Ways to answer it: merge `settings` into the configuration. */
  options: z.array(z.object({ label: z.string(), settings: z.record(z.string(), z.json()) })),
})
export type InputQuestion = z.infer<typeof inputQuestionSchema>

/** A canonical row as text; null where a value is missing. Quantiles are an object of level -> value. */
export const previewRowSchema = z.object({
  server_id: z.string().nullable(),
  /** ISO 8601 UTC. */
  timestamp: z.string().nullable(),
  metric: z.string(),
  model: z.string().nullable(),
  actual: z.number().nullable(),
  predicted: z.number().nullable(),
  yhat_lower: z.number().nullable(),
  yhat_upper: z.number().nullable(),
  quantiles: z.record(z.string(), z.number()).nullable(),
  is_future: z.boolean().nullable(),
  cutoff: z.string().nullable(),
})
export type PreviewRow = z.infer<typeof previewRowSchema>

export const inspectedModelSchema = z.object({
  model: z.string(),
  series: z.number(),
  backtest_points: z.number(),
  horizon_points: z.number(),
})

/** Counts and times are null where a question, or rows that cannot be analysed, keep them unknown. */
export const inspectionSchema = z.object({
  /** `measurements`: nothing is forecast in these files. Null where it is not known yet. */
  contents: z.enum(['forecasts', 'measurements']).nullable(),
  /** `name`: below the folder that was named. */
  files: z.array(z.object({ path: z.string(), name: z.string(), bytes: z.number(), format: inputFormatSchema })),
  /** Columns of the first file by their order; text formats have VARCHAR only. */
  schema: z.array(z.object({ column: z.string(), type: z.string() })),
  /** How the files are read; null where a question comes first. */
  mapping: inputMappingSchema.nullable(),
  /** Roles that several columns could play, the one that was taken first; the user may choose another. */
  candidates: z.array(z.object({ role: columnRoleSchema, columns: z.array(z.string()) })),
  question: inputQuestionSchema.nullable(),
  /** Why the files cannot be analysed, other than by a question. */
  problem: z.object({ code: errorCodeSchema, sentence: z.string(), next: z.string().nullable() }).nullable(),
  /** The first rows as they are in the first file, as text, a value per column of `schema`. */
  first_rows: z.array(z.array(z.string().nullable())),
  /** The first canonical rows. */
  preview: z.array(previewRowSchema),
  /** Files, columns and rows that are not read, and why. */
  left_out: z.array(z.object({ kind: z.enum(['file', 'column', 'rows']), name: z.string(), count: z.number(), reason: z.string() })),
  units: z.array(z.object({ metric: z.string(), unit: metricUnitSchema, how: z.enum(['stated', 'name']) })),
  time_zone: z.string(),
  /** Steps such as "1 day" and the series that have them, the commonest first. */
  steps: z.array(z.object({ step: z.string(), series: z.number() })),
  /** Rows that were read where only a first part was: counts, times and the horizon are null then. */
  first_part_rows: z.number().nullable(),
  rows: z.number().nullable(),
  servers: z.number().nullable(),
  series: z.number().nullable(),
  mapped_columns: z.array(columnMappingSchema),
  granularity: granularitySchema.nullable(),
  step_seconds: z.number().nullable(),
  metrics: z.array(z.string()),
  models: z.array(inspectedModelSchema),
  /** ISO 8601 UTC. */
  measured: z.object({ start: z.string().nullable(), end: z.string().nullable() }),
  horizon: z.object({ start: z.string(), end: z.string(), periods: z.number() }).nullable(),
  warnings: z.array(warningSchema),
})
export type Inspection = z.infer<typeof inspectionSchema>
