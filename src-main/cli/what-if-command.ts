// headroom what-if: evaluates other thresholds, growth, horizon, servers or costs on the files of a run.
import { isDeepStrictEqual } from 'node:util'
import { memberPlacementText } from '../../src-shared/artefacts/member-placement-text.ts'
import { probabilityText } from '../../src-shared/artefacts/likelihood.ts'
import {
  driverChangeSchema,
  scenarioSchema,
  type CapacityOutcome,
  type ClusterFigures,
  type DriverChange,
  type DriverEffect,
  type ListedServer,
  type Scenario,
  type ScenarioFigures,
  type ScenarioProject,
  type ServerList,
  type WhatIfResult,
  toScenarioProject,
} from '../../src-shared/ipc/what-if.ts'
import { agreeNumber } from '../../src-shared/run/agree-number.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { momentText, zoneClock, type ZoneClock } from '../../src-shared/run/zone-clock.ts'
import { readProjects } from '../engine/capacity/projects.ts'
import { withRunFolder } from '../queries/run/open-run-folder.ts'
import type { OpenRun } from '../queries/run/open-run.ts'
import { evaluateWhatIf, openWhatIfSession } from '../queries/what-if/evaluate-scenario.ts'
import { withChangeWarnings } from './changed-runs.ts'
import { readScenario } from './read-scenario.ts'
import { countText, decimalText, firstRowsTable, reportTable, signedText, wrapText } from './report-text.ts'
import { runCancellable, jsonText, print } from './terminal.ts'

export interface WhatIfOptions {
  readonly scenario?: string
  readonly projects?: string
  readonly set: readonly string[]
  readonly grid?: boolean
  readonly json?: boolean
}

export const runWhatIf = async (run: string, options: WhatIfOptions): Promise<void> => {
  const { changes, others } = splitDriverChanges(options.set)
  const read = await readScenario(options.scenario, others)
  const scenario = { ...read, driver_changes: [...read.driver_changes, ...changes] }
  const { result, zone } = await runCancellable((signal) =>
    withChangeWarnings([run], () =>
      withRunFolder(
        run,
        async (open) => {
          const projects = options.projects === undefined ? scenario.projects : await readScenarioProjects(options.projects, open)
          const session = await openWhatIfSession(open.database, open.contents)
          return {
            result: await evaluateWhatIf(open, session, {
              scenario: { ...scenario, projects },
              grid: options.grid === true,
              max_listed: null,
            }),
            zone: open.overview.timeZone,
          }
        },
        signal,
      ),
    ),
  )
  print(options.json === true ? jsonText({ ...result }, 2) : describeResult(result, zoneClock(zone), changesServers(scenario, options)))
}

/** Every project of the table counts in the scenario. */
const readScenarioProjects = async (path: string, { contents, overview }: OpenRun): Promise<ScenarioProject[]> => {
  const { projects } = await readProjects(path, contents.manifest?.config.decimal ?? 'auto', overview.timeZone)
  return projects.map((project) => toScenarioProject(project, true))
}

/** Whether the servers' own figures are asked for: not where only hosts, projects or drivers differ from the run. */
const changesServers = (scenario: Scenario, { projects, grid }: WhatIfOptions): boolean => {
  const unchanged = scenarioSchema.parse({})
  const { added_hosts, removed_hosts, lost_hosts, driver_changes } = unchanged
  const servers = { ...scenario, added_hosts, removed_hosts, lost_hosts, driver_changes, projects: null }
  const onlyCapacity = isDeepStrictEqual(servers, unchanged) && (projects !== undefined || !isDeepStrictEqual(scenario, unchanged))
  return grid === true || !onlyCapacity
}

const driverPattern = /^driver\.([^=:]+)(?::([^=]+))?=([+-]?\d+(?:\.\d+)?)\s*%?$/

const readDriverChange = (assignment: string): DriverChange => {
  const [, driver, group, percent] = driverPattern.exec(assignment) ?? []
  const change = driverChangeSchema.safeParse({ driver, group: group ?? null, percent: Number(percent) })
  if (change.success) return change.data
  throw new HeadroomError('usage', `--set "${assignment}" states no change of a driver.`, {
    next: 'Write --set driver.NAME=+30, or driver.NAME:UNIT=+30 for one business unit: percent, from -100 to 10000.',
  })
}

/** `driver.payments=+30` changes the driver of all groups, `driver.payments:Retail=+30` that of one. */
const splitDriverChanges = (assignments: readonly string[]): { readonly changes: DriverChange[]; readonly others: string[] } => {
  const isDriverChange = (assignment: string): boolean => assignment.startsWith('driver.')
  return {
    changes: assignments.filter(isDriverChange).map(readDriverChange),
    others: assignments.filter((assignment) => !isDriverChange(assignment)),
  }
}

