// Recommendations by due date, by kind or by target host: accept or dismiss them, and see the savings.
import { useCallback, useMemo, useState } from 'react'
import { isFilterActive } from '../../../src-shared/ipc/fleet-filter.ts'
import { toWireError, type WireError } from '../../../src-shared/run/errors.ts'
import {
  recommendationFilterKinds,
  recommendationFilters,
  verdictFilters,
  type Cell,
  type Recommendation,
  type RecommendationsPage,
} from '../../../src-shared/ipc/fleet-view.ts'
import { SegmentedControl } from '../../components/select.tsx'
import { ClearFilters } from '../../components/clear-filters.tsx'
import { ColumnsMenu } from '../../components/columns-menu.tsx'
import { DataGrid, type GridRange } from '../../components/data-grid.tsx'
import type { GridColumn } from '../../components/grid-columns.ts'
import { EmptyState } from '../../components/empty-state.tsx'
import { ErrorPanel } from '../../components/error-panel.tsx'
import { Toolbar } from '../../components/toolbar.tsx'
import { saveDecisions, removeDecisions, toDecision } from '../../state/run-notes.ts'
import { openServer, selectServer } from '../../state/navigation.ts'
import { useColumnFilters } from '../../state/column-filters.ts'
import { usePages } from '../../state/use-pages.ts'
import { useWindowState } from '../../state/window-state.ts'
import { formatNumber, formatting } from '../../theme/formatting.ts'
import { recommendationLabels } from '../../theme/labels.ts'
import { DecisionPanel } from './decision-panel.tsx'
import { PackingView } from './packing-view.tsx'
import { RecommendationCards } from './recommendation-cards.tsx'
import { SavingsRisk, Waterfall } from './savings-charts.tsx'
import { Loading, NoMatchingServers } from '../loaded.tsx'
import { useGridLayout } from '../../state/grid-layouts.ts'
import { copySelection } from '../copy-rows.ts'
import { addedCostText, groupSections, reasonText, riskText, summaryText } from '../recommendation-text.ts'
import type { RunViewProps } from '../view-entry.ts'
import './recommendations.css'

type VerdictFilter = (typeof verdictFilters)[number]
type Grouping = 'due' | 'kind' | 'hosts'
type Layout = 'table' | 'cards'

const verdictLabels: Readonly<Record<VerdictFilter, string>> = {
  open: 'Open',
  accepted: 'Accepted',
  dismissed: 'Dismissed',
  done: 'Done',
  all: 'All',
}

const kinds = recommendationFilterKinds

const columns = [
  { name: 'server_id', title: 'Server', kind: kinds.server_id, width: 152 },
  { name: 'recommendation', title: 'Recommendation', kind: kinds.recommendation, width: 122 },
  { name: 'order_by', title: 'Order by', kind: kinds.order_by, width: 112 },
  { name: 'risk', title: 'Risk', kind: 'text', width: 96, isFilterable: false },
  { name: 'added_monthly_usd', title: 'Cost per month', kind: 'usd', width: 110, isFilterable: false },
  { name: 'summary', title: 'Why', kind: 'text', width: 260, isFlexible: true, isFilterable: false },
  { name: 'reason', title: 'Reason', kind: 'text', width: 320, isShown: false, isFilterable: false },
  { name: 'units_to_add', title: 'Units', kind: kinds.units_to_add, width: 64 },
  { name: 'target_host', title: 'Target host', kind: kinds.target_host, width: 110 },
  { name: 'monthly_savings_usd', title: 'Savings per month', kind: kinds.monthly_savings_usd, width: 134 },
  { name: 'verdict', title: 'Decision', kind: kinds.verdict, width: 90 },
] as const satisfies readonly GridColumn[]

const noColumns: readonly string[] = []

/** Last whether the capacity to add is a lower limit, which no column shows. */
const toCells = (row: Recommendation): readonly Cell[] => [
  ...columns.map(({ name }) =>
    name === 'summary' ? summaryText(row) : name === 'reason' ? reasonText(row) : name === 'risk' ? riskText(row) : row[name],
  ),
  row.is_lower_limit,
]

const cellText = (cell: Cell, { name }: GridColumn, row: readonly Cell[]): string | undefined => {
  const isLowerLimit = row.at(-1) === true
  if (name === 'recommendation') return recommendationText(cell)
  if (name === 'added_monthly_usd' && typeof cell === 'number') return addedCostText(cell, isLowerLimit)
  if (name === 'units_to_add' && typeof cell === 'number' && isLowerLimit) return `from ${formatNumber(cell)}`
  return name === 'monthly_savings_usd' && cell === 0 ? '–' : undefined
}

const recommendationText = (cell: Cell): string =>
  cell !== null && Object.hasOwn(recommendationLabels, String(cell)) ? recommendationLabels[cell as Recommendation['recommendation']] : '–'

const selectPage = ({ rows, total }: RecommendationsPage) => ({ rows, total })

