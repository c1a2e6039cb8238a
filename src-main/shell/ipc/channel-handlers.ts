// What each channel does: small errands here, analyses and queries in the engine's process.
import { access } from 'node:fs/promises'
import { basename } from 'node:path'
import { app, clipboard, dialog, shell, type BrowserWindow } from 'electron'
import type { EngineCall } from '../../../src-shared/ipc/engine-contract.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { parquetExtensions } from '../../../src-shared/run/parquet-files.ts'
import type { StartRequest } from '../../../src-shared/ipc/ipc-contract.ts'
import { runOverviewSchema } from '../../../src-shared/ipc/run-view.ts'
import type { Settings, SettingsChange } from '../../../src-shared/config/settings.ts'
import type { CloudService } from '../cloud/cloud-service.ts'
import type { Analyses } from '../engine/analyses.ts'
import type { RunPrefetch } from '../engine/run-prefetch.ts'
import type { EngineProcess } from '../engine/engine-process.ts'
import { inspectPath } from './inspect-path.ts'
import type { QueryProcess } from '../engine/query-process.ts'
import type { RecentRuns } from '../settings/recent-runs.ts'
import { chooseSavePath, writeFileAtomically } from './save-file.ts'
import type { ChannelHandlers } from './serve-channels.ts'

export interface HandlerDeps {
  readonly engine: EngineProcess
  readonly runPrefetch: RunPrefetch
  readonly queries: QueryProcess
  readonly analyses: Analyses
  readonly recentRuns: RecentRuns
  readonly cloud: CloudService
  readonly takeStartRequest: () => StartRequest
  readonly settings: { readonly get: () => Settings; readonly set: (change: SettingsChange) => Promise<Settings> }
  /** The list of recent runs has changed. */
  readonly onRecentRuns: () => void
  readonly window: () => BrowserWindow | undefined
}

export const createChannelHandlers = (deps: HandlerDeps): ChannelHandlers => {
  const { engine, queries, analyses, recentRuns, settings } = deps
  const forward =
    <Call extends EngineCall>(call: Call) =>
    (request: Parameters<typeof engine.call<Call>>[1]) =>
      engine.call(call, request)
  return {
    'start.get': async () => deps.takeStartRequest(),
    'path.choose': async ({ kind }) => {
      const window = deps.window()
      if (window === undefined) return { path: null }
      const { filePaths } = await dialog.showOpenDialog(window, {
        title: kind === 'file' ? 'Open a forecast file' : 'Open a folder of forecasts or a run folder',
        properties: [kind === 'file' ? 'openFile' : 'openDirectory'],
        ...(kind === 'file'
          ? {
              filters: [
                { name: 'Parquet', extensions: [...parquetExtensions] },
                { name: 'All files', extensions: ['*'] },
              ],
            }
          : {}),
      })
      return { path: filePaths[0] ?? null }
    },
    'path.inspect': ({ path }) => inspectPath(path),
    'analysis.start': ({ source }) => analyses.start(source),
    'analysis.cancel': async ({ analysisId }) => {
      await analyses.cancel(analysisId)
      return {}
    },
    'run.open': async (request) => {
      const overview = runOverviewSchema.parse((await deps.runPrefetch.take(request.folder)) ?? (await engine.call('run.open', request)))
      await recentRuns.add(overview)
      app.addRecentDocument(overview.folder)
      deps.onRecentRuns()
      return overview
    },
    'heatmap.get': forward('heatmap.get'),
    'clusters.get': forward('clusters.get'),
    'clusters.select': forward('clusters.select'),
    'server.get': forward('server.get'),
    'cluster-profiles.get': forward('cluster-profiles.get'),
    'filter-choices.get': forward('filter-choices.get'),
    'fleet.get': forward('fleet.get'),
    'servers.list': forward('servers.list'),
    'season.get': forward('season.get'),
    'models.list': forward('models.list'),
    'recommendations.list': forward('recommendations.list'),
    'packing.list': forward('packing.list'),
    'host-load.get': forward('host-load.get'),
    'decisions.save': forward('decisions.save'),
    'decisions.remove': forward('decisions.remove'),
    'scenarios.list': forward('scenarios.list'),
    'scenarios.save': forward('scenarios.save'),
    'events.list': forward('events.list'),
    'events.save': forward('events.save'),
    'server-events.list': forward('server-events.list'),
    'runs.compare': forward('runs.compare'),
    'run.reconcile': forward('run.reconcile'),
    'query.run': (request) => queries.call('query.run', request),
    'query-tables.list': (request) => queries.call('query-tables.list', request),
    'query.cancel': async () => {
      queries.cancel()
      return {}
    },
    'query.export': async (request) => {
      const path = await chooseSavePath(deps.window(), `query.${request.format}`, request.format)
      return path === null ? null : queries.call('query.export', { ...request, path })
    },
    'rows.export': async (request) => {
      const path = await chooseSavePath(deps.window(), `servers.${request.format}`, request.format)
      return path === null ? null : engine.call('rows.write', { ...request, path })
    },
    'report.export': async ({ folder, format }) => {
      const path = await chooseSavePath(deps.window(), `${basename(folder)}.${format}`, format)
      return path === null ? { path } : engine.call('report.write', { folder, format, path })
    },
    'file.save': async ({ name, kind, content }) => {
      const path = await chooseSavePath(deps.window(), name, kind)
      if (path !== null) await writeFileAtomically(path, content)
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
    'scenario-choices.get': (request) => engine.call('scenario-choices.get', request),
    'scenario.evaluate': (request) => engine.call('scenario.evaluate', request),
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
      return settings.set(change)
    },
    ...deps.cloud.handlers,
    'clipboard.write': async ({ text }) => {
      await clipboard.writeText(text)
      return {}
    },
  }
}
