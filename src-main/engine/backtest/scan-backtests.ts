// Reads the selected models' backtests once and hands each series to all readers, as arrays in order of time.
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { literal, type Database } from '../../database/database.ts'
import type { ChunkColumns, NumberArray } from '../../database/read-columns.ts'
import { maxMagnitude } from '../../forecasts/validation-rules.ts'

/** The backtest rows of one series in order of time. The arrays are reused for the next series: copy values that you store. */
export interface SeriesBacktest {
  readonly id: number
  /** Microseconds since the scan's origin. */
  readonly times: Float64Array
  readonly actual: Float64Array
  readonly predicted: Float64Array
  /** NaN where a row has no bound; empty unless bounds were requested. */
  readonly lower: Float64Array
  readonly upper: Float64Array
  /** Steps from the cut-off to the row's time, NaN where it is not known; empty unless leads were requested. */
  readonly lead: Float64Array
}

/** Horizons of the series of a batch: rows in the order of series and time. */
export interface HorizonRows {
  readonly series_id: Float64Array
  /** Microseconds since the scan's origin. */
  readonly time: Float64Array
  readonly predicted: Float64Array
}

/** A measurement on the backtests. */
export interface BacktestReader {
  /** Before series from..to-1, with the horizons of those that have one. */
  readonly begin?: (from: number, to: number, horizons: HorizonRows) => void
  /** Once per series with backtest rows; within a batch in any order. */
  readonly read: (series: SeriesBacktest) => void
  /** After series from..to-1. */
  readonly end?: (from: number, to: number) => Promise<void>
}

/** Receives, of each series and in their order, all rows before the horizon: NaN where a row has no measurement or no forecast. */
export interface HistoryReader extends Pick<BacktestReader, 'begin' | 'end'> {
  /** Rows of each series that its backtest does not count: they lack a value. */
  readonly incompleteRows: Float64Array
  readonly read: (series: Pick<SeriesBacktest, 'id' | 'times' | 'actual' | 'predicted'>) => void
}

export interface BacktestScan {
  /** Microseconds from 1970 to the origin of `times`. */
  readonly origin: number
  readonly withBounds: boolean
  /** Seconds of a step where the rows' leads are read, too; null where they are not. */
  readonly leadStepSeconds: number | null
  /** Maximum series in a batch. */
  readonly maxSeries: number
  /** The series that are read; all by default. */
  readonly range?: SeriesRange
}

/** Series `from` up to, but without, `to`. */
export interface SeriesRange {
  readonly from: number
  readonly to: number
}

/** Rows in a batch. */
const defaultBatchRows = 2_000_000
/** Maximum batches: files that are not sorted by server are read completely for each batch. */
export const maxBatches = 8
/** The one that is handed over, and those that the database computes meanwhile: with a single one it would wait for this thread. */
const batchesAtOnce = 3
/** Memory of a value in DuckDB's results of these batches, and gathered here. */
const bytesPerValue = 56

/**
 * Hands every series to the readers, batch by batch; the database computes the next ones meanwhile. Reads `series`, `selected_models`,
 * `series_models`, `forecast`, and `horizon` where a reader begins with it.
 */
