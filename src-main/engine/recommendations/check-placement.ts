// Chooses the share of paths that a placement accepts: placed by the forecasts of backtest windows, counted on what was measured there.
import { z } from 'zod'
import type { PlacementCheck } from '../../../src-shared/artefacts/recommendations.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import { retirePeakPercent } from '../../forecasts/recommendation-text.ts'
import { binomialTail } from '../../statistics/binomial.ts'
import { maximumOf } from '../../statistics/percentile.ts'
import { JointPaths } from '../breach/joint-paths.ts'
import { createBatches, windowForecastOf, type SimulationTask } from '../breach/path-batches.ts'
import { findBlock, type StepRange } from '../breach/residual-runs.ts'
import { byFallingPeak, maxRemovalsOf, sampleGroups, type Candidate, type ConsolidationGroup } from './consolidation-groups.ts'
import { createPlaceableServers, groupKey, readPlaceableServers } from './fleet-servers.ts'
import { layoutOf, type DemandSeries, type DemandServer } from './draw-demand.ts'
import { drawHere, JointDemand } from './joint-demand.ts'
import { placeFleet, type FleetDemand } from './place-fleet.ts'

/** Accepted shares in the order in which they are tried, as shares of `consolidation_risk`. */
const triedShares = [1, 0.4, 0.2, 0.1]
/** The same as shares of paths. */
export const acceptedSharesOf = (risk: number): number[] => triedShares.map((share) => share * risk)

/** One-sided level of the binomial test. */
const testLevel = 0.1
/** Fewer hosts do not tell. */
const minHosts = 20
/** Older windows count until there are so many hosts. */
const enoughHosts = 200
/** Of one window: with ten times as many as a check needs, how a larger fleet is placed tells no more. */
const maxCandidates = 20_000
/** Series whose residuals are read at a time. */
const seriesPerRead = 2000

/**
 * The check, where it can run while the paths are drawn; else null. The residuals of a fleet of one batch are in memory anyway. Without two
 * underutilised servers there is hardly anything to place.
 */
export const checkPlacementEarly = async (
  database: Database,
  task: SimulationTask,
  config: AnalysisConfig,
  signal: AbortSignal | undefined,
): Promise<PlacementCheck | null> => {
  const { servers } = await database.row(
    'SELECT CAST(count(DISTINCT server_id) FILTER (WHERE is_underutilized) AS DOUBLE) AS servers FROM series_risk',
    z.object({ servers: z.number() }),
  )
  return servers < 2 || createBatches(task).length > 1 ? null : checkPlacement(database, task, config, signal)
}

export interface WindowSeries extends DemandSeries {
  /** In the metric's unit, by step of the window. */
  readonly measured: Float32Array
}

export interface WindowServer extends DemandServer {
  readonly series: WindowSeries[]
}

interface WindowChoice {
  readonly isWanted?: (meanForecast: number) => boolean
  readonly chosen?: { readonly has: (serverId: string) => boolean }
}

/** A backtest window with the servers that it would have consolidated. */
interface PlacementWindow {
  readonly groups: readonly ConsolidationGroup[]
  readonly demand: FleetDemand
  readonly servers: ReadonlyMap<string, WindowServer>
}

/**
 * The first accepted share that keeps `consolidation_risk` with a standard deviation of the count to spare, else the last one, with what the windows
 * showed. Its verdict is that of the test. A window shorter than the horizon may hold only as much of the risk as it holds of the horizon.
 * Needs no probability. Reads `series_risk`.
 */
export const checkPlacement = async (
  database: Database,
  task: SimulationTask,
  config: AnalysisConfig,
  signal: AbortSignal | undefined,
): Promise<PlacementCheck> => {
  const risk = config.consolidation_risk
  const windows: PlacementWindow[] = []
  const ranges = findWindows(task)
  if (ranges.length > 0) await createPlaceableServers(database)
  const openWindow = async (range: StepRange): Promise<PlacementWindow> => {
    const servers = readWindowServers(task, range, { isWanted: (meanForecast) => meanForecast < config.underutilized_threshold })
    const groups = sampleGroups(await groupWindowServers(database, servers), maxCandidates)
    const metrics = [...servers.values()].flatMap(({ series }) => series.map(({ metric }) => metric))
    const source = drawHere(JointPaths.overWindow(task, range), signal)
    const joint = new JointDemand(source, layoutOf(metrics, range.to - range.from + 1))
    return { groups, servers, demand: { joint, servers } }
  }
  return tuneAcceptedShare(task, ranges, risk, enoughHosts, async (range, age, acceptedShare) => {
    const window = (windows[age] ??= await openWindow(range))
    const [plan] = await placeFleet(window.groups, window.demand, [acceptedShare], config, new Map(), signal)
    return countMeasured(plan!.hostByServer, window.servers, config.consolidation_target / 100)
  })
}

