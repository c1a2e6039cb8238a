// What a failure of DuckDB means: one sentence and what to do.
import { HeadroomError } from '../../src-shared/run/errors.ts'

export const cancelledError = (cause?: unknown): HeadroomError => new HeadroomError('cancelled', 'Cancelled.', { cause })

/** Gives disk-full, memory-exceeded or query-failed. */
export const toDatabaseError = (cause: unknown, sql: string): HeadroomError => {
  const message = cause instanceof Error ? cause.message : String(cause)
  // What does not fit into memory is spilled; where that fails, DuckDB speaks of memory first.
  if (/No space left on device|not enough disk space|failed to offload data block/i.test(message)) {
    return new HeadroomError('disk-full', 'The disk is full.', { next: 'Free some space and run again.', cause, sql })
  }
  if (/Out of Memory/i.test(message)) {
    return new HeadroomError('memory-exceeded', 'The analysis needs more memory than its limit allows.', {
      next: 'Raise --memory-limit, or split the forecast set.',
      cause,
      sql,
    })
  }
  return new HeadroomError('query-failed', message, { cause, sql })
}
