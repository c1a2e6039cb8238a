// Follows a job until it ends: status, log lines, utilisation and engine events. Throttling, lost network and expired credentials only delay it.
import { hasEnded, type CloudEvent, type JobState, type LogLine } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { runEventSchema, type RunEvent } from '../../../src-shared/run/run-event.ts'
import { toCloudError } from '../account/cloud-error.ts'
import { pause, type Connection } from '../account/connection.ts'
import { requireJob } from './describe-job.ts'
import { JobLog } from './job-log.ts'
import { JobMetrics } from './job-metrics.ts'

export interface FollowOptions {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: CloudEvent) => void) | undefined
  /** Interval between two requests; longer after failures. */
  readonly pollMs?: number | undefined
}

const defaultPollMs = 3000
const maxPauseMs = 60_000
/** Log lines may arrive shortly after the job has ended. */
const finalReads = 2

export interface FollowedJob {
  readonly state: JobState
  /** Peak memory in the engine's log, bytes. */
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
      // The job can be followed without its log.
      canReadLog = false
      onEvent?.({ type: 'waiting', error: toEventError(error) })
    }
  }
  for (;;) {
    try {
      const { state } = await requireJob(connection, name, signal)
      if (JSON.stringify(state) !== JSON.stringify(last)) onEvent?.({ type: 'status', job: state })
      last = state
      await forwardLog()
      const load = await metrics.poll(state, signal)
      if (load !== undefined) onEvent?.({ type: 'metrics', load })
      failures = 0
      if (hasEnded(state.status)) {
        for (let read = 0; read < finalReads; read += 1) {
          await pause(Math.min(pollMs, 300), signal)
          await forwardLog()
        }
        return { state, peakMemoryBytes }
      }
    } catch (thrown) {
      if (signal?.aborted === true)
        throw new HeadroomError('cancelled', 'Following the job was cancelled.', {
          next: 'The job goes on; follow it again with: headroom cloud watch.',
        })
      const error = toCloudError(thrown, { region: connection.region })
      if (error.code !== 'cloud-unreachable' && error.code !== 'cloud-sign-in') throw error
      failures += 1
      onEvent?.({ type: 'waiting', error: toEventError(error) })
    }
    const wait = Math.min(maxPauseMs, pollMs * 2 ** Math.min(failures, 6))
    await pause(wait, signal).catch(() => undefined)
  }
}

const toEventError = ({ code, message, next }: HeadroomError): Extract<CloudEvent, { type: 'waiting' }>['error'] => ({
  code,
  message,
  ...(next === undefined ? {} : { next }),
})

/** The engine event in a line; undefined for any other line. */
export const parseEngineEvent = ({ text }: LogLine): RunEvent | undefined => {
  if (!text.startsWith('{')) return undefined
  try {
    return runEventSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** Peak memory that a line of the engine reports, bytes; 0 for any other line. */
export const parsePeakMemoryBytes = ({ text }: LogLine): number => Number(/"peak_memory_bytes":(\d+)/.exec(text)?.[1] ?? 0)
