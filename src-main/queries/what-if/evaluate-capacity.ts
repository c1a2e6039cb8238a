// What if a cluster gains, removes or loses hosts, all demand grows, or other projects come: runways from the stored paths of its demand.
import { join } from 'node:path'
import type { CapacityGroup, CapacityHost, CapacitySummary, ClusterPlacement } from '../../../src-shared/artefacts/capacity.ts'
import { countUnplaced } from '../../../src-shared/artefacts/member-placement-text.ts'
import {
  projectsOfRun,
  type CapacityOutcome,
  type ClusterFigures,
  type Scenario,
  type ScenarioProject,
} from '../../../src-shared/ipc/what-if.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { zoneClock, type ZoneClock } from '../../../src-shared/run/zone-clock.ts'
import { escapeGlob, literal } from '../../database/database.ts'
import { instantAfter, readInstant } from '../../forecasts/events-table.ts'
import {
  addProjects,
  commonestSize,
  countHostsToBuy,
  demandCurves,
  firstAbove,
  projectMovement,
  usableCapacity,
  type DemandCurves,
  type DemandPaths,
  type ProjectDemand,
} from '../../statistics/cluster-capacity.ts'
import { readCapacityReport, readClusters } from '../capacity/read-capacity-report.ts'
import type { OpenRun } from '../run/open-run.ts'
import { RunCache } from '../run/run-cache.ts'
import { unknownNameError } from './scenario-parameters.ts'

type CapacityScenario = Pick<
  Scenario,
  'added_hosts' | 'removed_hosts' | 'lost_hosts' | 'projects' | 'growth_percent' | 'group_growth' | 'removed_servers' | 'added_servers'
>

/** A project of the scenario, in milliseconds. */
type TimedProject = ScenarioProject & ProjectDemand
type ProjectsPlace = Pick<ScenarioProject, 'group' | 'metric'>

/** Null where nothing of a cluster differs from the run. Throws scenario-invalid for a host, cluster or metric that the run does not have. */
export const evaluateCapacity = async (run: OpenRun, scenario: CapacityScenario): Promise<CapacityOutcome | null> => {
  const changesHosts = [scenario.added_hosts, scenario.removed_hosts, scenario.lost_hosts].some((changes) => changes.length > 0)
  if (!changesHosts && scenario.projects === null && scenario.growth_percent === 0) return null
  const report = await readCapacityReport(run.contents)
  const clusters = await readClusters(run.contents)
  if (report === null || clusters.length === 0) {
    if (!changesHosts && scenario.projects === null) return null
    throw new HeadroomError('scenario-invalid', 'The run has no clusters.', {
      next: 'Name host_cluster in the servers table, with a row for each host, and analyse again.',
    })
  }
  const hosts = new ScenarioHosts(report.hosts, scenario)
  const clock = zoneClock(run.overview.timeZone)
  const stated = readProjects(scenario.projects ?? projectsOfRun(report), clock)
  const projects = stated.filter(({ group }) => !isHost(report, group))
  for (const project of projects) assertProjectGroup(project, clusters)
  const committedProjects = readProjects(projectsOfRun(report), clock).filter(({ is_counted: isCounted }) => isCounted)
  const growth = 1 + scenario.growth_percent / 100
  const rows = []
  const movements: CapacityOutcome['projects'] = []
  const isIn = ({ group, metric }: ProjectsPlace, cluster: CapacityGroup): boolean => group === cluster.group && metric === cluster.metric
  const demands = await readDemands(
    run,
    clusters.filter((cluster) => [...projects, ...committedProjects].some((project) => isIn(project, cluster))),
  )
  for (const cluster of clusters) {
    const own = projects.filter((project) => isIn(project, cluster))
    const rules = { ...report, reserve_hosts: hosts.reserveOf(cluster.group, report.reserve_hosts) }
    const figures = describeHosts(hosts.of(cluster.group), cluster, rules)
    const counted = own.filter(({ is_counted: isCounted }) => isCounted)
    const known = demands.get(cluster)
    const demand = known === undefined ? null : grow(known, growth)
    const curves = demand === null ? grownCurves(cluster, growth) : demandCurves(addProjects(demand, counted), demand.times.length)
    const times = cluster.demand_dates.map((date) => Date.parse(date))
    rows.push({
      cluster: cluster.group,
      metric: cluster.metric,
      unit: cluster.unit,
      run: runFigures(cluster),
      scenario: { ...figures, ...describeDemand(figures, curves, times, rules) },
    })
    for (const project of own) {
      const others = counted.filter((other) => other !== project)
      const { name, group, metric } = project
      movements.push({ name, group, metric, ...projectMovement(demand!, figures.limit, project, others) })
    }
  }
  return {
    clusters: [...rows].sort((a, b) => Number(isUnchanged(a)) - Number(isUnchanged(b))),
    projects: movements,
    placements: report.placements.flatMap((placement) => hosts.place(placement, growth) ?? []),
    notes: [
      ...stated
        .filter(({ group }) => isHost(report, group))
        .map(({ name, group }) => `Project ${name} is on the host ${group}; a new analysis with --projects answers it.`),
      ...(scenario.group_growth.length > 0 ? ['Clusters take the demand growth of all servers, not that of one group.'] : []),
      ...(scenario.removed_servers.length + scenario.added_servers.length > 0
        ? ['Clusters keep the demand of the run where servers are added or removed.']
        : []),
    ],
  }
}

