// headroom compare: the changes between two runs, their causes, and the error of the earlier forecast.
import type { ComparedRun, ForecastCheck, RiskChange, RunComparison } from '../../src-shared/ipc/run-comparison.ts'
import { dayText, minuteText, zoneClock } from '../../src-shared/run/zone-clock.ts'
import { compareRuns } from '../queries/compare/compare-runs.ts'
import { withChangeWarnings } from './changed-runs.ts'
import { countText, decimalText, firstRowsTable, reportTable, percentText, signedText, wrapText } from './report-text.ts'
import { runReading } from './run-reading.ts'
import { jsonText, print } from './terminal.ts'

export const runCompare = async (earlier: string, later: string, options: { readonly json?: boolean }): Promise<void> => {
  const comparison = await runReading(options, (reading) =>
    withChangeWarnings([earlier, later], () => compareRuns(earlier, later, reading)),
  )
  print(options.json === true ? jsonText({ ...comparison }, 2) : describeComparison(comparison))
}

/** The comparison as text: non-empty sections, separated by blank lines. */
export const describeComparison = (comparison: RunComparison): string =>
  [
    [summaryLine(comparison), ...forecastLine(comparison.forecast_check)].map((line) => wrapText(line)).join('\n'),
    [describeRun('Earlier', comparison.earlier), describeRun('Later', comparison.later)].join('\n'),
    comparison.notes.map(({ message }) => wrapText(`Note: ${message}`)).join('\n'),
    describePolicy(comparison),
    changesTable('New risks', 'new risk', comparison),
    changesTable('Cleared', 'cleared', comparison),
    stillAtRiskTable(comparison),
    unpairedList('Added', comparison.added),
    unpairedList('Removed', comparison.removed),
    ...(comparison.forecast_check === null ? [] : [describeCheck(comparison.forecast_check, comparison.later.time_zone)]),
  ]
    .filter((section) => section !== '')
    .join('\n\n')

const summaryLine = ({ risks, servers, causes, causes_of_new, earlier, later }: RunComparison): string => {
  const reasons = causesText(causes)
  const reasonsOfNew = causes_of_new.definition === 0 ? '' : ` (${causesText(causes_of_new).join(', ')})`
  const moved = risks.still_at_risk === 0 ? '' : ` (${risks.moved} moved)`
  return [
    `${countText(risks.new, 'new risk')}${reasonsOfNew}, ${risks.cleared} cleared, ${risks.still_at_risk} still at risk${moved}`,
    `servers at risk: ${earlier.at_risk_servers} of ${earlier.servers}, then ${later.at_risk_servers} of ${later.servers}` +
      (servers.added + servers.removed === 0 ? '' : ` (${servers.added} added, ${servers.removed} removed)`),
    ...(reasons.length === 0 ? [] : [`caused ${reasons.join(', ')}`]),
  ].join('; ')
}

const causesText = (causes: RunComparison['causes']): string[] =>
  Object.entries(causes)
    .filter(([, count]) => count > 0)
    .map(([cause, count]) => `${count} by ${causeNames[cause] ?? cause}`)

const causeNames: Readonly<Record<string, string>> = { definition: 'the new definition', together: 'several causes together' }

const maxHeadlineMetrics = 3

const forecastLine = (check: ForecastCheck | null): string[] =>
  (check?.metrics ?? []).slice(0, maxHeadlineMetrics).map(({ metric, points, series, mae, bias, breaches }) => {
    const breachText =
      breaches === null
        ? ''
        : `; ${breaches.hits} of ${breaches.hits + breaches.misses} breaches forecast, ${countText(breaches.false_alarms, 'false alarm')}`
    return `The earlier forecast of ${metric} has a mean absolute error of ${decimalText(mae)} (${countText(points, 'point')} of ${countText(series, 'series', 'series')}), bias ${signedText(bias)}${breachText}.`
  })

const describeRun = (name: string, run: ComparedRun): string => {
  const [analysed, start, end] = [run.analyzed_at, run.horizon.start, run.horizon.end].map(dayIn(run.time_zone))
  return wrapText(`${`${name}:`.padEnd(9)}${run.folder}, analysed ${analysed}, ${run.granularity}, horizon ${start} to ${end}`)
}

const dayIn =
  (zone: string) =>
  (iso: string): string =>
    dayText(zoneClock(zone), Date.parse(iso))

/** Settings that change what a figure means come first, by themselves. */
const describePolicy = ({ policy_differences: differences }: RunComparison): string => {
  if (differences.length === 0) return 'Policy: the same settings.'
  const table = (title: string, isDefinition: boolean): string[] => {
    const rows = differences
      .filter(({ is_definition }) => is_definition === isDefinition)
      .map(({ key, earlier, later }) => [key, settingText(earlier), settingText(later)])
    return rows.length === 0 ? [] : [`${title}\n${reportTable(['setting', 'earlier', 'later'], rows)}`]
  }
  return [...table('Definition', true), ...table('Policy', false)].join('\n\n')
}

