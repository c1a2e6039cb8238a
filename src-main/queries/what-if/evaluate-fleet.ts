// Evaluates a fleet under a scenario: who is at risk, by which metric, and the fleet's figures. One pass over the servers, no allocation per server.
import { likelyProbability } from '../../../src-shared/artefacts/likelihood.ts'
import type { ScenarioFigures, VerdictBy } from '../../../src-shared/ipc/what-if.ts'
import { lowerBound, type WhatIfFleet } from './load-fleet.ts'
import { rankedPercentile } from '../../statistics/percentile.ts'
import { anyProbability, hasPaths, JointProbability, sustainedProbability, type StoredPaths } from './scenario-probabilities.ts'

const dayMs = 86_400_000
/** The percentile that the run evaluates. */
export const defaultPercentile = 95

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
  readonly verdictBy: VerdictBy
}

export interface FleetEvaluation {
  readonly figures: Omit<ScenarioFigures, 'underutilized_servers'> & { readonly underutilized_servers: number }
  /** By server: 1 where at risk. */
  readonly isAtRisk: Uint8Array
  /** By server: the series with the greatest probability, by points with the least headroom; -1 without horizon. */
  readonly limitingSeries: Int32Array
  /** By server: that series' median P95 or value at the percentile. */
  readonly value: Float64Array
  /** By server, the most urgent lowest: headroom, or the negative probability. */
  readonly urgency: Float64Array
  /** By server, sustained breach and any breach; NaN where it is not known. */
  readonly atRiskProbability: Float64Array
  readonly breachProbability: Float64Array
}

/** What a series is held against its threshold with, but for growth; `count` as `countPeriods` gives it. */
const seriesValue = (fleet: WhatIfFleet, series: number, count: number, percentile: number): number => {
  const from = fleet.offsets[series]!
  const length = fleet.offsets[series + 1]! - from
  const runP95 = fleet.runP95s[series]!
  if (percentile === defaultPercentile && count === length && !Number.isNaN(runP95)) return runP95
  const value = rankedPercentile(fleet.values, fleet.ranks.order, from, length, count, percentile)
  return fleet.margins === null ? value : value + fleet.margins[series]!
}

/** Periods of a series within the scenario's horizon: those less than so many days after its first. */
const countPeriods = (fleet: WhatIfFleet, series: number, days: number | null): number => {
  const from = fleet.offsets[series]!
  const to = fleet.offsets[series + 1]!
  if (days === null || from === to) return to - from
  const periods = fleet.periods.of(series)
  const end = lowerBound(fleet.times, fleet.times[periods[0]!]! + days * dayMs)
  if (periods[to - from - 1]! < end) return to - from
  let low = 0
  let high = to - from
  while (low < high) {
    const middle = (low + high) >> 1
    if (periods[middle]! < end) low = middle + 1
    else high = middle
  }
  return low
}

const seriesMean = (fleet: WhatIfFleet, series: number, count: number): number => {
  const from = fleet.offsets[series]!
  if (count === fleet.offsets[series + 1]! - from) return fleet.means[series]!
  let sum = 0
  for (let at = from; at < from + count; at++) sum += fleet.values[at]!
  return sum / count
}

/** Capacity to add to a server. */
export interface CapacityNeed {
  /** Null where its capacity is not stated. */
  readonly units: number | null
  /** Of today's capacity. */
  readonly share: number
}

/** What a server needs for a P95 of `value`, as a share of today's capacity. */
const neededShare = (value: number, threshold: number): number => Math.max(0, value / threshold - 1)

/**
 * The rule of the run's units_to_add and percent_to_add: whole units are rounded up, a server at risk gets at least one, and the share alone is
 * known where no capacity is stated.
 */
export const capacityNeed = (
  { capacityUnits, knowsCapacity }: Pick<WhatIfFleet, 'capacityUnits' | 'knowsCapacity'>,
  server: number,
  value: number,
  threshold: number,
  isAtRisk: boolean,
): CapacityNeed => needOf({ capacityUnits, knowsCapacity }, server, neededShare(value, threshold), isAtRisk)

