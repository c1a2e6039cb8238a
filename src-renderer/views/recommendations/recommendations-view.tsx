// Recommendations per server or per target host: accept or dismiss them, and see the savings.
import type { EChartsOption } from 'echarts'
import { useCallback, useMemo, useState } from 'react'
import { createBarsOption } from '../../charts/bars-option.ts'
import type { ChartTheme } from '../../../src-shared/chart-options/theme.ts'
import { toWireError, type WireError } from '../../../src-shared/run/errors.ts'
import { verdictFilters, type Cell, type Recommendation, type RecommendationsPage } from '../../../src-shared/ipc/fleet-view.ts'
import { ChartFrame } from '../../charts/chart-frame.tsx'
import { SegmentedControl } from '../../components/select.tsx'
import { ColumnsMenu } from '../../components/columns-menu.tsx'
import { DataGrid, type GridRange } from '../../components/data-grid.tsx'
import type { GridColumn } from '../../components/grid-columns.ts'
import { EmptyState } from '../../components/empty-state.tsx'
import { ErrorPanel } from '../../components/error-panel.tsx'
import { Toolbar } from '../../components/toolbar.tsx'
import { saveDecisions, removeDecisions } from '../../state/run-notes.ts'
import { openServer, selectServer } from '../../state/navigation.ts'
import { usePages } from '../../state/use-pages.ts'
import { useWindowState } from '../../state/window-state.ts'
import { formatDollars, formatting } from '../../theme/formatting.ts'
import { recommendationLabels } from '../../theme/labels.ts'
import { DecisionPanel } from './decision-panel.tsx'
import { PackingView } from './packing-view.tsx'
import { Loading, NoMatchingServers } from '../loaded.tsx'
import { useGridLayout } from '../../state/grid-layouts.ts'
import { copySelection } from '../copy-rows.ts'
import type { RunViewProps } from '../view-entry.ts'
import './recommendations.css'

type Verdict = (typeof verdictFilters)[number]
type Grouping = 'servers' | 'hosts'

const verdictLabels: Readonly<Record<Verdict, string>> = { open: 'Open', accepted: 'Accepted', dismissed: 'Dismissed', all: 'All' }

const columns = [
  { name: 'server_id', title: 'Server', kind: 'text', width: 152 },
  { name: 'recommendation', title: 'Recommendation', kind: 'text', width: 122 },
  { name: 'reason', title: 'Reason', kind: 'text', width: 200, isFlexible: true },
  { name: 'units_to_add', title: 'Units', kind: 'count', width: 50 },
  { name: 'order_by', title: 'Order by', kind: 'time', width: 112 },
  { name: 'target_host', title: 'Target host', kind: 'text', width: 110 },
  { name: 'monthly_savings_usd', title: 'Savings per month', kind: 'usd', width: 134 },
  { name: 'verdict', title: 'Decision', kind: 'text', width: 90 },
] as const satisfies readonly GridColumn[]

const noColumns: readonly string[] = []

const toCells = (row: Recommendation): readonly Cell[] => columns.map(({ name }) => row[name])

const cellText = (cell: Cell, { name }: GridColumn): string | undefined => {
  if (name === 'recommendation') return recommendationText(cell)
  return name === 'monthly_savings_usd' && cell === 0 ? '–' : undefined
}

const recommendationText = (cell: Cell): string =>
  cell !== null && Object.hasOwn(recommendationLabels, String(cell)) ? recommendationLabels[cell as Recommendation['recommendation']] : '–'

const selectPage = ({ rows, total }: RecommendationsPage) => ({ rows, total })

