// The heatmap's cells from series.parquet: into memory, or straight into the bins of the chart where a fleet is too large for that.
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { periodAt, periodStartMs, type Bins } from '../../forecasts/heatmap-rules.ts'
import type { SeriesGrid } from '../run/open-run.ts'
import { scanSelectedSeries, seriesTimeUs, type WholeSeriesGroup } from '../run/read-selected-series.ts'
import type { RunContents } from '../run/run-contents.ts'

/** The values of `readMatrix`, of a run with the file. Throws run-damaged. */
export const readStoredCells = async (contents: RunContents, grid: SeriesGrid, from: number, to: number): Promise<Float32Array> => {
  const width = to - from
  const values = new Float32Array(grid.servers * width).fill(Number.NaN)
  await scanCells(contents, grid, from, to, (server, periods, history, horizon) => {
    const first = server * width - from
    const take = (period: number, value: number): void => {
      const before = values[first + period]!
      // Times closer than the grid's step share a cell; the maximum counts.
      if (Number.isNaN(before) || value > before) values[first + period] = value
    }
    for (let index = 0; index < history.length; index++) if (periods[index]! >= 0) take(periods[index]!, history[index]!)
    for (let index = 0; index < horizon.length; index++) {
      const period = periods[history.length + index]!
      if (period >= 0) take(period, horizon[index]!)
    }
  })
  return values
}

/** The maximum of each bin, without holding the values in memory. `keys`: of the servers in their order. Throws run-damaged. */
export const binStoredMaxima = async (
  contents: RunContents,
  grid: SeriesGrid,
  keys: Int32Array,
  rows: Bins,
  columns: Bins,
): Promise<Float32Array> => {
  const positions = new Int32Array(grid.servers).fill(-1)
  keys.forEach((key, position) => (positions[key - 1] = position))
  const values = new Float32Array(rows.bins * columns.bins).fill(-Infinity)
  await scanCells(contents, grid, columns.from, columns.to, (server, periods, history, horizon) => {
    if (positions[server]! < 0) return
    const first = Math.floor(positions[server]! / rows.size) * columns.bins
    const take = (period: number, value: number): void => {
      const bin = first + Math.floor((period - columns.from) / columns.size)
      if (value > values[bin]!) values[bin] = value
    }
    for (let index = 0; index < history.length; index++) if (periods[index]! >= 0) take(periods[index]!, history[index]!)
    for (let index = 0; index < horizon.length; index++) {
      const period = periods[history.length + index]!
      if (period >= 0) take(period, horizon[index]!)
    }
  })
  for (let bin = 0; bin < values.length; bin++) if (values[bin] === -Infinity) values[bin] = Number.NaN
  return values
}

/** `periods`: of the history's values, then of the horizon's; -1 outside the periods asked for. `server`: from 0. */
type OnSeries = (server: number, periods: Int32Array, history: Float32Array, horizon: Float64Array) => void

const scanCells = async (contents: RunContents, grid: SeriesGrid, from: number, to: number, onSeries: OnSeries): Promise<void> => {
  const periodsOf = periodReader(grid, from, to)
  await scanSelectedSeries(contents, grid.metric, (group) => {
    const { history, horizon, serverNumbers } = group
    for (let row = 0; row < group.rows; row++) {
      const server = serverNumbers[row]!
      if (server < 0 || server >= grid.servers) {
        throw new HeadroomError('run-damaged', `The files of the run in ${contents.folder} do not fit each other.`, {
          next: 'Download or analyse the run again.',
        })
      }
      onSeries(
        server,
        periodsOf(group, row),
        history.values.subarray(history.offsets[row], history.offsets[row + 1]),
        horizon.values.subarray(horizon.offsets[row], horizon.offsets[row + 1]),
      )
    }
  })
}

/** The periods of a row's values. Most series have the times of their neighbour, whose periods are returned again. */
const periodReader = (grid: SeriesGrid, from: number, to: number): ((group: WholeSeriesGroup, row: number) => Int32Array) => {
  const [startUs, endUs] = [periodStartMs(grid, from) * 1000, periodStartMs(grid, to) * 1000]
  const periodOf = (timeUs: number): number => {
    if (timeUs < startUs || timeUs >= endUs) return -1
    const period = Math.floor(periodAt(grid, Math.floor(timeUs / 1000)))
    return period >= from && period < to ? period : -1
  }
  let [lastStart, lastStep] = [Number.NaN, 0]
  let periods = new Int32Array(0)
  return (group, row) => {
    const { history, horizon, stepsUs } = group
    const count = history.offsets[row + 1]! - history.offsets[row]! + horizon.offsets[row + 1]! - horizon.offsets[row]!
    const step = stepsUs[row]!
    const start = count === 0 ? Number.NaN : seriesTimeUs(group, row, 0)
    if (step > 0 && step === lastStep && start === lastStart && count === periods.length) return periods
    periods = Int32Array.from({ length: count }, (_, index) => periodOf(seriesTimeUs(group, row, index)))
    ;[lastStart, lastStep] = [start, step]
    return periods
  }
}
