// Collects measurements out of Prometheus: what it holds, and every value by the hour in requests that it accepts.
import { z } from 'zod'
import {
  type AttributeNames,
  type PrometheusAccess,
  type PrometheusQuery,
  type PrometheusRequest,
  type SourceSurvey,
} from '../../../src-shared/sources/source-requests.ts'
import { ownValue } from '../../../src-shared/config/name-record.ts'
import { decimalValue } from '../../../src-shared/run/decimal-value.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { attributeColumn, otherColumn } from '../attribute-column.ts'
import {
  asResumable,
  openCollection,
  type CollectedParts,
  type CollectTarget,
  type CollectWork,
  type CollectedValue,
  type Collection,
} from '../collection.ts'
import { assertSameSource, readMeasurementsSource, spanOf } from '../measurements-source.ts'
import { maxPointsPerSeries, parseAddress, PrometheusClient, TooMuchForOneQuery, type PrometheusSeries } from './prometheus-client.ts'

const stepSeconds = 3600
/** A scrape reaches the store within minutes. */
const settleSeconds = 300
const daySeconds = 86_400
/** Values in one answer, so that an answer takes some tens of megabytes. */
const valuesPerRequest = 500_000

/** Of node_exporter, by the hour: the 95th percentile of 5-minute means. The value of an hour is asked for at its end. */
export const nodeExporterQueries: readonly PrometheusQuery[] = [
  {
    metric: 'cpu_p95',
    query: 'quantile_over_time(0.95, (100 * (1 - avg without (cpu, mode) (rate(node_cpu_seconds_total{mode="idle"}[5m]))))[1h:5m])',
  },
  {
    metric: 'memory_p95',
    query: 'quantile_over_time(0.95, (100 * (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes))[1h:5m])',
  },
]

interface HourlyQuery extends PrometheusQuery {
  /** Seconds between the beginning of a value's hour and the time it is asked for. */
  readonly shift: number
}

const queriesOf = ({ queries }: PrometheusRequest): readonly HourlyQuery[] =>
  queries.length === 0
    ? nodeExporterQueries.map((query) => ({ ...query, shift: stepSeconds }))
    : queries.map((query) => ({ ...query, shift: 0 }))

const connectTo = (request: PrometheusRequest, access: PrometheusAccess, { retryMs, onWait }: CollectWork): PrometheusClient =>
  new PrometheusClient({ url: request.url, access, tenant: request.tenant, retryMs, onWait })

/** What the last day holds, by one request per query. Throws source-unreachable, source-refused, input-empty. */
export const surveyPrometheus = async (
  request: PrometheusRequest,
  access: PrometheusAccess,
  work: CollectWork = {},
): Promise<SourceSurvey> => {
  const client = connectTo(request, access, work)
  try {
    const span = spanOf(request, undefined, stepSeconds, work.nowSeconds ?? Date.now() / 1000, settleSeconds)
    const lastDay = { start: span.until - daySeconds, end: span.until, step: stepSeconds }
    const found: { metric: string; series: readonly PrometheusSeries[] }[] = []
    const began = performance.now()
    for (const { metric, query } of queriesOf(request)) {
      const { series } = await client.queryRange({ metric, query, ...lastDay }, work.signal)
      found.push({ metric, series })
    }
    const secondsPerDay = (performance.now() - began) / 1000
    const labels = serverLabels(request.label)
    const servers = new Set<string>()
    const names = new Set<string>()
    for (const { metric, series } of found) {
      for (const one of series) {
        servers.add(serverOf(one, labels, metric))
        for (const name of Object.keys(attributesOf(one, labels, request.attributes))) names.add(name)
      }
    }
    if (servers.size === 0) {
      throw new HeadroomError(
        'input-empty',
        `${parseAddress(request.url).host} holds no series of ${found.map(({ metric }) => metric).join(', ')} on its last day.`,
        {
          next: 'Name queries with --query METRIC=PROMQL, or another end with --until.',
        },
      )
    }
    const points = (span.until - span.from) / stepSeconds
    return {
      servers: servers.size,
      examples: [...servers].sort().slice(0, 5),
      metrics: found.map(({ metric, series }) => ({ metric, series: series.length })),
      attributes: [...names].sort(),
      requests: found.reduce((sum, { series }) => sum + Math.ceil(points / pointsPerRequest(series.length)), 0),
      values: found.reduce((sum, { series }) => sum + series.length, 0) * points,
      costUsd: null,
      seconds: Math.ceil(secondsPerDay * request.days),
      notes: found.flatMap(({ metric, series }) => (series.length === 0 ? [`${metric} has no series on its last day.`] : [])),
    }
  } finally {
    client.close()
  }
}