export const RecommendationsView = ({ run, theme }: RunViewProps) => {
  const { metric, filter } = useWindowState()
  const [verdict, setVerdict] = useState<Verdict>('open')
  const [grouping, setGrouping] = useState<Grouping>('servers')
  const [version, setVersion] = useState(0)
  const [failure, setFailure] = useState<WireError | null>(null)
  const [selection, setSelection] = useState<GridRange>({ from: 0, to: 1 })
  const gridLayout = useGridLayout('recommendations')
  const query = useMemo(() => ({ folder: run.folder, metric, filter, verdict }), [run.folder, metric, filter, verdict])
  const { total, firstResponse, error, rowAt, onRange, isRefreshing } = usePages('recommendations.list', query, selectPage, version)
  const emptyColumns = firstResponse?.emptyColumns ?? noColumns
  const cellsAt = useCallback(
    (index: number) => {
      const row = rowAt(index)
      return row === undefined ? undefined : toCells(row)
    },
    [rowAt],
  )
  const selectedRows = Array.from({ length: Math.max(0, Math.min(selection.to, total ?? 0) - selection.from) }, (_, index) =>
    rowAt(selection.from + index),
  ).filter((row): row is Recommendation => row !== undefined)
  const save = async (action: () => Promise<void>): Promise<void> => {
    try {
      await action()
      setFailure(null)
      setVersion((last) => last + 1)
    } catch (thrown) {
      setFailure(toWireError(thrown))
    }
  }
  if (firstResponse !== null && !firstResponse.isKnown) {
    return (
      <main className="page" aria-label="Recommendations">
        <EmptyState title="No recommendations in this run">
          {run.kind === 'python-original'
            ? 'Module 05 reports only total savings. Analyse its forecasts with Headroom for recommendations per server.'
            : 'optimization_recommendations.json is missing or empty. Run the analysis again.'}
        </EmptyState>
      </main>
    )
  }
  return (
    <main className="view" aria-label="Recommendations">
      <Toolbar label="Recommendations">
        <SegmentedControl<Grouping>
          label="Group by"
          value={grouping}
          options={[
            { value: 'servers', label: 'By server' },
            { value: 'hosts', label: 'By host', hint: 'Servers per target host and resulting load' },
          ]}
          onChange={setGrouping}
        />
        {grouping === 'servers' && (
          <SegmentedControl<Verdict>
            label="Decision"
            value={verdict}
            options={verdictFilters.map((value) => ({ value, label: `${verdictLabels[value]}${formatCount(firstResponse, value)}` }))}
            onChange={setVerdict}
          />
        )}
        <span className="toolbar-gap" />
        {grouping === 'servers' && <ColumnsMenu columns={columns} {...gridLayout} emptyColumns={emptyColumns} />}
        {firstResponse !== null && (
          <span className="muted">
            Accepted savings: {formatDollars(firstResponse.verdicts.accepted_savings_usd)} of{' '}
            {formatDollars(firstResponse.totalsByRecommendation.reduce((sum, step) => sum + step.monthly_savings_usd, 0))} per month
          </span>
        )}
      </Toolbar>
      {failure !== null && (
        <div className="view-failure">
          <ErrorPanel error={failure} onDismiss={() => setFailure(null)} />
        </div>
      )}
      {grouping === 'hosts' ? (
        <PackingView run={run} theme={theme} />
      ) : (
        <div className="split">
          <div className="list-area" aria-busy={total === null || isRefreshing}>
            {error !== null && <ErrorPanel error={error} />}
            {total === null && error === null && <Loading />}
            {total === 0 && <EmptyRecommendations verdict={verdict} page={firstResponse} />}
            {total !== null && total > 0 && (
              <DataGrid
                label="Recommendations"
                columns={columns}
                {...gridLayout}
                emptyColumns={emptyColumns}
                total={total}
                context={{ unit: '', isHourly: false }}
                rowAt={cellsAt}
                onRange={onRange}
                markedKey={selectedRows.length === 1 ? (selectedRows[0]?.server_id ?? null) : null}
                onRowSelect={([name]) => selectServer(String(name))}
                onOpen={([name]) => openServer(String(name))}
                cellText={cellText}
                onSelection={setSelection}
                onCopy={copySelection}
              />
            )}
          </div>
          <aside className="side" aria-label="Decision and savings">
            <DecisionPanel
              key={selectedRows.map(({ server_id }) => server_id).join()}
              selected={selectedRows}
              onDecide={(decision, reason) =>
                void save(() =>
                  saveDecisions(
                    run.folder,
                    selectedRows.map(({ server_id, recommendation }) => ({ server_id, recommendation, verdict: decision, reason })),
                  ),
                )
              }
              onUndo={() =>
                void save(() =>
                  removeDecisions(
                    run.folder,
                    selectedRows.map(({ server_id }) => server_id),
                  ),
                )
              }
            />
            {firstResponse !== null && firstResponse.totalsByRecommendation.length > 0 && (
              <Waterfall steps={firstResponse.totalsByRecommendation} theme={theme} />
            )}
          </aside>
        </div>
      )}
    </main>
  )
}

