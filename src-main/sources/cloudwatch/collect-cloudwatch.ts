// Collects measurements out of CloudWatch: the price first, then every value by the period in calls within AWS's limits.
import type { MetricDataQuery } from '@aws-sdk/client-cloudwatch'
import { z } from 'zod'
import type { CloudWatchRequest, MeasurementsSource, SourceSurvey } from '../../../src-shared/sources/source-requests.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { Connection } from '../../cloud/account/connection.ts'
import { forEachAtOnce } from '../../cloud/account/for-each-at-once.ts'
import {
  asResumable,
  openCollection,
  type CollectedParts,
  type CollectedValue,
  type Collection,
  type CollectTarget,
  type CollectWork,
} from '../collection.ts'
import { assertSameSource, readMeasurementsSource, spanOf, type CollectSpan } from '../measurements-source.ts'
import { maxPointsPerCall, maxQueriesPerCall } from './cloudwatch-calls.ts'
import { foundSeriesSchema, type Discovery, type FoundSeries } from './discover-cloudwatch.ts'

/** Basic monitoring sends every five minutes, and values arrive within some more. */
const settleSeconds = 900
/** CloudWatch keeps hours and days for so long. */
const retentionDays = 455
const usdPerMetric = 0.01 / 1000
/** Calls under way at one time. */
const maxCalls = 4

const nowOf = ({ nowSeconds }: CollectWork): number => nowSeconds ?? Date.now() / 1000

const spanFor = (request: CloudWatchRequest, existing: MeasurementsSource | undefined, work: CollectWork): CollectSpan => {
  const span = spanOf(request, existing, request.periodSeconds, nowOf(work), settleSeconds)
  if (span.fetchFrom < nowOf(work) - retentionDays * 86_400 - request.periodSeconds) {
    throw new HeadroomError('usage', `CloudWatch keeps hours and days for ${String(retentionDays)} days.`, { next: 'Name fewer days.' })
  }
  return span
}

const queriesPerCall = ({ fetchFrom, until }: CollectSpan, periodSeconds: number): number =>
  Math.max(1, Math.min(maxQueriesPerCall, Math.floor(maxPointsPerCall / Math.max(1, (until - fetchFrom) / periodSeconds))))

export interface CloudWatchTarget extends CollectTarget {
  readonly request: CloudWatchRequest
}

const readExisting = async ({ request, out, extends: isExtension }: CloudWatchTarget): Promise<MeasurementsSource | undefined> => {
  const existing = isExtension ? await readMeasurementsSource(out) : undefined
  if (existing !== undefined) assertSameSource(out, existing, cloudWatchSource(request))
  return existing
}

/** What decides which values there are. */
export const cloudWatchSource = ({
  profiles,
  regions,
  namespaces,
  metrics,
  periodSeconds,
  statistic,
}: CloudWatchRequest): Record<string, unknown> => ({
  kind: 'cloudwatch',
  profiles,
  regions,
  namespaces,
  metrics,
  periodSeconds,
  statistic,
})

/** What a collect into the target takes. Throws usage beyond CloudWatch's retention, cloud-limit above the cost limit. */
export const surveyCloudWatch = async (target: CloudWatchTarget, discovery: Discovery, work: CollectWork = {}): Promise<SourceSurvey> => {
  const { request } = target
  const { series, servers, notes, calls } = discovery
  const span = spanFor(request, await readExisting(target), work)
  const requests = Math.ceil(series.length / queriesPerCall(span, request.periodSeconds))
  const costUsd = series.length * usdPerMetric
  if (costUsd > request.costLimitUsd) {
    throw new HeadroomError(
      'cloud-limit',
      `The collect would cost about ${costUsd.toFixed(2)} USD, more than the limit of ${request.costLimitUsd.toFixed(2)} USD.`,
      { next: 'Raise --cost-limit, or collect fewer metrics.' },
    )
  }
  const names = Object.keys(servers).sort()
  return {
    servers: names.length,
    examples: names.slice(0, 5),
    metrics: countByMetric(series),
    attributes: [...new Set(Object.values(servers).flatMap((attributes) => Object.keys(attributes)))].sort(),
    requests,
    values: (series.length * (span.until - span.fetchFrom)) / request.periodSeconds,
    costUsd,
    seconds: Math.ceil(((calls.milliseconds / Math.max(1, calls.count)) * requests) / maxCalls / 1000),
    notes: [...notes],
  }
}

