// Calls to EC2 and CloudWatch: all pages, at a rate that AWS accepts, repeated where it asks to slow down.
import { setTimeout as delay } from 'node:timers/promises'
import { GetMetricDataCommand, ListMetricsCommand, type Metric, type MetricDataQuery } from '@aws-sdk/client-cloudwatch'
import type { Instance } from '@aws-sdk/client-ec2'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { foreignText } from '../../../src-shared/run/foreign-text.ts'
import { isTransient, toCloudError } from '../../cloud/account/cloud-error.ts'
import { abortable, type Connection } from '../../cloud/account/connection.ts'
import type { CollectWork } from '../collection.ts'

export const maxQueriesPerCall = 500
export const maxPointsPerCall = 100_800
/** AWS accepts 50 calls a second in a region. */
const minMsBetweenCalls = 25
const maxAttempts = 8
const maxRetryMs = 30_000

/** Calls of one collect, one clock for all. */
export class CloudWatchCalls {
  readonly #work: CollectWork
  #nextCallAt = 0
  /** Of the calls so far, for an estimate. */
  count = 0
  milliseconds = 0

  constructor(work: CollectWork) {
    this.#work = work
  }

  async describeInstances(connection: Connection): Promise<Instance[]> {
    const { DescribeInstancesCommand } = await import('@aws-sdk/client-ec2')
    const client = await connection.ec2()
    const instances: Instance[] = []
    let NextToken: string | undefined
    do {
      const input = { MaxResults: 1000, ...(NextToken === undefined ? {} : { NextToken }) }
      const page = await this.#call(connection, () => client.send(new DescribeInstancesCommand(input), abortable(this.#work.signal)))
      for (const { Instances = [] } of page.Reservations ?? []) instances.push(...Instances)
      NextToken = page.NextToken === '' ? undefined : page.NextToken
    } while (NextToken !== undefined)
    return instances
  }

  async listMetrics(connection: Connection, namespace: string, metric: string): Promise<Metric[]> {
    const metrics: Metric[] = []
    let NextToken: string | undefined
    do {
      const input = { Namespace: namespace, MetricName: metric, ...(NextToken === undefined ? {} : { NextToken }) }
      const page = await this.#call(connection, () => connection.metrics.send(new ListMetricsCommand(input), abortable(this.#work.signal)))
      metrics.push(...(page.Metrics ?? []))
      NextToken = page.NextToken
    } while (NextToken !== undefined)
    return metrics
  }

  /** Points by the position of the query, and what CloudWatch says about them. At most 500 queries. */
  async getMetricData(
    connection: Connection,
    queries: readonly MetricDataQuery[],
    span: { readonly StartTime: Date; readonly EndTime: Date },
  ): Promise<{ points: Map<string, [seconds: number, value: number][]>; notes: string[] }> {
    const points = new Map<string, [number, number][]>()
    const notes = new Set<string>()
    let NextToken: string | undefined
    do {
      const input = {
        MetricDataQueries: [...queries],
        ...span,
        ScanBy: 'TimestampAscending' as const,
        MaxDatapoints: maxPointsPerCall,
        ...(NextToken === undefined ? {} : { NextToken }),
      }
      const page = await this.#call(connection, () =>
        connection.metrics.send(new GetMetricDataCommand(input), abortable(this.#work.signal)),
      )
      for (const { Id = '', Timestamps = [], Values = [], StatusCode } of page.MetricDataResults ?? []) {
        if (StatusCode === 'InternalError' || StatusCode === 'Forbidden')
          throw new HeadroomError('cloud-refused', `CloudWatch in ${connection.region} could not read a metric (${StatusCode}).`, {
            next: 'Try again later.',
          })
        const ofQuery = points.get(Id) ?? []
        for (const [index, time] of Timestamps.entries()) {
          const value = Values[index]
          if (value !== undefined) ofQuery.push([time.getTime() / 1000, value])
        }
        points.set(Id, ofQuery)
      }
      for (const { Code, Value } of page.Messages ?? [])
        notes.add(`CloudWatch in ${connection.region} says: ${foreignText(Value ?? Code ?? '')}`)
      NextToken = page.NextToken
    } while (NextToken !== undefined)
    return { points, notes: [...notes] }
  }

  async #call<Output>(connection: Connection, send: () => Promise<Output>): Promise<Output> {
    const { signal, onWait, retryMs = 1000 } = this.#work
    for (let attempt = 1; ; attempt++) {
      const startAt = Math.max(performance.now(), this.#nextCallAt)
      this.#nextCallAt = startAt + minMsBetweenCalls
      const pauseMs = startAt - performance.now()
      if (pauseMs > 0) await wait(pauseMs, signal)
      const began = performance.now()
      try {
        const output = await send()
        this.count += 1
        this.milliseconds += performance.now() - began
        return output
      } catch (thrown) {
        if (signal?.aborted === true) throw new HeadroomError('cancelled', 'Cancelled.')
        if (!isTransient(thrown) || attempt === maxAttempts) throw toCloudError(thrown, { region: connection.region })
        const waitMs = Math.min(maxRetryMs, retryMs * 2 ** (attempt - 1))
        onWait?.(`AWS in ${connection.region} is busy or asks to slow down. Waiting ${String(Math.ceil(waitMs / 1000))} s.`)
        await wait(waitMs, signal)
      }
    }
  }
}

const wait = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {
    throw new HeadroomError('cancelled', 'Cancelled.')
  })
