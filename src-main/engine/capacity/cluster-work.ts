// What is computed on the paths of a cluster's members, one cluster after the other: in threads, or in this one.
import type { CapacityGroup, CapacityProject, ClusterPlacement } from '../../../src-shared/artefacts/capacity.ts'
import type { CapacityColumn } from '../../../src-shared/config/metric-capacity.ts'
import { addProjects, type CapacityRules, type DemandPaths } from '../../statistics/cluster-capacity.ts'
import type { MemberPlacementRule } from '../../statistics/place-members.ts'
import { JointPaths, type LoadedPaths, type PathWindow, type SeriesForecast } from '../breach/joint-paths.ts'
import { receivePathTask, type SentPathTask } from '../breach/send-path-task.ts'
import { pathCount } from '../breach/simulate-paths.ts'
import { describeGroup, describeProject, type GroupMembers } from './describe-group.ts'
import { MemberForecasts, MemberPaths, type CollectedDemand, type MemberForecast } from './member-paths.ts'
import {
  ClusterDemand,
  DemandMemory,
  describePlaceable,
  describePlacement,
  placeCluster,
  type PlaceableCluster,
  type PlacedCluster,
} from './place-cluster.ts'
import type { Project } from './projects.ts'
import { measureQuantile, measureResource, type ResourceUse } from './resource-use.ts'

/** What holds for all clusters. */
export interface ClusterSetup {
  readonly rules: CapacityRules
  readonly columns: ReadonlyMap<string, CapacityColumn>
  readonly projects: readonly Project[]
}

/** Forecasts of some series, and all times. */
export interface ForecastsOfMembers {
  readonly times: readonly number[]
  readonly forecasts: ReadonlyMap<number, MemberForecast>
}

/** A cluster with its hosts, or a host without a cluster. */
export interface ClusterJob extends ForecastsOfMembers {
  readonly groups: readonly GroupMembers[]
  /** Series whose use is to be measured. */
  readonly measured: ReadonlySet<number>
  /** Null: its members are not placed. */
  readonly rule: MemberPlacementRule | null
}

export interface AssessedGroup {
  readonly group: CapacityGroup
  readonly projects: readonly CapacityProject[]
  /** Of the members of a cluster alone, path after path; null where there is none. */
  readonly demand: Float64Array | null
}

export interface AssessedCluster {
  readonly groups: readonly AssessedGroup[]
  /** In the order in which they were drawn. */
  readonly uses: readonly (readonly [seriesId: number, use: ResourceUse])[]
  readonly placement: ClusterPlacement | 'too large' | null
}

/** A cluster to place by each rule, as a backtest window would have had it. */
export interface PlacementJob extends ForecastsOfMembers {
  readonly placeable: PlaceableCluster
  readonly rules: readonly MemberPlacementRule[]
}

/** Members on each host, and on each further one. */
export interface PlacedMembers {
  readonly hosts: readonly (readonly string[])[]
  readonly added: readonly (readonly string[])[]
}

export type ClusterRequest =
  /** All others ask about these paths: of a backtest window, or over the horizon. */
  | { readonly paths: PathWindow | null }
  | { readonly cluster: ClusterJob }
  | { readonly placement: PlacementJob }
  /** Uses, or their quantiles alone. */
  | { readonly uses: readonly SeriesForecast[] }
  | { readonly quantiles: readonly SeriesForecast[] }

export interface ClusterAnswer {
  readonly cluster?: AssessedCluster
  /** By rule. */
  readonly placed?: readonly PlacedMembers[]
  /** Index of the series and its use, in the order in which they were drawn. */
  readonly uses?: readonly (readonly [index: number, use: ResourceUse])[]
  /** In the order of the series. */
  readonly quantiles?: Float64Array
}

export class ClusterWork {
  readonly #setup: ClusterSetup
  readonly #open: (window: PathWindow | null) => JointPaths
  readonly #signal: AbortSignal | undefined
  #memory: DemandMemory | undefined
  /** Of the cluster that is assessed; used again by the next one. */
  #sums = new Float64Array(0)
  #paths: JointPaths | undefined

  constructor(setup: ClusterSetup, open: (window: PathWindow | null) => JointPaths, signal: AbortSignal | undefined) {
    this.#setup = setup
    this.#open = open
    this.#signal = signal
  }

