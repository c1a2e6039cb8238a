// The engine's process as the window's side sees it: started with the app, contained when it crashes, started again at the next.
import { utilityProcess, type UtilityProcess } from 'electron'
import {
  engineReportSchema,
  type EngineCall,
  type EngineMessage,
  type EngineReport,
  type EngineRequest,
  type EngineResponse,
} from '../../../src-shared/ipc/engine-contract.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: HeadroomError) => void
}

type EngineEvent = Extract<EngineReport, { type: 'event' }>

export class EngineProcess {
  readonly #script: string
  readonly #onEvent: (event: EngineEvent) => void
  readonly #pending = new Map<number, Pending>()
  #process: UtilityProcess | undefined
  #nextId = 1

  constructor(script: string, onEvent: (event: EngineEvent) => void) {
    this.#script = script
    this.#onEvent = onEvent
  }

  /** The answer is typed by the contract and parsed where it is used: in the window, or by `parse` of the caller. */
  call<Call extends EngineCall>(call: Call, payload: EngineRequest<Call>): Promise<EngineResponse<Call>> {
    const id = this.#nextId++
    const message: EngineMessage = { id, call, payload }
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject })
      this.#running().postMessage(message)
    })
  }

  /** Loads while the window does. Call when the app is ready; a call before that starts it as well. */
  start(): void {
    this.#running()
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  stop(): void {
    this.#process?.kill()
  }

  #running(): UtilityProcess {
    if (this.#process !== undefined) return this.#process
    const started = utilityProcess.fork(this.#script, [], { serviceName: 'Headroom engine', stdio: 'inherit' })
    started.on('message', (message) => this.#receive(message))
    started.on('exit', (code) => this.#fail(started, code))
    this.#process = started
    return started
  }

  #receive(message: unknown): void {
    const report = engineReportSchema.parse(message)
    if (report.type === 'event') {
      this.#onEvent(report)
      return
    }
    const pending = this.#pending.get(report.id)
    this.#pending.delete(report.id)
    if (report.type === 'answer') {
      pending?.resolve(report.value)
    } else {
      const { code, message: sentence, next, sql } = report.error
      pending?.reject(new HeadroomError(code, sentence, { ...(next === undefined ? {} : { next }), ...(sql === undefined ? {} : { sql }) }))
    }
  }

  #fail(stopped: UtilityProcess, code: number): void {
    if (this.#process !== stopped) return
    this.#process = undefined
    const waiting = [...this.#pending.values()]
    this.#pending.clear()
    for (const { reject } of waiting) {
      reject(new HeadroomError('engine-crashed', `The engine stopped unexpectedly (exit code ${code}).`))
    }
  }
}
