// What the window may ask of the main process: channel -> request and response schema, and the events pushed to it.
import { z } from 'zod'
import { configPreviewSchema } from '../config/config-preview.ts'
import { deepLinkSchema } from './deep-link.ts'
import { cloudChannels, cloudPushes } from './cloud-contract.ts'
import { engineCalls } from './engine-contract.ts'
import { wireErrorSchema, type WireError } from '../run/errors.ts'
import { exportRowsRequestSchema, exportedRowsSchema } from './export-rows.ts'
import { queryCalls, queryExportRequestSchema } from './query-contract.ts'
import { reportFormats } from './report-format.ts'
import { runEventSchema } from '../run/run-event.ts'
import { settingsChangeSchema, settingsSchema } from '../config/settings.ts'

const path = z.string().min(1)
const emptyObject = z.strictObject({})

export const savedKinds = ['png', 'svg', 'csv', 'tsv', 'md', 'json'] as const
export type SavedKind = (typeof savedKinds)[number]
const maxSavedBytes = 100_000_000

/** What a start, a second start or a menu asks the window to do. */
export const startRequestSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start') }),
  z.object({ kind: z.literal('sample') }),
  z.object({ kind: z.literal('path'), path }),
  z.object({ kind: z.literal('link'), link: deepLinkSchema }),
  /** What was asked for cannot be done, in one sentence. */
  z.object({ kind: z.literal('refused'), message: z.string() }),
])
export type StartRequest = z.infer<typeof startRequestSchema>

export const recentRunSchema = z.object({
  folder: path,
  title: z.string(),
  /** ISO 8601 UTC. */
  openedAt: z.string(),
  /** Of the analysis; null where the folder does not say. */
  analyzedAt: z.string().nullable().default(null),
  servers: z.int(),
  atRisk: z.int(),
  underutilized: z.int().nullable().default(null),
  savingsMonthlyUsd: z.number().nullable().default(null),
  /** Whether the folder is still there. */
  exists: z.boolean(),
})
export type RecentRun = z.infer<typeof recentRunSchema>

export const analysisSourceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('sample'), servers: z.int().min(1).max(100_000).optional() }),
  z.strictObject({ kind: z.literal('forecast'), path }),
  /** The set that a run was made of, with the run's settings and the event ledger kept beside it. */
  z.strictObject({ kind: z.literal('again'), folder: path }),
])
export type AnalysisSource = z.infer<typeof analysisSourceSchema>

