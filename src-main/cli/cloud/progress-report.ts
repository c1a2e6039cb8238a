// Progress of a cloud run on the terminal: a line per change on stderr, or JSON lines with --json.
import type { CloudEvent, JobState, LogLine } from '../../../src-shared/cloud/cloud-job.ts'
import { parseEngineEvent } from '../../cloud/jobs/follow-job.ts'
import { jsonText, print, say } from '../terminal.ts'

export interface CloudProgressReport {
  readonly show: (event: CloudEvent) => void
  /** After a failure: the end of the job's log, unless the log has been shown. */
  readonly showLogTail: () => void
}

const percentStep = 10
const maxTailLines = 15

/** One per command; progress is reported in steps of ten per cent, and the job's log line by line. */
export const createCloudProgressReport = (options: {
  readonly json?: boolean | undefined
  readonly quiet?: boolean | undefined
}): CloudProgressReport => {
  if (options.json === true) return { show: (event) => print(jsonText(event)), showLogTail: () => undefined }
  if (options.quiet === true) return createQuietReport()
  let lastLine = ''
  const sayOnce = (line: string): void => {
    if (line !== lastLine) say(line)
    lastLine = line
  }
  return {
    show: (event) => {
      // Events of the engine are shown as sentences.
      if (event.type === 'log' && parseEngineEvent(event.line) === undefined) return say(logText(event.line))
      const line = describeEvent(event)
      if (line !== undefined) sayOnce(line)
    },
    showLogTail: () => undefined,
  }
}

const createQuietReport = (): CloudProgressReport => {
  const tail: LogLine[] = []
  return {
    show: (event) => {
      if (event.type !== 'log') return
      tail.push(event.line)
      if (tail.length > maxTailLines) tail.shift()
    },
    showLogTail: () => {
      if (tail.length > 0) say(['The log ends with:', ...tail.map(logText)].join('\n'))
    },
  }
}

const logText = ({ host, text }: LogLine): string => `${host}: ${text}`

const percentDone = (bytes: number, total: number): number =>
  total === 0 ? 100 : Math.floor((bytes / total) * (100 / percentStep)) * percentStep

const describeEvent = (event: CloudEvent): string | undefined => {
  switch (event.type) {
    case 'check':
      return event.check.state === 'warning'
        ? `Warning: ${event.check.title}: ${event.check.detail} ${event.check.next ?? ''}`.trim()
        : undefined
    case 'planned':
      return `Launch ${event.run_id} on ${event.instance_type}${event.most_usd === null ? '' : `, estimated cost up to ${event.most_usd.toFixed(2)} USD`}`
    case 'upload':
      return event.skipped === event.bytes && event.bytes === event.total
        ? 'All files are already in the bucket'
        : `Uploading: ${percentDone(event.bytes, event.total)} % of ${(event.total / 1e6).toFixed(1)} MB`
    case 'submitted':
      return `Submitted ${event.job}\n${event.console_url}`
    case 'status':
      return describeStatus(event.job)
    case 'engine':
      return event.event.type === 'step' ? `Engine: ${event.event.label} (${Math.floor(event.event.progress * 100)} %)` : undefined
    case 'log':
    case 'metrics':
      return undefined
    case 'waiting':
      return `Waiting: ${event.error.message}${event.error.next === undefined ? '' : ` ${event.error.next}`}`
    case 'download':
      return `Downloading: ${percentDone(event.bytes, event.total)} % of ${(event.total / 1e6).toFixed(1)} MB`
    case 'cost':
      return `Cost: ${costText(event.usd)}${event.most_usd === null ? '' : `; the estimate was up to ${event.most_usd.toFixed(2)} USD`}`
    case 'home':
      return event.verified ? `Verified: ${event.folder}` : `Downloaded, not verified (no manifest): ${event.folder}`
  }
}

/** Of a few cents a thousandth counts. */
export const costText = (usd: number): string => `about ${usd.toFixed(usd < 1 ? 4 : 2)} USD`

export const elapsedText = (from: string | null, to: string | null): string =>
  from === null || to === null || from === '' ? '' : ` after ${Math.round((Date.parse(to) - Date.parse(from)) / 1000)} s`

const describeStatus = (job: JobState): string => {
  if (job.endedAt !== null) return `Job ${job.status}${elapsedText(job.createdAt, job.endedAt)}`
  return job.startedAt === null
    ? `Job ${job.status}: waiting for an instance`
    : `Job ${job.status}: started${elapsedText(job.createdAt, job.startedAt)}`
}
