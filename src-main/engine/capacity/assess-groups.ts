// What hosts and clusters can carry, what their members need on joint paths, and how long that fits (analysis definition, section 13).
import { agreeNumber } from '../../../src-shared/run/agree-number.ts'
import { z } from 'zod'
import type { CapacityGroup, CapacityProject, CapacityReport, ClusterPlacement } from '../../../src-shared/artefacts/capacity.ts'
import type { PlacementCheck } from '../../../src-shared/artefacts/recommendations.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { CapacityColumn } from '../../../src-shared/config/metric-capacity.ts'
import type { RunWarning } from '../../../src-shared/run/run-event.ts'
import type { Database } from '../../database/database.ts'
import type { CapacityRules } from '../../statistics/cluster-capacity.ts'
import type { MemberPlacementRule } from '../../statistics/place-members.ts'
import type { SimulationTask } from '../breach/path-batches.ts'
import { checkMemberPlacement, type ClusterMembers } from './check-member-placement.ts'
import type { ClusterPool } from './cluster-pool.ts'
import { clusterOf, describeAssessed, type AssessedCluster, type ClusterRequest, type ClusterSetup } from './cluster-work.ts'
import { isoTime, type GroupMembers } from './describe-group.ts'
import { readHostGroups, type Host, type Member } from './host-groups.ts'
import { MemberForecasts } from './member-paths.ts'
import { describePlaceable } from './place-cluster.ts'
import type { Project } from './projects.ts'
import type { FleetUse } from './rightsize.ts'

/** Clusters, hosts and projects of capacity.json. */
type GroupReport = Omit<CapacityReport, 'drivers' | 'driver_plans' | 'rightsizing' | 'savings'>

/** What paths are drawn from, what draws them, and the uses that are measured where they are drawn. */
export interface GroupPaths {
  readonly task: SimulationTask
  readonly pool: ClusterPool
  readonly uses: FleetUse | null
}

export const capacityRulesOf = ({ reserve_hosts, reserve_percent, capacity_target }: AnalysisConfig): CapacityRules => ({
  reserve_hosts,
  reserve_percent,
  capacity_target,
})

/** Clusters that are asked about at a time: their demand is in memory then. */
const clustersPerTurn = 32

/** Reads `server_attributes`, `series`, `series_capacity`, `horizon`. `source`: null where no paths are known. */
export const assessGroups = async (
  database: Database,
  config: AnalysisConfig,
  columns: ReadonlyMap<string, CapacityColumn>,
  projects: readonly Project[],
  source: GroupPaths | null,
): Promise<GroupReport> => {
  const rules = capacityRulesOf(config)
  const found = await readHostGroups(database)
  await createDemandTables(database)
  if (found === null)
    return {
      ...rules,
      horizon_end: null,
      hosts: [],
      groups: [],
      placements: [],
      placement_check: null,
      projects: [],
      notes: describeUnknownProjects(projects, []),
    }
  const members = found.members.filter(({ metric }) => columns.has(metric))
  const batches = groupMembers(found.hosts, members)
  const forecasts = source === null ? new MemberForecasts([], new Map()) : await MemberForecasts.overHorizon(database, source.task, members)
  const { times } = forecasts
  const check = source === null ? null : await checkClusters(source, config, columns, batches, forecasts)
  const rule = check === null ? null : { target: config.capacity_target / 100, acceptedShare: check.accepted_share }
  const groups: CapacityGroup[] = []
  const movements: CapacityProject[] = []
  const placements: ClusterPlacement[] = []
  const tooLarge: string[] = []
  for (let from = 0; from < batches.length; from += clustersPerTurn) {
    const turn = batches.slice(from, from + clustersPerTurn)
    const assessed =
      source === null ? describeWithoutPaths(turn, { rules, columns, projects }) : await askClusters(source, turn, forecasts, rule)
    for (const [index, { groups: described, uses, placement }] of assessed.entries()) {
      for (const [seriesId, use] of uses) source?.uses?.enter(seriesId, use)
      if (placement === 'too large') tooLarge.push(clusterOf(turn[index]!)!.cluster)
      else if (placement !== null) placements.push(placement)
      for (const { group, projects: moved, demand } of described) {
        if (demand !== null) await storeDemand(database, group, demand, times.length)
        groups.push(group)
        movements.push(...moved)
      }
    }
  }
  movements.sort((a, b) => compare(a.name, b.name) || compare(a.group, b.group) || compare(a.metric, b.metric))
  groups.sort((a, b) => compare(a.kind, b.kind) || compare(a.group, b.group) || compare(a.metric, b.metric))
  return {
    ...rules,
    horizon_end: times.length === 0 ? null : isoTime(times.at(-1)!),
    hosts: found.hosts.map(({ name, cluster, capacities }) => ({ name, cluster, ...knownCapacities(capacities) })),
    groups: withLimiting(groups),
    placements,
    placement_check: check,
    projects: movements,
    notes: [
      ...found.notes,
      ...(source === null ? ['Groups have no runway, since no paths were simulated.'] : []),
      ...describeUnknown(groups),
      ...tooLarge.map((cluster) => `Cluster ${cluster} has too many hosts for a placement of its members.`),
      ...(check?.verdict === 'cannot promise'
        ? ['The placement on hosts cannot be promised: in earlier windows more hosts exceeded the target than accepted.']
        : []),
      ...describeUnknownProjects(projects, groups),
    ],
  }
}

