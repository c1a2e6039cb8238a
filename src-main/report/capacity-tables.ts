// The capacity of a run as tables of its report: what limits, how long clusters last, where members go, what projects, drivers and smaller types change.
import type { CapacityProject, CapacitySummary } from '../../src-shared/artefacts/capacity.ts'
import { countUnplaced, hostsThatMustStay, memberPlacementCheckText } from '../../src-shared/artefacts/member-placement-text.ts'
import { performanceRiskText, sizingCheckText } from '../../src-shared/artefacts/sizing-check-text.ts'
import { fixedFormatting as text } from '../../src-shared/chart-options/format.ts'
import type { CapacityView } from '../../src-shared/ipc/capacity-view.ts'
import { formatNumber, formatUsd, maxRows, numberColumn, orDash, textColumn, type ReportTable } from './report-table.ts'

/** Writes a time as a day; null as the words given. */
type WriteDay = (time: string | null, otherwise: string) => string

/** In the order of the Capacity view; the caller leaves out a table without a row. */
export const createCapacityTables = (
  { report, resources, volumes, driver_months: months, volume_count: volumeCount }: CapacityView,
  dayAndYear: (ms: number) => string,
): ReportTable[] => {
  const day: WriteDay = (time, otherwise) => (time === null ? otherwise : dayAndYear(Date.parse(time)))
  return [
    createResourcesTable(resources),
    ...(report === null ? [] : createReportTables(report, months, day)),
    {
      title: 'Volumes by days until full',
      ...noteOf(volumeCount),
      columns: [
        textColumn('Server'),
        textColumn('Metric'),
        textColumn('Full at'),
        textColumn('Earliest'),
        textColumn('Latest'),
        numberColumn('Growth % a day'),
      ],
      rows: volumes
        .slice(0, maxRows)
        .map((volume) => [
          volume.server_id,
          volume.metric,
          day(volume.full_at, 'not in 5 years'),
          day(volume.full_earliest, 'not in 5 years'),
          day(volume.full_latest, 'never'),
          text.value(volume.growth_per_day, ''),
        ]),
    },
  ]
}

const noteOf = (count: number, ...sentences: readonly string[]): Pick<ReportTable, 'note'> => {
  const all = [...(count > maxRows ? [`The first ${maxRows} of ${text.count(count)}.`] : []), ...sentences]
  return all.length === 0 ? {} : { note: all.join(' ') }
}

/** Of several resources; one alone always limits. */
const createResourcesTable = (resources: CapacityView['resources']): ReportTable => {
  const hasSeveral = new Set(resources.map(({ metric }) => metric)).size > 1
  const shown = hasSeveral ? resources : []
  return {
    title: 'Limiting resources',
    ...noteOf(shown.length),
    columns: [
      textColumn('Business unit'),
      textColumn('Metric'),
      numberColumn('Servers'),
      numberColumn('Limited servers'),
      textColumn('Limiting'),
    ],
    rows: shown
      .slice(0, maxRows)
      .map((row) => [
        row.business_unit ?? 'All servers',
        row.metric,
        text.count(row.servers),
        text.count(row.limits),
        row.is_limiting ? 'yes' : '',
      ]),
  }
}

const createReportTables = (report: CapacitySummary, months: CapacityView['driver_months'], day: WriteDay): ReportTable[] => {
  const { placements, placement_check: check, projects } = report
  const afterHorizon = `after ${day(report.horizon_end, 'the horizon')}`
  const runway = (isKnown: boolean, time: string | null): string => (isKnown ? day(time, afterHorizon) : 'not known')
  const clusters = report.groups.filter(({ kind }) => kind === 'cluster')
  return [
    {
      title: 'Capacity of clusters',
      ...noteOf(clusters.length),
      columns: [
        textColumn('Cluster'),
        textColumn('Metric'),
        numberColumn('Usable'),
        numberColumn('Limit'),
        numberColumn('Demand P90'),
        textColumn('Unit'),
        textColumn('Runway P50'),
        textColumn('Runway P90'),
        numberColumn('Hosts to buy'),
      ],
      rows: clusters.slice(0, maxRows).map((group) => {
        const isKnown = group.limit !== null && group.demand_p50 !== null
        return [
          group.group,
          group.metric,
          orDash(group.usable, formatNumber),
          orDash(group.limit, formatNumber),
          orDash(group.demand_p90, formatNumber),
          group.unit,
          runway(isKnown, group.runway_p50),
          runway(isKnown, group.runway_p90),
          orDash(group.hosts_to_buy, text.count),
        ]
      }),
    },
    {
      title: 'Placement on hosts',
      ...noteOf(placements.length, ...(check === null ? [] : [memberPlacementCheckText(check)])),
      columns: [
        textColumn('Cluster'),
        numberColumn('Members'),
        numberColumn('Hosts to add'),
        numberColumn('Without a place'),
        numberColumn('Hosts that must stay'),
      ],
      rows: placements
        .slice(0, maxRows)
        .map((placement) => [
          placement.cluster,
          text.count(placement.members),
          text.count(placement.added_hosts.length),
          text.count(countUnplaced(placement.added_hosts, placement.too_large)),
          text.count(hostsThatMustStay(placement).length),
        ]),
    },
    createProjectsTable(projects, afterHorizon, day),
    ...createDriverTables(report, months),
    ...createSizeTables(report),
  ]
}

