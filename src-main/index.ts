// Electron entry: wires window, menu, channels and the engine's process together.
import { join, resolve } from 'node:path'
import { app, dialog, ipcMain, type BrowserWindow } from 'electron'
import type { Launch, Push } from '../src-shared/ipc-contract.ts'
import { pushPipe } from '../src-shared/preload-bridge.ts'
import { Analyses } from './shell/analyses.ts'
import { registerAppScheme, serveApp } from './shell/app-protocol.ts'
import { lazyCloudDesk } from './shell/open-cloud-desk.ts'
import { makeChannelHandlers } from './shell/channel-handlers.ts'
import { claimDataFolder } from './shell/data-folder.ts'
import { EngineProcess } from './shell/engine-process.ts'
import { launchOf } from './shell/launch.ts'
import { isOwnPage, openMainWindow, pageAddress, refusePermissions } from './shell/main-window.ts'
import { setMenu } from './shell/menu.ts'
import { RecentRuns } from './shell/recent-runs.ts'
import { serveChannels } from './shell/serve-channels.ts'
import { ThemeSetting } from './shell/theme-setting.ts'

const appFolder = resolve(__dirname, '../..')
const cancelPatienceMs = 5000

const start = async (): Promise<void> => {
  app.setName('Headroom')
  const data = claimDataFolder(process.env)
  if (!app.requestSingleInstanceLock()) {
    app.quit()
    return
  }
  registerAppScheme()

  let window: BrowserWindow | undefined
  let launch: Launch = launchOf(process.argv, process.cwd(), appFolder)
  const push = (message: Push): void => window?.webContents.send(pushPipe, message)
  const engine = new EngineProcess(join(__dirname, 'engine-host.cjs'), ({ analysisId, event }) =>
    push({ type: 'analysis.event', analysisId, event }),
  )
  const cloud = lazyCloudDesk({ data, push, window: () => window })
  const analyses = new Analyses(engine, data, push)
  const recentRuns = new RecentRuns(data.recentRuns)
  const settings = new ThemeSetting(data.settings, (changed) => {
    push({ type: 'settings.changed', settings: changed })
    showMenu()
  })
  const requestLaunch = (requested: Launch): void => push({ type: 'launch.requested', launch: requested })
  const handlers = makeChannelHandlers({
    engine,
    analyses,
    recentRuns,
    cloud: cloud.desk,
    settings,
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
  const showMenu = (): void =>
    setMenu(settings.get().theme, {
      openPath: (kind) => void openPath(kind),
      openSample: () => requestLaunch({ kind: 'sample' }),
      chooseTheme: (theme) => void settings.set({ theme }),
    })

  app.on('second-instance', (_event, argv, workingFolder) => {
    if (window?.isMinimized() === true) window.restore()
    window?.focus()
    const requested = launchOf(argv, workingFolder, appFolder)
    if (requested.kind !== 'start') requestLaunch(requested)
  })
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
    void cloud.leave()
  })

  await app.whenReady()
  await settings.load()
  serveApp(join(__dirname, '../renderer'))
  refusePermissions()
  const page = pageAddress(process.env)
  serveChannels(ipcMain, handlers, (sender) => isOwnPage(sender, page))
  showMenu()
  window = openMainWindow(page, __dirname)
  // Jobs outlive the app: what was under way is followed again.
  if (cloud.hasTrips()) await cloud.desk()
  window.on('closed', () => (window = undefined))
}

start().catch((error: unknown) => {
  dialog.showErrorBox('Headroom could not start', error instanceof Error ? error.message : String(error))
  app.exit(1)
})
