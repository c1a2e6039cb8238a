// Handlers for the window's channels: the main process serves some and forwards the others to the process that serves them.
import { access } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { app, clipboard, dialog, shell, type BrowserWindow } from 'electron'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { earlierRunFolder, sampleWeeksEarlier } from '../../../src-shared/run/sample-runs.ts'
import { byteOrderMark } from '../../../src-shared/artefacts/cell-text.ts'
import { parquetExtensions, textExtensions } from '../../../src-shared/run/parquet-files.ts'
import {
  channels,
  windowChannels,
  type ChannelRequest,
  type ChannelResponse,
  type ChannelServedBy,
  type Handlers,
  type StartRequest,
  type WindowChannel,
} from '../../../src-shared/ipc/ipc-contract.ts'
import { runOverviewSchema } from '../../../src-shared/ipc/run-view.ts'
import type { Settings, SettingsChange } from '../../../src-shared/config/settings.ts'
import type { CloudService } from '../cloud/cloud-service.ts'
import type { Analyses } from '../engine/analyses.ts'
import type { RunPrefetch } from '../engine/run-prefetch.ts'
import type { EngineProcess } from '../engine/host-process.ts'
import { requireGrants, type GrantedPaths } from './granted-paths.ts'
import { countRuns, fileExists, inspectPath } from './inspect-path.ts'
import type { QueryProcess } from '../engine/query-process.ts'
import type { RecentRuns } from '../settings/recent-runs.ts'
import { chooseSavePath, writeFileAtomically } from './save-file.ts'
import type { WindowHandlers } from './serve-channels.ts'

export interface HandlerDeps {
  readonly granted: GrantedPaths
  readonly engine: EngineProcess
  readonly runPrefetch: RunPrefetch
  readonly queries: QueryProcess
  readonly analyses: Analyses
  readonly recentRuns: RecentRuns
  readonly cloud: CloudService
  readonly takeStartRequest: () => StartRequest
  readonly settings: { readonly get: () => Settings; readonly set: (change: SettingsChange) => Promise<void> }
  /** The list of recent runs has changed. */
  readonly onRecentRuns: () => void
  readonly window: () => BrowserWindow | undefined
}

export const createChannelHandlers = (deps: HandlerDeps): WindowHandlers =>
  requireGrants(deps.granted, {
    ...forward('engine', deps.engine.call.bind(deps.engine)),
    ...forward('query', deps.queries.call.bind(deps.queries)),
    ...forward('cloud', deps.cloud.call.bind(deps.cloud)),
    ...createMainHandlers(deps),
    'run.open': (request) => openRun(deps, request),
  })

/** Passes every channel of the window that this process serves to `call`. */
const forward = <Served extends 'engine' | 'query' | 'cloud'>(
  server: Served,
  call: <Name extends WindowChannel & ChannelServedBy<Served>>(
    channel: Name,
    request: ChannelRequest<Name>,
  ) => Promise<ChannelResponse<Name>>,
): Handlers<WindowChannel & ChannelServedBy<Served>> =>
  Object.fromEntries(
    windowChannels
      .filter((channel): channel is WindowChannel & ChannelServedBy<Served> => channels[channel].servedBy === server)
      .map((channel) => [channel, (request: ChannelRequest<typeof channel>) => call(channel, request)]),
  ) as Handlers<WindowChannel & ChannelServedBy<Served>>

/** Uses the prefetched run if there is one, and adds the run to the recent runs. */
const openRun = async (deps: HandlerDeps, request: ChannelRequest<'run.open'>): Promise<ChannelResponse<'run.open'>> => {
  const { engine, runPrefetch, recentRuns, onRecentRuns } = deps
  await addEarlierSampleRuns(deps, request.folder)
  const overview = runOverviewSchema.parse((await runPrefetch.take(request.folder)) ?? (await engine.call('run.open', request)))
  await recentRuns.add(overview)
  app.addRecentDocument(overview.folder)
  onRecentRuns()
  return overview
}

/** The sample's earlier runs are never opened by hand, and Compare offers recent runs. */
const addEarlierSampleRuns = async ({ engine, recentRuns }: HandlerDeps, run: string): Promise<void> => {
  const listed = await recentRuns.list()
  for (const weeks of sampleWeeksEarlier) {
    const folder = earlierRunFolder(run, weeks)
    if (listed.some((recent) => recent.folder === folder) || !(await fileExists(folder))) continue
    await recentRuns.add(runOverviewSchema.parse(await engine.call('run.open', { folder })))
  }
}

