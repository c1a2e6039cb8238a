// The toolbar of the heatmap: sort order, time range, aggregation, reset of the zoom, table and export.
import { ZoomOut } from 'lucide-react'
import type { HeatmapReduction, HeatmapSort, RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { SegmentedControl, Select } from '../../components/select.tsx'
import type { ChartHandle } from '../../charts/chart.tsx'
import { TableToggle } from '../../components/data-table.tsx'
import { SaveImageMenu } from '../../charts/chart-frame.tsx'
import { Toolbar } from '../../components/toolbar.tsx'
import { useHeatmapState, type TimeSpan } from '../../state/heatmap-state.ts'

const sortOptions: readonly { readonly value: HeatmapSort; readonly label: string }[] = [
  { value: 'risk', label: 'Risk' },
  { value: 'breach', label: 'First breach' },
  { value: 'cluster', label: 'Cluster' },
  { value: 'group', label: 'Group' },
  { value: 'name', label: 'Name' },
]
const spanOptions: readonly { readonly value: TimeSpan; readonly label: string; readonly hint: string }[] = [
  { value: 'forecast', label: 'Forecast', hint: 'Forecast horizon only' },
  { value: 'recent', label: 'With history', hint: 'Horizon and equal history' },
  { value: 'all', label: 'All', hint: 'All data' },
]
const reductionOptions: readonly { readonly value: HeatmapReduction; readonly label: string }[] = [
  { value: 'max', label: 'Max' },
  { value: 'p95', label: 'P95' },
  { value: 'mean', label: 'Mean' },
]

export interface HeatmapToolbarProps {
  readonly run: RunOverview
  /** Whether a cell aggregates several servers or periods. */
  readonly isMerged: boolean
  readonly onReset: () => void
  readonly isTable: boolean
  readonly onToggleTable: (isTable: boolean) => void
  /** Null until the chart is drawn. */
  readonly chart: () => ChartHandle | null
}

export const HeatmapToolbar = ({ run, isMerged, onReset, isTable, onToggleTable, chart }: HeatmapToolbarProps) => {
  const { sort, span, reduction, rows } = useHeatmapState()
  return (
    <Toolbar label="Risk heatmap">
      <Select
        label="Sort by"
        value={sort}
        options={sortOptions}
        onChange={(chosen) => useHeatmapState.setState({ sort: chosen, rows: null })}
      />
      {run.horizon !== null && (
        <SegmentedControl
          label="Time range"
          value={span}
          options={spanOptions}
          onChange={(chosen) => useHeatmapState.setState({ span: chosen, time: null })}
        />
      )}
      <Select
        label="Aggregation"
        value={reduction}
        options={reductionOptions}
        disabledReason={isMerged ? undefined : 'Each cell shows one server and one period at this zoom.'}
        onChange={(chosen) => useHeatmapState.setState({ reduction: chosen })}
      />
      <span className="toolbar-gap" />
      <span className="toolbar-hint">Wheel: zoom time. Shift + wheel: zoom servers. Drag: zoom to box.</span>
      <button type="button" className="button" disabled={span !== 'custom' && rows === null} onClick={onReset}>
        <ZoomOut size={14} aria-hidden /> Reset zoom
      </button>
      <TableToggle name="Risk heatmap" isTable={isTable} onChange={onToggleTable} />
      <SaveImageMenu name="Risk heatmap" handle={chart} />
    </Toolbar>
  )
}
