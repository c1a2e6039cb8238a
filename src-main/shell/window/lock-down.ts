// The cage around every page: it stays where it is, opens nothing, downloads nothing, gains no permission and reaches no network.
import { app, session, type Session } from 'electron'
import { isAllowedUrl } from './page-url.ts'

const denyEverything = (pageSession: Session, page: string): void => {
  pageSession.setPermissionRequestHandler((_contents, _permission, callback) => callback(false))
  pageSession.setPermissionCheckHandler(() => false)
  pageSession.setDevicePermissionHandler(() => false)
  pageSession.setDisplayMediaRequestHandler((_request, callback) => callback({}))
  pageSession.on('will-download', (event) => event.preventDefault())
  pageSession.webRequest.onBeforeRequest(({ url }, callback) => callback({ cancel: !isAllowedUrl(url, page, app.isPackaged) }))
}

/** Call once the app is ready and before a window opens: it holds for every page and session of the app from then on. */
export const lockDownPages = (page: string): void => {
  denyEverything(session.defaultSession, page)
  app.on('session-created', (pageSession) => denyEverything(pageSession, page))
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', (event) => event.preventDefault())
    contents.on('will-redirect', (event) => event.preventDefault())
    contents.on('will-attach-webview', (event) => event.preventDefault())
    contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  })
}
