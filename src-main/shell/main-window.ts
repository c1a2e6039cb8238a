// The one window: sandboxed, its page apart from Node; the inspector is for development.
import { join } from 'node:path'
import { app, BrowserWindow, nativeTheme } from 'electron'
import { keepWindowPlace, readWindowPlace } from './window-place.ts'

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
      devTools: !app.isPackaged,
      spellcheck: false,
      zoomFactor: zoom,
    },
  })
  keepWindowPlace(window, placeFile)
  window.once('ready-to-show', () => {
    if (place?.isMaximized === true) window.maximize()
    window.show()
  })
  void window.loadURL(page)
  return window
}
