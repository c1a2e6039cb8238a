// Requests to AWS at once: so many items are worked on at a time.

export const maxAtOnce = 16

/** Works on up to `limit` items at once. After a failure no other one begins; it is thrown when those under way have ended. */
export const forEachAtOnce = async <Item>(
  items: readonly Item[],
  action: (item: Item) => Promise<void>,
  limit = maxAtOnce,
): Promise<void> => {
  const waiting = [...items]
  const work = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      await action(item).catch((thrown: unknown) => {
        waiting.length = 0
        throw thrown
      })
    }
  }
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, work))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
