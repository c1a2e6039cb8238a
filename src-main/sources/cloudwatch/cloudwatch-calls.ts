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
    const following = followPages('EC2', connection)
    let NextToken: string | undefined
    do {
      const input = { MaxResults: 1000, ...(NextToken === undefined ? {} : { NextToken }) }
      const page = await this.#call(connection, () => client.send(new DescribeInstancesCommand(input), abortable(this.#work.signal)))
      for (const { Instances = [] } of page.Reservations ?? []) instances.push(...Instances)
      NextToken = following(page.NextToken)
    } while (NextToken !== undefined)
    return instances
  }

  async listMetrics(connection: Connection, namespace: string, metric: string): Promise<Metric[]> {
    const metrics: Metric[] = []
    const following = followPages('CloudWatch', connection)
    let NextToken: string | undefined
    do {
      const input = { Namespace: namespace, MetricName: metric, ...(NextToken === undefined ? {} : { NextToken }) }
      const page = await this.#call(connection, () => connection.metrics.send(new ListMetricsCommand(input), abortable(this.#work.signal)))
      metrics.push(...(page.Metrics ?? []))
      NextToken = following(page.NextToken)
    } while (NextToken !== undefined)
    return metrics
  }

  /** Points by the position of the query, and what CloudWatch says about them. At most 500 queries. */
  async getMetricData(
    connection: Connection,
    queries: readonly MetricDataQuery[],
    span: { readonly StartTime: Date; readonly EndTime: Date },
  ): Promise<{ points: Map<string, [seconds: number, value: number][]>; notes: string[] }> {
    const points = new Map(queries.map(({ Id = '' }) => [Id, new Map<number, number>()]))
    const incomplete = new Set<string>()
    const notes = new Set<string>()
    const [start, end] = [span.StartTime.getTime() / 1000, span.EndTime.getTime() / 1000]
    const following = followPages('CloudWatch', connection)
    const refuse = (what: string): HeadroomError => oddAnswer('CloudWatch', connection, what)
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
        const ofQuery = points.get(Id)
        if (ofQuery === undefined) throw refuse('answers what was not asked')
        if (Timestamps.length !== Values.length) throw refuse('states another number of times than of values')
        for (const [index, time] of Timestamps.entries()) {
          const seconds = time.getTime() / 1000
          if (!(seconds >= start && seconds < end)) throw refuse('states a value of a time that was not asked for')
          if (ofQuery.has(seconds)) throw refuse('states a time of one metric twice')
          ofQuery.set(seconds, Values[index]!)
        }
        if (StatusCode === 'PartialData') incomplete.add(Id)
        else incomplete.delete(Id)
      }
      for (const { Code, Value } of page.Messages ?? [])
        notes.add(`CloudWatch in ${connection.region} says: ${foreignText(Value ?? Code ?? '')}`)
      NextToken = following(page.NextToken)
    } while (NextToken !== undefined)
    if (incomplete.size > 0) throw refuse('ends before all values of a metric are there')
    return { points: new Map([...points].map(([id, ofQuery]) => [id, [...ofQuery]])), notes: [...notes] }
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

/** What AWS does not send, but something between here and there may. */
const oddAnswer = (service: string, { region }: Connection, what: string): HeadroomError =>
  new HeadroomError('cloud-refused', `${service} in ${region} ${what}.`, {
    next: 'Try again; where it stays, look at the proxy or endpoint on the way to AWS.',
  })

/** The token of the next page; one that came before would lead in a circle. */
const followPages = (service: string, connection: Connection): ((token: string | undefined) => string | undefined) => {
  const seen = new Set<string>()
  return (token) => {
    if (token === undefined || token === '') return undefined
    if (seen.has(token)) throw oddAnswer(service, connection, 'sends the same page again and again')
    seen.add(token)
    return token
  }
}

const wait = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {
    throw new HeadroomError('cancelled', 'Cancelled.')
  })
