// A pause in a long calculation, in which the process looks up.
import { HeadroomError } from '../../src-shared/run/errors.ts'

/** Lets an abort through, and stops there: throws `cancelled`. */
export const yieldToEventLoop = async (signal: AbortSignal | undefined): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve))
  if (signal?.aborted === true) throw new HeadroomError('cancelled', 'Cancelled.')
}
