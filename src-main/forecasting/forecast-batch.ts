// Forecasts a batch of series, as arrays that pass between threads without a copy.
import type { LevelShift } from './level-shift.ts'
import type { ForecastModelName } from './model-names.ts'
import { forecastSeries } from './rolling-origins.ts'
import type { StepCalendar } from './step-calendar.ts'

/** What is the same for all batches. */
export interface ForecastSetup {
  readonly calendar: StepCalendar
  readonly horizon: number
  readonly models: readonly ForecastModelName[]
}

/** Arrays with an entry per series, but for `values`, which holds the steps from..origin-1 of one series after the other. */
export interface SeriesBatch {
  readonly series: Int32Array
  /** Number of the metric. */
  readonly metric: Int32Array
  readonly from: Int32Array
  readonly origin: Int32Array
  readonly ceiling: Float64Array
  readonly values: Float64Array
}

/** An entry per forecast value, but for the changes of level; `actual` is NaN in the horizon and where nothing was measured. */
export interface ForecastRows {
  readonly series: Int32Array
  /** Index into the models of the setup. */
  readonly model: Int32Array
  readonly origin: Int32Array
  readonly step: Int32Array
  readonly predicted: Float64Array
  readonly actual: Float64Array
  readonly scale: Float64Array
  /** Metric, model and third of the lead; their errors are alike. */
  readonly errorGroup: Int32Array
  /** 0 in the horizon; windows of the backtest from 1, the latest. */
  readonly window: Int32Array
  /** An entry per series whose level changed, here and in the next three. */
  readonly shiftedSeries: Int32Array
  readonly shiftStep: Int32Array
  readonly levelBefore: Float64Array
  readonly levelAfter: Float64Array
}

const leadThirds = 3

/** Error groups of a metric. */
export const groupsPerMetric = (models: number): number => models * leadThirds

export const forecastBatch = (batch: SeriesBatch, { calendar, horizon, models }: ForecastSetup): ForecastRows => {
  const steps = calendar.weekSlot.length
  const forecasts = []
  const shifts: ({ readonly series: number } & LevelShift)[] = []
  let rows = 0
  let offset = 0
  for (const [index, series] of batch.series.entries()) {
    const [from, origin] = [batch.from[index]!, batch.origin[index]!]
    const values = new Float64Array(steps).fill(Number.NaN)
    values.set(batch.values.subarray(offset, offset + origin - from), from)
    offset += origin - from
    const forecast = forecastSeries({ values, from, origin, ceiling: batch.ceiling[index]! }, calendar, horizon, models)
    if (forecast.shift !== null) shifts.push({ series, ...forecast.shift })
    for (const made of forecast.forecasts) {
      forecasts.push({
        ...made,
        series,
        metric: batch.metric[index]!,
        values,
        model: models.indexOf(made.model),
      })
      rows += made.predicted.length
    }
  }
  const result = {
    series: new Int32Array(rows),
    model: new Int32Array(rows),
    origin: new Int32Array(rows),
    step: new Int32Array(rows),
    predicted: new Float64Array(rows),
    actual: new Float64Array(rows),
    scale: new Float64Array(rows),
    errorGroup: new Int32Array(rows),
    window: new Int32Array(rows),
    shiftedSeries: Int32Array.from(shifts, ({ series }) => series),
    shiftStep: Int32Array.from(shifts, ({ step }) => step),
    levelBefore: Float64Array.from(shifts, ({ before }) => before),
    levelAfter: Float64Array.from(shifts, ({ after }) => after),
  }
  let row = 0
  for (const { series, metric, model, origin, window, predicted, values, scale } of forecasts) {
    const firstGroup = metric * groupsPerMetric(models.length) + model * leadThirds
    const end = row + predicted.length
    result.series.fill(series, row, end)
    result.model.fill(model, row, end)
    result.origin.fill(origin, row, end)
    result.scale.fill(scale, row, end)
    result.window.fill(window, row, end)
    result.predicted.set(predicted, row)
    for (let ahead = 0; row < end; ahead++, row++) {
      result.step[row] = origin + ahead
      result.actual[row] = values[origin + ahead]!
      result.errorGroup[row] = firstGroup + Math.floor((ahead * leadThirds) / horizon)
    }
  }
  return result
}