const driversTable = (effects: readonly DriverEffect[]): string => {
  if (effects.length === 0) return ''
  const newly = effects.filter((effect) => effect.is_newly_above).length
  const heading = `${countText(newly, 'metric')} newly above the threshold, of ${effects.length.toLocaleString('en-US')} that follow the driver`
  return `${heading}\n${firstRowsTable(
    effects,
    ['server', 'metric', 'driver', 'change', 'run P95', 'P95', '95 % interval', 'limit', ''],
    (effect) => [
      effect.server_id,
      effect.metric,
      effect.group === null ? effect.driver : `${effect.driver} (${effect.group})`,
      `${effect.percent > 0 ? '+' : ''}${decimalText(effect.percent)} %`,
      decimalText(effect.run_p95),
      decimalText(effect.p95),
      `${decimalText(effect.p95_low)} to ${decimalText(effect.p95_high)}`,
      decimalText(effect.high_threshold),
      effect.is_newly_above ? 'newly above' : '',
    ],
  )}`
}

/** The result as text: non-empty sections, separated by blank lines; times on the clock. */
const describeResult = (result: WhatIfResult, clock: ZoneClock, hasServers: boolean): string =>
  [driversTable(result.drivers), capacityTables(result.capacity, clock), ...(hasServers ? describeServers(result, clock) : [])]
    .filter((section) => section !== '')
    .join('\n\n')

const describeServers = (result: WhatIfResult, clock: ZoneClock): string[] => [
  summaryLine(result),
  figuresTable(result, clock),
  result.points_reason === null ? '' : wrapText(`Note: ${result.points_reason}`),
  result.unplaced
    .map((group) => wrapText(`Note: ${groupName(group)} has no server left for the demand of its removed servers.`))
    .join('\n'),
  serversTable('Newly at risk', result, result.newly_at_risk, clock),
  serversTable('No longer at risk', result, result.no_longer_at_risk, clock),
  result.is_judged ? gridTable(result.grid) : '',
]

const maxClusterRows = 40

const capacityTables = (capacity: CapacityOutcome | null, clock: ZoneClock): string => {
  if (capacity === null) return ''
  const { clusters, projects, placements, notes } = capacity
  const dayText = (time: string | null): string => (time === null ? 'after the horizon' : momentOf(time, clock))
  const both = (before: string, after: string): string => (before === after ? before : `${before} -> ${after}`)
  const sections = [
    reportTable(
      ['cluster', 'metric', 'unit', 'hosts', 'limit', 'demand P90', 'runway P50', 'runway P90', 'hosts to buy'],
      clusters
        .slice(0, maxClusterRows)
        .map(({ cluster, metric, unit, run, scenario }) => [
          cluster,
          metric,
          unit,
          both(String(run.hosts), String(scenario.hosts)),
          both(decimalText(run.limit), decimalText(scenario.limit)),
          both(decimalText(run.demand_p90), decimalText(scenario.demand_p90)),
          both(runwayText(run, run.runway_p50, dayText), runwayText(scenario, scenario.runway_p50, dayText)),
          both(runwayText(run, run.runway_p90, dayText), runwayText(scenario, scenario.runway_p90, dayText)),
          both(String(run.hosts_to_buy ?? ''), String(scenario.hosts_to_buy ?? '')),
        ]),
    ),
    ...(clusters.length > maxClusterRows
      ? [`Only the first ${maxClusterRows} of ${countText(clusters.length, 'row')} are shown; --json has all.`]
      : []),
    ...(projects.length === 0
      ? []
      : [
          reportTable(
            ['project', 'cluster', 'metric', 'runway P50 without', 'with', 'days', 'runway P90 without', 'with', 'days'],
            projects.map((project) => [
              project.name,
              project.group,
              project.metric,
              dayText(project.runway_p50_without),
              dayText(project.runway_p50_with),
              project.moved_days_p50 === null ? '' : signedText(project.moved_days_p50),
              dayText(project.runway_p90_without),
              dayText(project.runway_p90_with),
              project.moved_days_p90 === null ? '' : signedText(project.moved_days_p90),
            ]),
          ),
        ]),
    ...placements.map(({ cluster, members, unplaced }) => wrapText(memberPlacementText(cluster, members, unplaced))),
    ...notes.map((note) => wrapText(`Note: ${note}`)),
  ]
  return sections.join('\n\n')
}

const runwayText = ({ limit, demand_p90: demand }: ClusterFigures, time: string | null, dayText: (time: string | null) => string): string =>
  limit === null || demand === null ? 'not known' : dayText(time)

