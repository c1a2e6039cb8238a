// Capacity: which resource limits, how long clusters and hosts last, when volumes are full, what projects and smaller types change.
import { agreeNumber } from '../../../src-shared/run/agree-number.ts'
import { useCallback, useMemo } from 'react'
import { metricLabel, metricName } from '../../../src-shared/artefacts/metric-label.ts'
import type {
  CapacityDriver,
  CapacityProject,
  CapacitySavings,
  CapacitySummary,
  ClusterPlacement,
  RightsizedServer,
} from '../../../src-shared/artefacts/capacity.ts'
import {
  countUnplaced,
  hostsThatMustStay,
  memberPlacementCheckText,
  moveTargetText,
} from '../../../src-shared/artefacts/member-placement-text.ts'
import { performanceRiskText, sizingCheckText } from '../../../src-shared/artefacts/sizing-check-text.ts'
import type { ChartTheme } from '../../../src-shared/chart-options/theme.ts'
import type { CapacityView as CapacityData } from '../../../src-shared/ipc/capacity-view.ts'
import type { Cell } from '../../../src-shared/ipc/fleet-view.ts'
import { ChartFrame } from '../../charts/chart-frame.tsx'
import { createWaterfallOption } from '../../charts/waterfall-option.ts'
import { EmptyState } from '../../components/empty-state.tsx'
import type { GridColumn } from '../../components/grid-columns.ts'
import { openServer } from '../../state/navigation.ts'
import { isBusy, useRequest } from '../../state/use-request.ts'
import { formatDate, formatDollars, formatting } from '../../theme/formatting.ts'
import { Loaded } from '../loaded.tsx'
import { afterHorizon, PageGrid } from '../page-grid.tsx'
import type { RunViewProps } from '../view-entry.ts'

export const CapacityView = ({ run, theme }: RunViewProps) => {
  const response = useRequest('capacity.get', { folder: run.folder }, run.folder)
  return (
    <main className="page" aria-label="Capacity" aria-busy={isBusy(response)}>
      <Loaded response={response} loadingText="Loading capacity …">
        {(capacity) => <Capacity capacity={capacity} theme={theme} />}
      </Loaded>
    </main>
  )
}

const Capacity = ({ capacity, theme }: { readonly capacity: CapacityData; readonly theme: ChartTheme }) => {
  const { report, volumes } = capacity
  return (
    <div className="page-inner">
      <h1 className="finding">{findingText(capacity)}</h1>
      {fleetResources(capacity.resources).length > 1 && (
        <PageGrid id="limiting-resources" title="Limiting resources" columns={resourceColumns} rows={resourceRows(capacity)} />
      )}
      {report !== null && <ReportSections report={report} driverMonths={capacity.driver_months} theme={theme} />}
      <PageGrid id="volumes" title="Volumes" columns={volumeColumns} rows={volumes.map(volumeCells)} onOpen={openFirst}>
        {capacity.volume_count > volumes.length && (
          <p className="muted">
            Showing {formatting.count(volumes.length)} of {formatting.count(capacity.volume_count)} volumes, the first to be full.
          </p>
        )}
      </PageGrid>
      {report !== null && report.groups.length === 0 && volumes.length === 0 && (
        <EmptyState title="No hosts and no volumes">
          Name host, host_cluster and cores or mem_gib in the servers table, with a row for each host, and analyse again.
        </EmptyState>
      )}
      {report === null && <p className="verdict">Clusters and hosts are not known in this run. Analyse the forecasts again.</p>}
    </div>
  )
}

interface ReportSectionsProps {
  readonly report: CapacitySummary
  readonly driverMonths: CapacityData['driver_months']
  readonly theme: ChartTheme
}

