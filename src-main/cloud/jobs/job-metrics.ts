// How busy a job's machine is, as CloudWatch measures it once a minute: processor, memory and disk of its first host.
import { GetMetricDataCommand, type MetricDataQuery } from '@aws-sdk/client-cloudwatch'
import type { JobLoad, JobState } from '../../../src-shared/cloud/cloud-job.ts'
import { toCloudError } from '../account/cloud-error.ts'
import type { Connection } from '../account/connection.ts'
import { abortable } from '../storage/list-objects.ts'

const namespace = '/aws/sagemaker/ProcessingJobs'
const metricNames = { cpu: 'CPUUtilization', memory: 'MemoryUtilization', disk: 'DiskUtilization' } as const
type MetricKey = keyof typeof metricNames
const metricKeys = Object.keys(metricNames) as MetricKey[]

const periodSeconds = 60
const periodMs = periodSeconds * 1000
/** Looks at the job for each look at its metrics: once a minute at the ordinary pace. */
const pollsPerRead = 20

/** Metrics are an extra: where they are absent, refused or out of reach, there are none, and nothing else suffers. */
export class JobMetrics {
  readonly #connection: Connection
  readonly #jobName: string
  #load: JobLoad = { cpu: null, memory: null, disk: null }
  #readTo: number | undefined
  #looks = 0
  #mayRead = true

  constructor(connection: Connection, jobName: string) {
    this.#connection = connection
    this.#jobName = jobName
  }

  /** The load where it has changed; asks CloudWatch at some of the looks, and at the one that finds the job ended. */
  async poll({ startedAt, endedAt }: JobState, signal?: AbortSignal): Promise<JobLoad | undefined> {
    if (startedAt === null || !this.#mayRead) return undefined
    const isDue = this.#looks % pollsPerRead === 0 || endedAt !== null
    this.#looks += 1
    if (!isDue) return undefined
    const before = JSON.stringify(this.#load)
    try {
      await this.#read(this.#readTo ?? Date.parse(startedAt), signal)
    } catch (thrown) {
      this.#mayRead = toCloudError(thrown).code !== 'cloud-refused'
    }
    return JSON.stringify(this.#load) === before ? undefined : this.#load
  }

  /** From the minute that `from` lies in; late points of the last minutes are read again. */
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
