// Consolidation by first-fit decreasing: a server moves to the first host that can hold its demand at every time of the horizon (section 8).

export interface PackableServer {
  readonly serverId: string
  readonly capacityUnits: number
  /** Demand in capacity units at each time of the group's horizon. */
  readonly demand: Float64Array
}

export interface PackingLimits {
  /** Share of a host's capacity that may be used at any time, 0..1. */
  readonly target: number
  /** Maximum servers that may leave the group. */
  readonly maxRemovals: number
}

/**
 * Server -> target host; servers that stay are absent. By decreasing peak demand, ties by name.
 * Demands are summed per time: peaks are never added.
 */
export const packServers = (servers: readonly PackableServer[], { target, maxRemovals }: PackingLimits): Map<string, string> => {
  const byPeak = servers
    .map((server) => ({ server, ...peakOf(server.demand) }))
    .sort((a, b) => b.peak - a.peak || (a.server.serverId < b.server.serverId ? -1 : 1))
  const hosts: { readonly serverId: string; readonly freeUnits: Float64Array }[] = []
  const hostByServer = new Map<string, string>()
  for (const { server, peakAt } of byPeak) {
    const host = hostByServer.size < maxRemovals ? hosts.find(({ freeUnits }) => fits(freeUnits, server.demand, peakAt)) : undefined
    if (host === undefined) {
      const limit = server.capacityUnits * target
      hosts.push({ serverId: server.serverId, freeUnits: server.demand.map((units) => limit - units) })
      continue
    }
    hostByServer.set(server.serverId, host.serverId)
    for (let time = 0; time < host.freeUnits.length; time++) host.freeUnits[time]! -= server.demand[time]!
  }
  return hostByServer
}

const peakOf = (demand: Float64Array): { peak: number; peakAt: number } => {
  let peakAt = 0
  for (let time = 1; time < demand.length; time++) if (demand[time]! > demand[peakAt]!) peakAt = time
  return { peak: demand[peakAt] ?? 0, peakAt }
}

/** Tolerance for floating-point sums, in units: 30 % and 40 % fill a host to exactly 70 %. */
const tolerance = 1e-9

const fits = (freeUnits: Float64Array, demand: Float64Array, peakAt: number): boolean => {
  if (demand[peakAt]! > freeUnits[peakAt]! + tolerance) return false
  for (let time = 0; time < demand.length; time++) if (demand[time]! > freeUnits[time]! + tolerance) return false
  return true
}
