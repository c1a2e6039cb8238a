// Sends to a receiver that may be down for a moment: a few tries with growing pauses.
import { setTimeout as pause } from 'node:timers/promises'
import { HeadroomError } from '../../src-shared/run/errors.ts'

export interface CycleMessage {
  readonly title: string
  readonly lines: readonly string[]
  /** The same for the same run and output, so that a receiver can tell a repeated one. */
  readonly id: string
}

export interface SendOptions {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds before the second try. */
  readonly pauseMs?: number | undefined
}

/** What a receiver did not do, after its name: "answers 503". */
export interface SendProblem {
  readonly text: string
  /** Whether another try would end the same way. */
  readonly isFinal: boolean
}

const tries = 3
const firstPauseMs = 1000

/** `attempt` gives null where the message was taken. Throws delivery-failed; its message names the host, never an address with a secret. */
export const sendWithTries = async (
  host: string,
  attempt: () => Promise<SendProblem | null>,
  { signal, pauseMs = firstPauseMs }: SendOptions,
): Promise<void> => {
  let problem: SendProblem | null = null
  for (let number = 0; number < tries && problem?.isFinal !== true; number++) {
    if (number > 0) await pause(pauseMs * 2 ** (number - 1), undefined, { signal })
    signal?.throwIfAborted()
    problem = await attempt()
    signal?.throwIfAborted()
    if (problem === null) return
  }
  throw new HeadroomError('delivery-failed', `${host} ${problem?.text ?? 'took nothing'}.`, {
    next: 'The next cycle tries again; check the address in the plan.',
  })
}
