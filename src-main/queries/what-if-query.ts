// Answers what-if scenarios on an open run: the fleet is read at the first question, then every answer is arithmetic.
import { completeConfig } from '../../src-shared/analysis-config.ts'
import {
  gridPercentiles,
  gridThresholds,
  scenarioSchema,
  type FleetFigures,
  type ListedServer,
  type Scenario,
  type ServerList,
  type WhatIfAnswer,
  type WhatIfChoices,
  type WhatIfRequest,
} from '../../src-shared/what-if.ts'
import type { Database } from '../database/database.ts'
import type { RunContents } from './run-contents.ts'
import { loadWhatIfFleet, type WhatIfFleet, type WhatIfPolicy } from './what-if-fleet.ts'
import {
  countFleetDays,
  firstBreach,
  gridOfRisk,
  instantOf,
  judgeFleet,
  unitsToAdd,
  type FleetTerms,
  type Judgement,
} from './what-if-judge.ts'
import { layOutServers, type FleetLayout } from './what-if-layout.ts'
import { termsOf, unknownName } from './what-if-terms.ts'

/** A run's fleet with what the run itself says of it, and the last layout: sliders move within one. */
export interface WhatIf {
  readonly fleet: WhatIfFleet
  readonly policy: WhatIfPolicy
  /** Whether the run judged idleness by the accountable model. */
  readonly judgesIdleness: boolean
  readonly run: Judgement
  layout: { readonly key: string; readonly value: FleetLayout }
}

/** Needs the relations `server_risk` and `flagged`. */
export const openWhatIf = async (database: Database, { manifest }: Pick<RunContents, 'manifest'>): Promise<WhatIf> => {
  const policy = { config: manifest?.config ?? completeConfig({}, 'headroom'), isModule05: manifest?.method === 'module05' }
  return whatIfOn(await loadWhatIfFleet(database, policy), policy, manifest?.method === 'headroom')
}

export const whatIfOn = (fleet: WhatIfFleet, policy: WhatIfPolicy, judgesIdleness: boolean): WhatIf => ({
  fleet,
  policy,
  judgesIdleness,
  run: judgeFleet(fleet, termsOf(fleet, policy, scenarioSchema.parse({}))),
  layout: { key: layoutKey([], []), value: { fleet, unplaced: [] } },
})

/** Throws scenario-invalid where the scenario names what the run does not have. */
export const answerWhatIf = (
  whatIf: WhatIf,
  { scenario, grid, most_listed }: Pick<WhatIfRequest, 'scenario' | 'grid' | 'most_listed'>,
): WhatIfAnswer => {
  const { fleet: base, run } = whatIf
  const terms = termsOf(base, whatIf.policy, scenario)
  const { fleet, unplaced } = layOut(whatIf, scenario)
  const outcome = judgeFleet(fleet, terms)
  const newly: number[] = []
  const noLonger: number[] = []
  let removed = 0
  for (let server = 0; server < fleet.serverIds.length; server++) {
    const before = run.isAtRisk[server] === 1
    if (fleet.copies[server] === 0) removed += before ? 1 : 0
    else if (before !== (outcome.isAtRisk[server] === 1)) (before ? noLonger : newly).push(server)
  }
  const list = (servers: readonly number[]): ServerList => ({
    count: servers.reduce((count, server) => count + fleet.copies[server]!, 0),
    servers: mostUrgent(servers, outcome.headroom, most_listed).map((server) => describeServer(base, fleet, outcome, terms, server)),
  })
  return {
    scenario,
    run: figuresOf(whatIf, run),
    outcome: figuresOf(whatIf, outcome),
    newly_at_risk: list(newly),
    no_longer_at_risk: list(noLonger),
    removed_at_risk_servers: removed,
    unplaced: unplaced.map((group) => fleet.groups[group]!),
    grid: grid ? makeGrid(whatIf, fleet, terms, scenario) : null,
  }
}

