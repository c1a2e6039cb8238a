// The one page's address, what it may load, and which frame may ask the main process.

export const appScheme = 'app'
const appOrigin = `${appScheme}://headroom`

/** The page's address: the app's own scheme; electron-vite's server where the app is not packaged. */
export const pageAddress = (environment: NodeJS.ProcessEnv, isPackaged: boolean): string =>
  (isPackaged ? undefined : environment['ELECTRON_RENDERER_URL']) ?? `${appOrigin}/`

/** Scheme and host of an address: `origin` is "null" for schemes of an app. */
const siteOf = (address: string): string => {
  try {
    const { protocol, host } = new URL(address)
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
export const isOwnPage = (frame: Frame | null, page: string): boolean =>
  frame !== null && frame.parent === null && siteOf(frame.url) === siteOf(page)

/** What a page may load: its own site, and pictures that it made itself. The inspector is there in development only. */
export const mayLoad = (address: string, page: string, isPackaged: boolean): boolean => {
  if (/^(data|blob):/.test(address)) return true
  if (siteOf(address) === siteOf(page)) return true
  if (isPackaged) return false
  return address.startsWith('devtools:') || siteOf(address) === siteOf(page).replace(/^http/, 'ws')
}
