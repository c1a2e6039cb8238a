// The main window: sandboxed and isolated from Node; the inspector is available in development only.
import { join } from 'node:path'
import { app, BrowserWindow, nativeTheme } from 'electron'
import { trackWindowState, readWindowState } from './window-state.ts'

const background = (): string => (nativeTheme.shouldUseDarkColors ? '#14171c' : '#ffffff')

/** `stateFile`: file with the window's bounds. */
export const openMainWindow = (page: string, scriptFolder: string, stateFile: string): BrowserWindow => {
  const windowState = readWindowState(stateFile)
  const window = new BrowserWindow({
    ...(windowState === null ? { width: 1280, height: 800 } : windowState.bounds),
    minWidth: 880,
    minHeight: 560,
    show: false,
    title: 'Headroom',
    backgroundColor: background(),
    webPreferences: {
      preload: join(scriptFolder, '../preload/preload.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      devTools: !app.isPackaged,
      spellcheck: false,
    },
  })
  trackWindowState(window, stateFile)
  window.once('ready-to-show', () => {
    if (windowState?.isMaximized === true) window.maximize()
    window.show()
  })
  void window.loadURL(page)
  return window
}

/** The window opens while the settings are read. `zoom`: zoom factor of the page, also after it is loaded again. */
export const applySettings = (window: BrowserWindow, zoom: () => number): void => {
  window.setBackgroundColor(background())
  const applyZoom = (): void => window.webContents.setZoomFactor(zoom())
  window.webContents.on('dom-ready', applyZoom)
  applyZoom()
}
