// What CloudWatch holds about the servers of accounts and regions: metrics with their servers, and the servers' tags.
import type { Metric } from '@aws-sdk/client-cloudwatch'
import type { Instance } from '@aws-sdk/client-ec2'
import { z } from 'zod'
import type { CloudWatchMetric, CloudWatchRequest, AttributeNames } from '../../../src-shared/sources/source-requests.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { toCloudError } from '../../cloud/account/cloud-error.ts'
import { identifyCaller, type Connection } from '../../cloud/account/connection.ts'
import { attributeColumn } from '../attribute-column.ts'
import type { CollectWork } from '../collection.ts'
import { CloudWatchCalls } from './cloudwatch-calls.ts'

interface KnownMetric extends CloudWatchMetric {
  /** Its name in the measurements file, before that of the statistic. */
  readonly name: string
  /** Another dimension that tells several metrics of one server apart. */
  readonly part?: string
}

const knownMetrics: readonly KnownMetric[] = [
  { namespace: 'AWS/EC2', metric: 'CPUUtilization', dimension: 'InstanceId', name: 'cpu' },
  { namespace: 'CWAgent', metric: 'mem_used_percent', dimension: 'InstanceId', name: 'memory' },
  { namespace: 'CWAgent', metric: 'disk_used_percent', dimension: 'InstanceId', name: 'disk', part: 'path' },
  { namespace: 'AWS/RDS', metric: 'CPUUtilization', dimension: 'DBInstanceIdentifier', name: 'cpu' },
]
/** File systems without a disk. */
const pseudoFileSystems = new Set(['tmpfs', 'devtmpfs', 'overlay', 'squashfs', 'ramfs', 'iso9660'])

/** "network_in" of NetworkIn. */
const fileName = (metric: string): string =>
  metric
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase()

const metricsOf = ({ namespaces, metrics }: CloudWatchRequest): KnownMetric[] => [
  ...knownMetrics.filter(({ namespace }) => namespaces.some((name) => name === namespace)),
  ...metrics.map((metric) => ({ ...metric, name: fileName(metric.metric) })),
]

export const foundSeriesSchema = z.object({
  /** Position of the account and region in the request. */
  connection: z.int(),
  server: z.string(),
  /** Name in the measurements file. */
  metric: z.string(),
  namespace: z.string(),
  metricName: z.string(),
  dimensions: z.array(z.object({ Name: z.string(), Value: z.string() })),
})
export type FoundSeries = z.infer<typeof foundSeriesSchema>

export interface Discovery {
  /** By the position of the account and region in the request. */
  readonly connections: ReadonlyMap<number, Connection>
  /** Sorted by server and metric. */
  readonly series: readonly FoundSeries[]
  readonly servers: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** What is left out, in sentences. */
  readonly notes: readonly string[]
  readonly calls: CloudWatchCalls
}

export type ConnectTo = (profile: string | null, region: string | null) => Promise<Connection>

