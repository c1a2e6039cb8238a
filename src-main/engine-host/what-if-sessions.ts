// What-if on the open runs: each fleet is read once, then answers are arithmetic; a newer question of one asker drops those that wait.
import { resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { HeadroomError } from '../../src-shared/errors.ts'
import type { WhatIfAnswer, WhatIfChoices, WhatIfRequest } from '../../src-shared/what-if.ts'
import type { OpenRun } from '../queries/open-run.ts'
import { answerWhatIf, describeChoices, openWhatIf, type WhatIf } from '../queries/what-if-query.ts'
import type { OpenRuns } from './open-runs.ts'

export class WhatIfSessions {
  readonly #runs: OpenRuns
  readonly #fleets = new WeakMap<OpenRun, Promise<WhatIf>>()
  /** The newest question of each asker on each run. */
  readonly #newest = new Map<string, symbol>()

  constructor(runs: OpenRuns) {
    this.#runs = runs
  }

  async choices(folder: string): Promise<WhatIfChoices> {
    return describeChoices(await this.#fleetOf(folder))
  }

  /** Throws scenario-invalid, and cancelled where a newer question of the same asker came meanwhile. */
  async answer(request: WhatIfRequest): Promise<WhatIfAnswer> {
    const { folder, asker } = request
    if (asker === null) return answerWhatIf(await this.#fleetOf(folder), request)
    const key = JSON.stringify([resolve(folder), asker])
    const question = Symbol(key)
    this.#newest.set(key, question)
    try {
      const whatIf = await this.#fleetOf(folder)
      // Lets in what was sent while the last answer was worked out.
      await setImmediate()
      if (this.#newest.get(key) !== question) throw new HeadroomError('cancelled', 'A newer question took the place of this one.')
      return answerWhatIf(whatIf, request)
    } finally {
      if (this.#newest.get(key) === question) this.#newest.delete(key)
    }
  }

  async #fleetOf(folder: string): Promise<WhatIf> {
    const run = await this.#runs.opened(folder)
    const known = this.#fleets.get(run)
    if (known !== undefined) return known
    const made = this.#runs.query(folder, ({ database, contents }) => openWhatIf(database, contents))
    this.#fleets.set(run, made)
    made.catch(() => this.#fleets.delete(run))
    return made
  }
}
