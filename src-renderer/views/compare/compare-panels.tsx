// Panels of a comparison: the list of changed risks, and the accuracy of the earlier forecast.
import { metricLabel } from '../../../src-shared/artefacts/metric-label.ts'
import { useMemo, useState } from 'react'
import type { CompareResponse, RiskChange } from '../../../src-shared/ipc/run-comparison.ts'
import type { Cell } from '../../../src-shared/ipc/fleet-view.ts'
import type { RunOverview } from '../../../src-shared/ipc/run-view.ts'
import { SegmentedControl } from '../../components/select.tsx'
import { DataGrid } from '../../components/data-grid.tsx'
import { filterRows, findEmptyColumns } from '../../components/filter-rows.ts'
import type { GridColumn } from '../../components/grid-columns.ts'
import { openServer } from '../../state/navigation.ts'
import { formatDate, formatNumber, formatFraction, formatSigned, formatting } from '../../theme/formatting.ts'
import { useGridLayout } from '../../state/grid-layouts.ts'
import { copySelection } from '../copy-rows.ts'

type Status = RiskChange['status'] | 'all'

/** `unit`: suffix of the headings, such as ", %"; empty where the metrics have different units. */
const buildColumns = (unit: string): readonly GridColumn[] => [
  { name: 'server', title: 'Server', kind: 'text', width: 160 },
  { name: 'metric', title: 'Metric', kind: 'text', width: 90 },
  { name: 'status', title: 'Change', kind: 'text', width: 100 },
  { name: 'cause', title: 'Cause', kind: 'text', width: 80, hint: 'Change that explains most of the difference' },
  { name: 'earlier P95', title: `Earlier P95${unit}`, kind: 'points', width: 108 },
  { name: 'later P95', title: `Later P95${unit}`, kind: 'points', width: 98 },
  { name: 'threshold', title: `Threshold${unit}`, kind: 'points', width: 100 },
  { name: 'first breach', title: 'First breach', kind: 'time', width: 110 },
  {
    name: 'definition',
    title: 'Definition effect',
    kind: 'points',
    width: 110,
    hint: 'Headroom change from what “at risk” means (points)',
  },
  { name: 'policy', title: 'Settings effect', kind: 'points', width: 100, hint: 'Headroom change from settings (points)' },
  { name: 'model', title: 'Model effect', kind: 'points', width: 90, hint: 'Headroom change from the model (points)' },
  { name: 'data', title: 'Data effect', kind: 'points', width: 80, hint: 'Headroom change from data (points)' },
]

const toCells = (change: RiskChange): readonly Cell[] => [
  change.server_id,
  metricLabel(change.metric),
  change.status,
  change.cause === null ? null : (causeLabels[change.cause] ?? change.cause),
  change.earlier.p95,
  change.later.p95,
  change.later.threshold,
  change.later.first_breach_at,
  change.headroom_change?.definition_points ?? null,
  change.headroom_change?.policy_points ?? null,
  change.headroom_change?.model_points ?? null,
  change.headroom_change?.data_points ?? null,
]

const causeLabels: Readonly<Record<string, string>> = { policy: 'settings', together: 'several' }

export const CompareChanges = ({ run, comparison }: { readonly run: RunOverview; readonly comparison: CompareResponse }) => {
  const [status, setStatus] = useState<Status>('all')
  const visibleChanges = comparison.changes.filter((change) => status === 'all' || change.status === status)
  const [filters, setFilters] = useState<Readonly<Record<string, string>>>({})
  const gridLayout = useGridLayout('compare')
  const units = new Set(run.metrics.map(({ unit }) => unit))
  const [unit = ''] = units.size === 1 ? units : []
  const columns = useMemo(() => buildColumns(unit === '' ? '' : `, ${unit}`), [unit])
  const emptyColumns = useMemo(() => findEmptyColumns(comparison.changes.map(toCells), columns), [comparison, columns])
  const rows = filterRows(visibleChanges.map(toCells), columns, filters)
  return (
    <section aria-label="Changed risks">
      <header className="chart-head">
        <h2>Changed risks</h2>
        <span className="toolbar-gap" />
        <SegmentedControl<Status>
          label="Change"
          value={status}
          options={[
            { value: 'all', label: 'All' },
            { value: 'new risk', label: 'New' },
            { value: 'cleared', label: 'Cleared' },
            { value: 'still at risk', label: 'Still at risk' },
          ]}
          onChange={setStatus}
        />
      </header>
      {comparison.totalChanges > comparison.changes.length && (
        <p className="muted">
          Showing {formatting.count(comparison.changes.length)} of {formatting.count(comparison.totalChanges)}. Use headroom compare --json
          for all.
        </p>
      )}
      {visibleChanges.length === 0 ? (
        <p className="muted">No changed risks.</p>
      ) : (
        <div className="boxed-grid">
          <DataGrid
            key={status}
            label="Changed risks"
            columns={columns}
            {...gridLayout}
            emptyColumns={emptyColumns}
            filters={filters}
            onFilter={(column, text) => setFilters({ ...filters, [column]: text })}
            total={rows.length}
            context={{ unit: '', isHourly: comparison.later.granularity === 'hourly' }}
            rowAt={(index) => rows[index]}
            onOpen={([name]) => openServer(String(name))}
            onCopy={copySelection}
          />
        </div>
      )}
    </section>
  )
}

export const ForecastCheck = ({ comparison }: { readonly comparison: CompareResponse }) => {
  const { forecast_check: forecastCheck } = comparison
  if (forecastCheck === null) {
    return (
      <section aria-label="Accuracy of the earlier forecast">
        <h2>Accuracy of the earlier forecast</h2>
        <p className="muted">The later run has no measurements in the earlier forecast horizon.</p>
      </section>
    )
  }
  return (
    <section aria-label="Accuracy of the earlier forecast">
      <h2>
        Accuracy of the earlier forecast, {formatDate(Date.parse(forecastCheck.first_at))} to{' '}
        {formatDate(Date.parse(forecastCheck.last_at))}
      </h2>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">Metric</th>
            <th scope="col" data-number>
              Series
            </th>
            <th scope="col" data-number>
              MAE
            </th>
            <th scope="col" data-number>
              Backtest MAE
            </th>
            <th scope="col" data-number>
              Bias
            </th>
            <th scope="col" data-number>
              Actual coverage
            </th>
            <th scope="col" data-number title="Forecast breaches that occurred">
              Hits
            </th>
            <th scope="col" data-number title="Breaches not forecast">
              Misses
            </th>
            <th scope="col" data-number title="Forecast breaches that did not occur">
              False alarms
            </th>
          </tr>
        </thead>
        <tbody>
          {forecastCheck.metrics.map((metric) => (
            <tr key={metric.metric}>
              <td>{metricLabel(metric.metric)}</td>
              <td data-number>{formatting.count(metric.series)}</td>
              <td data-number>{formatNumber(metric.mae)}</td>
              <td data-number>{metric.backtest_mae === null ? '–' : formatNumber(metric.backtest_mae)}</td>
              <td data-number>{formatSigned(metric.bias)}</td>
              <td data-number>
                {metric.coverage === null
                  ? '–'
                  : `${formatFraction(metric.coverage)} (nominal ${formatFraction(forecastCheck.interval_level)})`}
              </td>
              <td data-number>{metric.breaches === null ? '–' : formatting.count(metric.breaches.hits)}</td>
              <td data-number>{metric.breaches === null ? '–' : formatting.count(metric.breaches.misses)}</td>
              <td data-number>{metric.breaches === null ? '–' : formatting.count(metric.breaches.false_alarms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
