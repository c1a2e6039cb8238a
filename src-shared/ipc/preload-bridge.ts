// The bridge that the preload script puts on the window, and the pipes behind it. Kept apart from the contract so that the preload stays tiny.

/** Names of the pipes between preload bridge and main process. */
export const requestChannel = 'headroom:request'
export const pushChannel = 'headroom:push'
/** The preload script alone sends the paths of dropped files here: the page cannot. */
export const dropChannel = 'headroom:drop'

/** What the preload bridge puts on the window. */
export interface PreloadBridge {
  readonly request: (channel: string, payload: unknown) => Promise<unknown>
  readonly onPush: (listener: (push: unknown) => void) => () => void
  /** Path of a dropped file, "" where it has none. */
  readonly pathOf: (file: unknown) => string
}
