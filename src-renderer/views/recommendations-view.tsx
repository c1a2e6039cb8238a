// What do I do? A recommendation per server with its reason; accepted, or dismissed with a reason; what it saves.
import type { EChartsOption } from 'echarts'
import { useCallback, useMemo, useState } from 'react'
import { barsOption } from '../../src-shared/chart-options/bars.ts'
import type { ChartTheme } from '../../src-shared/chart-options/theme.ts'
import { toWireError, type WireError } from '../../src-shared/errors.ts'
import { verdictFilters, type Cell, type Recommendation, type RecommendationsPage } from '../../src-shared/fleet-view.ts'
import { ChartFrame } from '../components/chart-frame.tsx'
import { Segments } from '../components/choice.tsx'
import { DataGrid, type GridColumn, type GridRange } from '../components/data-grid.tsx'
import { EmptyState, NothingPasses } from '../components/empty-state.tsx'
import { ErrorPanel } from '../components/error-panel.tsx'
import { tableText } from '../components/table-text.ts'
import { Toolbar } from '../components/toolbar.tsx'
import { copyAndTell, decide, undecide } from '../state/errands.ts'
import { openServer, selectServer } from '../state/navigation.ts'
import { usePages } from '../state/use-pages.ts'
import { useWindowState } from '../state/window-state.ts'
import { formatDollars, formatting } from '../theme/formatting.ts'
import { DecisionPanel } from './decision-panel.tsx'
import { Packing } from './packing-view.tsx'
import type { RunViewProps } from './view-entry.ts'

type Verdict = (typeof verdictFilters)[number]
type Shape = 'servers' | 'hosts'

const verdictNames: Readonly<Record<Verdict, string>> = { open: 'Open', accepted: 'Accepted', dismissed: 'Dismissed', all: 'All' }

const columns: readonly GridColumn[] = [
  { name: 'server_id', title: 'Server', kind: 'text', width: 140 },
  { name: 'disposition', title: 'Recommendation', kind: 'text', width: 122 },
  { name: 'reason', title: 'Why', kind: 'text', width: 196 },
  { name: 'units_to_add', title: 'Units', kind: 'count', width: 50 },
  { name: 'order_by', title: 'Order by', kind: 'time', width: 100 },
  { name: 'consolidate_onto', title: 'Onto', kind: 'text', width: 110 },
  { name: 'monthly_savings_usd', title: 'Saves a month', kind: 'usd', width: 100 },
  { name: 'verdict', title: 'Decision', kind: 'text', width: 90 },
]

const cellsOf = (row: Recommendation): readonly Cell[] => [
  row.server_id,
  row.disposition,
  row.reason,
  row.units_to_add,
  row.order_by,
  row.consolidate_onto,
  row.monthly_savings_usd,
  row.verdict,
]

const pageOf = ({ rows, total }: RecommendationsPage) => ({ rows, total })

