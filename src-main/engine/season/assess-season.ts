// The season of every series and of the fleet: table `season_figures`, and what the summary says (analysis definition, section 5).
import { z } from 'zod'
import type { AnalysisConfig } from '../../../src-shared/analysis-config.ts'
import { literal, type Database } from '../../database/database.ts'
import type { TimeGrid } from '../detect-granularity.ts'
import { fixedMean, type FixedPoint } from '../fixed-point.ts'
import { attributeBreaches } from './attribute-breaches.ts'
import { effectOf } from './effect.ts'
import { describeSeason, FleetSeason, type SeasonReport } from './fleet-season.ts'
import { measureSeries, type SeriesSeason } from './measure-series.ts'
import { measureUplifts } from './measure-uplifts.ts'
import { measureWeeks } from './measure-weeks.ts'
import { readSeasonCalendar, type SeasonCalendar } from './season-calendar.ts'

const secondsPerDay = 86_400
/** Days of all series that are held in memory at a time: some 200 MB. */
const daysAtATime = 15_000_000
/** Of a day's periods, for its mean to stand for the day. */
const measuredShare = 0.75

const figureColumns = {
  series_id: 'INTEGER',
  eoq_uplift_points: 'DOUBLE',
  eoq_uplift_quarters: 'INTEGER',
  eoq_uplift_standard_error: 'DOUBLE',
  holiday_uplift_points: 'DOUBLE',
  holiday_uplift_days: 'INTEGER',
  holiday_uplift_standard_error: 'DOUBLE',
  weekend_uplift_points: 'DOUBLE',
  weekend_uplift_weeks: 'INTEGER',
  weekend_uplift_standard_error: 'DOUBLE',
  weekly_strength: 'DOUBLE',
  /** Over backtest and horizon: what servers are clustered by. */
  eoq_uplift_to_horizon_end: 'DOUBLE',
  weekend_ratio_to_horizon_end: 'DOUBLE',
} as const

/**
 * Creates `season_figures` (series_id, the columns above, breaches_eoq, breaches_month_end, breaches_holiday, breaches_ordinary), a row
 * per series. Reads `forecast`, `selected_models`, `series`, `series_models`, `horizon`, `holidays`. Sums run by series and day,
 * so that they are the same on any number of threads.
 */
export const assessSeason = async (
  database: Database,
  config: AnalysisConfig,
  grid: TimeGrid,
  fixedPoint: FixedPoint,
): Promise<SeasonReport> => {
  const calendar = await readSeasonCalendar(database, config)
  const series = await database.columns('SELECT server_id, metric FROM series ORDER BY series_id')
  const serverOf = z.array(z.string()).parse(series['server_id'] ?? [])
  const metricOf = z.array(z.string()).parse(series['metric'] ?? [])
  const stepDays = Math.max(1, grid.stepSeconds / secondsPerDay)
  const fleet = new Map<string, FleetSeason>()
  const figures: (number | null)[][] = []
  const values = new Float64Array(2 * calendar.days)
  const measured = values.subarray(0, calendar.days)
  const ahead = values.subarray(calendar.days)
  const atATime = Math.max(1, Math.floor(daysAtATime / calendar.days))
  const rows = await dayValues(database, grid, calendar, fixedPoint)
  for (let from = 0; from < metricOf.length; from += atATime) {
    const to = Math.min(from + atATime, metricOf.length)
    const ofPortion = rows({ from, to, firstServer: serverOf[from]!, lastServer: serverOf[to - 1]! })
    const query = `SELECT series_id, list(place), list(value) FROM (${ofPortion}) GROUP BY series_id ORDER BY series_id`
    await database.scanLists(query, 2, (id, [places, dayMeans]) => {
      values.fill(Number.NaN)
      for (let index = 0; index < places!.length; index++) values[places![index]!] = dayMeans![index]!
      const metric = metricOf[id]!
      const own = measureSeries(measured, calendar, stepDays)
      const ofFleet = fleet.get(metric) ?? new FleetSeason(calendar)
      fleet.set(metric, ofFleet.add(measured, own))
      // The horizon continues what was measured: the clusters' view.
      for (let place = 0; place < measured.length; place++) if (Number.isNaN(measured[place]!)) measured[place] = ahead[place]!
      figures.push([id, ...figuresOf(own), ...figuresToHorizonEnd(measured, calendar, stepDays)])
    })
  }
  await database.storeRows('season_measures', figureColumns, figures)
  await attributeBreaches(database, calendar)
  await database.run(`
    CREATE OR REPLACE TABLE season_figures AS
    SELECT s.series_id, ${Object.keys(figureColumns)
      .slice(1)
      .map((name) => (/_(quarters|days|weeks)$/.test(name) ? `coalesce(m.${name}, 0) AS ${name}` : `m.${name}`))
      .join(', ')}, b.* EXCLUDE (series_id)
    FROM series s LEFT JOIN season_measures m USING (series_id) JOIN season_breaches b USING (series_id) ORDER BY s.series_id`)
  return describeSeason(database, config, calendar, fleet, stepDays === 1)
}

