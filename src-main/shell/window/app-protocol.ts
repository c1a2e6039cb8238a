// Serves the window's files from app://headroom/ with a strict content security policy, and locks every page down to them.
import { readFile } from 'node:fs/promises'
import { extname, join, normalize, sep } from 'node:path'
import { app, protocol, session, type Session } from 'electron'
import { appScheme, contentSecurityPolicy, contentTypes, isAllowedUrl } from './page-url.ts'

/** Call before the app is ready. Pages resolve no names; the AWS clients use Node's resolver. */
export const registerAppScheme = (): void => {
  protocol.registerSchemesAsPrivileged([{ scheme: appScheme, privileges: { standard: true, secure: true, codeCache: true } }])
  // The development server is local.
  app.commandLine.appendSwitch('host-resolver-rules', app.isPackaged ? 'MAP * ~NOTFOUND' : 'MAP * ~NOTFOUND, EXCLUDE localhost')
  app.commandLine.appendSwitch('dns-prefetch-disable')
}

/** Call once the app is ready. Not `protocol.handle`: it loads Node's fetch and streams each file through it, which delays the first view. */
export const serveApp = (folder: string): void => {
  protocol.registerBufferProtocol(appScheme, ({ url, method }, respond) => {
    void readAppFile(folder, url, method).then(
      ({ type, data }) =>
        respond({
          data,
          headers: { 'content-type': type, 'content-security-policy': contentSecurityPolicy, 'x-content-type-options': 'nosniff' },
        }),
      () => respond({ statusCode: 404, headers: { 'content-type': 'text/plain; charset=utf-8' }, data: Buffer.from('Not found') }),
    )
  })
}

/** Rejects for everything but a file of the window's page. */
const readAppFile = async (folder: string, url: string, method: string): Promise<{ readonly type: string; readonly data: Buffer }> => {
  const { host, pathname } = new URL(url)
  const path = normalize(join(folder, decodeURIComponent(pathname === '/' ? '/index.html' : pathname)))
  const type = contentTypes[extname(path)]
  if (host !== 'headroom' || method !== 'GET' || type === undefined || !path.startsWith(folder + sep)) throw new Error('Not found')
  return { type, data: await readFile(path) }
}

/** Denies navigation, new windows, downloads, permissions and network access. Call once the app is ready, before a window opens. */
export const lockDownPages = (page: string): void => {
  denyEverything(session.defaultSession, page)
  app.on('session-created', (pageSession) => denyEverything(pageSession, page))
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', (event) => event.preventDefault())
    contents.on('will-redirect', (event) => event.preventDefault())
    contents.on('will-attach-webview', (event) => event.preventDefault())
    // Peer connections pass by the session's filter of requests.
    contents.setWebRTCIPHandlingPolicy('disable_non_proxied_udp')
    contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  })
}

const denyEverything = (pageSession: Session, page: string): void => {
  pageSession.setPermissionRequestHandler((_contents, _permission, callback) => callback(false))
  pageSession.setPermissionCheckHandler(() => false)
  pageSession.setDevicePermissionHandler(() => false)
  pageSession.setDisplayMediaRequestHandler((_request, callback) => callback({}))
  pageSession.on('will-download', (event) => event.preventDefault())
  pageSession.webRequest.onBeforeRequest(({ url }, callback) => callback({ cancel: !isAllowedUrl(url, page, app.isPackaged) }))
}
