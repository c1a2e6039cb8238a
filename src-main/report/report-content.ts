// A run as a report: the finding, figures, tables and pictures that HTML page, PDF and workbook are made of. Text is en-US, with the days of the run's zone.
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describeCounts, describeFinding } from '../../src-shared/artefacts/fleet-finding.ts'
import { probabilityText } from '../../src-shared/artefacts/likelihood.ts'
import { fixedFormatting as text, fixedFormattingIn, formatDayOrMonth, hasMonths } from '../../src-shared/chart-options/format.ts'
import { notJudgedText } from '../../src-shared/config/analysis-config.ts'
import { noFilter } from '../../src-shared/ipc/fleet-filter.ts'
import type { FleetFigures, RecommendationsPage } from '../../src-shared/ipc/fleet-view.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { utcClock, zoneClock } from '../../src-shared/run/zone-clock.ts'
import { findingCounts, isJudgedRun, type RunOverview } from '../../src-shared/ipc/run-view.ts'
import { describeChangedFiles, findChangedFiles } from '../run-folder/changed-files.ts'
import { queryCapacity } from '../queries/capacity/capacity-query.ts'
import { queryFleet } from '../queries/fleet/fleet-query.ts'
import { queryModelAccuracy } from '../queries/run/run-contents.ts'
import type { OpenRun } from '../queries/run/open-run.ts'
import { queryRecommendations } from '../queries/recommendations/recommendations-query.ts'
import { querySeason } from '../queries/fleet/season-query.ts'
import { createCapacityTables } from './capacity-tables.ts'
import { readReportSummary, type ReportSummary } from './report-summary.ts'
import { formatNumber, formatUsd, maxRows, numberColumn, orDash, textColumn, type ReportTable } from './report-table.ts'
import { queryServers } from '../queries/servers/servers-query.ts'

export interface ReportContent {
  readonly title: string
  readonly subtitle: string
  /** Title, date, author and run ID, for the foot of each page. */
  readonly stamp: string
  readonly finding: string
  /** A sentence below the finding; null where there is nothing to add. */
  /** "" where the run knows neither metrics nor an interval. */
  readonly findingNote: string
  readonly summary: ReportSummary
  readonly facts: readonly (readonly [name: string, value: string])[]
  readonly pictures: readonly { readonly title: string; readonly png: Uint8Array }[]
  readonly tables: readonly ReportTable[]
  readonly notes: readonly string[]
  /** When the run was analysed, ISO 8601 UTC; replaces a date of the report, so that a run has one report. */
  readonly analyzedAt: string | null
}

/** `author`: who makes the report; "" where nobody is named. */
export const readReportContent = async (run: OpenRun, author = ''): Promise<ReportContent> => {
  const { overview } = run
  const metric = overview.metrics[0]?.name ?? ''
  const request = { folder: overview.folder, metric, filter: noFilter }
  const fleet = await queryFleet(run, { ...request, groupBy: 'business_unit' })
  const recommendations = await queryRecommendations(run, { ...request, verdict: 'all', offset: 0, limit: maxRows })
  return {
    title: overview.title,
    subtitle: createSubtitle(overview),
    stamp: createStamp(run, author),
    finding: createFinding(overview),
    findingNote:
      overview.counts.atRisk === 0 ? '' : describeCounts({ ...findingCounts(overview), range: overview.atRiskRange }, text.count),
    summary: await readReportSummary(run, metric, fleet, datesOf(overview)),
    facts: createFacts(overview, fleet),
    pictures: await readPictures(run),
    tables: [
      await createServersTable(run, metric),
      createGroupsTable(fleet, isJudgedRun(overview)),
      ...createRecommendationTables(recommendations),
      ...createCapacityTables(await queryCapacity(run), datesOf(overview).dayAndYear),
      ...(await createSeasonTables(run, metric)),
      ...(await createModelTables(run)),
    ].filter(({ rows }) => rows.length > 0),
    notes: [
      ...(await describeChanges(run)),
      ...overview.warnings.map(({ message }) => message),
      ...overview.missing.map(({ file, consequence }) => `${file} is missing: ${consequence}.`),
    ],
    analyzedAt: overview.analyzedAt,
  }
}

const describeChanges = async ({ contents: { folder, manifest } }: OpenRun): Promise<string[]> => {
  const sentence = describeChangedFiles(basename(folder), await findChangedFiles(folder, manifest?.files ?? []))
  return sentence === null ? [] : [sentence]
}

/** Dates on the clock of the run's zone. */
export const datesOf = ({ timeZone }: RunOverview) => fixedFormattingIn(zoneClock(timeZone))

