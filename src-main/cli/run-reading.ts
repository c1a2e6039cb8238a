// Runs a long reading of run folders: it can be cancelled, and a terminal shows how far it is.
import type { ReadingProgress } from '../../src-shared/ipc/reading-progress.ts'
import type { ReadingOptions } from '../queries/run/reading-steps.ts'
import { createProgressView, runCancellable } from './terminal.ts'

/** A reading that ends sooner shows no bar. */
const progressMs = 500

/** `json`: the result alone is written. */
export const runReading = <Value>(
  { json }: { readonly json?: boolean },
  work: (options: ReadingOptions) => Promise<Value>,
): Promise<Value> =>
  runCancellable(async (signal) => {
    const view = createProgressView({ quiet: json === true })
    let progress: (() => ReadingProgress) | undefined
    const timer = setInterval(() => {
      if (progress === undefined) return
      const { label, share } = progress()
      view.show({ type: 'step', label, progress: share })
    }, progressMs)
    try {
      return await work({ signal, onStart: (read) => void (progress = read) })
    } finally {
      clearInterval(timer)
      view.end()
    }
  })
