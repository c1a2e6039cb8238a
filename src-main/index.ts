// Electron entry: wires window, menu, channels and processes together.
import '../src-shared/run/no-proto-accessor.ts'
import { join, resolve } from 'node:path'
import { app, dialog, ipcMain, type BrowserWindow } from 'electron'
import { exitCodes, toWireError } from '../src-shared/run/errors.ts'
import type { Push } from '../src-shared/ipc/ipc-contract.ts'
import { pushChannel } from '../src-shared/ipc/preload-bridge.ts'
import { Analyses, cancelBeforeQuit } from './shell/engine/analyses.ts'
import { lockDownPages, registerAppScheme, serveApp } from './shell/window/app-protocol.ts'
import { CloudService } from './shell/cloud/cloud-service.ts'
import { askForPaths } from './shell/ipc/ask-for-paths.ts'
import { createChannelHandlers } from './shell/ipc/channel-handlers.ts'
import { GrantedPaths } from './shell/ipc/granted-paths.ts'
import { initDataFolder } from './shell/settings/data-folder.ts'
import { RunPrefetch } from './shell/engine/run-prefetch.ts'
import { startDiagnostics, saveProblemReport } from './shell/diagnostics/diagnostics.ts'
import { createEngineProcess } from './shell/engine/host-process.ts'
import { SettingsStore } from './shell/settings/settings-store.ts'
import { parseStartArguments, StartRequests } from './shell/window/start-requests.ts'
import { refusalOf } from './shell/window/refused-switches.ts'
import { openMainWindow } from './shell/window/main-window.ts'
import { setMenu } from './shell/window/menu.ts'
import { isAppPage, pageUrl } from './shell/window/page-url.ts'
import { QueryProcess } from './shell/engine/query-process.ts'
import { RecentRuns } from './shell/settings/recent-runs.ts'
import { serveChannels } from './shell/ipc/serve-channels.ts'
import { showTaskProgress } from './shell/window/task-progress.ts'

const appFolder = resolve(__dirname, '../..')

const start = async (): Promise<void> => {
  app.setName('Headroom')
  const refusal = refusalOf(app.isPackaged, (name) => app.commandLine.hasSwitch(name))
  if (refusal !== undefined) {
    process.stderr.write(`Error: ${refusal}\n`)
    // Who starts it from a menu sees no terminal.
    if (app.commandLine.hasSwitch('no-sandbox')) await app.whenReady().then(() => dialog.showErrorBox('Headroom', refusal))
    app.exit(exitCodes.usage)
    return
  }
  const data = initDataFolder(process.env)
  if (!app.requestSingleInstanceLock()) {
    app.quit()
    return
  }
  const log = startDiagnostics(data, process.env)
  registerAppScheme()

  let window: BrowserWindow | undefined
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
    join(__dirname, 'engine-host.cjs'),
    ({ analysisId, event }) => {
      if (event.type === 'failed') log.writeFailure('analysis', event.error)
      else if (event.type === 'finished') log.write('analysed', { servers: event.counts.total_servers, seconds: event.seconds })
      push({ type: 'analysis.event', analysisId, event })
    },
    logCrash,
  )
  const runPrefetch = new RunPrefetch()
  const queries = new QueryProcess(join(__dirname, 'query-host.cjs'), logCrash)
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
  app.on('window-all-closed', () => app.quit())
  cancelBeforeQuit(app, analyses)
  app.on('will-quit', () => {
    engine.stop()
    queries.stop()
    void cloud.stopFollowing()
  })

  await app.whenReady()
  engine.start()
  runPrefetch.start(engine, startRequests.first, granted)
  await settings.load()
  serveApp(join(__dirname, '../renderer'))
  const page = pageUrl(process.env, app.isPackaged)
  lockDownPages(page)
  serveChannels(
    ipcMain,
    handlers,
    (sender) => isAppPage(sender, page),
    (channel, error) => log.writeFailure(channel, error),
    (paths) => granted.add(...paths),
  )
  window = openMainWindow(page, __dirname, settings.get().zoom, data.windowState)
  await showMenu()
  // Jobs outlive the app: those of an earlier start are followed again.
  await cloud.resume()
  window.on('closed', () => (window = undefined))
}

start().catch((error: unknown) => {
  dialog.showErrorBox('Headroom could not start', error instanceof Error ? error.message : String(error))
  app.exit(1)
})