export const channels = {
  /** What the app was started for; asked once by the window when it is ready. */
  'start.get': { request: emptyObject, response: startRequestSchema },
  /** System dialog; null when dismissed. */
  'path.choose': { request: z.strictObject({ kind: z.enum(['file', 'folder']) }), response: z.object({ path: path.nullable() }) },
  /** Whether a path is a run folder or a forecast set. */
  'path.inspect': {
    request: z.strictObject({ path }),
    response: z.object({ path, kind: z.enum(['run', 'forecast']) }),
  },
  /** Starts in the engine's process and answers at once; how it goes is pushed as `analysis.event`. */
  'analysis.start': {
    request: z.strictObject({ source: analysisSourceSchema }),
    response: z.discriminatedUnion('state', [
      z.object({
        state: z.literal('started'),
        analysisId: z.string(),
        name: z.string(),
        /** The table found beside the forecast set. */
        serversTable: path.nullable(),
        /** The events table that is heeded: the one beside the set, or the run's ledger. */
        eventsTable: path.nullable(),
      }),
      /** The sample was analysed before: its run folder. */
      z.object({ state: z.literal('present'), folder: path }),
    ]),
  },
  'analysis.cancel': engineCalls['analysis.cancel'],
  'run.open': engineCalls['run.open'],
  'heatmap.get': engineCalls['heatmap.get'],
  'clusters.get': engineCalls['clusters.get'],
  'clusters.select': engineCalls['clusters.select'],
  'server.get': engineCalls['server.get'],
  'cluster-profiles.get': engineCalls['cluster-profiles.get'],
  'filter-choices.get': engineCalls['filter-choices.get'],
  'fleet.get': engineCalls['fleet.get'],
  'servers.list': engineCalls['servers.list'],
  'season.get': engineCalls['season.get'],
  'models.list': engineCalls['models.list'],
  'recommendations.list': engineCalls['recommendations.list'],
  'packing.list': engineCalls['packing.list'],
  'host-load.get': engineCalls['host-load.get'],
  'decisions.save': engineCalls['decisions.save'],
  'decisions.remove': engineCalls['decisions.remove'],
  'scenarios.list': engineCalls['scenarios.list'],
  'scenarios.save': engineCalls['scenarios.save'],
  'events.list': engineCalls['events.list'],
  'events.save': engineCalls['events.save'],
  'server-events.list': engineCalls['server-events.list'],
  'runs.compare': engineCalls['runs.compare'],
  'run.reconcile': engineCalls['run.reconcile'],
  'query.run': queryCalls['query.run'],
  'query-tables.list': queryCalls['query-tables.list'],
  'query.cancel': { request: emptyObject, response: emptyObject },
  /** Asks where to, then writes all rows there; null when the dialog is dismissed. */
  'query.export': { request: queryExportRequestSchema, response: queryCalls['query.export'].response.nullable() },
  /** Asks where to, then writes there; null when the dialog is dismissed. */
  'rows.export': { request: exportRowsRequestSchema, response: exportedRowsSchema.nullable() },
  /** Asks where to, then writes the whole run there; null when the dialog is dismissed. */
  'report.export': {
    request: z.strictObject({ folder: path, format: z.enum(reportFormats) }),
    response: z.object({ path: path.nullable() }),
  },
  /** Asks where to, then writes the text or picture there; null when the dialog is dismissed. */
  'file.save': {
    request: z.strictObject({
      /** File name without folder. */
      name: z.string().regex(/^[^/\\\0]{1,200}$/),
      kind: z.enum(savedKinds),
      content: z.union([z.string().max(maxSavedBytes), z.instanceof(Uint8Array).refine(({ length }) => length <= maxSavedBytes)]),
    }),
    response: z.object({ path: path.nullable() }),
  },
  /** Asks for a configuration file and says what it sets; null when the dialog is dismissed. */
  'config.import': { request: emptyObject, response: configPreviewSchema.nullable() },
  'scenario-choices.get': engineCalls['scenario-choices.get'],
  'scenario.evaluate': engineCalls['scenario.evaluate'],
  /** Shows the folder in the system's file manager. */
  'run.reveal': { request: z.strictObject({ folder: path }), response: emptyObject },
  'recent.list': { request: emptyObject, response: z.array(recentRunSchema) },
  'recent.remove': { request: z.strictObject({ folder: path }), response: z.array(recentRunSchema) },
  'settings.get': { request: emptyObject, response: settingsSchema },
  /** Changes the settings named; those of the analysis are checked first and replaced as a whole. */
  'settings.set': { request: settingsChangeSchema, response: settingsSchema },
  ...cloudChannels,
  'clipboard.write': { request: z.strictObject({ text: z.string().max(1_000_000) }), response: emptyObject },
} as const
export type Channels = typeof channels
export type Channel = keyof Channels
export type ChannelRequest<Name extends Channel> = z.infer<Channels[Name]['request']>
export type ChannelResponse<Name extends Channel> = z.infer<Channels[Name]['response']>

export const isChannel = (name: unknown): name is Channel => typeof name === 'string' && Object.hasOwn(channels, name)

export type IpcResponse<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: WireError }

/** The envelope of an answer; the value is parsed by the channel's schema. */
export const ipcResponseSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), error: wireErrorSchema }),
])

export const pushSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('analysis.event'), analysisId: z.string(), event: runEventSchema }),
  /** A second start, or a menu command. */
  z.object({ type: z.literal('start.requested'), startRequest: startRequestSchema }),
  z.object({ type: z.literal('settings.changed'), settings: settingsSchema }),
  /** A menu item that the window carries out. */
  z.object({ type: z.literal('command.requested'), command: z.string() }),
  ...cloudPushes,
])
export type Push = z.infer<typeof pushSchema>