export const createSubtitle = (overview: RunOverview): string => {
  const { horizon, stepMs, kind, granularity, analyzedAt, timeZone } = overview
  const { shortDayAndYear, shortMonthAndYear } = datesOf(overview)
  const periodText = hasMonths(stepMs) ? shortMonthAndYear : shortDayAndYear
  return [
    kind === 'headroom' ? 'Headroom run' : 'Run of Module 05',
    granularity,
    ...(horizon === null ? [] : [`forecast ${periodText(horizon.startMs)} – ${periodText(horizon.endMs - stepMs)}`]),
    ...(analyzedAt === null ? [] : [`analysed ${shortDayAndYear(Date.parse(analyzedAt))}`]),
    ...(timeZone === utcClock.zone ? [] : [`times ${timeZone}`]),
  ].join(' · ')
}

export const createStamp = ({ overview, contents }: OpenRun, author: string, title = overview.title): string => {
  const { analyzedAt } = overview
  return [
    title,
    ...(analyzedAt === null ? [] : [datesOf(overview).shortDayAndYear(Date.parse(analyzedAt))]),
    ...(author === '' ? [] : [`by ${author}`]),
    ...(contents.manifest === null ? [] : [`run ${contents.manifest.run_id}`]),
  ].join(' · ')
}

export const createFinding = (overview: RunOverview): string => {
  const { counts, horizon, stepMs } = overview
  const until = horizon === null ? '' : ` by ${formatDayOrMonth(horizon.endMs - stepMs, stepMs, datesOf(overview))}`
  if (!isJudgedRun(overview)) {
    return `${text.count(counts.servers)} ${counts.servers === 1 ? 'server' : 'servers'} ${notJudgedText(overview.metrics.map(({ name }) => name))}`
  }
  if (counts.atRisk === 0) return `None of ${text.count(counts.servers)} servers is likely to run out${until}`
  return describeFinding(findingCounts(overview), until, text.count)
}

const createFacts = (overview: RunOverview, fleet: FleetFigures): ReportContent['facts'] => [
  ['Servers', text.count(overview.counts.servers)],
  ['At risk', isJudgedRun(overview) ? text.count(overview.counts.atRisk) : 'not judged'],
  ['At high risk', isJudgedRun(overview) ? text.count(fleet.high_risk) : 'not judged'],
  ['Expected at risk, by probability', orDash(fleet.expected_at_risk, formatNumber)],
  ['Expected with any breach', orDash(fleet.expected_breaches, formatNumber)],
  ['Underutilised', orDash(overview.counts.underutilized, text.count)],
  ['Servers that can leave', text.count(fleet.removable)],
  ['Savings a month', orDash(overview.savingsMonthlyUsd, formatUsd)],
  ['Capacity units to add', formatNumber(fleet.units_to_add)],
]

const readPictures = async ({ contents }: OpenRun): Promise<ReportContent['pictures']> => {
  const pictureFiles = [
    { title: 'Risk heatmap', file: runFiles.heatmapPicture },
    { title: 'Clusters', file: runFiles.clustersPicture },
  ]
  const found: { title: string; png: Uint8Array }[] = []
  for (const { title, file } of pictureFiles) {
    if (contents.presentFiles.has(file)) found.push({ title, png: await readFile(join(contents.folder, file)) })
  }
  return found
}

const createServersTable = async (run: OpenRun, metric: string): Promise<ReportTable> => {
  const { total, rows } = await queryServers(run, {
    folder: run.overview.folder,
    metric,
    filter: { ...noFilter, risk: ['at-risk'] },
    columns: [
      'server_id',
      'horizon_p95',
      'p95_median',
      'first_breach_at',
      'expected_first_breach',
      'at_risk_probability',
      'business_unit',
      'region',
      'recommendation',
    ],
    sort: { column: 'first_breach_at', descending: false },
    offset: 0,
    limit: maxRows,
  })
  const unit = run.overview.metrics[0]?.unit ?? ''
  const numeric = (value: unknown): number | null => (typeof value === 'number' ? value : null)
  const textOrDash = (value: unknown): string => (typeof value === 'string' ? value : '–')
  const day = (iso: string): string => datesOf(run.overview).shortDayAndYear(Date.parse(iso))
  return {
    title: 'Servers at risk, the soonest first',
    ...(total > rows.length ? { note: `The first ${rows.length} of ${text.count(total)}.` } : {}),
    columns: [
      textColumn('Server'),
      numberColumn('Forecast P95'),
      numberColumn('P95 median'),
      numberColumn('First breach'),
      numberColumn('Sustained breach'),
      textColumn('Business unit'),
      textColumn('Region'),
      textColumn('Recommendation'),
    ],
    rows: rows.map(([server, p95, median, breach, expected, probability, unitName, region, recommendation]) => [
      textOrDash(server),
      orDash(numeric(p95), (value) => text.value(value, unit)),
      orDash(numeric(median), (value) => text.value(value, unit)),
      typeof breach === 'string' ? day(breach) : typeof expected === 'string' ? `expected ${day(expected)}` : '–',
      orDash(numeric(probability), (value) => probabilityText(value, (percent) => text.value(percent, '%'))),
      textOrDash(unitName),
      textOrDash(region),
      textOrDash(recommendation),
    ]),
  }
}

