// Key `season` of module_05_summary.json: effects of quarter ends, holidays and weekends per metric.
import { z } from 'zod'

const count = z.int().min(0)
const nullableNumber = z.number().nullable()

/** In the metric's unit. `standard_error`: over occasions (quarters, days or weeks), each a mean over series. */
const upliftSchema = z.object({
  uplift_points: nullableNumber,
  /** Series behind the mean. */
  series: count,
  standard_error: nullableNumber,
})
export type FleetUplift = z.infer<typeof upliftSchema>

export const metricSeasonSchema = z.object({
  metric: z.string(),
  eoq: upliftSchema.extend({
    quarters: count,
    by_quarter: z.array(z.object({ quarter_end: z.string(), uplift_points: z.number(), series: count })),
  }),
  holiday: upliftSchema.extend({
    days: count,
    by_day: z.array(z.object({ day: z.string(), name: z.string(), uplift_points: z.number(), series: count })),
  }),
  weekend: upliftSchema.extend({ weeks: count }),
  weekly_strength: z.object({ mean: nullableNumber, series: count }),
  /** Predicted breach periods of all series by cause. */
  breaches: z.object({ eoq: count, month_end: count, holiday: count, ordinary: count }),
  /** Rows January to December, columns Monday to Sunday; null where there is no such day. */
  profile: z.object({ mean: z.array(z.array(nullableNumber)), series: z.array(z.array(count)) }).nullable(),
})
export type MetricSeason = z.infer<typeof metricSeasonSchema>

export const seasonReportSchema = z.object({
  eoq_window_days: z.number(),
  eoq_months: z.array(z.int()),
  holiday_country: z.string(),
  holiday_state: z.string().nullable().optional(),
  /** Explains how servers are weighted. */
  weighting: z.string().optional(),
  metrics: z.array(metricSeasonSchema),
})
export type SeasonReport = z.infer<typeof seasonReportSchema>
