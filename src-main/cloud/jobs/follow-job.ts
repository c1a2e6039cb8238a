// Follows a job until it ends: status, log lines, load and the engine's own events; throttling, lost network and expired sign-ins only delay it.
import { setTimeout as pause } from 'node:timers/promises'
import { hasEnded, type CloudEvent, type JobState, type LogLine } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { runEventSchema, type RunEvent } from '../../../src-shared/run/run-event.ts'
import { toCloudError } from '../account/cloud-error.ts'
import type { Connection } from '../account/connection.ts'
import { describeJob } from './describe-job.ts'
import { JobLog } from './job-log.ts'
import { JobMetrics } from './job-metrics.ts'

export interface FollowOptions {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: CloudEvent) => void) | undefined
  /** Between two looks; longer after failures. */
  readonly pollMs?: number | undefined
}

const defaultPollMs = 3000
const maxPauseMs = 60_000
/** Log lines may arrive a little after the job has ended. */
const finalReads = 2

export interface FollowedJob {
  readonly state: JobState
  /** Greatest memory in the engine's log, bytes. */
  readonly peakMemoryBytes: number | undefined
}

export const followJob = async (connection: Connection, name: string, options: FollowOptions = {}): Promise<FollowedJob> => {
  const { signal, onEvent, pollMs = defaultPollMs } = options
  const log = new JobLog(connection, name)
  const metrics = new JobMetrics(connection, name)
  let last: JobState | undefined
  let peakMemoryBytes: number | undefined
  let failures = 0
  let canReadLog = true
  const forwardLog = async (): Promise<void> => {
    if (!canReadLog) return
    try {
      for (const line of await log.read(signal)) {
        onEvent?.({ type: 'log', line })
        const event = parseEngineEvent(line)
        if (event !== undefined) onEvent?.({ type: 'engine', event })
        peakMemoryBytes = Math.max(peakMemoryBytes ?? 0, parsePeakMemoryBytes(line)) || undefined
      }
    } catch (thrown) {
      const error = toCloudError(thrown, { region: connection.region })
      if (error.code !== 'cloud-refused') throw error
      // Without the log the job is still followed.
      canReadLog = false
      onEvent?.({ type: 'waiting', error: toEventError(error) })
    }
  }
  for (;;) {
    try {
      const described = await describeJob(connection, name, signal)
      if (described === undefined) throw new HeadroomError('cloud-setup', `There is no processing job ${name} in ${connection.region}.`)
      const { state } = described
      if (JSON.stringify(state) !== JSON.stringify(last)) onEvent?.({ type: 'status', job: state })
      last = state
      await forwardLog()
      const load = await metrics.poll(state, signal)
      if (load !== undefined) onEvent?.({ type: 'metrics', load })
      failures = 0
      if (hasEnded(state.status)) {
        for (let look = 0; look < finalReads; look += 1) {
          await pause(Math.min(pollMs, 300), undefined, signal === undefined ? {} : { signal })
          await forwardLog()
        }
        return { state, peakMemoryBytes }
      }
    } catch (thrown) {
      if (signal?.aborted === true)
        throw new HeadroomError('cancelled', 'Tracking was ended.', {
          next: 'The job goes on; follow it again with: headroom cloud watch.',
        })
      const error = toCloudError(thrown, { region: connection.region })
      if (error.code !== 'cloud-unreachable' && error.code !== 'cloud-sign-in') throw error
      failures += 1
      onEvent?.({ type: 'waiting', error: toEventError(error) })
    }
    const wait = Math.min(maxPauseMs, pollMs * 2 ** Math.min(failures, 6))
    await pause(wait, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  }
}

const toEventError = ({ code, message, next }: HeadroomError): Extract<CloudEvent, { type: 'waiting' }>['error'] => ({
  code,
  message,
  ...(next === undefined ? {} : { next }),
})

/** What the engine says of itself, where a line is one of its events. */
export const parseEngineEvent = ({ text }: LogLine): RunEvent | undefined => {
  if (!text.startsWith('{')) return undefined
  try {
    return runEventSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** Greatest memory of the engine by then, bytes; 0 where the line does not say. */
export const parsePeakMemoryBytes = ({ text }: LogLine): number => Number(/"peak_memory_bytes":(\d+)/.exec(text)?.[1] ?? 0)
