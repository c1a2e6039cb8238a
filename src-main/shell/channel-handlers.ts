// What each channel does: small errands here, analyses and queries in the engine's process.
import { access } from 'node:fs/promises'
import { clipboard, dialog, shell, type BrowserWindow } from 'electron'
import { HeadroomError } from '../../src-shared/errors.ts'
import type { Launch, Settings } from '../../src-shared/ipc-contract.ts'
import { runOverviewSchema } from '../../src-shared/run-view.ts'
import type { CloudDesk } from './cloud-desk.ts'
import { makeCloudHandlers } from './cloud-handlers.ts'
import type { Analyses } from './analyses.ts'
import type { EngineProcess } from './engine-process.ts'
import { inspectPath } from './path-inspection.ts'
import type { RecentRuns } from './recent-runs.ts'
import type { ChannelHandlers } from './serve-channels.ts'

export interface HandlerNeeds {
  readonly engine: EngineProcess
  readonly analyses: Analyses
  readonly recentRuns: RecentRuns
  readonly cloud: () => Promise<CloudDesk>
  readonly takeLaunch: () => Launch
  readonly settings: { readonly get: () => Settings; readonly set: (settings: Settings) => Promise<Settings> }
  readonly window: () => BrowserWindow | undefined
}

export const makeChannelHandlers = (needs: HandlerNeeds): ChannelHandlers => {
  const { engine, analyses, recentRuns, settings } = needs
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
      const overview = runOverviewSchema.parse(await engine.call('run.open', request))
      await recentRuns.add(overview)
      return overview
    },
    'run.heatmap': (request) => engine.call('run.heatmap', request),
    'run.clusters': (request) => engine.call('run.clusters', request),
    'run.server': (request) => engine.call('run.server', request),
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
    'recent.remove': ({ folder }) => recentRuns.remove(folder),
    'settings.get': async () => settings.get(),
    'settings.set': (changed) => settings.set(changed),
    ...makeCloudHandlers(needs.cloud),
    'clipboard.write': async ({ text }) => {
      await clipboard.writeText(text)
      return {}
    },
  }
}
