// The table of channels: each name with its request, its response and the process that serves it; and the events pushed to the window.
import { z } from 'zod'
import { configPreviewSchema } from '../config/pipeline-config.ts'
import { readingSettingsSchema } from '../config/reading-settings.ts'
import { settingsChangeSchema, settingsSchema } from '../config/settings.ts'
import { capacityTablesSchema, companionTablesSchema } from '../run/capacity-tables.ts'
import { inspectionSchema } from '../run/inspection.ts'
import { runEventSchema } from '../run/run-event.ts'
import { fileVerificationSchema } from '../run/run-manifest.ts'
import { capacityViewSchema } from './capacity-view.ts'
import { cloudChannels, cloudPushes } from './cloud-contract.ts'
import { readingProgressSchema } from './reading-progress.ts'
import { compareRequestSchema, compareResponseSchema } from './run-comparison.ts'
import { historyRequestSchema, historyViewSchema } from './run-history.ts'
import { deepLinkSchema } from './deep-link.ts'
import { eventCalendarSchema, saveEventsRequestSchema, serverEventsRequestSchema, serverEventsSchema } from './event-calendar.ts'
import {
  exportedRowsSchema,
  exportRowsCallSchema,
  exportRowsRequestSchema,
  exportTargetShape,
  packFormats,
  reportFormats,
} from './export-rows.ts'
import {
  filterChoicesSchema,
  filteredRequestSchema,
  fleetFiguresRequestSchema,
  fleetFiguresSchema,
  modelAccuracyResponseSchema,
  recommendationsPageSchema,
  recommendationsRequestSchema,
  saveDecisionsRequestSchema,
  seasonResponseSchema,
  serversPageSchema,
  serversRequestSchema,
  withdrawDecisionsRequestSchema,
} from './fleet-view.ts'
import { hostLoadRequestSchema, hostLoadSchema, packingPageSchema, packingRequestSchema } from './packing-view.ts'
import {
  queryExportRequestSchema,
  queryRequestSchema,
  queryResponseSchema,
  queryTablesSchema,
  queryWriteRequestSchema,
  writtenQuerySchema,
} from './user-sql.ts'
import { assembleCallSchema, sourceChannels, sourcePushes } from './sources-contract.ts'
import { collectedMeasurementsSchema } from '../sources/source-requests.ts'
import { reconcileRequestSchema, reconciliationSchema } from './reconciliation.ts'
import {
  clusterProfilesSchema,
  clustersDataSchema,
  clustersRequestSchema,
  heatmapRequestSchema,
  heatmapViewSchema,
  runOverviewSchema,
  serverDetailSchema,
  serverRequestSchema,
  serversInsideRequestSchema,
  serversInsideSchema,
} from './run-view.ts'
import {
  savedScenariosSchema,
  whatIfChoicesRequestSchema,
  whatIfChoicesSchema,
  whatIfRequestSchema,
  whatIfResultSchema,
} from './what-if.ts'

const path = z.string().min(1)
const paths = z.array(path).min(1).max(1000)
const emptyObject = z.strictObject({})
const done = z.object({})
const folderRequest = z.strictObject({ folder: path })
const reportRequest = z.strictObject({ folder: path, format: z.enum(reportFormats) })

/** What an analysis in the engine process takes: its input, its run folder and its settings. */
export const analyzeCallSchema = z.strictObject({
  /** Names the analysis in events and in `analysis.cancel`. */
  analysisId: z.string().min(1),
  source: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('forecast'),
      paths: z.array(path).min(1),
      serversTable: path.nullable(),
      eventsTable: path.nullable(),
      capacityTables: capacityTablesSchema,
      model: z.string().nullable(),
    }),
    /** A generated fleet, written to the Parquet file `forecasts` first. */
    z.strictObject({
      kind: z.literal('sample'),
      forecasts: path,
      servers: z.int().min(1).max(100_000),
      /** Last measured day; null: yesterday. */
      end: z.string().nullable(),
      /** With two metrics, an event and the runs of some weeks earlier. */
      isComplete: z.boolean(),
    }),
  ]),
  out: path,
  /** Settings that differ from the defaults, by the keys of the configuration. */
  config: z.record(z.string(), z.unknown()),
  /** Memory limit such as "4GB"; null: a quarter of the machine's memory. */
  memoryLimit: z.string().nullable(),
})
export type AnalyzeCall = z.infer<typeof analyzeCallSchema>

export const savedKinds = ['png', 'svg', 'csv', 'tsv', 'md', 'json'] as const
export type SavedKind = (typeof savedKinds)[number]
const maxSavedBytes = 100_000_000

