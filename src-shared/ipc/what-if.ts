// A what-if scenario and its answer, with units: what the fleet would look like under other thresholds, growth, horizon, servers or costs.
import { z } from 'zod'
import { projectStatuses, type CapacityReport } from '../artefacts/capacity.ts'
import { groupColumns } from './fleet-filter.ts'

const count = z.int().min(0)
/** ISO 8601 UTC. */
const instant = z.string()
const positive = z.number().positive().max(1e9)

const groupGrowthSchema = z.strictObject({
  column: z.enum(groupColumns),
  value: z.string().min(1),
  percent: z.number().min(-100).max(10_000),
})

const thresholdOverrideSchema = z.strictObject({
  column: z.enum(['metric', 'criticality']),
  value: z.string().min(1),
  threshold: positive,
})

const name = z.string().min(1).max(200)

/** Lines of the projects table. */
export const maxProjects = 1000

/** Of a line of the projects table. */
export const maxProjectUnits = 1e12

/** A line of the projects table, as its text: days, or times, of the run's zone. */
export const scenarioProjectSchema = z.strictObject({
  name,
  /** A cluster. */
  group: name,
  metric: name,
  /** In the unit of the cluster's capacity; below 0 for what goes away. */
  units: z.number().min(-maxProjectUnits).max(maxProjectUnits),
  from: z.string(),
  /** Null: it stays. */
  to: z.string().nullable().default(null),
  /** Share of the paths on which it happens. */
  probability: z.number().min(0).max(1).default(1),
  status: z.enum(projectStatuses).default('planned'),
  /** Whether its demand is in the scenario. */
  is_counted: z.boolean().default(true),
})
export type ScenarioProject = z.infer<typeof scenarioProjectSchema>

/** A project of a table or a run as one of a scenario. */
export const toScenarioProject = (project: Omit<ScenarioProject, 'is_counted'>, isCounted: boolean): ScenarioProject => {
  const { name: title, group, metric, units, from, to, probability, status } = project
  return { name: title, group, metric, units, from, to, probability, status, is_counted: isCounted }
}

/** The run's projects; planned ones are not in its demand. */
export const projectsOfRun = ({ projects }: Pick<CapacityReport, 'projects'>): ScenarioProject[] =>
  projects.map((project) => toScenarioProject(project, project.status === 'committed'))

export const driverChangeSchema = z.strictObject({
  driver: name,
  /** A business unit; null: every series that follows the driver. */
  group: name.nullable().default(null),
  /** Of the driver's current value. */
  percent: z.number().min(-100).max(10_000),
})
export type DriverChange = z.infer<typeof driverChangeSchema>

/** Whatever is absent or null stays as the run has it. Keys are those of saved scenarios and of `--json`. */
export const scenarioSchema = z.strictObject({
  /** Replaces the general high threshold, percent; thresholds of a metric or criticality of their own stay. */
  threshold: positive.nullable().default(null),
  /** Thresholds of one metric or criticality, in the metric's unit; a criticality's, also one that the run set, wins over a metric's. */
  special_thresholds: z.array(thresholdOverrideSchema).default([]),
  /** Percentile of the horizon that is held against the threshold, by linear interpolation. 100 is the peak. */
  percentile: z.number().min(0).max(100).default(95),
  /** Added to every forecast value, percent of it. Values may come out above 100 %: demand above capacity. */
  growth_percent: z.number().min(-100).max(10_000).default(0),
  /** Replaces `growth_percent` for the servers of a group; the last group of a server counts. */
  group_growth: z.array(groupGrowthSchema).default([]),
  /** Each series' horizon ends so many days after its first time. */
  horizon_days: positive.nullable().default(null),
  /** Horizon mean in percent below which a server counts as underutilised. */
  underutilized_threshold: z.number().min(0).max(100).nullable().default(null),
  /** Their demand goes to the other servers of their group. */
  removed_servers: z.array(z.string()).default([]),
  /** So many more servers in the group of a server, of its size and cost; they take their share of the group's demand. */
  added_servers: z
    .array(z.strictObject({ count: z.int().min(1).max(1_000_000), like: z.string() }))
    .max(1000)
    .default([]),
  /** Monthly USD of a server; replaces the cost of every server. */
  monthly_cost_usd: z.number().min(0).max(1e9).nullable().default(null),
  /** More hosts of a cluster, of its commonest size. */
  added_hosts: z.array(z.strictObject({ cluster: name, count: z.int().min(1).max(100_000) })).default([]),
  /** Hosts that go for good: the reserve stays. */
  removed_hosts: z.array(name).default([]),
  /** Hosts that fail: each takes the place of a host of the reserve. */
  lost_hosts: z.array(name).default([]),
  /** Replaces the projects of the run. */
  projects: z.array(scenarioProjectSchema).max(maxProjects).nullable().default(null),
  driver_changes: z.array(driverChangeSchema).max(100).default([]),
})
export type Scenario = z.infer<typeof scenarioSchema>

