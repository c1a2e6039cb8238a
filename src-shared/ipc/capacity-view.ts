// The Capacity view: which resource limits, when volumes are full, and how long hosts and clusters last.
import { z } from 'zod'
import { capacitySummarySchema } from '../artefacts/capacity.ts'

const resourceSchema = z.object({
  /** Null: the whole fleet. */
  business_unit: z.string().nullable(),
  metric: z.string(),
  /** With a threshold for the metric. */
  servers: z.int(),
  /** Servers that it limits. */
  limits: z.int(),
  /** Whether it limits the most servers of the group. */
  is_limiting: z.boolean(),
})

const volumeSchema = z.object({
  server_id: z.string(),
  metric: z.string(),
  capacity: z.number().nullable(),
  capacity_unit: z.string().nullable(),
  /** Percent of the capacity a day. */
  growth_per_day: z.number(),
  /** ISO 8601 with the offset of the run's zone. */
  full_at: z.string().nullable(),
  full_earliest: z.string().nullable(),
  full_latest: z.string().nullable(),
  days_until_full: z.number().nullable(),
})

const driverMonthSchema = z.object({
  driver: z.string(),
  /** Business unit; null: all servers. */
  group: z.string().nullable(),
  /** YYYY-MM. */
  month: z.string(),
  /** The plan's. */
  value: z.number(),
  /** Metrics that follow the driver and have a threshold. */
  metrics: z.int(),
  /** Of those the ones whose P95 lies above it; by both limits of the slopes' 95 % intervals. */
  above: z.int(),
  above_low: z.int(),
  above_high: z.int(),
  /** The metric furthest above its threshold; null where none is. */
  first: z.object({ server_id: z.string(), metric: z.string(), p95: z.number(), p95_low: z.number(), p95_high: z.number() }).nullable(),
})
export type DriverMonth = z.infer<typeof driverMonthSchema>

export const capacityViewSchema = z.object({
  /** Null in runs of older versions: not known. */
  report: capacitySummarySchema.nullable(),
  resources: z.array(resourceSchema),
  /** The first ones by days until full. */
  volumes: z.array(volumeSchema),
  volume_count: z.int(),
  /** What the plans of the drivers mean, by driver and month. */
  driver_months: z.array(driverMonthSchema),
})
export type CapacityView = z.infer<typeof capacityViewSchema>
