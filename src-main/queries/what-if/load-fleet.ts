// A run's selected horizons as compact arrays, read once, so that a scenario is arithmetic: servers, groups, thresholds, values in order of time.
import { z } from 'zod'
import { type AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { ModelAccuracy } from '../../../src-shared/artefacts/model-accuracy.ts'
import { pathMomentColumns, type PathMomentColumn } from '../../../src-shared/artefacts/server-risk.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { Database } from '../../database/database.ts'
import { hasSelectedSeries, selectedSeriesPath } from '../run/selected-series-file.ts'
import { scanHorizons, seriesTimeUs, type SeriesGroup } from '../../forecasts/read-selected-series.ts'
import type { RunContents } from '../run/run-contents.ts'
import { readCalibrations } from '../run/stored-calibrations.ts'
import { findJointShares, type StoredPaths } from './scenario-probabilities.ts'
import { createIndexArray, sortIndexesByValue, type IndexArray } from '../../statistics/percentile.ts'

export interface ServerGroup {
  readonly business_unit: string | null
  readonly region: string | null
  readonly criticality: string | null
}

/** The threshold of a metric on servers of one criticality. */
export interface ThresholdRule {
  readonly metric: string
  readonly criticality: string | null
  readonly threshold: number
  /** Whose own threshold it is; null: the general one. */
  readonly overriddenBy: 'metric' | 'criticality' | null
}

/** Arrays of servers share one index, arrays of series another. Only evaluated series are here: those with a threshold. */
export interface WhatIfFleet {
  readonly serverIds: readonly string[]
  /** Number of servers that an entry represents: 1, or 0 once removed, or as many as were added alike. */
  readonly serverCounts: Int32Array
  readonly groups: readonly ServerGroup[]
  readonly groupOf: Int32Array
  readonly capacityUnits: Float64Array
  /** 1 where the capacity of a server is stated, 0 where the run takes 1 for it. */
  readonly knowsCapacity: Int32Array
  readonly monthlyUsd: Float64Array
  /** Series of server i: firstSeries[i] up to firstSeries[i + 1]. */
  readonly firstSeries: Uint32Array
  readonly rules: readonly ThresholdRule[]
  readonly ruleOf: Int32Array
  /** The P95 by which the run evaluated each series, in the metric's unit; NaN without horizon and for series that a scenario changed. */
  readonly runP95s: Float64Array
  /** Mean over the whole horizon; NaN without horizon. */
  readonly means: Float64Array
  /** Points that a conservative run adds to each series' P95; null where it evaluates the forecast itself. */
  readonly margins: Float64Array | null
  /** Null where the run holds none, or servers were added or removed. */
  readonly paths: StoredPaths | null
  /** Whether probabilities of the run come from quantiles, which store no moments. */
  readonly hasQuantilePaths: boolean
  /** Values of series s: values[offsets[s]..offsets[s + 1]], in order of time. */
  readonly offsets: Uint32Array
  readonly values: Float64Array
  readonly ranks: SeriesRanks
  /** Each value's time: a number into `times`. */
  readonly periods: IndexArray
  /** Every time of the horizons, milliseconds UTC, ascending. */
  readonly times: Float64Array
}

/** Ranks within each series, sorted by value: only percentiles that the run did not compute need them. */
export interface SeriesRanks {
  readonly order: IndexArray
}

/** The run's own settings of the evaluation. */
export interface WhatIfPolicy {
  readonly config: AnalysisConfig
  /** module05 knows one threshold for all. */
  readonly isModule05: boolean
  /** Null in a run that states no accuracy. */
  readonly accuracy: ModelAccuracy | null
}

const attributes = 'metric, business_unit, region, criticality'

/** Most rows have the attributes of many others: each is read as text once, then as a number. */
const attributesSql = `SELECT DISTINCT ${attributes} FROM server_risk ORDER BY ${attributes}`

const serversSql = 'SELECT server_id, CAST(count(*) AS INTEGER) AS series FROM server_risk GROUP BY server_id ORDER BY server_id'

const seriesSql = (basis: AnalysisConfig['basis']): string => `
  WITH distinct_attributes AS (${attributesSql}),
       numbered AS (SELECT *, CAST(row_number() OVER (ORDER BY ${attributes}) - 1 AS INTEGER) AS attribute_number FROM distinct_attributes)
  SELECT n.attribute_number, r.monthly_cost_usd, r.capacity_units,
         CAST(r.units_to_add IS NULL AND r.percent_to_add IS NOT NULL AS INTEGER) AS lacks_capacity,
         CASE WHEN NOT r.is_silent THEN r.high_threshold END AS high_threshold,
         CAST(r.horizon_periods AS INTEGER) AS horizon_periods, r.horizon_p95, r.horizon_mean,
         ${basis === 'conservative' ? 'coalesce(r.conservative_p95, r.horizon_p95)' : 'r.horizon_p95'} AS run_value,
         ${pathMomentColumns.map((column) => `r.${column}`).join(', ')}, r.p95_median, r.sizing_p95,
         CASE WHEN NOT r.is_silent THEN r.server_at_risk_probability END AS server_at_risk_probability,
         CASE WHEN NOT r.is_silent THEN r.server_breach_probability END AS server_breach_probability
  FROM server_risk r JOIN numbered n ON ${attributes
    .split(', ')
    .map((column) => `r.${column} IS NOT DISTINCT FROM n.${column}`)
    .join(' AND ')}
  ORDER BY r.server_id, r.metric`

/** No horizon begins before `fromMs`, which keeps the history out of the joins. As a table, because DuckDB computes a streamed query on one thread. */
const horizonSql = (fromMs: number): string => `
  CREATE OR REPLACE TABLE what_if_horizon AS SELECT s.position, CAST(epoch_ms(f.ts) AS DOUBLE) AS at_ms, CAST(f.predicted AS DOUBLE) AS predicted
  FROM flagged f JOIN what_if_series s USING (server_id, metric)
  WHERE f.ts >= make_timestamp_ms(${fromMs}) AND f.is_selected AND f.is_horizon AND f.predicted IS NOT NULL`

/** Maximum number of horizon values, 12 bytes each: 700,000 servers with 90 days, 27,000 with 90 days of hours. */
const maxValues = 64_000_000

/** Reads `server_risk`, and the horizons from the run's series.parquet or, where it has none, from the relation `flagged`. Throws run-damaged where they disagree, query-refused for a fleet that does not fit into memory. */
export const loadWhatIfFleet = async (database: Database, contents: RunContents, policy: WhatIfPolicy): Promise<WhatIfFleet> => {
  const { names, ...series } = await readSeries(database, policy)
  const count = series.ruleOf.length
  const total = series.offsets[count]!
  if (total > maxValues) {
    throw new HeadroomError(
      'query-refused',
      `What-if answers up to ${maxValues.toLocaleString('en-US')} horizon values, and this run has ${total.toLocaleString('en-US')}.`,
      { next: 'Analyse a part of the fleet, or daily forecasts instead of hourly ones.' },
    )
  }
  const values = new Float64Array(total)
  const timesMs = new Float64Array(total)
  if (hasSelectedSeries(contents)) await fillFromSeries(contents, names.rows, series.offsets, values, timesMs)
  else await fillFromForecasts(database, names, series.offsets, values, timesMs)
  for (let s = 0; s < count; s++) sortByTime(timesMs, values, series.offsets[s]!, series.offsets[s + 1]!)
  const times = collectDistinctTimes(timesMs, series.offsets)
  return { ...series, values, ranks: new RanksOnDemand(values, series.offsets), periods: indexPeriods(timesMs, times), times }
}

/** Sorted at the first look. */
class RanksOnDemand implements SeriesRanks {
  readonly #values: Float64Array
  readonly #offsets: Uint32Array
  #order: IndexArray | undefined

  constructor(values: Float64Array, offsets: Uint32Array) {
    this.#values = values
    this.#offsets = offsets
  }

  get order(): IndexArray {
    return (this.#order ??= rankByValue(this.#values, this.#offsets))
  }
}

/** The evaluated series by their index: rows of `server_risk` by server and metric, and what these name. */
interface SeriesNames {
  readonly rows: readonly number[]
  readonly serverOf: (row: number) => string
  readonly metricOf: (row: number) => string
}

const fillFromForecasts = async (
  database: Database,
  { rows: seriesRows, serverOf, metricOf }: SeriesNames,
  offsets: Uint32Array,
  values: Float64Array,
  timesMs: Float64Array,
): Promise<void> => {
  await database.storeRows(
    'what_if_series',
    { position: 'INTEGER', server_id: 'VARCHAR', metric: 'VARCHAR' },
    seriesRows.map((row, position) => [position, serverOf(row), metricOf(row)]),
  )
  const nextOffsets = offsets.slice(0, seriesRows.length)
  const { from_ms } = await database.row(
    'SELECT CAST(coalesce(epoch_ms(min(horizon_start)), 0) AS DOUBLE) AS from_ms FROM server_risk',
    z.object({ from_ms: z.number() }),
  )
  await database.run(horizonSql(from_ms))
  await database.scan('SELECT * FROM what_if_horizon', { position: 'number', at_ms: 'number', predicted: 'number' }, (rows) => {
    for (let row = 0; row < rows.position.length; row++) {
      const position = rows.position[row]!
      const at = nextOffsets[position]!++
      if (at >= offsets[position + 1]!) throw horizonsDisagree()
      values[at] = rows.predicted[row]!
      timesMs[at] = rows.at_ms[row]!
    }
  })
  await database.run('DROP TABLE what_if_series; DROP TABLE what_if_horizon')
  if (nextOffsets.some((next, s) => next !== offsets[s + 1])) throw horizonsDisagree()
}

const fillFromSeries = async (
  contents: RunContents,
  rows: readonly number[],
  offsets: Uint32Array,
  values: Float64Array,
  timesMs: Float64Array,
): Promise<void> => {
  const positions = new Int32Array((rows.at(-1) ?? -1) + 1).fill(-1)
  rows.forEach((row, position) => (positions[row] = position))
  let filled = 0
  await scanHorizons(selectedSeriesPath(contents), (group) => {
    const { offsets: horizonOffsets, values: horizonValues } = group.horizon
    let before = -1
    for (let row = 0; row < group.rows; row++) {
      const position = positions[group.seriesNumbers[row]!] ?? -1
      if (position < 0) continue
      const [from, to] = [horizonOffsets[row]!, horizonOffsets[row + 1]!]
      const at = offsets[position]!
      if (to - from !== offsets[position + 1]! - at) throw horizonsDisagree()
      values.set(horizonValues.subarray(from, to), at)
      if (before >= 0 && hasSameHorizon(group, before, row)) {
        const copied = offsets[positions[group.seriesNumbers[before]!]!]!
        timesMs.copyWithin(at, copied, copied + to - from)
      } else {
        const measured = historyLength(group, row)
        for (let index = 0; index < to - from; index++) timesMs[at + index] = Math.floor(seriesTimeUs(group, row, measured + index) / 1000)
      }
      before = row
      filled++
    }
  })
  if (filled !== rows.length) throw horizonsDisagree()
}

const historyLength = ({ historyOffsets }: SeriesGroup, row: number): number => historyOffsets[row + 1]! - historyOffsets[row]!

/** Most series have the times of their neighbour. */
const hasSameHorizon = (group: SeriesGroup, before: number, row: number): boolean => {
  const { stepsUs, horizon } = group
  const length = (of: number): number => horizon.offsets[of + 1]! - horizon.offsets[of]!
  const start = (of: number): number => seriesTimeUs(group, of, historyLength(group, of))
  return stepsUs[row]! > 0 && stepsUs[before] === stepsUs[row] && length(before) === length(row) && start(before) === start(row)
}

const horizonsDisagree = (): HeadroomError =>
  new HeadroomError('run-damaged', "The run's forecasts and its server_risk.parquet disagree about the horizons.", {
    next: 'Download or analyse the run again.',
  })

type SeriesArrays = Omit<WhatIfFleet, 'values' | 'ranks' | 'periods' | 'times'>

const readSeries = async (
  database: Database,
  { config, isModule05, accuracy }: WhatIfPolicy,
): Promise<SeriesArrays & { readonly names: SeriesNames }> => {
  const { server_id: serverIds, series: seriesCounts } = await database.columns(serversSql, { server_id: 'text', series: 'number' })
  const named = await database.columns(attributesSql, { metric: 'text', business_unit: 'text?', region: 'text?', criticality: 'text?' })
  const table = await database.columns(seriesSql(config.basis), {
    attribute_number: 'number',
    monthly_cost_usd: 'number',
    capacity_units: 'number',
    lacks_capacity: 'number',
    high_threshold: 'number?',
    horizon_periods: 'number',
    horizon_p95: 'number?',
    horizon_mean: 'number?',
    run_value: 'number?',
    ...(Object.fromEntries(pathMomentColumns.map((column) => [column, 'number?'])) as Record<PathMomentColumn, 'number?'>),
    p95_median: 'number?',
    sizing_p95: 'number?',
    server_at_risk_probability: 'number?',
    server_breach_probability: 'number?',
  })
  const { high_threshold: thresholds, attribute_number: attributeNumbers } = table
  const thresholdRows: number[] = []
  for (let row = 0; row < thresholds.length; row++) if (!Number.isNaN(thresholds[row])) thresholdRows.push(row)
  const firstRows: number[] = []
  const knowsCapacity = new Int32Array(serverIds.length).fill(1)
  let nextRow = 0
  for (let server = 0; server < serverIds.length; server++) {
    firstRows.push(nextRow)
    const endRow = nextRow + seriesCounts[server]!
    for (; nextRow < endRow; nextRow++) if (table.lacks_capacity[nextRow] === 1) knowsCapacity[server] = 0
  }
  const groups = indexDistinct(firstRows, attributeNumbers, (number): ServerGroup => ({
    business_unit: named.business_unit[number]!,
    region: named.region[number]!,
    criticality: named.criticality[number]!,
  }))
  const rules = indexDistinct(
    thresholdRows,
    attributeNumbers,
    (number, row): ThresholdRule => {
      const [metric, criticality] = [named.metric[number]!, named.criticality[number]!]
      const hasOverride = (of: object, name: string | null): boolean => !isModule05 && name !== null && Object.hasOwn(of, name)
      const overriddenBy = hasOverride(config.criticality_thresholds, criticality)
        ? 'criticality'
        : hasOverride(config.metric_thresholds, metric)
          ? 'metric'
          : null
      return { metric, criticality, threshold: thresholds[row]!, overriddenBy }
    },
    thresholds,
  )
  const offsets = new Uint32Array(thresholdRows.length + 1)
  thresholdRows.forEach((row, position) => (offsets[position + 1] = offsets[position]! + table.horizon_periods[row]!))
  const firstSeries = new Uint32Array(firstRows.length + 1).fill(thresholdRows.length)
  let position = 0
  firstRows.forEach((row, server) => {
    while (position < thresholdRows.length && thresholdRows[position]! < row) position++
    firstSeries[server] = position
  })
  const perServer = (column: Float64Array): Float64Array => pickRows(column, firstRows)
  const perSeries = (column: Float64Array): Float64Array => pickRows(column, thresholdRows)
  const marginOf = (row: number): number => zeroForNaN(table.run_value[row]!) - zeroForNaN(table.horizon_p95[row]!)
  const calibrations = readCalibrations(accuracy)
  const hasMoments = (row: number): boolean => !Number.isNaN(table[pathMomentColumns[0]][row]!)
  const isFromQuantiles = (row: number): boolean => !hasMoments(row) && !Number.isNaN(table.p95_median[row]!)
  const paths =
    calibrations === null || !thresholdRows.some(hasMoments)
      ? null
      : {
          ...calibrations,
          moments: joinMoments(
            pathMomentColumns.map((column) => table[column]),
            thresholdRows,
          ),
          medianP95s: perSeries(table.p95_median),
          sizingP95s: perSeries(table.sizing_p95),
        }
  const runProbabilities = {
    sustained: perServer(table.server_at_risk_probability),
    any: perServer(table.server_breach_probability),
  }
  return {
    names: {
      rows: thresholdRows,
      serverOf: (row) => serverIds[findLastAtMost(firstRows, row)]!,
      metricOf: (row) => named.metric[attributeNumbers[row]!]!,
    },
    serverIds,
    serverCounts: new Int32Array(firstRows.length).fill(1),
    groups: groups.distinct,
    groupOf: groups.numberOf,
    capacityUnits: perServer(table.capacity_units),
    knowsCapacity,
    monthlyUsd: perServer(table.monthly_cost_usd),
    firstSeries,
    rules: rules.distinct,
    ruleOf: rules.numberOf,
    runP95s: perSeries(table.run_value),
    means: perSeries(table.horizon_mean),
    margins: config.basis === 'conservative' ? Float64Array.from(thresholdRows, marginOf) : null,
    hasQuantilePaths: thresholdRows.some(isFromQuantiles),
    paths: paths && { ...paths, jointShares: findJointShares(paths, runProbabilities, firstSeries, perSeries(thresholds)) },
    offsets,
  }
}

const zeroForNaN = (value: number): number => (Number.isNaN(value) ? 0 : value)

const pickRows = (column: Float64Array, rows: readonly number[]): Float64Array => {
  const picked = new Float64Array(rows.length)
  for (let index = 0; index < rows.length; index++) picked[index] = column[rows[index]!]!
  return picked
}

/** Row after row. */
const joinMoments = (columns: readonly Float64Array[], rows: readonly number[]): Float64Array => {
  const moments = new Float64Array(columns.length * rows.length)
  columns.forEach((column, offset) => {
    for (let index = 0; index < rows.length; index++) moments[index * columns.length + offset] = column[rows[index]!]!
  })
  return moments
}

/** Place of the last entry that is at most `value`; `ascending` begins with 0. */
const findLastAtMost = (ascending: readonly number[], value: number): number => {
  let [low, high] = [0, ascending.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (ascending[middle]! <= value) low = middle
    else high = middle - 1
  }
  return low
}

/** Numbers what the rows say in order of appearance. It follows from a row's number in `numbers` and, where given, in `others`. */
const indexDistinct = <Value>(
  rows: readonly number[],
  numbers: ArrayLike<number>,
  valueOf: (number: number, row: number) => Value,
  others?: ArrayLike<number>,
): { distinct: Value[]; numberOf: Int32Array } => {
  const known: Map<number, number>[] = []
  const numberByKey = new Map<string, number>()
  const distinct: Value[] = []
  const enter = (value: Value): number => {
    const key = JSON.stringify(value)
    const number = numberByKey.get(key) ?? distinct.push(value) - 1
    numberByKey.set(key, number)
    return number
  }
  const numberOf = new Int32Array(rows.length)
  rows.forEach((row, index) => {
    const byOther = (known[numbers[row]!] ??= new Map<number, number>())
    const other = others?.[row] ?? 0
    const number = byOther.get(other) ?? enter(valueOf(numbers[row]!, row))
    byOther.set(other, number)
    numberOf[index] = number
  })
  return { distinct, numberOf }
}

const sortByTime = (timesMs: Float64Array, values: Float64Array, from: number, to: number): void => {
  let isSorted = true
  for (let at = from + 1; at < to && isSorted; at++) isSorted = timesMs[at - 1]! < timesMs[at]!
  if (isSorted) return
  const rows = Array.from({ length: to - from }, (_, index) => ({ time: timesMs[from + index]!, value: values[from + index]! }))
  rows.sort((a, b) => a.time - b.time)
  rows.forEach(({ time, value }, index) => {
    timesMs[from + index] = time
    values[from + index] = value
  })
}

/** Most series have the times of their neighbour, which need no second look. */
const collectDistinctTimes = (timesMs: Float64Array, offsets: Uint32Array): Float64Array => {
  const found = new Set<number>()
  let before = 0
  for (let s = 0; s + 1 < offsets.length; s++) {
    const from = offsets[s]!
    for (let at = from; at < offsets[s + 1]!; at++) {
      if (s === 0 || timesMs[before + at - from] !== timesMs[at]) found.add(timesMs[at]!)
    }
    before = from
  }
  return Float64Array.from(found).sort()
}

const indexPeriods = (timesMs: Float64Array, times: Float64Array): IndexArray => {
  const periods = createIndexArray(timesMs.length, times.length)
  let period = -1
  for (let at = 0; at < timesMs.length; at++) {
    const time = timesMs[at]!
    period = times[period + 1] === time ? period + 1 : lowerBound(times, time)
    periods[at] = period
  }
  return periods
}

/** First index whose time is not below `time`. */
export const lowerBound = (times: Float64Array, time: number): number => {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle]! < time) low = middle + 1
    else high = middle
  }
  return low
}

const rankByValue = (values: Float64Array, offsets: Uint32Array): IndexArray => {
  let longest = 0
  for (let s = 0; s + 1 < offsets.length; s++) longest = Math.max(longest, offsets[s + 1]! - offsets[s]!)
  const order = createIndexArray(values.length, longest)
  const scratch = createIndexArray(longest, longest)
  for (let s = 0; s + 1 < offsets.length; s++) {
    const from = offsets[s]!
    const length = offsets[s + 1]! - from
    for (let position = 0; position < length; position++) order[from + position] = position
    sortIndexesByValue(values, from, length, order, scratch)
  }
  return order
}
