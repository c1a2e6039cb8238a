// What the window shows of an open run: overview, chart data and server details, with schemas for the process borders.
import { z } from 'zod'
import { analysisMethodSchema, riskBasisSchema } from '../config/analysis-config.ts'
import type { ClustersData, HeatmapData } from '../chart-options/chart-data.ts'
import { fleetFilterSchema } from './fleet-filter.ts'
import { recommendationSchema } from './fleet-view.ts'
import { warningSchema } from '../run/run-event.ts'
import { granularitySchema } from '../run/run-manifest.ts'
import type { FindingCounts } from '../artefacts/fleet-finding.ts'
import { riskLevelSchema, serverRiskRowSchema } from '../artefacts/server-risk.ts'

const count = z.int().min(0)
const milliseconds = z.number()

/** `headroom`: a folder with a manifest. `python-original`: a folder of Module 05, at most six files. */
export const runKindSchema = z.enum(['headroom', 'python-original'])
export type RunKind = z.infer<typeof runKindSchema>

export const runOverviewSchema = z.object({
  folder: z.string(),
  kind: runKindSchema,
  title: z.string(),
  /** ISO 8601 UTC; null where the folder does not say. */
  analyzedAt: z.string().nullable(),
  method: analysisMethodSchema.nullable(),
  granularity: granularitySchema,
  stepMs: milliseconds,
  /** IANA zone whose days count. */
  timeZone: z.string(),
  /** `isJudged`: whether thresholds apply to it; `threshold`: the one of all its servers, null where they differ or have none; `atRisk`: servers that are at risk by it. */
  metrics: z
    .array(z.object({ name: z.string(), unit: z.string(), isJudged: z.boolean(), threshold: z.number().nullable(), atRisk: count }))
    .min(1),
  models: z.array(z.string()),
  /** From the first known period to the end of the last, exclusive. */
  extent: z.object({ startMs: milliseconds, endMs: milliseconds }),
  /** Null where no series has a horizon. `endMs` is exclusive. */
  horizon: z.object({ startMs: milliseconds, endMs: milliseconds, periods: count }).nullable(),
  /** The last time of any measurement; null where nothing was measured. */
  lastMeasuredMs: milliseconds.nullable(),
  /** Distinct servers; `certain`: those that are nearly certain to run out. */
  counts: z.object({
    servers: count,
    atRisk: count,
    /** At risk by more than one metric. */
    atRiskBySeveral: count,
    /** At risk by all metrics together, though by none alone. */
    atRiskByNone: count,
    certain: count,
    underutilized: count.nullable(),
    series: count,
  }),
  /** What "at risk" means in this run; null for a folder of Module 05. */
  basis: riskBasisSchema.nullable(),
  /** Expected number of servers with a sustained breach, and its 90 % interval; null where the run does not know it. */
  atRiskRange: z.object({ expected: z.number(), low: z.number(), high: z.number() }).nullable(),
  /** Of the servers at risk; `isExpected`: by the simulated paths, since no forecast breaches; `servers`: that breach at this time. */
  soonestBreach: z
    .object({
      serverId: z.string(),
      metric: z.string(),
      atMs: milliseconds,
      days: z.number().nullable(),
      isExpected: z.boolean(),
      servers: count,
    })
    .nullable(),
  savingsMonthlyUsd: z.number().nullable(),
  underutilizedThreshold: z.number().nullable(),
  /** Mean adjusted Rand index of the clusters against other restarts. */
  clusterStability: z.number().nullable(),
  /** Module 05's totals, which count rows under server names. */
  module05Totals: z
    .object({ servers: z.number().nullable(), atRiskRows: z.number().nullable(), underutilizedRows: z.number().nullable() })
    .nullable(),
  warnings: z.array(warningSchema),
  /** Files that are absent and what the window does without them. */
  missing: z.array(z.object({ file: z.string(), consequence: z.string() })),
})
export type RunOverview = z.infer<typeof runOverviewSchema>

