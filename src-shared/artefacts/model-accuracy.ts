// What model_accuracy.json holds beyond the models: calibration of breach probabilities and coverage of intervals.
import { z } from 'zod'

/** Present where breach probabilities were estimated. */
export const calibrationSchema = z.looseObject({
  series: z.number(),
  events: z.number(),
  base_rate: z.number().nullable(),
  brier: z.number().nullable(),
  brier_plain_flag: z.number().nullable(),
  brier_base_rate: z.number().nullable(),
  reliability: z.array(z.object({ predicted: z.number(), observed: z.number(), series: z.number() })),
  verdict: z.string(),
})

/** Shares of measurements inside the interval before and after recalibration. */
export const coverageSchema = z.looseObject({
  nominal: z.number(),
  points: z.number(),
  before: z.number().nullable(),
  after: z.number().nullable(),
})
