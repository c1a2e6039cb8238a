// Work that goes on next to other work, and is awaited where its result is needed.

/** Work that several may want to start. */
export interface OtherWork<T> {
  readonly start: () => Promise<T>
  /** When nothing of it is under way any more. */
  readonly ended: () => Promise<unknown>
}

export const startOnce = <T>(work: () => Promise<T>): OtherWork<T> => {
  let started: Promise<T> | undefined
  let ended: Promise<unknown> = Promise.resolve()
  return {
    start: () => {
      if (started !== undefined) return started
      started = work()
      // Awaited later; until then a failure must not count as unhandled.
      ended = started.catch(() => undefined)
      return started
    },
    ended: () => ended,
  }
}

/** Where this work fails, it ends after the other: nothing may use the database any more. */
export const besides = async <T>(otherWork: Pick<OtherWork<unknown>, 'ended'>, work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (thrown) {
    await otherWork.ended()
    throw thrown
  }
}
