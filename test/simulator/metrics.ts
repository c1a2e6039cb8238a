// CloudWatch's ListMetrics and GetMetricData with the limits of AWS: metrics of processing jobs and of instances; and the agent that measures a host.
import type { Account, MetricPoint } from './account.ts'
import { loadOf, type SimulatedInstance } from './ec2.ts'
import { jsonResponse, ServiceError, type Fields, type ServiceResponse } from './wire.ts'

const jobsNamespace = '/aws/sagemaker/ProcessingJobs'
const maxQueries = 500
const maxPoints = 100_800
/** Where a request names no limit; AWS sends far more. */
const defaultPoints = 100
const metricsPerPage = 500
/** Calls of GetMetricData within a second. */
const maxCallsPerSecond = 50
const dayMs = 86_400_000
/** Points of shorter periods go earlier. */
const retentionOf = (periodSeconds: number): number => (periodSeconds < 300 ? 15 : periodSeconds < 3600 ? 63 : 455) * dayMs

type Dimensions = readonly { readonly Name: string; readonly Value: string }[]

interface Query {
  readonly Id: string
  readonly MetricStat: {
    readonly Metric: { readonly Namespace: string; readonly MetricName: string; readonly Dimensions?: Dimensions }
    readonly Period: number
    readonly Stat: string
  }
}

export const handleMetrics = (account: Account, operation: string, input: Fields, region: string, now: Date): ServiceResponse => {
  switch (operation) {
    case 'GetMetricData':
      return getMetricData(account, input, region, now)
    case 'ListMetrics':
      return listMetrics(account, input, region)
    default:
      throw new ServiceError('UnknownOperationException', `The operation ${operation} is not simulated.`, 404)
  }
}

const invalid = (message: string): ServiceError => new ServiceError('ValidationError', message)

const callsBySecond = new WeakMap<Account, { second: number; calls: number }>()

/** Throws what AWS answers to more than 50 calls a second. */
const throttle = (account: Account, now: Date): void => {
  const second = Math.floor(now.getTime() / 1000)
  const calls = (callsBySecond.get(account)?.second === second ? callsBySecond.get(account)!.calls : 0) + 1
  callsBySecond.set(account, { second, calls })
  if (calls > maxCallsPerSecond) throw new ServiceError('ThrottlingException', 'Rate exceeded')
}

const getMetricData = (account: Account, input: Fields, region: string, now: Date): ServiceResponse => {
  throttle(account, now)
  const [start, end] = [Number(input['StartTime']) * 1000, Number(input['EndTime']) * 1000]
  if (!(start < end)) throw new ServiceError('InvalidParameterValue', 'The parameter StartTime must be less than the parameter EndTime.')
  const queries = input['MetricDataQueries'] as readonly Query[]
  if (queries.length > maxQueries) throw invalid(`The collection MetricDataQueries must not have a size greater than ${maxQueries}.`)
  if (new Set(queries.map(({ Id }) => Id)).size < queries.length)
    throw invalid('The values for parameter Id in MetricDataQueries are not unique.')
  const badId = queries.find(({ Id }) => !/^[a-z]\w{0,254}$/.test(Id))
  if (badId !== undefined) throw invalid(`The value ${badId.Id} for parameter Id does not match [a-z][a-zA-Z0-9_]*.`)
  const limit = Number(input['MaxDatapoints'] ?? defaultPoints)
  if (!(limit >= 1 && limit <= maxPoints)) throw invalid(`MaxDatapoints must be between 1 and ${maxPoints}.`)
  const results = queries.map((query) => ({ query, points: pointsOf(account, query, start, end, region, now) }))
  // A page holds as many points of all queries as the limit allows, query by query.
  let skipped = Number(input['NextToken'] ?? 0)
  const next = skipped + limit
  let room = limit
  let total = 0
  const shown = results.map(({ query, points }) => {
    total += points.length
    const from = Math.min(skipped, points.length)
    skipped -= from
    const page = points.slice(from, from + room)
    room -= page.length
    return {
      Id: query.Id,
      Label: query.MetricStat.Metric.MetricName,
      Timestamps: page.map(({ at }) => at / 1000),
      Values: page.map(({ value }) => value),
      StatusCode: from + page.length < points.length ? 'PartialData' : 'Complete',
    }
  })
  return jsonResponse({ MetricDataResults: shown, ...(total > next ? { NextToken: String(next) } : {}), Messages: [] })
}

/** Of the metrics of instances; the namespace and the name are given. */
const listMetrics = (account: Account, input: Fields, region: string): ServiceResponse => {
  assertNamespace(input)
  const found = account.instances
    .filter((instance) => instance.region === region)
    .flatMap((instance) => instanceMetrics(instance))
    .filter(({ Namespace, MetricName }) => Namespace === input['Namespace'] && MetricName === input['MetricName'])
  const from = Number(input['NextToken'] ?? 0)
  const page = found.slice(from, from + metricsPerPage)
  return jsonResponse({ Metrics: page, ...(from + metricsPerPage < found.length ? { NextToken: String(from + metricsPerPage) } : {}) })
}

