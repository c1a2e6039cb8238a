// Seasonality of every series and of the fleet: table `season_figures` and the summary's `season` (analysis definition, section 5).
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import { maxBatches, type BacktestReader, type HorizonRows, type SeriesBacktest } from '../backtest/scan-backtests.ts'
import type { TimeZone } from '../../calendar/time-zone.ts'
import type { TimeGrid } from '../../forecasts/time-grid.ts'
import { readSeriesGrids } from '../selection/series-grids.ts'
import { attributeBreaches } from './attribute-breaches.ts'
import {
  estimateExhaustion,
  type Exhaustion,
  fitOrdinaryLines,
  hasTrend,
  isRising,
  measureWeeklyTrend,
  type OrdinaryLines,
} from './measure-trend.ts'
import type { SeasonReport } from '../../../src-shared/artefacts/season.ts'
import { describeSeason, FleetSeason, SeasonShares, type SeasonShare } from './fleet-season.ts'
import { estimateEffect, measureSeriesSeason, type SeriesSeason } from './series-season.ts'
import { measureUplifts } from './measure-uplifts.ts'
import { measureWeeks } from './measure-weeks.ts'
import { readSeasonCalendar, type SeasonCalendar } from './season-calendar.ts'

const secondsPerDay = 86_400
/** Minimum share of a day's periods for a daily mean. */
const measuredShare = 0.75

const figureColumns = {
  series_id: 'INTEGER',
  eoq_uplift_points: 'DOUBLE',
  eoq_uplift_quarters: 'INTEGER',
  eoq_uplift_standard_error: 'DOUBLE',
  eoq_uplift_low: 'DOUBLE',
  eoq_uplift_high: 'DOUBLE',
  holiday_uplift_points: 'DOUBLE',
  holiday_uplift_days: 'INTEGER',
  holiday_uplift_standard_error: 'DOUBLE',
  holiday_uplift_low: 'DOUBLE',
  holiday_uplift_high: 'DOUBLE',
  weekend_uplift_points: 'DOUBLE',
  weekend_uplift_weeks: 'INTEGER',
  weekend_uplift_standard_error: 'DOUBLE',
  weekend_uplift_low: 'DOUBLE',
  weekend_uplift_high: 'DOUBLE',
  weekly_strength: 'DOUBLE',
  trend_per_30_days: 'DOUBLE',
  trend_standard_error: 'DOUBLE',
  /** Local days since 1970. */
  exhaustion_day: 'DOUBLE',
  exhaustion_earliest_day: 'DOUBLE',
  exhaustion_latest_day: 'DOUBLE',
  /** Over backtest and horizon, for clustering. */
  eoq_uplift_to_horizon_end: 'DOUBLE',
  weekend_ratio_to_horizon_end: 'DOUBLE',
} as const

const trendDays = 30

const unknownExhaustion: Exhaustion = { at: null, earliest: null, latest: null }

/** SQL for a column of `season_figures` from `season_measures`. The forecast does not breach, so exhaustion begins after the horizon. */
const figureSql = (name: string, zone: TimeZone): string => {
  if (/_uplift_(quarters|days|weeks)$/.test(name)) return `coalesce(m.${name}, 0) AS ${name}`
  if (!name.endsWith('_day')) return `m.${name}`
  const column = name === 'exhaustion_day' ? 'exhaustion_at' : name.slice(0, -'_day'.length)
  return `CASE WHEN m.${name} IS NOT NULL THEN greatest(CAST(r.horizon_end AS TIMESTAMP), ${zone.instantSql(`make_timestamp(CAST(m.${name} * 86400000000 AS BIGINT))`)}) END AS ${column}`
}

/** Trend of a series as measured, per 30 days, and days since 1970 of its exhaustion. */
interface MeasuredTrend {
  readonly standardError: number
  readonly exhaustion: readonly [at: number | null, earliest: number | null, latest: number | null]
}

/** Daily means in memory: about 80 MB by default, up to 400 MB so that a large fleet is not read too often. */
const defaultDays = 10_000_000
const maxDays = 50_000_000

/**
 * Measures the seasonality of every series on its backtest. Sums run by series and in order of time, so that the number of threads does
 * not change them.
 */
/** Days from one measurement to the next, at least 1. */
const stepDaysOf = ({ stepSeconds }: TimeGrid): number => Math.max(1, stepSeconds / secondsPerDay)

export class SeasonReader implements BacktestReader {
  /** Maximum series in a batch. */
  readonly maxSeries: number
  readonly #database: Database
  readonly #calendar: SeasonCalendar
  readonly #grid: TimeGrid
  readonly #gridOf: (seriesId: number) => TimeGrid
  readonly #zone: TimeZone
  readonly #origin: number
  readonly #metrics: readonly string[]
  /** NaN where a series cannot run out of headroom after the horizon: without a threshold, or with a breach in the horizon. */
  readonly #thresholds: Float64Array
  readonly #fleet = new Map<string, FleetSeason>()
  readonly #shares: SeasonShares
  readonly #onShare: ((seriesId: number, share: SeasonShare) => void) | null
  /** Per series of the batch a mean per day of the backtest, then one per day of the horizon; NaN where missing. */
  #days = new Float64Array(0)
  #from = 0
  /** By series of the batch. */
  readonly #trends = new Map<number, MeasuredTrend>()
  /** Of the measured days. */
  readonly #lines = new Map<number, OrdinaryLines>()

