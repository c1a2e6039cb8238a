// The runs of a history: headline figures over time, each forecast held against what came, and risks by age.
import { useCallback, useMemo, useState } from 'react'
import { countRangeText } from '../../../src-shared/artefacts/fleet-finding.ts'
import { describeChange, describeLastStatement, describeLatestRun, hasOutcome } from '../../../src-shared/artefacts/history-text.ts'
import type { ChartTheme } from '../../../src-shared/chart-options/theme.ts'
import type { HistoryView } from '../../../src-shared/ipc/run-history.ts'
import { createBarsOption, type BarsData } from '../../charts/bars-option.ts'
import { ChartFrame, type LegendEntry } from '../../charts/chart-frame.tsx'
import type { GridColumn } from '../../components/grid-columns.ts'
import { OptionList } from '../../components/select.tsx'
import { openServer } from '../../state/navigation.ts'
import { openRunFolder } from '../../state/open-path.ts'
import { formatBrierScore, formatDate, formatDollars, formatNumber, formatting } from '../../theme/formatting.ts'
import { PageGrid } from '../page-grid.tsx'
import { OverdueLine } from './overdue-line.tsx'

type Run = HistoryView['runs'][number]

interface TabProps {
  readonly history: HistoryView
  readonly theme: ChartTheme
}

/** More bars than this do not fit next to each other. */
const maxBars = 40

const writing = {
  count: (value: number) => formatting.count(value),
  decimal: formatNumber,
  day: (iso: string) => formatDate(Date.parse(iso)),
}

