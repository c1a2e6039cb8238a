// capacity.json: hosts and clusters with what they can carry, what they must carry, and how long that fits.
import { z } from 'zod'
import { capacityColumns } from '../config/metric-capacity.ts'
import { placementCheckSchema } from './recommendations.ts'

const nullableNumber = z.number().nullable()
const instant = z.string()

export const projectStatuses = ['committed', 'planned'] as const
export const capacityGroupKinds = ['cluster', 'host'] as const

export const capacityGroupSchema = z.object({
  kind: z.enum(capacityGroupKinds).describe('cluster or host'),
  group: z.string().describe('name of the cluster or host'),
  cluster: z.string().nullable().describe('cluster of a host; null without one'),
  metric: z.string().describe('metric of the members'),
  unit: z.string().describe('cores, GiB or units'),
  capacity_column: z.enum(capacityColumns).describe('column of the servers table behind `capacity`'),
  hosts: z.int().describe('number of hosts'),
  members: z.int().describe('number of servers on them'),
  unknown_members: z.int().describe('number of those whose demand is not known: without a forecast of the metric or without a capacity'),
  capacity: nullableNumber.describe('sum over the hosts, in `unit`; null where one of them is not known'),
  usable: nullableNumber.describe('the same without the reserve'),
  limit: nullableNumber.describe('demand up to which the group is not full'),
  allocated: z.number().describe("sum of the members' capacities, in `unit`"),
  demand_p50: nullableNumber.describe('highest demand in the horizon, exceeded on half of the paths; null without paths'),
  demand_p90: nullableNumber.describe('the same, exceeded on a tenth of the paths'),
  runway_p50: instant
    .nullable()
    .describe('first time by which half of the paths have exceeded `limit`, UTC; null: after the horizon, or not known'),
  runway_p90: instant.nullable().describe('first time by which a tenth of the paths have exceeded `limit`, UTC; null as above'),
  host_size: nullableNumber.describe('capacity of the commonest host'),
  hosts_to_buy: z.int().nullable().describe('hosts of that size which carry `demand_p90` within the limit; null for a single host'),
  is_limiting: z.boolean().describe('whether the metric limits the group: earliest runway, then greatest share of the limit'),
  demand_dates: z.array(instant).describe('times of the two curves below, UTC'),
  demand_p50_by: z.array(z.number()).describe('highest demand up to each time, exceeded on half of the paths'),
  demand_p90_by: z.array(z.number()).describe('the same, exceeded on a tenth of the paths'),
})
export type CapacityGroup = z.infer<typeof capacityGroupSchema>

const capacityProjectSchema = z.object({
  name: z.string().describe('name of the project'),
  status: z.enum(projectStatuses).describe("committed: in the group's demand; planned: only in the figures below"),
  group: z.string().describe('cluster or host'),
  metric: z.string().describe('metric of the group'),
  units: z.number().describe("demand, in the unit of the group's capacity"),
  from: z.string().describe('first day or time of the demand, in the zone of the run'),
  to: z.string().nullable().describe('last day or time; null where it stays'),
  probability: z.number().describe('share of the paths on which it happens'),
  runway_p50_without: instant
    .nullable()
    .describe('runway of the group without this project, with every other committed one, UTC; null: after the horizon, or not known'),
  runway_p50_with: instant.nullable().describe('the same with it'),
  runway_p90_without: instant.nullable().describe('as above, by a tenth of the paths'),
  runway_p90_with: instant.nullable().describe('the same with it'),
  moved_days_p50: nullableNumber.describe(
    'days from the first to the second date, below 0 where it comes earlier; null where one is not known',
  ),
  moved_days_p90: nullableNumber.describe('the same by a tenth of the paths'),
})
export type CapacityProject = z.infer<typeof capacityProjectSchema>

const rightsizedServerSchema = z.object({
  server_id: z.string().describe('name of the server'),
  current_type: z.string().describe('instance type of the servers table'),
  new_type: z.string().describe('cheapest type that carries it'),
  vcpu: z.number().describe('vCPUs of that type'),
  mem_gib: z.number().describe('GiB of that type'),
  monthly_savings_usd: z.number().describe('USD a month between both types, by the catalogue'),
  licence: z.string().nullable().describe('licence of the servers table'),
  licence_cores_freed: z.number().describe('cores that no longer need the licence'),
  licence_savings_usd: nullableNumber.describe('USD a month for those cores; null where `licence_costs` does not state the price'),
  performance_risk: z.int().describe('0 very low, 1 low, 2 medium, 3 high, 4 very high'),
})
export type RightsizedServer = z.infer<typeof rightsizedServerSchema>

const sizingCheckSchema = z.object({
  verdict: z
    .enum(['holds', 'cannot promise', 'too few servers'])
    .describe(
      'whether sizes chosen by earlier forecasts held in what was then measured: at most twice the promised 0.5 % of the values, with a margin',
    ),
  servers: z.int().describe('servers that the windows would have rightsized'),
  values: z.int().describe('measured values of them'),
  values_above: z.int().describe('those above the limit of the new size'),
})
export type SizingCheck = z.infer<typeof sizingCheckSchema>

const rightsizingSchema = z.object({
  catalogue: z.string().describe('file of the catalogue, or date and source of the shipped one'),
  servers: z
    .array(rightsizedServerSchema)
    .describe('servers that a cheaper type carries; none that is retired, consolidated, at risk, or a host of others'),
  check: sizingCheckSchema.nullable().describe('on backtest windows; null where no server is rightsized'),
  unknown_types: z.array(z.string()).describe('instance types of the servers table that the catalogue lacks'),
})
export type Rightsizing = z.infer<typeof rightsizingSchema>

