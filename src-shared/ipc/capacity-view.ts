// The Capacity view: which resource limits, when volumes are full, and how long hosts and clusters last.
import { z } from 'zod'
import { capacityReportSchema } from '../artefacts/capacity.ts'

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

export const capacityViewSchema = z.object({
  /** Null in runs of older versions: not known. */
  report: capacityReportSchema.nullable(),
  resources: z.array(resourceSchema),
  /** The first ones by days until full. */
  volumes: z.array(volumeSchema),
  volume_count: z.int(),
})
export type CapacityView = z.infer<typeof capacityViewSchema>
