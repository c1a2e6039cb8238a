// Seasonality of a metric over the whole fleet: quarter ends, holidays, weeks, and the month x weekday profile.
import { z } from 'zod'
import type { FleetUplift, MetricSeason, SeasonReport } from '../../../src-shared/artefacts/season.ts'
import { eoqMonthsOf, type AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import type { Database } from '../../database/database.ts'
import { studentTLimit } from '../../statistics/student-t.ts'
import { estimateEffect, upliftLevel, type Effect, type SeriesSeason } from './series-season.ts'
import type { SeasonCalendar } from './season-calendar.ts'

/** Sums over series for each of the calendar's quarters, holidays or weeks. */
interface OccasionSums {
  readonly sums: Float64Array
  readonly counts: Int32Array
  /** Sums of squared deviations from the mean over series. */
  readonly squares: Float64Array
}

const createOccasionSums = (count: number): OccasionSums => ({
  sums: new Float64Array(count),
  counts: new Int32Array(count),
  squares: new Float64Array(count),
})

export const profileCells = 12 * 7

/** Sums series in the order added; by series_id the sums are repeatable. */
export class FleetSeason {
  readonly quarterEnds: OccasionSums
  readonly holidays: OccasionSums
  readonly weekends: OccasionSums
  /** One entry per series with the figure: the mean of its quarters, holidays and weeks, and its strength. */
  readonly seriesQuarterEnds: number[] = []
  readonly seriesHolidays: number[] = []
  readonly seriesWeekends: number[] = []
  readonly strengths: number[] = []
  /** Month x weekday: sums over series of their means, and counts of series. */
  readonly profile: OccasionSums = createOccasionSums(profileCells)

  constructor(calendar: SeasonCalendar) {
    this.quarterEnds = createOccasionSums(calendar.quarters.length)
    this.holidays = createOccasionSums(calendar.holidays.length)
    this.weekends = createOccasionSums(calendar.days / 7)
  }

  add({ quarterEnds, holidays, weekends, weeklyStrength, profile }: SeasonShare): this {
    addOccasions(this.quarterEnds, quarterEnds, this.seriesQuarterEnds)
    addOccasions(this.holidays, holidays, this.seriesHolidays)
    addOccasions(this.weekends, weekends, this.seriesWeekends)
    if (weeklyStrength !== null) this.strengths.push(weeklyStrength)
    addOccasions(this.profile, profile)
    return this
  }
}

/** What one series adds to its fleet. */
export interface SeasonShare extends SeriesSeason {
  /** Month x weekday: its means, NaN without a value. */
  readonly profile: Float64Array
}

/** Works out the shares of one series after the other. */
export class SeasonShares {
  readonly #calendar: SeasonCalendar
  readonly #sums = new Float64Array(profileCells)
  readonly #counts = new Int32Array(profileCells)

  constructor(calendar: SeasonCalendar) {
    this.#calendar = calendar
  }

  /** `measured`: a mean per day of the calendar, NaN where missing. */
  of(measured: Float64Array, season: SeriesSeason): SeasonShare {
    this.#sums.fill(0)
    this.#counts.fill(0)
    const { month, weekday } = this.#calendar
    for (let dayIndex = 0; dayIndex < measured.length; dayIndex++) {
      const value = measured[dayIndex]!
      if (Number.isNaN(value)) continue
      const cell = month[dayIndex]! * 7 + weekday[dayIndex]!
      this.#sums[cell]! += value
      this.#counts[cell]! += 1
    }
    return { ...season, profile: this.#sums.map((sum, cell) => sum / this.#counts[cell]!) }
  }
}

const addOccasions = ({ sums, counts, squares }: OccasionSums, values: Float64Array, seriesMeans?: number[]): void => {
  let sum = 0
  let count = 0
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!
    if (Number.isNaN(value)) continue
    // Welford's update: no cancellation of large sums.
    const before = counts[index] === 0 ? 0 : value - sums[index]! / counts[index]!
    sums[index]! += value
    counts[index]! += 1
    squares[index]! += before * (value - sums[index]! / counts[index]!)
    sum += value
    count += 1
  }
  if (count > 0) seriesMeans?.push(sum / count)
}

/** NaN where no series has a value. */
const meansOf = ({ sums, counts }: OccasionSums): Float64Array => sums.map((sum, index) => sum / counts[index]!)

/** Reads `series`, `season_breaches`. Values of more than a day (`isByDay` false) have no weekday profile. */
export const describeSeason = async (
  database: Database,
  config: AnalysisConfig,
  calendar: SeasonCalendar,
  fleet: ReadonlyMap<string, FleetSeason>,
  isByDay: boolean,
): Promise<SeasonReport> => {
  const breaches = await database.rows(
    `SELECT metric, ${['eoq', 'month_end', 'holiday', 'ordinary'].map((cause) => `CAST(sum(breaches_${cause}) AS DOUBLE) AS ${cause}`).join(', ')}
     FROM season_breaches JOIN series USING (series_id) GROUP BY metric ORDER BY metric`,
    z.object({ metric: z.string(), eoq: z.number(), month_end: z.number(), holiday: z.number(), ordinary: z.number() }),
  )
  return {
    eoq_window_days: config.eoq_window_days,
    eoq_months: eoqMonthsOf(config),
    holiday_country: config.holiday_country,
    holiday_state: config.holiday_state ?? null,
    weighting: 'means over servers of per-server means: each server counts once, whatever its size',
    metrics: breaches.map(({ metric, ...causes }) => ({
      metric,
      ...describeMetric(fleet.get(metric) ?? new FleetSeason(calendar), calendar, isByDay),
      breaches: causes,
    })),
  }
}

const describeMetric = (season: FleetSeason, calendar: SeasonCalendar, isByDay: boolean): Omit<MetricSeason, 'metric' | 'breaches'> => {
  const quarters = meansOf(season.quarterEnds)
  const holidays = meansOf(season.holidays)
  const quarterEnds = estimateEffect(quarters)
  const holidayDays = estimateEffect(holidays)
  const weekends = estimateEffect(meansOf(season.weekends))
  const strengths = estimateEffect(Float64Array.from(season.strengths))
  const hasValue = (values: Float64Array) => (_: unknown, index: number) => !Number.isNaN(values[index]!)
  return {
    eoq: {
      ...upliftOf(season.seriesQuarterEnds, quarterEnds),
      quarters: quarterEnds.count,
      by_quarter: calendar.quarters
        .map(({ end }, index) => ({
          quarter_end: end,
          uplift_points: quarters[index]!,
          series: season.quarterEnds.counts[index]!,
          ...intervalOverSeries(season.quarterEnds, index),
        }))
        .filter(hasValue(quarters)),
    },
    holiday: {
      ...upliftOf(season.seriesHolidays, holidayDays),
      days: holidayDays.count,
      by_day: calendar.holidays
        .map(({ day, name }, index) => ({ day, name, uplift_points: holidays[index]!, series: season.holidays.counts[index]! }))
        .filter(hasValue(holidays)),
    },
    weekend: { ...upliftOf(season.seriesWeekends, weekends), weeks: weekends.count },
    weekly_strength: { mean: strengths.mean, series: strengths.count },
    profile: isByDay ? profileOf(season.profile) : null,
  }
}

/** 95 % t interval of one occasion's mean over its series; null below two. */
const intervalOverSeries = (
  { sums, counts, squares }: OccasionSums,
  index: number,
): { readonly low: number | null; readonly high: number | null } => {
  const count = counts[index]!
  if (count < 2) return { low: null, high: null }
  const mean = sums[index]! / count
  const margin = studentTLimit(upliftLevel, count - 1) * Math.sqrt(squares[index]! / (count - 1) / count)
  return { low: mean - margin, high: mean + margin }
}

/** The mean over series with the error over occasions: servers share their occasions. */
const upliftOf = (seriesMeans: readonly number[], occasions: Effect): FleetUplift => {
  const { mean, count } = estimateEffect(Float64Array.from(seriesMeans))
  const { standardError } = occasions
  const margin = standardError === null ? null : studentTLimit(upliftLevel, occasions.count - 1) * standardError
  return {
    uplift_points: mean,
    series: count,
    standard_error: standardError,
    low: mean === null || margin === null ? null : mean - margin,
    high: mean === null || margin === null ? null : mean + margin,
  }
}

const profileOf = (profile: OccasionSums): { mean: (number | null)[][]; series: number[][] } => {
  const means = meansOf(profile)
  const rows = <Value>(cell: (index: number) => Value): Value[][] =>
    Array.from({ length: 12 }, (_, month) => Array.from({ length: 7 }, (_, weekday) => cell(month * 7 + weekday)))
  return {
    mean: rows((index) => (Number.isNaN(means[index]!) ? null : means[index]!)),
    series: rows((index) => profile.counts[index]!),
  }
}
