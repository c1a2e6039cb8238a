// The one window: sandboxed, unable to navigate, open windows or gain permissions.
import { join } from 'node:path'
import { BrowserWindow, nativeTheme, session, type WebFrameMain } from 'electron'
import { appOrigin } from './app-protocol.ts'
import { keepWindowPlace, readWindowPlace } from './window-place.ts'

/** The page's address: electron-vite's server in development, else the app's own scheme. */
export const pageAddress = (environment: NodeJS.ProcessEnv): string => environment['ELECTRON_RENDERER_URL'] ?? `${appOrigin}/`

/** Whether a request comes from the top frame of our own page. */
export const isOwnPage = (frame: WebFrameMain | null, page: string): boolean =>
  frame !== null && frame.parent === null && frame.url.startsWith(page)

export const refusePermissions = (): void => {
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, decide) => decide(false))
  session.defaultSession.setPermissionCheckHandler(() => false)
}

/** `zoom`: factor the page is shown at. `placeFile`: where the window's place is kept. */
export const openMainWindow = (page: string, scriptFolder: string, zoom: number, placeFile: string): BrowserWindow => {
  const place = readWindowPlace(placeFile)
  const window = new BrowserWindow({
    ...(place === null ? { width: 1280, height: 800 } : place.bounds),
    minWidth: 880,
    minHeight: 560,
    show: false,
    title: 'Headroom',
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#14171c' : '#ffffff',
    webPreferences: {
      preload: join(scriptFolder, '../preload/preload.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
      zoomFactor: zoom,
    },
  })
  window.webContents.on('will-navigate', (event) => event.preventDefault())
  window.webContents.on('will-redirect', (event) => event.preventDefault())
  window.webContents.on('will-attach-webview', (event) => event.preventDefault())
  window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }))
  keepWindowPlace(window, placeFile)
  window.once('ready-to-show', () => {
    if (place?.isMaximized === true) window.maximize()
    window.show()
  })
  void window.loadURL(page)
  return window
}