/** Hosts of a plan, and those above the target in what was measured. */
export interface MeasuredHosts {
  readonly hosts: number
  readonly above: number
}

/** In steps, of all series. */
export const longestHorizonOf = ({ series, backtestResiduals }: SimulationTask): number =>
  maximumOf(Float64Array.from(series.seriesIds, (id) => backtestResiduals.horizonSteps(id)))

/** Whether so many hosts above the target leave a standard deviation of the count to spare. */
export const isWithinAllowed = (above: number, allowed: number): boolean => above + Math.sqrt(above) <= allowed

/** Tries shares of `risk`; `count` places by the forecasts of a window, the latest first, until there are enough hosts. */
export const tuneAcceptedShare = async (
  task: SimulationTask,
  ranges: readonly StepRange[],
  risk: number,
  enough: number,
  count: (range: StepRange, age: number, acceptedShare: number) => Promise<MeasuredHosts>,
  isWithin = isWithinAllowed,
): Promise<PlacementCheck> => {
  const horizonSteps = longestHorizonOf(task)
  let check: PlacementCheck = { verdict: 'too few hosts', accepted_share: risk, windows: 0, hosts: 0, hosts_above_target: 0 }
  for (const acceptedShare of acceptedSharesOf(risk)) {
    let [counted, hosts, above, allowed] = [0, 0, 0, 0]
    for (const [age, range] of ranges.entries()) {
      if (hosts >= enough) break
      const measured = await count(range, age, acceptedShare)
      hosts += measured.hosts
      above += measured.above
      allowed += risk * measured.hosts * Math.min(1, (range.to - range.from + 1) / horizonSteps)
      counted++
    }
    const isRejected = hosts >= minHosts && binomialTail(above, hosts, allowed / hosts) < testLevel
    check = {
      verdict: hosts < minHosts ? 'too few hosts' : isRejected ? 'cannot promise' : 'holds',
      accepted_share: acceptedShare,
      windows: counted,
      hosts,
      hosts_above_target: above,
    }
    if (isWithin(above, allowed)) break
  }
  return check
}

/**
 * Per age the steps that are the window of most series, the latest first; the later ones where as many have others. Only windows with errors
 * of as many steps before them: paths are drawn from these.
 */
export const findWindows = ({ series, backtestResiduals, coverage }: SimulationTask): StepRange[] => {
  const byAge: Map<string, { range: StepRange; count: number }>[] = []
  for (const id of series.seriesIds) {
    backtestResiduals.windowRanges(id).forEach(({ range }, age) => {
      // Steps without a measurement could hide a higher demand.
      if (range.to - range.from + 1 !== backtestResiduals.windowRows(id)) return
      const windows = (byAge[age] ??= new Map())
      const key = `${range.from} ${range.to}`
      const known = windows.get(key)
      if (known === undefined) windows.set(key, { range, count: 1 })
      else known.count++
    })
  }
  return byAge.flatMap((windows) => {
    const [commonest] = [...windows.values()].sort((a, b) => b.count - a.count || b.range.to - a.range.to || b.range.from - a.range.from)
    if (commonest === undefined) return []
    const { from, to } = commonest.range
    return from - coverage.first < to - from + 1 ? [] : [commonest.range]
  })
}