const ReportSections = ({ report, driverMonths, theme }: ReportSectionsProps) => {
  const { drivers, projects, rightsizing, savings, notes } = report
  return (
    <>
      <PageGrid id="clusters" title="Clusters" columns={clusterColumns} rows={groupRows(report, 'cluster')} />
      <PageGrid id="capacity-hosts" title="Hosts" columns={hostColumns} rows={groupRows(report, 'host')} />
      <PageGrid id="placements" title="Placement" columns={placementColumns} rows={report.placements.map(placementCells)}>
        {report.placement_check !== null && <p className="verdict">{memberPlacementCheckText(report.placement_check)}</p>}
      </PageGrid>
      <PageGrid id="member-moves" title="Moves" columns={moveColumns} rows={report.placements.flatMap(moveCells)} onOpen={openFirst} />
      <PageGrid id="projects" title="Projects" columns={projectColumns} rows={projects.map((project) => projectCells(project, report))} />
      <PageGrid id="drivers" title="Business drivers" columns={driverColumns} rows={drivers.map(driverCells)} onOpen={openFirst} />
      <PageGrid id="driver-plans" title="Plans of drivers" columns={driverMonthColumns} rows={driverMonths.map(driverMonthCells)} />
      <PageGrid id="rightsizing" title="Rightsizing" columns={sizeColumns} rows={rightsizing.servers.map(sizeCells)} onOpen={openFirst}>
        <p className="muted">Catalogue: {rightsizing.catalogue}</p>
        {rightsizing.check !== null && <p className="verdict">{sizingCheckText(rightsizing.check)}</p>}
      </PageGrid>
      {savings.total_usd > 0 && <Savings savings={savings} theme={theme} />}
      {notes.map((note) => (
        <p key={note} className="verdict">
          {note}
        </p>
      ))}
    </>
  )
}

/** Each server counts in one of the steps. */
const Savings = ({ savings, theme }: { readonly savings: CapacitySavings; readonly theme: ChartTheme }) => {
  const steps = useMemo(
    () =>
      [
        { name: 'Rightsize', usd: savings.rightsize_usd, note: 'Smaller types, by the catalogue', alone: 'By smaller types' },
        { name: 'Consolidate', usd: savings.consolidate_usd, note: 'Servers removed', alone: 'By consolidating servers' },
        { name: 'Retire', usd: savings.retire_usd, note: 'Servers removed', alone: 'By retiring servers' },
      ].filter(({ usd }) => usd > 0),
    [savings],
  )
  const option = useCallback(() => createWaterfallOption(steps, formatDollars, { theme, formatting }), [steps, theme])
  const title = `Savings: ${formatDollars(savings.total_usd)} per month`
  const licences = savings.licences_usd > 0 ? `Licences apart: ${formatDollars(savings.licences_usd)} per month` : undefined
  const [only] = steps
  // One bar tells no more than its sum.
  if (only !== undefined && steps.length === 1) {
    return (
      <section aria-label={title}>
        <h2>{title}</h2>
        <p className="muted">{[only.alone, ...(licences === undefined ? [] : [licences])].join('. ')}</p>
      </section>
    )
  }
  return (
    <ChartFrame
      className="medium"
      title={title}
      note={licences}
      label={`${title}, ${steps.map(({ name, usd }) => `${name.toLowerCase()} ${formatDollars(usd)}`).join(', ')}`}
      option={option}
      table={() => ({ columns: ['step', 'USD per month'], rows: steps.map(({ name, usd }) => [name, usd]) })}
    />
  )
}

const openFirst = ([name]: readonly Cell[]): void => openServer(String(name))

/** The cluster or volume that is full first, else the resource that limits most servers. */
const findingText = ({ report, volumes, resources }: CapacityData): string => {
  const clusters = report?.groups.filter(({ kind, is_limiting }) => kind === 'cluster' && is_limiting) ?? []
  const full = clusters.filter((group) => group.runway_p90 !== null).sort((a, b) => (a.runway_p90! < b.runway_p90! ? -1 : 1))
  const [first] = full
  const word = clusters.length === 1 ? 'cluster' : 'clusters'
  if (first !== undefined)
    return `${formatting.count(full.length)} of ${formatting.count(clusters.length)} ${word} may be full in the horizon, ${first.group} first: ${dateText(first.runway_p90, '')}`
  if (clusters.length > 0) return `None of ${formatting.count(clusters.length)} ${word} is likely to be full before the end of the horizon`
  const [volume] = volumes
  if (volume?.full_at !== null && volume?.full_at !== undefined) return `${volume.server_id} is full first: ${dateText(volume.full_at, '')}`
  return resourceFinding(fleetResources(resources))
}

const fleetResources = (resources: CapacityData['resources']): CapacityData['resources'] =>
  resources.filter(({ business_unit: unit }) => unit === null)

const resourceFinding = (resources: CapacityData['resources']): string => {
  const limiting = resources.find(({ is_limiting: isLimiting }) => isLimiting)
  if (limiting === undefined) return 'No metric of this run has a threshold'
  if (resources.length === 1) return `${metricLabel(limiting.metric)} is the only resource of this run`
  const servers = resources.reduce((sum, { limits }) => sum + limits, 0)
  return `${metricLabel(limiting.metric)} limits ${formatting.count(limiting.limits)} of ${agreeNumber(`${formatting.count(servers)} [server|servers]`, servers)}`
}

