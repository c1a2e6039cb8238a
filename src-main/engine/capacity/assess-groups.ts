// What hosts and clusters can carry, what their members need on joint paths, and how long that fits (analysis definition, section 13).
import { agreeNumber } from '../../../src-shared/run/agree-number.ts'
import { z } from 'zod'
import type { CapacityGroup, CapacityProject, CapacityReport, ClusterPlacement } from '../../../src-shared/artefacts/capacity.ts'
import type { PlacementCheck } from '../../../src-shared/artefacts/recommendations.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { CapacityColumn } from '../../../src-shared/config/metric-capacity.ts'
import type { RunWarning } from '../../../src-shared/run/run-event.ts'
import type { Database } from '../../database/database.ts'
import {
  addProjects,
  commonestSize,
  countHostsToBuy,
  demandCurves,
  firstAbove,
  projectMovement,
  usableCapacity,
  type CapacityRules,
  type DemandPaths,
} from '../../statistics/cluster-capacity.ts'
import { yieldToEventLoop } from '../../statistics/yield-to-event-loop.ts'
import type { SimulationTask } from '../breach/path-batches.ts'
import { pathCount } from '../breach/simulate-paths.ts'
import { checkMemberPlacement, type ClusterMembers } from './check-member-placement.ts'
import { readHostGroups, type Host, type Member } from './host-groups.ts'
import { MemberPaths } from './member-paths.ts'
import { ClusterDemand, DemandMemory, describePlaceable, describePlacement, placeCluster, type ClusterPlacing } from './place-cluster.ts'
import type { Project } from './projects.ts'
import { capacityUnits } from './series-capacity.ts'

/** The demand of a group by path and time, in the unit of its capacity. */
interface GroupDemand {
  readonly kind: CapacityGroup['kind']
  readonly group: string
  readonly cluster: string | null
  readonly metric: string
  readonly hosts: readonly Host[]
  readonly members: Member[]
  /** Path after path; empty without a forecast. */
  sums: Float64Array
}

/** Clusters, hosts and projects of capacity.json. */
type GroupReport = Omit<CapacityReport, 'drivers' | 'driver_plans' | 'rightsizing' | 'savings'>

/** What else reads the paths of a member while they are drawn. */
export type OnMemberPaths = (seriesId: number, paths: Float64Array) => void

/** Reads `server_attributes`, `series`, `series_capacity`, `horizon`. `task`: what paths are drawn from; null where none are known. */
export const assessGroups = async (
  database: Database,
  config: AnalysisConfig,
  columns: ReadonlyMap<string, CapacityColumn>,
  projects: readonly Project[],
  task: SimulationTask | null,
  signal: AbortSignal | undefined,
  onPaths: OnMemberPaths = () => undefined,
): Promise<GroupReport> => {
  const rules = { reserve_hosts: config.reserve_hosts, reserve_percent: config.reserve_percent, capacity_target: config.capacity_target }
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
  const demands = task === null ? null : await MemberPaths.overHorizon(database, task, members)
  const placer = task === null || demands === null ? null : await ClusterPlacer.open(task, config, columns, batches, demands, signal)
  const noPaths = { times: [], isKnown: () => false }
  const groups: CapacityGroup[] = []
  const movements: CapacityProject[] = []
  const times = demands?.times ?? []
  for (const batch of batches) {
    await yieldToEventLoop(signal)
    const placing = placer?.begin(batch)
    if (demands !== null) addDemands(batch, demands, onPaths, (seriesId, demand) => placing?.demand.collect(seriesId, demand))
    if (placing !== undefined) await placer!.place(placing)
    for (const demand of batch) {
      const own = projects.filter(({ group, metric }) => group === demand.group && metric === demand.metric)
      const committed = own.filter(({ status }) => status === 'committed')
      const { sums } = demand
      if (demand.kind === 'cluster' && sums.length > 0) await storeDemand(database, demand, times.length)
      demand.sums = addProjects({ times, sums }, committed)
      const described = describeGroup(demand, columns.get(demand.metric)!, demands ?? noPaths, rules)
      groups.push(described)
      for (const project of own) movements.push(describeProject(project, described, { times, sums }, committed))
      demand.sums = new Float64Array(0)
    }
  }
  movements.sort((a, b) => compare(a.name, b.name) || compare(a.group, b.group) || compare(a.metric, b.metric))
  groups.sort((a, b) => compare(a.kind, b.kind) || compare(a.group, b.group) || compare(a.metric, b.metric))
  return {
    ...rules,
    horizon_end: times.length === 0 ? null : isoTime(times.at(-1)!),
    hosts: found.hosts.map(({ name, cluster, capacities }) => ({ name, cluster, ...knownCapacities(capacities) })),
    groups: withLimiting(groups),
    placements: placer?.placements ?? [],
    placement_check: placer?.check ?? null,
    projects: movements,
    notes: [
      ...found.notes,
      ...(task === null ? ['Groups have no runway, since no paths were simulated.'] : []),
      ...describeUnknown(groups),
      ...(placer?.notes() ?? []),
      ...describeUnknownProjects(projects, groups),
    ],
  }
}

