// The fleet after servers were removed or added: whose demand goes to whom, time by time.
import { makePlaces, sortPlaces, type Places } from './what-if-order.ts'
import type { WhatIfFleet } from './what-if-fleet.ts'

export interface AddedServers {
  readonly count: number
  /** Index of the server whose group, size and cost they have. */
  readonly like: number
}

export interface FleetLayout {
  readonly fleet: WhatIfFleet
  /** Numbers of groups whose removed demand nobody was left to take. */
  readonly unplaced: readonly number[]
}

/** Series of one metric in one group. */
interface Pool {
  readonly group: number
  readonly rule: number
  readonly series: { readonly server: number; readonly series: number }[]
}

/**
 * Per group and metric, at each time: the demand of removed servers (value x capacity units, never below 0) is shared among the
 * remaining servers with a value at that time in proportion to their capacity, which raises each by the same points. Added servers then take
 * their share of the group's capacity from every remaining server in proportion to its demand, and so carry the group's mean
 * utilisation. Growth is not applied here: it scales a whole group, and so any layout.
 */
export const layOutServers = (base: WhatIfFleet, removed: ReadonlySet<number>, added: readonly AddedServers[]): FleetLayout => {
  if (removed.size === 0 && added.length === 0) return { fleet: base, unplaced: [] }
  const addedCapacity = new Float64Array(base.groups.length)
  const touched = new Set<number>()
  for (const server of removed) touched.add(base.groupOf[server]!)
  for (const { count, like } of added) {
    const group = base.groupOf[like]!
    touched.add(group)
    addedCapacity[group]! += count * base.capacityUnits[like]!
  }
  const pools = poolSeries(base, touched)
  const fleet = withRoom(base, removed, added, pools)
  const unplaced = new Set<number>()
  const scratch = makePlaces(base.times.length, base.times.length)
  for (const pool of pools) {
    const shares = shareDemand(base, pool, removed, addedCapacity[pool.group]!)
    if (shares.isUnplaced) unplaced.add(pool.group)
    for (const { server, series } of pool.series) {
      if (removed.has(server)) continue
      const from = base.offsets[series]!
      const to = base.offsets[series + 1]!
      for (let at = from; at < to; at++) {
        const period = base.periods[at]!
        fleet.values[at] = (base.values[at]! + shares.points[period]!) * shares.kept[period]!
      }
      settle(fleet, series, scratch)
    }
    for (const series of fleet.addedSeries.get(pool) ?? []) {
      let at = fleet.offsets[series]!
      for (const period of shares.times) {
        fleet.values[at] = shares.mean[period]!
        fleet.periods[at] = period
        fleet.order[at] = at - fleet.offsets[series]!
        at++
      }
      settle(fleet, series, scratch)
    }
  }
  return { fleet, unplaced: [...unplaced].sort((a, b) => a - b) }
}

const poolSeries = (base: WhatIfFleet, touched: ReadonlySet<number>): Pool[] => {
  const pools = new Map<number, Pool>()
  for (let server = 0; server < base.serverIds.length; server++) {
    const group = base.groupOf[server]!
    if (!touched.has(group)) continue
    for (let series = base.firstSeries[server]!; series < base.firstSeries[server + 1]!; series++) {
      const rule = base.ruleOf[series]!
      const key = group * base.rules.length + rule
      const pool = pools.get(key) ?? { group, rule, series: [] }
      pool.series.push({ server, series })
      pools.set(key, pool)
    }
  }
  return [...pools.values()]
}

interface DemandShares {
  /** By period: points that every remaining server takes over. */
  readonly points: Float64Array
  /** By period: share of its demand that a remaining server keeps beside the added ones. */
  readonly kept: Float64Array
  /** By period: what added servers carry, in the metric's unit. */
  readonly mean: Float64Array
  /** Periods at which the pool has values, ascending. */
  readonly times: readonly number[]
  readonly isUnplaced: boolean
}

const shareDemand = (base: WhatIfFleet, pool: Pool, removed: ReadonlySet<number>, addedCapacity: number): DemandShares => {
  const periods = base.times.length
  const removedDemand = new Float64Array(periods)
  const remainingDemand = new Float64Array(periods)
  const capacity = new Float64Array(periods)
  const isPresent = new Uint8Array(periods)
  for (const { server, series } of pool.series) {
    const units = base.capacityUnits[server]!
    const isRemoved = removed.has(server)
    const demand = isRemoved ? removedDemand : remainingDemand
    for (let at = base.offsets[series]!; at < base.offsets[series + 1]!; at++) {
      const period = base.periods[at]!
      isPresent[period] = 1
      demand[period]! += Math.max(0, base.values[at]!) * units
      if (!isRemoved) capacity[period]! += units
    }
  }
  const points = new Float64Array(periods)
  const kept = new Float64Array(periods).fill(1)
  const mean = new Float64Array(periods)
  const times: number[] = []
  let isUnplaced = false
  for (let period = 0; period < periods; period++) {
    if (isPresent[period] === 0) continue
    times.push(period)
    const own = capacity[period]!
    const whole = own + addedCapacity
    if (own > 0) {
      points[period] = removedDemand[period]! / own
      kept[period] = own / whole
    }
    if (whole > 0) mean[period] = (removedDemand[period]! + remainingDemand[period]!) / whole
    else if (removedDemand[period]! > 0) isUnplaced = true
  }
  return { points, kept, mean, times, isUnplaced }
}

