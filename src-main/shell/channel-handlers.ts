// What each channel does: small errands here, analyses and queries in the engine's process.
import { access } from 'node:fs/promises'
import { basename } from 'node:path'
import { app, clipboard, dialog, shell, type BrowserWindow } from 'electron'
import type { EngineCall } from '../../src-shared/engine-contract.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import type { Launch } from '../../src-shared/ipc-contract.ts'
import { runOverviewSchema } from '../../src-shared/run-view.ts'
import type { Settings, SettingsChange } from '../../src-shared/settings.ts'
import type { CloudDesk } from './cloud-desk.ts'
import { makeCloudHandlers } from './cloud-handlers.ts'
import type { Analyses } from './analyses.ts'
import type { EarlyRun } from './early-run.ts'
import type { EngineProcess } from './engine-process.ts'
import { inspectPath } from './path-inspection.ts'
import type { QueryProcess } from './query-process.ts'
import type { RecentRuns } from './recent-runs.ts'
import { askWhereTo, writeWhole } from './save-file.ts'
import type { ChannelHandlers } from './serve-channels.ts'

export interface HandlerNeeds {
  readonly engine: EngineProcess
  readonly earlyRun: EarlyRun
  readonly queries: QueryProcess
  readonly analyses: Analyses
  readonly recentRuns: RecentRuns
  readonly cloud: () => Promise<CloudDesk>
  readonly takeLaunch: () => Launch
  readonly settings: { readonly get: () => Settings; readonly set: (change: SettingsChange) => Promise<Settings> }
  /** The list of recent runs has changed. */
  readonly onRecentRuns: () => void
  readonly window: () => BrowserWindow | undefined
}

export const makeChannelHandlers = (needs: HandlerNeeds): ChannelHandlers => {
  const { engine, queries, analyses, recentRuns, settings } = needs
  const ask =
    <Call extends EngineCall>(call: Call) =>
    (request: Parameters<typeof engine.call<Call>>[1]) =>
      engine.call(call, request)
  return {
    'launch.take': async () => needs.takeLaunch(),
    'path.choose': async ({ kind }) => {
      const window = needs.window()
      if (window === undefined) return { path: null }
      const { filePaths } = await dialog.showOpenDialog(window, {
        title: kind === 'file' ? 'Open a forecast file' : 'Open a folder of forecasts or a run folder',
        properties: [kind === 'file' ? 'openFile' : 'openDirectory'],
        ...(kind === 'file'
          ? {
              filters: [
                { name: 'Parquet', extensions: ['parquet', 'pq'] },
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
      const overview = runOverviewSchema.parse((await needs.earlyRun.take(request.folder)) ?? (await engine.call('run.open', request)))
      await recentRuns.add(overview)
      app.addRecentDocument(overview.folder)
      needs.onRecentRuns()
      return overview
    },
    'run.heatmap': ask('run.heatmap'),
    'run.clusters': ask('run.clusters'),
    'run.servers-inside': ask('run.servers-inside'),
    'run.server': ask('run.server'),
    'run.cluster-profiles': ask('run.cluster-profiles'),
    'run.choices': ask('run.choices'),
    'run.fleet': ask('run.fleet'),
    'run.servers': ask('run.servers'),
    'run.season': ask('run.season'),
    'run.models': ask('run.models'),
    'run.recommendations': ask('run.recommendations'),
    'run.packing': ask('run.packing'),
    'run.host-load': ask('run.host-load'),
    'run.decide': ask('run.decide'),
    'run.undecide': ask('run.undecide'),
    'run.scenarios': ask('run.scenarios'),
    'run.keep-scenarios': ask('run.keep-scenarios'),
    'run.events': ask('run.events'),
    'run.keep-events': ask('run.keep-events'),
    'run.server-events': ask('run.server-events'),
    'run.compare': ask('run.compare'),
    'run.reconcile': ask('run.reconcile'),
    'query.run': (request) => queries.call('query.run', request),
    'query.tables': (request) => queries.call('query.tables', request),
    'query.cancel': async () => {
      queries.cancel()
      return {}
    },
    'query.export': async (request) => {
      const path = await askWhereTo(needs.window(), `query.${request.format}`, request.format)
      return path === null ? null : queries.call('query.export', { ...request, path })
    },
    'rows.export': async (request) => {
      const path = await askWhereTo(needs.window(), `servers.${request.format}`, request.format)
      return path === null ? null : engine.call('run.export-rows', { ...request, path })
    },
    'report.export': async ({ folder, format }) => {
      const path = await askWhereTo(needs.window(), `${basename(folder)}.${format}`, format)
      return path === null ? { path } : engine.call('run.report', { folder, format, path })
    },
    'file.save': async ({ name, kind, content }) => {
      const path = await askWhereTo(needs.window(), name, kind)
      if (path !== null) await writeWhole(path, content)
      return { path }
    },
    'config.import': async () => {
      const window = needs.window()
      if (window === undefined) return null
      const { filePaths } = await dialog.showOpenDialog(window, {
        title: 'Read settings from a configuration file',
        properties: ['openFile'],
        filters: [{ name: 'YAML', extensions: ['yaml', 'yml'] }],
      })
      return filePaths[0] === undefined ? null : engine.call('config.read', { path: filePaths[0] })
    },
    'run.what-if-choices': (request) => engine.call('run.what-if-choices', request),
    'run.what-if': (request) => engine.call('run.what-if', request),
    'run.reveal': async ({ folder }) => {
      await access(folder).catch((cause: unknown) => {
        throw new HeadroomError('run-not-found', `There is no folder ${folder} any more.`, { cause })
      })
      shell.showItemInFolder(folder)
      return {}
    },
    'recent.list': () => recentRuns.list(),
    'recent.remove': async ({ folder }) => {
      const left = await recentRuns.remove(folder)
      needs.onRecentRuns()
      return left
    },
    'settings.get': async () => settings.get(),
    'settings.set': async (change) => {
      if (change.analysis !== undefined) await engine.call('config.check', { settings: change.analysis })
      return settings.set(change)
    },
    ...makeCloudHandlers(needs.cloud),
    'clipboard.write': async ({ text }) => {
      await clipboard.writeText(text)
      return {}
    },
  }
}
