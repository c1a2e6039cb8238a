// What the window may ask of the main process: channel -> request and response schema, and the events pushed to it.
import { z } from 'zod'
import { cloudChannels, cloudPushes } from './cloud-contract.ts'
import { engineCalls } from './engine-contract.ts'
import { wireErrorSchema, type WireError } from './errors.ts'
import { runEventSchema } from './run-event.ts'

const path = z.string().min(1)
const nothing = z.strictObject({})

export const themeChoices = ['system', 'light', 'dark'] as const
export const settingsSchema = z.object({ theme: z.enum(themeChoices) })
export type Settings = z.infer<typeof settingsSchema>
export type ThemeChoice = Settings['theme']

/** What a start, a second start or a menu asks the window to do. */
export const launchSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start') }),
  z.object({ kind: z.literal('sample') }),
  z.object({ kind: z.literal('path'), path }),
])
export type Launch = z.infer<typeof launchSchema>

export const recentRunSchema = z.object({
  folder: path,
  title: z.string(),
  /** ISO 8601 UTC. */
  openedAt: z.string(),
  servers: z.int(),
  atRisk: z.int(),
  /** Whether the folder is still there. */
  exists: z.boolean(),
})
export type RecentRun = z.infer<typeof recentRunSchema>

export const analysisSourceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('sample'), servers: z.int().min(1).max(100_000).optional() }),
  z.strictObject({ kind: z.literal('forecast'), path }),
])
export type AnalysisSource = z.infer<typeof analysisSourceSchema>

export const channels = {
  /** What the app was started for; asked once by the window when it is ready. */
  'launch.take': { request: nothing, response: launchSchema },
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
      }),
      /** The sample was analysed before: its run folder. */
      z.object({ state: z.literal('present'), folder: path }),
    ]),
  },
  'analysis.cancel': engineCalls['analysis.cancel'],
  'run.open': engineCalls['run.open'],
  'run.heatmap': engineCalls['run.heatmap'],
  'run.clusters': engineCalls['run.clusters'],
  'run.server': engineCalls['run.server'],
  'run.what-if-choices': engineCalls['run.what-if-choices'],
  'run.what-if': engineCalls['run.what-if'],
  /** Shows the folder in the system's file manager. */
  'run.reveal': { request: z.strictObject({ folder: path }), response: nothing },
  'recent.list': { request: nothing, response: z.array(recentRunSchema) },
  'recent.remove': { request: z.strictObject({ folder: path }), response: z.array(recentRunSchema) },
  'settings.get': { request: nothing, response: settingsSchema },
  'settings.set': { request: settingsSchema.strict(), response: settingsSchema },
  ...cloudChannels,
  'clipboard.write': { request: z.strictObject({ text: z.string().max(1_000_000) }), response: nothing },
} as const
export type Channels = typeof channels
export type Channel = keyof Channels
export type ChannelRequest<Name extends Channel> = z.infer<Channels[Name]['request']>
export type ChannelResponse<Name extends Channel> = z.infer<Channels[Name]['response']>

export const isChannel = (name: unknown): name is Channel => typeof name === 'string' && Object.hasOwn(channels, name)

export type Answer<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: WireError }

/** The envelope of an answer; the value is parsed by the channel's schema. */
export const answerSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), error: wireErrorSchema }),
])

export const pushSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('analysis.event'), analysisId: z.string(), event: runEventSchema }),
  /** A second start, or a menu command. */
  z.object({ type: z.literal('launch.requested'), launch: launchSchema }),
  z.object({ type: z.literal('settings.changed'), settings: settingsSchema }),
  ...cloudPushes,
])
export type Push = z.infer<typeof pushSchema>
