// A utility process as the main process sees it: it starts at the first call and, after a crash, again at the next call.
import type { App, UtilityProcess } from 'electron'
import { hostMessageSchema, unwrapResponse, type AnalysisEvent, type RequestMessage } from '../../../src-shared/ipc/envelope.ts'
import type { Channel, ChannelRequest, ChannelResponse, ChannelServedBy } from '../../../src-shared/ipc/ipc-contract.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { markProcess, type ProcessMark } from '../../run-folder/process-owner.ts'
import { removeAbandonedFolders } from '../../run-folder/temporary-folder.ts'
import { engineHost, forkHost, type HostScript } from './fork-host.ts'

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

export interface HostProcessOptions {
  readonly host: HostScript
  /** Was started before, and has not been called yet. */
  readonly started?: UtilityProcess
  readonly onEvent?: (event: AnalysisEvent) => void
  /** Called when the process ends by itself. */
  readonly onCrash: (serviceName: string, exitCode: number) => void
  /** The error of the calls that were pending at that moment. */
  readonly exitError: (exitCode: number) => HeadroomError
}

export class HostProcess<Served extends Channel> {
  readonly #options: HostProcessOptions
  readonly #pending = new Map<number, Pending>()
  #process: UtilityProcess | undefined
  /** Settles when every process that ended has left no temporary folder. */
  #cleared: Promise<unknown> = Promise.resolve()
  #nextId = 1

  constructor(options: HostProcessOptions) {
    this.#options = options
    if (options.started !== undefined) this.#listenTo(options.started)
  }

  /** The response is typed by the contract and parsed where it is used: in the window, or by the caller. */
  call<Name extends Served>(channel: Name, payload: ChannelRequest<Name>): Promise<ChannelResponse<Name>> {
    const message: RequestMessage = { id: this.#nextId++, channel, payload }
    return new Promise((resolve, reject) => {
      this.#pending.set(message.id, { resolve: resolve as (value: unknown) => void, reject })
      this.start().postMessage(message)
    })
  }

  /** Lets the process load before the first call. */
  start(): UtilityProcess {
    return this.#process ?? this.#listenTo(forkHost(this.#options.host))
  }

  /** Ends the process, and waits until its temporary folders are removed. */
  async stop(): Promise<void> {
    const stopped = this.#process
    this.#process = undefined
    if (stopped?.kill() === true) await exitOf(stopped)
    await this.#cleared
  }

  /** Ends the process; pending calls fail with this error. */
  end(error: HeadroomError): void {
    const ended = this.#process
    this.#process = undefined
    ended?.kill()
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    for (const { reject } of pending) reject(error)
  }

  /** Of the process that runs, if any. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  get isBusy(): boolean {
    return this.#pending.size > 0
  }

  #listenTo(started: UtilityProcess): UtilityProcess {
    const { host, onCrash, exitError } = this.#options
    started.on('message', (message) => this.#receive(message))
    let mark: ProcessMark | undefined
    const identify = (): void => void (mark = started.pid === undefined ? undefined : markProcess(started.pid))
    identify()
    started.once('spawn', identify)
    started.on('exit', (exitCode) => {
      this.#cleared = Promise.all([this.#cleared, removeAbandonedFolders(mark)])
      if (this.#process !== started) return
      onCrash(host.serviceName, exitCode)
      this.end(exitError(exitCode))
    })
    this.#process = started
    return started
  }

  #receive(data: unknown): void {
    const message = hostMessageSchema.parse(data)
    if (message.type === 'event') {
      this.#options.onEvent?.(message)
      return
    }
    const pending = this.#pending.get(message.id)
    this.#pending.delete(message.id)
    try {
      pending?.resolve(unwrapResponse(message.response))
    } catch (error) {
      pending?.reject(error)
    }
  }
}

/** Longer than the system takes to end a process. */
const exitTimeoutMs = 3000

const exitOf = (process: UtilityProcess): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, exitTimeoutMs)
    process.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
  })

export type EngineProcess = HostProcess<ChannelServedBy<'engine'>>

export const createEngineProcess = (
  script: string,
  started: UtilityProcess,
  onEvent: (event: AnalysisEvent) => void,
  onCrash: (name: string, exitCode: number) => void,
): EngineProcess =>
  new HostProcess({
    host: engineHost(script),
    started,
    onEvent,
    onCrash,
    exitError: (exitCode) => new HeadroomError('engine-crashed', `The engine stopped unexpectedly (exit code ${exitCode}).`),
  })

/** Ends the processes before the app quits, so that their temporary folders are removed. */
export const endBeforeQuit = (app: App, processes: readonly { readonly stop: () => Promise<void> }[]): void => {
  let isQuitting = false
  app.on('will-quit', (event) => {
    if (isQuitting) return
    isQuitting = true
    event.preventDefault()
    // Not within this event: Electron would take no notice.
    void Promise.all(processes.map((process) => process.stop())).finally(() => setImmediate(() => app.quit()))
  })
}