export const heatmapSorts = ['risk', 'breach', 'cluster', 'group', 'name'] as const
export const heatmapSortSchema = z.enum(heatmapSorts)
export type HeatmapSort = z.infer<typeof heatmapSortSchema>

export const heatmapReductions = ['max', 'p95', 'mean'] as const
export const heatmapReductionSchema = z.enum(heatmapReductions)
export type HeatmapReduction = z.infer<typeof heatmapReductionSchema>

export const heatmapRequestSchema = z.strictObject({
  folder: z.string().min(1),
  metric: z.string().min(1),
  sort: heatmapSortSchema,
  reduction: heatmapReductionSchema,
  filter: fleetFilterSchema,
  /** Ranks of servers under the sort, `toRow` exclusive; null: all. */
  rows: z.strictObject({ from: count, to: count }).nullable(),
  /** Time range, `toMs` exclusive; null: all. */
  time: z.strictObject({ fromMs: milliseconds, toMs: milliseconds }).nullable(),
  /** Pixels there are: no more rows and columns than these come back. */
  maxRows: z.int().min(1).max(4096),
  maxColumns: z.int().min(1).max(4096),
  /** Server whose row is requested; null for none. */
  selected: z.string().nullable(),
})
export type HeatmapRequest = z.infer<typeof heatmapRequestSchema>

const timeMarkSchema = z.object({ kind: z.enum(['eoq', 'holiday']), label: z.string(), fromMs: milliseconds, toMs: milliseconds })

export const heatmapDataSchema: z.ZodType<HeatmapData> = z.object({
  metric: z.string(),
  unit: z.string(),
  rows: z.array(
    z.object({
      label: z.string(),
      serverId: z.string(),
      servers: z.int().min(1),
      riskLevel: riskLevelSchema.nullable(),
    }),
  ),
  startMs: milliseconds,
  stepMs: milliseconds,
  columnZone: z.string(),
  columns: count,
  values: z.instanceof(Float32Array),
  horizonStartMs: milliseconds,
  reduction: heatmapReductionSchema,
  marks: z.array(timeMarkSchema),
  highThreshold: z.number().nullable(),
  veryHighThreshold: z.number().nullable(),
  counts: z.object({ servers: count, atRisk: count }),
})

/** A heatmap and which part of the fleet it shows. */
export const heatmapViewSchema = z.object({
  data: heatmapDataSchema,
  /** Servers that have the metric, before any zoom. */
  totalRows: count,
  /** Rank of the first server shown, and the number of servers per row (the last row may hold fewer). */
  firstRow: count,
  serversPerRow: z.int().min(1),
  shownServers: count,
  /** The first servers of each row, three at most. */
  names: z.array(z.array(z.string())),
  /** Row of the server asked for; null where it is not in view. */
  selectedRow: count.nullable(),
})
export type HeatmapView = z.infer<typeof heatmapViewSchema>

/** `spread`: mean and standard deviation; `components`: the first two principal components of the features. */
export const clusterProjections = ['spread', 'components'] as const
export type ClusterProjection = (typeof clusterProjections)[number]

export const clustersRequestSchema = z.strictObject({
  folder: z.string().min(1),
  metric: z.string().min(1),
  filter: fleetFilterSchema,
  projection: z.enum(clusterProjections),
})
export type ClustersRequest = z.infer<typeof clustersRequestSchema>

export const clustersDataSchema: z.ZodType<ClustersData> = z.object({
  metric: z.string(),
  unit: z.string(),
  serverIds: z.array(z.string()),
  mean: z.instanceof(Float64Array),
  std: z.instanceof(Float64Array),
  cluster: z.instanceof(Int32Array),
  clusters: z.array(z.object({ cluster: z.int(), name: z.string(), size: count, mean: z.number(), std: z.number() })),
  servers: count.optional(),
  stability: z.number().nullable(),
  underutilizedThreshold: z.number().nullable(),
  axes: z.object({ x: z.string(), y: z.string() }).optional(),
})

