// Spark output: the tables that a Spark job writes, and its notes with the settings for `headroom finish`.
import { join } from 'node:path'
import { z } from 'zod'
import { storedConfigSchema } from '../../../src-shared/config/analysis-config.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { granularitySchema, inputEntrySchema, seriesStepsSchema } from '../../../src-shared/run/run-manifest.ts'
import { tryParseJson } from '../../../src-shared/run/parse-json.ts'
import { readRegularText } from '../../run-folder/regular-file.ts'

/** Version of plan, script and Spark output: they belong together. */
export const sparkOutputVersion = 4

/** Written last: Spark output with it is complete. */
export const sparkOutputNotesFile = 'stage.json'

/** Parquet folders of Spark output, one per table. */
export const sparkOutputTables = [
  'series_models',
  'series',
  'candidates',
  'selected_models',
  'hold_out_errors',
  'series_risk',
  'server_attributes',
] as const
export type SparkOutputTable = (typeof sparkOutputTables)[number]
/** Every row of the selected models by canonical names, in order of series and time. */
export const selectedRowsFolder = 'selected_rows'
/** Every input row with its flags, in shards by server. */
export const flaggedRowsFolder = 'flagged'

/** Facts about the dataset, as of the plan. */
export const sparkOutputFactsSchema = z.object({
  version: z.literal(sparkOutputVersion),
  config: storedConfigSchema,
  forced_model: z.string().nullable(),
  schema: z.array(z.object({ column: z.string(), type: z.string() })),
  granularity: granularitySchema,
  step_seconds: z.number().positive(),
  lag_seconds: z.number().positive(),
  steps: seriesStepsSchema.default([]),
  servers_table: inputEntrySchema.nullable(),
})
export type SparkOutputFacts = z.infer<typeof sparkOutputFactsSchema>

/** With the files that Spark read. */
export const sparkOutputNotesSchema = sparkOutputFactsSchema.extend({ inputs: z.array(inputEntrySchema).min(1) })
export type SparkOutputNotes = z.infer<typeof sparkOutputNotesSchema>

/** Throws input-not-found if the folder holds no complete Spark output, or output of another version of Headroom. */
export const readSparkOutputNotes = async (folder: string): Promise<SparkOutputNotes> => {
  const text = await readRegularText(join(folder, sparkOutputNotesFile)).catch((cause: unknown) => {
    throw new HeadroomError('input-not-found', `${folder} holds no complete Spark output: ${sparkOutputNotesFile} is missing.`, {
      next: 'Wait for the Spark job to finish, or start it again: it resumes after its last complete step.',
      cause,
    })
  })
  const parsed = sparkOutputNotesSchema.safeParse(tryParseJson(text))
  if (parsed.success) return parsed.data
  throw new HeadroomError('input-not-found', `${sparkOutputNotesFile} of ${folder} was not written by this version of Headroom.`, {
    next: 'Plan and run the Spark job again with this version.',
    cause: parsed.error,
  })
}
