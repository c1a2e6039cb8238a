// Which files and folders the window may name: those that the user chose in a dialog, dropped, named at the start or opened before.
import { resolve, sep } from 'node:path'
import { windowChannels, type WindowChannel, type ChannelRequest } from '../../../src-shared/ipc/ipc-contract.ts'
import type { LaunchForm } from '../../../src-shared/ipc/cloud-contract.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { WindowHandlers } from './serve-channels.ts'

export type PathPurpose = 'open' | 'upload'

export interface GrantedPathsDeps {
  /** Asks the user in a dialog of the system. */
  readonly ask: (purpose: PathPurpose, paths: readonly string[]) => Promise<boolean>
  /** Run folders that the user opened before. */
  readonly recentFolders: () => Promise<readonly string[]>
}

export class GrantedPaths {
  readonly #deps: GrantedPathsDeps
  readonly #chosen = new Set<string>()
  /** These may be opened without a question, but not uploaded. */
  readonly #openable: Set<string>
  #lastQuestion: Promise<unknown> = Promise.resolve()

  /** `ownFolders`: the application's folders of runs and samples. */
  constructor(ownFolders: readonly string[], deps: GrantedPathsDeps) {
    this.#deps = deps
    this.#openable = new Set(ownFolders.map((path) => resolve(path)))
  }

  /** The user chose these. A folder stands for all inside it. */
  add(...paths: readonly string[]): void {
    for (const path of paths) this.#chosen.add(resolve(path))
  }

  /** Asks for the paths that nobody granted; nothing looks at them before. Throws cancelled. */
  async require(paths: readonly string[], purpose: PathPurpose = 'open'): Promise<void> {
    if (this.#missing(paths, purpose).length === 0) return
    // One question at a time: the answer to an earlier one may settle this one.
    const question = this.#lastQuestion.then(() => this.#askFor(paths, purpose))
    this.#lastQuestion = question.catch(() => undefined)
    await question
  }

  /** Whether these may be opened without a question. */
  async holds(paths: readonly string[]): Promise<boolean> {
    if (this.#missing(paths, 'open').length > 0) await this.#addRecent()
    return this.#missing(paths, 'open').length === 0
  }

  async #addRecent(): Promise<void> {
    for (const folder of await this.#deps.recentFolders()) this.#openable.add(resolve(folder))
  }

  async #askFor(paths: readonly string[], purpose: PathPurpose): Promise<void> {
    if (purpose === 'open') await this.#addRecent()
    const missing = this.#missing(paths, purpose)
    if (missing.length === 0) return
    if (!(await this.#deps.ask(purpose, missing))) {
      throw new HeadroomError('cancelled', `${missing[0]} was not ${purpose === 'open' ? 'opened' : 'uploaded'}.`)
    }
    for (const path of missing) (purpose === 'open' ? this.#openable : this.#chosen).add(resolve(path))
  }

  #missing(paths: readonly string[], purpose: PathPurpose): string[] {
    const granted = purpose === 'open' ? [...this.#chosen, ...this.#openable] : [...this.#chosen]
    return paths.filter((path) => !granted.some((known) => isInside(resolve(path), known)))
  }
}

const isInside = (path: string, folder: string): boolean => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)

/** No channel reads a path that the user did not grant. */
export const requireGrants = (granted: GrantedPaths, handlers: WindowHandlers): WindowHandlers =>
  Object.fromEntries(
    windowChannels.map((channel) => [
      channel,
      async (request: never) => {
        await granted.require(pathsOf(channel, request), channel.startsWith('cloud.') ? 'upload' : 'open')
        return handlers[channel](request)
      },
    ]),
  ) as unknown as WindowHandlers

/** Paths on this machine in a request of the window, by the keys that hold paths in the contract. A path that is uploaded is one of a launch form. */
export const pathsOf = <Name extends WindowChannel>(channel: Name, request: ChannelRequest<Name>): string[] => {
  // Forgetting a run reads nothing; the form is a note until it is launched.
  if (channel === 'recent.remove' || channel === 'cloud.save-form' || channel === 'cloud.import-config') return []
  if (channel === 'cloud.preflight' || channel === 'cloud.launch') return pathsOfForm(request as LaunchForm)
  const { source, ...keys } = request as RequestKeys
  const tables = Object.values(source?.tables ?? {})
  return [keys, source ?? {}, { paths: tables }].flatMap(({ folder, path, earlier, later, paths }) =>
    [folder, path, earlier, later, ...(paths ?? [])].filter((value) => value !== undefined),
  )
}

interface PathKeys {
  readonly folder?: string
  readonly path?: string
  readonly earlier?: string
  readonly later?: string
  readonly paths?: readonly string[]
}
interface RequestKeys extends PathKeys {
  readonly source?: PathKeys & { readonly tables?: Readonly<Record<string, string>> }
}

const pathsOfForm = ({
  input,
  serversTable,
  eventsTable,
  projectsTable,
  driversTable,
  catalogue,
  configFile,
  projectFolder,
}: LaunchForm): string[] =>
  [input, serversTable, eventsTable, projectsTable, driversTable, catalogue, configFile, projectFolder]
    .map((path) => path.trim())
    .filter((path) => path !== '' && !isRemote(path))

const isRemote = (input: string): boolean => input.startsWith('s3://')
