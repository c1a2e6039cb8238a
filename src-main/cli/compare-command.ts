// headroom compare: what changed between two runs, why, and how the earlier forecast held.
import type { ComparedRun, ForecastCheck, RiskChange, RunComparison } from '../../src-shared/run-comparison.ts'
import { compareRuns } from '../queries/compare-runs.ts'
import { counted, decimal, firstRows, reportTable, share, signed, wrapped } from './report-text.ts'
import { cancellable, jsonText, print } from './terminal.ts'

export const runCompare = async (earlier: string, later: string, options: { readonly json?: boolean }): Promise<void> => {
  const comparison = await cancellable((signal) => compareRuns(earlier, later, { signal }))
  print(options.json === true ? jsonText({ ...comparison }, 2) : describeComparison(comparison))
}

/** The comparison as text, sections apart by a blank line; empty ones are left out. */
export const describeComparison = (comparison: RunComparison): string =>
  [
    [headline(comparison), ...forecastLine(comparison.forecast_check)].map((line) => wrapped(line)).join('\n'),
    [describeRun('Earlier', comparison.earlier), describeRun('Later', comparison.later)].join('\n'),
    comparison.notes.map(({ message }) => wrapped(`Note: ${message}`)).join('\n'),
    describePolicy(comparison),
    changesTable('New risks', 'new risk', comparison),
    changesTable('Cleared', 'cleared', comparison),
    stayingTable(comparison),
    unpairedList('Added', comparison.added),
    unpairedList('Removed', comparison.removed),
    ...(comparison.forecast_check === null ? [] : [describeCheck(comparison.forecast_check)]),
  ]
    .filter((section) => section !== '')
    .join('\n\n')

const headline = ({ risks, servers, causes, earlier, later }: RunComparison): string => {
  const reasons = Object.entries(causes)
    .filter(([, count]) => count > 0)
    .map(([cause, count]) => `${count} by ${cause === 'together' ? 'several causes together' : cause}`)
  const moved = risks.still_at_risk === 0 ? '' : ` (${risks.moved} moved)`
  return [
    `${counted(risks.new, 'new risk')}, ${risks.cleared} cleared, ${risks.still_at_risk} ${risks.still_at_risk === 1 ? 'stays' : 'stay'}${moved}`,
    `servers at risk: ${earlier.at_risk_servers} of ${earlier.servers}, then ${later.at_risk_servers} of ${later.servers}` +
      (servers.added + servers.removed === 0 ? '' : ` (${servers.added} added, ${servers.removed} removed)`),
    ...(reasons.length === 0 ? [] : [`changes ${reasons.join(', ')}`]),
  ].join('; ')
}

const mostHeadlineMetrics = 3

const forecastLine = (check: ForecastCheck | null): string[] =>
  (check?.metrics ?? []).slice(0, mostHeadlineMetrics).map(({ metric, points, series, mae, bias, breaches }) => {
    const foreseen =
      breaches === null
        ? ''
        : `; ${breaches.hits} of ${breaches.hits + breaches.misses} breaches foreseen, ${counted(breaches.false_alarms, 'false alarm')}`
    return `The last forecast of ${metric} was off by ${decimal(mae)} (MAE over ${counted(points, 'point')} of ${counted(series, 'series', 'series')}), bias ${signed(bias)}${foreseen}.`
  })

const describeRun = (name: string, run: ComparedRun): string =>
  wrapped(
    `${`${name}:`.padEnd(9)}${run.folder}, analysed ${run.analyzed_at.slice(0, 10)}, ${run.granularity}, horizon ${run.horizon.start.slice(0, 10)} to ${run.horizon.end.slice(0, 10)}`,
  )

const describePolicy = ({ policy_differences }: RunComparison): string =>
  policy_differences.length === 0
    ? 'Policy: the same settings.'
    : `Policy\n${reportTable(
        ['setting', 'earlier', 'later'],
        policy_differences.map(({ key, earlier, later }) => [key, setting(earlier), setting(later)]),
      )}`

const setting = (value: unknown): string => (value === null ? 'not set' : typeof value === 'string' ? value : JSON.stringify(value))

const isSubDaily = ({ earlier, later }: RunComparison): boolean => Math.min(earlier.step_seconds, later.step_seconds) < 86_400

