// The stage folder: what the Spark job leaves for the engine to finish, and the notes beside it from which a run is finished without naming anything twice.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { analysisConfigSchema } from '../../../src-shared/analysis-config.ts'
import { HeadroomError } from '../../../src-shared/errors.ts'
import { granularitySchema, inputEntrySchema } from '../../../src-shared/run-manifest.ts'

/** Of plan, script and stage folder: they belong together. */
export const stageVersion = 2

/** Written last: a stage folder with it is complete. */
export const stageNotesFile = 'stage.json'

/** Parquet folders of a stage, by what they hold. */
export const stageTables = ['series_models', 'series', 'candidates', 'selected_models', 'series_risk', 'server_attributes'] as const
export type StageTable = (typeof stageTables)[number]
/** Every row of the selected models by canonical names, in order of series and time. */
export const selectedRowsFolder = 'selected_rows'
/** Every input row with its flags, in shards by server. */
export const flaggedFolder = 'flagged'

/** What the plan knows of the set. */
export const stageFactsSchema = z.object({
  version: z.literal(stageVersion),
  config: analysisConfigSchema,
  forced_model: z.string().nullable(),
  schema: z.array(z.object({ column: z.string(), type: z.string() })),
  granularity: granularitySchema,
  step_seconds: z.number().positive(),
  lag_seconds: z.number().positive(),
  servers_table: inputEntrySchema.nullable(),
})
export type StageFacts = z.infer<typeof stageFactsSchema>

/** With the files that Spark read. */
export const stageNotesSchema = stageFactsSchema.extend({ inputs: z.array(inputEntrySchema).min(1) })
export type StageNotes = z.infer<typeof stageNotesSchema>

/** Throws input-not-found where the folder holds no complete stage, input-changed where another version of Headroom made it. */
export const readStageNotes = async (folder: string): Promise<StageNotes> => {
  const text = await readFile(join(folder, stageNotesFile), 'utf8').catch((cause: unknown) => {
    throw new HeadroomError('input-not-found', `${folder} holds no finished Spark stage: ${stageNotesFile} is missing.`, {
      next: 'Let the Spark job end well first; started again, it goes on after its last complete step.',
      cause,
    })
  })
  const parsed = stageNotesSchema.safeParse(parsedJson(text))
  if (parsed.success) return parsed.data
  throw new HeadroomError('input-not-found', `${stageNotesFile} of ${folder} was not written by this version of Headroom.`, {
    next: 'Plan and run the Spark job again with this version.',
    cause: parsed.error,
  })
}

const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