const pointsPerRequest = (series: number): number =>
  Math.max(1, Math.min(maxPointsPerSeries, Math.floor(valuesPerRequest / Math.max(1, series))))

const planSchema = z.object({
  from: z.int(),
  until: z.int(),
  /** One request each: the query by its position, and the beginnings of its first and last hour. */
  parts: z.array(z.object({ query: z.int(), first: z.int(), last: z.int() })),
})
type PrometheusPlan = z.infer<typeof planSchema>

/**
 * Fetches what is missing into the collecting folder of `out`. After a failure or a cancel the parts stay, and the same request goes on.
 * Throws source-unreachable, source-refused, usage, cancelled.
 */
export const collectPrometheus = async (
  request: PrometheusRequest,
  access: PrometheusAccess,
  { out, extends: isExtension }: CollectTarget,
  work: CollectWork = {},
): Promise<CollectedParts> => {
  const queries = queriesOf(request)
  const { days, until, attributes } = request
  const source = prometheusSource(request)
  const existing = isExtension ? await readMeasurementsSource(out) : undefined
  if (existing !== undefined) assertSameSource(out, existing, source)
  const client = connectTo(request, access, work)
  try {
    const key = { source, days, until, attributes, extended: existing === undefined ? null : existing.until }
    const collection = await openCollection(out, key, planSchema, async () => {
      const span = spanOf(request, existing, stepSeconds, work.nowSeconds ?? Date.now() / 1000, settleSeconds)
      return makePlan(client, queries, span, work.signal)
    })
    try {
      await fetchParts(client, queries, request, collection, work)
      const { from, until: end, parts } = collection.plan
      return { collection, parts: parts.length, source: { format: 1, source, from, until: end } }
    } catch (thrown) {
      await collection.release()
      throw asResumable(thrown)
    }
  } finally {
    client.close()
  }
}

/** What decides which values there are. */
export const prometheusSource = (request: PrometheusRequest): Record<string, unknown> => {
  const { url, label, tenant } = request
  return { kind: 'prometheus', url: parseAddress(url).href, queries: queriesOf(request), label, tenant, stepSeconds }
}

/** The number of series decides how many hours fit into one answer. */
const makePlan = async (
  client: PrometheusClient,
  queries: readonly HourlyQuery[],
  { from, until, fetchFrom }: { readonly from: number; readonly until: number; readonly fetchFrom: number },
  signal: AbortSignal | undefined,
): Promise<PrometheusPlan> => {
  const parts: PrometheusPlan['parts'] = []
  for (const [index, { metric, query }] of queries.entries()) {
    const { series } = await client.queryRange({ metric, query, start: until, end: until, step: stepSeconds }, signal)
    const seconds = pointsPerRequest(series.length) * stepSeconds
    for (let first = fetchFrom; first < until; first += seconds)
      parts.push({ query: index, first, last: Math.min(first + seconds, until) - stepSeconds })
  }
  return { from, until, parts }
}

const fetchParts = async (
  client: PrometheusClient,
  queries: readonly HourlyQuery[],
  { label, attributes }: PrometheusRequest,
  { plan, hasPart, storePart }: Collection<PrometheusPlan>,
  { signal, onProgress }: CollectWork,
): Promise<void> => {
  const labels = serverLabels(label)
  for (const [index, { query: position, first, last }] of plan.parts.entries()) {
    const query = queries[position]!
    onProgress?.(`Collecting ${query.metric}`, index / plan.parts.length)
    if (hasPart(index)) continue
    const { series, warnings } = await fetchSpan(client, query, first, last, signal)
    const values: CollectedValue[] = []
    const servers = new Map<string, Readonly<Record<string, string>>>()
    let unusable = 0
    for (const one of series) {
      const server = serverOf(one, labels, query.metric)
      servers.set(server, { ...servers.get(server), ...attributesOf(one, labels, attributes) })
      for (const [seconds, text] of one.samples) {
        const value = decimalValue(text)
        if (Number.isFinite(value)) values.push({ server, metric: query.metric, seconds: seconds - query.shift, value })
        else unusable += 1
      }
    }
    const notes = [
      ...warnings.map((warning) => `Prometheus warns: ${warning}`),
      ...(series.some((one) => Object.values(one.labels).some((text) => text.length > maxLabelLength))
        ? [`Labels of more than ${maxLabelLength.toLocaleString('en-US')} characters are left out.`]
        : []),
      ...describeSharedServers(series, labels, query.metric),
      ...describeLookBack(query),
    ]
    await storePart(index, values, { servers: Object.fromEntries(servers), unusable, notes })
  }
  onProgress?.('Collecting', 1)
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }
/** A shorter range, such as that of a rate, hardly moves a value of an hour. */
const minLookBackSeconds = 1800