const needOf = (
  { capacityUnits, knowsCapacity }: Pick<WhatIfFleet, 'capacityUnits' | 'knowsCapacity'>,
  server: number,
  share: number,
  isAtRisk: boolean,
): CapacityNeed => {
  if (knowsCapacity[server] === 0) return { units: null, share }
  const capacity = capacityUnits[server]!
  const units = capacity * share
  if (!Number.isInteger(capacity)) return { units, share }
  const whole = Math.max(Math.ceil(Math.round(units * 1e9) / 1e9), isAtRisk ? 1 : 0)
  return { units: whole, share: whole / capacity }
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
  const count = countPeriods(fleet, series, parameters.horizonDays)
  const periods = fleet.periods.of(series)
  for (let index = 0; index < count; index++) {
    const period = periods[index]!
    if (period > before) return -1
    if (fleet.values[from + index]! * growth > threshold) return period
  }
  return -1
}

/** The first breach of a server, and what ranks it among servers of the same date. */
interface ServerBreach {
  period: number
  series: number
  server: number
  forecast: number
  /** NaN where none is known. */
  probability: number
  /** A month of the capacity to add. */
  usd: number
  units: number
  /** Of the capacity, before it is rounded up to whole units. */
  share: number
}

/** The order of src-main/queries/run/urgency-order.ts; servers come in the order of their names. */
const isSooner = (one: ServerBreach, other: ServerBreach): boolean => {
  if (one.period !== other.period) return one.period < other.period
  const [probability, otherProbability] = [orLowest(one.probability), orLowest(other.probability)]
  if (probability !== otherProbability) return probability > otherProbability
  if (one.usd !== other.usd) return one.usd > other.usd
  return one.units !== other.units ? one.units > other.units : one.share > other.share
}

const orLowest = (probability: number): number => (Number.isNaN(probability) ? -1 : probability)

