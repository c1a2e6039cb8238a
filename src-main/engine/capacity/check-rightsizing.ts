// Whether sizes would have held: chosen by the forecasts of backtest windows, counted on what was measured there.
import type { SizingCheck } from '../../../src-shared/artefacts/capacity.ts'
import type { CapacityColumn } from '../../../src-shared/config/metric-capacity.ts'
import { yieldToEventLoop } from '../../statistics/yield-to-event-loop.ts'
import type { SimulationTask } from '../breach/path-batches.ts'
import { findWindows, longestHorizonOf, readWindowServers } from '../recommendations/check-placement.ts'
import type { ClusterPool } from './cluster-pool.ts'
import type { InstanceSize } from './instance-catalogue.ts'
import { promisedShare } from './resource-use.ts'
import { findSize, resourceOf, seriesPerTurn, type ServerUse } from './rightsize.ts'

/** Fewer servers do not tell. */
const minServers = 20
/** A size is found by the quantile alone. */
const noPeaks = new Float64Array(0)
/** Older windows count until there are so many servers, over as many steps as the horizon has. */
const enoughServers = 200

/** Values of a window that may lie above. Errors grow with the lead: one shorter than the horizon may hold only as much as it holds of it. */
export const allowedAbove = (values: number, windowSteps: number, horizonSteps: number): number =>
  2 * promisedShare * values * Math.min(1, windowSteps / horizonSteps)

/** With a standard deviation of the count to spare. */
export const judgeSizes = (servers: number, above: number, allowed: number): SizingCheck['verdict'] =>
  servers < minServers ? 'too few servers' : above + Math.sqrt(above) > allowed ? 'cannot promise' : 'holds'

/** The share of measured values above the limit of their new size may be twice the promised one. `sizes`: by price. */
export const checkRightsizing = async (
  task: SimulationTask,
  pool: ClusterPool,
  columns: ReadonlyMap<string, CapacityColumn>,
  currentSizes: ReadonlyMap<string, InstanceSize>,
  sizes: readonly InstanceSize[],
  headroom: number,
  signal: AbortSignal | undefined,
): Promise<SizingCheck> => {
  const horizonSteps = longestHorizonOf(task)
  let [steps, servers, values, above, allowed] = [0, 0, 0, 0, 0]
  for (const range of findWindows(task)) {
    if (servers >= enoughServers && steps >= horizonSteps) break
    const windowSteps = range.to - range.from + 1
    steps += windowSteps
    await yieldToEventLoop(signal)
    const series = [...readWindowServers(task, range, { chosen: currentSizes }).values()].flatMap((server) =>
      server.series.map((own) => ({ ...own, serverId: server.serverId, resource: resourceOf(columns, own.metric) })),
    )
    const uses = new Map<string, { -readonly [Resource in keyof ServerUse]: ServerUse[Resource] }>()
    const known = series.filter(({ resource }) => resource !== undefined)
    const turns = Array.from({ length: Math.ceil(known.length / seriesPerTurn) }, (_, turn) =>
      known.slice(turn * seriesPerTurn, (turn + 1) * seriesPerTurn),
    )
    const answers = await pool.ask(
      range,
      turns.map((turn) => ({ quantiles: turn.map(({ position, forecast, maxMeasured }) => ({ position, forecast, maxMeasured })) })),
    )
    known.forEach(({ serverId, resource }, index) => {
      const use = uses.get(serverId) ?? { cpu: null, memory: null }
      uses.set(serverId, use)
      const quantile = answers[Math.floor(index / seriesPerTurn)]!.quantiles![index % seriesPerTurn]!
      if (use[resource!] === null || quantile > use[resource!]!.quantile) use[resource!] = { quantile, peaks: noPeaks }
    })
    const newSizes = new Map(
      [...uses].flatMap(([serverId, use]) => {
        const size = findSize(currentSizes.get(serverId)!, use, sizes, headroom)
        return size === undefined ? [] : [[serverId, size] as const]
      }),
    )
    servers += newSizes.size
    for (const { serverId, resource, measured } of known) {
      const size = newSizes.get(serverId)
      if (size === undefined) continue
      const current = currentSizes.get(serverId)!
      const scale = resource === 'memory' ? current.memGib / size.memGib : current.vcpu / size.vcpu
      values += measured.length
      allowed += allowedAbove(measured.length, windowSteps, horizonSteps)
      above += measured.filter((value) => value * scale > 100 * (1 - headroom)).length
    }
  }
  return { verdict: judgeSizes(servers, above, allowed), servers, values, values_above: above }
}
