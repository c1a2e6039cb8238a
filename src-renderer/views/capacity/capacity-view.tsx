// Capacity: which resource limits, how long clusters and hosts last, when volumes are full, what projects and smaller types change.
import type { ReactNode } from 'react'
import type { CapacityGroup, CapacityReport } from '../../../src-shared/artefacts/capacity.ts'
import type { CapacityView as CapacityData } from '../../../src-shared/ipc/capacity-view.ts'
import { DataTable } from '../../components/data-table.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import type { TableContent } from '../../components/format-table.ts'
import { isBusy, useRequest } from '../../state/use-request.ts'
import { formatDate, formatDollars, formatNumber, formatting } from '../../theme/formatting.ts'
import { Loaded } from '../loaded.tsx'
import type { RunViewProps } from '../view-entry.ts'

export const CapacityView = ({ run }: RunViewProps) => {
  const response = useRequest('capacity.get', { folder: run.folder }, run.folder)
  return (
    <main className="page" aria-label="Capacity" aria-busy={isBusy(response)}>
      <Loaded response={response} loadingText="Loading capacity …">
        {(capacity) => <Capacity capacity={capacity} />}
      </Loaded>
    </main>
  )
}

const Capacity = ({ capacity }: { readonly capacity: CapacityData }) => {
  const { report, volumes } = capacity
  return (
    <div className="page-inner">
      <h1 className="finding">{findingText(capacity)}</h1>
      {fleetResources(capacity.resources).length > 1 && <Section title="Limiting resources" content={resourcesTable(capacity)} />}
      {report !== null && <ReportSections report={report} />}
      <Section title="Volumes" content={volumesTable(volumes)} />
      {report !== null && report.groups.length === 0 && volumes.length === 0 && (
        <EmptyState title="No hosts and no volumes">
          Name host, host_cluster and cores or mem_gib in the servers table, with a row for each host, and analyse again.
        </EmptyState>
      )}
      {report === null && <p className="verdict">Clusters and hosts are not known in this run. Analyse the forecasts again.</p>}
    </div>
  )
}

const ReportSections = ({ report }: { readonly report: CapacityReport }) => {
  const { groups, horizon_end: horizonEnd, projects, rightsizing, savings, notes } = report
  return (
    <>
      <Section title="Clusters" content={groupsTable(groups, 'cluster', horizonEnd)} />
      <Section title="Hosts" content={groupsTable(groups, 'host', horizonEnd)} />
      <Section title="Projects" content={projectsTable(projects)} />
      <Section title="Rightsizing" content={sizesTable(rightsizing.servers)}>
        <p className="muted">Catalogue: {rightsizing.catalogue}</p>
      </Section>
      {savings.total_usd > 0 && (
        <p className="verdict">
          Savings a month: rightsize {formatDollars(savings.rightsize_usd)}, consolidate {formatDollars(savings.consolidate_usd)}, retire{' '}
          {formatDollars(savings.retire_usd)}; together {formatDollars(savings.total_usd)}.
        </p>
      )}
      {notes.map((note) => (
        <p key={note} className="verdict">
          {note}
        </p>
      ))}
    </>
  )
}

interface SectionProps {
  readonly title: string
  readonly content: TableContent
  readonly children?: ReactNode
}

/** Nothing where the table has no row. */
const Section = ({ title, content, children }: SectionProps) =>
  content.rows.length === 0 ? null : (
    <section>
      <h2>{title}</h2>
      <DataTable label={title} content={content} />
      {children}
    </section>
  )

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
  if (resources.length === 1) return `${limiting.metric} is the only resource of this run`
  const servers = resources.reduce((sum, { limits }) => sum + limits, 0)
  return `${limiting.metric} limits ${formatting.count(limiting.limits)} of ${formatting.count(servers)} servers`
}

const dateText = (time: string | null, otherwise: string): string => (time === null ? otherwise : formatDate(Date.parse(time)))

const resourcesTable = ({ resources }: CapacityData): TableContent => ({
  columns: ['Group', 'Metric', 'Servers', 'Servers that it limits', 'Limiting'],
  rows: resources.map((row) => [row.business_unit ?? 'All servers', row.metric, row.servers, row.limits, row.is_limiting ? 'yes' : '']),
})

const groupsTable = (groups: readonly CapacityGroup[], kind: CapacityGroup['kind'], horizonEnd: string | null): TableContent => {
  const runway = (group: CapacityGroup, time: string | null): string =>
    group.limit === null || group.demand_p50 === null ? 'not known' : dateText(time, `after ${dateText(horizonEnd, 'the horizon')}`)
  return {
    columns: [
      kind === 'cluster' ? 'Cluster' : 'Host',
      'Metric',
      'Unit',
      'Members',
      'Usable',
      'Limit',
      'Demand P50',
      'Demand P90',
      'Allocated',
      'Runway P50',
      'Runway P90',
      ...(kind === 'cluster' ? ['Hosts to buy'] : []),
      'Limiting',
    ],
    rows: groups
      .filter((group) => group.kind === kind)
      .map((group) => [
        group.group,
        group.metric,
        group.unit,
        group.members,
        group.usable,
        group.limit,
        group.demand_p50,
        group.demand_p90,
        group.allocated,
        runway(group, group.runway_p50),
        runway(group, group.runway_p90),
        ...(kind === 'cluster' ? [group.hosts_to_buy] : []),
        group.is_limiting ? 'yes' : '',
      ]),
  }
}

const movedText = (without: string | null, included: string | null, days: number | null): string =>
  days === null ? `${dateText(without, 'after the horizon')} → ${dateText(included, 'after the horizon')}` : `${formatNumber(days)} days`

const projectsTable = (projects: CapacityReport['projects']): TableContent => ({
  columns: ['Project', 'Status', 'Group', 'Metric', 'Units', 'Moves P50', 'Moves P90'],
  rows: projects.map((project) => [
    project.name,
    project.status,
    project.group,
    project.metric,
    project.units,
    movedText(project.runway_p50_without, project.runway_p50_with, project.moved_days_p50),
    movedText(project.runway_p90_without, project.runway_p90_with, project.moved_days_p90),
  ]),
})

const volumesTable = (volumes: CapacityData['volumes']): TableContent => ({
  columns: ['Server', 'Metric', 'Full at', 'Earliest', 'Latest', 'Days until full', 'Growth % a day'],
  rows: volumes.map((volume) => [
    volume.server_id,
    volume.metric,
    dateText(volume.full_at, 'not in 5 years'),
    dateText(volume.full_earliest, 'not in 5 years'),
    dateText(volume.full_latest, 'never'),
    volume.days_until_full,
    volume.growth_per_day,
  ]),
})

const riskLabels = ['very low', 'low', 'medium', 'high', 'very high'] as const

const sizesTable = (servers: CapacityReport['rightsizing']['servers']): TableContent => ({
  columns: ['Server', 'Type today', 'New type', 'USD a month', 'Licence cores freed', 'Performance risk'],
  rows: servers.map((server) => [
    server.server_id,
    server.current_type,
    server.new_type,
    server.monthly_savings_usd,
    server.licence_cores_freed,
    riskLabels[server.performance_risk] ?? '',
  ]),
})