/** Null without a cluster that can be placed. */
const checkClusters = async (
  { task, pool }: GroupPaths,
  config: AnalysisConfig,
  columns: ReadonlyMap<string, CapacityColumn>,
  batches: readonly (readonly GroupMembers[])[],
  forecasts: MemberForecasts,
): Promise<PlacementCheck | null> => {
  const clusters = batches.flatMap((batch) => clusterOf(batch) ?? [])
  const isPlaceable = ({ cluster, hosts, members }: ClusterMembers): boolean =>
    describePlaceable(cluster, hosts, members, columns, forecasts) !== null
  return clusters.some(isPlaceable) ? checkMemberPlacement(task, config, columns, clusters, pool) : null
}

const askClusters = async (
  { pool, uses }: GroupPaths,
  batches: readonly (readonly GroupMembers[])[],
  forecasts: MemberForecasts,
  rule: MemberPlacementRule | null,
): Promise<AssessedCluster[]> => {
  const requests = batches.map((groups): ClusterRequest => {
    const members = groups.flatMap((group) => group.members)
    const measured = new Set(members.map(({ seriesId }) => seriesId).filter((seriesId) => uses?.isMissing(seriesId) === true))
    return { cluster: { groups, forecasts: forecasts.pick(members), times: forecasts.times, measured, rule } }
  })
  return (await pool.ask(null, requests)).map(({ cluster }) => cluster!)
}

const describeWithoutPaths = (batches: readonly (readonly GroupMembers[])[], setup: ClusterSetup): AssessedCluster[] =>
  batches.map((groups) => ({
    groups: groups.map((group) => describeAssessed(group, { times: [], sums: new Float64Array(0) }, setup, () => false)),
    uses: [],
    placement: null,
  }))

const knownCapacities = (capacities: Host['capacities']): Record<CapacityColumn, number | null> => {
  const known = (column: CapacityColumn): number | null => (Number.isNaN(capacities[column]) ? null : capacities[column])
  return { cores: known('cores'), mem_gib: known('mem_gib'), disk_gib: known('disk_gib'), capacity_units: known('capacity_units') }
}

const createDemandTables = async (database: Database): Promise<void> => {
  await database.run('CREATE OR REPLACE TABLE demand_clusters (demand_id INTEGER, cluster VARCHAR, metric VARCHAR)')
  await database.run('CREATE OR REPLACE TABLE demand_values (demand_id INTEGER, path INTEGER, step INTEGER, demand DOUBLE)')
}

/** The members' demand, for questions about other hosts and projects. */
const storeDemand = async (database: Database, { group, metric }: CapacityGroup, sums: Float64Array, steps: number): Promise<void> => {
  const { id } = await database.row(
    `INSERT INTO demand_clusters SELECT CAST(count(*) AS INTEGER), $1, $2 FROM demand_clusters RETURNING demand_id AS id`,
    z.object({ id: z.int() }),
    [group, metric],
  )
  await database.appendColumns('demand_values', [
    new Int32Array(sums.length).fill(id),
    Int32Array.from(sums, (_, index) => Math.floor(index / steps)),
    Int32Array.from(sums, (_, index) => index % steps),
    sums,
  ])
}

