// Inspects forecasts for the import dialog: one at a time, since only the latest answer is shown.
import type { Inspection } from '../../src-shared/run/inspection.ts'

export class Inspections {
  #running: AbortController | undefined

  /** Ends the one before with `cancelled`. */
  async inspect(paths: readonly string[], config: Readonly<Record<string, unknown>>): Promise<Inspection> {
    this.cancel()
    const controller = new AbortController()
    this.#running = controller
    const { inspectForecasts } = await import('../engine/inspect-forecasts.ts')
    return inspectForecasts({ inputs: paths, config }, { signal: controller.signal })
  }

  /** One that has ended by now is left as it is. */
  cancel(): void {
    this.#running?.abort()
    this.#running = undefined
  }
}