export const scanBacktests = async (
  database: Database,
  scan: BacktestScan,
  readers: readonly BacktestReader[],
  history: HistoryReader | null = null,
): Promise<void> => {
  const { points } = await database.columns(
    `SELECT CAST(coalesce(m.backtest_points, 0) AS DOUBLE) AS points FROM series s LEFT JOIN selected_models x USING (series_id)
     LEFT JOIN series_models m ON m.server_id = s.server_id AND m.metric = s.metric AND m.model = x.model ORDER BY s.series_id`,
    { points: 'number' },
  )
  const names: readonly ValueName[] = [
    'time',
    'actual',
    'predicted',
    ...(scan.withBounds ? (['yhat_lower', 'yhat_upper'] as const) : []),
    ...(scan.leadStepSeconds === null ? [] : (['lead'] as const)),
  ]
  const expectedRows = points.map((seriesPoints, id) => seriesPoints + (history?.incompleteRows[id] ?? 0))
  const { from: first, to: end } = scan.range ?? { from: 0, to: points.length }
  const allRows = expectedRows.subarray(first, end).reduce((sum, seriesRows) => sum + seriesRows, 0)
  const desiredRows = Math.max(defaultBatchRows, Math.ceil(allRows / maxBatches))
  const maxRows = Math.min(desiredRows, Math.floor((await database.memoryLimit()) / (4 * bytesPerValue * names.length)))
  const batches = splitSeries(expectedRows, { from: first, to: end }, maxRows, scan.maxSeries)
  const nameOf = await readServerNames(
    database,
    batches.flatMap(({ from, to }) => [from, to - 1]),
  )
  const isComplete = ({ from, to }: SeriesRange): boolean => history?.incompleteRows.subarray(from, to).every((rows) => rows === 0) ?? true
  const connections = await Promise.all(batches.slice(0, batchesAtOnce).map(async () => database.openConnection()))
  const compute = (index: number): Promise<(onRows: (columns: RowColumns) => void) => Promise<void>> => {
    const batch = batches[index]!
    const computed = connections[index % batchesAtOnce]!.beginColumns(
      backtestsQuery(scan, names, batch, { first: nameOf(batch.from), last: nameOf(batch.to - 1) }, isComplete(batch)),
      rowKinds(names),
    )
    // Awaited in its turn; until then a failure must not count as unhandled.
    computed.catch(() => undefined)
    return computed
  }
  const rows = new BatchRows(names, expectedRows)
  const rowsRead = new Float64Array(points.length)
  let immense: number | undefined
  const handOver = (id: number): void => {
    rowsRead[id] = rows.count(id)
    if (rowsRead[id] === 0 || rowsRead[id] !== expectedRows[id]) return
    const all = rows.seriesOf(id)
    history?.read(all)
    const series = expectedRows[id] === points[id] ? all : withoutIncompleteRows(all)
    if (series.times.length !== points[id]) rowsRead[id] = Number.NaN
    if (series.times.length === 0 || series.times.length !== points[id]) return
    if (!areMeasurements(series.actual) || !areMeasurements(series.predicted)) immense ??= id
    else for (const reader of readers) reader.read(series)
  }
  const allReaders = history === null ? readers : [...readers, history]
  const withHorizons = allReaders.filter(({ begin }) => begin !== undefined)
  // Of the batch that is handed over next, and of those after it.
  const computed = batches.slice(0, batchesAtOnce - 1).map((_, index) => compute(index))
  try {
    for (const [index, { from, to }] of batches.entries()) {
      const horizons = withHorizons.length === 0 ? undefined : await readHorizons(database, scan.origin, { from, to })
      for (const reader of withHorizons) reader.begin!(from, to, horizons!)
      const read = await computed.shift()!
      const next = index + batchesAtOnce - 1
      if (next < batches.length) computed.push(compute(next))
      rows.begin(from, to)
      await read((columns) => rows.add(columns))
      for (let id = from; id < to; id++) handOver(id)
      for (const reader of allReaders) await reader.end?.(from, to)
    }
  } finally {
    await Promise.allSettled(computed)
    connections.forEach((connection) => connection.close())
  }
  if (immense !== undefined) throw contradictoryValuesError((await readServerNames(database, [immense]))(immense))
  const misread = rowsRead.findIndex((rows, id) => id >= first && id < end && rows !== expectedRows[id])
  if (misread === -1) return
  const server = (await readServerNames(database, [misread]))(misread)
  throw contradictoryStatisticsError(server, expectedRows[misread]!, rowsRead[misread]!)
}

/** The server of each of these series; those of all would fill the memory of a large fleet. */
const readServerNames = async (database: Database, ids: readonly number[]): Promise<(id: number) => string> => {
  if (ids.length === 0) return () => ''
  const { series_id: found, server_id: servers } = await database.columns(
    `SELECT series_id, server_id FROM series WHERE series_id IN (${[...new Set(ids)].join(', ')})`,
    { series_id: 'number', server_id: 'text' },
  )
  const names = new Map(servers.map((server, index) => [found[index]!, server]))
  return (id) => names.get(id)!
}

const readHorizons = async (database: Database, origin: number, { from, to }: SeriesRange): Promise<HorizonRows> => {
  const rows = await database.columns(
    `SELECT series_id, CAST(epoch_us(ts) - ${origin} AS DOUBLE) AS time, predicted FROM horizon WHERE series_id >= ${from} AND series_id < ${to}`,
    { series_id: 'number', time: 'number', predicted: 'number' },
  )
  return inOrder(rows)
}

