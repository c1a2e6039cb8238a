// CloudWatch metrics of processing jobs: points of a host by period and statistic, in pages; and the agent that measures a host.
import type { Account, MetricPoint } from './account.ts'
import { jsonResponse, ServiceError, type Fields, type ServiceResponse } from './wire.ts'

const namespace = '/aws/sagemaker/ProcessingJobs'
/** Of each metric in one answer; AWS sends far more. */
const pointsPerPage = 100

interface Query {
  readonly Id: string
  readonly MetricStat: {
    readonly Metric: {
      readonly Namespace: string
      readonly MetricName: string
      readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[]
    }
    readonly Period: number
    readonly Stat: string
  }
}

export const handleMetrics = (account: Account, operation: string, input: Fields): ServiceResponse => {
  if (operation !== 'GetMetricData')
    throw new ServiceError('UnknownOperationException', `The operation ${operation} is not simulated.`, 404)
  const [start, end] = [Number(input['StartTime']) * 1000, Number(input['EndTime']) * 1000]
  if (!(start < end)) throw new ServiceError('InvalidParameterValue', 'The parameter StartTime must be less than the parameter EndTime.')
  const from = Number(input['NextToken'] ?? 0)
  const results = (input['MetricDataQueries'] as readonly Query[]).map((query) => ({ query, points: pointsOf(account, query, start, end) }))
  const hasMore = results.some(({ points }) => points.length > from + pointsPerPage)
  return jsonResponse({
    MetricDataResults: results.map(({ query, points }) => {
      const shown = points.slice(from, from + pointsPerPage)
      return {
        Id: query.Id,
        Label: query.MetricStat.Metric.MetricName,
        Timestamps: shown.map(({ at }) => at / 1000),
        Values: shown.map(({ value }) => value),
        StatusCode: points.length > from + pointsPerPage ? 'PartialData' : 'Complete',
      }
    }),
    ...(hasMore ? { NextToken: String(from + pointsPerPage) } : {}),
    Messages: [],
  })
}

/** The maximum of each period, oldest first. */
const pointsOf = (account: Account, { MetricStat: { Metric, Period, Stat } }: Query, start: number, end: number): MetricPoint[] => {
  if (Stat !== 'Maximum') throw new ServiceError('InvalidParameterValue', `The statistic ${Stat} is not simulated.`)
  const [dimension, ...more] = Metric.Dimensions
  if (Metric.Namespace !== namespace || dimension?.Name !== 'Host' || more.length > 0) return []
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