const pathTitles = {
  file: 'Open a forecast file',
  folder: 'Open a folder of forecasts or a run folder',
  table: 'Choose a table',
} as const

const createMainHandlers = (deps: HandlerDeps): Handlers<ChannelServedBy<'main'>> => {
  const { engine, queries, analyses, recentRuns, settings } = deps
  const hasByteOrderMark = (): boolean => settings.get().csvByteOrderMark
  return {
    'start.get': async () => deps.takeStartRequest(),
    'path.choose': async ({ kind }) => {
      const window = deps.window()
      if (window === undefined) return { path: null }
      const { filePaths } = await dialog.showOpenDialog(window, {
        title: pathTitles[kind],
        properties: [kind === 'folder' ? 'openDirectory' : 'openFile'],
        ...(kind === 'folder'
          ? {}
          : {
              filters: [
                kind === 'table'
                  ? { name: 'Tables', extensions: ['csv', 'xlsx'] }
                  : { name: 'Forecasts', extensions: [...parquetExtensions, ...textExtensions] },
                { name: 'All files', extensions: ['*'] },
              ],
            }),
      })
      deps.granted.add(...filePaths)
      return { path: filePaths[0] ?? null }
    },
    'path.inspect': ({ path }) => inspectPath(path),
    'history.find': async ({ folder }) => {
      const parent = dirname(resolve(folder))
      const isFound = (await deps.granted.holds([parent])) && (await countRuns(parent, 2)) > 1
      return { folder: isFound ? parent : null }
    },
    'analysis.start': ({ source }) => analyses.start(source),
    'query.cancel': async () => {
      queries.cancel()
      return {}
    },
    'query.export': async (request) => {
      const path = await chooseSavePath(deps.window(), `query.${request.format}`, request.format)
      return path === null ? null : queries.call('query.write', { ...request, path, hasByteOrderMark: hasByteOrderMark() })
    },
    'rows.export': async (request) => {
      const path = await chooseSavePath(deps.window(), `servers.${request.format}`, request.format)
      return path === null ? null : engine.call('rows.write', { ...request, path, hasByteOrderMark: hasByteOrderMark() })
    },
    'report.export': async ({ folder, format }) => {
      const path = await chooseSavePath(deps.window(), `${basename(folder)}.${format}`, format)
      return path === null ? { path } : engine.call('report.write', { folder, format, path, hasByteOrderMark: hasByteOrderMark() })
    },
    'pack.export': async ({ format, ...history }) => {
      const path = await chooseSavePath(deps.window(), `${basename(history.folder)}-pack.${format}`, format)
      return path === null ? { path } : engine.call('pack.write', { ...history, path })
    },
    'file.save': async ({ name, kind, content }) => {
      const path = await chooseSavePath(deps.window(), name, kind)
      if (path !== null)
        await writeFileAtomically(path, kind === 'csv' && hasByteOrderMark() ? `${byteOrderMark}${String(content)}` : content)
      return { path }
    },
    'config.import': async () => {
      const window = deps.window()
      if (window === undefined) return null
      const { filePaths } = await dialog.showOpenDialog(window, {
        title: 'Read settings from a configuration file',
        properties: ['openFile'],
        filters: [{ name: 'YAML', extensions: ['yaml', 'yml'] }],
      })
      return filePaths[0] === undefined ? null : engine.call('config.read', { path: filePaths[0] })
    },
    'run.reveal': async ({ folder }) => {
      await access(folder).catch((cause: unknown) => {
        throw new HeadroomError('run-not-found', `There is no folder ${folder} any more.`, { cause })
      })
      shell.showItemInFolder(folder)
      return {}
    },
    'recent.list': () => recentRuns.list(),
    'recent.remove': async ({ folder }) => {
      const remaining = await recentRuns.remove(folder)
      deps.onRecentRuns()
      return remaining
    },
    'settings.get': async () => settings.get(),
    'settings.set': async (change) => {
      if (change.analysis !== undefined) await engine.call('config.check', { settings: change.analysis })
      await settings.set(change)
      return {}
    },
    'clipboard.write': async ({ text }) => {
      await clipboard.writeText(text)
      return {}
    },
  }
}
