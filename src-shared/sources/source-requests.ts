// What a collect from a live source takes and reports: Prometheus and CloudWatch, for command line and window alike.
import { z } from 'zod'

/** Where a servers table has room for what a label or tag says. */
export const attributeColumns = ['business_unit', 'region', 'criticality'] as const

/** Label or tag of each column; absent: the one of the same name. */
export const attributeNamesSchema = z.partialRecord(z.enum(attributeColumns), z.string().min(1).max(200))
export type AttributeNames = z.infer<typeof attributeNamesSchema>

/** ISO date or time in UTC. */
const instant = z.iso.date().or(z.iso.datetime())

const spanShape = {
  /** Days back from `until`. */
  days: z.int().min(1).max(3650),
  /** Null: now. */
  until: instant.nullable(),
  attributes: attributeNamesSchema,
}

const metricName = z.string().regex(/^[A-Za-z_][\w.:/-]{0,99}$/)

export const prometheusQuerySchema = z.strictObject({ metric: metricName, query: z.string().min(1).max(20_000) })
export type PrometheusQuery = z.infer<typeof prometheusQuerySchema>

export const prometheusRequestSchema = z.strictObject({
  /** Without user name and password. */
  url: z.string().min(1).max(2000),
  /** Empty: busy CPU and memory of node_exporter. */
  queries: z.array(prometheusQuerySchema).max(50),
  /** Label with the name of the server; null: instance, else node. */
  label: z.string().min(1).max(200).nullable(),
  /** Tenant of Mimir, Cortex and Loki (X-Scope-OrgID). */
  tenant: z.string().min(1).max(200).nullable(),
  ...spanShape,
})
export type PrometheusRequest = z.infer<typeof prometheusRequestSchema>

/** Secrets of a collect: in memory alone. */
export const prometheusAccessSchema = z.strictObject({
  token: z.string().max(20_000).nullable(),
  user: z.string().max(1000).nullable(),
  password: z.string().max(1000).nullable(),
  /** Path of PEM certificates. */
  caBundle: z.string().min(1).nullable(),
})
export type PrometheusAccess = z.infer<typeof prometheusAccessSchema>

/** Of the samples within a period. Some services send sums of samples, which have no percentiles. */
export const cloudWatchStatistics = ['p95', 'max', 'mean'] as const

/** A metric of CloudWatch besides the known ones, and the dimension that names the server. */
export const cloudWatchMetricSchema = z.strictObject({
  namespace: z.string().min(1).max(255),
  metric: z.string().min(1).max(255),
  dimension: z.string().min(1).max(255),
})
export type CloudWatchMetric = z.infer<typeof cloudWatchMetricSchema>

export const knownNamespaces = ['AWS/EC2', 'CWAgent', 'AWS/RDS'] as const

export const cloudWatchRequestSchema = z.strictObject({
  /** Null: the environment, else the default profile. */
  profiles: z.array(z.string().min(1).max(200).nullable()).min(1).max(50),
  /** Empty: the region of each profile. */
  regions: z.array(z.string().regex(/^[a-z0-9-]{3,30}$/)).max(50),
  namespaces: z.array(z.enum(knownNamespaces)).max(knownNamespaces.length),
  metrics: z.array(cloudWatchMetricSchema).max(50),
  periodSeconds: z.union([z.literal(3600), z.literal(86_400)]),
  statistic: z.enum(cloudWatchStatistics),
  costLimitUsd: z.number().min(0),
  ...spanShape,
})
export type CloudWatchRequest = z.infer<typeof cloudWatchRequestSchema>

/** What a source holds, before a collect. */
export const sourceSurveySchema = z.object({
  servers: z.int(),
  /** Some of them. */
  examples: z.array(z.string()),
  metrics: z.array(z.object({ metric: z.string(), series: z.int() })),
  /** Labels or tags that become columns of the servers table. */
  attributes: z.array(z.string()),
  requests: z.int(),
  /** Values at most. */
  values: z.number(),
  /** Null where the source is free. */
  costUsd: z.number().nullable(),
  seconds: z.number(),
  /** Sentences on what is left out. */
  notes: z.array(z.string()),
})
export type SourceSurvey = z.infer<typeof sourceSurveySchema>

/** What a measurements file says about its source. */
export const measurementsSourceSchema = z.object({
  format: z.literal(1),
  /** The options that decide which values there are. */
  source: z.record(z.string(), z.unknown()),
  /** Seconds since 1970; `until` is exclusive. */
  from: z.int(),
  until: z.int(),
})
export type MeasurementsSource = z.infer<typeof measurementsSourceSchema>

export const collectedMeasurementsSchema = z.object({
  file: z.string(),
  serversTable: z.string(),
  rows: z.number(),
  servers: z.number(),
  metrics: z.array(z.string()),
  /** ISO 8601 UTC; `until` is exclusive. */
  from: z.string(),
  until: z.string(),
  notes: z.array(z.string()),
})
export type CollectedMeasurements = z.infer<typeof collectedMeasurementsSchema>