const countByMetric = (series: readonly FoundSeries[]): SourceSurvey['metrics'] => {
  const counts = new Map<string, number>()
  for (const { metric } of series) counts.set(metric, (counts.get(metric) ?? 0) + 1)
  return [...counts].map(([metric, count]) => ({ metric, series: count })).sort((a, b) => (a.metric < b.metric ? -1 : 1))
}

const planSchema = z.object({
  from: z.int(),
  until: z.int(),
  fetchFrom: z.int(),
  perCall: z.int(),
  series: z.array(foundSeriesSchema),
})
type CloudWatchPlan = z.infer<typeof planSchema>

/**
 * Fetches what is missing into the collecting folder. After a failure or a cancel the parts stay, and the same request goes on.
 * Throws what `surveyCloudWatch` throws, cloud-refused, cloud-unreachable, cancelled.
 */
export const collectCloudWatch = async (
  target: CloudWatchTarget,
  discovery: Discovery,
  work: CollectWork = {},
): Promise<CollectedParts> => {
  const { request, out } = target
  const existing = await readExisting(target)
  const { days, until, attributes } = request
  const source = cloudWatchSource(request)
  const key = { source, days, until, attributes, extended: existing === undefined ? null : existing.until }
  const collection = await openCollection(out, key, planSchema, async () => {
    await surveyCloudWatch(target, discovery, work)
    const span = spanFor(request, existing, work)
    return {
      ...span,
      perCall: queriesPerCall(span, request.periodSeconds),
      series: discovery.series.map((series) => foundSeriesSchema.parse(series)),
    }
  })
  try {
    const parts = await fetchParts(collection, discovery, request, work)
    return { collection, parts, source: { format: 1, source, from: collection.plan.from, until: collection.plan.until } }
  } catch (thrown) {
    await collection.release()
    throw asResumable(thrown)
  }
}

/** Returns the number of parts. */
const fetchParts = async (
  { plan, hasPart, storePart }: Collection<CloudWatchPlan>,
  { connections, servers, calls }: Discovery,
  request: CloudWatchRequest,
  { onProgress, signal }: CollectWork,
): Promise<number> => {
  // One call asks one connection.
  const batches = [...new Set(plan.series.map(({ connection }) => connection))].flatMap((connection) => {
    const series = plan.series.filter((one) => one.connection === connection)
    return Array.from({ length: Math.ceil(series.length / plan.perCall) }, (_, index) => ({
      connection,
      series: series.slice(index * plan.perCall, (index + 1) * plan.perCall),
    }))
  })
  const span = { StartTime: new Date(plan.fetchFrom * 1000), EndTime: new Date(plan.until * 1000) }
  const fetchPart = async (index: number): Promise<void> => {
    const { connection, series } = batches[index]!
    const { points, notes } = await calls.getMetricData(
      connectionOf(connections, connection),
      series.map((one, at) => queryOf(one, at, request)),
      span,
    )
    const values: CollectedValue[] = []
    let unusable = 0
    for (const [at, { server, metric }] of series.entries()) {
      for (const [seconds, value] of points.get(queryId(at)) ?? []) {
        if (Number.isFinite(value)) values.push({ server, metric, seconds, value })
        else unusable += 1
      }
    }
    const named = Object.fromEntries(series.map(({ server }) => [server, { ...servers[server] }]))
    await storePart(index, values, { servers: named, unusable, notes })
  }
  let done = 0
  const indexes = batches.map((_, index) => index)
  await forEachAtOnce(
    indexes,
    async (index) => {
      if (!hasPart(index)) await fetchPart(index)
      done += 1
      onProgress?.('Collecting from CloudWatch', done / batches.length)
      if (signal?.aborted === true) throw new HeadroomError('cancelled', 'Cancelled.')
    },
    maxCalls,
  )
  return batches.length
}

const connectionOf = (connections: Discovery['connections'], position: number): Connection => {
  const connection = connections.get(position)
  if (connection !== undefined) return connection
  throw new HeadroomError('cloud-refused', 'An account or region of this collect denies access now.', {
    next: 'Sign in again, or collect into a new file without it.',
  })
}

const queryId = (index: number): string => `m${String(index)}`

const statisticNames = { p95: 'p95', max: 'Maximum', mean: 'Average' } as const

const queryOf = (
  { namespace, metricName, dimensions }: FoundSeries,
  index: number,
  { periodSeconds, statistic }: CloudWatchRequest,
): MetricDataQuery => ({
  Id: queryId(index),
  MetricStat: {
    Metric: { Namespace: namespace, MetricName: metricName, Dimensions: dimensions },
    Period: periodSeconds,
    Stat: statisticNames[statistic],
  },
})
