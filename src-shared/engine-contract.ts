// What the window's main process asks of the engine's process: calls with request and response schema, and pushed events.
import { z } from 'zod'
import { wireErrorSchema } from './errors.ts'
import { runEventSchema } from './run-event.ts'
import {
  clustersDataSchema,
  clustersRequestSchema,
  heatmapRequestSchema,
  heatmapViewSchema,
  runOverviewSchema,
  serverDetailSchema,
  serverRequestSchema,
} from './run-view.ts'
import { whatIfAnswerSchema, whatIfChoicesRequestSchema, whatIfChoicesSchema, whatIfRequestSchema } from './what-if.ts'

const path = z.string().min(1)

export const analyzeCallSchema = z.strictObject({
  /** Names the analysis in events and in `analysis.cancel`. */
  analysisId: z.string().min(1),
  source: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('forecast'), path, serversTable: path.nullable() }),
    /** A generated fleet, written to the Parquet file `forecasts` first. */
    z.strictObject({ kind: z.literal('sample'), forecasts: path, servers: z.int().min(1).max(100_000) }),
  ]),
  out: path,
})
export type AnalyzeCall = z.infer<typeof analyzeCallSchema>

export const engineCalls = {
  /** Answers when it has ended; how it went and ended is told by events. */
  'analysis.run': { request: analyzeCallSchema, response: z.object({}) },
  'analysis.cancel': { request: z.strictObject({ analysisId: z.string() }), response: z.object({}) },
  'run.open': { request: z.strictObject({ folder: path }), response: runOverviewSchema },
  'run.heatmap': { request: heatmapRequestSchema, response: heatmapViewSchema },
  'run.clusters': { request: clustersRequestSchema, response: clustersDataSchema },
  'run.server': { request: serverRequestSchema, response: serverDetailSchema },
  'run.what-if-choices': { request: whatIfChoicesRequestSchema, response: whatIfChoicesSchema },
  'run.what-if': { request: whatIfRequestSchema, response: whatIfAnswerSchema },
} as const
export type EngineCalls = typeof engineCalls
export type EngineCall = keyof EngineCalls
export type EngineRequest<Call extends EngineCall> = z.infer<EngineCalls[Call]['request']>
export type EngineResponse<Call extends EngineCall> = z.infer<EngineCalls[Call]['response']>

export const isEngineCall = (name: unknown): name is EngineCall => typeof name === 'string' && Object.hasOwn(engineCalls, name)

/** To the engine's process. */
export const engineMessageSchema = z.object({ id: z.int(), call: z.string(), payload: z.unknown() })
export type EngineMessage = z.infer<typeof engineMessageSchema>

/** From the engine's process. */
export const engineReportSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('answer'), id: z.int(), ok: z.literal(true), value: z.unknown() }),
  z.object({ type: z.literal('refusal'), id: z.int(), ok: z.literal(false), error: wireErrorSchema }),
  z.object({ type: z.literal('event'), analysisId: z.string(), event: runEventSchema }),
])
export type EngineReport = z.infer<typeof engineReportSchema>