/** Series `from` up to but not including `to`; they are numbered by server. */
interface Portion {
  readonly from: number
  readonly to: number
  readonly firstServer: string
  readonly lastServer: string
}

/**
 * SQL for (series_id, place, value) of some series: a mean per day of the selected model's backtest at the day's place in the
 * calendar, and of its horizon at as many places further on. Values that stand for more than a day keep their day.
 */
const dayValues = async (
  database: Database,
  grid: TimeGrid,
  { firstDay, days }: SeasonCalendar,
  fixedPoint: FixedPoint,
): Promise<(portion: Portion) => string> => {
  const { repeated } = await database.row(
    'SELECT coalesce(bool_or(may_repeat), false) AS repeated FROM series_models',
    z.object({ repeated: z.boolean() }),
  )
  const place = (ts: string): string => `CAST(CAST(${ts} AS DATE) - DATE '1970-01-01' - ${firstDay} AS INTEGER)`
  const rows = ({ from, to, firstServer, lastServer }: Portion): string => `
    SELECT series_id, place + ${days} * is_ahead AS place, value FROM (
      SELECT s.series_id, ${place('f.ts')} AS place, 0 AS is_ahead, f.actual AS value
      FROM forecast f JOIN (
        SELECT series_id, server_id, metric, model FROM series JOIN selected_models USING (series_id)
        WHERE series_id >= ${from} AND series_id < ${to}) s USING (server_id, metric, model)
      WHERE NOT f.is_horizon AND f.actual IS NOT NULL AND f.predicted IS NOT NULL
        -- Implied by the join, but lets files that are sorted by server be read in part.
        AND f.server_id BETWEEN ${literal(firstServer)} AND ${literal(lastServer)}
      UNION ALL
      SELECT series_id, ${place('ts')}, 1, predicted FROM horizon WHERE series_id >= ${from} AND series_id < ${to}
    ) WHERE place BETWEEN 0 AND ${days - 1}`
  const perDay = secondsPerDay / grid.stepSeconds
  // One value a day needs no mean, and the grouping by day would cost as much as all the rest.
  if (perDay <= 1 && !repeated) return rows
  const fewest = Math.max(1, Math.floor(perDay * measuredShare))
  return (portion) => `
    SELECT series_id, place, ${fixedMean('value', fixedPoint)} AS value FROM (${rows(portion)})
    GROUP BY series_id, place HAVING count(*) >= ${fewest}`
}

const figuresOf = ({ quarterEnds, holidays, weekends, weeklyStrength }: SeriesSeason): (number | null)[] => [
  ...[quarterEnds, holidays, weekends].map(effectOf).flatMap(({ mean, count, standardError }) => [mean, count, standardError]),
  weeklyStrength,
]

const figuresToHorizonEnd = (values: Float64Array, calendar: SeasonCalendar, stepDays: number): (number | null)[] => [
  effectOf(measureUplifts(values, calendar, stepDays).quarterEnds).mean,
  measureWeeks(values).ratio,
]
