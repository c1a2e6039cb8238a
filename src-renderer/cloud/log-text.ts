// Log lines as text: engine events as sentences, other lines unchanged.
import type { LogLine } from '../../src-shared/cloud/cloud-job.ts'
import { runEventSchema, type RunEvent } from '../../src-shared/run/run-event.ts'
import { formatGigabytes, formatNumber } from '../theme/formatting.ts'

const cache = new WeakMap<LogLine, string>()

export const logText = (line: LogLine): string => {
  const text = cache.get(line) ?? describeLine(line.text)
  cache.set(line, text)
  return text
}

const describeLine = (text: string): string => {
  if (!text.startsWith('{')) return text
  try {
    const event = runEventSchema.safeParse(JSON.parse(text)).data
    return event === undefined ? text : `${describeEvent(event)}${memorySuffix(text)}`
  } catch {
    return text
  }
}

const memorySuffix = (text: string): string => {
  const bytes = /"peak_memory_bytes":(\d+)/.exec(text)?.[1]
  return bytes === undefined ? '' : `, peak memory ${formatGigabytes(Number(bytes))}`
}

const describeEvent = (event: RunEvent): string => {
  switch (event.type) {
    case 'started':
      return `Run ${event.run_id} started`
    case 'step':
      return `${event.label}, ${Math.floor(event.progress * 100)} %`
    case 'warning':
      return `Warning: ${event.warning.message}`
    case 'finished':
      return `Finished after ${formatNumber(event.seconds)} s: ${event.counts.total_servers} servers, ${event.counts.at_risk_servers} at risk`
    case 'cancelled':
      return 'Cancelled'
    case 'failed':
      return `Failed: ${event.error.message}`
  }
}
