// Values of an open run that several questions need: each is computed once, and again after a failure.
import type { OpenRun } from './open-run.ts'

export class RunCache<Value> {
  readonly #runs = new WeakMap<OpenRun, Map<string, Promise<Value>>>()

  get(run: OpenRun, key: string, compute: () => Promise<Value>): Promise<Value> {
    const values = this.#runs.get(run) ?? new Map<string, Promise<Value>>()
    this.#runs.set(run, values)
    const known = values.get(key)
    if (known !== undefined) return known
    const computed = compute()
    values.set(key, computed)
    computed.catch(() => values.delete(key))
    return computed
  }
}