  private constructor(
    database: Database,
    calendar: SeasonCalendar,
    grid: TimeGrid,
    gridOf: (seriesId: number) => TimeGrid,
    zone: TimeZone,
    origin: number,
    metrics: readonly string[],
    thresholds: Float64Array,
    onShare: ((seriesId: number, share: SeasonShare) => void) | null,
  ) {
    this.#shares = new SeasonShares(calendar)
    this.#onShare = onShare
    this.#database = database
    this.#calendar = calendar
    this.#grid = grid
    this.#gridOf = gridOf
    this.#zone = zone
    this.#origin = origin
    this.#metrics = metrics
    this.#thresholds = thresholds
    const defaultSeries = Math.floor(defaultDays / (2 * calendar.days))
    const limitSeries = Math.floor(maxDays / (2 * calendar.days))
    this.maxSeries = Math.max(1, Math.min(limitSeries, Math.max(defaultSeries, Math.ceil(metrics.length / maxBatches))))
  }

  /**
   * Reads `series`, `series_risk`, `series_models`, `holidays`; creates `season_measures`. `origin`: the scan's origin in microseconds since 1970.
   * `onShare`: takes what each series adds to the fleet, in place of this reader.
   */
  static async open(
    database: Database,
    config: AnalysisConfig,
    grids: readonly TimeGrid[],
    zone: TimeZone,
    origin: number,
    onShare: ((seriesId: number, share: SeasonShare) => void) | null = null,
  ): Promise<SeasonReader> {
    const { metric: metrics, threshold: thresholds } = await database.columns(
      `SELECT s.metric, CASE WHEN r.first_breach_at IS NULL THEN s.high_threshold END AS threshold
       FROM series s JOIN series_risk r USING (series_id) ORDER BY series_id`,
      { metric: 'text', threshold: 'number?' },
    )
    await database.storeRows('season_measures', figureColumns, [])
    const gridOf = await readSeriesGrids(database, grids)
    return new SeasonReader(
      database,
      await readSeasonCalendar(database, config, zone),
      grids[0]!,
      gridOf,
      zone,
      origin,
      metrics,
      thresholds,
      onShare,
    )
  }

  get calendar(): SeasonCalendar {
    return this.#calendar
  }

