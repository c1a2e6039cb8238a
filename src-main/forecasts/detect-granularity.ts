// Detects the steps of a dataset's series, the time zone of its calendar, and local midnights of another zone.
import { z } from 'zod'
import { TimeZone, zonesWithMidnightAt } from '../calendar/time-zone.ts'
import { literal, type Database } from '../database/database.ts'
import type { AnalysisConfig } from '../../src-shared/config/analysis-config.ts'
import type { RunWarning } from '../../src-shared/run/run-event.ts'
import { describeStep, gridOf, type Step, type TimeGrid } from './time-grid.ts'

export interface DetectedTimes {
  /** Of most series. */
  readonly grid: TimeGrid
  /** One per step of `steps`, the commonest first. */
  readonly grids: readonly TimeGrid[]
  /** The zone whose days, weekends and months count: UTC where daily times lie at 00:00 UTC, since they name a day of any zone. */
  readonly zone: TimeZone
  /** The steps of the series that were looked at, the commonest first. */
  readonly steps: readonly SeriesStep[]
  readonly warnings: readonly RunWarning[]
}

export interface SeriesStep {
  readonly step: string
  readonly series: number
}

/** Looked at: the first 200 servers by name, all their metrics and models. That is every row of a small set and enough of a large one. */
const sampledServers = 200

/** SQL for the servers that are looked at. */
export const firstServersQuery = `SELECT DISTINCT server_id FROM forecast_rows ORDER BY server_id LIMIT ${sampledServers}`

/** SQL for the commonest step in seconds: one row, or none where no series has two times. */
export const commonestStepQuery = `
    WITH sample AS (${firstServersQuery}),
     steps AS (
       SELECT date_diff('second', lag(ts) OVER (PARTITION BY server_id, metric, model ORDER BY ts), ts) AS step
       FROM forecast_rows SEMI JOIN sample USING (server_id)
     )
     SELECT CAST(step AS DOUBLE) AS step FROM steps WHERE step > 0
     GROUP BY step ORDER BY count(*) DESC, step LIMIT 1`

/**
 * SQL for the condition of the rows that are looked at. With a constant name, unlike with a join, DuckDB skips the rest of a file that is sorted by
 * server.
 */
const firstServersCondition = async (database: Database): Promise<string> => {
  const { last } = await database.row(
    `SELECT max(server_id) AS last FROM (${firstServersQuery})`,
    z.object({ last: z.string().nullable() }),
  )
  return last === null ? 'false' : `server_id <= ${literal(last)}`
}

const daySeconds = 86_400
/** A day on which clocks are put forward. */
const shortestDaySeconds = 23 * 3600

/** Reads `forecast_rows`. `isZoned`: the times were written with a zone. */
export const detectTimes = async (
  database: Database,
  config: Pick<AnalysisConfig, 'time_zone' | 'holiday_country'>,
  isZoned: boolean,
): Promise<DetectedTimes> => {
  const statedZone = await openZone(database, config.time_zone)
  const isLookedAt = await firstServersCondition(database)
  const inUtc = await detectSteps(database, TimeZone.utc, isLookedAt)
  if (inUtc.grid.stepSeconds < shortestDaySeconds) {
    const detected = statedZone.isUtc ? inUtc : await detectSteps(database, statedZone, isLookedAt)
    return { ...detected, zone: statedZone, warnings: mixedSteps(detected.steps) }
  }
  const timesOfDay = await database.rows(
    `SELECT DISTINCT CAST(epoch_ms(ts) % ${daySeconds * 1000} AS DOUBLE) AS ms FROM forecast_rows WHERE ${isLookedAt} AND ts IS NOT NULL`,
    z.object({ ms: z.number() }),
  )
  if (timesOfDay.every(({ ms }) => ms === 0)) return { ...inUtc, zone: TimeZone.utc, warnings: mixedSteps(inUtc.steps) }
  if (!statedZone.isUtc) {
    const detected = await detectSteps(database, statedZone, isLookedAt)
    return { ...detected, zone: statedZone, warnings: mixedSteps(detected.steps) }
  }
  const [fittingZone] = await findFittingZones(database, config.holiday_country, isLookedAt)
  if (fittingZone === undefined) return { ...inUtc, zone: statedZone, warnings: mixedSteps(inUtc.steps) }
  // Clocks that change are no gap, whether or not the zone is stated.
  const detected = timesOfDay.length === 1 ? inUtc : await detectSteps(database, await openZone(database, fittingZone), isLookedAt)
  const warnings = [...mixedSteps(detected.steps), ...(isZoned || timesOfDay.length > 1 ? [localMidnights(fittingZone)] : [])]
  return { ...detected, zone: statedZone, warnings }
}

