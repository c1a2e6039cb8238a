// Wires menu, channels and processes to the open window.
import { app, ipcMain, type BrowserWindow, type UtilityProcess } from 'electron'
import { toWireError } from '../../src-shared/run/errors.ts'
import type { Push } from '../../src-shared/ipc/ipc-contract.ts'
import { pushChannel } from '../../src-shared/ipc/preload-bridge.ts'
import { CloudService } from './cloud/cloud-service.ts'
import type { DiagnosticLog } from './diagnostics/diagnostic-log.ts'
import { saveProblemReport } from './diagnostics/save-problem-report.ts'
import { Analyses, cancelBeforeQuit } from './engine/analyses.ts'
import { createEngineProcess, endBeforeQuit } from './engine/host-process.ts'
import { QueryProcess } from './engine/query-process.ts'
import { RunPrefetch } from './engine/run-prefetch.ts'
import { askForPaths } from './ipc/ask-for-paths.ts'
import { createChannelHandlers } from './ipc/channel-handlers.ts'
import { GrantedPaths } from './ipc/granted-paths.ts'
import { serveChannels } from './ipc/serve-channels.ts'
import type { DataFolder } from './settings/data-folder.ts'
import { RecentRuns } from './settings/recent-runs.ts'
import { SettingsStore } from './settings/settings-store.ts'
import { removeAbandonedFolders } from '../run-folder/temporary-folder.ts'
import { applySettings } from './window/main-window.ts'
import { setMenu } from './window/menu.ts'
import { isAppPage } from './window/page-url.ts'
import { parseStartArguments, StartRequests } from './window/start-requests.ts'
import { showTaskProgress } from './window/task-progress.ts'

export interface OpenedWindow {
  readonly data: DataFolder
  readonly log: DiagnosticLog
  readonly page: string
  readonly window: BrowserWindow
  readonly engineScript: string
  /** Started, and not called yet. */
  readonly engineProcess: UtilityProcess
  readonly queryScript: string
  readonly appFolder: string
  /** Further starts and links that came before; called once they are heard. */
  readonly releaseStartEvents: () => void
}

/** Call right after the window was opened, before its page can send a request. */
export const serveWindow = async (opened: OpenedWindow): Promise<void> => {
  const { data, log, page, appFolder } = opened
  let window: BrowserWindow | undefined = opened.window
  window.on('closed', () => (window = undefined))
  const push = (message: Push): void => {
    showTaskProgress(window, message)
    window?.webContents.send(pushChannel, message)
  }
  const recentRuns = new RecentRuns(data.recentRuns)
  const granted = new GrantedPaths([data.runs, data.samples, data.measurements], {
    ask: (purpose, paths) => askForPaths(window, purpose, paths),
    recentFolders: async () => (await recentRuns.list()).map(({ folder }) => folder),
  })
  const startRequests = new StartRequests(parseStartArguments(process.argv, process.cwd(), appFolder), push, (path) => granted.add(path))
  const logCrash = (name: string, exitCode: number): void => log.write('process crashed', { name, exitCode })
  const engine = createEngineProcess(
    opened.engineScript,
    opened.engineProcess,
    ({ analysisId, event }) => {
      if (event.type === 'failed') log.writeFailure('analysis', event.error)
      else if (event.type === 'finished') log.write('analysed', { servers: event.counts.total_servers, seconds: event.seconds })
      push({ type: 'analysis.event', analysisId, event })
    },
    logCrash,
  )
  const runPrefetch = new RunPrefetch()
  const queries = new QueryProcess(opened.queryScript, logCrash)
  const cloud = new CloudService({ data, push, engine, granted, window: () => window })
  const analyses = new Analyses(engine, data, granted, push, () => settings.get())
  const settings = new SettingsStore(data.settings, (changed) => {
    push({ type: 'settings.changed', settings: changed })
    window?.webContents.setZoomFactor(changed.zoom)
    void showMenu()
  })
  const handlers = createChannelHandlers({
    granted,
    engine,
    runPrefetch,
    queries,
    analyses,
    recentRuns,
    cloud,
    settings,
    onRecentRuns: () => void showMenu(),
    window: () => window,
    takeStartRequest: () => startRequests.takeFirst(),
  })
  const openPath = async (kind: 'file' | 'folder'): Promise<void> => {
    const { path } = await handlers['path.choose']({ kind })
    if (path !== null) startRequests.send({ kind: 'path', path })
  }
  const showMenu = (): Promise<void> =>
    setMenu({
      settings,
      recentRuns,
      openPath: (kind) => void openPath(kind),
      openSample: () => startRequests.send({ kind: 'sample' }),
      openRun: (folder) => startRequests.send({ kind: 'path', path: folder }),
      command: (name) => push({ type: 'command.requested', command: name }),
      reportProblem: () =>
        void saveProblemReport(log, data, settings, window).catch((error: unknown) => log.writeFailure('report', toWireError(error))),
    })

  startRequests.receiveFrom(app, appFolder, () => window)
  opened.releaseStartEvents()
  app.on('window-all-closed', () => app.quit())
  cancelBeforeQuit(app, analyses)
  endBeforeQuit(app, [engine, queries])
  app.on('will-quit', () => void cloud.stopFollowing())
  const settingsLoaded = settings.load()
  serveChannels(
    ipcMain,
    handlers,
    settingsLoaded,
    (sender) => isAppPage(sender, page),
    (channel, error) => log.writeFailure(channel, error),
    (paths) => granted.add(...paths),
  )
  runPrefetch.start(engine, startRequests.first, granted)
  await settingsLoaded
  applySettings(opened.window, () => settings.get().zoom)
  // A bar of menus that comes later would move the page.
  await showMenu()
  // What a start that was killed left behind.
  void removeAbandonedFolders()
  // Jobs outlive the app: those of an earlier start are followed again.
  await cloud.resume()
}