/** Servers all of whose metrics in percent are wanted by their mean forecast in the window, and measured over all of it; of `chosen` alone where given. */
export const readWindowServers = (
  task: SimulationTask,
  range: StepRange,
  { isWanted = () => true, chosen }: WindowChoice,
): Map<string, WindowServer> => {
  const { series, backtestResiduals } = task
  const rows = range.to - range.from + 1
  const times = Int32Array.from({ length: rows }, (_, step) => step)
  const servers = new Map<string, WindowServer>()
  const others = new Set<string>()
  const positions = [...series.serverIds.keys()].filter(
    (position) => series.isPercent[position] === 1 && (chosen?.has(series.serverIds[position]!) ?? true),
  )
  for (let from = 0; from < positions.length; from += seriesPerRead) {
    const some = positions.slice(from, from + seriesPerRead)
    const ids = Uint32Array.from(some, (position) => series.seriesIds[position]!)
    const residuals = backtestResiduals.load(ids)
    const { runs } = residuals
    some.forEach((position, s) => {
      const serverId = series.serverIds[position]!
      const windows = backtestResiduals.windowRanges(ids[s]!)
      const age = windows.findIndex((window) => window.range.from === range.from && window.range.to === range.to)
      const isWhole = backtestResiduals.windowRows(ids[s]!) === rows
      const forecast = age < 0 || !isWhole ? null : windowForecastOf(residuals, s, rows, age)
      if (forecast === null || !isWanted(forecast.reduce((sum, value) => sum + value, 0) / rows)) {
        others.add(serverId)
        return
      }
      const start = findBlock(runs, s, rows, range.from, [])
      const measured = Float32Array.from(runs.residuals.subarray(start, start + rows), (residual, step) => forecast[step]! + residual)
      const server = servers.get(serverId) ?? { serverId, capacityUnits: 1, series: [] }
      servers.set(serverId, server)
      server.series.push({ position, metric: series.metrics[position]!, forecast, times, maxMeasured: windows[age]!.maxBefore, measured })
    })
  }
  others.forEach((serverId) => servers.delete(serverId))
  return servers
}

/** Groups the servers and adds their capacity. Reads `placeable_servers`. */
const groupWindowServers = async (database: Database, servers: Map<string, WindowServer>): Promise<ConsolidationGroup[]> => {
  const groups = new Map<string, { count: number; candidates: Candidate[] }>()
  for await (const page of readPlaceableServers(database)) {
    for (const fleetServer of page) {
      const group = groups.get(groupKey(fleetServer)) ?? { count: 0, candidates: [] }
      groups.set(groupKey(fleetServer), group)
      group.count++
      const server = servers.get(fleetServer.server_id)
      if (server === undefined) continue
      const { serverId, series } = server
      const peak = Math.max(...series.map(({ maxMeasured }) => maxMeasured))
      const highest = Math.max(...series.map(({ forecast }) => maximumOf(forecast)))
      // Next to idle: such a server is retired instead.
      if (peak < retirePeakPercent && highest < retirePeakPercent) continue
      const capacityUnits = fleetServer.capacity_units
      servers.set(serverId, { ...server, capacityUnits })
      group.candidates.push({
        serverId,
        capacityUnits,
        monthlyCostUsd: fleetServer.monthly_cost_usd,
        peakUnits: (Math.max(0, Number.isFinite(peak) ? peak : highest) / 100) * capacityUnits,
        meanUnits:
          (Math.max(...series.map(({ forecast }) => forecast.reduce((sum, value) => sum + value, 0) / forecast.length)) / 100) *
          capacityUnits,
        mayMove: true,
        hasPaths: true,
      })
    }
  }
  return [...groups.values()].map(({ count, candidates }) => ({
    candidates: candidates.sort(byFallingPeak),
    maxRemovals: maxRemovalsOf(count),
  }))
}

/** Hosts of a plan, and those whose servers together exceeded the target at some time, in some metric. */
const countMeasured = (
  hostByServer: ReadonlyMap<string, string>,
  servers: ReadonlyMap<string, WindowServer>,
  target: number,
): MeasuredHosts => {
  const sums = new Map<string, Map<string, Float64Array>>()
  const add = (hostId: string, { capacityUnits, series }: WindowServer): void => {
    const byMetric = sums.get(hostId) ?? new Map<string, Float64Array>()
    sums.set(hostId, byMetric)
    for (const { metric, measured } of series) {
      const sum = byMetric.get(metric) ?? new Float64Array(measured.length)
      byMetric.set(metric, sum)
      measured.forEach((value, step) => (sum[step]! += (Math.max(0, value) / 100) * capacityUnits))
    }
  }
  hostByServer.forEach((hostId, serverId) => {
    if (!sums.has(hostId)) add(hostId, servers.get(hostId)!)
    add(hostId, servers.get(serverId)!)
  })
  let above = 0
  sums.forEach((byMetric, hostId) => {
    // Measured values are the forecast plus a residual in single precision.
    const limit = servers.get(hostId)!.capacityUnits * target * (1 + 1e-5)
    if ([...byMetric.values()].some((sum) => maximumOf(sum) > limit)) above++
  })
  return { hosts: sums.size, above }
}
