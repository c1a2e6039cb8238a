// What stands above the heatmap: metric, order, span of time, reduction of binned cells, and the way back from a zoom.
import { ZoomOut } from 'lucide-react'
import type { HeatmapReduction, HeatmapSort, RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { SegmentedControl, Select } from '../../components/select.tsx'
import type { ChartHandle } from '../../charts/chart.tsx'
import { TableToggle } from '../../components/table-toggle.tsx'
import { SaveImageMenu } from '../../charts/save-image-menu.tsx'
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
  { value: 'forecast', label: 'Forecast', hint: 'The horizon alone' },
  { value: 'recent', label: 'With history', hint: 'The horizon and as much history before it' },
  { value: 'all', label: 'All', hint: 'Everything the forecast set holds' },
]
const reductionOptions: readonly { readonly value: HeatmapReduction; readonly label: string }[] = [
  { value: 'max', label: 'Highest' },
  { value: 'p95', label: 'P95' },
  { value: 'mean', label: 'Mean' },
]

export interface HeatmapToolbarProps {
  readonly run: RunOverview
  /** Whether cells stand for several servers or periods at present. */
  readonly isMerged: boolean
  readonly onReset: () => void
  readonly isTable: boolean
  readonly onToggleTable: (isTable: boolean) => void
  /** The chart as it stands, once it is drawn. */
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
          label="Span of time"
          value={span}
          options={spanOptions}
          onChange={(chosen) => useHeatmapState.setState({ span: chosen, time: null })}
        />
      )}
      <Select
        label="Merged cells show"
        value={reduction}
        options={reductionOptions}
        disabledReason={isMerged ? undefined : 'At this zoom every cell is one server at one time.'}
        onChange={(chosen) => useHeatmapState.setState({ reduction: chosen })}
      />
      <span className="toolbar-gap" />
      <span className="toolbar-hint">Wheel zooms time, Shift + wheel servers; drag zooms into a box</span>
      <button type="button" className="button" disabled={span !== 'custom' && rows === null} onClick={onReset}>
        <ZoomOut size={14} aria-hidden /> Reset zoom
      </button>
      <TableToggle name="Risk heatmap" isTable={isTable} onChange={onToggleTable} />
      <SaveImageMenu name="Risk heatmap" handle={chart} />
    </Toolbar>
  )
}