/** What a start, a second start or a menu asks the window to do. */
export const startRequestSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start') }),
  z.object({ kind: z.literal('sample') }),
  z.object({ kind: z.literal('path'), path }),
  z.object({ kind: z.literal('link'), link: deepLinkSchema }),
  /** Why the request is refused, in one sentence. */
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
  /** Null where no metric is judged. */
  atRisk: z.int().nullable(),
  underutilized: z.int().nullable().default(null),
  savingsMonthlyUsd: z.number().nullable().default(null),
  /** Whether the folder still exists. */
  exists: z.boolean(),
})
export type RecentRun = z.infer<typeof recentRunSchema>

export const analysisSourceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('sample'), servers: z.int().min(1).max(100_000).optional() }),
  /** Files and folders that are one dataset, and how they are read. */
  z.strictObject({
    kind: z.literal('forecast'),
    paths,
    settings: readingSettingsSchema,
    /** Those that are not stated are the files next to the forecasts. */
    tables: companionTablesSchema.optional(),
  }),
  /** The forecasts that a run was made of, with the run's settings and its event calendar. */
  z.strictObject({ kind: z.literal('rerun'), folder: path }),
])
export type AnalysisSource = z.infer<typeof analysisSourceSchema>

interface Schemas {
  readonly request: z.ZodType
  readonly response: z.ZodType
}
type Table = Readonly<Record<string, Schemas>>
type Server = 'main' | 'engine' | 'query' | 'cloud'
type ServedBy<Served extends Server, IsInternal extends boolean, Entries extends Table> = {
  readonly [Name in keyof Entries]: Entries[Name] & { readonly servedBy: Served; readonly isInternal: IsInternal }
}

const serve = <Served extends Server, IsInternal extends boolean, Entries extends Table>(
  servedBy: Served,
  isInternal: IsInternal,
  entries: Entries,
): ServedBy<Served, IsInternal, Entries> =>
  Object.fromEntries(Object.entries(entries).map(([name, schemas]) => [name, { ...schemas, servedBy, isInternal }])) as ServedBy<
    Served,
    IsInternal,
    Entries
  >

/** Channels that the window may use, by the process that serves them. `cloud` is the part of the main process that loads the AWS SDK. */
const servedBy = <Served extends Server, Entries extends Table>(server: Served, entries: Entries): ServedBy<Served, false, Entries> =>
  serve(server, false, entries)

/** Channels between Headroom's own processes, which the window cannot reach. */
const internal = <Served extends Server, Entries extends Table>(server: Served, entries: Entries): ServedBy<Served, true, Entries> =>
  serve(server, true, entries)

