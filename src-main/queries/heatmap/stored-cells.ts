// The heatmap's cells from series.parquet: into memory, or straight into the bins of the chart where a fleet is too large for that.
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { binSelectedSeries } from '../../forecasts/bin-selected-series.ts'
import { columnTimesUs, periodAt, periodStartMs, type Bins } from '../../forecasts/heatmap-rules.ts'
import { scanSelectedSeries, seriesTimeUs, type WholeSeriesGroup } from '../../forecasts/read-selected-series.ts'
import type { SeriesGrid } from '../run/open-run.ts'
import type { RunContents } from '../run/run-contents.ts'
import { selectedSeriesPath } from '../run/selected-series-file.ts'

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
export const binStoredMaxima = (
  contents: RunContents,
  grid: SeriesGrid,
  keys: Int32Array,
  rows: Bins,
  columns: Bins,
): Promise<Float32Array> => {
  const rowOfServer = new Int32Array(grid.servers).fill(-1)
  keys.forEach((key, position) => (rowOfServer[key - 1] = Math.floor(position / rows.size)))
  const plan = { metric: grid.metric, rows: rows.bins, rowOfServer, columnTimesUs: columnTimesUs(grid, columns) }
  return binSelectedSeries(selectedSeriesPath(contents), plan, () => {
    throw filesDisagree(contents)
  })
}

const filesDisagree = ({ folder }: RunContents): HeadroomError =>
  new HeadroomError('run-damaged', `The files of the run in ${folder} do not fit each other.`, {
    next: 'Download or analyse the run again.',
  })

/** `periods`: of the history's values, then of the horizon's; -1 outside the periods asked for. `server`: from 0. */
type OnSeries = (server: number, periods: Int32Array, history: Float32Array, horizon: Float64Array) => void

const scanCells = async (contents: RunContents, grid: SeriesGrid, from: number, to: number, onSeries: OnSeries): Promise<void> => {
  const periodsOf = periodReader(grid, from, to)
  await scanSelectedSeries(selectedSeriesPath(contents), grid.metric, (group) => {
    const { history, horizon, serverNumbers } = group
    for (let row = 0; row < group.rows; row++) {
      const server = serverNumbers[row]!
      if (server < 0 || server >= grid.servers) throw filesDisagree(contents)
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
