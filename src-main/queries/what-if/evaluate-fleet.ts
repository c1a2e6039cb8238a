// Evaluates a fleet under a scenario: who is at risk, by which metric, and the fleet's figures. One pass over the servers, no allocation per server.
import type { ScenarioFigures } from '../../../src-shared/ipc/what-if.ts'
import { lowerBound, type WhatIfFleet } from './load-fleet.ts'
import { rankedPercentile } from '../../statistics/percentile.ts'

const dayMs = 86_400_000
/** The percentile that the run evaluates. */
const defaultPercentile = 95

/** A scenario, translated to the fleet's numbers. */
export interface ScenarioParameters {
  /** By rule. */
  readonly thresholds: Float64Array
  /** By rule: whether the threshold is the general one, which the grid varies. */
  readonly usesGeneralThreshold: readonly boolean[]
  /** By group: what values are multiplied with. */
  readonly growth: Float64Array
  readonly percentile: number
  readonly horizonDays: number | null
  readonly underutilizedThreshold: number
  readonly monthlyUsd: number | null
}

export interface FleetEvaluation {
  readonly figures: Omit<ScenarioFigures, 'underutilized_servers'> & { readonly underutilized_servers: number }
  /** By server: 1 where at risk. */
  readonly isAtRisk: Uint8Array
  /** By server: the series with the least headroom; -1 without horizon. */
  readonly limitingSeries: Int32Array
  /** By server: that series' value at the percentile, and its headroom. */
  readonly value: Float64Array
  readonly headroom: Float64Array
}

/** What a series is held against its threshold with, but for growth; `count` as `countPeriods` gives it. */
const seriesValue = (fleet: WhatIfFleet, series: number, count: number, percentile: number): number => {
  const from = fleet.offsets[series]!
  const length = fleet.offsets[series + 1]! - from
  const runP95 = fleet.runP95s[series]!
  if (percentile === defaultPercentile && count === length && !Number.isNaN(runP95)) return runP95
  const value = rankedPercentile(fleet.values, fleet.order, from, length, count, percentile)
  return fleet.margins === null ? value : value + fleet.margins[series]!
}

/** Periods of a series within the scenario's horizon: those less than so many days after its first. */
const countPeriods = (fleet: WhatIfFleet, series: number, days: number | null): number => {
  const from = fleet.offsets[series]!
  const to = fleet.offsets[series + 1]!
  if (days === null || from === to) return to - from
  const end = lowerBound(fleet.times, fleet.times[fleet.periods[from]!]! + days * dayMs)
  if (fleet.periods[to - 1]! < end) return to - from
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >> 1
    if (fleet.periods[middle]! < end) low = middle + 1
    else high = middle
  }
  return low - from
}

const seriesMean = (fleet: WhatIfFleet, series: number, count: number): number => {
  const from = fleet.offsets[series]!
  if (count === fleet.offsets[series + 1]! - from) return fleet.means[series]!
  let sum = 0
  for (let at = from; at < from + count; at++) sum += fleet.values[at]!
  return sum / count
}

/** capacity_units x max(0, value / threshold - 1), up to whole units where units are whole. */
export const calculateUnitsToAdd = (capacityUnits: number, value: number, threshold: number): number => {
  const units = capacityUnits * Math.max(0, value / threshold - 1)
  return Number.isInteger(capacityUnits) ? Math.ceil(Math.round(units * 1e9) / 1e9) : units
}

/** Number of the first time at which a series exceeds its threshold, `before` at the latest; -1 where none. */
export const findFirstBreach = (
  fleet: WhatIfFleet,
  series: number,
  parameters: ScenarioParameters,
  growth: number,
  before = fleet.times.length,
): number => {
  const from = fleet.offsets[series]!
  const threshold = parameters.thresholds[fleet.ruleOf[series]!]!
  const to = from + countPeriods(fleet, series, parameters.horizonDays)
  for (let at = from; at < to; at++) {
    const period = fleet.periods[at]!
    if (period > before) return -1
    if (fleet.values[at]! * growth > threshold) return period
  }
  return -1
}

