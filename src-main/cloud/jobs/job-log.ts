// New log lines of a job in CloudWatch, from all hosts.
import { DescribeLogStreamsCommand, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import type { LogLine } from '../../../src-shared/cloud/cloud-job.ts'
import { type Connection, abortable } from '../account/connection.ts'

const logGroupName = '/aws/sagemaker/ProcessingJobs'
const maxPages = 50

export class JobLog {
  readonly #connection: Connection
  readonly #jobName: string
  /** Stream -> token of the next page. */
  readonly #tokens = new Map<string, string | undefined>()
  /** Lines that were read before a request failed. */
  #waiting: { line: LogLine; time: number }[] = []

  constructor(connection: Connection, jobName: string) {
    this.#connection = connection
    this.#jobName = jobName
  }

  /** Lines since the last call in the order of their times; empty while there is no log. */
  async read(signal?: AbortSignal): Promise<LogLine[]> {
    try {
      await this.#findStreams(signal)
      for (const stream of this.#tokens.keys()) await this.#readStream(stream, signal)
    } catch (thrown) {
      if (!(thrown instanceof Error) || thrown.name !== 'ResourceNotFoundException') throw thrown
    }
    const lines = this.#waiting
    this.#waiting = []
    return lines.sort((a, b) => a.time - b.time).map(({ line }) => line)
  }

  async #findStreams(signal: AbortSignal | undefined): Promise<void> {
    let nextToken: string | undefined
    do {
      const query = { logGroupName, logStreamNamePrefix: `${this.#jobName}/`, nextToken }
      const page = await this.#connection.logs.send(new DescribeLogStreamsCommand(query), abortable(signal))
      for (const { logStreamName } of page.logStreams ?? []) {
        if (logStreamName !== undefined && !this.#tokens.has(logStreamName)) this.#tokens.set(logStreamName, undefined)
      }
      nextToken = page.nextToken
    } while (nextToken !== undefined)
  }

  async #readStream(logStreamName: string, signal: AbortSignal | undefined): Promise<void> {
    const [, host = logStreamName] = /\/([a-z]+-\d+)(?:-\d+)?$/.exec(logStreamName) ?? []
    // CloudWatch returns the same token when there are no more lines.
    for (let page = 0; page < maxPages; page += 1) {
      const nextToken = this.#tokens.get(logStreamName)
      const query = { logGroupName, logStreamName, startFromHead: true, nextToken }
      const { events = [], nextForwardToken } = await this.#connection.logs.send(new GetLogEventsCommand(query), abortable(signal))
      for (const { timestamp = 0, message = '' } of events) {
        this.#waiting.push({ line: { host, at: new Date(timestamp).toISOString(), text: message.replace(/\r?\n$/, '') }, time: timestamp })
      }
      if (nextForwardToken === undefined || nextForwardToken === nextToken) break
      this.#tokens.set(logStreamName, nextForwardToken)
    }
  }
}