const isUnchanged = ({ run, scenario }: CapacityOutcome['clusters'][number]): boolean => JSON.stringify(run) === JSON.stringify(scenario)

const isHost = ({ hosts }: CapacitySummary, name: string): boolean => hosts.some((host) => host.name === name)

const readProjects = (projects: readonly ScenarioProject[], { toInstant }: ZoneClock): TimedProject[] =>
  projects.map((project) => {
    const read = (text: string) => {
      const found = readInstant(text, toInstant)
      if (found !== null) return found
      throw new HeadroomError('scenario-invalid', `Project ${project.name} holds "${text}", which is no date.`, {
        next: 'Write 2026-11-27.',
      })
    }
    const from = read(project.from)
    const to = project.to === null ? null : read(project.to)
    const untilMs = to === null ? Number.POSITIVE_INFINITY : instantAfter(to, toInstant)
    if (untilMs <= from.ms)
      throw new HeadroomError('scenario-invalid', `Project ${project.name} ends before it begins.`, { next: 'Swap the two dates.' })
    return { ...project, fromMs: from.ms, untilMs }
  })

const assertProjectGroup = ({ name, group, metric }: ScenarioProject, clusters: readonly CapacityGroup[]): void => {
  const own = clusters.filter((cluster) => cluster.group === group)
  if (own.length === 0)
    throw unknownNameError(
      'cluster',
      group,
      clusters.map((cluster) => cluster.group),
    )
  if (own.some((cluster) => cluster.metric === metric)) return
  throw new HeadroomError('scenario-invalid', `Project ${name} adds ${metric}, which no server of ${group} has.`, {
    next: `Metrics of ${group}: ${own.map((cluster) => cluster.metric).join(', ')}.`,
  })
}

/** The hosts of each cluster after the changes. */
class ScenarioHosts {
  readonly #byCluster = new Map<
    string,
    { readonly stay: CapacityHost[]; readonly before: CapacityHost[]; gone: string[]; lost: number; added: number }
  >()

