// Probabilities of series without residuals, from the quantiles that their forecasts state; not calibrated.
import type { Database } from '../../database/database.ts'
import { yieldToEventLoop } from '../../statistics/yield-to-event-loop.ts'
import { selectHorizon } from '../risk/assess-risk.ts'
import { FleetRecorder, Simulation, type FleetPaths } from './fleet-paths.ts'
import { rangeOf, type SimulationTask } from './path-batches.ts'
import {
  drawQuantilePaths,
  joinStepQuantiles,
  quantilePathCount,
  quantileStepCorrelations,
  shareAbove,
  type Quantile,
} from './quantile-paths.ts'
import { drawKeyOf } from './simulate-paths.ts'

/** Series whose quantiles are in memory at once. */
const seriesPerRead = 200
/** Levels nearer to 0 or 1 have no Normal quantile that is worked out. */
const minLevel = 1e-9
const [minProbability, maxProbability] = [0.01, 0.99]

/** `positions`: of the series. Those whose forecast lacks quantiles at some step stay unknown. Reads `forecast`. */
export const simulateFromQuantiles = async (
  database: Database,
  task: SimulationTask,
  positions: readonly number[],
  paths: FleetPaths,
  signal: AbortSignal | undefined,
): Promise<void> => {
  if (positions.length === 0) return
  const { series, config, grid, backtestResiduals } = task
  await createQuantileRows(database, task, positions)
  const simulation = new Simulation(quantilePathCount)
  const recorder = new FleetRecorder(task, paths, simulation, quantilePathCount)
  const likely = new Float64Array(quantilePathCount)
  for (let first = 0; first < positions.length; first += seriesPerRead) {
    await yieldToEventLoop(signal)
    for (const { position, times, steps } of await readQuantiles(database, task, positions, first)) {
      const quantiles = joinStepQuantiles(steps)
      if (quantiles === null) continue
      const threshold = series.thresholds[position]!
      // The forecast alone: tools state more or fewer quantiles of one distribution.
      const medians = steps.flatMap((step) => step.filter(({ level }) => level === 0.5).map(({ value }) => value))
      const seed = drawKeyOf(config.seed, series.metrics[position]!, Float64Array.from(medians))
      const range = rangeOf(task, position, backtestResiduals.maxMeasured(series.seriesIds[position]!))
      const figures = simulation.run(steps.length, threshold, (out) =>
        drawQuantilePaths(quantiles, quantileStepCorrelations[grid.granularity], range, seed, out),
      )
      const rawSustained = shareAbove(figures.p95, threshold)
      const rawAny = shareAbove(figures.maxima, threshold)
      paths.raw.sustained[position] = rawSustained
      paths.raw.any[position] = rawAny
      likely.set(figures.p95)
      // The greatest value that more than half of the paths reach.
      paths.p95.likely[position] = likely.sort()[quantilePathCount / 2 - 1]!
      recorder.record(position, times, figures, {
        sustained: clip(rawSustained),
        veryHigh: clip(shareAbove(figures.p95, series.veryHighThresholds[position]!)),
        any: clip(rawAny),
      })
    }
    await database.appendColumns('breach_curve', recorder.takeCurve())
  }
}

const clip = (probability: number): number => Math.min(Math.max(probability, minProbability), maxProbability)

/** Creates `quantile_rows`, the horizons of the series with all that their rows say. Reads `forecast`. */
const createQuantileRows = async (database: Database, { series }: SimulationTask, positions: readonly number[]): Promise<void> => {
  await database.storeRows(
    'quantile_series',
    { number: 'INTEGER', series_id: 'INTEGER' },
    positions.map((position, number) => [number, series.seriesIds[position]!]),
  )
  await database.run(`
    CREATE OR REPLACE TABLE quantile_rows AS
    SELECT q.number, h.* EXCLUDE (series_id)
    FROM (${await selectHorizon(database, ['predicted', 'yhat_lower', 'yhat_upper', 'quantiles'])}) h JOIN quantile_series q USING (series_id)
    ORDER BY q.number, h.ts`)
}

interface SeriesQuantiles {
  /** Index in ThresholdSeries. */
  readonly position: number
  readonly times: Float64Array
  readonly steps: readonly (readonly Quantile[])[]
}

/** Up to `seriesPerRead` series from index `first` of `positions` on. Reads `quantile_rows`. */
const readQuantiles = async (
  database: Database,
  { config }: SimulationTask,
  positions: readonly number[],
  first: number,
): Promise<SeriesQuantiles[]> => {
  const rows = await database.columns(quantilesQuery(config.interval_level, first), {
    number: 'number',
    at: 'number',
    level: 'number',
    value: 'number',
  })
  const found: { position: number; times: number[]; steps: Quantile[][] }[] = []
  for (let row = 0; row < rows.number.length; row++) {
    const [isNewSeries, isNewStep] = [rows.number[row] !== rows.number[row - 1], rows.at[row] !== rows.at[row - 1]]
    if (isNewSeries) found.push({ position: positions[rows.number[row]!]!, times: [], steps: [] })
    const { times, steps } = found.at(-1)!
    if (isNewSeries || isNewStep) {
      times.push(rows.at[row]!)
      steps.push([])
    }
    steps.at(-1)!.push({ level: rows.level[row]!, value: rows.value[row]! })
  }
  return found.map(({ position, times, steps }) => ({ position, times: Float64Array.from(times), steps }))
}

/** The forecast counts as median and its bounds at the interval's level, unless the row states a quantile of that level. */
const quantilesQuery = (intervalLevel: number, first: number): string => `
  WITH chosen AS (SELECT * FROM quantile_rows WHERE number >= ${first} AND number < ${first + seriesPerRead}),
  quantiles AS (
    SELECT number, ts, unnest(map_keys(quantiles)) AS level, unnest(map_values(quantiles)) AS value, true AS is_stated FROM chosen
    UNION ALL SELECT number, ts, 0.5, predicted, false FROM chosen
    UNION ALL SELECT number, ts, ${(1 - intervalLevel) / 2}, yhat_lower, false FROM chosen
    UNION ALL SELECT number, ts, ${(1 + intervalLevel) / 2}, yhat_upper, false FROM chosen
  )
  SELECT number, CAST(epoch_ms(ts) AS DOUBLE) AS at, CAST(level AS DOUBLE) AS level, value
  FROM quantiles WHERE level > ${minLevel} AND level < ${1 - minLevel} AND isfinite(value)
  QUALIFY row_number() OVER (PARTITION BY number, ts, round(level, 9) ORDER BY is_stated DESC) = 1
  ORDER BY number, ts, level`
