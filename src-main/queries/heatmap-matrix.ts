// Values of one metric, servers x periods, held in memory for the part of time that is looked at: a zoom inside of it costs arithmetic alone.
import type { OpenRun, SeriesGrid } from './open-run.ts'

/** Part of a grid; the row of a server is its key, NaN where nothing is known. */
export interface HeatmapMatrix {
  readonly from: number
  /** Exclusive. */
  readonly to: number
  readonly values: Float32Array
}

/** 384 MB: 530,000 servers x 180 days. Larger parts of time are binned in the database. */
const mostCells = 96_000_000
/** Up to here all of time is read at once: 19,000 servers x 821 days. */
const mostWhole = 16_000_000

const kept = new WeakMap<SeriesGrid, HeatmapMatrix>()

/** The whole of time where it fits, else the periods asked for; null where these do not fit either. */
export const matrixOf = async (run: OpenRun, grid: SeriesGrid, from: number, to: number): Promise<HeatmapMatrix | null> => {
  const known = kept.get(grid)
  if (known !== undefined && known.from <= from && known.to >= to) return known
  const isWhole = grid.servers * grid.periods <= mostWhole
  const [first, last] = isWhole ? [0, grid.periods] : [from, to]
  if (grid.servers * (last - first) > mostCells) return null
  kept.delete(grid)
  const matrix = await readMatrix(run, grid, first, last)
  kept.set(grid, matrix)
  return matrix
}

/** As a table first: DuckDB works out a streamed query on one thread. */
const readMatrix = async (run: OpenRun, grid: SeriesGrid, from: number, to: number): Promise<HeatmapMatrix> => {
  const width = to - from
  const values = new Float32Array(grid.servers * width).fill(Number.NaN)
  const startMs = grid.originMs + from * grid.stepMs
  const endMs = grid.originMs + to * grid.stepMs
  await run.database.run(
    `CREATE OR REPLACE TEMP TABLE heatmap_cells AS
     SELECT CAST(k.server_key AS DOUBLE) AS server, CAST((epoch_ms(c.ts) - ${grid.originMs}) // ${grid.stepMs} AS DOUBLE) AS period, c.value
     FROM (${grid.cellsSql}) c JOIN server_key k USING (server_id)
     WHERE c.ts >= make_timestamp_ms(${startMs}) AND c.ts < make_timestamp_ms(${endMs}) AND c.value IS NOT NULL`,
  )
  await run.database.scanPlain('SELECT * FROM heatmap_cells', 3, ([servers, periods, found]) => {
    for (let row = 0; row < found!.length; row++) {
      const cell = (servers![row]! - 1) * width + periods![row]! - from
      const before = values[cell]!
      // Times closer than the grid's step share a cell; the greatest is what is looked for.
      if (Number.isNaN(before) || found![row]! > before) values[cell] = found![row]!
    }
  })
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
export const binMatrix = ({ values, from: origin, to: end }: HeatmapMatrix, binning: Binning, reduction: BinReduction): Float32Array => {
  const { keys, rowSize, columnSize, from, to } = binning
  const width = end - origin
  const columns = Math.ceil((to - from) / columnSize)
  const rows = Math.ceil(keys.length / rowSize)
  const binned = new Float32Array(rows * columns).fill(Number.NaN)
  const scratch = new Float64Array(reduction === 'p95' ? rowSize * columnSize : 0)
  for (let row = 0; row < rows; row++) {
    const lastServer = Math.min(keys.length, (row + 1) * rowSize)
    for (let column = 0; column < columns; column++) {
      const firstPeriod = from + column * columnSize
      const lastPeriod = Math.min(to, firstPeriod + columnSize)
      let count = 0
      let sum = 0
      let greatest = -Infinity
      for (let server = row * rowSize; server < lastServer; server++) {
        const base = (keys[server]! - 1) * width - origin
        for (let period = firstPeriod; period < lastPeriod; period++) {
          const value = values[base + period]!
          if (Number.isNaN(value)) continue
          if (reduction === 'p95') scratch[count] = value
          count++
          sum += value
          if (value > greatest) greatest = value
        }
      }
      if (count === 0) continue
      binned[row * columns + column] =
        reduction === 'max' ? greatest : reduction === 'mean' ? sum / count : percentile95(scratch.subarray(0, count))
    }
  }
  return binned
}

/** By linear interpolation between the neighbours, as DuckDB's quantile_cont; sorts what it is given. */
const percentile95 = (values: Float64Array): number => {
  values.sort()
  const place = 0.95 * (values.length - 1)
  const below = values[Math.floor(place)]!
  return below + (place - Math.floor(place)) * (values[Math.ceil(place)]! - below)
}
