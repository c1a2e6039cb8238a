// Values of one metric, servers x periods, in memory for the time range in view: a zoom within it needs no query.
import { percentileOf } from '../../statistics/percentile.ts'
import { periodSql, periodStartMs } from '../../forecasts/heatmap-rules.ts'
import { keepLargeValues } from '../run/large-values.ts'
import type { OpenRun, SeriesGrid } from '../run/open-run.ts'
import { hasSelectedSeries } from '../run/selected-series-file.ts'
import { readStoredCells } from './stored-cells.ts'

/** Part of a grid; a server's row is its key - 1, NaN where no value is known. */
export interface HeatmapMatrix {
  readonly from: number
  /** Exclusive. */
  readonly to: number
  readonly values: Float32Array
}

/** 480 MB: a million servers x 120 days. Larger time ranges are binned in the database. */
const maxCells = 120_000_000
/** Maxima of more values than these, 240 MB, are taken from series.parquet at each view. */
const maxCellsForMaxima = 60_000_000
/** Up to here the whole extent is read at once: 19,000 servers x 821 days. */
const maxCellsReadWhole = 16_000_000

const matrixCache = new WeakMap<SeriesGrid, HeatmapMatrix>()

/** The whole extent where it fits, else the requested periods; null where these do not fit either, or where their maxima are read without them. */
export const loadMatrix = async (
  run: OpenRun,
  grid: SeriesGrid,
  from: number,
  to: number,
  reduction: BinReduction,
): Promise<HeatmapMatrix | null> => {
  const cached = matrixCache.get(grid)
  if (cached !== undefined && cached.from <= from && cached.to >= to) return cached
  const isWhole = grid.servers * grid.periods <= maxCellsReadWhole
  const [first, last] = isWhole ? [0, grid.periods] : [from, to]
  const cells = grid.servers * (last - first)
  if (cells > maxCells || (reduction === 'max' && hasSelectedSeries(run.contents) && cells > maxCellsForMaxima)) return null
  matrixCache.delete(grid)
  keepLargeValues(run, `heatmap of ${grid.metric}`, cells * Float32Array.BYTES_PER_ELEMENT, () => matrixCache.delete(grid))
  const matrix = hasSelectedSeries(run.contents)
    ? { from: first, to: last, values: await readStoredCells(run.contents, grid, first, last) }
    : await readMatrix(run, grid, first, last)
  matrixCache.set(grid, matrix)
  return matrix
}

/** Rows of the file that are read at a time: some 200 MB as a table. */
const defaultBatchRows = 32_000_000

/** Batch by batch, each as a table first: DuckDB computes a streamed query on one thread. */
export const readMatrix = async (
  run: OpenRun,
  grid: SeriesGrid,
  from: number,
  to: number,
  batchRows = defaultBatchRows,
): Promise<HeatmapMatrix> => {
  const width = to - from
  const values = new Float32Array(grid.servers * width).fill(Number.NaN)
  const startMs = periodStartMs(grid, from)
  const endMs = periodStartMs(grid, to)
  const batches = grid.rows === null ? 1 : Math.max(1, Math.ceil(grid.rows / batchRows))
  for (let batch = 0; batch < batches; batch++) {
    const batchCondition = batches === 1 ? 'true' : `c.row_number >= ${batch * batchRows} AND c.row_number < ${(batch + 1) * batchRows}`
    await run.database.run(
      `CREATE OR REPLACE TEMP TABLE heatmap_cells AS
       SELECT CAST((k.server_key - 1) * ${width} + ${periodSql(grid, 'c.ts')} - ${from} AS INTEGER) AS cell, c.value
       FROM (${grid.cellsSql}) c JOIN server_key k USING (server_id)
       WHERE c.ts >= make_timestamp_ms(${startMs}) AND c.ts < make_timestamp_ms(${endMs}) AND c.value IS NOT NULL AND ${batchCondition}`,
    )
    await run.database.scan('SELECT * FROM heatmap_cells', { cell: 'number', value: 'number' }, (cells) => {
      for (let row = 0; row < cells.value.length; row++) {
        const cell = cells.cell[row]!
        const before = values[cell]!
        // Times closer than the grid's step share a cell; the maximum counts.
        if (Number.isNaN(before) || cells.value[row]! > before) values[cell] = cells.value[row]!
      }
    })
  }
  await run.database.run('DROP TABLE heatmap_cells')
  return { from, to, values }
}