export const evaluateFleet = (fleet: WhatIfFleet, parameters: ScenarioParameters): FleetEvaluation => {
  const servers = fleet.serverIds.length
  const isAtRisk = new Uint8Array(servers)
  const limitingSeries = new Int32Array(servers).fill(-1)
  const value = new Float64Array(servers).fill(Number.NaN)
  const urgency = new Float64Array(servers).fill(Number.POSITIVE_INFINITY)
  const atRiskProbability = new Float64Array(servers).fill(Number.NaN)
  const breachProbability = new Float64Array(servers).fill(Number.NaN)
  const paths = probabilitiesApply(parameters) ? fleet.paths : null
  const byProbability = parameters.verdictBy === 'probability'
  const series = new SeriesEvaluation()
  const [sustained, any] = [new JointProbability(), new JointProbability()]
  const soonest: ServerBreach = {
    period: fleet.times.length,
    series: -1,
    server: -1,
    forecast: 0,
    probability: Number.NaN,
    usd: 0,
    units: 0,
    share: 0,
  }
  const own: ServerBreach = { ...soonest }
  const sums = {
    servers: 0,
    atRisk: 0,
    underutilized: 0,
    units: 0,
    known: 0,
    addedUsd: 0,
    fleetUsd: 0,
    atRiskExpected: 0,
    breachExpected: 0,
  }
  for (let server = 0; server < servers; server++) {
    const serverCount = fleet.serverCounts[server]!
    if (serverCount === 0) continue
    const growth = parameters.growth[fleet.groupOf[server]!]!
    const first = fleet.firstSeries[server]!
    const end = fleet.firstSeries[server + 1]!
    let share = 0
    let isUnderutilized = end > first
    Object.assign(own, { period: soonest.period, series: -1, server, forecast: 0 })
    sustained.reset()
    any.reset()
    for (let s = first; s < end; s++) {
      const count = countPeriods(fleet, s, parameters.horizonDays)
      if (count === 0) {
        isUnderutilized = false
        continue
      }
      const threshold = parameters.thresholds[fleet.ruleOf[s]!]!
      series.evaluate(fleet, paths, s, seriesValue(fleet, s, count, parameters.percentile), growth, threshold, byProbability)
      if (!Number.isNaN(series.sustained)) {
        sustained.add(series.sustained)
        any.add(series.any)
      }
      if (series.urgency < urgency[server]!) {
        urgency[server] = series.urgency
        value[server] = series.value
        limitingSeries[server] = s
      }
      isUnderutilized &&= seriesMean(fleet, s, count) * growth < parameters.underutilizedThreshold
      share = Math.max(share, neededShare(series.sizingValue, threshold))
      if (!series.isAtRisk) continue
      isAtRisk[server] = 1
      const period = findFirstBreach(fleet, s, parameters, growth, own.period)
      if (period >= 0 && (own.series < 0 || period < own.period || series.forecast > own.forecast))
        Object.assign(own, { period, series: s, forecast: series.forecast })
    }
    if (paths !== null) {
      atRiskProbability[server] = sustained.joint(paths.jointShares.sustained[server]!)
      breachProbability[server] = any.joint(paths.jointShares.any[server]!)
      if (!Number.isNaN(atRiskProbability[server]!)) {
        sums.atRiskExpected += serverCount * atRiskProbability[server]!
        sums.breachExpected += serverCount * breachProbability[server]!
      }
      if (byProbability && atRiskProbability[server]! > likelyProbability) isAtRisk[server] = 1
    }
    const usd = parameters.monthlyUsd ?? fleet.monthlyUsd[server]!
    sums.servers += serverCount
    sums.fleetUsd += serverCount * usd
    sums.known += fleet.knowsCapacity[server]!
    if (isUnderutilized) sums.underutilized += serverCount
    if (isAtRisk[server] === 0) continue
    sums.atRisk += serverCount
    const need = needOf(fleet, server, share, true)
    sums.units += serverCount * (need.units ?? 0)
    sums.addedUsd += serverCount * need.share * usd
    if (own.series < 0) continue
    Object.assign(own, {
      probability: atRiskProbability[server]!,
      usd: need.share * usd,
      units: need.units ?? 0,
      share,
    })
    if (soonest.series < 0 || isSooner(own, soonest)) Object.assign(soonest, own)
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
              server_id: fleet.serverIds.at(soonest.server),
              metric: fleet.rules[fleet.ruleOf[soonest.series]!]!.metric,
              at: periodInstant(fleet, soonest.period),
            },
      at_risk_expected: paths === null ? null : sums.atRiskExpected,
      breach_expected: paths === null ? null : sums.breachExpected,
      units_to_add: sums.known === 0 ? null : sums.units,
      units_monthly_usd: sums.addedUsd,
      fleet_monthly_usd: sums.fleetUsd,
    },
    isAtRisk,
    limitingSeries,
    value,
    urgency,
    atRiskProbability,
    breachProbability,
  }
}

/** Paths were simulated over the whole horizon, and the event is about their P95. */
export const probabilitiesApply = ({ percentile, horizonDays }: Pick<ScenarioParameters, 'percentile' | 'horizonDays'>): boolean =>
  percentile === defaultPercentile && horizonDays === null

/** One series under a scenario; reused, so that a fleet needs no object per series. */
class SeriesEvaluation {
  isAtRisk = false
  /** The point forecast at the percentile, without the margin of a conservative run. */
  forecast = 0
  /** The figure that the planner reads: median P95 of the paths, or the forecast at the percentile with its margin. */
  value = 0
  /** What added capacity must carry. */
  sizingValue = 0
  urgency = 0
  /** NaN where it is not known. */
  sustained = Number.NaN
  any = Number.NaN

  /** `point`: value at the percentile before growth. */
  evaluate(
    fleet: WhatIfFleet,
    paths: StoredPaths | null,
    series: number,
    point: number,
    growth: number,
    threshold: number,
    byProbability: boolean,
  ): void {
    const isKnown = paths !== null && hasPaths(paths, series)
    this.sustained = isKnown ? sustainedProbability(paths, series, growth, threshold) : Number.NaN
    this.any = isKnown ? anyProbability(paths, series, growth, threshold, this.sustained) : Number.NaN
    this.value = point * growth
    this.forecast = fleet.margins === null ? this.value : this.value - fleet.margins[series]! * growth
    this.sizingValue = this.value
    this.isAtRisk = this.value > threshold
    this.urgency = threshold - this.value
    if (!byProbability) return
    if (isKnown) {
      this.value = paths.medianP95s[series]! * growth
      this.sizingValue = paths.sizingP95s[series]! * growth
      this.isAtRisk = this.sustained > likelyProbability
      this.urgency = -this.sustained
    } else {
      // Without paths the forecast decides, as in the run.
      this.urgency = this.isAtRisk ? -1 : 0
    }
  }
}