const assertNamespace = (input: Fields): void => {
  if (typeof input['Namespace'] !== 'string' || input['Namespace'].startsWith(':')) throw invalid('The parameter Namespace is invalid.')
}

interface InstanceMetric {
  readonly Namespace: string
  readonly MetricName: string
  readonly Dimensions: Dimensions
}

/** As the CloudWatch agent sends them: disks with path and file system. */
const instanceMetrics = ({ id, type, hasAgent }: SimulatedInstance): InstanceMetric[] => {
  const instance = { Name: 'InstanceId', Value: id }
  const disk = (path: string, fstype: string): InstanceMetric => ({
    Namespace: 'CWAgent',
    MetricName: 'disk_used_percent',
    Dimensions: [{ Name: 'path', Value: path }, instance, { Name: 'device', Value: 'nvme0n1p1' }, { Name: 'fstype', Value: fstype }],
  })
  return [
    { Namespace: 'AWS/EC2', MetricName: 'CPUUtilization', Dimensions: [instance] },
    ...(hasAgent
      ? [
          { Namespace: 'CWAgent', MetricName: 'mem_used_percent', Dimensions: [instance, { Name: 'InstanceType', Value: type }] },
          { Namespace: 'CWAgent', MetricName: 'mem_used_percent', Dimensions: [instance] },
          disk('/', 'xfs'),
          disk('/run', 'tmpfs'),
        ]
      : []),
  ]
}

const pointsOf = (
  account: Account,
  { MetricStat: { Metric, Period, Stat } }: Query,
  start: number,
  end: number,
  region: string,
  now: Date,
): MetricPoint[] => {
  if (!(Period >= 60 && Period % 60 === 0)) throw invalid(`Period must be a multiple of 60: ${Period}.`)
  const { Namespace, MetricName, Dimensions = [] } = Metric
  if (Namespace === jobsNamespace) return jobPoints(account, Metric, Period, Stat, start, end)
  if (Stat !== 'p95') throw invalid(`The statistic ${Stat} is not simulated.`)
  const id = Dimensions.find(({ Name }) => Name === 'InstanceId')?.Value
  const instance = account.instances.find((candidate) => candidate.id === id && candidate.region === region)
  const isSent = instance !== undefined && instanceMetrics(instance).some((sent) => sameMetric(sent, { Namespace, MetricName, Dimensions }))
  if (!isSent || instance.state === 'stopped') return []
  const periodMs = Period * 1000
  const points: MetricPoint[] = []
  for (let at = Math.floor(start / periodMs) * periodMs; at < end; at += periodMs) {
    if (at < now.getTime() - retentionOf(Period) || at > now.getTime()) continue
    const load = loadOf(instance, at)
    points.push({
      at,
      value: MetricName === 'CPUUtilization' ? load : MetricName === 'mem_used_percent' ? Math.min(100, 30 + load / 2) : 40,
    })
  }
  return points
}

const sameMetric = (a: InstanceMetric, b: InstanceMetric): boolean => {
  const text = ({ Namespace, MetricName, Dimensions }: InstanceMetric): string =>
    JSON.stringify([Namespace, MetricName, Dimensions.map(({ Name, Value }) => `${Name}=${Value}`).sort()])
  return text(a) === text(b)
}

/** The maximum of each period, oldest first. */
const jobPoints = (
  account: Account,
  Metric: Query['MetricStat']['Metric'],
  Period: number,
  Stat: string,
  start: number,
  end: number,
): MetricPoint[] => {
  if (Stat !== 'Maximum') throw new ServiceError('InvalidParameterValue', `The statistic ${Stat} is not simulated.`)
  const [dimension, ...more] = Metric.Dimensions ?? []
  if (dimension?.Name !== 'Host' || more.length > 0) return []
  const periods = new Map<number, number>()
  for (const { at, value } of account.metrics.get(dimension.Value)?.get(Metric.MetricName) ?? []) {
    const period = Math.floor(at / (Period * 1000)) * Period * 1000
    if (at >= start && at < end) periods.set(period, Math.max(value, periods.get(period) ?? 0))
  }
  return [...periods].sort(([a], [b]) => a - b).map(([at, value]) => ({ at, value }))
}

const measureEveryMs = 1000

/** Measures a host until the answer is called: a busy processor, memory that grows to three fifths, a disk that fills slowly. */
export const measureHost = (account: Account, host: string): (() => void) => {
  const points = new Map<string, MetricPoint[]>(['CPUUtilization', 'MemoryUtilization', 'DiskUtilization'].map((name) => [name, []]))
  account.metrics.set(host, points)
  let count = 0
  const measure = (): void => {
    const at = Date.now()
    points.get('CPUUtilization')!.push({ at, value: 95 + 20 * (count % 4) })
    points.get('MemoryUtilization')!.push({ at, value: Math.min(60, 12 + 4 * count) })
    points.get('DiskUtilization')!.push({ at, value: Math.min(40, 3 + count / 2) })
    count += 1
  }
  measure()
  const timer = setInterval(measure, measureEveryMs)
  return () => clearInterval(timer)
}