  /** Throws scenario-invalid. */
  constructor(hosts: readonly CapacityHost[], { added_hosts: added, removed_hosts: removed, lost_hosts: lost }: CapacityScenario) {
    const names = hosts.flatMap(({ name, cluster }) => (cluster === null ? [] : [name]))
    for (const host of [...removed, ...lost]) if (!names.includes(host)) throw unknownNameError('host of a cluster called', host, names)
    for (const host of hosts) {
      if (host.cluster === null) continue
      const cluster = this.#byCluster.get(host.cluster) ?? { stay: [], before: [], gone: [], lost: 0, added: 0 }
      this.#byCluster.set(host.cluster, cluster)
      cluster.before.push(host)
      const [isLost, isRemoved] = [lost.includes(host.name), removed.includes(host.name)]
      if (isLost) cluster.lost++
      if (isLost || isRemoved) cluster.gone.push(host.name)
      else cluster.stay.push(host)
    }
    for (const { cluster: name, count } of added) {
      const cluster = this.#byCluster.get(name)
      if (cluster === undefined) throw unknownNameError('cluster with hosts called', name, [...this.#byCluster.keys()])
      cluster.added += count
    }
  }

  /** Hosts that stay, those before, and the number of new ones. */
  of(cluster: string): { readonly stay: readonly CapacityHost[]; readonly before: readonly CapacityHost[]; readonly added: number } {
    return this.#byCluster.get(cluster) ?? { stay: [], before: [], added: 0 }
  }

  /** Where the members of a cluster go if its hosts change; null where they do not. One host less at a time is known. */
  place({ cluster, members, ...placement }: ClusterPlacement, growth: number): CapacityOutcome['placements'][number] | null {
    const { gone, added } = this.#byCluster.get(cluster) ?? { gone: [], added: 0 }
    if (gone.length === 0 && added === 0) return null
    const without = placement.hosts.find(({ host }) => host === gone[0])
    const isKnown = growth === 1 && gone.length <= 1
    const unplaced =
      without === undefined
        ? countUnplaced(placement.added_hosts, placement.too_large, added)
        : countUnplaced(without.added_hosts_without, without.too_large_without, added)
    return { cluster, members, unplaced: isKnown ? unplaced : null }
  }

  /** A host that fails is one of the reserve. */
  reserveOf(cluster: string, reserve: number): number {
    return Math.max(0, reserve - (this.#byCluster.get(cluster)?.lost ?? 0))
  }
}

type HostFigures = Pick<ClusterFigures, 'hosts' | 'usable' | 'limit'> & { readonly size: number | null }
type Rules = Pick<CapacitySummary, 'reserve_hosts' | 'reserve_percent' | 'capacity_target'>

/** New hosts have the commonest size of those before. */
const describeHosts = (
  { stay, before, added }: ReturnType<ScenarioHosts['of']>,
  { capacity_column: column }: CapacityGroup,
  rules: Rules,
): HostFigures => {
  const sizes = before.map((host) => host[column])
  const known = sizes.filter((size) => size !== null)
  const size = known.length === 0 || known.length < sizes.length ? null : commonestSize(known)
  const usable =
    size === null ? null : usableCapacity([...stay.map((host) => host[column]!), ...Array.from({ length: added }, () => size)], rules)
  return { hosts: stay.length + added, usable, limit: usable === null ? null : (usable * rules.capacity_target) / 100, size }
}

const describeDemand = (
  { usable, limit, size }: HostFigures,
  { p50, p90 }: DemandCurves,
  times: readonly number[],
  rules: Rules,
): Pick<ClusterFigures, 'demand_p90' | 'runway_p50' | 'runway_p90' | 'hosts_to_buy'> => {
  const demand = p90.at(-1) ?? null
  return {
    demand_p90: demand,
    runway_p50: firstAbove(p50, limit, times),
    runway_p90: firstAbove(p90, limit, times),
    hosts_to_buy: usable === null || size === null || demand === null ? null : countHostsToBuy(demand, usable, size, rules),
  }
}

const runFigures = ({ hosts, usable, limit, demand_p90, runway_p50, runway_p90, hosts_to_buy }: CapacityGroup): ClusterFigures => ({
  hosts,
  usable,
  limit,
  demand_p90,
  runway_p50,
  runway_p90,
  hosts_to_buy,
})

/** Without projects a growth of all demand scales the curves themselves. */
const grownCurves = ({ demand_p50_by: p50, demand_p90_by: p90 }: CapacityGroup, growth: number): DemandCurves => ({
  p50: Float64Array.from(p50, (demand) => demand * growth),
  p90: Float64Array.from(p90, (demand) => demand * growth),
})

const grow = ({ times, sums }: DemandPaths, growth: number): DemandPaths => ({ times, sums: sums.map((demand) => demand * growth) })

const demandOfRuns = new RunCache<DemandPaths>()

/** The members' demand alone. What is not in memory is read together. Throws scenario-invalid for a run without that file. */
const readDemands = async (run: OpenRun, clusters: readonly CapacityGroup[]): Promise<ReadonlyMap<CapacityGroup, DemandPaths>> => {
  const missing: CapacityGroup[] = []
  let reading: Promise<DemandPaths[]> | undefined
  const demands = await Promise.all(
    clusters.map((cluster) =>
      demandOfRuns.get(run, JSON.stringify([cluster.group, cluster.metric]), async () => {
        const place = missing.push(cluster) - 1
        // After this all others that are missing are listed too.
        await Promise.resolve()
        reading ??= readDemandFile(run, missing)
        return (await reading)[place]!
      }),
    ),
  )
  return new Map(clusters.map((cluster, index) => [cluster, demands[index]!]))
}

/** Clusters of one statement: some ten megabytes. */
const clustersPerRead = 40

const readDemandFile = async ({ database, contents }: OpenRun, clusters: readonly CapacityGroup[]): Promise<DemandPaths[]> => {
  if (!contents.presentFiles.has(runFiles.clusterDemand))
    throw new HeadroomError('scenario-invalid', `The run lacks ${runFiles.clusterDemand}, so projects cannot be changed.`, {
      next: 'Analyse the forecasts again.',
    })
  const file = literal(escapeGlob(join(contents.folder, runFiles.clusterDemand)))
  const demands: DemandPaths[] = []
  for (let from = 0; from < clusters.length; from += clustersPerRead) {
    const some = clusters.slice(from, from + clustersPerRead)
    const { number: numbers, demand } = await database.columns(
      `SELECT number, demand FROM read_parquet(${file}, hive_partitioning = false)
       JOIN (VALUES ${some.map((_, index) => `(CAST(${index} AS INTEGER), $${2 * index + 1}, $${2 * index + 2})`).join(', ')}) n(number, cluster, metric)
       USING (cluster, metric) ORDER BY number, path, step`,
      { number: 'number', demand: 'number' },
      some.flatMap(({ group, metric }) => [group, metric]),
    )
    let begin = 0
    some.forEach(({ demand_dates: dates }, index) => {
      let end = begin
      while (end < numbers.length && numbers[end] === index) end++
      demands.push({ times: dates.map((date) => Date.parse(date)), sums: demand.slice(begin, end) })
      begin = end
    })
  }
  return demands
}