/** A line around marks of the scatter, in the units of its axes. */
export const serversInsideRequestSchema = clustersRequestSchema.extend({ area: z.array(z.tuple([z.number(), z.number()])).max(10_000) })
export type ServersInsideRequest = z.infer<typeof serversInsideRequestSchema>

/** `servers` is empty where there are more than can be picked. */
export const serversInsideSchema = z.object({ total: count, servers: z.array(z.string()) })
export type ServersInside = z.infer<typeof serversInsideSchema>

/** Centres of the clusters in the units of the features, and the quality of the clustering; null if the run does not state it. */
export const clusterProfilesSchema = z.object({
  clusters: z.array(z.object({ cluster: count, name: z.string(), size: count, centre: z.record(z.string(), z.number().nullable()) })),
  features: z.array(z.string()),
  silhouette: z.number().nullable(),
  stability: z.number().nullable(),
  /** Shares of the variance that the two principal components hold. */
  explained: z.array(z.number()).nullable(),
})
export type ClusterProfiles = z.infer<typeof clusterProfilesSchema>

export const serverRequestSchema = z.strictObject({ folder: z.string().min(1), serverId: z.string().min(1) })
export type ServerRequest = z.infer<typeof serverRequestSchema>

/** One server: a risk row per metric, and its rank in the risk order (1 is the riskiest). */
export const serverDetailSchema = z.object({
  serverId: z.string(),
  metrics: z.array(
    serverRiskRowSchema.extend({
      unit: z.string(),
      /** "2027-11 (2027-05 to never)", extrapolated; null where no date is known. */
      exhaustion: z.string().nullable(),
      rank: z.int().min(1),
      rankedServers: z.int().min(1),
      /** The servers next to it in that order. */
      previousServer: z.string().nullable(),
      nextServer: z.string().nullable(),
      /** The selected model's line: measured in the history, forecast in the horizon. */
      series: z.object({
        timesMs: z.instanceof(Float64Array),
        measured: z.instanceof(Float32Array),
        forecast: z.instanceof(Float32Array),
        /** Bounds as the forecasts state them, NaN where there are none; `interval_margin` widens them to their nominal level. */
        lower: z.instanceof(Float32Array),
        upper: z.instanceof(Float32Array),
      }),
      /** What the other models forecast for the horizon. */
      otherModels: z.array(z.object({ model: z.string(), timesMs: z.instanceof(Float64Array), forecast: z.instanceof(Float32Array) })),
      marks: z.array(timeMarkSchema),
    }),
  ),
  recommendation: recommendationSchema.nullable(),
})
export type ServerDetail = z.infer<typeof serverDetailSchema>

/** Whether the gap between the last measurement and the forecast is longer than the forecast. */
export const hasWideGap = ({ horizon, lastMeasuredMs, stepMs }: Pick<RunOverview, 'horizon' | 'lastMeasuredMs' | 'stepMs'>): boolean =>
  horizon !== null && lastMeasuredMs !== null && horizon.startMs - (lastMeasuredMs + stepMs) > horizon.endMs - horizon.startMs

/** Whether any metric of the run has a threshold; else its servers are not judged. */
export const isJudgedRun = ({ metrics }: Pick<RunOverview, 'metrics'>): boolean => metrics.some(({ isJudged }) => isJudged)

/** The fleet by all of its metrics. */
export const findingCounts = ({ counts, basis, metrics }: Pick<RunOverview, 'counts' | 'basis' | 'metrics'>): FindingCounts => ({
  servers: counts.servers,
  atRisk: counts.atRisk,
  certain: basis === 'probable' ? counts.certain : null,
  byMetric: metrics.length === 1 ? [] : metrics,
  bySeveral: counts.atRiskBySeveral,
  byNone: counts.atRiskByNone,
})
