// Electron entry: opens the window and starts the engine, then loads what serves them.
import '../src-shared/run/no-proto-accessor.ts'
import { join, resolve } from 'node:path'
import { app, dialog, Menu } from 'electron'
import { startDiagnostics } from './shell/diagnostics/diagnostics.ts'
import { engineHost, forkHost } from './shell/engine/fork-host.ts'
import { initDataFolder } from './shell/settings/data-folder.ts'
import { lockDownPages, registerAppScheme, serveApp } from './shell/window/app-protocol.ts'
import { holdStartEvents } from './shell/window/hold-events.ts'
import { pageUrl } from './shell/window/page-url.ts'
import { refusalOf } from './shell/window/refused-switches.ts'

const start = async (): Promise<void> => {
  app.setName('Headroom')
  const refusal = refusalOf(app.isPackaged, (name) => app.commandLine.hasSwitch(name))
  if (refusal !== undefined) {
    process.stderr.write(`Error: ${refusal}\n`)
    // Who starts it from a menu sees no terminal.
    if (app.commandLine.hasSwitch('no-sandbox')) await app.whenReady().then(() => dialog.showErrorBox('Headroom', refusal))
    app.exit((await import('../src-shared/run/errors.ts')).exitCodes.usage)
    return
  }
  const data = initDataFolder(process.env)
  if (!app.requestSingleInstanceLock()) {
    app.quit()
    return
  }
  const releaseStartEvents = holdStartEvents(app)
  const log = startDiagnostics(data, process.env)
  registerAppScheme()
  // Else Electron builds a menu of its own first.
  Menu.setApplicationMenu(null)

  await app.whenReady()
  const engineScript = join(__dirname, 'engine-host.cjs')
  const engineProcess = forkHost(engineHost(engineScript))
  serveApp(join(__dirname, '../renderer'))
  const page = pageUrl(process.env, app.isPackaged)
  lockDownPages(page)
  const { openMainWindow } = await import('./shell/window/main-window.ts')
  const window = openMainWindow(page, __dirname, data.windowState)
  // Loads while the processes of the engine and the page start.
  const { serveWindow } = await import('./shell/serve-window.ts')
  await serveWindow({
    data,
    log,
    page,
    window,
    engineScript,
    engineProcess,
    queryScript: join(__dirname, 'query-host.cjs'),
    appFolder: resolve(__dirname, '../..'),
    releaseStartEvents,
  })
}

start().catch((error: unknown) => {
  dialog.showErrorBox('Headroom could not start', error instanceof Error ? error.message : String(error))
  app.exit(1)
})