export const RunsTab = ({ history, theme }: TabProps) => {
  const { runs, totals, lasting, notes } = history
  return (
    <div className="page-inner">
      <h1 className="finding">{describeLatestRun(runs, writing)}</h1>
      <OverdueLine history={history} />
      <p className="muted">
        {describeChange(runs, totals.old, writing)} {describeLastStatement(runs, writing)}
      </p>
      <div className="columns">
        <Trend runs={runs} theme={theme} />
        <StatementsByRun runs={runs} theme={theme} />
      </div>
      <PageGrid
        id="history-lasting"
        title="At risk, the longest first"
        columns={lastingColumns}
        rows={lasting.map((risk) => [risk.server_id, risk.runs, risk.since, risk.probability])}
        onOpen={([name]) => openServer(String(name))}
      >
        {totals.lasting > lasting.length && (
          <p className="muted">
            Showing {formatting.count(lasting.length)} of {formatting.count(totals.lasting)}. headroom history --json lists all.
          </p>
        )}
      </PageGrid>
      <PageGrid
        id="history-runs"
        title="Runs"
        columns={runColumns}
        rows={[...runs].reverse().map(toCells)}
        onOpen={([name]) => {
          const run = runs.find(({ folder }) => folder === name)
          if (run !== undefined) void openRunFolder(run.path)
        }}
      />
      {notes.length > 0 && (
        <section aria-label="Notes">
          <h2>Notes</h2>
          <ul className="step-list">
            {notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </section>
      )}
    </div>
  )
}

const lastingColumns: readonly GridColumn[] = [
  { name: 'server', title: 'Server', kind: 'text', width: 180 },
  { name: 'runs', title: 'Runs at risk', kind: 'count', width: 100, hint: 'Consecutive runs up to the latest one' },
  { name: 'since', title: 'Since the run from', kind: 'time', width: 130 },
  { name: 'probability', title: 'At risk', kind: 'probability', width: 80, hint: 'Probability of a sustained breach in the latest run' },
]

const runColumns: readonly GridColumn[] = [
  { name: 'run', title: 'Run', kind: 'text', width: 160, hint: 'Enter or a double click opens it' },
  { name: 'from', title: 'From', kind: 'time', width: 110 },
  { name: 'servers', title: 'Servers', kind: 'count', width: 70 },
  { name: 'at risk', title: 'At risk', kind: 'count', width: 70 },
  { name: 'new', title: 'New', kind: 'count', width: 60 },
  { name: 'cleared', title: 'Cleared', kind: 'count', width: 70 },
  { name: 'interval', title: '90 % interval', kind: 'text', width: 100, hint: 'Servers that were expected to run out' },
  { name: 'underutilised', title: 'Underutilised', kind: 'count', width: 100 },
  { name: 'savings', title: 'Savings per month', kind: 'usd', width: 130 },
  {
    name: 'expected',
    title: 'Expected',
    kind: 'value',
    width: 80,
    hint: 'Sum of the stated probabilities of risks that were measured over the whole horizon',
  },
  { name: 'came', title: 'Came', kind: 'count', width: 60, hint: 'Risks that came; a risk is one metric of one server' },
  { name: 'stated', title: 'Stated', kind: 'count', width: 70, hint: 'Risks that were stated as at risk' },
  { name: 'stated and came', title: 'Stated and came', kind: 'count', width: 120, hint: 'Stated as at risk, and came' },
  {
    name: 'brier',
    title: 'Brier score',
    kind: 'text',
    width: 90,
    hint: 'Mean squared difference of probability and outcome; lower is better',
  },
  { name: 'p95 error', title: 'P95 error', kind: 'value', width: 80, hint: 'Mean absolute error of the stated P95' },
]

const toCells = ({ folder, horizon, outcome, at_risk_range: range, ...run }: Run) => [
  folder,
  horizon.start,
  run.servers,
  run.at_risk,
  run.new_at_risk,
  run.cleared,
  range === null ? null : countRangeText(range, formatting.count),
  run.underutilized,
  run.savings_usd,
  outcome?.expected_risks ?? null,
  outcome?.came ?? null,
  outcome?.stated ?? null,
  outcome?.hits ?? null,
  outcome === null || outcome.brier === null ? null : formatBrierScore(outcome.brier),
  outcome?.p95_error ?? null,
]

const dayOf = (iso: string): string => formatting.shortDay(Date.parse(iso))

const trendFigures = ['at risk', 'servers', 'underutilised', 'savings'] as const
type TrendFigure = (typeof trendFigures)[number]

const figureTitles: Readonly<Record<TrendFigure, string>> = {
  'at risk': 'Servers at risk',
  servers: 'Servers',
  underutilised: 'Underutilised servers',
  savings: 'Savings per month',
}

const figureOf = (run: Run, figure: TrendFigure): number | null =>
  ({ 'at risk': run.at_risk, servers: run.servers, underutilised: run.underutilized, savings: run.savings_usd })[figure]

const figureText = (value: number | null, figure: TrendFigure): string =>
  value === null ? 'unknown' : figure === 'savings' ? formatDollars(value) : formatting.count(value)

/** "Servers at risk: 1 at first, 3 now, at most 4". */
const trendTitle = (runs: readonly Run[], figure: TrendFigure): string => {
  const values = runs.map((run) => figureOf(run, figure))
  const highest = Math.max(...values.map((value) => value ?? 0))
  const [first, latest] = [values[0] ?? null, values.at(-1) ?? null]
  const most = highest > Math.max(first ?? 0, latest ?? 0) ? `, at most ${figureText(highest, figure)}` : ''
  return `${figureTitles[figure]}: ${figureText(first, figure)} at first, ${figureText(latest, figure)} now${most}`
}

const trendBars = (runs: readonly Run[], figure: TrendFigure, theme: ChartTheme): Pick<BarsData, 'kinds' | 'intervals'> => {
  const { medium, high } = theme.risk
  if (figure !== 'at risk')
    return { kinds: [{ name: figureTitles[figure].toLowerCase(), color: theme.accent, values: runs.map((run) => figureOf(run, figure)) }] }
  return {
    kinds: [
      {
        name: 'at risk before',
        color: medium.color,
        values: runs.map((run) => (run.new_at_risk === null ? null : run.at_risk - run.new_at_risk)),
      },
      { name: 'newly at risk', color: high.color, values: runs.map((run) => run.new_at_risk) },
      ...(hasFirstRun(runs)
        ? [
            {
              name: 'at risk in the first run',
              color: theme.muted,
              values: runs.map((run) => (run.new_at_risk === null ? run.at_risk : null)),
            },
          ]
        : []),
    ],
    intervals: runs.map(({ at_risk_range: range }) => (range === null ? null : [range.low, range.high])),
  }
}

/** Nothing came before it, so that none of its risks is new or old. */
const hasFirstRun = (runs: readonly Run[]): boolean => runs.some((run) => run.new_at_risk === null)

const trendLegend = (runs: readonly Run[], theme: ChartTheme): readonly LegendEntry[] => [
  { label: 'At risk before', color: theme.risk.medium.color, mark: 'bar', series: ['0'] },
  { label: 'Newly at risk', color: theme.risk.high.color, mark: 'bar', series: ['1'] },
  ...(hasFirstRun(runs) ? [{ label: 'First run', color: theme.muted, mark: 'bar' as const, series: ['2'] }] : []),
  { label: 'Expected, 90 % interval', color: theme.text, mark: 'line', series: ['intervals'] },
]

const Trend = ({ runs, theme }: { readonly runs: readonly Run[]; readonly theme: ChartTheme }) => {
  const [figure, setFigure] = useState<TrendFigure>('at risk')
  const shown = useMemo(() => runs.slice(-maxBars), [runs])
  const option = useCallback(
    () =>
      createBarsOption(
        { names: shown.map(({ horizon }) => dayOf(horizon.start)), unit: '', ...trendBars(shown, figure, theme), notes: shown.map(noteOf) },
        { theme, formatting },
      ),
    [shown, figure, theme],
  )
  const title = trendTitle(shown, figure)
  return (
    <ChartFrame
      className="medium"
      title={title}
      note={`By run${shown.length < runs.length ? `, the latest ${formatting.count(shown.length)} of ${formatting.count(runs.length)}` : ''}`}
      label={title}
      {...(figure === 'at risk' ? { legend: trendLegend(shown, theme) } : {})}
      actions={
        <OptionList<TrendFigure>
          className="field"
          aria-label="Figure"
          value={figure}
          options={trendFigures.map((value) => ({ value, label: figureTitles[value] }))}
          onChange={setFigure}
        />
      }
      option={option}
      onItemClick={(_series, _value, index) => {
        const run = shown[index]
        if (run !== undefined) void openRunFolder(run.path)
      }}
      table={() => ({
        columns: ['run', 'from', 'servers', 'at risk', 'new', 'cleared', 'low', 'high', 'underutilised', 'savings per month'],
        rows: runs.map((run) => [
          run.folder,
          run.horizon.start,
          run.servers,
          run.at_risk,
          run.new_at_risk,
          run.cleared,
          run.at_risk_range?.low ?? null,
          run.at_risk_range?.high ?? null,
          run.underutilized,
          run.savings_usd,
        ]),
      })}
    />
  )
}

const noteOf = ({ folder, savings_usd: savings }: Run): string =>
  `${folder}${savings === null ? '' : `, savings ${formatDollars(savings)} per month`}`

const StatementsByRun = ({ runs, theme }: { readonly runs: readonly Run[]; readonly theme: ChartTheme }) => {
  const checked = useMemo(() => runs.filter(hasOutcome).slice(-maxBars), [runs])
  const isExpected = checked.some(({ outcome }) => outcome.expected_risks !== null)
  const option = useCallback(
    () =>
      createBarsOption(
        {
          names: checked.map(({ horizon }) => dayOf(horizon.start)),
          unit: '',
          isGrouped: true,
          kinds: [
            {
              name: isExpected ? 'expected' : 'stated',
              color: theme.accent,
              isHatched: true,
              values: checked.map(({ outcome }) => (isExpected ? outcome.expected_risks : outcome.stated)),
            },
            { name: 'came', color: theme.risk.high.color, values: checked.map(({ outcome }) => outcome.came) },
          ],
          notes: checked.map(({ folder, horizon }) => `${folder}, until ${formatDate(Date.parse(horizon.end))}`),
        },
        { theme, formatting },
      ),
    [checked, isExpected, theme],
  )
  if (checked.length === 0)
    return (
      <section aria-label="Forecasts and what came">
        <h2>Forecasts and what came</h2>
        <p className="muted">No run has measured the whole horizon of an earlier one yet.</p>
      </section>
    )
  const sumOf = (name: 'hits' | 'came' | 'stated'): number => checked.reduce((sum, { outcome }) => sum + outcome[name], 0)
  const [hits, came] = [sumOf('hits'), sumOf('came')]
  const falseAlarms = sumOf('stated') - hits
  const title = `${came === 0 ? 'No risk came' : `${formatting.count(hits)} of ${formatting.count(came)} risks that came had been stated`}${falseAlarms === 0 ? '' : `; ${formatting.count(falseAlarms)} stated did not come`}`
  return (
    <ChartFrame
      className="medium"
      title={title}
      note="By run whose horizon is over; a risk is one metric of one server. Capacity that was added meanwhile lowers what came."
      label={title}
      legend={[
        { label: isExpected ? 'Expected' : 'Stated', color: theme.accent, mark: 'bar', series: ['0'] },
        { label: 'Came', color: theme.risk.high.color, mark: 'bar', series: ['1'] },
      ]}
      option={option}
      table={() => ({
        columns: ['run', 'from', 'until', 'measured', 'expected', 'came', 'stated', 'stated and came', 'Brier score', 'P95 error'],
        rows: checked.map(({ folder, horizon, outcome }) => [
          folder,
          horizon.start,
          horizon.end,
          outcome.measured,
          outcome.expected_risks,
          outcome.came,
          outcome.stated,
          outcome.hits,
          outcome.brier,
          outcome.p95_error,
        ]),
      })}
    />
  )
}
