// Electron entry: wires window, menu, channels and the engine's process together.
import { join, resolve } from 'node:path'
import { app, dialog, ipcMain, type BrowserWindow } from 'electron'
import { deepLinkScheme } from '../src-shared/ipc/deep-link.ts'
import { toWireError } from '../src-shared/run/errors.ts'
import type { StartRequest, Push } from '../src-shared/ipc/ipc-contract.ts'
import { pushChannel } from '../src-shared/ipc/preload-bridge.ts'
import { minZoom, maxZoom } from '../src-shared/config/settings.ts'
import { Analyses } from './shell/engine/analyses.ts'
import { lockDownPages, registerAppScheme, serveApp } from './shell/window/app-protocol.ts'
import { CloudService } from './shell/cloud/cloud-service.ts'
import { createChannelHandlers } from './shell/ipc/channel-handlers.ts'
import { initDataFolder } from './shell/settings/data-folder.ts'
import { RunPrefetch } from './shell/engine/run-prefetch.ts'
import { startDiagnostics, saveProblemReport } from './shell/diagnostics/diagnostics.ts'
import { createEngineProcess } from './shell/engine/engine-process.ts'
import { SettingsStore } from './shell/settings/settings-store.ts'
import { parseStartArguments, parseStartLink } from './shell/window/start-arguments.ts'
import { openMainWindow } from './shell/window/main-window.ts'
import { setMenu } from './shell/window/menu.ts'
import { isAppPage, pageUrl } from './shell/window/page-url.ts'
import { QueryProcess } from './shell/engine/query-process.ts'
import { RecentRuns } from './shell/settings/recent-runs.ts'
import { serveChannels } from './shell/ipc/serve-channels.ts'
import { showTaskProgress } from './shell/window/task-progress.ts'

const appFolder = resolve(__dirname, '../..')
const cancelTimeoutMs = 5000

const start = async (): Promise<void> => {
  app.setName('Headroom')
  const data = initDataFolder(process.env)
  if (!app.requestSingleInstanceLock()) {
    app.quit()
    return
  }
  const log = startDiagnostics(data, process.env)
  registerAppScheme()

  let window: BrowserWindow | undefined
  let startRequest: StartRequest = parseStartArguments(process.argv, process.cwd(), appFolder)
  const push = (message: Push): void => {
    showTaskProgress(window, message)
    window?.webContents.send(pushChannel, message)
  }
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
  const cloud = new CloudService({ data, push, engine, window: () => window })
  const analyses = new Analyses(engine, data, push, () => settings.get())
  const recentRuns = new RecentRuns(data.recentRuns)
  const settings = new SettingsStore(data.settings, (changed) => {
    push({ type: 'settings.changed', settings: changed })
    window?.webContents.setZoomFactor(changed.zoom)
    void showMenu()
  })
  const requestStart = (requested: StartRequest): void => push({ type: 'start.requested', startRequest: requested })
  const handlers = createChannelHandlers({
    engine,
    runPrefetch,
    queries,
    analyses,
    recentRuns,
    cloud,
    settings,
    onRecentRuns: () => void showMenu(),
    window: () => window,
    takeStartRequest: () => {
      const pending = startRequest
      startRequest = { kind: 'start' }
      return pending
    },
  })
  const openPath = async (kind: 'file' | 'folder'): Promise<void> => {
    const { path } = await handlers['path.choose']({ kind })
    if (path !== null) requestStart({ kind: 'path', path })
  }
  const zoomTo = (direction: -1 | 0 | 1): void => {
    const { zoom } = settings.get()
    const targetZoom = direction === 0 ? 1 : Math.round((zoom + direction * 0.1) * 10) / 10
    void settings.set({ zoom: Math.min(maxZoom, Math.max(minZoom, targetZoom)) })
  }
  const showMenu = async (): Promise<void> =>
    setMenu(settings.get().theme, await recentRuns.list(), {
      openPath: (kind) => void openPath(kind),
      openSample: () => requestStart({ kind: 'sample' }),
      openRun: (folder) => requestStart({ kind: 'path', path: folder }),
      chooseTheme: (theme) => void settings.set({ theme }),
      zoom: zoomTo,
      command: (name) => push({ type: 'command.requested', command: name }),
      reportProblem: () =>
        void saveProblemReport(log, data, settings, window).catch((error: unknown) => log.writeFailure('report', toWireError(error))),
    })

  app.on('second-instance', (_event, argv, workingFolder) => {
    if (window?.isMinimized() === true) window.restore()
    window?.focus()
    const requested = parseStartArguments(argv, workingFolder, appFolder)
    if (requested.kind !== 'start') requestStart(requested)
  })
  // macOS hands links over as an event, elsewhere they stand on the command line of a second start.
  app.on('open-url', (event, link) => {
    event.preventDefault()
    if (window === undefined) startRequest = parseStartLink(link)
    else requestStart(parseStartLink(link))
  })
  if (app.isPackaged) app.setAsDefaultProtocolClient(deepLinkScheme)
  app.on('window-all-closed', () => app.quit())
  let isQuitting = false
  app.on('before-quit', (event) => {
    if (isQuitting || !analyses.isAnyRunning) return
    isQuitting = true
    event.preventDefault()
    void analyses.cancelAll(cancelTimeoutMs).finally(() => app.quit())
  })
  app.on('will-quit', () => {
    engine.stop()
    queries.stop()
    void cloud.stopFollowing()
  })

  await app.whenReady()
  engine.start()
  runPrefetch.start(engine, startRequest)
  await settings.load()
  serveApp(join(__dirname, '../renderer'))
  const page = pageUrl(process.env, app.isPackaged)
  lockDownPages(page)
  serveChannels(
    ipcMain,
    handlers,
    (sender) => isAppPage(sender, page),
    (channel, error) => log.writeFailure(channel, error),
  )
  window = openMainWindow(page, __dirname, settings.get().zoom, data.windowState)
  await showMenu()
  // Jobs outlive the app: what was under way is followed again.
  await cloud.resume()
  window.on('closed', () => (window = undefined))
}

start().catch((error: unknown) => {
  dialog.showErrorBox('Headroom could not start', error instanceof Error ? error.message : String(error))
  app.exit(1)
})