  begin(from: number, to: number, { series_id: ids, time, predicted }: HorizonRows): void {
    const length = 2 * this.#calendar.days * (to - from)
    if (this.#days.length < length) this.#days = new Float64Array(length)
    this.#days.fill(Number.NaN)
    this.#from = from
    this.#trends.clear()
    this.#lines.clear()
    for (let first = 0; first < ids.length;) {
      const id = ids[first]!
      let end = first + 1
      while (end < ids.length && ids[end] === id) end++
      this.#addDays(this.#gridOf(id), this.#daysOf(id).horizonDays, time.subarray(first, end), predicted.subarray(first, end))
      first = end
    }
  }

  read({ id, times, actual }: SeriesBacktest): void {
    const { measured } = this.#daysOf(id)
    this.#addDays(this.#gridOf(id), measured, times, actual)
    const stepDays = stepDaysOf(this.#gridOf(id))
    const lines = fitOrdinaryLines(measured, this.#calendar, stepDays)
    this.#lines.set(id, lines)
    const trend = measureWeeklyTrend(measured, this.#calendar, stepDays, lines)
    if (trend === null) return
    const { firstDay } = this.#calendar
    const threshold = this.#thresholds[id]!
    const dayIndexes = (): Float64Array => {
      const days = new Float64Array(times.length)
      // By index, as in `maximumOf`.
      for (let row = 0; row < times.length; row++) days[row] = this.#daysSince1970(times[row]!) - firstDay
      return days
    }
    const exhaustion =
      Number.isNaN(threshold) || !isRising(trend) ? unknownExhaustion : estimateExhaustion(trend, dayIndexes(), actual, threshold)
    const daySince1970 = (dayIndex: number | null): number | null => (dayIndex === null ? null : firstDay + Math.round(dayIndex))
    this.#trends.set(id, {
      standardError: trend.standardError * trendDays,
      exhaustion: [daySince1970(exhaustion.at), daySince1970(exhaustion.earliest), daySince1970(exhaustion.latest)],
    })
  }

  async end(from: number, to: number): Promise<void> {
    const figures: (number | null)[][] = []
    for (let id = from; id < to; id++) {
      const { measured, horizonDays } = this.#daysOf(id)
      if (measured.every(Number.isNaN) && horizonDays.every(Number.isNaN)) continue
      const stepDays = stepDaysOf(this.#gridOf(id))
      const isLong = hasTrend(measured, stepDays)
      const seriesSeason = measureSeriesSeason(measured, this.#calendar, stepDays, this.#lines.get(id))
      const share = this.#shares.of(measured, seriesSeason)
      if (this.#onShare === null) this.addShare(id, share)
      else this.#onShare(id, share)
      // For clustering, the horizon continues the measured days.
      for (let dayIndex = 0; dayIndex < measured.length; dayIndex++)
        if (Number.isNaN(measured[dayIndex]!)) measured[dayIndex] = horizonDays[dayIndex]!
      const toHorizonEnd = measureUplifts(measured, this.#calendar, stepDays)
      const trend = this.#trends.get(id)
      figures.push([
        id,
        ...figuresOf(seriesSeason),
        isLong && !Number.isNaN(toHorizonEnd.slope) ? toHorizonEnd.slope * trendDays : null,
        ...(trend === undefined ? [null, null, null, null] : [trend.standardError, ...trend.exhaustion]),
        estimateEffect(toHorizonEnd.quarterEnds).mean,
        measureWeeks(measured).ratio,
      ])
    }
    await this.#database.appendRows('season_measures', figureColumns, figures)
  }

  /** Adds a series to its fleet: in the order of the series, so that sums are repeatable. */
  addShare(id: number, share: SeasonShare): void {
    const metric = this.#metrics[id]!
    const fleetSeason = this.#fleet.get(metric) ?? new FleetSeason(this.#calendar)
    this.#fleet.set(metric, fleetSeason.add(share))
  }

  /**
   * Creates `season_figures` (series_id, the columns above, breaches_eoq, breaches_month_end, breaches_holiday, breaches_ordinary), a row
   * per series. Reads `series`, `series_risk`, `horizon`.
   */
  async finish(config: AnalysisConfig): Promise<SeasonReport> {
    this.#days = new Float64Array(0)
    const database = this.#database
    await attributeBreaches(database, this.#calendar, this.#zone)
    await database.run(`
      CREATE OR REPLACE TABLE season_figures AS
      SELECT r.series_id, ${Object.keys(figureColumns)
        .slice(1)
        .map((name) => figureSql(name, this.#zone))
        .join(', ')}, b.* EXCLUDE (series_id)
      FROM series_risk r LEFT JOIN season_measures m USING (series_id) JOIN season_breaches b USING (series_id) ORDER BY r.series_id`)
    return describeSeason(database, config, this.#calendar, this.#fleet, stepDaysOf(this.#grid) === 1)
  }

  #daysOf(id: number): { measured: Float64Array; horizonDays: Float64Array } {
    const { days } = this.#calendar
    const offset = 2 * days * (id - this.#from)
    return { measured: this.#days.subarray(offset, offset + days), horizonDays: this.#days.subarray(offset + days, offset + 2 * days) }
  }

  /** Computes the means of days with enough periods. Values of more than a day stay on their day. */
  #addDays(grid: TimeGrid, days: Float64Array, times: Float64Array, values: Float64Array): void {
    const minPeriods = Math.max(1, Math.floor((secondsPerDay / grid.stepSeconds) * measuredShare))
    let row = 0
    let nextDay = times.length === 0 ? 0 : this.#dayOf(times[0]!)
    while (row < times.length) {
      const day = nextDay
      const first = row
      let sum = 0
      let minimum = Number.POSITIVE_INFINITY
      let maximum = Number.NEGATIVE_INFINITY
      do {
        const value = values[row]!
        sum += value
        if (value < minimum) minimum = value
        if (value > maximum) maximum = value
        row++
        if (row < times.length) nextDay = this.#dayOf(times[row]!)
      } while (row < times.length && nextDay === day)
      const dayIndex = day - this.#calendar.firstDay
      if (row - first < minPeriods || dayIndex < 0 || dayIndex >= days.length) continue
      // Rounding must not move a mean outside its values.
      days[dayIndex] = Math.min(maximum, Math.max(minimum, sum / (row - first)))
    }
  }

  /** Local days since 1970. */
  #dayOf(time: number): number {
    return Math.floor(this.#daysSince1970(time))
  }

  #daysSince1970(time: number): number {
    const us = this.#origin + time
    return this.#zone.isUtc ? us / (secondsPerDay * 1_000_000) : this.#zone.toLocal(us / 1000) / (secondsPerDay * 1000)
  }
}

const figuresOf = ({ quarterEnds, holidays, weekends, weeklyStrength }: SeriesSeason): (number | null)[] => [
  ...[quarterEnds, holidays, weekends]
    .map(estimateEffect)
    .flatMap(({ mean, count, standardError, low, high }) => [mean, count, standardError, low, high]),
  weeklyStrength,
]
