// A scenario in a fleet's own numbers: thresholds per rule, growth per group; what it names must be there.
import { HeadroomError } from '../../src-shared/errors.ts'
import { nearestName } from '../../src-shared/nearest-name.ts'
import type { Scenario } from '../../src-shared/what-if.ts'
import type { WhatIfFleet, WhatIfPolicy } from './what-if-fleet.ts'
import type { FleetTerms } from './what-if-judge.ts'

/** Throws scenario-invalid for a metric, criticality or group that the run does not have. */
export const termsOf = (fleet: WhatIfFleet, { config }: WhatIfPolicy, scenario: Scenario): FleetTerms => {
  const special = (column: 'metric' | 'criticality'): Map<string, number> => {
    const wanted = scenario.special_thresholds.filter((entry) => entry.column === column)
    for (const { value } of wanted)
      assertKnown(
        `judged ${column}`,
        value,
        fleet.rules.map((rule) => rule[column]),
      )
    return new Map(wanted.map(({ value, threshold }) => [value, threshold]))
  }
  const ofMetric = special('metric')
  const ofCriticality = special('criticality')
  const specialOf = fleet.rules.map(
    ({ metric, criticality, own }) =>
      (criticality === null ? undefined : ofCriticality.get(criticality)) ?? (own === 'criticality' ? undefined : ofMetric.get(metric)),
  )
  for (const { column, value } of scenario.group_growth)
    assertKnown(
      column,
      value,
      fleet.groups.map((group) => group[column]),
    )
  const lastFirst = [...scenario.group_growth].reverse()
  const growthOf = fleet.groups.map(
    (group) => lastFirst.find(({ column, value }) => group[column] === value)?.percent ?? scenario.growth_percent,
  )
  return {
    thresholds: Float64Array.from(
      fleet.rules,
      ({ threshold, own }, rule) => specialOf[rule] ?? (own === null ? (scenario.threshold ?? threshold) : threshold),
    ),
    isGeneral: fleet.rules.map(({ own }, rule) => own === null && specialOf[rule] === undefined),
    growth: Float64Array.from(growthOf, (percent) => 1 + percent / 100),
    percentile: scenario.percentile,
    horizonDays: scenario.horizon_days,
    underutilizedThreshold: scenario.underutilized_threshold ?? config.underutilized_threshold,
    monthlyUsd: scenario.monthly_cost_usd,
  }
}

const assertKnown = (kind: string, value: string, names: readonly (string | null)[]): void => {
  if (!names.includes(value)) throw unknownName(kind, value, [...new Set(names.filter((name) => name !== null))])
}

export const unknownName = (kind: string, value: string, names: readonly string[]): HeadroomError => {
  const nearest = nearestName(value, names)
  return new HeadroomError('scenario-invalid', `The run has no ${kind.replace('_', ' ')} "${value}".`, {
    next: nearest === undefined ? `It has ${names.slice(0, 10).join(', ') || 'none'}.` : `Did you mean "${nearest}"?`,
  })
}