/** Days from the first to the last time of the longest horizon, and its last step. */
export const countFleetDays = ({ periods, times }: WhatIfFleet): number => {
  let longest = 0
  for (const list of periods.lists) {
    const last = list.length - 1
    if (last <= 0) continue
    const end = times[list[last]!]!
    longest = Math.max(longest, end - times[list[0]!]! + end - times[list[last - 1]!]!)
  }
  return longest / dayMs
}

/** ISO 8601 UTC without fractions, as in the run's own files. */
export const periodInstant = (fleet: WhatIfFleet, period: number): string =>
  new Date(fleet.times[period]!).toISOString().replace(/\.\d+Z$/, 'Z')

/**
 * Servers at risk for each percentile and each general threshold (ascending); thresholds of a metric or criticality of their own stay.
 * One pass per percentile: a server counts for every threshold below a limit.
 */
export const countRiskGrid = (
  fleet: WhatIfFleet,
  parameters: ScenarioParameters,
  rows: readonly { readonly percentile: number; readonly verdictBy: VerdictBy }[],
  thresholds: readonly number[],
): number[][] => {
  const counts = Uint32Array.from({ length: fleet.ruleOf.length }, (_, series) => countPeriods(fleet, series, parameters.horizonDays))
  return rows.map(({ percentile, verdictBy }) => {
    const paths = verdictBy === 'probability' ? fleet.paths : null
    const atRisk = thresholds.map(() => 0)
    for (let server = 0; server < fleet.serverIds.length; server++) {
      const serverCount = fleet.serverCounts[server]!
      if (serverCount === 0) continue
      const growth = parameters.growth[fleet.groupOf[server]!]!
      let max = Number.NEGATIVE_INFINITY
      for (let series = fleet.firstSeries[server]!; series < fleet.firstSeries[server + 1]!; series++) {
        if (counts[series] === 0 || (paths !== null && hasPaths(paths, series))) continue
        const rule = fleet.ruleOf[series]!
        const evaluatedValue = seriesValue(fleet, series, counts[series]!, percentile) * growth
        if (parameters.usesGeneralThreshold[rule]!) max = Math.max(max, evaluatedValue)
        else if (evaluatedValue > parameters.thresholds[rule]!) max = Number.POSITIVE_INFINITY
      }
      const byPoints = countBelow(thresholds, (threshold) => threshold < max)
      const riskyCount =
        paths === null
          ? byPoints
          : Math.max(
              byPoints,
              countBelow(thresholds, (threshold) => isServerProbable(fleet, paths, parameters, server, growth, threshold)),
            )
      for (let index = 0; index < riskyCount; index++) atRisk[index]! += serverCount
    }
    return atRisk
  })
}

/** Number of first thresholds that pass; a threshold passes only where all lower ones do. */
const countBelow = (thresholds: readonly number[], passes: (threshold: number) => boolean): number => {
  let low = 0
  let high = thresholds.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (passes(thresholds[middle]!)) low = middle + 1
    else high = middle
  }
  return low
}

/** Whether the server's probability of a sustained breach puts it at risk at a general threshold. */
const isServerProbable = (
  fleet: WhatIfFleet,
  paths: StoredPaths,
  parameters: ScenarioParameters,
  server: number,
  growth: number,
  generalThreshold: number,
): boolean => {
  const joint = new JointProbability()
  for (let series = fleet.firstSeries[server]!; series < fleet.firstSeries[server + 1]!; series++) {
    if (!hasPaths(paths, series)) continue
    const rule = fleet.ruleOf[series]!
    const threshold = parameters.usesGeneralThreshold[rule]! ? generalThreshold : parameters.thresholds[rule]!
    joint.add(sustainedProbability(paths, series, growth, threshold))
  }
  return joint.joint(paths.jointShares.sustained[server]!) > likelyProbability
}
