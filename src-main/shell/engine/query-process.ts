// The process for the user's own SQL as the window's side sees it: one question at a time; cancelled or late, the whole process ends.
import { utilityProcess, type UtilityProcess } from 'electron'
import type { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { queryReportSchema, type QueryCall, type QueryCalls } from '../../../src-shared/ipc/query-contract.ts'

type QueryPayload<Call extends QueryCall> = z.infer<QueryCalls[Call]['request']>
type QueryValue<Call extends QueryCall> = z.infer<QueryCalls[Call]['response']>

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: HeadroomError) => void
  readonly timer: NodeJS.Timeout
}

const timeLimitMs = 60_000

export class QueryProcess {
  readonly #script: string
  readonly #pending = new Map<number, Pending>()
  #process: UtilityProcess | undefined
  #nextId = 1

  constructor(script: string) {
    this.#script = script
  }

  /** A new question ends the one that is under way. */
  call<Call extends QueryCall>(call: Call, payload: QueryPayload<Call>): Promise<QueryValue<Call>> {
    if (call !== 'query-tables.list' && this.#pending.size > 0) this.cancel()
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () =>
          this.#end(
            new HeadroomError('query-failed', `The query was stopped after ${timeLimitMs / 1000} seconds.`, {
              next: 'Narrow it with WHERE, or run it with headroom query, which has no limit.',
            }),
          ),
        timeLimitMs,
      )
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject, timer })
      this.#running().postMessage({ id, call, payload })
    })
  }

  cancel(): void {
    this.#end(new HeadroomError('cancelled', 'Cancelled.'))
  }

  stop(): void {
    this.#process?.kill()
  }

  #running(): UtilityProcess {
    if (this.#process !== undefined) return this.#process
    // Nothing of the environment is its business; Windows needs to find its own libraries.
    const { SystemRoot } = process.env
    const env = SystemRoot === undefined ? {} : { SystemRoot }
    const started = utilityProcess.fork(this.#script, [], { serviceName: 'Headroom queries', stdio: 'inherit', env })
    started.on('message', (message) => this.#receive(message))
    started.on('exit', () => {
      if (this.#process !== started) return
      this.#end(new HeadroomError('query-failed', 'The query needed more than this machine can give.', { next: 'Ask for less at once.' }))
    })
    this.#process = started
    return started
  }

  #receive(message: unknown): void {
    const report = queryReportSchema.parse(message)
    const pending = this.#pending.get(report.id)
    this.#pending.delete(report.id)
    clearTimeout(pending?.timer)
    if (report.ok) pending?.resolve(report.value)
    else {
      const { code, message: sentence, next, sql } = report.error
      pending?.reject(new HeadroomError(code, sentence, { ...(next === undefined ? {} : { next }), ...(sql === undefined ? {} : { sql }) }))
    }
  }

  /** Whatever is under way ends with this error; the next question starts a fresh process. */
  #end(error: HeadroomError): void {
    const ended = this.#process
    this.#process = undefined
    ended?.kill()
    const waiting = [...this.#pending.values()]
    this.#pending.clear()
    for (const { reject, timer } of waiting) {
      clearTimeout(timer)
      reject(error)
    }
  }
}