/** With lines for the run's own threshold and the scenario's, so that both figures are found in it. */
const makeGrid = (whatIf: WhatIf, fleet: WhatIfFleet, terms: FleetTerms, scenario: Scenario): WhatIfAnswer['grid'] => {
  const thresholds = ascending([
    ...gridThresholds,
    generalThreshold(whatIf.policy),
    ...(scenario.threshold === null ? [] : [scenario.threshold]),
  ])
  const percentiles = ascending([...gridPercentiles, scenario.percentile])
  return { thresholds, percentiles, at_risk_servers: gridOfRisk(fleet, terms, percentiles, thresholds) }
}

const ascending = (values: readonly number[]): number[] => [...new Set(values)].sort((a, b) => a - b)

/** The original's method ignores the configured threshold. */
const generalThreshold = ({ config, isModule05 }: WhatIfPolicy): number => (isModule05 ? 80 : config.high_risk_threshold)

export const describeChoices = ({ fleet, policy }: WhatIf): WhatIfChoices => {
  const sorted = (names: readonly (string | null)[]): string[] => [...new Set(names.filter((name) => name !== null))].sort()
  return {
    threshold: generalThreshold(policy),
    underutilized_threshold: policy.config.underutilized_threshold,
    horizon_days: countFleetDays(fleet),
    metrics: sorted(fleet.rules.map(({ metric }) => metric)),
    business_units: sorted(fleet.groups.map((group) => group.business_unit)),
    regions: sorted(fleet.groups.map((group) => group.region)),
    criticalities: sorted(fleet.groups.map((group) => group.criticality)),
  }
}

const figuresOf = ({ judgesIdleness }: WhatIf, { figures }: Judgement): FleetFigures => ({
  ...figures,
  underutilized_servers: judgesIdleness ? figures.underutilized_servers : null,
})

const layoutKey = (removed: readonly string[], added: Scenario['added_servers']): string => JSON.stringify([removed, added])

const layOut = (whatIf: WhatIf, { removed_servers, added_servers }: Scenario): FleetLayout => {
  const key = layoutKey(removed_servers, added_servers)
  if (whatIf.layout.key === key) return whatIf.layout.value
  const { serverIds } = whatIf.fleet
  const wanted = new Set([...removed_servers, ...added_servers.map(({ like }) => like)])
  const indices = new Map<string, number>()
  serverIds.forEach((serverId, index) => {
    if (wanted.has(serverId)) indices.set(serverId, index)
  })
  const indexOf = (serverId: string): number => {
    const index = indices.get(serverId)
    if (index === undefined) throw unknownName('server', serverId, serverIds)
    return index
  }
  const value = layOutServers(
    whatIf.fleet,
    new Set(removed_servers.map(indexOf)),
    added_servers.map(({ count, like }) => ({ count, like: indexOf(like) })),
  )
  whatIf.layout = { key, value }
  return value
}

/** At most so many, least headroom first, ties in the fleet's order. A long list is cut before it is sorted. */
const mostUrgent = (servers: readonly number[], headroom: Float64Array, most: number | null): number[] => {
  const byHeadroom = (a: number, b: number): number => headroom[a]! - headroom[b]! || a - b
  if (most === null || servers.length <= most) return [...servers].sort(byHeadroom)
  if (most === 0) return []
  const cut = Float64Array.from(servers, (server) => headroom[server]!).sort()[most - 1]!
  return servers
    .filter((server) => headroom[server]! <= cut)
    .sort(byHeadroom)
    .slice(0, most)
}

const describeServer = (base: WhatIfFleet, fleet: WhatIfFleet, outcome: Judgement, terms: FleetTerms, server: number): ListedServer => {
  const series = outcome.limiting[server]!
  const rule = fleet.ruleOf[series]!
  const value = outcome.value[server]!
  const breach = firstBreach(fleet, series, terms, terms.growth[fleet.groupOf[server]!]!)
  return {
    server_id: fleet.serverIds[server]!,
    servers: fleet.copies[server]!,
    metric: fleet.rules[rule]!.metric,
    threshold: terms.thresholds[rule]!,
    run_value: base.runValues[series] ?? null,
    value,
    first_breach_at: breach < 0 ? null : instantOf(fleet, breach),
    units_to_add: unitsToAdd(fleet.capacityUnits[server]!, value, terms.thresholds[rule]!),
  }
}