const settingText = (value: unknown): string => (value === null ? 'not set' : typeof value === 'string' ? value : JSON.stringify(value))

const isSubDaily = ({ earlier, later }: RunComparison): boolean => Math.min(earlier.step_seconds, later.step_seconds) < 86_400

/** On the later run's clock. */
const breachTextFor = (comparison: RunComparison): ((at: string | null) => string) => {
  const clock = zoneClock(comparison.later.time_zone)
  const format = isSubDaily(comparison) ? minuteText : dayText
  return (at) => (at === null ? 'none' : format(clock, Date.parse(at)))
}

/** Names the metric only if there are several. */
const subjectFor = (comparison: RunComparison): ((change: RiskChange) => string) => {
  const hasOneMetric = new Set(comparison.changes.map(({ metric }) => metric)).size <= 1
  return ({ server_id, metric }) => (hasOneMetric ? server_id : `${server_id} ${metric}`)
}

const causeText = ({ cause, earlier, later }: RiskChange): string =>
  cause === 'model' ? `model: ${earlier.model ?? 'none'} -> ${later.model ?? 'none'}` : (cause ?? '')

const changesTable = (title: string, status: RiskChange['status'], comparison: RunComparison): string => {
  const changes = comparison.changes.filter((change) => change.status === status)
  if (changes.length === 0) return ''
  const name = subjectFor(comparison)
  const breachText = breachTextFor(comparison)
  const table = firstRowsTable(changes, ['server', 'P95', 'later', 'limit', 'later', 'first breach', 'cause'], (change) => [
    name(change),
    decimalText(change.earlier.p95),
    decimalText(change.later.p95),
    decimalText(change.earlier.threshold),
    decimalText(change.later.threshold),
    breachText((status === 'cleared' ? change.earlier : change.later).first_breach_at),
    causeText(change),
  ])
  return `${title}\n${table}`
}

const stillAtRiskTable = (comparison: RunComparison): string => {
  const stillAtRisk = comparison.changes.filter(({ status }) => status === 'still at risk')
  if (stillAtRisk.length === 0) return ''
  const name = subjectFor(comparison)
  const breachText = breachTextFor(comparison)
  const table = firstRowsTable(
    stillAtRisk,
    ['server', 'P95', 'later', 'change', 'next breach', 'later', 'days', 'main cause'],
    (change) => [
      name(change),
      decimalText(change.earlier.p95),
      decimalText(change.later.p95),
      signedText(change.p95_change),
      breachText(change.next_breach_at),
      breachText(change.later.first_breach_at),
      signedText(change.breach_shift_days),
      causeText(change),
    ],
  )
  return `Still at risk\n${table}`
}

const maxNames = 10

const unpairedList = (title: string, series: RunComparison['added']): string => {
  if (series.length === 0) return ''
  const names = series
    .slice(0, maxNames)
    .map(
      ({ server_id, metric, is_at_risk, is_whole_server }) =>
        `${is_whole_server ? server_id : `${server_id} ${metric}`}${is_at_risk ? ' (at risk)' : ''}`,
    )
  const more = series.length > maxNames ? ` and ${series.length - maxNames} more` : ''
  return wrapText(`${title}: ${[...new Set(names)].join(', ')}${more}.`)
}

const describeCheck = ({ first_at, last_at, interval_level, metrics }: ForecastCheck, zone: string): string => {
  const overall = reportTable(
    ['metric', 'series', 'points', 'MAE', 'in backtest', 'bias', 'sMAPE %', `in bounds (${percentText(interval_level)})`],
    metrics.map((metric) => [
      metric.metric,
      decimalText(metric.series),
      decimalText(metric.points),
      decimalText(metric.mae),
      decimalText(metric.backtest_mae),
      signedText(metric.bias),
      decimalText(metric.smape_percent),
      metric.coverage === null ? 'no bounds' : percentText(metric.coverage),
    ]),
  )
  const rest = metrics.flatMap(({ metric, breaches, worst }) => [
    ...(breaches === null
      ? []
      : [
          wrapText(
            `Breaches of ${metric}, by server: ${breaches.hits} hits, ${breaches.misses} misses, ${breaches.false_alarms} false alarms, ${breaches.quiet} without a breach.`,
          ),
        ]),
    `Largest errors, ${metric}\n${firstRowsTable(
      worst,
      ['server', 'model', 'points', 'MAE', 'bias'],
      (series) => [series.server_id, series.model, decimalText(series.points), decimalText(series.mae), signedText(series.bias)],
      maxWorstSeries,
    )}`,
  ])
  const [first, last] = [first_at, last_at].map(dayIn(zone))
  return [`The earlier forecast compared with measurements, ${first} to ${last}\n${overall}`, ...rest].join('\n\n')
}

const maxWorstSeries = 10