const formatCount = (page: RecommendationsPage | null, verdict: Verdict): string => {
  if (page === null || verdict === 'all') return ''
  return ` ${formatting.count(page.verdicts[verdict])}`
}

const EmptyRecommendations = ({ verdict, page }: { readonly verdict: Verdict; readonly page: RecommendationsPage | null }) => {
  const decided = page === null ? 0 : page.verdicts.accepted + page.verdicts.dismissed
  if (verdict === 'open' && decided > 0)
    return <EmptyState title="No open recommendations">All {formatting.count(decided)} recommendations are decided.</EmptyState>
  if (verdict === 'accepted' || verdict === 'dismissed')
    return (
      <EmptyState title={`No ${verdict} recommendations`}>
        {verdict === 'accepted' ? 'Accept' : 'Dismiss'} recommendations in the Open list.
      </EmptyState>
    )
  return <NoMatchingServers />
}

/** Waterfall chart of the savings by recommendation. */
const Waterfall = ({ steps, theme }: { readonly steps: RecommendationsPage['totalsByRecommendation']; readonly theme: ChartTheme }) => {
  const savingSteps = useMemo(() => steps.filter(({ monthly_savings_usd: usd }) => usd > 0), [steps])
  const option = useCallback(() => waterfallOption(savingSteps, theme), [savingSteps, theme])
  const total = savingSteps.reduce((sum, step) => sum + step.monthly_savings_usd, 0)
  if (savingSteps.length === 0) return <p className="muted">These recommendations remove no servers.</p>
  return (
    <ChartFrame
      className="medium"
      title={`Savings: ${formatDollars(total)} per month`}
      note="Savings from removed servers"
      label={`Savings by recommendation: ${formatDollars(total)} per month`}
      option={option}
      table={() => ({
        columns: ['step', 'servers', 'USD per month'],
        rows: steps.map((step) => [recommendationLabels[step.recommendation], step.servers, step.monthly_savings_usd]),
      })}
    />
  )
}

/** One step needs no sum. */
const waterfallOption = (savingSteps: RecommendationsPage['totalsByRecommendation'], theme: ChartTheme): EChartsOption => {
  const totalUsd = savingSteps.reduce((sum, step) => sum + step.monthly_savings_usd, 0)
  const steps = savingSteps.map(({ recommendation, monthly_savings_usd: usd, servers }, index) => ({
    name: recommendationLabels[recommendation],
    base: savingSteps.slice(0, index).reduce((sum, step) => sum + step.monthly_savings_usd, 0),
    usd,
    note: `${formatting.count(servers)} servers removed`,
  }))
  const bars = steps.length === 1 ? steps : [...steps, { name: 'All', base: null, usd: totalUsd, note: '' }]
  return createBarsOption(
    {
      names: bars.map(({ name }) => name),
      unit: '',
      isHorizontal: true,
      kinds: [
        { name: 'base', color: 'transparent', isBase: true, values: bars.map(({ base }) => base) },
        { name: 'USD per month', color: theme.accent, values: bars.map(({ usd }) => usd) },
      ],
      labels: bars.map(({ usd }) => formatDollars(usd)),
      notes: bars.map(({ note }) => note),
    },
    { theme, formatting },
  )
}
