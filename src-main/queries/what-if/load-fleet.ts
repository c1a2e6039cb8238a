// A run's selected horizons as compact arrays, read once, so that a scenario is arithmetic: servers, groups, thresholds, values in order of time.
import { z } from 'zod'
import { type AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { ModelAccuracy } from '../../../src-shared/artefacts/model-accuracy.ts'
import { pathMomentColumns, type PathMomentColumn } from '../../../src-shared/artefacts/server-risk.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { Database } from '../../database/database.ts'
import type { NumberArray } from '../../database/read-columns.ts'
import { hasSelectedSeries, selectedSeriesPath } from '../run/selected-series-file.ts'
import { readSeriesServers, scanHorizons, seriesTimeUs, type SeriesGroup } from '../../forecasts/read-selected-series.ts'
import type { RunContents } from '../run/run-contents.ts'
import { readCalibrations } from '../run/stored-calibrations.ts'
import { findJointShares, type StoredPaths } from './scenario-probabilities.ts'
import { createIndexArray, sortIndexesByValue, type IndexArray } from '../../statistics/percentile.ts'
import { TimesCollector, type FleetTimes, type SeriesTimes } from './horizon-times.ts'
import { ServerNames } from './server-names.ts'

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
  readonly serverIds: ServerNames
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
  /** The time of each value: numbers into `times`. */
  readonly periods: SeriesTimes
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

/** Most rows have the attributes of many others: each is read as text once, then as a number. */
const attributeColumns = ['metric', 'business_unit', 'region', 'criticality'] as const

const serversSql = 'SELECT server_id, CAST(count(*) AS INTEGER) AS series FROM server_risk GROUP BY server_id ORDER BY server_id'

const attributeType = (column: string): string => `what_if_${column}`

/** `isOrdered`: whether the rows come by server and metric. */
const seriesSql = (basis: AnalysisConfig['basis'], isOrdered: boolean): string => `
  SELECT ${attributeColumns.map((column) => `CAST(coalesce(enum_code(CAST(${column} AS ${attributeType(column)})), -1) + 1 AS INTEGER) AS ${column}`).join(', ')},
         monthly_cost_usd, capacity_units,
         CAST(units_to_add IS NULL AND percent_to_add IS NOT NULL AS INTEGER) AS lacks_capacity,
         CASE WHEN NOT is_silent THEN high_threshold END AS high_threshold,
         CAST(horizon_periods AS INTEGER) AS horizon_periods, horizon_p95, horizon_mean,
         ${basis === 'conservative' ? 'coalesce(conservative_p95, horizon_p95)' : 'horizon_p95'} AS run_value,
         ${pathMomentColumns.join(', ')}, p95_median, sizing_p95,
         CASE WHEN NOT is_silent THEN server_at_risk_probability END AS server_at_risk_probability,
         CASE WHEN NOT is_silent THEN server_breach_probability END AS server_breach_probability
  FROM server_risk ${isOrdered ? '' : 'ORDER BY server_id, metric'}`

const seriesKinds = {
  ...(Object.fromEntries(attributeColumns.map((column) => [column, 'number'])) as Record<AttributeColumn, 'number'>),
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
} as const

type AttributeColumn = (typeof attributeColumns)[number]

/** No horizon begins before `fromMs`, which keeps the history out of the joins. As a table, because DuckDB computes a streamed query on one thread. */
const horizonSql = (fromMs: number): string => `
  CREATE OR REPLACE TABLE what_if_horizon AS SELECT s.position, CAST(epoch_ms(f.ts) AS DOUBLE) AS at_ms, CAST(f.predicted AS DOUBLE) AS predicted
  FROM flagged f JOIN what_if_series s USING (server_id, metric)
  WHERE f.ts >= make_timestamp_ms(${fromMs}) AND f.is_selected AND f.is_horizon AND f.predicted IS NOT NULL`

/** Maximum number of horizon values, 12 bytes each: 700,000 servers with 90 days, 27,000 with 90 days of hours. */
const maxValues = 64_000_000

/** Reads `server_risk`, and the horizons from the run's series.parquet or, where it has none, from the relation `flagged`. Throws run-damaged where they disagree, query-refused for a fleet that does not fit into memory. */
export const loadWhatIfFleet = async (database: Database, contents: RunContents, policy: WhatIfPolicy): Promise<WhatIfFleet> => {
  const { rowsOfSeries, ...series } = await readSeries(database, policy, contents)
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
  const times = hasSelectedSeries(contents)
    ? await fillFromSeries(selectedSeriesPath(contents), rowsOfSeries, series.offsets, values)
    : await fillFromForecasts(database, series, values)
  return { ...series, values, ranks: new RanksOnDemand(values, series.offsets), ...times }
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

const fillFromForecasts = async (
  database: Database,
  { serverIds, firstSeries, rules, ruleOf, offsets }: SeriesArrays,
  values: Float64Array,
): Promise<FleetTimes> => {
  const timesMs = new Float64Array(values.length)
  function* series(): Generator<[position: number, serverId: string, metric: string]> {
    for (let server = 0; server < serverIds.length; server++)
      for (let position = firstSeries[server]!; position < firstSeries[server + 1]!; position++)
        yield [position, serverIds.at(server), rules[ruleOf[position]!]!.metric]
  }
  await database.storeRows('what_if_series', { position: 'INTEGER', server_id: 'VARCHAR', metric: 'VARCHAR' }, series())
  const nextOffsets = offsets.slice(0, ruleOf.length)
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
  const collector = new TimesCollector(ruleOf.length)
  for (let s = 0; s < ruleOf.length; s++) {
    sortByTime(timesMs, values, offsets[s]!, offsets[s + 1]!)
    collector.add(s, timesMs.subarray(offsets[s], offsets[s + 1]))
  }
  return collector.finish()
}

/** `rows`: of server_risk, by series. */
const fillFromSeries = async (path: string, rows: Int32Array, offsets: Uint32Array, values: Float64Array): Promise<FleetTimes> => {
  const times = new TimesCollector(rows.length)
  const positions = new Int32Array((rows.at(-1) ?? -1) + 1).fill(-1)
  rows.forEach((row, position) => (positions[row] = position))
  let filled = 0
  await scanHorizons(path, (group) => {
    const { offsets: horizonOffsets, values: horizonValues } = group.horizon
    for (let row = 0; row < group.rows; row++) {
      const position = positions[group.seriesNumbers[row]!] ?? -1
      if (position < 0) continue
      const [from, to] = [horizonOffsets[row]!, horizonOffsets[row + 1]!]
      const at = offsets[position]!
      const count = to - from
      if (count !== offsets[position + 1]! - at) throw horizonsDisagree()
      values.set(horizonValues.subarray(from, to), at)
      const measured = historyLength(group, row)
      const step = group.stepsUs[row]!
      if (step > 0) times.addRegular(position, count === 0 ? 0 : seriesTimeUs(group, row, measured), step, count)
      else
        times.add(
          position,
          Float64Array.from({ length: count }, (_, index) => Math.floor(seriesTimeUs(group, row, measured + index) / 1000)),
        )
      filled++
    }
  })
  if (filled !== rows.length) throw horizonsDisagree()
  return times.finish()
}

const historyLength = ({ historyOffsets }: SeriesGroup, row: number): number => historyOffsets[row + 1]! - historyOffsets[row]!

const horizonsDisagree = (): HeadroomError =>
  new HeadroomError('run-damaged', "The run's forecasts and its server_risk.parquet disagree about the horizons.", {
    next: 'Download or analyse the run again.',
  })

type SeriesArrays = Omit<WhatIfFleet, 'values' | 'ranks' | 'periods' | 'times'>

/** Servers in their order; server i has the rows of `server_risk` from firstRows[i] up to firstRows[i + 1]. */
interface FleetServers {
  readonly serverIds: ServerNames
  readonly firstRows: Uint32Array
}

/** The names stay as the file holds them: as texts of their own they take a second and 60 MB of a million servers. */
const readServers = async (database: Database, contents: RunContents): Promise<FleetServers> => {
  if (hasSelectedSeries(contents)) {
    const { servers, nameOf, firstSeries } = await readSeriesServers(selectedSeriesPath(contents))
    return { serverIds: new ServerNames(servers, nameOf), firstRows: firstSeries }
  }
  const { server_id: names, series } = await database.columns(serversSql, { server_id: 'text', series: 'number' })
  const firstRows = new Uint32Array(names.length + 1)
  for (let server = 0; server < names.length; server++) firstRows[server + 1] = firstRows[server]! + series[server]!
  return { serverIds: ServerNames.of(names), firstRows }
}

type AttributeTexts = Readonly<Record<AttributeColumn, readonly (string | null)[]>>

/** Creates an enumeration of the values of each attribute; 0 is NULL. */
const createAttributeTypes = async (database: Database): Promise<AttributeTexts> => {
  const texts: [AttributeColumn, (string | null)[]][] = []
  for (const column of attributeColumns) {
    const type = attributeType(column)
    await database.run(`DROP TYPE IF EXISTS ${type}`)
    // It needs a value, and a column may have none.
    await database.run(
      `CREATE TYPE ${type} AS ENUM (SELECT DISTINCT CAST(${column} AS VARCHAR) AS value FROM server_risk WHERE ${column} IS NOT NULL UNION SELECT '' ORDER BY value)`,
    )
    const { value } = await database.columns(`SELECT CAST(unnest(enum_range(NULL::${type})) AS VARCHAR) AS value`, { value: 'text' })
    texts.push([column, [null, ...value]])
  }
  return Object.fromEntries(texts) as unknown as AttributeTexts
}

/** Numbers the combinations of attributes in order of appearance. */
class AttributeNumbers {
  readonly #texts: AttributeTexts
  readonly #numberOf = new Map<number, number>()
  readonly combinations: (ServerGroup & { readonly metric: string })[] = []

  constructor(texts: AttributeTexts) {
    this.#texts = texts
  }

  number(codes: Readonly<Record<AttributeColumn, NumberArray>>, row: number): number {
    let key = 0
    for (const column of attributeColumns) key = key * this.#texts[column].length + codes[column][row]!
    const known = this.#numberOf.get(key)
    if (known !== undefined) return known
    const text = (column: AttributeColumn): string | null => this.#texts[column][codes[column][row]!]!
    this.#numberOf.set(key, this.combinations.length)
    return (
      this.combinations.push({
        metric: text('metric')!,
        business_unit: text('business_unit'),
        region: text('region'),
        criticality: text('criticality'),
      }) - 1
    )
  }
}

/** Series are those with a threshold. `rowsOfSeries`: their rows of `server_risk` by server and metric. */
const readSeries = async (
  database: Database,
  { config, isModule05, accuracy }: WhatIfPolicy,
  contents: RunContents,
): Promise<SeriesArrays & { readonly rowsOfSeries: Int32Array }> => {
  const { serverIds, firstRows } = await readServers(database, contents)
  const [servers, rows] = [serverIds.length, firstRows[serverIds.length]!]
  const attributes = new AttributeNumbers(await createAttributeTypes(database))
  const ofServers = {
    attribute: new Int32Array(servers),
    capacity_units: new Float64Array(servers),
    monthly_cost_usd: new Float64Array(servers),
    server_at_risk_probability: new Float64Array(servers),
    server_breach_probability: new Float64Array(servers),
  }
  const knowsCapacity = new Int32Array(servers).fill(1)
  const ofSeries = {
    high_threshold: new Float64Array(rows),
    run_value: new Float64Array(rows),
    horizon_mean: new Float64Array(rows),
    p95_median: new Float64Array(rows),
    sizing_p95: new Float64Array(rows),
  }
  const [attributeOfSeries, rowsOfSeries] = [new Int32Array(rows), new Int32Array(rows)]
  const offsets = new Uint32Array(rows + 1)
  const margins = config.basis === 'conservative' ? new Float64Array(rows) : null
  const moments = new Float64Array(pathMomentColumns.length * rows)
  const firstSeries = new Uint32Array(servers + 1)
  let [row, server, series] = [0, -1, 0]
  let [hasMoments, hasQuantilePaths] = [false, false]
  await database.scan(seriesSql(config.basis, hasSelectedSeries(contents)), seriesKinds, (chunk) => {
    const count = chunk.horizon_periods.length
    if (row + count > rows) throw horizonsDisagree()
    const firstOfChunk = series
    for (let index = 0; index < count; index++, row++) {
      const attribute = attributes.number(chunk, index)
      while (row >= firstRows[server + 1]!) {
        firstSeries[++server] = series
        ofServers.attribute[server] = attribute
        ofServers.capacity_units[server] = chunk.capacity_units[index]!
        ofServers.monthly_cost_usd[server] = chunk.monthly_cost_usd[index]!
        ofServers.server_at_risk_probability[server] = chunk.server_at_risk_probability[index]!
        ofServers.server_breach_probability[server] = chunk.server_breach_probability[index]!
      }
      if (chunk.lacks_capacity[index] === 1) knowsCapacity[server] = 0
      if (Number.isNaN(chunk.high_threshold[index])) continue
      rowsOfSeries[series] = row
      attributeOfSeries[series] = attribute
      offsets[series + 1] = offsets[series]! + chunk.horizon_periods[index]!
      series++
    }
    const chunkRow = row - count
    const pick = (source: NumberArray, target: Float64Array, stride = 1, offset = 0): void => {
      for (let at = firstOfChunk; at < series; at++) target[stride * at + offset] = source[rowsOfSeries[at]! - chunkRow]!
    }
    for (const name of ['high_threshold', 'run_value', 'horizon_mean', 'p95_median', 'sizing_p95'] as const)
      pick(chunk[name], ofSeries[name])
    pathMomentColumns.forEach((name, offset) => pick(chunk[name], moments, pathMomentColumns.length, offset))
    for (let at = firstOfChunk; at < series; at++) {
      const index = rowsOfSeries[at]! - chunkRow
      if (margins !== null) margins[at] = zeroForNaN(chunk.run_value[index]!) - zeroForNaN(chunk.horizon_p95[index]!)
      if (!Number.isNaN(moments[pathMomentColumns.length * at])) hasMoments = true
      else if (!Number.isNaN(ofSeries.p95_median[at])) hasQuantilePaths = true
    }
  })
  for (const column of attributeColumns) await database.run(`DROP TYPE ${attributeType(column)}`)
  if (row !== rows || server + 1 !== servers) throw horizonsDisagree()
  firstSeries[servers] = series
  const groups = indexDistinct(servers, ofServers.attribute, (number): ServerGroup => {
    const { business_unit, region, criticality } = attributes.combinations[number]!
    return { business_unit, region, criticality }
  })
  const thresholds = firstOf(ofSeries.high_threshold, series)
  const rules = indexDistinct(
    series,
    attributeOfSeries,
    (number, index): ThresholdRule => {
      const { metric, criticality } = attributes.combinations[number]!
      const hasOverride = (of: object, name: string | null): boolean => !isModule05 && name !== null && Object.hasOwn(of, name)
      const overriddenBy = hasOverride(config.criticality_thresholds, criticality)
        ? 'criticality'
        : hasOverride(config.metric_thresholds, metric)
          ? 'metric'
          : null
      return { metric, criticality, threshold: thresholds[index]!, overriddenBy }
    },
    thresholds,
  )
  const calibrations = readCalibrations(accuracy)
  const paths =
    calibrations === null || !hasMoments
      ? null
      : {
          ...calibrations,
          moments: firstOf(moments, pathMomentColumns.length * series),
          medianP95s: firstOf(ofSeries.p95_median, series),
          sizingP95s: firstOf(ofSeries.sizing_p95, series),
        }
  const runProbabilities = { sustained: ofServers.server_at_risk_probability, any: ofServers.server_breach_probability }
  return {
    rowsOfSeries: rowsOfSeries.subarray(0, series),
    serverIds,
    serverCounts: new Int32Array(servers).fill(1),
    groups: groups.distinct,
    groupOf: groups.numberOf,
    capacityUnits: ofServers.capacity_units,
    knowsCapacity,
    monthlyUsd: ofServers.monthly_cost_usd,
    firstSeries,
    rules: rules.distinct,
    ruleOf: rules.numberOf,
    runP95s: firstOf(ofSeries.run_value, series),
    means: firstOf(ofSeries.horizon_mean, series),
    margins: margins && firstOf(margins, series),
    hasQuantilePaths,
    paths: paths && { ...paths, jointShares: findJointShares(paths, runProbabilities, firstSeries, thresholds) },
    offsets: offsets.slice(0, series + 1),
  }
}

const zeroForNaN = (value: number): number => (Number.isNaN(value) ? 0 : value)

/** Without a copy where it is all. */
const firstOf = (values: Float64Array, count: number): Float64Array => (count === values.length ? values : values.slice(0, count))

/** Numbers what entries say in order of appearance. It follows from an entry's number in `numbers` and, where given, in `others`. */
const indexDistinct = <Value>(
  count: number,
  numbers: Int32Array,
  valueOf: (number: number, index: number) => Value,
  others?: Float64Array,
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
  const numberOf = new Int32Array(count)
  for (let index = 0; index < count; index++) {
    const byOther = (known[numbers[index]!] ??= new Map<number, number>())
    const other = others?.[index] ?? 0
    const number = byOther.get(other) ?? enter(valueOf(numbers[index]!, index))
    byOther.set(other, number)
    numberOf[index] = number
  }
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