export const RecommendationsView = ({ run, theme }: RunViewProps) => {
  const { metric, filter } = useWindowState()
  const [verdict, setVerdict] = useState<Verdict>('open')
  const [shape, setShape] = useState<Shape>('servers')
  const [version, setVersion] = useState(0)
  const [failure, setFailure] = useState<WireError | null>(null)
  const [selection, setSelection] = useState<GridRange>({ from: 0, to: 1 })
  const question = useMemo(() => ({ folder: run.folder, metric, filter, verdict }), [run.folder, metric, filter, verdict])
  const { total, first, error, rowAt, onRange, isRefreshing } = usePages('run.recommendations', question, pageOf, version)
  const cellsAt = useCallback(
    (index: number) => {
      const row = rowAt(index)
      return row === undefined ? undefined : cellsOf(row)
    },
    [rowAt],
  )
  const chosen = Array.from({ length: Math.max(0, Math.min(selection.to, total ?? 0) - selection.from) }, (_, index) =>
    rowAt(selection.from + index),
  ).filter((row): row is Recommendation => row !== undefined)
  const keep = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
      setFailure(null)
      setVersion((last) => last + 1)
    } catch (thrown) {
      setFailure(toWireError(thrown))
    }
  }
  if (first !== null && !first.isKnown) {
    return (
      <main className="page" aria-label="Recommendations">
        <EmptyState title="This run recommends nothing">
          {run.kind === 'python-original'
            ? 'The Python job stated one sum of savings and no server by name. Analyse its forecasts with Headroom to learn what to do with which server.'
            : 'optimization_recommendations.json is missing or lists no server. Analyse the forecasts again.'}
        </EmptyState>
      </main>
    )
  }
  return (
    <main className="view" aria-label="Recommendations">
      <Toolbar label="Recommendations">
        <Segments<Shape>
          label="Listed by"
          value={shape}
          options={[
            { value: 'servers', label: 'By server' },
            { value: 'hosts', label: 'By host', hint: 'What moves onto which host, and how full it is then' },
          ]}
          onChange={setShape}
        />
        {shape === 'servers' && (
          <Segments<Verdict>
            label="Decision"
            value={verdict}
            options={verdictFilters.map((value) => ({ value, label: `${verdictNames[value]}${countWords(first, value)}` }))}
            onChange={setVerdict}
          />
        )}
        <span className="toolbar-gap" />
        {first !== null && (
          <span className="muted">
            {formatDollars(first.verdicts.accepted_savings_usd)} a month accepted of{' '}
            {formatDollars(first.steps.reduce((sum, step) => sum + step.monthly_savings_usd, 0))}
          </span>
        )}
      </Toolbar>
      {failure !== null && (
        <div className="view-failure">
          <ErrorPanel error={failure} onDismiss={() => setFailure(null)} />
        </div>
      )}
      {shape === 'hosts' ? (
        <Packing run={run} theme={theme} />
      ) : (
        <div className="split">
          <div className="list-area" aria-busy={total === null || isRefreshing}>
            {error !== null && <ErrorPanel error={error} />}
            {total === null && error === null && <p className="chart-wait">Reading the run …</p>}
            {total === 0 && <NoneLeft verdict={verdict} page={first} />}
            {total !== null && total > 0 && (
              <DataGrid
                label="Recommendations"
                columns={columns}
                total={total}
                context={{ unit: '', isHourly: false }}
                rowAt={cellsAt}
                onRange={onRange}
                marked={chosen.length === 1 ? (chosen[0]?.server_id ?? null) : null}
                onPick={([name]) => selectServer(String(name))}
                onOpen={([name]) => openServer(String(name))}
                onSelection={setSelection}
                onCopy={() =>
                  void copyAndTell(
                    tableText({ columns: columns.map(({ name }) => name), rows: chosen.map((row) => [...cellsOf(row)]) }, 'tsv'),
                    `${formatting.count(chosen.length)} rows`,
                  )
                }
              />
            )}
          </div>
          <aside className="side" aria-label="Decision and savings">
            <DecisionPanel
              key={chosen.map(({ server_id }) => server_id).join()}
              chosen={chosen}
              onDecide={(given, reason) =>
                void keep(() =>
                  decide(
                    run.folder,
                    chosen.map(({ server_id, disposition }) => ({ server_id, disposition, verdict: given, reason })),
                  ),
                )
              }
              onUndo={() =>
                void keep(() =>
                  undecide(
                    run.folder,
                    chosen.map(({ server_id }) => server_id),
                  ),
                )
              }
            />
            {first !== null && first.steps.length > 0 && <Waterfall steps={first.steps} theme={theme} />}
          </aside>
        </div>
      )}
    </main>
  )
}

const countWords = (page: RecommendationsPage | null, verdict: Verdict): string => {
  if (page === null || verdict === 'all') return ''
  return ` ${formatting.count(page.verdicts[verdict])}`
}

const NoneLeft = ({ verdict, page }: { readonly verdict: Verdict; readonly page: RecommendationsPage | null }) => {
  const decided = page === null ? 0 : page.verdicts.accepted + page.verdicts.dismissed
  if (verdict === 'open' && decided > 0)
    return <EmptyState title="Everything is decided">All {formatting.count(decided)} recommendations have your decision.</EmptyState>
  if (verdict === 'accepted' || verdict === 'dismissed')
    return <EmptyState title={`Nothing is ${verdict} yet`}>Choose rows under “Open” and decide about them.</EmptyState>
  return <NothingPasses />
}

/** What each step takes off the bill, one standing on the other. */
const Waterfall = ({ steps, theme }: { readonly steps: RecommendationsPage['steps']; readonly theme: ChartTheme }) => {
  const saving = useMemo(() => steps.filter(({ monthly_savings_usd: usd }) => usd > 0), [steps])
  const option = useCallback(() => waterfallOption(saving, theme), [saving, theme])
  const total = saving.reduce((sum, step) => sum + step.monthly_savings_usd, 0)
  if (saving.length === 0) return <p className="muted">None of these recommendations takes a server off the bill.</p>
  return (
    <ChartFrame
      className="medium"
      title={`${formatDollars(total)} a month by removing servers`}
      note="Freed capacity alone saves nothing; only removed hosts do"
      label={`Savings by step: ${formatDollars(total)} a month`}
      option={option}
      table={() => ({
        columns: ['step', 'servers', 'USD a month'],
        rows: steps.map((step) => [step.disposition, step.servers, step.monthly_savings_usd]),
      })}
    />
  )
}

const waterfallOption = (saving: RecommendationsPage['steps'], theme: ChartTheme): EChartsOption => {
  const all = saving.reduce((sum, step) => sum + step.monthly_savings_usd, 0)
  const bases = saving.map((_, index) => saving.slice(0, index).reduce((sum, step) => sum + step.monthly_savings_usd, 0))
  return barsOption(
    {
      names: [...saving.map(({ disposition }) => disposition), 'all'],
      unit: '',
      kinds: [
        { name: 'base', color: 'transparent', isBase: true, values: [...bases, null] },
        { name: 'USD a month', color: theme.accent, values: [...saving.map((step) => step.monthly_savings_usd), all] },
      ],
      labels: [...saving.map((step) => formatDollars(step.monthly_savings_usd)), formatDollars(all)],
      notes: [...saving.map(({ servers }) => `${formatting.count(servers)} servers removed`), ''],
    },
    { theme, formatting },
  )
}
