// The channels of the window that collect from CloudWatch and Prometheus. Secrets go to the main process alone, and stay in memory.
import { z } from 'zod'
import {
  cloudWatchRequestSchema,
  collectedMeasurementsSchema,
  measurementsSourceSchema,
  prometheusAccessSchema,
  prometheusRequestSchema,
  sourceSurveySchema,
} from '../sources/source-requests.ts'

/** A live source and what is collected from it. The window names no file with certificates. */
export const liveSourceSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('prometheus'),
    request: prometheusRequestSchema,
    access: prometheusAccessSchema.omit({ caBundle: true }),
  }),
  z.strictObject({ kind: z.literal('cloudwatch'), request: cloudWatchRequestSchema }),
])
export type LiveSource = z.infer<typeof liveSourceSchema>

const sourceRequest = z.strictObject({ source: liveSourceSchema })

export const sourceChannels = {
  /** What the source holds, and what a collect takes. */
  'source.survey': { request: sourceRequest, response: sourceSurveySchema },
  /** Responds with the measurements file; progress is pushed as `source.progress`. A newer request ends an older one with `cancelled`. */
  'source.collect': { request: sourceRequest, response: collectedMeasurementsSchema },
  'source.cancel': { request: z.strictObject({}), response: z.object({}) },
} as const

/** Between the main process, which collects, and the engine process, which writes the file. */
export const assembleCallSchema = z.strictObject({
  /** Of the collect. */
  folder: z.string().min(1),
  parts: z.int(),
  out: z.string().min(1),
  /** Whether the values of an existing file stay. */
  extends: z.boolean(),
  source: z.strictObject(measurementsSourceSchema.shape),
})
export type AssembleCall = z.infer<typeof assembleCallSchema>

export const sourcePushes = [
  z.object({ type: z.literal('source.progress'), label: z.string(), share: z.number().min(0).max(1) }),
  /** Why it takes longer, in a sentence. */
  z.object({ type: z.literal('source.waiting'), sentence: z.string() }),
] as const