/** A copy with its own values, and with empty series for added servers. */
interface RoomyFleet extends WhatIfFleet {
  readonly addedSeries: ReadonlyMap<Pool, number[]>
}

const withRoom = (base: WhatIfFleet, removed: ReadonlySet<number>, added: readonly AddedServers[], pools: readonly Pool[]): RoomyFleet => {
  const timesOf = new Map(pools.map((pool) => [pool, countTimes(base, pool)]))
  const servers = base.serverIds.length
  const addedSeries = new Map<Pool, number[]>()
  const rules: number[] = []
  const offsets = [base.values.length]
  const firstSeries = [base.ruleOf.length]
  for (const { like } of added) {
    for (const pool of pools.filter(({ group }) => group === base.groupOf[like])) {
      const own = addedSeries.get(pool) ?? []
      own.push(base.ruleOf.length + rules.length)
      addedSeries.set(pool, own)
      rules.push(pool.rule)
      offsets.push(offsets.at(-1)! + timesOf.get(pool)!)
    }
    firstSeries.push(base.ruleOf.length + rules.length)
  }
  const likes = added.map(({ like }) => like)
  const unknown = rules.map(() => Number.NaN)
  const seriesCount = base.ruleOf.length + rules.length
  const length = offsets.at(-1)!
  const longest = base.order instanceof Uint32Array ? 0x10000 : base.times.length
  const copies = extend(
    base.copies,
    new Int32Array(servers + added.length),
    added.map(({ count }) => count),
  )
  for (const server of removed) copies[server] = 0
  const ofServers = (values: Float64Array): Float64Array =>
    extend(
      values,
      new Float64Array(servers + added.length),
      likes.map((like) => values[like]!),
    )
  const ofSeries = (values: Float64Array, tail: readonly number[]): Float64Array => extend(values, new Float64Array(seriesCount), tail)
  return {
    serverIds: [...base.serverIds, ...likes.map((like) => `added like ${base.serverIds[like]}`)],
    copies,
    groups: base.groups,
    groupOf: extend(
      base.groupOf,
      new Int32Array(servers + added.length),
      likes.map((like) => base.groupOf[like]!),
    ),
    capacityUnits: ofServers(base.capacityUnits),
    monthlyUsd: ofServers(base.monthlyUsd),
    firstSeries: extend(base.firstSeries.subarray(0, servers), new Uint32Array(servers + added.length + 1), firstSeries),
    rules: base.rules,
    ruleOf: extend(base.ruleOf, new Int32Array(seriesCount), rules),
    runValues: ofSeries(base.runValues, unknown),
    means: ofSeries(base.means, unknown),
    margins:
      base.margins &&
      ofSeries(
        base.margins,
        rules.map(() => 0),
      ),
    offsets: extend(base.offsets.subarray(0, base.ruleOf.length), new Uint32Array(seriesCount + 1), offsets),
    values: extend(base.values, new Float64Array(length), []),
    order: extend(base.order, makePlaces(length, longest), []),
    periods: extend(base.periods, makePlaces(length, base.times.length), []),
    times: base.times,
    addedSeries,
  }
}

const extend = <Values extends Float64Array | Int32Array | Uint32Array | Uint16Array>(
  values: Values,
  longer: Values,
  tail: readonly number[],
): Values => {
  longer.set(values)
  longer.set(tail, values.length)
  return longer
}

const countTimes = (base: WhatIfFleet, pool: Pool): number => {
  const isPresent = new Uint8Array(base.times.length)
  for (const { series } of pool.series) {
    for (let at = base.offsets[series]!; at < base.offsets[series + 1]!; at++) isPresent[base.periods[at]!] = 1
  }
  return isPresent.reduce((count, present) => count + present, 0)
}

/** Sorts a series whose values changed, and takes its mean anew. */
const settle = (fleet: WhatIfFleet, series: number, scratch: Places): void => {
  const from = fleet.offsets[series]!
  const length = fleet.offsets[series + 1]! - from
  if (length === 0) return
  sortPlaces(fleet.values, from, length, fleet.order, scratch)
  let sum = 0
  for (let at = from; at < from + length; at++) sum += fleet.values[at]!
  fleet.means[series] = sum / length
  fleet.runValues[series] = Number.NaN
}