export const evaluateFleet = (fleet: WhatIfFleet, parameters: ScenarioParameters): FleetEvaluation => {
  const servers = fleet.serverIds.length
  const isAtRisk = new Uint8Array(servers)
  const limitingSeries = new Int32Array(servers).fill(-1)
  const value = new Float64Array(servers).fill(Number.NaN)
  const headroom = new Float64Array(servers).fill(Number.POSITIVE_INFINITY)
  // Ties as in the run's overview: the greater P95 of the forecast itself, then the name.
  const soonest = { period: fleet.times.length, series: -1, server: -1, value: 0 }
  const sums = { servers: 0, atRisk: 0, underutilized: 0, units: 0, unitsUsd: 0, fleetUsd: 0 }
  for (let server = 0; server < servers; server++) {
    const serverCount = fleet.serverCounts[server]!
    if (serverCount === 0) continue
    const growth = parameters.growth[fleet.groupOf[server]!]!
    const first = fleet.firstSeries[server]!
    const end = fleet.firstSeries[server + 1]!
    let units = 0
    let isUnderutilized = end > first
    for (let series = first; series < end; series++) {
      const count = countPeriods(fleet, series, parameters.horizonDays)
      if (count === 0) {
        isUnderutilized = false
        continue
      }
      const threshold = parameters.thresholds[fleet.ruleOf[series]!]!
      const evaluatedValue = seriesValue(fleet, series, count, parameters.percentile) * growth
      if (threshold - evaluatedValue < headroom[server]!) {
        headroom[server] = threshold - evaluatedValue
        value[server] = evaluatedValue
        limitingSeries[server] = series
      }
      isUnderutilized &&= seriesMean(fleet, series, count) * growth < parameters.underutilizedThreshold
      if (evaluatedValue <= threshold) continue
      isAtRisk[server] = 1
      units = Math.max(units, calculateUnitsToAdd(fleet.capacityUnits[server]!, evaluatedValue, threshold))
      const period = findFirstBreach(fleet, series, parameters, growth, soonest.period)
      const forecast = fleet.margins === null ? evaluatedValue : evaluatedValue - fleet.margins[series]! * growth
      if (period >= 0 && (period < soonest.period || forecast > soonest.value))
        Object.assign(soonest, { period, series, server, value: forecast })
    }
    const usd = parameters.monthlyUsd ?? fleet.monthlyUsd[server]!
    sums.servers += serverCount
    sums.fleetUsd += serverCount * usd
    if (isUnderutilized) sums.underutilized += serverCount
    if (isAtRisk[server] === 0) continue
    sums.atRisk += serverCount
    sums.units += serverCount * units
    if (units > 0) sums.unitsUsd += (serverCount * units * usd) / fleet.capacityUnits[server]!
  }
  return {
    figures: {
      servers: sums.servers,
      at_risk_servers: sums.atRisk,
      underutilized_servers: sums.underutilized,
      soonest_breach:
        soonest.series < 0
          ? null
          : {
              server_id: fleet.serverIds[soonest.server]!,
              metric: fleet.rules[fleet.ruleOf[soonest.series]!]!.metric,
              at: periodInstant(fleet, soonest.period),
            },
      units_to_add: sums.units,
      units_monthly_usd: sums.unitsUsd,
      fleet_monthly_usd: sums.fleetUsd,
    },
    isAtRisk,
    limitingSeries,
    value,
    headroom,
  }
}

/** Days from the first to the last time of the longest horizon, and its last step. */
export const countFleetDays = ({ offsets, periods, times }: WhatIfFleet): number => {
  let longest = 0
  for (let series = 0; series + 1 < offsets.length; series++) {
    const last = offsets[series + 1]! - 1
    if (last <= offsets[series]!) continue
    const end = times[periods[last]!]!
    longest = Math.max(longest, end - times[periods[offsets[series]!]!]! + end - times[periods[last - 1]!]!)
  }
  return longest / dayMs
}

/** ISO 8601 UTC without fractions, as in the run's own files. */
export const periodInstant = (fleet: WhatIfFleet, period: number): string =>
  new Date(fleet.times[period]!).toISOString().replace(/\.\d+Z$/, 'Z')

/**
 * Servers at risk for each percentile and each general threshold (ascending); thresholds of a metric or criticality of their own stay.
 * One pass per percentile: a server counts for every threshold below its maximum.
 */
export const countRiskGrid = (
  fleet: WhatIfFleet,
  parameters: ScenarioParameters,
  percentiles: readonly number[],
  thresholds: readonly number[],
): number[][] => {
  const counts = Uint32Array.from({ length: fleet.ruleOf.length }, (_, series) => countPeriods(fleet, series, parameters.horizonDays))
  return percentiles.map((percentile) => {
    const atRisk = thresholds.map(() => 0)
    for (let server = 0; server < fleet.serverIds.length; server++) {
      const serverCount = fleet.serverCounts[server]!
      if (serverCount === 0) continue
      const growth = parameters.growth[fleet.groupOf[server]!]!
      let max = Number.NEGATIVE_INFINITY
      for (let series = fleet.firstSeries[server]!; series < fleet.firstSeries[server + 1]!; series++) {
        if (counts[series] === 0) continue
        const rule = fleet.ruleOf[series]!
        const evaluatedValue = seriesValue(fleet, series, counts[series]!, percentile) * growth
        if (parameters.usesGeneralThreshold[rule]!) max = Math.max(max, evaluatedValue)
        else if (evaluatedValue > parameters.thresholds[rule]!) max = Number.POSITIVE_INFINITY
      }
      for (let index = 0; index < thresholds.length && thresholds[index]! < max; index++) atRisk[index]! += serverCount
    }
    return atRisk
  })
}
