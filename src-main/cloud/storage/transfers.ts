// Transfers at once: so many requests are under way, be they of many small files or of the parts of a large one.
import { maxAtOnce } from '../account/for-each-at-once.ts'

/** Lets so many actions run at once; the others wait for their turn. */
export class TransferSlots {
  #free = maxAtOnce
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
