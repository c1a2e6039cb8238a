// Chooses the share of paths that a placement accepts: placed by the forecasts of the last backtest window, counted on what was measured there.
import type { PlacementCheck } from '../../../src-shared/artefacts/recommendations.ts'
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import { retirePeakPercent } from '../../forecasts/recommendation-text.ts'
import { binomialTail } from '../../statistics/binomial.ts'
import { maximumOf } from '../../statistics/percentile.ts'
import { JointPaths } from '../breach/joint-paths.ts'
import type { SimulationTask } from '../breach/path-batches.ts'
import type { StepRange } from '../breach/residual-runs.ts'
import { byFallingPeak, maxRemovalsOf, type Candidate, type ConsolidationGroup } from './consolidation-groups.ts'
import { groupKey, readFleetServers } from './fleet-servers.ts'
import { JointDemand, type DemandSeries, type DemandServer } from './joint-demand.ts'
import { placeFleet } from './place-fleet.ts'

/** Accepted shares in the order in which they are tried, as shares of `consolidation_risk`. */
const triedShares = [1, 0.4, 0.2, 0.1]
/** One-sided level of the binomial test. */
const testLevel = 0.1
/** Fewer hosts do not tell. */
const minHosts = 20
/** Series whose residuals are read at a time. */
const seriesPerRead = 2000

interface WindowSeries extends DemandSeries {
  /** In the metric's unit, by step of the window. */
  readonly measured: Float32Array
}

interface WindowServer extends DemandServer {
  readonly series: WindowSeries[]
}

/** The first accepted share that the test does not reject, with what the window showed. */
export const checkPlacement = async (
  database: Database,
  task: SimulationTask,
  config: AnalysisConfig,
  signal: AbortSignal | undefined,
): Promise<PlacementCheck> => {
  const risk = config.consolidation_risk
  const range = findWindow(task)
  const servers = range === null ? new Map<string, WindowServer>() : readWindowServers(task, range, config)
  const groups = await groupWindowServers(database, servers)
  let check: PlacementCheck = { verdict: 'too few hosts', accepted_share: risk, hosts: 0, hosts_above_target: 0 }
  if (range === null) return check
  const metrics = [...servers.values()].flatMap(({ series }) => series.map(({ metric }) => metric))
  const joint = new JointDemand(JointPaths.overWindow(task, range), metrics, range.to - range.from + 1)
  for (const share of triedShares) {
    const acceptedShare = share * risk
    const [plan] = await placeFleet(groups, { joint, servers }, [acceptedShare], config, new Map(), signal)
    const { hosts, above } = countMeasured(plan!.hostByServer, servers, config.consolidation_target / 100)
    const isRejected = hosts >= minHosts && binomialTail(above, hosts, risk) < testLevel
    check = {
      verdict: hosts < minHosts ? 'too few hosts' : isRejected ? 'cannot promise' : 'holds',
      accepted_share: acceptedShare,
      hosts,
      hosts_above_target: above,
    }
    if (!isRejected) break
  }
  return check
}

/** The steps that are the latest window of most series; the later ones where as many have others. */
const findWindow = ({ series, backtestResiduals }: SimulationTask): StepRange | null => {
  const windows = new Map<string, { range: StepRange; count: number }>()
  for (const id of series.seriesIds) {
    const range = backtestResiduals.latestWindow(id)?.range
    // Steps without a measurement could hide a higher demand.
    if (range === undefined || range.to - range.from + 1 !== backtestResiduals.windowRows(id)) continue
    const key = `${range.from} ${range.to}`
    const known = windows.get(key)
    if (known === undefined) windows.set(key, { range, count: 1 })
    else known.count++
  }
  const [commonest] = [...windows.values()].sort((a, b) => b.count - a.count || b.range.to - a.range.to || b.range.from - a.range.from)
  return commonest?.range ?? null
}

/** Servers that the window's forecasts call underutilised, with all their metrics in percent measured over the whole window. */
const readWindowServers = (task: SimulationTask, range: StepRange, config: AnalysisConfig): Map<string, WindowServer> => {
  const { series, backtestResiduals } = task
  const rows = range.to - range.from + 1
  const times = Int32Array.from({ length: rows }, (_, step) => step)
  const servers = new Map<string, WindowServer>()
  const others = new Set<string>()
  const positions = [...series.serverIds.keys()].filter((position) => series.isPercent[position] === 1)
  for (let from = 0; from < positions.length; from += seriesPerRead) {
    const some = positions.slice(from, from + seriesPerRead)
    const ids = Uint32Array.from(some, (position) => series.seriesIds[position]!)
    const { runs, windowOffsets, windowPredicted } = backtestResiduals.load(ids)
    some.forEach((position, s) => {
      const serverId = series.serverIds[position]!
      const window = backtestResiduals.latestWindow(ids[s]!)
      const isWhole = window?.range.from === range.from && window.range.to === range.to && backtestResiduals.windowRows(ids[s]!) === rows
      const forecast = Float64Array.from(windowPredicted.subarray(windowOffsets[s], windowOffsets[s]! + rows))
      const mean = forecast.reduce((sum, value) => sum + value, 0) / rows
      if (window === undefined || !isWhole || mean >= config.underutilized_threshold) {
        others.add(serverId)
        return
      }
      const lastRun = runs.offsets[s + 1]! - 1
      const end = runs.starts[lastRun]! + runs.lengths[lastRun]!
      const measured = Float32Array.from(runs.residuals.subarray(end - rows, end), (residual, step) => forecast[step]! + residual)
      const server = servers.get(serverId) ?? { serverId, capacityUnits: 1, series: [] }
      servers.set(serverId, server)
      server.series.push({ position, metric: series.metrics[position]!, forecast, times, maxMeasured: window.maxBefore, measured })
    })
  }
  others.forEach((serverId) => servers.delete(serverId))
  return servers
}

/** Groups the servers and adds their capacity. Reads `fleet_servers`. */
const groupWindowServers = async (database: Database, servers: Map<string, WindowServer>): Promise<ConsolidationGroup[]> => {
  const groups = new Map<string, { count: number; candidates: Candidate[] }>()
  for await (const page of readFleetServers(database)) {
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
): { hosts: number; above: number } => {
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
