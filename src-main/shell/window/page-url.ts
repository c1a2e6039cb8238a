// The one page's address, what it may load, and which frame may ask the main process.

export const appScheme = 'app'
const appOrigin = `${appScheme}://headroom`

/** The page's address: the app's own scheme; electron-vite's server where the app is not packaged. */
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

/** Whether a request comes from the top frame of our own page. */
export const isAppPage = (frame: Frame | null, page: string): boolean =>
  frame !== null && frame.parent === null && originOf(frame.url) === originOf(page)

/** What a page may load: its own site, and pictures that it made itself. The inspector is there in development only. */
export const isAllowedUrl = (url: string, page: string, isPackaged: boolean): boolean => {
  if (/^(data|blob):/.test(url)) return true
  if (originOf(url) === originOf(page)) return true
  if (isPackaged) return false
  return url.startsWith('devtools:') || originOf(url) === originOf(page).replace(/^http/, 'ws')
}