/** Of the grid, besides the run's own threshold and the scenario's. */
export const gridThresholds: readonly number[] = [60, 65, 70, 75, 80, 85, 90, 95]
export const gridPercentiles: readonly number[] = [50, 75, 90, 95, 99, 100]

export const whatIfRequestSchema = z.strictObject({
  folder: z.string().min(1),
  scenario: scenarioSchema,
  /** Whether the threshold x percentile grid is wanted. */
  grid: z.boolean(),
  /** Servers named per list at most, the most urgent first; null: all. */
  max_listed: count.nullable(),
  /**
   * Names the client, for instance a slider: a newer request of the same client on the same run drops those that wait, and they are
   * refused as `cancelled`. Null: always answered.
   */
  clientId: z.string().min(1).nullable(),
})
export type WhatIfRequest = z.infer<typeof whatIfRequestSchema>

export const whatIfChoicesRequestSchema = z.strictObject({ folder: z.string().min(1) })

/** The names that a scenario may use, and the run's settings. The first request also loads the fleet. */
export const whatIfChoicesSchema = z.object({
  /** The general high threshold, percent. */
  threshold: z.number(),
  underutilized_threshold: z.number(),
  /** From first to last time of the longest horizon, and one step; 0 without any. */
  horizon_days: z.number(),
  /** Metrics with a threshold and the servers' groups, sorted. */
  metrics: z.array(z.string()),
  business_units: z.array(z.string()),
  regions: z.array(z.string()),
  criticalities: z.array(z.string()),
})
export type WhatIfChoices = z.infer<typeof whatIfChoicesSchema>

/** Of the run, or of the scenario. Servers are distinct. */
export const scenarioFiguresSchema = z.object({
  servers: count,
  at_risk_servers: count,
  /** Null where idle servers were not found by the selected model (method `module05`, folders of Module 05). */
  underutilized_servers: count.nullable(),
  /** Of the servers at risk. */
  soonest_breach: z.object({ server_id: z.string(), metric: z.string(), at: instant }).nullable(),
  /** Sums over all servers of the probability of a sustained breach (P95 above the threshold) and of any breach; null where it is not known. */
  at_risk_expected: z.number().nullable().default(null),
  breach_expected: z.number().nullable().default(null),
  /** Over the servers at risk, each by the metric that needs most; null where no server states its capacity. */
  units_to_add: z.number().nullable(),
  /** Of the capacity to add: of its units, or of percent of the capacity where that is not stated. */
  units_monthly_usd: z.number(),
  /** What all servers cost a month, without capacity to add. */
  fleet_monthly_usd: z.number(),
})
export type ScenarioFigures = z.infer<typeof scenarioFiguresSchema>

export const listedServerSchema = z.object({
  /** An added server is named "added like NAME". */
  server_id: z.string(),
  /** 1, but for added servers, which are alike. */
  servers: z.int().min(1),
  /** The metric with the greatest probability in the scenario; by points the one with the least headroom. */
  metric: z.string(),
  threshold: z.number(),
  /**
   * The metric's P95 in the run, in its unit: the median over the simulated paths, by points the forecast's (under a conservative basis with
   * its margin); null for added servers.
   */
  run_value: z.number().nullable(),
  /** The same in the scenario, by points at its percentile. */
  value: z.number(),
  /** Of the whole server, sustained breach and any breach; null where it is not known. */
  run_at_risk_probability: z.number().nullable(),
  at_risk_probability: z.number().nullable(),
  breach_probability: z.number().nullable(),
  first_breach_at: instant.nullable(),
  /** Null where the capacity of the server is not stated. */
  units_to_add: z.number().nullable(),
  /** Of today's capacity. */
  percent_to_add: z.number(),
})
export type ListedServer = z.infer<typeof listedServerSchema>

const serverListSchema = z.object({ count, servers: z.array(listedServerSchema) })
export type ServerList = z.infer<typeof serverListSchema>

/** What decides who is at risk: the probability of a sustained breach, or a percentile of the forecast. */
const verdictBySchema = z.enum(['probability', 'points'])
export type VerdictBy = z.infer<typeof verdictBySchema>

