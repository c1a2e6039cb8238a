// A scenario in a fleet's own numbers: thresholds per rule, growth per group; what it names must be there.
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { findNearestName } from '../../../src-shared/config/nearest-name.ts'
import type { Scenario, VerdictBy } from '../../../src-shared/ipc/what-if.ts'
import type { WhatIfFleet, WhatIfPolicy } from './load-fleet.ts'
import { countFleetDays, type ScenarioParameters } from './evaluate-fleet.ts'

/** Throws scenario-invalid for a metric, criticality or group that the run does not have, or that has two entries. */
export const createScenarioParameters = (
  fleet: WhatIfFleet,
  { config }: WhatIfPolicy,
  scenario: Scenario,
  verdictBy: VerdictBy,
): ScenarioParameters => {
  assertDistinctEntries(scenario.special_thresholds, ({ column, value }) => `threshold for ${column} "${value}"`)
  assertDistinctEntries(scenario.group_growth, ({ column, value }) => `growth for ${column.replace('_', ' ')} "${value}"`)
  const overridesFor = (column: 'metric' | 'criticality'): Map<string, number> => {
    const entries = scenario.special_thresholds.filter((entry) => entry.column === column)
    for (const { value } of entries)
      assertKnown(
        `${column} with a threshold called`,
        value,
        fleet.rules.map((rule) => rule[column]),
      )
    return new Map(entries.map(({ value, threshold }) => [value, threshold]))
  }
  const metricOverrides = overridesFor('metric')
  const criticalityOverrides = overridesFor('criticality')
  const overrideByRule = fleet.rules.map(
    ({ metric, criticality, overriddenBy }) =>
      (criticality === null ? undefined : criticalityOverrides.get(criticality)) ??
      (overriddenBy === 'criticality' ? undefined : metricOverrides.get(metric)),
  )
  for (const { column, value } of scenario.group_growth)
    assertKnown(
      column,
      value,
      fleet.groups.map((group) => group[column]),
    )
  const reversedGroupGrowth = [...scenario.group_growth].reverse()
  const growthPercentByGroup = fleet.groups.map(
    (group) => reversedGroupGrowth.find(({ column, value }) => group[column] === value)?.percent ?? scenario.growth_percent,
  )
  return {
    thresholds: Float64Array.from(
      fleet.rules,
      ({ threshold, overriddenBy }, rule) =>
        overrideByRule[rule] ?? (overriddenBy === null ? (scenario.threshold ?? threshold) : threshold),
    ),
    usesGeneralThreshold: fleet.rules.map(({ overriddenBy }, rule) => overriddenBy === null && overrideByRule[rule] === undefined),
    growth: Float64Array.from(growthPercentByGroup, (percent) => 1 + percent / 100),
    percentile: scenario.percentile,
    horizonDays: shortenedHorizonDays(fleet, scenario),
    underutilizedThreshold: scenario.underutilized_threshold ?? config.underutilized_threshold,
    monthlyUsd: scenario.monthly_cost_usd,
    verdictBy,
  }
}

/** Null where the scenario leaves every horizon whole. */
export const shortenedHorizonDays = (fleet: WhatIfFleet, { horizon_days: days }: Scenario): number | null =>
  days === null || days >= countFleetDays(fleet) ? null : days

const assertKnown = (kind: string, value: string, names: readonly (string | null)[]): void => {
  if (!names.includes(value))
    throw unknownNameError(
      kind,
      value,
      names.filter((name) => name !== null),
    )
}

/** Of two entries about the same thing only one would count. Throws scenario-invalid. */
export const assertDistinctEntries = <Entry>(entries: readonly Entry[], describe: (entry: Entry) => string): void => {
  const named = new Set<string>()
  for (const name of entries.map(describe)) {
    if (named.has(name)) throw new HeadroomError('scenario-invalid', `The scenario states twice: ${name}.`, { next: 'Keep one entry.' })
    named.add(name)
  }
}

/** `names`: may repeat themselves. */
export const unknownNameError = (kind: string, value: string, names: readonly string[]): HeadroomError => {
  const distinct = [...new Set(names)]
  const suggestion = findNearestName(value, names)
  return new HeadroomError('scenario-invalid', `The run has no ${kind.replace('_', ' ')} "${value}".`, {
    next: suggestion === undefined ? `It has ${distinct.slice(0, 10).join(', ') || 'none'}.` : `Did you mean "${suggestion}"?`,
  })
}
