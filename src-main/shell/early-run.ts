// The run folder that a start names, opened by the engine while the window loads.
import type { EngineResponse } from '../../src-shared/engine-contract.ts'
import type { Launch } from '../../src-shared/ipc-contract.ts'
import type { EngineProcess } from './engine-process.ts'
import { inspectPath } from './path-inspection.ts'

type Overview = EngineResponse<'run.open'>

interface Opening {
  readonly folder: string
  readonly overview: Promise<Overview>
}

export class EarlyRun {
  #opening: Promise<Opening | null> = Promise.resolve(null)

  /** Failures are left to the window, which asks again and tells them. */
  begin(engine: EngineProcess, launch: Launch): void {
    const path = launch.kind === 'path' ? launch.path : launch.kind === 'link' ? launch.link.path : null
    if (path === null) return
    this.#opening = inspectPath(path).then(
      (found) => {
        if (found.kind !== 'run') return null
        const overview = engine.call('run.open', { folder: found.path })
        overview.catch(() => undefined)
        return { folder: found.path, overview }
      },
      () => null,
    )
  }

  /** Once, and for that folder alone; null where it was not opened. */
  async take(folder: string): Promise<Overview | null> {
    const opening = await this.#opening
    this.#opening = Promise.resolve(null)
    if (opening?.folder !== folder) return null
    return opening.overview.catch(() => null)
  }
}
