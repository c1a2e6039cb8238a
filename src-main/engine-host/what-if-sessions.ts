// What-if on open runs: each fleet is read once, and a client's newer request drops its waiting ones.
import { resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { WhatIfResult, WhatIfChoices, WhatIfRequest } from '../../src-shared/ipc/what-if.ts'
import type { OpenRun } from '../queries/run/open-run.ts'
import { keepLargeValues } from '../queries/run/large-values.ts'
import type { WhatIfSession } from '../queries/what-if/evaluate-scenario.ts'
import type { OpenRuns } from './open-runs.ts'

/** Per series, without its horizon: figures, moments of paths, and evaluations of the run and of a scenario. */
const bytesPerSeries = 300
const bytesPerPeriod = 8

const estimateFleetBytes = ({ overview: { counts, horizon } }: OpenRun): number =>
  counts.series * (bytesPerSeries + (horizon?.periods ?? 0) * bytesPerPeriod)

const evaluation = () => import('../queries/what-if/evaluate-scenario.ts')

export class WhatIfSessions {
  readonly #runs: OpenRuns
  readonly #fleets = new WeakMap<OpenRun, Promise<WhatIfSession>>()
  /** The latest request of each client on each run. */
  readonly #newest = new Map<string, symbol>()

  constructor(runs: OpenRuns) {
    this.#runs = runs
  }

  async choices(folder: string): Promise<WhatIfChoices> {
    const { describeChoices } = await evaluation()
    return describeChoices(await this.#fleetOf(folder))
  }

  /** Throws scenario-invalid, and cancelled where a newer request of the same client arrived meanwhile. */
  async evaluate(request: WhatIfRequest): Promise<WhatIfResult> {
    const { folder, clientId } = request
    if (clientId === null) return this.#answer(request)
    const key = JSON.stringify([resolve(folder), clientId])
    const requestToken = Symbol(key)
    this.#newest.set(key, requestToken)
    try {
      await this.#fleetOf(folder)
      // Receives requests that arrived during the last calculation.
      await setImmediate()
      if (this.#newest.get(key) !== requestToken) throw new HeadroomError('cancelled', 'A newer request replaced this one.')
      return await this.#answer(request)
    } finally {
      if (this.#newest.get(key) === requestToken) this.#newest.delete(key)
    }
  }

  async #answer(request: WhatIfRequest): Promise<WhatIfResult> {
    const session = await this.#fleetOf(request.folder)
    const { evaluateWhatIf } = await evaluation()
    return this.#runs.query(request.folder, (run) => evaluateWhatIf(run, session, request))
  }

  async #fleetOf(folder: string): Promise<WhatIfSession> {
    const run = await this.#runs.getOpenRun(folder)
    const existing = this.#fleets.get(run)
    if (existing !== undefined) return existing
    const opening = this.#runs.query(folder, async (open) => {
      keepLargeValues(open, 'what-if', estimateFleetBytes(open), () => this.#fleets.delete(run))
      return (await evaluation()).openWhatIfSession(open.database, open.contents)
    })
    this.#fleets.set(run, opening)
    opening.catch(() => this.#fleets.delete(run))
    return opening
  }
}