const knownCapacities = (capacities: Host['capacities']): Record<CapacityColumn, number | null> => {
  const known = (column: CapacityColumn): number | null => (Number.isNaN(capacities[column]) ? null : capacities[column])
  return { cores: known('cores'), mem_gib: known('mem_gib'), disk_gib: known('disk_gib'), capacity_units: known('capacity_units') }
}

const createDemandTables = async (database: Database): Promise<void> => {
  await database.run('CREATE OR REPLACE TABLE demand_clusters (demand_id INTEGER, cluster VARCHAR, metric VARCHAR)')
  await database.run('CREATE OR REPLACE TABLE demand_values (demand_id INTEGER, path INTEGER, step INTEGER, demand DOUBLE)')
}

/** The members' demand, for questions about other hosts and projects. */
const storeDemand = async (database: Database, { group, metric, sums }: GroupDemand, steps: number): Promise<void> => {
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
const isoTime = (ms: number): string => new Date(ms).toISOString()

/** Clusters with their hosts, one batch each; hosts without a cluster follow one by one. */
const groupMembers = (hosts: readonly Host[], members: readonly Member[]): GroupDemand[][] => {
  const hostByName = new Map(hosts.map((host) => [host.name, host]))
  const batches = new Map<string, Map<string, GroupDemand>>()
  const enter = (kind: GroupDemand['kind'], group: string, cluster: string | null, own: readonly Host[], member: Member): void => {
    const batchKey = JSON.stringify(cluster === null ? ['host', group] : ['cluster', cluster])
    const batch = batches.get(batchKey) ?? new Map<string, GroupDemand>()
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
        sums: new Float64Array(0),
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

/** Sums the demand of each group of a batch; each series is drawn once. `onDemand`: in units. */
const addDemands = (batch: readonly GroupDemand[], demands: MemberPaths, onPaths: OnMemberPaths, onDemand: OnMemberPaths): void => {
  const steps = demands.times.length
  const targets = new Map<number, GroupDemand[]>()
  const capacities = new Map<number, number>()
  for (const group of batch) {
    for (const member of group.members) {
      if (!demands.isKnown(member)) continue
      const { seriesId, capacity } = member
      if (group.sums.length === 0) group.sums = new Float64Array(pathCount * steps)
      capacities.set(seriesId, capacity)
      const known = targets.get(seriesId)
      if (known === undefined) targets.set(seriesId, [group])
      else known.push(group)
    }
  }
  demands.draw([...targets.keys()], (seriesId, paths) => {
    onPaths(seriesId, paths)
    const demand = demands.demandOf(seriesId, paths, capacities.get(seriesId)! / 100)
    for (const { sums } of targets.get(seriesId)!) for (let index = 0; index < sums.length; index++) sums[index]! += demand[index]!
    onDemand(seriesId, demand)
  })
}

/** Places the members of each cluster on its hosts, with the share of paths that held in backtest windows. */
class ClusterPlacer {
  readonly check: PlacementCheck
  readonly placements: ClusterPlacement[] = []
  readonly #columns: ReadonlyMap<string, CapacityColumn>
  readonly #demands: MemberPaths
  readonly #target: number
  readonly #signal: AbortSignal | undefined
  readonly #memory: DemandMemory
  readonly #tooLarge: string[] = []

  private constructor(
    check: PlacementCheck,
    { capacity_target: target }: AnalysisConfig,
    columns: ReadonlyMap<string, CapacityColumn>,
    demands: MemberPaths,
    memory: DemandMemory,
    signal: AbortSignal | undefined,
  ) {
    this.check = check
    this.#memory = memory
    this.#target = target / 100
    this.#columns = columns
    this.#demands = demands
    this.#signal = signal
  }

  /** Null without a cluster that can be placed. */
  static async open(
    task: SimulationTask,
    config: AnalysisConfig,
    columns: ReadonlyMap<string, CapacityColumn>,
    batches: readonly (readonly GroupDemand[])[],
    demands: MemberPaths,
    signal: AbortSignal | undefined,
  ): Promise<ClusterPlacer | null> {
    const clusters = batches.flatMap((batch) => clusterOf(batch) ?? [])
    const isPlaceable = ({ cluster, hosts, members }: ClusterMembers): boolean =>
      describePlaceable(cluster, hosts, members, columns, demands) !== null
    if (!clusters.some(isPlaceable)) return null
    const memory = new DemandMemory()
    const check = await checkMemberPlacement(task, config, columns, clusters, memory, signal)
    return new ClusterPlacer(check, config, columns, demands, memory, signal)
  }

  begin(batch: readonly GroupDemand[]): ClusterPlacing | undefined {
    const cluster = clusterOf(batch)
    const placeable =
      cluster === null ? null : describePlaceable(cluster.cluster, cluster.hosts, cluster.members, this.#columns, this.#demands)
    if (placeable === 'too large') this.#tooLarge.push(cluster!.cluster)
    if (placeable === null || placeable === 'too large') return undefined
    this.#memory.release()
    return { placeable, demand: new ClusterDemand(placeable, this.#demands, this.#memory) }
  }

  async place({ placeable, demand }: ClusterPlacing): Promise<void> {
    const rule = { target: this.#target, acceptedShare: this.check.accepted_share }
    const [placed] = await placeCluster(placeable, demand, [rule], this.#signal)
    this.placements.push(await describePlacement(placeable, demand, placed!, this.#signal))
  }

  notes(): string[] {
    return [
      ...this.#tooLarge.map((cluster) => `Cluster ${cluster} has too many hosts for a placement of its members.`),
      ...(this.check.verdict === 'cannot promise'
        ? ['The placement on hosts cannot be promised: in earlier windows more hosts exceeded the target than accepted.']
        : []),
    ]
  }
}

/** Null for a batch of a single host. */
const clusterOf = (batch: readonly GroupDemand[]): ClusterMembers | null => {
  const own = batch.filter(({ kind }) => kind === 'cluster')
  const [first] = own
  return first === undefined ? null : { cluster: first.group, hosts: first.hosts, members: own.flatMap(({ members }) => members) }
}

const describeGroup = (
  { kind, group, cluster, metric, hosts, members, sums }: GroupDemand,
  column: CapacityColumn,
  { times, isKnown }: { readonly times: readonly number[]; readonly isKnown: (member: Member) => boolean },
  rules: CapacityRules,
): CapacityGroup => {
  const sizes = hosts.map(({ capacities }) => capacities[column])
  const isCapacityKnown = sizes.length > 0 && !sizes.some(Number.isNaN)
  // A single host does not fail by itself.
  const usable = isCapacityKnown ? usableCapacity(sizes, kind === 'host' ? { ...rules, reserve_hosts: 0 } : rules) : null
  const limit = usable === null ? null : (usable * rules.capacity_target) / 100
  const { p50, p90 } = demandCurves(sums, times.length)
  const hasDemand = sums.length > 0
  const size = isCapacityKnown ? commonestSize(sizes) : null
  const demandP90 = hasDemand ? p90.at(-1)! : null
  return {
    kind,
    group,
    cluster,
    metric,
    unit: capacityUnits[column],
    capacity_column: column,
    hosts: hosts.length,
    members: members.length,
    unknown_members: members.filter((member) => !isKnown(member)).length,
    capacity: isCapacityKnown ? sizes.reduce((sum, capacity) => sum + capacity, 0) : null,
    usable,
    limit,
    allocated: members.reduce((sum, { capacity }) => sum + (Number.isNaN(capacity) ? 0 : capacity), 0),
    demand_p50: hasDemand ? p50.at(-1)! : null,
    demand_p90: demandP90,
    runway_p50: hasDemand ? firstAbove(p50, limit, times) : null,
    runway_p90: hasDemand ? firstAbove(p90, limit, times) : null,
    host_size: size,
    hosts_to_buy:
      kind === 'host' || usable === null || size === null || demandP90 === null ? null : countHostsToBuy(demandP90, usable, size, rules),
    is_limiting: false,
    demand_dates: hasDemand ? times.map(isoTime) : [],
    demand_p50_by: hasDemand ? [...p50] : [],
    demand_p90_by: hasDemand ? [...p90] : [],
  }
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

/** By how much a project moves the runway of its group, among the committed ones. `demand`: of the members alone. */
const describeProject = (
  project: Project,
  { limit }: CapacityGroup,
  demand: DemandPaths,
  committed: readonly Project[],
): CapacityProject => {
  const { name, status, group, metric, units, from, to, probability } = project
  return {
    name,
    status,
    group,
    metric,
    units,
    from,
    to,
    probability,
    ...projectMovement(
      demand,
      limit,
      project,
      committed.filter((other) => other !== project),
    ),
  }
}

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
