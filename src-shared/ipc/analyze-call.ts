// What an analysis in the engine process takes: its input, its run folder and its settings.
import { z } from 'zod'

const path = z.string().min(1)

export const analyzeCallSchema = z.strictObject({
  /** Names the analysis in events and in `analysis.cancel`. */
  analysisId: z.string().min(1),
  source: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('forecast'),
      paths: z.array(path).min(1),
      serversTable: path.nullable(),
      eventsTable: path.nullable(),
      model: z.string().nullable(),
    }),
    /** A generated fleet, written to the Parquet file `forecasts` first. */
    z.strictObject({ kind: z.literal('sample'), forecasts: path, servers: z.int().min(1).max(100_000) }),
  ]),
  out: path,
  /** Settings that differ from the defaults, by the keys of the configuration. */
  config: z.record(z.string(), z.unknown()),
  /** Memory limit such as "4GB"; null: a quarter of the machine's memory. */
  memoryLimit: z.string().nullable(),
})
export type AnalyzeCall = z.infer<typeof analyzeCallSchema>
