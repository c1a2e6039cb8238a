// The fleet after servers were removed or added: whose demand goes to whom, time by time.
import { createIndexArray, sortIndexesByValue, type IndexArray } from '../../statistics/percentile.ts'
import { SeriesTimes } from './horizon-times.ts'
import type { WhatIfFleet } from './load-fleet.ts'

export interface AddedServers {
  readonly count: number
  /** Index of the server whose group, size and cost they have. */
  readonly templateServer: number
}

export interface ChangedFleet {
  readonly fleet: WhatIfFleet
  /** Numbers of groups in which no server is left for the removed demand. */
  readonly groupsWithoutTaker: readonly number[]
}

/** Series of one metric in one group. */
interface SeriesPool {
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
export const applyServerChanges = (base: WhatIfFleet, removed: ReadonlySet<number>, added: readonly AddedServers[]): ChangedFleet => {
  if (removed.size === 0 && added.length === 0) return { fleet: base, groupsWithoutTaker: [] }
  const addedCapacity = new Float64Array(base.groups.length)
  const changedGroups = new Set<number>()
  for (const server of removed) changedGroups.add(base.groupOf[server]!)
  for (const { count, templateServer } of added) {
    const group = base.groupOf[templateServer]!
    changedGroups.add(group)
    addedCapacity[group]! += count * base.capacityUnits[templateServer]!
  }
  const pools = poolSeries(base, changedGroups)
  const fleet = copyWithAddedSeries(base, removed, added, pools)
  const groupsWithoutTaker = new Set<number>()
  const scratch = createIndexArray(base.times.length, base.times.length)
  for (const pool of pools) {
    const distribution = redistributeDemand(base, pool, removed, addedCapacity[pool.group]!)
    if (distribution.hasUnassignedDemand) groupsWithoutTaker.add(pool.group)
    for (const { server, series } of pool.series) {
      if (removed.has(server)) continue
      const from = base.offsets[series]!
      const to = base.offsets[series + 1]!
      const periods = base.periods.of(series)
      for (let at = from; at < to; at++) {
        const period = periods[at - from]!
        fleet.values[at] = (base.values[at]! + distribution.points[period]!) * distribution.retainedShare[period]!
      }
      resortSeries(fleet, series, scratch)
    }
    for (const series of fleet.addedSeries.get(pool) ?? []) {
      let at = fleet.offsets[series]!
      for (const period of distribution.times) {
        fleet.values[at] = distribution.mean[period]!
        fleet.ranks.order[at] = at - fleet.offsets[series]!
        at++
      }
      resortSeries(fleet, series, scratch)
    }
  }
  return { fleet, groupsWithoutTaker: [...groupsWithoutTaker].sort((a, b) => a - b) }
}

const poolSeries = (base: WhatIfFleet, changedGroups: ReadonlySet<number>): SeriesPool[] => {
  const pools = new Map<number, SeriesPool>()
  for (let server = 0; server < base.serverIds.length; server++) {
    const group = base.groupOf[server]!
    if (!changedGroups.has(group)) continue
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

interface DemandDistribution {
  /** By period: points that every remaining server takes over. */
  readonly points: Float64Array
  /** By period: share of its demand that stays on a remaining server once others are added. */
  readonly retainedShare: Float64Array
  /** By period: what added servers carry, in the metric's unit. */
  readonly mean: Float64Array
  /** Periods at which the pool has values, ascending. */
  readonly times: readonly number[]
  readonly hasUnassignedDemand: boolean
}

const redistributeDemand = (
  base: WhatIfFleet,
  pool: SeriesPool,
  removed: ReadonlySet<number>,
  addedCapacity: number,
): DemandDistribution => {
  const periods = base.times.length
  const removedDemand = new Float64Array(periods)
  const remainingDemand = new Float64Array(periods)
  const capacity = new Float64Array(periods)
  const isPresent = new Uint8Array(periods)
  for (const { server, series } of pool.series) {
    const units = base.capacityUnits[server]!
    const isRemoved = removed.has(server)
    const demand = isRemoved ? removedDemand : remainingDemand
    const periods = base.periods.of(series)
    for (let at = base.offsets[series]!, index = 0; at < base.offsets[series + 1]!; at++, index++) {
      const period = periods[index]!
      isPresent[period] = 1
      demand[period]! += Math.max(0, base.values[at]!) * units
      if (!isRemoved) capacity[period]! += units
    }
  }
  const points = new Float64Array(periods)
  const retainedShare = new Float64Array(periods).fill(1)
  const mean = new Float64Array(periods)
  const times: number[] = []
  let hasUnassignedDemand = false
  for (let period = 0; period < periods; period++) {
    if (isPresent[period] === 0) continue
    times.push(period)
    const current = capacity[period]!
    const totalCapacity = current + addedCapacity
    if (current > 0) {
      points[period] = removedDemand[period]! / current
      retainedShare[period] = current / totalCapacity
    }
    if (totalCapacity > 0) mean[period] = (removedDemand[period]! + remainingDemand[period]!) / totalCapacity
    else if (removedDemand[period]! > 0) hasUnassignedDemand = true
  }
  return { points, retainedShare, mean, times, hasUnassignedDemand }
}

/** A copy with its own values, and with empty series for added servers. */
interface ExtendableFleet extends WhatIfFleet {
  readonly addedSeries: ReadonlyMap<SeriesPool, number[]>
}

const copyWithAddedSeries = (
  base: WhatIfFleet,
  removed: ReadonlySet<number>,
  added: readonly AddedServers[],
  pools: readonly SeriesPool[],
): ExtendableFleet => {
  const timesOf = new Map(pools.map((pool) => [pool, findPeriodsOfPool(base, pool)]))
  const timeLists = [...base.periods.lists]
  const addedLists: number[] = []
  const servers = base.serverIds.length
  const addedSeries = new Map<SeriesPool, number[]>()
  const rules: number[] = []
  const offsets = [base.values.length]
  const firstSeries = [base.ruleOf.length]
  for (const { templateServer } of added) {
    for (const pool of pools.filter(({ group }) => group === base.groupOf[templateServer])) {
      const current = addedSeries.get(pool) ?? []
      current.push(base.ruleOf.length + rules.length)
      addedSeries.set(pool, current)
      rules.push(pool.rule)
      offsets.push(offsets.at(-1)! + timesOf.get(pool)!.length)
      addedLists.push(timeLists.push(timesOf.get(pool)!) - 1)
    }
    firstSeries.push(base.ruleOf.length + rules.length)
  }
  const templateServers = added.map(({ templateServer }) => templateServer)
  const unknownValues = rules.map(() => Number.NaN)
  const seriesCount = base.ruleOf.length + rules.length
  const length = offsets.at(-1)!
  const longest = base.ranks.order instanceof Uint32Array ? 0x10000 : base.times.length
  const serverCounts = extend(
    base.serverCounts,
    new Int32Array(servers + added.length),
    added.map(({ count }) => count),
  )
  for (const server of removed) serverCounts[server] = 0
  const ofServers = (values: Float64Array): Float64Array =>
    extend(
      values,
      new Float64Array(servers + added.length),
      templateServers.map((templateServer) => values[templateServer]!),
    )
  const ofSeries = (values: Float64Array, tail: readonly number[]): Float64Array => extend(values, new Float64Array(seriesCount), tail)
  return {
    serverIds: base.serverIds.with(templateServers.map((templateServer) => `added like ${base.serverIds.at(templateServer)}`)),
    serverCounts,
    groups: base.groups,
    groupOf: extend(
      base.groupOf,
      new Int32Array(servers + added.length),
      templateServers.map((templateServer) => base.groupOf[templateServer]!),
    ),
    capacityUnits: ofServers(base.capacityUnits),
    knowsCapacity: extend(
      base.knowsCapacity,
      new Int32Array(servers + added.length),
      templateServers.map((templateServer) => base.knowsCapacity[templateServer]!),
    ),
    monthlyUsd: ofServers(base.monthlyUsd),
    firstSeries: extend(base.firstSeries.subarray(0, servers), new Uint32Array(servers + added.length + 1), firstSeries),
    rules: base.rules,
    ruleOf: extend(base.ruleOf, new Int32Array(seriesCount), rules),
    runP95s: ofSeries(base.runP95s, unknownValues),
    means: ofSeries(base.means, unknownValues),
    margins:
      base.margins &&
      ofSeries(
        base.margins,
        rules.map(() => 0),
      ),
    // The paths of the remaining servers do not tell how they would carry other servers' demand.
    paths: null,
    hasQuantilePaths: base.hasQuantilePaths,
    offsets: extend(base.offsets.subarray(0, base.ruleOf.length), new Uint32Array(seriesCount + 1), offsets),
    values: extend(base.values, new Float64Array(length), []),
    ranks: { order: extend(base.ranks.order, createIndexArray(length, longest), []) },
    periods: new SeriesTimes(timeLists, extend(base.periods.listOf, new Int32Array(seriesCount), addedLists)),
    times: base.times,
    addedSeries,
  }
}

const extend = <Values extends Float64Array | Int32Array | Uint32Array | Uint16Array>(
  values: Values,
  target: Values,
  tail: readonly number[],
): Values => {
  target.set(values)
  target.set(tail, values.length)
  return target
}

const findPeriodsOfPool = (base: WhatIfFleet, pool: SeriesPool): IndexArray => {
  const isPresent = new Uint8Array(base.times.length)
  for (const { series } of pool.series) {
    for (const period of base.periods.of(series)) isPresent[period] = 1
  }
  const found = createIndexArray(
    isPresent.reduce((count, present) => count + present, 0),
    base.times.length,
  )
  let count = 0
  isPresent.forEach((present, period) => {
    if (present === 1) found[count++] = period
  })
  return found
}

/** Sorts a series whose values changed, and recalculates its mean. */
const resortSeries = (fleet: WhatIfFleet, series: number, scratch: IndexArray): void => {
  const from = fleet.offsets[series]!
  const length = fleet.offsets[series + 1]! - from
  if (length === 0) return
  sortIndexesByValue(fleet.values, from, length, fleet.ranks.order, scratch)
  let sum = 0
  for (let at = from; at < from + length; at++) sum += fleet.values[at]!
  fleet.means[series] = sum / length
  fleet.runP95s[series] = Number.NaN
}