/** The table is in this order, and DuckDB keeps it: sorting in the database would take as long as reading. */
const inOrder = (rows: HorizonRows): HorizonRows => {
  const { series_id: ids, time } = rows
  let isInOrder = true
  for (let row = 1; row < ids.length && isInOrder; row++)
    isInOrder = ids[row - 1]! < ids[row]! || (ids[row - 1] === ids[row] && time[row - 1]! < time[row]!)
  if (isInOrder) return rows
  const order = Uint32Array.from(ids.keys()).sort((a, b) => ids[a]! - ids[b]! || time[a]! - time[b]!)
  const sorted = (values: Float64Array): Float64Array => Float64Array.from(order, (row) => values[row]!)
  return { series_id: sorted(ids), time: sorted(time), predicted: sorted(rows.predicted) }
}

/** `points`: rows of each series. */
const splitSeries = (points: Float64Array, { from: first, to: end }: SeriesRange, maxRows: number, maxSeries: number): SeriesRange[] => {
  const batches: SeriesRange[] = []
  for (let from = first; from < end;) {
    let to = from
    for (let rows = 0; to < end && to - from < maxSeries && (to === from || rows + points[to]! <= maxRows); to++) rows += points[to]!
    batches.push({ from, to })
    from = to
  }
  return batches
}

/** SQL for the named values of each row; with rows that lack a value unless the batch is complete. Lists per series would take DuckDB several times as long. */
const backtestsQuery = (
  { origin, leadStepSeconds }: BacktestScan,
  names: readonly ValueName[],
  { from, to }: SeriesRange,
  servers: { readonly first: string; readonly last: string },
  isComplete: boolean,
): string => {
  const orNan = (value: string): string => `coalesce(${value}, CAST('NaN' AS DOUBLE))`
  const values: Readonly<Record<ValueName, string>> = {
    time: `CAST(epoch_us(f.ts) - ${origin} AS DOUBLE)`,
    actual: isComplete ? 'f.actual' : orNan('f.actual'),
    predicted: isComplete ? 'f.predicted' : orNan('f.predicted'),
    yhat_lower: orNan('f.yhat_lower'),
    yhat_upper: orNan('f.yhat_upper'),
    lead: orNan(`f.horizon_offset, date_diff('second', f.cutoff, f.ts) / ${leadStepSeconds}`),
  }
  return `
    SELECT s.series_id, ${names.map((name) => `${values[name]} AS "${name}"`).join(', ')}
    FROM forecast f JOIN (
      SELECT series_id, server_id, metric, model FROM series JOIN selected_models USING (series_id)
      WHERE series_id >= ${from} AND series_id < ${to}) s USING (server_id, metric, model)
    WHERE ${isComplete ? 'NOT f.is_horizon AND f.actual IS NOT NULL AND f.predicted IS NOT NULL' : 'NOT (f.is_horizon AND f.predicted IS NOT NULL)'}
      -- Redundant, but lets DuckDB skip row groups of files that are sorted by server.
      AND f.server_id BETWEEN ${literal(servers.first)} AND ${literal(servers.last)}`
}

type ValueName = 'time' | 'actual' | 'predicted' | 'yhat_lower' | 'yhat_upper' | 'lead'

type RowKinds = Readonly<Record<string, 'number'>>
type RowColumns = ChunkColumns<RowKinds>

const rowKinds = (names: readonly ValueName[]): RowKinds => Object.fromEntries(['series_id', ...names].map((name) => [name, 'number']))

/** The rows of a batch, gathered series by series; the arrays are reused for the next batch. */
class BatchRows {
  readonly #names: readonly ValueName[]
  readonly #points: Float64Array
  readonly #timeSorter: TimeSorter
  #columns: Float64Array[]
  #from = 0
  /** Of series `#from + index`: where its rows begin, and how many came. */
  #offsets = new Uint32Array(1)
  #counts = new Uint32Array(0)

  /** `points`: expected rows of each series. */
  constructor(names: readonly ValueName[], points: Float64Array) {
    this.#names = names
    this.#points = points
    this.#timeSorter = new TimeSorter(names.length)
    this.#columns = names.map(() => new Float64Array(0))
  }

