// Readings of whole runs for the window, such as a comparison: one at a time, since only the latest answer is shown.
import type { ReadingProgress } from '../../src-shared/ipc/reading-progress.ts'
import { windowMemoryLimit } from '../queries/run/query-database.ts'
import type { ReadingOptions } from '../queries/run/reading-steps.ts'

interface RunningReading {
  readonly controller: AbortController
  progress: (() => ReadingProgress) | null
}

export class LongReadings {
  #running: RunningReading | undefined

  /** Ends the one before with `cancelled`. */
  async read<Value>(work: (options: ReadingOptions) => Promise<Value>): Promise<Value> {
    this.cancel()
    const running: RunningReading = { controller: new AbortController(), progress: null }
    this.#running = running
    try {
      return await work({
        signal: running.controller.signal,
        onStart: (progress) => void (running.progress = progress),
        memoryLimit: windowMemoryLimit,
      })
    } finally {
      // Its database is closed.
      if (this.#running === running) this.#running = undefined
    }
  }

  /** Null where nothing is read. */
  get progress(): ReadingProgress | null {
    return this.#running?.progress?.() ?? null
  }

  /** One that has ended by now is left as it is. */
  cancel(): void {
    this.#running?.controller.abort()
    this.#running = undefined
  }
}