export const RecommendationsView = ({ run, theme }: RunViewProps) => {
  const { metric, filter } = useWindowState()
  const [verdict, setVerdict] = useState<VerdictFilter>('open')
  const [grouping, setGrouping] = useState<Grouping>('due')
  const [arrangement, setArrangement] = useState<Layout>('table')
  const { filters, onFilter, hasFilters, clearFilters, columnFilters } = useColumnFilters(recommendationFilters)
  const [version, setVersion] = useState(0)
  const [failure, setFailure] = useState<WireError | null>(null)
  const [selection, setSelection] = useState<GridRange>({ from: 0, to: 1 })
  const gridLayout = useGridLayout('recommendations')
  const query = useMemo(
    () => ({ folder: run.folder, metric, filter, verdict, columnFilters, groupBy: grouping === 'hosts' ? ('due' as const) : grouping }),
    [run.folder, metric, filter, verdict, columnFilters, grouping],
  )
  const { total, firstResponse, error, rowAt, onRange, isRefreshing } = usePages('recommendations.list', query, selectPage, version)
  const sections = useMemo(() => groupSections(firstResponse?.groups ?? []), [firstResponse])
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
            { value: 'due', label: 'By due date' },
            { value: 'kind', label: 'By kind' },
            { value: 'hosts', label: 'By host', hint: 'Servers per target host, resulting load and its risk' },
          ]}
          onChange={setGrouping}
        />
        {grouping !== 'hosts' && (
          <SegmentedControl<Layout>
            label="Layout"
            value={arrangement}
            options={[
              { value: 'table', label: 'Table' },
              { value: 'cards', label: 'Cards' },
            ]}
            onChange={setArrangement}
          />
        )}
        {grouping !== 'hosts' && (
          <SegmentedControl<VerdictFilter>
            label="Decision"
            value={verdict}
            options={shownFilters(firstResponse, verdict).map((value) => ({
              value,
              label: `${verdictLabels[value]}${formatCount(firstResponse, value)}`,
            }))}
            onChange={setVerdict}
          />
        )}
        <span className="toolbar-gap" />
        {grouping !== 'hosts' && hasFilters && <ClearFilters onClear={clearFilters} />}
        {grouping !== 'hosts' && arrangement === 'table' && <ColumnsMenu columns={columns} {...gridLayout} emptyColumns={emptyColumns} />}
      </Toolbar>
      {failure !== null && (
        <div className="view-failure">
          <ErrorPanel error={failure} onDismiss={() => setFailure(null)} />
        </div>
      )}
      {grouping === 'hosts' ? (
        <PackingView run={run} theme={theme} placement={firstResponse?.placement ?? null} />
      ) : (
        <div className="split">
          <div className="list-area" aria-busy={total === null || isRefreshing}>
            {error !== null && <ErrorPanel error={error} />}
            {total === null && error === null && <Loading />}
            {total === 0 && !hasFilters && (
              <EmptyRecommendations verdict={verdict} page={firstResponse} isFiltered={isFilterActive(filter)} />
            )}
            {total !== null && arrangement === 'cards' && (
              <RecommendationCards
                key={`${grouping} ${verdict}`}
                run={run}
                sections={sections}
                total={total}
                rowAt={rowAt}
                onRange={onRange}
                onDecide={(row, decision, reason) => void save(() => saveDecisions(run.folder, [toDecision(row, decision, reason)]))}
                onUndo={(row) => void save(() => removeDecisions(run.folder, [row]))}
              />
            )}
            {total !== null && (total > 0 || hasFilters) && arrangement === 'table' && (
              <DataGrid
                label="Recommendations"
                columns={columns}
                {...gridLayout}
                emptyColumns={emptyColumns}
                total={total}
                sections={sections}
                filters={filters}
                onFilter={onFilter}
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
            {arrangement === 'table' && (
              <DecisionPanel
                key={selectedRows.map(({ server_id }) => server_id).join()}
                selected={selectedRows}
                onDecide={(decision, reason, until) =>
                  void save(() =>
                    saveDecisions(
                      run.folder,
                      selectedRows.map((row) => toDecision(row, decision, reason, until)),
                    ),
                  )
                }
                onUndo={() => void save(() => removeDecisions(run.folder, selectedRows))}
              />
            )}
            {firstResponse !== null && <Waterfall page={firstResponse} theme={theme} />}
            {firstResponse !== null && firstResponse.placement !== null && (
              <SavingsRisk placement={firstResponse.placement} theme={theme} />
            )}
          </aside>
        </div>
      )}
    </main>
  )
}

/** What is done is a choice once something is. */
const shownFilters = (page: RecommendationsPage | null, chosen: VerdictFilter): VerdictFilter[] =>
  verdictFilters.filter((value) => value !== 'done' || chosen === 'done' || (page?.verdicts.done ?? 0) > 0)

const formatCount = (page: RecommendationsPage | null, verdict: VerdictFilter): string => {
  if (page === null || verdict === 'all') return ''
  return ` ${formatting.count(page.verdicts[verdict])}`
}

interface EmptyRecommendationsProps {
  readonly verdict: VerdictFilter
  readonly page: RecommendationsPage | null
  readonly isFiltered: boolean
}

const EmptyRecommendations = ({ verdict, page, isFiltered }: EmptyRecommendationsProps) => {
  const decided = page === null ? 0 : page.verdicts.accepted + page.verdicts.dismissed + page.verdicts.done
  if (verdict === 'open' && decided > 0)
    return <EmptyState title="No open recommendations">All {formatting.count(decided)} recommendations are decided.</EmptyState>
  if (verdict === 'accepted' || verdict === 'dismissed')
    return (
      <EmptyState title={`No ${verdict} recommendations`}>
        {verdict === 'accepted' ? 'Accept' : 'Dismiss'} recommendations in the Open list.
      </EmptyState>
    )
  if (isFiltered) return <NoMatchingServers />
  return (
    <EmptyState title="No recommendations">
      Every server keeps its capacity: none is to be extended, watched, retired or consolidated.
    </EmptyState>
  )
}
