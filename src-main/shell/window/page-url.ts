// The address of the window's page, what it may load, and which frame may send requests.

export const appScheme = 'app'
const appOrigin = `${appScheme}://headroom`

/** The app scheme, or the server of electron-vite if the app is not packaged. */
export const pageUrl = (environment: NodeJS.ProcessEnv, isPackaged: boolean): string =>
  (isPackaged ? undefined : environment['ELECTRON_RENDERER_URL']) ?? `${appOrigin}/`

/** Scheme and host of an address: `origin` is "null" for schemes of an app. */
const originOf = (url: string): string => {
  try {
    const { protocol, host } = new URL(url)
    return `${protocol}//${host}`
  } catch {
    return ''
  }
}

interface Frame {
  readonly url: string
  readonly parent: object | null
}

/** Whether a request comes from the top frame of the window's page. */
export const isAppPage = (frame: Frame | null, page: string): boolean =>
  frame !== null && frame.parent === null && originOf(frame.url) === originOf(page)

/** Whether a page may load this address: its site, and its own pictures. The inspector is allowed in development only. */
export const isAllowedUrl = (url: string, page: string, isPackaged: boolean): boolean => {
  if (/^(data|blob):/.test(url)) return true
  if (originOf(url) === originOf(page)) return true
  if (isPackaged) return false
  return url.startsWith('devtools:') || originOf(url) === originOf(page).replace(/^http/, 'ws')
}

export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data: blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** By the ending of a file's name; no other file is served. */
export const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.woff2': 'font/woff2',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
}
