// Utilisation of a job's first instance by CloudWatch, once a minute: CPU, memory and disk.
import { GetMetricDataCommand, type MetricDataQuery } from '@aws-sdk/client-cloudwatch'
import type { JobLoad, JobState } from '../../../src-shared/cloud/cloud-job.ts'
import { toCloudError } from '../account/cloud-error.ts'
import { type Connection, abortable } from '../account/connection.ts'

const namespace = '/aws/sagemaker/ProcessingJobs'
const metricNames = { cpu: 'CPUUtilization', memory: 'MemoryUtilization', disk: 'DiskUtilization' } as const
type MetricKey = keyof typeof metricNames
const metricKeys = Object.keys(metricNames) as MetricKey[]

const periodSeconds = 60
const periodMs = periodSeconds * 1000
/** Polls of the job per request for metrics: once a minute at the default interval. */
const pollsPerRead = 20

/** Metrics are optional: without them a job is followed all the same. */
export class JobMetrics {
  readonly #connection: Connection
  readonly #jobName: string
  #load: JobLoad = { cpu: null, memory: null, disk: null }
  #readTo: number | undefined
  #polls = 0
  #mayRead = true

  constructor(connection: Connection, jobName: string) {
    this.#connection = connection
    this.#jobName = jobName
  }

  /** The utilisation if it changed. Requests metrics at some of the polls, and when the job has ended. */
  async poll({ startedAt, endedAt }: JobState, signal?: AbortSignal): Promise<JobLoad | undefined> {
    if (startedAt === null || !this.#mayRead) return undefined
    const isDue = this.#polls % pollsPerRead === 0 || endedAt !== null
    this.#polls += 1
    if (!isDue) return undefined
    const before = JSON.stringify(this.#load)
    try {
      await this.#read(this.#readTo ?? Date.parse(startedAt), signal)
    } catch (thrown) {
      this.#mayRead = toCloudError(thrown).code !== 'cloud-refused'
    }
    return JSON.stringify(this.#load) === before ? undefined : this.#load
  }

  /** Reads from the minute of `from`; late points of the last minutes are read again. */
  async #read(from: number, signal: AbortSignal | undefined): Promise<void> {
    const window = {
      StartTime: new Date(Math.floor(from / periodMs) * periodMs),
      EndTime: new Date(Date.now() + periodMs),
      MetricDataQueries: metricKeys.map((metricKey) => this.#query(metricKey)),
      ScanBy: 'TimestampAscending' as const,
    }
    let NextToken: string | undefined
    do {
      const page = await this.#connection.metrics.send(new GetMetricDataCommand({ ...window, NextToken }), abortable(signal))
      for (const { Id, Values = [], Timestamps = [] } of page.MetricDataResults ?? []) {
        const metricKey = metricKeys.find((name) => name === Id)
        if (metricKey === undefined) continue
        for (const value of Values)
          this.#load = { ...this.#load, [metricKey]: { last: value, most: Math.max(value, this.#load[metricKey]?.most ?? 0) } }
        const latest = Timestamps.at(-1)?.getTime()
        if (latest !== undefined) this.#readTo = Math.max(this.#readTo ?? 0, latest - 2 * periodMs)
      }
      NextToken = page.NextToken
    } while (NextToken !== undefined)
  }

  #query(metricKey: MetricKey): MetricDataQuery {
    const metric = {
      Namespace: namespace,
      MetricName: metricNames[metricKey],
      Dimensions: [{ Name: 'Host', Value: `${this.#jobName}/algo-1` }],
    }
    return { Id: metricKey, MetricStat: { Metric: metric, Period: periodSeconds, Stat: 'Maximum' } }
  }
}
