// The filter shared by all views: text, groups, risk, cluster and recommendation, the metric, undo and redo.
import { metricLabel } from '../../src-shared/artefacts/metric-label.ts'
import { Redo2, Search, Undo2, X } from 'lucide-react'
import {
  groupColumns,
  isFilterActive,
  noFilter,
  riskFilters,
  type FleetFilter,
  type RiskFilter,
} from '../../src-shared/ipc/fleet-filter.ts'
import type { FilterChoices } from '../../src-shared/ipc/fleet-view.ts'
import type { RunOverview } from '../../src-shared/ipc/run-view.ts'
import { changeFilter, clearFilter, redoFilter, undoFilter, useNavigation } from '../state/navigation.ts'
import { useRequest } from '../state/use-request.ts'
import { useWindowState } from '../state/window-state.ts'
import { formatting } from '../theme/formatting.ts'
import { groupLabels, recommendationLabels, riskLabels } from '../theme/labels.ts'
import { Select } from '../components/select.tsx'
import { CheckList } from '../components/check-list.tsx'
import { Popover } from '../components/popover.tsx'
import { Toolbar } from '../components/toolbar.tsx'

const riskFilterLabels: Readonly<Record<RiskFilter, string>> = {
  'at-risk': 'At risk',
  ...riskLabels,
  breach: 'Any breach',
  underutilised: 'Underutilised',
}

const noChoices: FilterChoices = { business_unit: [], region: [], criticality: [], cluster: [] }

export const FilterBar = ({ run }: { readonly run: RunOverview }) => {
  const filter = useWindowState((state) => state.filter)
  const metric = useWindowState((state) => state.metric)
  const canUndo = useNavigation(({ undo }) => undo.length > 0)
  const canRedo = useNavigation(({ redo }) => redo.length > 0)
  const response = useRequest('filter-choices.get', { folder: run.folder }, run.folder)
  const choices = response.status === 'ready' ? response.value : noChoices
  return (
    <Toolbar label="Filter" className="toolbar filter-bar">
      {run.metrics.length > 1 && (
        <Select
          label="Metric"
          value={metric}
          options={run.metrics.map(({ name }) => ({ value: name, label: metricLabel(name) }))}
          onChange={(selected) => useWindowState.setState({ metric: selected })}
        />
      )}
      <label className="search">
        <Search size={14} aria-hidden />
        <input
          id="filter-text"
          type="search"
          aria-label="Filter servers by text"
          placeholder="Filter servers  /"
          value={filter.text}
          maxLength={200}
          onChange={({ target }) => changeFilter({ text: target.value })}
        />
      </label>
      {groupColumns.map(
        (column) =>
          choices[column].length > 0 && (
            <MultiSelect
              key={column}
              title={groupLabels[column]}
              selected={filter[column]}
              options={choices[column].map(({ value, servers }) => ({ value, label: value === '' ? '(none)' : value, servers }))}
              onChange={(selected) => changeFilter({ [column]: selected })}
            />
          ),
      )}
      <MultiSelect
        title="Risk"
        selected={filter.risk}
        options={riskFilters.map((value) => ({ value, label: riskFilterLabels[value] }))}
        onChange={(selected) => changeFilter({ risk: selected as RiskFilter[] })}
      />
      {choices.cluster.length > 0 && (
        <MultiSelect
          title="Cluster"
          selected={filter.cluster.map(String)}
          options={choices.cluster.map(({ cluster, name, servers }) => ({
            value: String(cluster),
            label: `${cluster} – ${name}`,
            servers,
          }))}
          onChange={(selected) => changeFilter({ cluster: selected.map(Number) })}
        />
      )}
      <ActiveSelections filter={filter} />
      {isFilterActive(filter) && (
        <button type="button" className="button quiet" title="Clear filter (Ctrl+Shift+X)" onClick={clearFilter}>
          <X size={14} aria-hidden /> Clear
        </button>
      )}
      <span className="toolbar-gap" />
      <button
        type="button"
        className="icon-button"
        aria-label="Undo filter"
        title="Undo filter (Ctrl+Z)"
        disabled={!canUndo}
        onClick={undoFilter}
      >
        <Undo2 size={15} aria-hidden />
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label="Redo filter"
        title="Redo filter (Ctrl+Shift+Z)"
        disabled={!canRedo}
        onClick={redoFilter}
      >
        <Redo2 size={15} aria-hidden />
      </button>
    </Toolbar>
  )
}

interface MultiSelectProps {
  readonly title: string
  readonly selected: readonly string[]
  readonly options: readonly { readonly value: string; readonly label: string; readonly servers?: number }[]
  readonly onChange: (selected: string[]) => void
}

const MultiSelect = ({ title, selected, options, onChange }: MultiSelectProps) => {
  const firstLabel = options.find(({ value }) => value === selected[0])?.label ?? selected[0]
  const text = selected.length === 0 ? title : selected.length === 1 ? `${title}: ${firstLabel}` : `${title}: ${selected.length}`
  return (
    <Popover label={text} name={title} isActive={selected.length > 0}>
      <CheckList title={title} selected={selected} options={options} onChange={onChange} />
    </Popover>
  )
}

/** Filters set by other views. */
const ActiveSelections = ({ filter }: { readonly filter: FleetFilter }) => (
  <>
    {filter.recommendation.length > 0 && (
      <Chip
        text={`Recommendation: ${filter.recommendation.map((name) => recommendationLabels[name]).join(', ')}`}
        onRemove={() => changeFilter({ recommendation: noFilter.recommendation })}
      />
    )}
    {filter.servers.length > 0 && (
      <Chip
        text={`${formatting.count(filter.servers.length)} selected ${filter.servers.length === 1 ? 'server' : 'servers'}`}
        onRemove={() => changeFilter({ servers: noFilter.servers })}
      />
    )}
  </>
)

const Chip = ({ text, onRemove }: { readonly text: string; readonly onRemove: () => void }) => (
  <button type="button" className="button chip" data-marked title="Remove filter" onClick={onRemove}>
    {text} <X size={13} aria-hidden />
  </button>
)