const moment = (at: string | null, withTime: boolean): string =>
  at === null ? 'none' : withTime ? at.slice(0, 16).replace('T', ' ') : at.slice(0, 10)

/** The metric only where there are several. */
const subject = (comparison: RunComparison): ((change: RiskChange) => string) => {
  const isOne = new Set(comparison.changes.map(({ metric }) => metric)).size <= 1
  return ({ server_id, metric }) => (isOne ? server_id : `${server_id} ${metric}`)
}

const why = ({ cause, earlier, later }: RiskChange): string =>
  cause === 'model' ? `model: ${earlier.model ?? 'none'} -> ${later.model ?? 'none'}` : (cause ?? '')

const changesTable = (title: string, status: RiskChange['status'], comparison: RunComparison): string => {
  const changes = comparison.changes.filter((change) => change.status === status)
  if (changes.length === 0) return ''
  const name = subject(comparison)
  const withTime = isSubDaily(comparison)
  const table = firstRows(changes, ['server', 'P95', 'later', 'limit', 'later', 'first breach', 'why'], (change) => [
    name(change),
    decimal(change.earlier.p95),
    decimal(change.later.p95),
    decimal(change.earlier.threshold),
    decimal(change.later.threshold),
    moment((status === 'cleared' ? change.earlier : change.later).first_breach_at, withTime),
    why(change),
  ])
  return `${title}\n${table}`
}

const stayingTable = (comparison: RunComparison): string => {
  const staying = comparison.changes.filter(({ status }) => status === 'still at risk')
  if (staying.length === 0) return ''
  const name = subject(comparison)
  const withTime = isSubDaily(comparison)
  const table = firstRows(staying, ['server', 'P95', 'later', 'change', 'next breach', 'later', 'days', 'mostly by'], (change) => [
    name(change),
    decimal(change.earlier.p95),
    decimal(change.later.p95),
    signed(change.p95_change),
    moment(change.next_breach_at, withTime),
    moment(change.later.first_breach_at, withTime),
    signed(change.breach_shift_days),
    why(change),
  ])
  return `Still at risk\n${table}`
}

const mostNames = 10

const unpairedList = (title: string, series: RunComparison['added']): string => {
  if (series.length === 0) return ''
  const names = series
    .slice(0, mostNames)
    .map(
      ({ server_id, metric, is_at_risk, is_whole_server }) =>
        `${is_whole_server ? server_id : `${server_id} ${metric}`}${is_at_risk ? ' (at risk)' : ''}`,
    )
  const more = series.length > mostNames ? ` and ${series.length - mostNames} more` : ''
  return wrapped(`${title}: ${[...new Set(names)].join(', ')}${more}.`)
}

const describeCheck = ({ first_at, last_at, interval_level, metrics }: ForecastCheck): string => {
  const overall = reportTable(
    ['metric', 'series', 'points', 'MAE', 'in backtest', 'bias', 'sMAPE %', `in bounds (${share(interval_level)})`],
    metrics.map((metric) => [
      metric.metric,
      decimal(metric.series),
      decimal(metric.points),
      decimal(metric.mae),
      decimal(metric.backtest_mae),
      signed(metric.bias),
      decimal(metric.smape_percent),
      metric.coverage === null ? 'no bounds' : share(metric.coverage),
    ]),
  )
  const rest = metrics.flatMap(({ metric, breaches, worst }) => [
    ...(breaches === null
      ? []
      : [
          wrapped(
            `Breaches of ${metric}, by server: ${breaches.hits} foreseen and happened, ${breaches.misses} happened unforeseen, ${breaches.false_alarms} foreseen but did not happen, ${breaches.quiet} neither.`,
          ),
        ]),
    `Furthest off, ${metric}\n${firstRows(
      worst,
      ['server', 'model', 'points', 'MAE', 'bias'],
      (series) => [series.server_id, series.model, decimal(series.points), decimal(series.mae), signed(series.bias)],
      mostWorst,
    )}`,
  ])
  return [`The earlier forecast against what happened, ${first_at.slice(0, 10)} to ${last_at.slice(0, 10)}\n${overall}`, ...rest].join(
    '\n\n',
  )
}

const mostWorst = 10