const savingsSchema = z.object({
  rightsize_usd: z.number().describe('USD a month'),
  consolidate_usd: z.number().describe('USD a month'),
  retire_usd: z.number().describe('USD a month'),
  total_usd: z.number().describe('sum of the three; each server counts in one of them'),
  licences_usd: z.number().describe('USD a month, apart from the sum'),
})
export type CapacitySavings = z.infer<typeof savingsSchema>

const capacityDriverSchema = z.object({
  server_id: z.string().describe('name of the server'),
  metric: z.string().describe('metric that follows the driver'),
  driver: z.string().describe('name of the driver'),
  group: z.string().nullable().describe('business unit of the driver; null: all servers'),
  intercept: z.number().describe("level without the driver, in the metric's unit"),
  slope: z.number().describe('rise of the metric per unit of the driver'),
  slope_low: z.number().describe('lower limit of its 95 % interval'),
  slope_high: z.number().describe('upper limit of its 95 % interval'),
  held_out_r2: z.number().describe('share of the variance of the last fifth that the rest explains'),
  points: z.int().describe('number of times with a measurement and a value of the driver'),
  current: z.number().describe('median of the driver over the last 28 days of the history'),
  supported: nullableNumber.describe(
    'value of the driver at which the metric reaches its high threshold; null where it does not rise with it',
  ),
  growth_factor: nullableNumber.describe('supported by current value'),
  residual_percent: nullableNumber.describe('share of the supported value that is left'),
})
export type CapacityDriver = z.infer<typeof capacityDriverSchema>

const capacityHostSchema = z.object({
  name: z.string().describe('name of the host'),
  cluster: z.string().nullable().describe('its cluster; null without one'),
  cores: nullableNumber.describe('cores of the servers table; null where they are not known'),
  mem_gib: nullableNumber.describe('GiB of memory; null as above'),
  disk_gib: nullableNumber.describe('GiB of disk; null as above'),
  capacity_units: nullableNumber.describe('capacity units; null as above'),
})
export type CapacityHost = z.infer<typeof capacityHostSchema>

const memberMoveSchema = z.object({
  server_id: z.string().describe('name of the server'),
  from: z.string().nullable().describe('host that it runs on; null where it has none'),
  to: z.string().nullable().describe('host of the plan; null where none of the cluster holds it'),
  added_host: z.int().nullable().describe('number of the further host, from 1; null with `to`, and where not even an empty host holds it'),
})

const placedHostSchema = z.object({
  host: z.string().describe('name of the host'),
  members: z.int().describe('servers on it in the plan'),
  share_above_target: z.number().describe('share of the paths on which they exceed `capacity_target` of the host at some time'),
  added_hosts_without: z.array(z.int()).describe('servers on each further host if this host is gone and its servers go to the others'),
  too_large_without: z.int().describe('servers that then fit on no host, not even an empty one'),
})

const clusterPlacementSchema = z.object({
  cluster: z.string().describe('name of the cluster'),
  members: z.int().describe('servers that are placed'),
  added_hosts: z
    .array(z.int())
    .describe('servers on each further host of the commonest size that the plan needs; empty where the hosts hold all'),
  too_large: z.int().describe('servers that not even an empty host of that size holds'),
  hosts: z.array(placedHostSchema).describe('a row per host'),
  moves: z.array(memberMoveSchema).describe('servers that do not stay on their host, or have none'),
})
export type ClusterPlacement = z.infer<typeof clusterPlacementSchema>

const driverPlanSchema = z.object({
  driver: z.string().describe('name of the driver'),
  group: z.string().nullable().describe('its business unit; null: all servers'),
  month: z.string().describe('month in the zone of the run, YYYY-MM'),
  value: z.number().describe('mean of the values of the drivers table in that month, after the last measurement'),
})
export type DriverPlan = z.infer<typeof driverPlanSchema>

export const capacityReportSchema = z.object({
  reserve_hosts: z.int().describe('hosts that may fail in each cluster'),
  reserve_percent: z.number().describe('share of the remaining capacity that stays free'),
  capacity_target: z.number().describe('percent of the usable capacity that the demand may reach'),
  horizon_end: instant.nullable().describe('last time of the forecasts, UTC; null without a group'),
  hosts: z.array(capacityHostSchema).describe('a row per host, with and without members'),
  groups: z.array(capacityGroupSchema).describe('a row per cluster or host and metric'),
  placements: z
    .array(clusterPlacementSchema)
    .default([])
    .describe('a row per cluster whose hosts are all known: its servers placed on them'),
  placement_check: placementCheckSchema.nullable().default(null).describe('of these placements on backtest windows; null without one'),
  projects: z.array(capacityProjectSchema).describe('a row per project whose group and metric are known'),
  drivers: z.array(capacityDriverSchema).describe('a row per series and driver that it follows'),
  driver_plans: z.array(driverPlanSchema).describe('a row per driver and month after the last measurement'),
  rightsizing: rightsizingSchema,
  savings: savingsSchema.describe('a waterfall'),
  notes: z.array(z.string()).describe('what is missing, a sentence each'),
})
export type CapacityReport = z.infer<typeof capacityReportSchema>

/** The report without the curves of its groups: most of the file, and no view shows them. */
export const capacitySummarySchema = capacityReportSchema.extend({
  groups: z.array(capacityGroupSchema.omit({ demand_dates: true, demand_p50_by: true, demand_p90_by: true })),
})
export type CapacitySummary = z.infer<typeof capacitySummarySchema>