/** A query of the user's is asked at the hour at which its value then stands: one that looks back over the hour tells of the hour before. */
const describeLookBack = ({ metric, query, shift }: HourlyQuery): string[] => {
  const ranges = [...query.matchAll(/\[(\d+)([smhdw])[^\]]*\]/g)]
  const longest = ranges.find(([, count, unit]) => Number(count) * unitSeconds[unit!]! >= minLookBackSeconds)
  if (shift > 0 || longest === undefined || /\boffset\s+-/.test(query)) return []
  return [
    `${metric} looks back over ${longest[0]}, so that its values stand at the end of what they tell of. With "offset -1h" in the query they stand at the hour that they tell of.`,
  ]
}

/** Halves a span that is too much for one request. */
const fetchSpan = async (
  client: PrometheusClient,
  query: HourlyQuery,
  first: number,
  last: number,
  signal: AbortSignal | undefined,
): Promise<{ series: readonly PrometheusSeries[]; warnings: readonly string[] }> => {
  try {
    return await client.queryRange({ ...query, start: first + query.shift, end: last + query.shift, step: stepSeconds }, signal)
  } catch (thrown) {
    if (!(thrown instanceof TooMuchForOneQuery) || last - first < stepSeconds) throw thrown
    const middle = first + Math.floor((last - first) / 2 / stepSeconds) * stepSeconds
    const earlier = await fetchSpan(client, query, first, middle, signal)
    const later = await fetchSpan(client, query, middle + stepSeconds, last, signal)
    return { series: [...earlier.series, ...later.series], warnings: [...earlier.warnings, ...later.warnings] }
  }
}

const serverLabels = (label: string | null): readonly string[] => (label === null ? ['instance', 'node'] : [label])

/** '' where a series has none of them. */
const serverLabel = ({ labels }: Pick<PrometheusSeries, 'labels'>, names: readonly string[]): string =>
  names.map((name) => ownValue(labels, name) ?? '').find((text) => text !== '') ?? ''

/** Longer ones are no names, and a table with them cannot be read again. */
const maxLabelLength = 1000

/** The label without its port; an IPv6 address has one behind its brackets only. Throws usage where a series has none. */
const serverOf = ({ labels }: PrometheusSeries, names: readonly string[], metric: string): string => {
  const name = names.find((candidate) => (ownValue(labels, candidate) ?? '') !== '')
  const text = serverLabel({ labels }, names)
  if (name !== undefined) {
    if (text.length <= maxLabelLength) return text.replace(/^([^:]*|\[.*\]):\d+$/s, '$1')
    throw new HeadroomError(
      'usage',
      `The label ${name} of a series of ${metric} holds ${text.length.toLocaleString('en-US')} characters; a server has ${maxLabelLength.toLocaleString('en-US')} at most.`,
      { next: 'Shorten it in the query by label_replace, or name another label with --label.' },
    )
  }
  const others = Object.keys(labels).sort()
  throw new HeadroomError(
    'usage',
    `A series of ${metric} has no label ${names.join(' or ')}; ${others.length === 0 ? 'it has none' : `it has ${others.join(', ')}`}.`,
    { next: others.length === 0 ? 'Keep a label with the server in the query.' : 'Name the one with the server by --label.' },
  )
}

/** Exporters behind one address may be several machines. */
const describeSharedServers = (series: readonly PrometheusSeries[], names: readonly string[], metric: string): string[] => {
  const texts = new Map<string, Set<string>>()
  for (const one of series) {
    const server = serverOf(one, names, metric)
    texts.set(server, (texts.get(server) ?? new Set()).add(serverLabel(one, names)))
  }
  return [...texts]
    .filter(([, given]) => given.size > 1)
    .slice(0, 3)
    .map(([server, given]) => `The server ${server} holds the series of ${[...given].sort().slice(0, 5).join(', ')}.`)
}

/** Labels under the names that the servers table knows, the others under their own. */
const attributesOf = ({ labels }: PrometheusSeries, serverNames: readonly string[], attributes: AttributeNames): Record<string, string> => {
  const isNamed = ([name, text]: readonly [string, string]): boolean =>
    name !== '__name__' && !serverNames.includes(name) && text.length <= maxLabelLength
  return Object.fromEntries(
    Object.entries(labels)
      .filter(isNamed)
      .map(([name, text]) => [attributeColumn(name, attributes) ?? otherColumn(name), text]),
  )
}