/** Reduces the cells of a bin; NaN where all are. */
export type BinReduction = 'max' | 'p95' | 'mean'

export interface Binning {
  /** Keys of the servers in their order. */
  readonly keys: Int32Array
  /** Servers and periods in a bin. */
  readonly rowSize: number
  readonly columnSize: number
  /** Periods, `to` exclusive. */
  readonly from: number
  readonly to: number
}

/** Row by row, `columns` wide. */
export const binMatrix = (matrix: HeatmapMatrix, binning: Binning, reduction: BinReduction): Float32Array => {
  const columns = Math.ceil((binning.to - binning.from) / binning.columnSize)
  const rows = Math.ceil(binning.keys.length / binning.rowSize)
  const binned = new Float32Array(rows * columns).fill(Number.NaN)
  const binRow = reduction === 'p95' ? binPercentileRow : reduction === 'max' ? binMaximumRow : binMeanRow
  for (let row = 0; row < rows; row++) {
    const keys = binning.keys.subarray(row * binning.rowSize, (row + 1) * binning.rowSize)
    binRow(matrix, binning, keys, binned.subarray(row * columns, (row + 1) * columns))
  }
  return binned
}

/** Fills one row of bins, which are NaN before, from the servers with these keys. */
type BinRow = (matrix: HeatmapMatrix, binning: Binning, keys: Int32Array, bins: Float32Array) => void

/** Server by server, in memory order; comparisons with NaN are false. */
const binMaximumRow: BinRow = ({ values, from: origin, to: end }, { from, to, columnSize }, keys, bins) => {
  const width = end - origin
  bins.fill(-Infinity)
  for (const key of keys) {
    let cell = (key - 1) * width - origin + from
    // One period per column, as in most views: without the inner loop it is twice as fast.
    if (columnSize === 1) {
      for (let column = 0; column < bins.length; column++, cell++) {
        const value = values[cell]!
        if (value > bins[column]!) bins[column] = value
      }
      continue
    }
    for (let column = 0, period = from; period < to; column++) {
      const last = Math.min(to, period + columnSize)
      let max = bins[column]!
      for (; period < last; period++, cell++) if (values[cell]! > max) max = values[cell]!
      bins[column] = max
    }
  }
  for (let column = 0; column < bins.length; column++) if (bins[column] === -Infinity) bins[column] = Number.NaN
}

const binMeanRow: BinRow = ({ values, from: origin, to: end }, { from, to, columnSize }, keys, bins) => {
  const width = end - origin
  const sums = new Float64Array(bins.length)
  const counts = new Int32Array(bins.length)
  for (const key of keys) {
    const base = (key - 1) * width - origin
    for (let period = from; period < to; period++) {
      const value = values[base + period]!
      if (Number.isNaN(value)) continue
      const column = Math.floor((period - from) / columnSize)
      sums[column]! += value
      counts[column]!++
    }
  }
  for (let column = 0; column < bins.length; column++) if (counts[column]! > 0) bins[column] = sums[column]! / counts[column]!
}

const binPercentileRow: BinRow = ({ values, from: origin, to: end }, { from, to, columnSize }, keys, bins) => {
  const width = end - origin
  const cellValues = new Float64Array(keys.length * columnSize)
  for (let column = 0; column < bins.length; column++) {
    const first = from + column * columnSize
    const last = Math.min(to, first + columnSize)
    let count = 0
    for (const key of keys) {
      const base = (key - 1) * width - origin
      for (let period = first; period < last; period++)
        if (!Number.isNaN(values[base + period]!)) cellValues[count++] = values[base + period]!
    }
    if (count > 0) bins[column] = percentileOf(cellValues.subarray(0, count).sort(), 0.95)
  }
}
