// The first page of a report, for the head of infrastructure, in the order of the Overview: what to do, when, where, how far to trust it.
import { describeTrust } from '../../src-shared/artefacts/describe-trust.ts'
import { dueText } from '../../src-shared/artefacts/due-text.ts'
import { monthlyCostText, riskChangeText } from '../../src-shared/artefacts/action-effect-text.ts'
import { fixedFormatting as text, type ChartFormatting } from '../../src-shared/chart-options/format.ts'
import { noFilter } from '../../src-shared/ipc/fleet-filter.ts'
import type { FleetFigures, RecommendationsPage } from '../../src-shared/ipc/fleet-view.ts'
import type { OpenRun } from '../queries/run/open-run.ts'
import { queryModelAccuracy } from '../queries/run/run-contents.ts'
import { queryRecommendations } from '../queries/recommendations/recommendations-query.ts'
import { formatNumber, formatUsd, numberColumn, textColumn, type ReportTable } from './report-table.ts'

export interface ReportSummary {
  readonly tables: readonly ReportTable[]
  readonly trust: string
}

const maxActions = 8
const maxGroups = 8

export const readReportSummary = async (
  run: OpenRun,
  metric: string,
  fleet: FleetFigures,
  dates: ChartFormatting,
): Promise<ReportSummary> => {
  const { overview } = run
  const open = await queryRecommendations(run, {
    folder: overview.folder,
    metric,
    filter: noFilter,
    verdict: 'open',
    groupBy: 'due',
    offset: 0,
    limit: maxActions,
  })
  const { accuracy } = await queryModelAccuracy(run)
  return {
    tables: [
      createActionsTable(open, overview.horizon?.startMs ?? null, dates.shortDayAndYear),
      createTotalsTable(open),
      createWhenTable(fleet, dates.shortDayAndYear),
      createWhereTable(fleet),
    ].filter(({ rows }) => rows.length > 0),
    trust: describeTrust(accuracy, metric, overview.metrics.find(({ name }) => name === metric)?.unit ?? '', {
      count: text.count,
      score: text.score,
      brierScore: (value) => value.toFixed(3),
      share: (value) => text.value(100 * value, '%'),
    }),
  }
}

const createActionsTable = (
  { rows, total }: RecommendationsPage,
  startMs: number | null,
  writeDate: (timeMs: number) => string,
): ReportTable => ({
  title: 'Do next',
  ...(total > 1
    ? { note: `The soonest due first${total > rows.length ? `: ${rows.length} of ${text.count(total)} open recommendations` : ''}.` }
    : {}),
  columns: [
    textColumn('Due'),
    textColumn('Action'),
    textColumn('Server'),
    textColumn('Why'),
    numberColumn('Risk, before and after'),
    textColumn('Adds'),
    numberColumn('USD a month'),
  ],
  rows: rows.map((row) => [
    dueText(row, startMs, writeDate),
    row.recommendation,
    row.server_id,
    row.summary,
    riskChangeText(row),
    row.recommendation === 'add capacity' ? (row.capacity_to_add ?? '–') : '–',
    monthlyCostText(row, formatUsd),
  ]),
})

const createTotalsTable = ({ totalsByRecommendation: steps }: RecommendationsPage): ReportTable => ({
  title: 'What to do',
  columns: [textColumn('Recommendation'), numberColumn('Servers'), numberColumn('Capacity units'), numberColumn('Savings a month')],
  rows: steps.map((step) => [step.recommendation, text.count(step.servers), formatNumber(step.units), formatUsd(step.monthly_savings_usd)]),
})

const createWhenTable = ({ calendar }: FleetFigures, writeDate: (timeMs: number) => string): ReportTable => {
  const kinds = (['certain', 'likely', 'possible', 'brief'] as const).filter((kind) => calendar.some((bin) => bin[kind] > 0))
  return {
    title: 'When first breaches fall',
    columns: [textColumn('From'), ...kinds.map((kind) => numberColumn(kind))],
    rows: calendar
      .filter((bin) => kinds.some((kind) => bin[kind] > 0))
      .map((bin) => [writeDate(bin.atMs), ...kinds.map((kind) => text.count(bin[kind]))]),
  }
}

const createWhereTable = ({ groups }: FleetFigures): ReportTable => {
  const known = groups.flatMap(({ group, servers, expected_at_risk: expected }) =>
    group === '' || expected === null ? [] : [{ group, servers, expected }],
  )
  return {
    title: 'Where they are expected',
    columns: [textColumn('Business unit'), numberColumn('Expected at risk'), numberColumn('Servers')],
    rows: known
      .sort((a, b) => b.expected - a.expected)
      .slice(0, maxGroups)
      .map(({ group, servers, expected }) => [group, formatNumber(expected), text.count(servers)]),
  }
}
