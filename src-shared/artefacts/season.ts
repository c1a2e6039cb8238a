// Key `season` of module_05_summary.json: effects of quarter ends, holidays and weekends per metric.
import { z } from 'zod'

const count = z.int().min(0)
const nullableNumber = z.number().nullable()

/** In the metric's unit. `standard_error`: over occasions (quarters, days or weeks), each a mean over series. */
const upliftSchema = z.object({
  uplift_points: nullableNumber.describe('points above ordinary days'),
  series: count.describe('number of series behind the mean'),
  standard_error: nullableNumber.describe('points; empty below two occasions'),
  low: nullableNumber.optional().describe('lower limit of the 95 % t interval over occasions, points; absent in older runs'),
  high: nullableNumber.optional().describe('upper limit of that interval, points; absent in older runs'),
})
export type FleetUplift = z.infer<typeof upliftSchema>

export const metricSeasonSchema = z.object({
  metric: z.string().describe('name of the metric'),
  eoq: upliftSchema.extend({
    quarters: count.describe('number of quarters'),
    by_quarter: z.array(
      z.object({
        quarter_end: z.string().describe('last day of the quarter'),
        uplift_points: z.number().describe('points above ordinary days'),
        series: count.describe('number of series'),
        low: nullableNumber.optional().describe('lower limit of the 95 % t interval over series, points; absent in older runs'),
        high: nullableNumber.optional().describe('upper limit of that interval, points; absent in older runs'),
      }),
    ),
  }),
  holiday: upliftSchema.extend({
    days: count.describe('number of holidays'),
    by_day: z.array(
      z.object({
        day: z.string().describe('the holiday'),
        name: z.string().describe('name of the holiday'),
        uplift_points: z.number().describe('points above ordinary days'),
        series: count.describe('number of series'),
      }),
    ),
  }),
  weekend: upliftSchema.extend({
    weeks: count.describe('number of weeks'),
  }),
  weekly_strength: z.object({
    mean: nullableNumber.describe('share of variation that repeats weekly, 0 to 1'),
    series: count.describe('number of series'),
  }),
  /** Predicted breach periods of all series by cause. */
  breaches: z.object({
    eoq: count.describe('number of periods'),
    month_end: count.describe('number of periods'),
    holiday: count.describe('number of periods'),
    ordinary: count.describe('number of periods'),
  }),
  /** Rows January to December, columns Monday to Sunday; null where there is no such day. */
  profile: z
    .object({
      mean: z.array(z.array(nullableNumber)).describe("means January to December by Monday to Sunday, in the metric's unit"),
      series: z.array(z.array(count)).describe('number of series behind each mean'),
    })
    .nullable(),
})
export type MetricSeason = z.infer<typeof metricSeasonSchema>

export const seasonReportSchema = z.object({
  eoq_window_days: z.number().describe('days'),
  eoq_months: z.array(z.int()).describe('months, 1 to 12'),
  holiday_country: z.string().describe('country of the holidays'),
  holiday_state: z.string().nullable().optional().describe('state of the holidays; empty for the whole country'),
  weighting: z.string().optional().describe('one sentence on how servers are weighted'),
  metrics: z.array(metricSeasonSchema),
})
export type SeasonReport = z.infer<typeof seasonReportSchema>
