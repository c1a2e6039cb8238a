// headroom capacity: which resource limits, when volumes are full, how long clusters and hosts last, and what to buy.
import type { CapacityProject, CapacitySummary } from '../../src-shared/artefacts/capacity.ts'
import type { CapacityView } from '../../src-shared/ipc/capacity-view.ts'
import { queryCapacity } from '../queries/capacity/capacity-query.ts'
import { openRunFolder } from '../queries/run/open-run-folder.ts'
import { withChangeWarnings } from './changed-runs.ts'
import { countText, decimalText, reportTable, signedText, wrapText } from './report-text.ts'
import {
  countUnplaced,
  hostsThatMustStay,
  memberPlacementCheckText,
  moveTargetText,
} from '../../src-shared/artefacts/member-placement-text.ts'
import { performanceRiskText, sizingCheckText } from '../../src-shared/artefacts/sizing-check-text.ts'
import { jsonText, print, runCancellable } from './terminal.ts'

export const runCapacity = async (path: string, options: { readonly json?: boolean }): Promise<void> => {
  const view = await runCancellable((signal) =>
    withChangeWarnings([path], async () => {
      const run = await openRunFolder(path, signal)
      try {
        return await queryCapacity(run)
      } finally {
        await run.close()
      }
    }),
  )
  print(options.json === true ? jsonText({ ...view }, 2) : describeCapacity(view))
}

const maxVolumeRows = 20
const maxGroupRows = 40

const dayText = (time: string | null, otherwise: string): string => (time === null ? otherwise : time.slice(0, 10))

/** The capacity as text: limiting resources, clusters, hosts, volumes, and what is not known. */
export const describeCapacity = ({ report, resources, volumes, volume_count, driver_months }: CapacityView): string =>
  [
    resources.length === 0 ? 'No metric has a threshold, so no resource limits.' : describeResources(resources),
    report === null ? 'Clusters and hosts are not known in this run.' : describeGroups(report.groups, report.horizon_end),
    report === null ? '' : describePlacements(report),
    report === null || report.projects.length === 0 ? '' : describeProjects(report.projects),
    volumes.length === 0 ? '' : describeVolumes(volumes, volume_count),
    report === null || report.drivers.length === 0 ? '' : describeDrivers(report.drivers),
    driver_months.length === 0 ? '' : describeDriverMonths(driver_months),
    report === null ? '' : describeSavings(report),
    ...(report?.notes ?? []).map((note) => wrapText(`Note: ${note}`)),
  ]
    .filter((section) => section !== '')
    .join('\n\n')

const describeResources = (resources: CapacityView['resources']): string => {
  const metrics = new Set(resources.map(({ metric }) => metric))
  if (metrics.size === 1) return `${[...metrics][0]} is the only resource of this run.`
  return reportTable(
    ['group', 'metric', 'servers', 'limits', ''],
    resources.map((row) => [
      row.business_unit ?? 'all servers',
      row.metric,
      String(row.servers),
      String(row.limits),
      row.is_limiting ? 'limiting' : '',
    ]),
  )
}

const describeGroups = (groups: CapacitySummary['groups'], horizonEnd: string | null): string => {
  if (groups.length === 0) return 'The servers table names no host or cluster.'
  const rows = groups.filter(({ kind, is_limiting }) => kind === 'cluster' || is_limiting)
  const hasSeveral = new Set(rows.map(({ metric }) => metric)).size > 1
  const unknown = 'not known'
  const beyond = `after ${dayText(horizonEnd, '')}`
  const runway = (group: CapacitySummary['groups'][number], time: string | null): string =>
    group.limit === null || group.demand_p50 === null ? unknown : dayText(time, beyond)
  return [
    reportTable(
      [
        'group',
        'metric',
        'unit',
        'usable',
        'limit',
        'demand P90',
        'allocated',
        'runway P50',
        'runway P90',
        'hosts to buy',
        ...(hasSeveral ? [''] : []),
      ],
      rows
        .slice(0, maxGroupRows)
        .map((group) => [
          `${group.kind} ${group.group}`,
          group.metric,
          group.unit,
          group.usable === null ? unknown : decimalText(group.usable),
          decimalText(group.limit),
          decimalText(group.demand_p90),
          group.usable === null || group.usable === 0 ? '' : `${Math.round((100 * group.allocated) / group.usable)} %`,
          runway(group, group.runway_p50),
          runway(group, group.runway_p90),
          group.hosts_to_buy === null ? '' : String(group.hosts_to_buy),
          ...(hasSeveral ? [group.is_limiting ? 'limiting' : ''] : []),
        ]),
    ),
    ...(rows.length > maxGroupRows
      ? [`Only the first ${maxGroupRows} of ${countText(rows.length, 'row')} are shown; --json has all.`]
      : []),
  ].join('\n')
}

const maxMoveRows = 20

/** Where the members of each cluster go, and which host must not be lost. */
const describePlacements = ({ placements, placement_check: check }: CapacitySummary): string => {
  if (placements.length === 0) return ''
  const moves = placements.flatMap(({ cluster, moves: own }) => own.map((move) => ({ cluster, ...move })))
  return [
    reportTable(
      ['placement', 'members', 'move', 'hosts to add', 'without a place', 'hosts that must stay'],
      placements.slice(0, maxGroupRows).map((placement) => {
        const staying = hostsThatMustStay(placement)
        return [
          `cluster ${placement.cluster}`,
          String(placement.members),
          String(placement.moves.filter(({ from }) => from !== null).length),
          String(placement.added_hosts.length),
          String(countUnplaced(placement.added_hosts, placement.too_large)),
          staying.length === 0
            ? 'none'
            : `${staying.length} of ${placement.hosts.length}: ${staying.slice(0, 2).join(', ')}${staying.length > 2 ? ', …' : ''}`,
        ]
      }),
    ),
    ...(moves.length === 0
      ? []
      : [
          reportTable(
            ['member', 'cluster', 'from', 'to'],
            moves.slice(0, maxMoveRows).map((move) => [move.server_id, move.cluster, move.from ?? '', moveTargetText(move)]),
          ),
        ]),
    ...(moves.length > maxMoveRows
      ? [`Only the first ${maxMoveRows} of ${countText(moves.length, 'move')} are shown; --json has all.`]
      : []),
    ...(check === null ? [] : [wrapText(memberPlacementCheckText(check))]),
  ].join('\n')
}

