// Answers what-if scenarios on an open run: the fleet is read at the first question, then every answer is arithmetic.
import { module05FolderConfig } from '../../../src-shared/config/analysis-config.ts'
import {
  gridPercentiles,
  gridThresholds,
  scenarioSchema,
  type ScenarioFigures,
  type ListedServer,
  type Scenario,
  type VerdictBy,
  type ServerList,
  type FleetResult,
  type WhatIfResult,
  type WhatIfChoices,
  type WhatIfRequest,
} from '../../../src-shared/ipc/what-if.ts'
import type { Database } from '../../database/database.ts'
import { evaluateDriverChanges } from '../capacity/driver-changes.ts'
import type { OpenRun } from '../run/open-run.ts'
import { evaluateCapacity } from './evaluate-capacity.ts'
import { queryModelAccuracy, type RunContents } from '../run/run-contents.ts'
import { loadWhatIfFleet, type WhatIfFleet, type WhatIfPolicy } from './load-fleet.ts'
import {
  countFleetDays,
  findFirstBreach,
  countRiskGrid,
  periodInstant,
  evaluateFleet,
  capacityNeed,
  defaultPercentile,
  probabilitiesApply,
  type ScenarioParameters,
  type FleetEvaluation,
} from './evaluate-fleet.ts'
import { applyServerChanges, type ChangedFleet } from './apply-server-changes.ts'
import { hasPaths } from './scenario-probabilities.ts'
import { createScenarioParameters, shortenedHorizonDays, unknownNameError } from './scenario-parameters.ts'

/** A run's fleet with what the run itself says of it, and the last layout: sliders move within one. */
export interface WhatIfSession {
  readonly fleet: WhatIfFleet
  readonly policy: WhatIfPolicy
  /** Whether the run evaluated idleness by the selected model. */
  readonly evaluatesUnderutilization: boolean
  /** The run itself by that rule, once. */
  readonly evaluateRun: (verdictBy: VerdictBy) => FleetEvaluation
  changedFleet: { readonly key: string; readonly value: ChangedFleet }
}

/** Needs the relations `server_risk` and, in a run of an older version, `flagged`. */
export const openWhatIfSession = async (database: Database, contents: RunContents): Promise<WhatIfSession> => {
  const { manifest } = contents
  const policy = {
    config: manifest?.config ?? module05FolderConfig(),
    isModule05: manifest?.method === 'module05',
    accuracy: (await queryModelAccuracy({ contents })).accuracy,
  }
  return createWhatIfSession(await loadWhatIfFleet(database, contents, policy), policy, manifest?.method === 'headroom')
}

const createWhatIfSession = (fleet: WhatIfFleet, policy: WhatIfPolicy, evaluatesUnderutilization: boolean): WhatIfSession => {
  const evaluate = (verdictBy: VerdictBy): FleetEvaluation =>
    evaluateFleet(fleet, createScenarioParameters(fleet, policy, scenarioSchema.parse({}), verdictBy))
  const known: Partial<Record<VerdictBy, FleetEvaluation>> = {}
  return {
    fleet,
    policy,
    evaluatesUnderutilization,
    evaluateRun: (verdictBy) =>
      (known[fleet.paths === null ? 'points' : verdictBy] ??= evaluate(fleet.paths === null ? 'points' : verdictBy)),
    changedFleet: { key: serverChangesKey([], []), value: { fleet, groupsWithoutTaker: [] } },
  }
}

/** Why a scenario has no probabilities; null where it has. Growth and thresholds change the margins of paths, nothing else does. */
const findPointsReason = (fleet: WhatIfFleet, scenario: Scenario): string | null => {
  if (fleet.hasQuantilePaths)
    return "Probabilities of this run come from the forecast's quantiles: in a scenario the forecast itself decides."
  if (fleet.paths === null) return 'Probabilities are not known in this run: the forecast decides.'
  if (scenario.percentile !== defaultPercentile)
    return `Probabilities are of the ${defaultPercentile}th percentile: at another one the forecast decides.`
  if (shortenedHorizonDays(fleet, scenario) !== null)
    return 'Probabilities are of the whole horizon: over a part of it the forecast decides.'
  if (scenario.removed_servers.length > 0 || scenario.added_servers.length > 0)
    return 'Probabilities are of the servers as measured: with servers added or removed the forecast decides.'
  return null
}

