// How busy a job's machine is, as CloudWatch measures it once a minute: processor, memory and disk of its first host.
import { GetMetricDataCommand, type MetricDataQuery } from '@aws-sdk/client-cloudwatch'
import type { JobLoad, JobState } from '../../src-shared/cloud-job.ts'
import { toCloudError } from './advice.ts'
import type { Connection } from './connection.ts'
import { abortable } from './list-objects.ts'

const namespace = '/aws/sagemaker/ProcessingJobs'
const metricNames = { cpu: 'CPUUtilization', memory: 'MemoryUtilization', disk: 'DiskUtilization' } as const
type Measure = keyof typeof metricNames
const measures = Object.keys(metricNames) as Measure[]

const periodSeconds = 60
const periodMs = periodSeconds * 1000
/** Looks at the job for each look at its metrics: once a minute at the ordinary pace. */
const looksBetween = 20

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
  async look({ startedAt, endedAt }: JobState, signal?: AbortSignal): Promise<JobLoad | undefined> {
    if (startedAt === null || !this.#mayRead) return undefined
    const isDue = this.#looks % looksBetween === 0 || endedAt !== null
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
      MetricDataQueries: measures.map((measure) => this.#query(measure)),
      ScanBy: 'TimestampAscending' as const,
    }
    let NextToken: string | undefined
    do {
      const page = await this.#connection.metrics.send(new GetMetricDataCommand({ ...window, NextToken }), abortable(signal))
      for (const { Id, Values = [], Timestamps = [] } of page.MetricDataResults ?? []) {
        const measure = measures.find((name) => name === Id)
        if (measure === undefined) continue
        for (const value of Values)
          this.#load = { ...this.#load, [measure]: { last: value, most: Math.max(value, this.#load[measure]?.most ?? 0) } }
        const latest = Timestamps.at(-1)?.getTime()
        if (latest !== undefined) this.#readTo = Math.max(this.#readTo ?? 0, latest - 2 * periodMs)
      }
      NextToken = page.NextToken
    } while (NextToken !== undefined)
  }

  #query(measure: Measure): MetricDataQuery {
    const metric = {
      Namespace: namespace,
      MetricName: metricNames[measure],
      Dimensions: [{ Name: 'Host', Value: `${this.#jobName}/algo-1` }],
    }
    return { Id: measure, MetricStat: { Metric: metric, Period: periodSeconds, Stat: 'Maximum' } }
  }
}
