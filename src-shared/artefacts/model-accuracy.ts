// model_accuracy.json: accuracy of each model over the backtest, calibration of breach probabilities, coverage of the bounds.
import { z } from 'zod'

const nullableNumber = z.number().nullable()

/** Means are over backtest points, medians over series; errors in the metric's unit. */
export const modelRowSchema = z.object({
  model: z.string().describe('name of the model'),
  series: z.number().describe('number of series with backtest rows'),
  series_won: z.number().describe('number of series that selected the model'),
  backtest_points: z.number().describe('number of rows'),
  mae: nullableNumber.describe("mean absolute error, in the metric's unit"),
  median_mae: nullableNumber.optional().describe("median over series, in the metric's unit; absent in older runs"),
  smape_percent: nullableNumber.describe('percent, 0 to 200'),
  median_mase: nullableNumber.describe('mean absolute scaled error, median over series'),
  pinball_50: nullableNumber.optional().describe("mean pinball loss of the forecast as median, in the metric's unit; absent in older runs"),
  pinball_95: nullableNumber
    .optional()
    .describe("mean pinball loss of the 95 % quantile, in the metric's unit; empty without upper bounds, absent in older runs"),
  bias: nullableNumber.describe("in the metric's unit; positive: forecasts too high"),
  interval_points: z.number().describe('number of rows with bounds'),
  interval_coverage: nullableNumber.describe('share, 0 to 1; empty without bounds'),
})

/** Errors of the selection procedure for one metric, over series that were selected by their own errors; means over series. */
export const holdOutSchema = z.object({
  metric: z.string().describe('name of the metric'),
  series: z.number().describe('number of series with the same backtest times of all candidates'),
  in_sample_mae: z.number().describe("mean absolute error of the selected models on the times that selected them, in the metric's unit"),
  hold_out_mae: z.number().describe("mean absolute error on the last window of models selected on the earlier ones, in the metric's unit"),
})
export type HoldOutAccuracy = z.infer<typeof holdOutSchema>

/** A tenth of the sample by predicted probability. */
const reliabilityRowSchema = z.object({
  predicted: z.number().describe('mean predicted probability, 0 to 1'),
  observed: z.number().describe('share with the event, 0 to 1'),
  series: z.number().describe('number of windows; of series in older runs'),
})
export type ReliabilityRow = z.infer<typeof reliabilityRowSchema>

export const calibrationSchema = z.object({
  series: z.number().describe('number of series'),
  entries: z.number().optional().describe('number of windows; absent in older runs, which had one a series'),
  events: z.number().describe('number of windows with the event'),
  base_rate: nullableNumber.describe('share, 0 to 1'),
  curve_weight: z.number().optional().describe('weight of the fitted curve, 0 to 1; only in older runs'),
  brier: nullableNumber.describe('Brier score, 0 the best; empty without a backtest'),
  brier_plain_flag: nullableNumber.describe('Brier score of the plain flag'),
  brier_base_rate: nullableNumber.describe('Brier score of a constant'),
  log_loss: nullableNumber.optional().describe('log loss, 0 the best'),
  log_loss_base_rate: nullableNumber.optional().describe('log loss of a constant'),
  auc: nullableNumber.optional().describe('area under the ROC curve, 1 the best'),
  skill_interval: z.tuple([z.number(), z.number()]).nullable().optional().describe('90 % interval of 1 − Brier / Brier of the base rate'),
  reliability: z.array(reliabilityRowSchema),
  verdict: z.string().describe('one sentence'),
  /** Turns raw probabilities into those of the run. */
  curve: z
    .object({
      intercept: z.number().describe('a of logit p = a + b₁ ln r − b₂ ln(1 − r)'),
      slope_low: z.number().describe('b₁, at least 0'),
      slope_high: z.number().describe('b₂, at least 0'),
      min: z.number().describe('lowest probability that the sample supports'),
      max: z.number().describe('highest probability that the sample supports'),
      is_calibrated: z.boolean().describe('whether the sample holds at least 50 windows'),
    })
    .optional(),
})
export type CalibrationScores = z.infer<typeof calibrationSchema>

export const coverageSchema = z.object({
  nominal: z.number().describe('share, 0 to 1'),
  points: z.number().describe('number of rows'),
  before: nullableNumber.describe('actual coverage of the bounds as forecast, 0 to 1'),
  after: nullableNumber.describe('actual coverage of the widened bounds, 0 to 1'),
})
export type IntervalCoverage = z.infer<typeof coverageSchema>

/** `calibration` and `coverage` are null if breach probabilities were turned off, and absent in runs of older versions. */
export const modelAccuracySchema = z.object({
  interval_level: z.number().describe('nominal level of the bounds, 0 to 1'),
  models: z.array(modelRowSchema),
  is_coverage_checked: z
    .boolean()
    .optional()
    .describe('whether the backtests of all selected models look as far ahead as their horizon; absent in older runs'),
  /** Absent in older runs; empty where no series tells, and where one model is forced. */
  hold_out: z.array(holdOutSchema).optional(),
  calibration: calibrationSchema.nullable().optional().catch(undefined),
  /** Of the event "P95 above the threshold"; `calibration` is of "some value above it". */
  calibration_sustained: calibrationSchema.nullable().optional().catch(undefined),
  coverage: coverageSchema.nullable().optional().catch(undefined),
})
export type ModelAccuracy = z.infer<typeof modelAccuracySchema>
