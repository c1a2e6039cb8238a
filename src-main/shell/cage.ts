// The cage around every page: it stays where it is, opens nothing, downloads nothing, gains no permission and reaches no network.
import { app, session, type Session } from 'electron'
import { mayLoad } from './page-address.ts'

const refuseEverything = (pages: Session, page: string): void => {
  pages.setPermissionRequestHandler((_contents, _permission, decide) => decide(false))
  pages.setPermissionCheckHandler(() => false)
  pages.setDevicePermissionHandler(() => false)
  pages.setDisplayMediaRequestHandler((_request, decide) => decide({}))
  pages.on('will-download', (event) => event.preventDefault())
  pages.webRequest.onBeforeRequest(({ url }, decide) => decide({ cancel: !mayLoad(url, page, app.isPackaged) }))
}

/** Call once the app is ready and before a window opens: it holds for every page and session of the app from then on. */
export const cagePages = (page: string): void => {
  refuseEverything(session.defaultSession, page)
  app.on('session-created', (pages) => refuseEverything(pages, page))
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', (event) => event.preventDefault())
    contents.on('will-redirect', (event) => event.preventDefault())
    contents.on('will-attach-webview', (event) => event.preventDefault())
    contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  })
}