const usesProbability = ({ config, isModule05 }: WhatIfPolicy): boolean => !isModule05 && config.basis === 'probable'

/** Servers, clusters, and metrics that follow a driver. Throws scenario-invalid where the scenario names what the run does not have. */
export const evaluateWhatIf = async (
  run: OpenRun,
  session: WhatIfSession,
  request: Pick<WhatIfRequest, 'scenario' | 'grid' | 'max_listed'>,
): Promise<WhatIfResult> => ({
  ...evaluateScenario(session, request),
  capacity: await evaluateCapacity(run, request.scenario),
  drivers: await evaluateDriverChanges(run, request.scenario.driver_changes),
})

/** Servers alone. Throws scenario-invalid where the scenario names what the run does not have. */
export const evaluateScenario = (
  session: WhatIfSession,
  { scenario, grid, max_listed: maxListed }: Pick<WhatIfRequest, 'scenario' | 'grid' | 'max_listed'>,
): FleetResult => {
  const { fleet: base } = session
  const pointsReason = findPointsReason(base, scenario)
  const verdictBy: VerdictBy = usesProbability(session.policy) && pointsReason === null ? 'probability' : 'points'
  const run = session.evaluateRun(verdictBy)
  const parameters = createScenarioParameters(base, session.policy, scenario, verdictBy)
  const { fleet, groupsWithoutTaker: unplaced } = loadChangedFleet(session, scenario)
  const outcome = evaluateFleet(fleet, parameters)
  const newlyAtRisk: number[] = []
  const noLongerAtRisk: number[] = []
  let removed = 0
  for (let server = 0; server < fleet.serverIds.length; server++) {
    const before = run.isAtRisk[server] === 1
    if (fleet.serverCounts[server] === 0) removed += before ? 1 : 0
    else if (before !== (outcome.isAtRisk[server] === 1)) (before ? noLongerAtRisk : newlyAtRisk).push(server)
  }
  const createServerList = (servers: readonly number[]): ServerList => ({
    count: servers.reduce((count, server) => count + fleet.serverCounts[server]!, 0),
    servers: selectMostUrgent(servers, outcome.urgency, maxListed).map((server) =>
      describeServer(base, fleet, run, outcome, parameters, server),
    ),
  })
  return {
    scenario,
    is_judged: base.rules.length > 0,
    verdict_by: verdictBy,
    points_reason: pointsReason,
    run: toScenarioFigures(session, run),
    outcome: toScenarioFigures(session, outcome),
    newly_at_risk: createServerList(newlyAtRisk),
    no_longer_at_risk: createServerList(noLongerAtRisk),
    removed_at_risk_servers: removed,
    unplaced: unplaced.map((group) => fleet.groups[group]!),
    grid: grid ? createRiskGrid(session, fleet, parameters, scenario) : null,
  }
}

/** With lines for the run's own threshold and the scenario's, so that both figures are found in it. */
const createRiskGrid = (
  session: WhatIfSession,
  fleet: WhatIfFleet,
  parameters: ScenarioParameters,
  scenario: Scenario,
): WhatIfResult['grid'] => {
  const thresholds = sortDistinct([
    ...gridThresholds,
    generalThresholdFor(session.policy),
    ...(scenario.threshold === null ? [] : [scenario.threshold]),
  ])
  const percentiles = sortDistinct([...gridPercentiles, scenario.percentile])
  const rows = percentiles.map((percentile) => {
    const isProbable = usesProbability(session.policy) && fleet.paths !== null && probabilitiesApply({ ...parameters, percentile })
    return { percentile, verdictBy: isProbable ? ('probability' as const) : ('points' as const) }
  })
  return {
    thresholds,
    percentiles,
    verdict_by: rows.map(({ verdictBy }) => verdictBy),
    at_risk_servers: countRiskGrid(fleet, parameters, rows, thresholds),
  }
}

const sortDistinct = (values: readonly number[]): number[] => [...new Set(values)].sort((a, b) => a - b)

/** Module 05's method ignores the configured threshold. */
const generalThresholdFor = ({ config, isModule05 }: WhatIfPolicy): number => (isModule05 ? 80 : config.high_risk_threshold)