  begin(from: number, to: number): void {
    this.#from = from
    this.#counts = new Uint32Array(to - from)
    this.#offsets = new Uint32Array(to - from + 1)
    for (let index = 0; index < to - from; index++) this.#offsets[index + 1] = this.#offsets[index]! + this.#points[from + index]!
    const rows = this.#offsets.at(-1)!
    if (this.#columns[0]!.length < rows) this.#columns = this.#names.map(() => new Float64Array(rows))
  }

  /** More rows of a series than expected are counted alone. */
  add(columns: RowColumns): void {
    const ids = columns['series_id']!
    const given = this.#names.map((name) => columns[name]!)
    for (let row = 0; row < ids.length;) {
      const index = ids[row]! - this.#from
      let end = row + 1
      while (end < ids.length && ids[end] === ids[row]) end++
      const first = this.#offsets[index]! + this.#counts[index]!
      const fitting = Math.min(end - row, Math.max(0, this.#offsets[index + 1]! - first))
      for (let column = 0; column < given.length; column++) copyValues(given[column]!, row, fitting, this.#columns[column]!, first)
      this.#counts[index]! += end - row
      row = end
    }
  }

  count(id: number): number {
    return this.#counts[id - this.#from]!
  }

  seriesOf(id: number): SeriesBacktest {
    const [from, to] = [this.#offsets[id - this.#from]!, this.#offsets[id - this.#from + 1]!]
    const sorted = this.#timeSorter.sortByTime(this.#columns.map((values) => values.subarray(from, to)))
    const valuesOf = (name: ValueName): Float64Array => sorted[this.#names.indexOf(name)] ?? emptyArray
    return {
      id,
      times: valuesOf('time'),
      actual: valuesOf('actual'),
      predicted: valuesOf('predicted'),
      lower: valuesOf('yhat_lower'),
      upper: valuesOf('yhat_upper'),
      lead: valuesOf('lead'),
    }
  }
}

/** The rows with a measurement and a forecast. */
const withoutIncompleteRows = (series: SeriesBacktest): SeriesBacktest => {
  const { actual, predicted } = series
  const isWhole = (_: number, row: number): boolean => !Number.isNaN(actual[row]!) && !Number.isNaN(predicted[row]!)
  const ofRows = (values: Float64Array): Float64Array => values.filter(isWhole)
  return {
    id: series.id,
    times: ofRows(series.times),
    actual: ofRows(actual),
    predicted: ofRows(predicted),
    lower: ofRows(series.lower),
    upper: ofRows(series.upper),
    lead: ofRows(series.lead),
  }
}

const emptyArray = new Float64Array(0)

const copyValues = (source: NumberArray, from: number, count: number, target: Float64Array, to: number): void => {
  for (let index = 0; index < count; index++) target[to + index] = source[from + index]!
}

/** DuckDB skips what a file's statistics say to be elsewhere; the profile has read every row. */
const contradictoryStatisticsError = (server: string, expected: number, found: number): HeadroomError =>
  new HeadroomError(
    'input-changed',
    `Two passes over the input read ${expected} and ${found} measured rows of ${server}: its statistics contradict its rows, or it changed.`,
    { next: 'Write the Parquet file again.' },
  )

/** The first pass refused larger values, or believed statistics that know of none. Not all arithmetic of a path comes to an end with them. */
const areMeasurements = (values: Float64Array): boolean => {
  // By index, as in `maximumOf`.
  for (let row = 0; row < values.length; row++) if (!(Math.abs(values[row]!) <= maxMagnitude)) return false
  return true
}

const contradictoryValuesError = (server: string): HeadroomError =>
  new HeadroomError(
    'input-changed',
    `Two passes over the input read other values of ${server}: its statistics contradict its rows, or its pages are damaged.`,
    { next: 'Write the Parquet file again.' },
  )

/** Sorts several arrays by the first. Most rows arrive in order of time and are not copied. */
class TimeSorter {
  readonly #buffers: Float64Array[]

  constructor(arrays: number) {
    this.#buffers = Array.from({ length: arrays }, () => new Float64Array(0))
  }

  sortByTime(arrays: readonly Float64Array[]): readonly Float64Array[] {
    const times = arrays[0]!
    let isAscending = true
    for (let row = 1; row < times.length && isAscending; row++) isAscending = times[row - 1]! < times[row]!
    if (isAscending) return arrays
    const order = Uint32Array.from(times.keys()).sort((a, b) => times[a]! - times[b]!)
    return arrays.map((values, index) => {
      if (this.#buffers[index]!.length < values.length) this.#buffers[index] = new Float64Array(values.length)
      const buffer = this.#buffers[index]!
      for (let row = 0; row < order.length; row++) buffer[row] = values[order[row]!]!
      return buffer.subarray(0, values.length)
    })
  }
}