const createProjectsTable = (projects: readonly CapacityProject[], afterHorizon: string, day: WriteDay): ReportTable => ({
  title: 'Projects',
  ...noteOf(projects.length),
  columns: [
    textColumn('Project'),
    textColumn('Status'),
    textColumn('Group'),
    textColumn('Metric'),
    numberColumn('Units'),
    textColumn('From'),
    numberColumn('Moves P50, days'),
    textColumn('Runway P50 with it'),
    numberColumn('Moves P90, days'),
    textColumn('Runway P90 with it'),
  ],
  rows: projects
    .slice(0, maxRows)
    .map((project) => [
      project.name,
      project.status,
      project.group,
      project.metric,
      formatNumber(project.units),
      project.from,
      orDash(project.moved_days_p50, formatNumber),
      day(project.runway_p50_with, afterHorizon),
      orDash(project.moved_days_p90, formatNumber),
      day(project.runway_p90_with, afterHorizon),
    ]),
})

const driverName = ({ driver, group }: { readonly driver: string; readonly group: string | null }): string =>
  group === null ? driver : `${driver} (${group})`

/** Those with the least left first. */
const createDriverTables = ({ drivers }: CapacitySummary, months: CapacityView['driver_months']): ReportTable[] => [
  {
    title: 'Business drivers',
    ...noteOf(drivers.length),
    columns: [
      textColumn('Driver'),
      textColumn('Server'),
      textColumn('Metric'),
      numberColumn('R²'),
      numberColumn('Current'),
      numberColumn('Supported'),
      numberColumn('Growth factor'),
      numberColumn('Left, %'),
    ],
    rows: [...drivers]
      .sort((a, b) => (a.residual_percent ?? Number.POSITIVE_INFINITY) - (b.residual_percent ?? Number.POSITIVE_INFINITY))
      .slice(0, maxRows)
      .map((row) => [
        driverName(row),
        row.server_id,
        row.metric,
        row.held_out_r2.toFixed(2),
        formatNumber(row.current),
        orDash(row.supported, formatNumber),
        orDash(row.growth_factor, formatNumber),
        orDash(row.residual_percent, formatNumber),
      ]),
  },
  {
    title: 'Plans of drivers',
    ...noteOf(months.length),
    columns: [
      textColumn('Driver'),
      textColumn('Month'),
      numberColumn('Value'),
      numberColumn('Metrics'),
      numberColumn('Above threshold'),
      textColumn('95 % interval'),
      textColumn('Furthest above'),
    ],
    rows: months
      .slice(0, maxRows)
      .map((row) => [
        driverName(row),
        row.month,
        formatNumber(row.value),
        text.count(row.metrics),
        text.count(row.above),
        `${text.count(row.above_low)} to ${text.count(row.above_high)}`,
        row.first === null ? '–' : `${row.first.server_id} ${row.first.metric}`,
      ]),
  },
]

/** Without a smaller type the recommendations state what is saved. */
const createSizeTables = ({ rightsizing, savings }: CapacitySummary): ReportTable[] => {
  const { servers, catalogue, check } = rightsizing
  const steps = [
    ['Rightsize', savings.rightsize_usd],
    ['Consolidate', savings.consolidate_usd],
    ['Retire', savings.retire_usd],
    ['All', savings.total_usd],
  ] as const
  return [
    {
      title: 'Rightsizing',
      ...noteOf(servers.length, ...(check === null ? [] : [sizingCheckText(check)]), `Catalogue: ${catalogue}.`),
      columns: [
        textColumn('Server'),
        textColumn('Current type'),
        textColumn('New type'),
        numberColumn('Savings per month'),
        numberColumn('Licence cores freed'),
        textColumn('Performance risk'),
      ],
      rows: [...servers]
        .sort((a, b) => b.monthly_savings_usd - a.monthly_savings_usd)
        .slice(0, maxRows)
        .map((server) => [
          server.server_id,
          server.current_type,
          server.new_type,
          formatUsd(server.monthly_savings_usd),
          formatNumber(server.licence_cores_freed),
          performanceRiskText(server),
        ]),
    },
    {
      title: 'Savings by step',
      ...noteOf(0, ...(savings.licences_usd > 0 ? [`Licences apart: ${formatUsd(savings.licences_usd)} per month.`] : [])),
      columns: [textColumn('Step'), numberColumn('USD per month')],
      rows: servers.length === 0 ? [] : steps.map(([name, usd]) => [name, formatUsd(usd)]),
    },
  ]
}
