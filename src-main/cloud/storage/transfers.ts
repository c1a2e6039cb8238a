// Transfers at once: so many requests are under way, be they of many small files or of the parts of a large one.

const maxTransfers = 16

/** Lets so many actions run at once; the others wait for their turn. */
export class TransferSlots {
  #free = maxTransfers
  readonly #waiting: (() => void)[] = []

  async run<Value>(action: () => Promise<Value>): Promise<Value> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#free -= 1
    try {
      return await action()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}

/** Works on up to `limit` items at once. After a failure no other one begins; it is thrown when those under way have ended. */
export const forEachAtOnce = async <Item>(
  items: readonly Item[],
  action: (item: Item) => Promise<void>,
  limit = maxTransfers,
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