const clusterFiguresSchema = z.object({
  hosts: count,
  /** In `unit`; null where a host's capacity is not known. */
  usable: z.number().nullable(),
  limit: z.number().nullable(),
  demand_p90: z.number().nullable(),
  /** Null: after the horizon, or not known. */
  runway_p50: instant.nullable(),
  runway_p90: instant.nullable(),
  hosts_to_buy: z.int().nullable(),
})
export type ClusterFigures = z.infer<typeof clusterFiguresSchema>

const scenarioClusterSchema = z.object({
  cluster: z.string(),
  metric: z.string(),
  unit: z.string(),
  run: clusterFiguresSchema,
  scenario: clusterFiguresSchema,
})

/** Runways of the project's cluster in the scenario, without and with it. */
const projectMovementSchema = z.object({
  name: z.string(),
  group: z.string(),
  metric: z.string(),
  runway_p50_without: instant.nullable(),
  runway_p50_with: instant.nullable(),
  runway_p90_without: instant.nullable(),
  runway_p90_with: instant.nullable(),
  moved_days_p50: z.number().nullable(),
  moved_days_p90: z.number().nullable(),
})

/** Members of a cluster whose hosts change. */
const scenarioPlacementSchema = z.object({
  cluster: z.string(),
  members: count,
  /** Members that find no place on the hosts; null where it is not known. */
  unplaced: count.nullable(),
})

const capacityOutcomeSchema = z.object({
  /** A row per cluster and metric, those with a change first. */
  clusters: z.array(scenarioClusterSchema),
  projects: z.array(projectMovementSchema),
  placements: z.array(scenarioPlacementSchema),
  /** What the scenario does not reach, a sentence each. */
  notes: z.array(z.string()),
})
export type CapacityOutcome = z.infer<typeof capacityOutcomeSchema>

const driverEffectSchema = driverChangeSchema.extend({
  server_id: z.string(),
  metric: z.string(),
  /** Median P95 of the paths in the run, and with the change; low and high by the slope's 95 % interval. */
  run_p95: z.number(),
  p95: z.number(),
  p95_low: z.number(),
  p95_high: z.number(),
  high_threshold: z.number().nullable(),
  is_newly_above: z.boolean(),
})
export type DriverEffect = z.infer<typeof driverEffectSchema>

/** What a scenario does to the servers. */
export const fleetResultSchema = z.object({
  scenario: scenarioSchema,
  /** Whether any metric of the run has a threshold: else no server is judged, and counts of servers at risk mean nothing. */
  is_judged: z.boolean(),
  /** Of `run`, `outcome` and the lists, so that both sides are evaluated alike. */
  verdict_by: verdictBySchema,
  /** Why the scenario has no probabilities, in one sentence; null where it has. */
  points_reason: z.string().nullable(),
  run: scenarioFiguresSchema,
  outcome: scenarioFiguresSchema,
  /** Added servers at risk are among them. */
  newly_at_risk: serverListSchema,
  no_longer_at_risk: serverListSchema,
  /** Removed servers that the run has at risk: at risk = run + newly - no longer - removed. */
  removed_at_risk_servers: count,
  /** Groups without a server left for the removed demand. */
  unplaced: z.array(z.object({ business_unit: z.string().nullable(), region: z.string().nullable(), criticality: z.string().nullable() })),
  /** Ascending; `at_risk_servers[percentile][threshold]`, the scenario's other settings unchanged. */
  grid: z
    .object({
      thresholds: z.array(z.number()),
      percentiles: z.array(z.number()),
      /** By percentile. */
      verdict_by: z.array(verdictBySchema),
      at_risk_servers: z.array(z.array(count)),
    })
    .nullable(),
})
export type FleetResult = z.infer<typeof fleetResultSchema>

export const whatIfResultSchema = fleetResultSchema.extend({
  /** Null where neither hosts, projects nor the growth of all differ from the run, or the run has no clusters. */
  capacity: capacityOutcomeSchema.nullable(),
  /** Of `driver_changes`. */
  drivers: z.array(driverEffectSchema),
})
export type WhatIfResult = z.infer<typeof whatIfResultSchema>

/** A scenario that the planner saved, with its outcome at that time. */
export const savedScenarioSchema = z.strictObject({
  name: z.string().min(1).max(120),
  scenario: scenarioSchema,
  outcome: scenarioFiguresSchema,
})
export type SavedScenario = z.infer<typeof savedScenarioSchema>

export const savedScenariosSchema = z.array(savedScenarioSchema).max(100)
