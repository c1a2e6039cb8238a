// model_accuracy.json: accuracy of each model over the backtest, calibration of breach probabilities, coverage of the bounds.
import { z } from 'zod'

const nullableNumber = z.number().nullable()

/** Means are over backtest points, medians over series; errors in the metric's unit. */
export const modelRowSchema = z.object({
  model: z.string(),
  series: z.number(),
  /** Series for which the model was selected. */
  series_won: z.number(),
  backtest_points: z.number(),
  mae: nullableNumber,
  /** Absent in runs of older versions. */
  median_mae: nullableNumber.optional(),
  smape_percent: nullableNumber,
  median_mase: nullableNumber,
  /** Mean of predicted - actual. */
  bias: nullableNumber,
  interval_points: z.number(),
  /** Share of measured values inside the bounds. */
  interval_coverage: nullableNumber,
})

/** A tenth of the series by predicted probability. */
const reliabilityRowSchema = z.object({
  /** Mean predicted probability. */
  predicted: z.number(),
  /** Share that breached. */
  observed: z.number(),
  series: z.number(),
})
export type ReliabilityRow = z.infer<typeof reliabilityRowSchema>

export const calibrationSchema = z.object({
  series: z.number(),
  events: z.number(),
  base_rate: nullableNumber,
  /** Weight of the fitted curve against the raw share; absent in runs of older versions. */
  curve_weight: z.number().optional(),
  /** Mean squared difference of probability and outcome, cross-fitted by server; null without a hold-out. */
  brier: nullableNumber,
  brier_plain_flag: nullableNumber,
  brier_base_rate: nullableNumber,
  reliability: z.array(reliabilityRowSchema),
  verdict: z.string(),
})
export type CalibrationScores = z.infer<typeof calibrationSchema>

export const coverageSchema = z.object({
  nominal: z.number(),
  points: z.number(),
  /** Coverage of the rows with bounds; null without bounds. */
  before: nullableNumber,
  /** After widening each group's bounds by the margin of the other folds; null without rows. */
  after: nullableNumber,
})
export type IntervalCoverage = z.infer<typeof coverageSchema>

/** `calibration` and `coverage` are null if breach probabilities were turned off, and absent in runs of older versions. */
export const modelAccuracySchema = z.object({
  interval_level: z.number(),
  models: z.array(modelRowSchema),
  calibration: calibrationSchema.nullable().optional().catch(undefined),
  coverage: coverageSchema.nullable().optional().catch(undefined),
})
export type ModelAccuracy = z.infer<typeof modelAccuracySchema>