const openZone = async (database: Database, name: string): Promise<TimeZone> => {
  if (name === TimeZone.utc.name) return TimeZone.utc
  const { first, last } = await database.row(
    'SELECT CAST(epoch_ms(min(ts)) AS DOUBLE) AS first, CAST(epoch_ms(max(ts)) AS DOUBLE) AS last FROM forecast_rows',
    z.object({ first: z.number(), last: z.number() }),
  )
  return TimeZone.open(name, first, last)
}

const localMidnights = (zone: string): RunWarning => ({
  code: 'local-midnights',
  message: `All times lie at midnight in ${zone}, but days are counted in UTC. Set the time zone: --time-zone ${zone}.`,
  examples: [zone],
})

const mixedSteps = (steps: readonly SeriesStep[]): RunWarning[] => {
  if (steps.length < 2) return []
  const described = steps.map(({ step, series }) => `${step} (${series.toLocaleString('en-US')} series)`)
  return [
    {
      code: 'mixed-steps',
      message: `The series differ in their steps: ${described.join(', ')}. Breach probabilities count by the first; analyse each step by itself for exact ones.`,
      count: steps.length,
      examples: described.slice(0, 3),
    },
  ]
}

/** More instants do not rule out more zones. */
const maxInstants = 5000

const findFittingZones = async (database: Database, country: string, isLookedAt: string): Promise<string[]> => {
  const { ts: instants } = await database.columns(
    `SELECT DISTINCT CAST(epoch_ms(ts) AS DOUBLE) AS ts FROM forecast_rows WHERE ${isLookedAt} ORDER BY ts LIMIT ${maxInstants}`,
    { ts: 'number' },
  )
  const { holidayTimeZones } = await import('../calendar/holidays.ts')
  return zonesWithMidnightAt([...instants], holidayTimeZones(country))
}

const isSameTimeSql = 'CAST(later AS TIME) = CAST(earlier AS TIME)'
const lastDaySql = (time: string): string => `CAST(last_day(${time}) AS DATE)`
const isLastDaySql = (time: string): string => `CAST(${time} AS DATE) = ${lastDaySql(time)}`
const isLastWeekdaySql = (time: string): string =>
  `CAST(${time} AS DATE) = ${lastDaySql(time)} - CAST(greatest(isodow(${lastDaySql(time)}) - 5, 0) AS INTEGER)`
const isFirstWeekdaySql = (time: string): string =>
  `isodow(${time}) <= 5 AND (day(${time}) = 1 OR (isodow(${time}) = 1 AND day(${time}) <= 3))`

/** Same day of the month, also where a month is too short for it, or the same end of the month. */
const isSameMonthDaySql = `(
  day(later) = day(earlier) OR (${isLastDaySql('later')} AND day(earlier) > day(later)) OR (${isLastDaySql('earlier')} AND day(later) > day(earlier))
  OR (${isLastWeekdaySql('later')} AND ${isLastWeekdaySql('earlier')}) OR (${isFirstWeekdaySql('later')} AND ${isFirstWeekdaySql('earlier')}))`

