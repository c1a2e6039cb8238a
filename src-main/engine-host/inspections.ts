// Inspects forecasts for the import dialog: one at a time, since only the latest answer is shown.
import type { Inspection } from '../../src-shared/run/inspection.ts'
import type { InspectRequest } from '../engine/inspect-forecasts.ts'

export class Inspections {
  #running: AbortController | undefined
  #progress: (() => number) | undefined

  /** Ends the one before with `cancelled`. */
  async inspect(request: InspectRequest): Promise<Inspection> {
    this.cancel()
    const controller = new AbortController()
    this.#running = controller
    const { inspectForecasts } = await import('../engine/inspect-forecasts.ts')
    try {
      return await inspectForecasts(request, {
        signal: controller.signal,
        onStart: (progress) => {
          if (this.#running === controller) this.#progress = progress
        },
      })
    } finally {
      // The database of an inspection that has ended is closed.
      if (this.#running === controller) this.#progress = undefined
    }
  }

  /** Share done of the query under way, 0..1; null where nothing is read. */
  get progress(): number | null {
    return this.#progress?.() ?? null
  }

  /** One that has ended by now is left as it is. */
  cancel(): void {
    this.#running?.abort()
    this.#running = undefined
    this.#progress = undefined
  }
}
