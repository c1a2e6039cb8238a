// Electron entry: wires window, menu, channels and the engine's process together.
import { join, resolve } from 'node:path'
import { app, dialog, ipcMain, type BrowserWindow } from 'electron'
import { deepLinkScheme } from '../src-shared/deep-link.ts'
import { toWireError } from '../src-shared/errors.ts'
import type { Launch, Push } from '../src-shared/ipc-contract.ts'
import { pushPipe } from '../src-shared/preload-bridge.ts'
import { leastZoom, mostZoom } from '../src-shared/settings.ts'
import { Analyses } from './shell/analyses.ts'
import { registerAppScheme, serveApp } from './shell/app-protocol.ts'
import { cagePages } from './shell/cage.ts'
import { lazyCloudDesk } from './shell/open-cloud-desk.ts'
import { makeChannelHandlers } from './shell/channel-handlers.ts'
import { claimDataFolder } from './shell/data-folder.ts'
import { EarlyRun } from './shell/early-run.ts'
import { keepDiagnostics, saveProblemReport } from './shell/diagnostics.ts'
import { EngineProcess } from './shell/engine-process.ts'
import { KeptSettings } from './shell/kept-settings.ts'
import { launchOf, launchOfLink } from './shell/launch.ts'
import { openMainWindow } from './shell/main-window.ts'
import { setMenu } from './shell/menu.ts'
import { isOwnPage, pageAddress } from './shell/page-address.ts'
import { QueryProcess } from './shell/query-process.ts'
import { RecentRuns } from './shell/recent-runs.ts'
import { serveChannels } from './shell/serve-channels.ts'
import { showTaskProgress } from './shell/task-progress.ts'

const appFolder = resolve(__dirname, '../..')
const cancelPatienceMs = 5000

const start = async (): Promise<void> => {
  app.setName('Headroom')
  const data = claimDataFolder(process.env)
  if (!app.requestSingleInstanceLock()) {
    app.quit()
    return
  }
  const log = keepDiagnostics(data, process.env)
  registerAppScheme()

  let window: BrowserWindow | undefined
  let launch: Launch = launchOf(process.argv, process.cwd(), appFolder)
  const push = (message: Push): void => {
    showTaskProgress(window, message)
    window?.webContents.send(pushPipe, message)
  }
  const engine = new EngineProcess(join(__dirname, 'engine-host.cjs'), ({ analysisId, event }) => {
    if (event.type === 'failed') log.writeFailure('analysis', event.error)
    else if (event.type === 'finished') log.write('analysed', { servers: event.counts.total_servers, seconds: event.seconds })
    push({ type: 'analysis.event', analysisId, event })
  })
  const earlyRun = new EarlyRun()
  const queries = new QueryProcess(join(__dirname, 'query-host.cjs'))
  const cloud = lazyCloudDesk({ data, push, engine, window: () => window })
  const analyses = new Analyses(engine, data, push, () => settings.get())
  const recentRuns = new RecentRuns(data.recentRuns)
  const settings = new KeptSettings(data.settings, (changed) => {
    push({ type: 'settings.changed', settings: changed })
    window?.webContents.setZoomFactor(changed.zoom)
    void showMenu()
  })
  const requestLaunch = (requested: Launch): void => push({ type: 'launch.requested', launch: requested })
  const handlers = makeChannelHandlers({
    engine,
    earlyRun,
    queries,
    analyses,
    recentRuns,
    cloud: cloud.desk,
    settings,
    onRecentRuns: () => void showMenu(),
    window: () => window,
    takeLaunch: () => {
      const taken = launch
      launch = { kind: 'start' }
      return taken
    },
  })
  const openPath = async (kind: 'file' | 'folder'): Promise<void> => {
    const { path } = await handlers['path.choose']({ kind })
    if (path !== null) requestLaunch({ kind: 'path', path })
  }
  const zoomTo = (direction: -1 | 0 | 1): void => {
    const { zoom } = settings.get()
    const wanted = direction === 0 ? 1 : Math.round((zoom + direction * 0.1) * 10) / 10
    void settings.set({ zoom: Math.min(mostZoom, Math.max(leastZoom, wanted)) })
  }
  const showMenu = async (): Promise<void> =>
    setMenu(settings.get().theme, await recentRuns.list(), {
      openPath: (kind) => void openPath(kind),
      openSample: () => requestLaunch({ kind: 'sample' }),
      openRun: (folder) => requestLaunch({ kind: 'path', path: folder }),
      chooseTheme: (theme) => void settings.set({ theme }),
      zoom: zoomTo,
      command: (name) => push({ type: 'command.requested', command: name }),
      reportProblem: () =>
        void saveProblemReport(log, data, settings, window).catch((error: unknown) => log.writeFailure('report', toWireError(error))),
    })

  app.on('second-instance', (_event, argv, workingFolder) => {
    if (window?.isMinimized() === true) window.restore()
    window?.focus()
    const requested = launchOf(argv, workingFolder, appFolder)
    if (requested.kind !== 'start') requestLaunch(requested)
  })
  // macOS hands links over as an event, elsewhere they stand on the command line of a second start.
  app.on('open-url', (event, link) => {
    event.preventDefault()
    if (window === undefined) launch = launchOfLink(link)
    else requestLaunch(launchOfLink(link))
  })
  if (app.isPackaged) app.setAsDefaultProtocolClient(deepLinkScheme)
  app.on('window-all-closed', () => app.quit())
  let isLeaving = false
  app.on('before-quit', (event) => {
    if (isLeaving || !analyses.isAnyRunning) return
    isLeaving = true
    event.preventDefault()
    void analyses.cancelAll(cancelPatienceMs).finally(() => app.quit())
  })
  app.on('will-quit', () => {
    engine.stop()
    queries.stop()
    void cloud.leave()
  })

  await app.whenReady()
  engine.start()
  earlyRun.begin(engine, launch)
  await settings.load()
  serveApp(join(__dirname, '../renderer'))
  const page = pageAddress(process.env, app.isPackaged)
  cagePages(page)
  serveChannels(
    ipcMain,
    handlers,
    (sender) => isOwnPage(sender, page),
    (channel, error) => log.writeFailure(channel, error),
  )
  window = openMainWindow(page, __dirname, settings.get().zoom, data.windowPlace)
  await showMenu()
  // Jobs outlive the app: what was under way is followed again.
  if (cloud.hasTrips()) await cloud.desk()
  window.on('closed', () => (window = undefined))
}

start().catch((error: unknown) => {
  dialog.showErrorBox('Headroom could not start', error instanceof Error ? error.message : String(error))
  app.exit(1)
})