const dateText = (time: string | null, otherwise: string): string => (time === null ? otherwise : formatDate(Date.parse(time)))

const text = (name: string, title: string, width: number, hint?: string): GridColumn => ({ name, title, kind: 'text', width, hint })
const count = (name: string, title: string, width = 90, hint?: string): GridColumn => ({ name, title, kind: 'count', width, hint })
const time = (name: string, title: string, hint?: string): GridColumn => ({ name, title, kind: 'time', width: 120, hint })

const resourceColumns: readonly GridColumn[] = [
  text('group', 'Group', 160),
  text('metric', 'Metric', 130),
  count('servers', 'Servers'),
  count('limits', 'Limited servers', 110, 'Servers that run out of this resource first'),
  text('limiting', 'Limiting', 80),
]

const resourceRows = ({ resources }: CapacityData): readonly (readonly Cell[])[] =>
  resources.map((row) => [
    row.business_unit ?? 'All servers',
    metricLabel(row.metric),
    row.servers,
    row.limits,
    row.is_limiting ? 'yes' : null,
  ])

const runwayColumns: readonly GridColumn[] = [
  text('metric', 'Metric', 110),
  time('runway_p50', 'Runway P50', 'When half of the paths have exceeded the limit'),
  time('runway_p90', 'Runway P90', 'When a tenth of the paths have exceeded the limit'),
]
const loadColumns: readonly GridColumn[] = [
  count('usable', 'Usable', 90, 'Capacity without the reserve'),
  count('limit', 'Limit', 90, 'Demand up to which it is not full'),
  count('demand_p50', 'Demand P50', 100, 'Highest demand in the horizon on half of the paths'),
  count('demand_p90', 'Demand P90', 100, 'Exceeded on a tenth of the paths'),
  count('allocated', 'Allocated', 90, "Sum of the members' capacities"),
  text('unit', 'Unit', 60),
  count('members', 'Members', 80),
]
const clusterColumns: readonly GridColumn[] = [
  text('group', 'Cluster', 150),
  ...runwayColumns,
  count('hosts_to_buy', 'Hosts to buy', 100),
  text('limiting', 'Limiting', 80),
  ...loadColumns,
]
const hostColumns: readonly GridColumn[] = [
  text('group', 'Host', 150),
  text('cluster', 'Cluster', 110),
  ...runwayColumns,
  text('limiting', 'Limiting', 80),
  ...loadColumns,
]

const groupRows = (
  { groups, horizon_end: horizonEnd }: CapacitySummary,
  kind: CapacitySummary['groups'][number]['kind'],
): readonly (readonly Cell[])[] => {
  const own = groups.filter((group) => group.kind === kind)
  const hasSeveral = new Set(own.map(({ metric }) => metric)).size > 1
  const runway = (group: CapacitySummary['groups'][number], date: string | null): string | null =>
    group.limit === null || group.demand_p50 === null ? null : (date ?? afterHorizon(horizonEnd))
  return own.map((group) => [
    group.group,
    ...(kind === 'host' ? [group.cluster] : []),
    metricLabel(group.metric),
    runway(group, group.runway_p50),
    runway(group, group.runway_p90),
    ...(kind === 'cluster' ? [group.hosts_to_buy] : []),
    hasSeveral && group.is_limiting ? 'yes' : null,
    group.usable,
    group.limit,
    group.demand_p50,
    group.demand_p90,
    group.allocated,
    group.unit,
    group.members,
  ])
}

const placementColumns: readonly GridColumn[] = [
  text('cluster', 'Cluster', 150),
  count('members', 'Members', 90),
  count('moved', 'Move', 80, 'Members that their host does not hold'),
  count('added_hosts', 'Hosts to add', 100, 'Further hosts that the members need'),
  count('unplaced', 'Without a place', 120, 'Members that the hosts do not hold'),
  count('must_stay', 'Hosts that must stay', 140, 'If one of them is lost, some members find no place'),
]

const placementCells = (placement: ClusterPlacement): readonly Cell[] => [
  placement.cluster,
  placement.members,
  placement.moves.filter(({ from }) => from !== null).length,
  placement.added_hosts.length,
  countUnplaced(placement.added_hosts, placement.too_large),
  hostsThatMustStay(placement).length,
]

const moveColumns: readonly GridColumn[] = [
  text('server', 'Member', 160),
  text('cluster', 'Cluster', 120),
  text('from', 'From', 120),
  text('to', 'To', 160),
]

