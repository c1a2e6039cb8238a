// Start requests: what the command line of a first or second start, or a link, asks the window to open.
import { resolve } from 'node:path'
import type { App, BrowserWindow } from 'electron'
import { deepLinkScheme, parseDeepLink } from '../../../src-shared/ipc/deep-link.ts'
import type { Push, StartRequest } from '../../../src-shared/ipc/ipc-contract.ts'

/** The first request waits until the window takes it; later ones are pushed to the window. */
export class StartRequests {
  readonly #push: (push: Push) => void
  readonly #grant: (path: string) => void
  #first: StartRequest
  #isTaken = false

  /** `grant`: hears of the paths that a command line names; those of links are not granted. */
  constructor(first: StartRequest, push: (push: Push) => void, grant: (path: string) => void) {
    this.#first = first
    this.#push = push
    this.#grant = grant
    if (first.kind === 'path') grant(first.path)
  }

  get first(): StartRequest {
    return this.#first
  }

  /** The first request, once. */
  takeFirst(): StartRequest {
    const first = this.#first
    this.#first = { kind: 'start' }
    this.#isTaken = true
    return first
  }

  /** A page that has not taken the first request does not listen yet: the newer one takes its place. */
  send(startRequest: StartRequest): void {
    if (this.#isTaken) this.#push({ type: 'start.requested', startRequest })
    else this.#first = startRequest
  }

  /** Receives the command lines of further starts, and the links that macOS sends as events. */
  receiveFrom(app: App, appFolder: string, window: () => BrowserWindow | undefined): void {
    app.on('second-instance', (_event, argv, workingFolder) => {
      if (window()?.isMinimized() === true) window()?.restore()
      window()?.focus()
      const requested = parseStartArguments(argv, workingFolder, appFolder)
      if (requested.kind === 'path') this.#grant(requested.path)
      if (requested.kind !== 'start') this.send(requested)
    })
    app.on('open-url', (event, link) => {
      event.preventDefault()
      this.send(parseStartLink(link))
    })
    if (app.isPackaged) app.setAsDefaultProtocolClient(deepLinkScheme)
  }
}

/**
 * `--sample`, a link, a path, or nothing. `argv` also holds arguments of the runtime: switches are skipped, and so is the
 * application's folder, which comes first when the app is not packaged.
 */
export const parseStartArguments = (argv: readonly string[], workingFolder: string, appFolder: string): StartRequest => {
  const args = argv.slice(1)
  if (args.includes('--sample')) return { kind: 'sample' }
  const link = args.find((argument) => argument.startsWith(`${deepLinkScheme}:`))
  if (link !== undefined) return parseStartLink(link)
  const path = args
    .filter((argument) => !argument.startsWith('-'))
    .map((argument) => resolve(workingFolder, argument))
    .find((argument) => argument !== appFolder)
  return path === undefined ? { kind: 'start' } : { kind: 'path', path }
}

const parseStartLink = (text: string): StartRequest => {
  const link = parseDeepLink(text)
  return link === null
    ? { kind: 'refused', message: `The link ${text.slice(0, 200)} names no run folder that can be opened.` }
    : { kind: 'link', link }
}