const createGroupsTable = ({ groups }: FleetFigures, isJudged: boolean): ReportTable => ({
  title: 'By business unit',
  columns: [
    textColumn('Business unit'),
    numberColumn('Servers'),
    numberColumn('At risk'),
    numberColumn('Underutilised'),
    numberColumn('USD a month'),
    numberColumn('Savings a month'),
  ],
  rows: groups
    .filter(({ group }) => group !== '' || groups.length > 1)
    .map((row) => [
      row.group === '' ? 'none' : row.group,
      text.count(row.servers),
      isJudged ? text.count(row.at_risk) : 'not judged',
      text.count(row.underutilized),
      text.count(row.monthly_cost_usd),
      text.count(row.savings_usd),
    ]),
})

const createRecommendationTables = ({ rows, total }: RecommendationsPage): ReportTable[] => [
  {
    title: 'Recommendations',
    ...(total > rows.length ? { note: `The first ${rows.length} of ${text.count(total)}.` } : {}),
    columns: [textColumn('Server'), textColumn('Recommendation'), textColumn('Why'), textColumn('Decision')],
    rows: rows.map((row) => [
      row.server_id,
      row.recommendation,
      row.reason,
      row.verdict === null
        ? 'open'
        : `${row.verdict}${row.verdict_reason === null || row.verdict_reason === '' ? '' : `: ${row.verdict_reason}`}`,
    ]),
  },
]

const createSeasonTables = async (run: OpenRun, metric: string): Promise<ReportTable[]> => {
  const { season } = await querySeason(run, { folder: run.overview.folder, metric, filter: noFilter })
  if (season === null) return []
  const row = (name: string, uplift: Pick<typeof season.weekend, 'uplift_points' | 'low' | 'high'>, n: number): string[] => [
    name,
    orDash(uplift.uplift_points, formatNumber),
    orDash(uplift.low ?? null, formatNumber),
    orDash(uplift.high ?? null, formatNumber),
    text.count(n),
  ]
  return [
    {
      title: 'Season',
      note: 'Points above ordinary days in the measured history, with the 95 % t interval over quarters, days or weeks.',
      columns: [textColumn('When'), numberColumn('Uplift'), numberColumn('From'), numberColumn('To'), numberColumn('n')],
      rows: [
        row('Quarter ends', season.eoq, season.eoq.quarters),
        row('Holidays', season.holiday, season.holiday.days),
        row('Weekends', season.weekend, season.weekend.weeks),
      ],
    },
  ]
}

const createModelTables = async (run: OpenRun): Promise<ReportTable[]> => {
  const { accuracy } = await queryModelAccuracy(run)
  if (accuracy === null) return []
  const holdOut = (accuracy.hold_out ?? [])
    .map(
      ({ metric, series, in_sample_mae: inSample, hold_out_mae: heldOut }) =>
        `${metric}: the selected models promise an MAE of ${inSample.toFixed(2)}. Selected without the last window they get ${heldOut.toFixed(2)} on it (${text.count(series)} series).`,
    )
    .join(' ')
  const unchecked =
    accuracy.is_coverage_checked === false
      ? 'Nominal coverage cannot be checked: the lead of the backtest is unknown or shorter than the horizon.'
      : ''
  const note = [holdOut, unchecked].filter((sentence) => sentence !== '').join(' ')
  return [
    {
      title: 'Models',
      ...(note === '' ? {} : { note }),
      columns: [
        textColumn('Model'),
        numberColumn('Selected for'),
        numberColumn('MAE'),
        numberColumn('sMAPE'),
        numberColumn('MASE'),
        numberColumn('Bias'),
        numberColumn('In the interval'),
      ],
      rows: accuracy.models.map((model) => [
        model.model,
        text.count(model.series_won),
        orDash(model.mae, formatNumber),
        orDash(model.smape_percent, (value) => text.value(value, '%')),
        orDash(model.median_mase, (value) => value.toFixed(2)),
        orDash(model.bias, formatNumber),
        orDash(model.interval_coverage, (value) => text.value(100 * value, '%')),
      ]),
    },
  ]
}
