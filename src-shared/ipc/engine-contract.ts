// What the window's main process asks of the engine's process: calls with request and response schema, and pushed events.
import { z } from 'zod'
import { compareResponseSchema, compareRequestSchema, reconcileRequestSchema } from './compare-runs-view.ts'
import { configPreviewSchema } from '../config/config-preview.ts'
import { wireErrorSchema } from '../run/errors.ts'
import { exportedRowsSchema, exportRowsCallSchema } from './export-rows.ts'
import {
  saveDecisionsRequestSchema,
  filterChoicesSchema,
  filteredRequestSchema,
  fleetFiguresRequestSchema,
  fleetFiguresSchema,
  modelAccuracyResponseSchema,
  recommendationsPageSchema,
  recommendationsRequestSchema,
  seasonResponseSchema,
  serversPageSchema,
  serversRequestSchema,
  withdrawDecisionsRequestSchema,
} from './fleet-view.ts'
import { eventCalendarSchema, saveEventsRequestSchema, serverEventsRequestSchema, serverEventsSchema } from './event-calendar.ts'
import { hostLoadRequestSchema, hostLoadSchema, packingPageSchema, packingRequestSchema } from './packing-view.ts'
import { savedScenariosSchema } from './saved-scenario.ts'
import { reportFormats } from './report-format.ts'
import { reconciliationSchema } from './reconciliation.ts'
import { runEventSchema } from '../run/run-event.ts'
import {
  clusterProfilesSchema,
  clustersDataSchema,
  clustersRequestSchema,
  serversInsideRequestSchema,
  serversInsideSchema,
  heatmapRequestSchema,
  heatmapViewSchema,
  runOverviewSchema,
  serverDetailSchema,
  serverRequestSchema,
} from './run-view.ts'
import { whatIfResultSchema, whatIfChoicesRequestSchema, whatIfChoicesSchema, whatIfRequestSchema } from './what-if.ts'

const path = z.string().min(1)
const folderRequest = z.strictObject({ folder: path })
const reportCallSchema = z.strictObject({ folder: path, format: z.enum(reportFormats), path })

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
  /** What the analysis may take, such as "4GB"; null: a quarter of the machine's memory. */
  memoryLimit: z.string().nullable(),
})
export type AnalyzeCall = z.infer<typeof analyzeCallSchema>

export const engineCalls = {
  /** Answers when it has ended; how it went and ended is told by events. */
  'analysis.run': { request: analyzeCallSchema, response: z.object({}) },
  'analysis.cancel': { request: z.strictObject({ analysisId: z.string() }), response: z.object({}) },
  /** Writes the plan of a Spark job for a set, of which these files are at least a part, into `out`. */
  'forecasts.plan': {
    request: z.strictObject({
      inputs: z.array(path).min(1),
      out: path,
      config: z.record(z.string(), z.unknown()),
      serversTable: path.nullable(),
      model: z.string().min(1).nullable(),
    }),
    response: z.object({}),
  },
  /** Answers where an analysis would take the tables. */
  'tables.check': {
    request: z.strictObject({ serversTable: path.nullable(), eventsTable: path.nullable() }),
    response: z.object({}),
  },
  'run.open': { request: folderRequest, response: runOverviewSchema },
  'heatmap.get': { request: heatmapRequestSchema, response: heatmapViewSchema },
  'clusters.get': { request: clustersRequestSchema, response: clustersDataSchema },
  'clusters.select': { request: serversInsideRequestSchema, response: serversInsideSchema },
  'server.get': { request: serverRequestSchema, response: serverDetailSchema },
  'cluster-profiles.get': { request: folderRequest, response: clusterProfilesSchema },
  'filter-choices.get': { request: folderRequest, response: filterChoicesSchema },
  'fleet.get': { request: fleetFiguresRequestSchema, response: fleetFiguresSchema },
  'servers.list': { request: serversRequestSchema, response: serversPageSchema },
  'season.get': { request: filteredRequestSchema, response: seasonResponseSchema },
  'models.list': { request: folderRequest, response: modelAccuracyResponseSchema },
  'recommendations.list': { request: recommendationsRequestSchema, response: recommendationsPageSchema },
  'packing.list': { request: packingRequestSchema, response: packingPageSchema },
  'host-load.get': { request: hostLoadRequestSchema, response: hostLoadSchema },
  /** Keeps the planner's decisions beside the run, or takes them back. */
  'decisions.save': { request: saveDecisionsRequestSchema, response: z.object({}) },
  'decisions.remove': { request: withdrawDecisionsRequestSchema, response: z.object({}) },
  /** Scenarios that the planner kept beside the run; keeping replaces them all. */
  'scenarios.list': { request: folderRequest, response: savedScenariosSchema },
  'scenarios.save': { request: z.strictObject({ folder: path, scenarios: savedScenariosSchema }), response: z.object({}) },
  /** The event ledger beside the run; keeping checks and replaces it. */
  'events.list': { request: folderRequest, response: eventCalendarSchema },
  'events.save': { request: saveEventsRequestSchema, response: eventCalendarSchema },
  'server-events.list': { request: serverEventsRequestSchema, response: serverEventsSchema },
  'runs.compare': { request: compareRequestSchema, response: compareResponseSchema },
  'run.reconcile': { request: reconcileRequestSchema, response: reconciliationSchema },
  /** Writes the filtered rows of a list to a file that the user named. */
  'rows.write': { request: exportRowsCallSchema, response: exportedRowsSchema },
  /** Writes the whole run as a report to a file that the user named. */
  'report.write': { request: reportCallSchema, response: z.object({ path }) },
  /** Throws config-invalid with the key that does not fit. */
  'config.check': { request: z.strictObject({ settings: z.record(z.string(), z.unknown()) }), response: z.object({}) },
  /** What a configuration file sets; nothing is kept. */
  'config.read': { request: z.strictObject({ path }), response: configPreviewSchema },
  'scenario-choices.get': { request: whatIfChoicesRequestSchema, response: whatIfChoicesSchema },
  'scenario.evaluate': { request: whatIfRequestSchema, response: whatIfResultSchema },
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
