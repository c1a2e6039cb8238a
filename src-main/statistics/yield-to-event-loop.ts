// Pauses a long calculation, so that the process can handle events.
import { HeadroomError } from '../../src-shared/run/errors.ts'

/** Throws `cancelled` once the signal is aborted. */
export const yieldToEventLoop = async (signal: AbortSignal | undefined): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve))
  if (signal?.aborted === true) throw new HeadroomError('cancelled', 'Cancelled.')
}
