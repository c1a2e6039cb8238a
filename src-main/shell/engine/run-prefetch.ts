// Opens the run folder of a start request in the engine process while the window loads.
import type { ChannelResponse, StartRequest } from '../../../src-shared/ipc/ipc-contract.ts'
import type { EngineProcess } from './host-process.ts'
import type { GrantedPaths } from '../ipc/granted-paths.ts'
import { inspectPath, type InspectedPath } from '../ipc/inspect-path.ts'

type Overview = ChannelResponse<'run.open'>

interface Prefetch {
  readonly folder: string
  readonly overview: Promise<Overview>
}

export class RunPrefetch {
  #opening: Promise<Prefetch | null> = Promise.resolve(null)

  /** A link that the user must be asked about first opens nothing here. Failures are left to the window, which opens the run again and shows them. */
  start(engine: EngineProcess, startRequest: StartRequest, granted: GrantedPaths): void {
    const path = startRequest.kind === 'path' ? startRequest.path : startRequest.kind === 'link' ? startRequest.link.path : null
    if (path === null) return
    this.#opening = inspectGranted(path, granted).then(
      (inspected) => {
        if (inspected?.kind !== 'run') return null
        const overview = engine.call('run.open', { folder: inspected.path })
        overview.catch(() => undefined)
        return { folder: inspected.path, overview }
      },
      () => null,
    )
  }

  /** Returns the run once, and only for that folder; null if it was not opened. */
  async take(folder: string): Promise<Overview | null> {
    const prefetch = await this.#opening
    this.#opening = Promise.resolve(null)
    if (prefetch?.folder !== folder) return null
    return prefetch.overview.catch(() => null)
  }
}

const inspectGranted = async (path: string, granted: GrantedPaths): Promise<InspectedPath | null> =>
  (await granted.holds([path])) ? inspectPath(path) : null