/** The rows of cluster_demand.parquet. Reads what `assessGroups` stored. */
export const clusterDemandQuery = `
  SELECT cluster, metric, path, step, demand FROM demand_values JOIN demand_clusters USING (demand_id) ORDER BY cluster, metric, path, step`

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Clusters with their hosts, one batch each; hosts without a cluster follow one by one. */
const groupMembers = (hosts: readonly Host[], members: readonly Member[]): GroupMembers[][] => {
  const hostByName = new Map(hosts.map((host) => [host.name, host]))
  const batches = new Map<string, Map<string, GroupMembers & { readonly members: Member[] }>>()
  const enter = (kind: GroupMembers['kind'], group: string, cluster: string | null, own: readonly Host[], member: Member): void => {
    const batchKey = JSON.stringify(cluster === null ? ['host', group] : ['cluster', cluster])
    const batch = batches.get(batchKey) ?? new Map<string, GroupMembers & { readonly members: Member[] }>()
    batches.set(batchKey, batch)
    const key = JSON.stringify([kind, group, member.metric])
    const known = batch.get(key)
    if (known !== undefined) known.members.push(member)
    else
      batch.set(key, {
        kind,
        group,
        cluster: kind === 'cluster' ? null : cluster,
        metric: member.metric,
        hosts: own,
        members: [member],
      })
  }
  const hostsByCluster = new Map<string, Host[]>()
  for (const host of hosts) {
    if (host.cluster === null) continue
    const known = hostsByCluster.get(host.cluster)
    if (known === undefined) hostsByCluster.set(host.cluster, [host])
    else known.push(host)
  }
  for (const member of members) {
    if (member.cluster !== null) enter('cluster', member.cluster, member.cluster, hostsByCluster.get(member.cluster) ?? [], member)
    const host = member.host === null ? undefined : hostByName.get(member.host)
    if (host !== undefined) enter('host', host.name, member.cluster, [host], member)
  }
  return [...batches.keys()].sort().map((key) => [...batches.get(key)!.values()])
}

/** Of each group the metric with the earliest runway limits; then the one that fills the greatest share of its limit. */
const withLimiting = (groups: readonly CapacityGroup[]): CapacityGroup[] => {
  const fill = ({ demand_p90, limit }: CapacityGroup): number =>
    demand_p90 === null || limit === null ? Number.NEGATIVE_INFINITY : demand_p90 / limit
  const never = '\uffff'
  const isBefore = (a: CapacityGroup, b: CapacityGroup): boolean =>
    (compare(a.runway_p50 ?? never, b.runway_p50 ?? never) || compare(a.runway_p90 ?? never, b.runway_p90 ?? never) || fill(b) - fill(a)) <
    0
  const limiting = new Map<string, CapacityGroup>()
  for (const group of groups) {
    if (fill(group) === Number.NEGATIVE_INFINITY) continue
    const key = JSON.stringify([group.kind, group.group])
    const known = limiting.get(key)
    if (known === undefined || isBefore(group, known)) limiting.set(key, group)
  }
  return groups.map((group) => ({ ...group, is_limiting: limiting.get(JSON.stringify([group.kind, group.group])) === group }))
}

const describeUnknown = (groups: readonly CapacityGroup[]): string[] =>
  groups
    .filter(({ kind }) => kind === 'cluster')
    .flatMap(({ group, metric, unit, capacity, hosts, members, unknown_members: unknown }) => [
      ...(hosts === 0
        ? [`Cluster ${group} has no hosts in the servers table, so its capacity is not known.`]
        : capacity === null
          ? [`Cluster ${group} has hosts without a capacity in ${unit}, so ${metric} has no runway.`]
          : []),
      ...(unknown === 0
        ? []
        : [
            `Cluster ${group}: ${metric} of ${unknown} of ${members} ${agreeNumber('[server|servers]', members)} is not known, so its runway may be shorter.`,
          ]),
    ])
    .filter((note, index, all) => all.indexOf(note) === index)

const isCounted = (project: Project, groups: readonly CapacityGroup[]): boolean =>
  groups.some(({ group, metric }) => group === project.group && metric === project.metric)

const describeUnknownProjects = (projects: readonly Project[], groups: readonly CapacityGroup[]): string[] =>
  projects
    .filter((project) => !isCounted(project, groups))
    .map(({ name, group, metric }) =>
      groups.some((known) => known.group === group)
        ? `Project ${name} adds ${metric}, which no server of ${group} has.`
        : `Project ${name} names ${group}, which is no cluster or host of the servers table.`,
    )

/** Projects that change no figure; capacity.json says why of each. */
export const warnOfUnknownProjects = (projects: readonly Project[], groups: readonly CapacityGroup[]): RunWarning[] => {
  const names = projects.filter((project) => !isCounted(project, groups)).map(({ name, group, metric }) => `${name} (${group}, ${metric})`)
  if (names.length === 0) return []
  const examples = names.slice(0, 3)
  const message =
    names.length === 1
      ? `1 project changes no figure, since no server has its group and metric: ${examples.join(', ')}.`
      : `${names.length.toLocaleString('en-US')} projects change no figure, since no server has their group and metric: ${examples.join(', ')}.`
  return [{ code: 'unknown-projects', message, count: names.length, examples }]
}
