// The process for the user's SQL: one query at a time. Cancelling a query, or its time limit, ends the process.
import { app } from 'electron'
import type { ChannelRequest, ChannelResponse, ChannelServedBy } from '../../../src-shared/ipc/ipc-contract.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { HostProcess } from './host-process.ts'

type QueryChannel = ChannelServedBy<'query'>

const timeLimitMs = 60_000
/** DuckDB's own limit is lower, but leaves out what single functions take. */
const maxResidentBytes = 1.5e9
const memoryCheckMs = 100

export class QueryProcess {
  readonly #process: HostProcess<QueryChannel>

  constructor(script: string, onCrash: (name: string, exitCode: number) => void) {
    // SQL of the user must not see the environment; Windows needs to find its own libraries.
    const { SystemRoot } = process.env
    this.#process = new HostProcess({
      host: { script, serviceName: 'Headroom queries', env: SystemRoot === undefined ? {} : { SystemRoot } },
      onCrash,
      exitError: () =>
        new HeadroomError('query-failed', 'The query needed more memory than this machine has.', { next: 'Select less data.' }),
    })
  }

  /** A new query ends the one that is running. */
  async call<Name extends QueryChannel>(channel: Name, payload: ChannelRequest<Name>): Promise<ChannelResponse<Name>> {
    if (channel !== 'query-tables.list' && this.#process.isBusy) this.cancel()
    const timer = setTimeout(
      () =>
        this.#process.end(
          new HeadroomError('query-failed', `The query was stopped after ${timeLimitMs / 1000} seconds.`, {
            next: 'Narrow it with WHERE, or run it with headroom query, which has no limit.',
          }),
        ),
      timeLimitMs,
    )
    const memoryTimer = setInterval(() => {
      if (residentBytes(this.#process.pid) > maxResidentBytes) {
        this.#process.end(
          new HeadroomError('query-failed', `The query was stopped: it took more than ${maxResidentBytes / 1e9} GB of memory.`, {
            next: 'Select less data.',
          }),
        )
      }
    }, memoryCheckMs)
    try {
      return await this.#process.call(channel, payload)
    } finally {
      clearTimeout(timer)
      clearInterval(memoryTimer)
    }
  }

  cancel(): void {
    this.#process.end(new HeadroomError('cancelled', 'Cancelled.'))
  }

  stop(): Promise<void> {
    return this.#process.stop()
  }
}

const residentBytes = (pid: number | undefined): number =>
  (app.getAppMetrics().find((metrics) => metrics.pid === pid)?.memory.workingSetSize ?? 0) * 1024