export const channels = {
  ...servedBy('main', {
    /** What the app was started for; the window asks once, when it is ready. */
    'start.get': { request: emptyObject, response: startRequestSchema },
    /** System dialog; null when dismissed. */
    'path.choose': {
      request: z.strictObject({ kind: z.enum(['file', 'folder', 'table']) }),
      response: z.object({ path: path.nullable() }),
    },
    /** Whether a path is a run folder, a folder of runs, or holds forecasts. */
    'path.inspect': { request: z.strictObject({ path }), response: z.object({ path, kind: z.enum(['run', 'history', 'forecast']) }) },
    /** The folder that a run lies in, where the user granted that; null where not, or where it holds no other run. */
    'history.find': { request: folderRequest, response: z.object({ folder: path.nullable() }) },
    /** Starts in the engine process and responds at once; progress and outcome are pushed as `analysis.event`. */
    'analysis.start': {
      request: z.strictObject({ source: analysisSourceSchema }),
      response: z.discriminatedUnion('state', [
        z.object({
          state: z.literal('started'),
          analysisId: z.string(),
          name: z.string(),
          /** The companion file of the forecasts. */
          serversTable: path.nullable(),
          /** The events that are applied: the companion file of the forecasts, or the event calendar of the run. */
          eventsTable: path.nullable(),
        }),
        /** The sample was analysed before: its run folder. */
        z.object({ state: z.literal('present'), folder: path }),
      ]),
    },
    'query.cancel': { request: emptyObject, response: emptyObject },
    /** Opens a save dialog, then writes all rows of the query; null when the dialog is dismissed. */
    'query.export': { request: queryExportRequestSchema, response: writtenQuerySchema.nullable() },
    /** Opens a save dialog, then writes the rows of a list; null when the dialog is dismissed. */
    'rows.export': { request: exportRowsRequestSchema, response: exportedRowsSchema.nullable() },
    /** Opens a save dialog, then writes the whole run; null when the dialog is dismissed. */
    'report.export': { request: reportRequest, response: z.object({ path: path.nullable() }) },
    /** Opens a save dialog, then writes the pack of a history; null when the dialog is dismissed. */
    'pack.export': { request: historyRequestSchema.extend({ format: z.enum(packFormats) }), response: z.object({ path: path.nullable() }) },
    /** Opens a save dialog, then writes the text or picture; null when the dialog is dismissed. */
    'file.save': {
      request: z.strictObject({
        /** File name without folder. */
        name: z.string().regex(/^[^/\\\0]{1,200}$/),
        kind: z.enum(savedKinds),
        content: z.union([z.string().max(maxSavedBytes), z.instanceof(Uint8Array).refine(({ length }) => length <= maxSavedBytes)]),
      }),
      response: z.object({ path: path.nullable() }),
    },
    /** Opens a dialog for a configuration file and returns its settings; null when the dialog is dismissed. */
    'config.import': { request: emptyObject, response: configPreviewSchema.nullable() },
    /** Shows the folder in the system's file manager. */
    'run.reveal': { request: folderRequest, response: emptyObject },
    'recent.list': { request: emptyObject, response: z.array(recentRunSchema) },
    'recent.remove': { request: folderRequest, response: z.array(recentRunSchema) },
    'settings.get': { request: emptyObject, response: settingsSchema },
    /**
     * Changes the named settings; those of the analysis are checked first and replaced as a whole. `settings.changed` tells the window of
     * every change in order; the response follows when the change is saved and may come after later changes.
     */
    'settings.set': { request: settingsChangeSchema, response: emptyObject },
    'clipboard.write': { request: z.strictObject({ text: z.string().max(1_000_000) }), response: emptyObject },
  }),

  ...servedBy('engine', {
    'analysis.cancel': { request: z.strictObject({ analysisId: z.string() }), response: done },
    /** Column names of forecasts, read without their rows. */
    'forecasts.columns': {
      request: z.strictObject({ paths }),
      response: z.object({
        columns: z.array(z.string()),
        /** Whether every role has one column by a known name, in Parquet in long form: there is nothing to ask. */
        isPlain: z.boolean(),
      }),
    },
    /** Reads forecasts as an analysis would, with these settings; of large text files a first part shows enough. A newer request ends an older one with `cancelled`. */
    'forecasts.inspect': {
      request: z.strictObject({ paths, config: z.record(z.string(), z.unknown()), extent: z.enum(['all', 'first-part']) }),
      response: inspectionSchema,
    },
    /** Of the query that reads now, 0..1. */
    'inspection.progress': { request: emptyObject, response: z.object({ share: z.number().nullable() }) },
    'inspection.cancel': { request: emptyObject, response: done },
    'run.open': { request: folderRequest, response: runOverviewSchema },
    /** Files of the run that differ from its manifest. Hashes what was not hashed before: seconds for large runs. */
    'run.verify': { request: folderRequest, response: z.object({ changed: z.array(fileVerificationSchema) }) },
    'heatmap.get': { request: heatmapRequestSchema, response: heatmapViewSchema },
    'clusters.get': { request: clustersRequestSchema, response: clustersDataSchema },
    /** The servers inside a line that is drawn around marks. */
    'clusters.select': { request: serversInsideRequestSchema, response: serversInsideSchema },
    'cluster-profiles.get': { request: folderRequest, response: clusterProfilesSchema },
    'server.get': { request: serverRequestSchema, response: serverDetailSchema },
    'filter-choices.get': { request: folderRequest, response: filterChoicesSchema },
    'fleet.get': { request: fleetFiguresRequestSchema, response: fleetFiguresSchema },
    'servers.list': { request: serversRequestSchema, response: serversPageSchema },
    'season.get': { request: filteredRequestSchema, response: seasonResponseSchema },
    'models.list': { request: folderRequest, response: modelAccuracyResponseSchema },
    'capacity.get': { request: folderRequest, response: capacityViewSchema },
    'recommendations.list': { request: recommendationsRequestSchema, response: recommendationsPageSchema },
    'packing.list': { request: packingRequestSchema, response: packingPageSchema },
    'host-load.get': { request: hostLoadRequestSchema, response: hostLoadSchema },
    'decisions.save': { request: saveDecisionsRequestSchema, response: done },
    'decisions.remove': { request: withdrawDecisionsRequestSchema, response: done },
    'scenarios.list': { request: folderRequest, response: savedScenariosSchema },
    /** Replaces all saved scenarios of the run. */
    'scenarios.save': { request: z.strictObject({ folder: path, scenarios: savedScenariosSchema }), response: done },
    'scenario-choices.get': { request: whatIfChoicesRequestSchema, response: whatIfChoicesSchema },
    'scenario.evaluate': { request: whatIfRequestSchema, response: whatIfResultSchema },
    'events.list': { request: folderRequest, response: eventCalendarSchema },
    /** Checks the lines, then replaces the event calendar of the run. */
    'events.save': { request: saveEventsRequestSchema, response: eventCalendarSchema },
    'server-events.list': { request: serverEventsRequestSchema, response: serverEventsSchema },
    'runs.compare': { request: compareRequestSchema, response: compareResponseSchema },
    'history.get': { request: historyRequestSchema, response: historyViewSchema },
    'run.reconcile': { request: reconcileRequestSchema, response: reconciliationSchema },
    /** Of the comparison or reconciliation under way. A newer one ends it with `cancelled`. */
    'reading.progress': { request: emptyObject, response: z.object({ progress: readingProgressSchema.nullable() }) },
    'reading.cancel': { request: emptyObject, response: done },
  }),
  ...internal('engine', {
    /** Responds when the analysis has ended; progress and outcome are events. */
    'analysis.run': { request: analyzeCallSchema, response: done },
    /** Writes the plan of a Spark job into `out`. The inputs are all files of the forecasts, or some of them. */
    'forecasts.plan': {
      request: z.strictObject({
        inputs: z.array(path).min(1),
        out: path,
        config: z.record(z.string(), z.unknown()),
        serversTable: path.nullable(),
        model: z.string().min(1).nullable(),
      }),
      response: done,
    },
    /** Makes a measurements file of the parts of a collect. */
    'measurements.assemble': { request: assembleCallSchema, response: collectedMeasurementsSchema },
    /** Throws what an analysis would throw on these tables. */
    'tables.check': {
      request: z.strictObject({
        serversTable: path.nullable(),
        eventsTable: path.nullable(),
        capacityTables: capacityTablesSchema,
        config: z.record(z.string(), z.unknown()),
      }),
      response: done,
    },
    /** Throws config-invalid, which names the key. */
    'config.check': { request: z.strictObject({ settings: z.record(z.string(), z.unknown()) }), response: done },
    /** The settings of a configuration file; none is saved. */
    'config.read': { request: z.strictObject({ path }), response: configPreviewSchema },
    'rows.write': { request: exportRowsCallSchema, response: exportedRowsSchema },
    'pack.write': { request: historyRequestSchema.extend({ path }), response: z.object({ path }) },
    'report.write': { request: reportRequest.extend(exportTargetShape), response: z.object({ path }) },
  }),

  ...servedBy('query', {
    'query.run': { request: queryRequestSchema, response: queryResponseSchema },
    'query-tables.list': { request: folderRequest, response: queryTablesSchema },
  }),
  ...internal('query', {
    'query.write': { request: queryWriteRequestSchema, response: writtenQuerySchema },
  }),

  ...servedBy('cloud', { ...cloudChannels, ...sourceChannels }),
}
type Channels = typeof channels
export type Channel = keyof Channels
type ChannelsWhere<Property> = { [Name in Channel]: Channels[Name] extends Property ? Name : never }[Channel]
export type WindowChannel = ChannelsWhere<{ readonly isInternal: false }>
export type ChannelServedBy<Served extends Server> = ChannelsWhere<{ readonly servedBy: Served }>
export type ChannelRequest<Name extends Channel> = z.infer<Channels[Name]['request']>
export type ChannelResponse<Name extends Channel> = z.infer<Channels[Name]['response']>

export type Handlers<Name extends Channel> = {
  readonly [Served in Name]: (request: ChannelRequest<Served>) => Promise<ChannelResponse<Served>>
}

export const windowChannels = (Object.keys(channels) as Channel[]).filter((name): name is WindowChannel => !channels[name].isInternal)

export const pushSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('analysis.event'), analysisId: z.string(), event: runEventSchema }),
  /** A second start, or a menu command. */
  z.object({ type: z.literal('start.requested'), startRequest: startRequestSchema }),
  z.object({ type: z.literal('settings.changed'), settings: settingsSchema }),
  /** A menu item that the window carries out. */
  z.object({ type: z.literal('command.requested'), command: z.string() }),
  ...cloudPushes,
  ...sourcePushes,
])
export type Push = z.infer<typeof pushSchema>