const summaryLine = ({ is_judged, run, outcome, newly_at_risk, no_longer_at_risk, removed_at_risk_servers }: WhatIfResult): string => {
  if (!is_judged) return `${countText(outcome.servers, 'server')} not judged: no metric has a threshold.`
  const changesText = [
    ...(newly_at_risk.count > 0 ? [`${newly_at_risk.count.toLocaleString('en-US')} newly`] : []),
    ...(no_longer_at_risk.count > 0 ? [`${no_longer_at_risk.count.toLocaleString('en-US')} no longer`] : []),
    ...(removed_at_risk_servers > 0 ? [`${removed_at_risk_servers.toLocaleString('en-US')} removed`] : []),
  ]
  return wrapText(
    `${outcome.at_risk_servers.toLocaleString('en-US')} of ${countText(outcome.servers, 'server')} at risk, ` +
      `in the run ${run.at_risk_servers.toLocaleString('en-US')} of ${run.servers.toLocaleString('en-US')}` +
      `${changesText.length === 0 ? '' : `: ${changesText.join(', ')}`}.`,
  )
}

const figures: readonly (readonly [string, (fleetFigures: ScenarioFigures, clock: ZoneClock) => string])[] = [
  ['servers', ({ servers }) => servers.toLocaleString('en-US')],
  ['at risk', (fleetFigures) => fleetFigures.at_risk_servers.toLocaleString('en-US')],
  ['expected at risk, by probability', (fleetFigures) => decimalText(fleetFigures.at_risk_expected)],
  ['expected with any breach', (fleetFigures) => decimalText(fleetFigures.breach_expected)],
  ['underutilised', (fleetFigures) => fleetFigures.underutilized_servers?.toLocaleString('en-US') ?? 'not evaluated'],
  [
    'first breach',
    ({ soonest_breach: soonest }, clock) => (soonest === null ? 'none' : `${momentOf(soonest.at, clock)} ${soonest.server_id}`),
  ],
  ['units to add', (fleetFigures) => decimalText(fleetFigures.units_to_add)],
  ['added capacity, USD a month', (fleetFigures) => decimalText(fleetFigures.units_monthly_usd)],
  ['fleet cost, USD a month', (fleetFigures) => decimalText(fleetFigures.fleet_monthly_usd)],
]

/** Figures that say nothing where no server is judged. */
const riskFigures = new Set(['at risk', 'first breach'])

const figuresTable = ({ is_judged, run, outcome }: WhatIfResult, clock: ZoneClock): string =>
  reportTable(
    ['figure', 'run', 'scenario'],
    figures
      .map(([name, text]) => [name, text(run, clock), text(outcome, clock)])
      .filter(([name, ...cells]) => (is_judged || !riskFigures.has(name!)) && cells.some((cell) => cell !== '')),
  )

const momentOf = (iso: string, clock: ZoneClock): string => momentText(clock, Date.parse(iso))

const groupName = (group: WhatIfResult['unplaced'][number]): string => {
  const parts = [group.business_unit, group.region, group.criticality].filter((part) => part !== null)
  return parts.length === 0 ? 'The fleet' : `The group ${parts.join(', ')}`
}

const serversTable = (title: string, { points_reason }: WhatIfResult, { count, servers }: ServerList, clock: ZoneClock): string => {
  if (count === 0) return ''
  const heading = `${title}: ${countText(count, 'server')}`
  const columns = ['server', 'metric', 'run P95', 'scenario', 'limit', 'first breach', 'capacity to add']
  if (points_reason !== null) return `${heading}\n${firstRowsTable(servers, columns, (server) => serverCells(server, clock))}`
  return `${heading}\n${firstRowsTable(servers, [...columns, 'P run', 'P now'], (server) => [
    ...serverCells(server, clock),
    ...[server.run_at_risk_probability, server.at_risk_probability].map((share) => (share === null ? '' : probabilityText(share))),
  ])}`
}

const serverCells = (
  { server_id, servers, metric, run_value, value, threshold, first_breach_at, units_to_add, percent_to_add }: ListedServer,
  clock: ZoneClock,
): string[] => [
  servers === 1 ? server_id : `${server_id} (${servers.toLocaleString('en-US')} of them)`,
  metric,
  decimalText(run_value),
  decimalText(value),
  decimalText(threshold),
  first_breach_at === null ? 'none' : momentOf(first_breach_at, clock),
  units_to_add === null ? `${decimalText(percent_to_add)} %` : agreeNumber(`${decimalText(units_to_add)} [unit|units]`, units_to_add),
]

const gridTable = (grid: WhatIfResult['grid']): string =>
  grid === null
    ? ''
    : `Servers at risk by percentile (down) and threshold (across)\n${reportTable(
        ['', ...grid.thresholds.map((threshold) => `> ${decimalText(threshold)}`)],
        grid.percentiles.map((percentile, row) => [
          `${percentile === 100 ? 'peak' : `P${decimalText(percentile)}`}${grid.verdict_by[row] === 'probability' ? ', likely' : ''}`,
          ...grid.at_risk_servers[row]!.map((count) => count.toLocaleString('en-US')),
        ]),
      )}`