export const describeChoices = ({ fleet, policy }: WhatIfSession): WhatIfChoices => {
  const sorted = (names: readonly (string | null)[]): string[] => [...new Set(names.filter((name) => name !== null))].sort()
  return {
    threshold: generalThresholdFor(policy),
    underutilized_threshold: policy.config.underutilized_threshold,
    horizon_days: countFleetDays(fleet),
    metrics: sorted(fleet.rules.map(({ metric }) => metric)),
    business_units: sorted(fleet.groups.map((group) => group.business_unit)),
    regions: sorted(fleet.groups.map((group) => group.region)),
    criticalities: sorted(fleet.groups.map((group) => group.criticality)),
  }
}

const toScenarioFigures = ({ evaluatesUnderutilization }: WhatIfSession, { figures }: FleetEvaluation): ScenarioFigures => ({
  ...figures,
  underutilized_servers: evaluatesUnderutilization ? figures.underutilized_servers : null,
})

const serverChangesKey = (removed: readonly string[], added: Scenario['added_servers']): string => JSON.stringify([removed, added])

const loadChangedFleet = (session: WhatIfSession, { removed_servers, added_servers }: Scenario): ChangedFleet => {
  const key = serverChangesKey(removed_servers, added_servers)
  if (session.changedFleet.key === key) return session.changedFleet.value
  const { serverIds } = session.fleet
  const referencedServers = new Set([...removed_servers, ...added_servers.map(({ like }) => like)])
  const indices = new Map<string, number>()
  for (let index = 0; referencedServers.size > 0 && index < serverIds.length; index++) {
    const serverId = serverIds.at(index)
    if (referencedServers.has(serverId)) indices.set(serverId, index)
  }
  const indexOf = (serverId: string): number => {
    const index = indices.get(serverId)
    if (index === undefined) throw unknownNameError('server', serverId, [...serverIds])
    return index
  }
  const value = applyServerChanges(
    session.fleet,
    new Set(removed_servers.map(indexOf)),
    added_servers.map(({ count, like }) => ({ count, templateServer: indexOf(like) })),
  )
  session.changedFleet = { key, value }
  return value
}

/** At most so many, the most urgent first, ties in the fleet's order. A long list is cut before it is sorted. */
const selectMostUrgent = (servers: readonly number[], urgency: Float64Array, limit: number | null): number[] => {
  const byUrgency = (a: number, b: number): number => urgency[a]! - urgency[b]! || a - b
  if (limit === null || servers.length <= limit) return [...servers].sort(byUrgency)
  if (limit === 0) return []
  const maxUrgency = Float64Array.from(servers, (server) => urgency[server]!).sort()[limit - 1]!
  return servers
    .filter((server) => urgency[server]! <= maxUrgency)
    .sort(byUrgency)
    .slice(0, limit)
}

const describeServer = (
  base: WhatIfFleet,
  fleet: WhatIfFleet,
  run: FleetEvaluation,
  outcome: FleetEvaluation,
  parameters: ScenarioParameters,
  server: number,
): ListedServer => {
  const series = outcome.limitingSeries[server]!
  const rule = fleet.ruleOf[series]!
  const threshold = parameters.thresholds[rule]!
  const growth = parameters.growth[fleet.groupOf[server]!]!
  const breach = findFirstBreach(fleet, series, parameters, growth)
  const value = outcome.value[server]!
  const paths = parameters.verdictBy === 'probability' && base.paths !== null && hasPaths(base.paths, series) ? base.paths : null
  const sizing = paths === null ? value : paths.sizingP95s[series]! * growth
  const need = capacityNeed(fleet, server, sizing, threshold, outcome.isAtRisk[server] === 1)
  const orNull = (number: number | undefined): number | null => (number === undefined || Number.isNaN(number) ? null : number)
  return {
    server_id: fleet.serverIds.at(server),
    servers: fleet.serverCounts[server]!,
    metric: fleet.rules[rule]!.metric,
    threshold,
    run_value: orNull((paths?.medianP95s ?? base.runP95s)[series]),
    value,
    run_at_risk_probability: orNull(run.atRiskProbability[server]),
    at_risk_probability: orNull(outcome.atRiskProbability[server]),
    breach_probability: orNull(outcome.breachProbability[server]),
    first_breach_at: breach < 0 ? null : periodInstant(fleet, breach),
    units_to_add: need.units,
    percent_to_add: 100 * need.share,
  }
}