const describeProjects = (projects: readonly CapacityProject[]): string => {
  const movedText = (without: string | null, included: string | null, days: number | null): string =>
    days === null ? `${dayText(without, 'after the horizon')} to ${dayText(included, 'after the horizon')}` : `${signedText(days)} days`
  return reportTable(
    ['project', 'status', 'group', 'metric', 'units', 'moves P50', 'moves P90'],
    projects.map((project) => [
      project.name,
      project.status,
      project.group,
      project.metric,
      decimalText(project.units),
      movedText(project.runway_p50_without, project.runway_p50_with, project.moved_days_p50),
      movedText(project.runway_p90_without, project.runway_p90_with, project.moved_days_p90),
    ]),
  )
}

const describeVolumes = (volumes: CapacityView['volumes'], count: number): string => {
  const soonest = volumes.slice(0, maxVolumeRows)
  return [
    reportTable(
      ['volume', 'metric', 'full at', 'earliest', 'latest', 'days', 'growth %/day'],
      soonest.map((row) => [
        row.server_id,
        row.metric,
        dayText(row.full_at, 'not in 5 years'),
        dayText(row.full_earliest, 'not in 5 years'),
        dayText(row.full_latest, 'never'),
        row.days_until_full === null ? '' : String(Math.round(row.days_until_full)),
        row.growth_per_day.toFixed(3),
      ]),
    ),
    ...(count > soonest.length
      ? [`Only the first ${soonest.length} of ${countText(count, 'volume')} are shown; --json has up to 1,000.`]
      : []),
  ].join('\n')
}

const maxDriverRows = 20

/** Those with the least left first. */
const describeDrivers = (drivers: CapacitySummary['drivers']): string => {
  const rows = [...drivers].sort(
    (a, b) => (a.residual_percent ?? Number.POSITIVE_INFINITY) - (b.residual_percent ?? Number.POSITIVE_INFINITY),
  )
  return [
    reportTable(
      ['driver', 'server', 'metric', 'R2', 'current', 'supported', 'factor', 'left %'],
      rows
        .slice(0, maxDriverRows)
        .map((row) => [
          row.group === null ? row.driver : `${row.driver} (${row.group})`,
          row.server_id,
          row.metric,
          row.held_out_r2.toFixed(2),
          decimalText(row.current),
          row.supported === null ? 'not known' : decimalText(row.supported),
          decimalText(row.growth_factor),
          decimalText(row.residual_percent),
        ]),
    ),
    ...(rows.length > maxDriverRows
      ? [`Only the first ${maxDriverRows} of ${countText(rows.length, 'row')} are shown; --json has all.`]
      : []),
  ].join('\n')
}

const maxMonthRows = 36

const describeDriverMonths = (months: CapacityView['driver_months']): string =>
  [
    reportTable(
      ['plan', 'month', 'value', 'metrics', 'above', '95 % interval', 'furthest above', 'P95', '95 % interval'],
      months
        .slice(0, maxMonthRows)
        .map(({ driver, group, month, value, metrics, above, above_low, above_high, first }) => [
          group === null ? driver : `${driver} (${group})`,
          month,
          decimalText(value),
          String(metrics),
          String(above),
          `${above_low} to ${above_high}`,
          first === null ? '' : `${first.server_id} ${first.metric}`,
          first === null ? '' : decimalText(first.p95),
          first === null ? '' : `${decimalText(first.p95_low)} to ${decimalText(first.p95_high)}`,
        ]),
    ),
    ...(months.length > maxMonthRows
      ? [`Only the first ${maxMonthRows} of ${countText(months.length, 'month')} are shown; --json has all.`]
      : []),
  ].join('\n')

const maxSizeRows = 20

/** The waterfall, and the servers that a smaller type carries. */
const describeSavings = ({ savings, rightsizing }: CapacitySummary): string => {
  const usd = (amount: number): string => amount.toLocaleString('en-US', { maximumFractionDigits: 2 })
  const largest = [...rightsizing.servers].sort((a, b) => b.monthly_savings_usd - a.monthly_savings_usd).slice(0, maxSizeRows)
  return [
    `Savings, USD a month: rightsize ${usd(savings.rightsize_usd)} + consolidate ${usd(savings.consolidate_usd)} + retire ${usd(savings.retire_usd)} = ${usd(savings.total_usd)}. Licences: ${usd(savings.licences_usd)}.`,
    ...(largest.length === 0
      ? []
      : [
          reportTable(
            ['rightsize', 'from', 'to', 'USD a month', 'risk'],
            largest.map((row) => [row.server_id, row.current_type, row.new_type, usd(row.monthly_savings_usd), performanceRiskText(row)]),
          ),
          wrapText(`Catalogue: ${rightsizing.catalogue}.`),
          ...(rightsizing.check === null ? [] : [wrapText(sizingCheckText(rightsizing.check))]),
        ]),
    ...(rightsizing.servers.length > largest.length
      ? [`Only the first ${largest.length} of ${countText(rightsizing.servers.length, 'server')} are shown; --json has all.`]
      : []),
  ].join('\n')
}