const moveCells = ({ cluster, moves }: ClusterPlacement): readonly (readonly Cell[])[] =>
  moves.map((move) => [move.server_id, cluster, move.from, moveTargetText(move)])

const projectColumns: readonly GridColumn[] = [
  text('name', 'Project', 150),
  text('status', 'Status', 90),
  text('group', 'Group', 110),
  count('moved_p50', 'Moves P50, days', 120, 'Days from the runway without it to the runway with it'),
  time('with_p50', 'Runway P50 with'),
  count('moved_p90', 'Moves P90, days', 120),
  time('with_p90', 'Runway P90 with'),
  text('metric', 'Metric', 110),
  count('units', 'Units', 80),
  text('from', 'From', 100),
  text('to', 'To', 100),
  { name: 'probability', title: 'Probability', kind: 'share', width: 90 },
]

const projectCells = (project: CapacityProject, { horizon_end: horizonEnd }: CapacitySummary): readonly Cell[] => [
  project.name,
  project.status,
  project.group,
  project.moved_days_p50,
  project.runway_p50_with ?? afterHorizon(horizonEnd),
  project.moved_days_p90,
  project.runway_p90_with ?? afterHorizon(horizonEnd),
  metricLabel(project.metric),
  project.units,
  project.from,
  project.to,
  project.probability,
]

const driverColumns: readonly GridColumn[] = [
  text('server', 'Server', 160),
  text('metric', 'Metric', 110),
  text('driver', 'Driver', 120),
  text('group', 'Business unit', 110),
  count('r2', 'R²', 70, 'Share of the variance of the last fifth that the rest explains'),
  count('current', 'Current', 100, 'Median of the last 28 days'),
  count('supported', 'Supported', 100, 'Value at which the metric reaches its threshold'),
  count('factor', 'Growth factor', 100),
  count('left', 'Left, %', 80, 'Share of the supported value that is left'),
]

const driverCells = (driver: CapacityDriver): readonly Cell[] => [
  driver.server_id,
  metricLabel(driver.metric),
  driver.driver,
  driver.group,
  driver.held_out_r2,
  driver.current,
  driver.supported,
  driver.growth_factor,
  driver.residual_percent,
]

const driverMonthColumns: readonly GridColumn[] = [
  text('driver', 'Driver', 140),
  text('group', 'Business unit', 110),
  text('month', 'Month', 80),
  count('value', 'Value', 100, 'Mean of the plan in that month'),
  count('metrics', 'Metrics', 80, 'Metrics that follow the driver'),
  count('above', 'Above threshold', 120),
  text('interval', '95 % interval', 110, 'By the limits of the slopes'),
  text('first', 'Furthest above', 180),
  count('p95', 'Its P95', 80),
]

const driverMonthCells = ({ first, ...row }: CapacityData['driver_months'][number]): readonly Cell[] => [
  row.driver,
  row.group,
  row.month,
  row.value,
  row.metrics,
  row.above,
  `${row.above_low} to ${row.above_high}`,
  first === null ? null : `${first.server_id} ${metricName(first.metric)}`,
  first?.p95 ?? null,
]

const volumeColumns: readonly GridColumn[] = [
  text('server', 'Server', 160),
  text('metric', 'Metric', 130),
  count('days', 'Days until full', 110),
  time('full_at', 'Full at', 'Empty: not within five years'),
  time('earliest', 'Earliest', '80 % interval'),
  time('latest', 'Latest', '80 % interval; empty: never'),
  count('growth', 'Growth, % a day', 120),
]

const volumeCells = (volume: CapacityData['volumes'][number]): readonly Cell[] => [
  volume.server_id,
  metricLabel(volume.metric),
  volume.days_until_full,
  volume.full_at,
  volume.full_earliest,
  volume.full_latest,
  volume.growth_per_day,
]

const sizeColumns: readonly GridColumn[] = [
  text('server', 'Server', 160),
  text('current', 'Current type', 110),
  text('new', 'New type', 110),
  { name: 'usd', title: 'Savings per month', kind: 'usd', width: 130 },
  count('licences', 'Licence cores freed', 130),
  text('risk', 'Performance risk', 120, 'Share of the paths above the new size at some time'),
]

const sizeCells = (server: RightsizedServer): readonly Cell[] => [
  server.server_id,
  server.current_type,
  server.new_type,
  server.monthly_savings_usd,
  server.licence_cores_freed,
  performanceRiskText(server),
]