/** SQL for one row per series: its commonest step, with the seconds that it lasts most often. `earlier`, `later`: local times. */
const seriesStepsQuery = (zone: TimeZone, isLookedAt: string): string => `
  WITH times AS (
    SELECT server_id, metric, ts, ${zone.localSql('ts')} AS later, lag(ts) OVER series_times AS ts_before, lag(later) OVER series_times AS earlier
    FROM forecast_rows WHERE ${isLookedAt}
    WINDOW series_times AS (PARTITION BY server_id, metric, model ORDER BY ts)
  ), pairs AS (
    SELECT server_id, metric, date_diff('second', ts_before, ts) AS seconds,
           date_diff('month', earlier, later) AS months, date_diff('day', earlier, later) AS days,
           isodow(later) > 5 AS on_weekend, isodow(later) < isodow(earlier) AS over_weekend,
           CASE WHEN NOT ${isSameTimeSql} OR days < 1 THEN 'second' WHEN days >= 28 AND months > 0 AND ${isSameMonthDaySql} THEN 'month' ELSE 'day' END AS unit,
           CASE unit WHEN 'month' THEN months WHEN 'day' THEN days ELSE seconds END AS size
    FROM times WHERE ts_before IS NOT NULL
  ), lengths AS (
    SELECT server_id, metric, unit, size, seconds, count(*) AS rows,
           bool_or(on_weekend) AS on_weekend, bool_or(over_weekend) AS over_weekend
    FROM pairs WHERE seconds > 0 GROUP BY ALL
  ), steps AS (
    SELECT server_id, metric, unit, size, sum(rows) AS rows, arg_max(seconds, (rows, -seconds)) AS seconds,
           bool_or(bool_or(on_weekend)) OVER series AS on_weekend, bool_or(bool_or(over_weekend)) OVER series AS over_weekend,
           row_number() OVER (PARTITION BY server_id, metric ORDER BY sum(rows) DESC, min(seconds)) AS rank
    FROM lengths GROUP BY server_id, metric, unit, size
    WINDOW series AS (PARTITION BY server_id, metric)
  )
  SELECT CASE WHEN unit = 'day' AND size = 1 AND over_weekend AND NOT on_weekend THEN 'business day' ELSE unit END AS unit,
         CAST(size AS DOUBLE) AS size, CAST(seconds AS DOUBLE) AS seconds, CAST(count(*) AS DOUBLE) AS series
  FROM steps WHERE rank = 1 GROUP BY ALL ORDER BY series DESC, seconds, unit`

const seriesStepSchema = z.object({
  unit: z.enum(['second', 'day', 'business day', 'month']),
  size: z.number(),
  seconds: z.number(),
  series: z.number(),
})

const detectSteps = async (
  database: Database,
  zone: TimeZone,
  isLookedAt: string,
): Promise<Pick<DetectedTimes, 'grid' | 'grids' | 'steps'>> => {
  const rows = await database.rows(seriesStepsQuery(zone, isLookedAt), seriesStepSchema)
  const counts = new Map<string, { readonly step: Step; readonly seconds: number; series: number }>()
  for (const { unit, size, seconds, series } of rows) {
    // Without changes of clocks a day is a fixed number of seconds.
    const step: Step = unit === 'day' && zone.isUtc ? { unit: 'second', count: size * daySeconds } : { unit, count: size }
    const name = describeStep(step)
    const counted = counts.get(name)
    if (counted === undefined) counts.set(name, { step, seconds, series })
    else counted.series += series
  }
  const found = [...counts.entries()].sort(([, a], [, b]) => b.series - a.series || a.seconds - b.seconds)
  const grids =
    found.length === 0
      ? [gridOf({ unit: 'second', count: daySeconds }, daySeconds, zone)]
      : found.map(([, { step, seconds }]) => gridOf(step, seconds, zone))
  return { grid: grids[0]!, grids, steps: found.map(([step, { series }]) => ({ step, series })) }
}