  async answer(request: ClusterRequest): Promise<ClusterAnswer> {
    if ('cluster' in request) return { cluster: await this.#assess(request.cluster) }
    if ('placement' in request) return { placed: await this.#place(request.placement) }
    if ('uses' in request) return { uses: this.#measureUses(request.uses) }
    if ('quantiles' in request) return { quantiles: this.#measureQuantiles(request.quantiles) }
    this.#paths = this.#open(request.paths)
    return {}
  }

  async #assess({ groups, forecasts, times, measured, rule }: ClusterJob): Promise<AssessedCluster> {
    const members = new MemberForecasts(times, forecasts)
    const paths = new MemberPaths(this.#paths!, members)
    const cluster = rule === null ? null : clusterOf(groups)
    const placeable =
      cluster === null ? null : describePlaceable(cluster.cluster, cluster.hosts, cluster.members, this.#setup.columns, members)
    const canPlace = rule !== null && placeable !== null && placeable !== 'too large'
    const demand = canPlace ? this.#demandOf(placeable, paths) : null
    const uses: [number, ResourceUse][] = []
    const sums = addDemands(
      groups,
      paths,
      (count) => this.#sumsOf(count),
      (seriesId, values) => {
        if (measured.has(seriesId)) uses.push([seriesId, measureResource(values)])
      },
      (seriesId) => demand?.placeOf(seriesId),
    )
    let placement: AssessedCluster['placement'] = placeable === 'too large' ? placeable : null
    if (canPlace) {
      const [placed] = await placeCluster(placeable, demand!, [rule], this.#signal)
      placement = await describePlacement(placeable, demand!, placed!, this.#signal)
    }
    return { groups: groups.map((group, index) => this.#describe(group, { times, sums: sums[index]! }, members)), uses, placement }
  }

  #describe(group: GroupMembers, demand: DemandPaths, { isKnown }: MemberForecasts): AssessedGroup {
    const { columns, projects, rules } = this.#setup
    return describeAssessed(group, demand, { columns, projects, rules }, isKnown)
  }

  async #place({ placeable, forecasts, times, rules }: PlacementJob): Promise<PlacedMembers[]> {
    const demand = this.#demandOf(placeable, new MemberPaths(this.#paths!, new MemberForecasts(times, forecasts)))
    demand.collectAll()
    return (await placeCluster(placeable, demand, rules, this.#signal)).map(({ placement }: PlacedCluster) => ({
      hosts: placement.hosts().map(({ members }) => members),
      added: placement.added(),
    }))
  }

  /** Zeros in the memory of the cluster before. */
  #sumsOf(count: number): Float64Array {
    if (this.#sums.length < count) this.#sums = new Float64Array(count)
    return this.#sums.subarray(0, count).fill(0)
  }

  /** In the memory of the cluster before. */
  #demandOf(placeable: PlaceableCluster, paths: MemberPaths): ClusterDemand {
    this.#memory ??= new DemandMemory()
    this.#memory.release()
    return new ClusterDemand(placeable, paths, this.#memory)
  }

  #measureUses(series: readonly SeriesForecast[]): (readonly [number, ResourceUse])[] {
    const uses: (readonly [number, ResourceUse])[] = []
    this.#paths!.draw(series, (index, values) => uses.push([index, measureResource(values)]))
    return uses
  }

  #measureQuantiles(series: readonly SeriesForecast[]): Float64Array {
    const quantiles = new Float64Array(series.length)
    this.#paths!.draw(series, (index, values) => (quantiles[index] = measureQuantile(values)))
    return quantiles
  }
}

/** What a thread begins with. */
export interface ClusterThreadSetup {
  readonly setup: ClusterSetup
  readonly loaded: Omit<LoadedPaths, 'task'> & { readonly task: SentPathTask }
}

export const workOfThread = ({ setup, loaded }: ClusterThreadSetup): ClusterWork => {
  const paths: LoadedPaths = { ...loaded, task: receivePathTask(loaded.task) }
  return new ClusterWork(setup, (window) => JointPaths.ofLoaded(paths, window), undefined)
}

/** `demand`: of the members alone; what is stated of the group holds its committed projects too. */
export const describeAssessed = (
  group: GroupMembers,
  demand: DemandPaths,
  { columns, projects, rules }: ClusterSetup,
  isKnown: MemberForecasts['isKnown'],
): AssessedGroup => {
  const own = projects.filter((project) => project.group === group.group && project.metric === group.metric)
  const committed = own.filter(({ status }) => status === 'committed')
  const { times, sums } = demand
  const withCommitted = committed.length === 0 ? sums : addProjects(demand, committed)
  const described = describeGroup(group, { times, sums: withCommitted }, columns.get(group.metric)!, isKnown, rules)
  return {
    group: described,
    projects: own.map((project) => describeProject(project, described, demand, committed)),
    demand: group.kind === 'cluster' && sums.length > 0 ? sums.slice() : null,
  }
}

/**
 * The demand of each group in units, path after path, empty where nothing is known; each series is drawn once. `zeros`: gives memory;
 * `placeOf`: where the demand is collected too.
 */
const addDemands = (
  groups: readonly GroupMembers[],
  paths: MemberPaths,
  zeros: (count: number) => Float64Array,
  onPaths: (seriesId: number, values: Float64Array) => void,
  placeOf: (seriesId: number) => CollectedDemand | undefined,
): Float64Array[] => {
  const { isKnown, times } = paths.members
  const size = pathCount * times.length
  const memory = zeros(groups.length * size)
  const sums = groups.map(({ members }, index) => memory.subarray(index * size, (index + (members.some(isKnown) ? 1 : 0)) * size))
  const targets = new Map<number, Float64Array[]>()
  const capacities = new Map<number, number>()
  groups.forEach(({ members }, index) => {
    for (const member of members) {
      if (!isKnown(member)) continue
      const { seriesId, capacity } = member
      capacities.set(seriesId, capacity)
      const known = targets.get(seriesId)
      if (known === undefined) targets.set(seriesId, [sums[index]!])
      else known.push(sums[index]!)
    }
  })
  paths.draw([...targets.keys()], (seriesId, values) => {
    onPaths(seriesId, values)
    paths.addDemand(seriesId, values, capacities.get(seriesId)! / 100, targets.get(seriesId)!, placeOf(seriesId))
  })
  return sums
}

/** Null for a batch of a single host. */
export const clusterOf = (
  groups: readonly GroupMembers[],
): (Pick<GroupMembers, 'hosts' | 'members'> & { readonly cluster: string }) | null => {
  const own = groups.filter(({ kind }) => kind === 'cluster')
  const [first] = own
  return first === undefined ? null : { cluster: first.group, hosts: first.hosts, members: own.flatMap(({ members }) => members) }
}