/** Accounts and regions that deny access are named and left out. Throws input-empty, and what the only one says. */
export const discoverCloudWatch = async (request: CloudWatchRequest, connectTo: ConnectTo, work: CollectWork = {}): Promise<Discovery> => {
  const places = request.profiles.flatMap((profile) =>
    (request.regions.length === 0 ? [null] : request.regions).map((region) => ({ profile, region })),
  )
  const calls = new CloudWatchCalls(work)
  const connections = new Map<number, Connection>()
  const found: { place: Place; connection: number }[] = []
  const notes: string[] = []
  let firstFailure: HeadroomError | undefined
  for (const [index, { profile, region }] of places.entries()) {
    work.onProgress?.(`Checking ${[profile, region].filter((name) => name !== null).join(', ') || 'the account'}`, index / places.length)
    try {
      const connection = await connectTo(profile, region)
      const place = await readPlace(connection, request, calls, places.length > 1)
      found.push({ place, connection: index })
      connections.set(index, connection)
    } catch (thrown) {
      const failure = toCloudError(thrown, { region: region ?? undefined })
      if (failure.code === 'cancelled') throw failure
      firstFailure ??= failure
      notes.push(`${[profile ?? 'the default account', region].filter((name) => name !== null).join(', ')} is left out: ${failure.message}`)
    }
  }
  if (found.length === 0) throw firstFailure!
  const series = nameServers(found)
  if (series.length === 0) {
    const where = [...connections.values()].map(({ region }) => region).join(', ')
    throw new HeadroomError('input-empty', `CloudWatch in ${where} holds none of the metrics.`, {
      next: 'Check the region and the namespaces; memory and disks need the CloudWatch agent.',
    })
  }
  const servers = Object.fromEntries(series.map(({ server, attributes }) => [server, attributes]))
  return {
    connections,
    series: [...series].sort((a, b) => (a.server === b.server ? order(a.metric, b.metric) : order(a.server, b.server))),
    servers,
    notes: [...notes, ...found.flatMap(({ place }) => place.notes)],
    calls,
  }
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

interface PlaceSeries {
  readonly server: string
  readonly metric: string
  readonly namespace: string
  readonly metricName: string
  readonly dimensions: { Name: string; Value: string }[]
  readonly attributes: Readonly<Record<string, string>>
}

/** One region of one account. */
interface Place {
  readonly account: string
  readonly region: string
  readonly series: readonly PlaceSeries[]
  readonly notes: readonly string[]
}

const readPlace = async (
  connection: Connection,
  request: CloudWatchRequest,
  calls: CloudWatchCalls,
  isOneOfSeveral: boolean,
): Promise<Place> => {
  const { region } = connection
  const account = isOneOfSeveral ? (await identifyCaller(connection)).account : ''
  const metrics = metricsOf(request)
  const needsInstances = metrics.some(({ dimension }) => dimension === 'InstanceId')
  const instances = new Map(
    (needsInstances ? await calls.describeInstances(connection) : [])
      .filter(({ State }) => State?.Name !== 'terminated')
      .map((instance): [string, Instance] => [instance.InstanceId ?? '', instance]),
  )
  const series = new Map<string, PlaceSeries>()
  const gone = new Set<string>()
  for (const known of metrics) {
    const { namespace, metric, dimension } = known
    for (const { Dimensions = [] } of await calls.listMetrics(connection, namespace, metric)) {
      const one = placeSeries(known, request.statistic, Dimensions)
      if (one === undefined) continue
      const instance = instances.get(one.server)
      // CloudWatch lists terminated instances for two weeks.
      if (dimension === 'InstanceId' && instance === undefined) {
        gone.add(one.server)
        continue
      }
      const key = `${one.server}\n${one.metric}`
      const earlier = series.get(key)
      // An agent may send one metric under several sets of dimensions: the smallest one counts.
      if (earlier !== undefined && !isSmaller(one.dimensions, earlier.dimensions)) continue
      const attributes = { region, ...(instance === undefined ? {} : attributesOf(instance, request.attributes)) }
      series.set(key, { ...one, namespace, metricName: metric, attributes })
    }
  }
  const notes =
    gone.size === 0
      ? []
      : [
          `${gone.size.toLocaleString('en-US')} ${gone.size === 1 ? 'instance' : 'instances'} in ${region} no longer exist and are left out.`,
        ]
  return { account, region, series: [...series.values()], notes }
}

type Dimensions = NonNullable<Metric['Dimensions']>

const placeSeries = (
  { namespace, dimension, name, part }: KnownMetric,
  statistic: string,
  given: Dimensions,
): Pick<PlaceSeries, 'server' | 'metric' | 'dimensions'> | undefined => {
  const dimensions = given.flatMap(({ Name, Value }) => (Name === undefined || Value === undefined ? [] : [{ Name, Value }]))
  const valueOf = (wanted: string): string | undefined => dimensions.find(({ Name }) => Name === wanted)?.Value
  const server = valueOf(dimension)
  if (server === undefined || server === '') return undefined
  // Metrics of AWS itself stand under one dimension; further ones are groups.
  if (namespace.startsWith('AWS/') && dimensions.length > 1) return undefined
  if (part === undefined) return { server, metric: `${name}_${statistic}`, dimensions }
  const path = valueOf(part)
  if (path === undefined || pseudoFileSystems.has(valueOf('fstype') ?? '')) return undefined
  return { server, metric: `${name}_${statistic}:${path}`, dimensions }
}

const isSmaller = (a: Dimensions, b: Dimensions): boolean =>
  a.length === b.length ? JSON.stringify(a) < JSON.stringify(b) : a.length < b.length

const attributesOf = ({ InstanceType, CpuOptions, Tags = [] }: Instance, attributes: AttributeNames): Record<string, string> => {
  const cores = (CpuOptions?.CoreCount ?? 0) * (CpuOptions?.ThreadsPerCore ?? 1)
  const columns: Record<string, string> = {}
  for (const { Key, Value } of Tags) {
    if (Key === undefined || Value === undefined || Value === '') continue
    const column = Key === 'Name' ? 'name' : attributeColumn(Key, attributes)
    if (column !== undefined) columns[column] = Value
  }
  return {
    ...(InstanceType === undefined ? {} : { instance_type: InstanceType }),
    ...(cores === 0 ? {} : { capacity_units: String(cores) }),
    ...columns,
  }
}

/** A name that several accounts or regions use carries the account, or the region. */
const nameServers = (
  found: readonly { readonly place: Place; readonly connection: number }[],
): (FoundSeries & { readonly attributes: Readonly<Record<string, string>> })[] => {
  const places = new Map<string, Set<Place>>()
  for (const { place } of found) for (const { server } of place.series) places.set(server, (places.get(server) ?? new Set()).add(place))
  return found.flatMap(({ place, connection }) =>
    place.series.map((one) => {
      const sharing = places.get(one.server)!
      const accounts = new Set([...sharing].map(({ account }) => account))
      const server =
        sharing.size === 1
          ? one.server
          : `${one.server}@${accounts.size === sharing.size ? place.account : `${place.account}/${place.region}`}`
      return { ...one, connection, server }
    }),
  )
}
