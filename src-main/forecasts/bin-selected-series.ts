// The greatest values of series.parquet in the cells of a heatmap, without holding the values in memory.
import { filesDisagree, scanSelectedSeries, timeIndexReader, type TimeIndexReader } from './read-selected-series.ts'

/** Where the values of a metric go. */
export interface CellPlan {
  readonly metric: string
  readonly rows: number
  /** Row of each server, which are numbered by name from 0; -1 where its values do not count. */
  readonly rowOfServer: Int32Array
  /** Microseconds since 1970 at which each column begins, ascending, and at which the last one ends. */
  readonly columnTimesUs: Float64Array
}

/** The maximum of each cell, row by row; NaN where no value is known. Throws run-damaged, also where the file numbers more servers than the plan. */
export const binSelectedSeries = async (path: string, { metric, rows, rowOfServer, columnTimesUs }: CellPlan): Promise<Float32Array> => {
  const columns = columnTimesUs.length - 1
  const values = new Float32Array(rows * columns).fill(-Infinity)
  const columnsOf = columnReader(columnTimesUs)
  await scanSelectedSeries(path, metric, (group) => {
    const { history, horizon, serverNumbers } = group
    for (let row = 0; row < group.rows; row++) {
      const server = serverNumbers[row]!
      if (server < 0 || server >= rowOfServer.length) throw filesDisagree(path)
      const first = rowOfServer[server]! * columns
      if (first < 0) continue
      const columnOf = columnsOf(group, row)
      const from = history.offsets[row]!
      const measured = history.offsets[row + 1]! - from
      takeMaxima(values, first, columnOf, 0, history.values, from, measured)
      const horizonFrom = horizon.offsets[row]!
      takeMaxima(values, first, columnOf, measured, horizon.values, horizonFrom, horizon.offsets[row + 1]! - horizonFrom)
    }
  })
  for (let cell = 0; cell < values.length; cell++) if (values[cell] === -Infinity) values[cell] = Number.NaN
  return values
}

/** Raises the cells of a row that begin at `first`; value `index` lies in column `columnOf[offset + index]`, or nowhere at -1. */
const takeMaxima = (
  cells: Float32Array,
  first: number,
  columnOf: Int32Array,
  offset: number,
  values: Float32Array | Float64Array,
  from: number,
  count: number,
): void => {
  for (let index = 0; index < count; index++) {
    const column = columnOf[offset + index]!
    if (column < 0) continue
    const value = values[from + index]!
    if (value > cells[first + column]!) cells[first + column] = value
  }
}

/** The columns of a row's values; -1 outside of them. */
const columnReader = (columnTimesUs: Float64Array): TimeIndexReader => {
  const columns = columnTimesUs.length - 1
  let column = 0
  const columnAt = (timeUs: number): number => {
    if (!(timeUs >= columnTimesUs[0]! && timeUs < columnTimesUs[columns]!)) return -1
    // Times ascend, so that the column is the last one or one after it; a new series begins anywhere.
    while (timeUs < columnTimesUs[column]!) column--
    while (timeUs >= columnTimesUs[column + 1]!) column++
    return column
  }
  return timeIndexReader(columnAt)
}
