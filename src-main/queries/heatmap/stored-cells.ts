// The heatmap's cells from series.parquet: into memory, or straight into the bins of the chart where a fleet is too large for that.
import { binSelectedSeries } from '../../forecasts/bin-selected-series.ts'
import { columnTimesUs, periodAt, periodStartMs, type Bins } from '../../forecasts/heatmap-rules.ts'
import { filesDisagree, scanSelectedSeries, timeIndexReader, type TimeIndexReader } from '../../forecasts/read-selected-series.ts'
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
  return binSelectedSeries(selectedSeriesPath(contents), plan)
}

/** `periods`: of the history's values, then of the horizon's; -1 outside the periods asked for. `server`: from 0. */
type OnSeries = (server: number, periods: Int32Array, history: Float32Array, horizon: Float64Array) => void

const scanCells = async (contents: RunContents, grid: SeriesGrid, from: number, to: number, onSeries: OnSeries): Promise<void> => {
  const periodsOf = periodReader(grid, from, to)
  await scanSelectedSeries(selectedSeriesPath(contents), grid.metric, (group) => {
    const { history, horizon, serverNumbers } = group
    for (let row = 0; row < group.rows; row++) {
      const server = serverNumbers[row]!
      if (server < 0 || server >= grid.servers) throw filesDisagree(selectedSeriesPath(contents))
      onSeries(
        server,
        periodsOf(group, row),
        history.values.subarray(history.offsets[row], history.offsets[row + 1]),
        horizon.values.subarray(horizon.offsets[row], horizon.offsets[row + 1]),
      )
    }
  })
}

/** The periods of a row's values; -1 outside those asked for. */
const periodReader = (grid: SeriesGrid, from: number, to: number): TimeIndexReader => {
  const [startUs, endUs] = [periodStartMs(grid, from) * 1000, periodStartMs(grid, to) * 1000]
  return timeIndexReader((timeUs) => {
    if (timeUs < startUs || timeUs >= endUs) return -1
    const period = Math.floor(periodAt(grid, Math.floor(timeUs / 1000)))
    return period >= from && period < to ? period : -1
  })
}
