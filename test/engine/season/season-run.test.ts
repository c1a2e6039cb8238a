// The season in a run folder: columns of server_risk, the fleet's part of the summary (analysis definition, section 5).
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ForecastWorkspace, type FinishedRun, type ForecastRow } from '../../fixtures/forecast-workspace.ts'
import { seriesRows, timeAfter, times } from '../../fixtures/forecast-rows.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

/** 26 weeks from a Monday to Sunday 2026-07-05, then 13 weeks of horizon to 2026-10-04. */
const start = '2026-01-05'
const measuredDays = 26 * 7
const horizonDays = 13 * 7
const dayAt = (dayIndex: number): string => timeAfter(start, dayIndex).slice(0, 10)

/** Holidays outside the windows with ordinary days of their weekday in the quarter; July 3 and 4 have none before the 5th. */
const holidays = ['2026-01-19', '2026-02-16', '2026-05-25', '2026-06-19', '2026-07-03', '2026-07-04']
const isWithin = (day: string, from: string, to: string): boolean => day >= from && day <= to

interface Shape {
  readonly march: number
  readonly june: number
  readonly holiday?: number
}

/** 40 on weekdays and 30 on weekends, more or less on special days. */
const measured = ({ march, june, holiday = 0 }: Shape): number[] =>
  Array.from({ length: measuredDays }, (_, dayIndex) => {
    const day = dayAt(dayIndex)
    if (isWithin(day, '2026-03-25', '2026-03-31')) return level(dayIndex) + march
    if (isWithin(day, '2026-06-24', '2026-06-30')) return level(dayIndex) + june
    return level(dayIndex) + (holidays.includes(day) ? holiday : 0)
  })
const level = (dayIndex: number): number => (dayIndex % 7 < 5 ? 40 : 30)

/** 50 but for the days named, which breach. */
const horizonWith = (breaches: readonly string[]): number[] =>
  Array.from({ length: horizonDays }, (_, step) => (breaches.join(' ').includes(dayAt(measuredDays + step)) ? 85 : 50))

const upliftShape = z.object({
  uplift_points: z.number().nullable(),
  series: z.number(),
  standard_error: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
})
const seasonShape = z.object({
  eoq_window_days: z.number(),
  eoq_months: z.array(z.number()),
  weighting: z.string(),
  metrics: z.array(
    z.object({
      metric: z.string(),
      eoq: upliftShape.extend({ quarters: z.number(), by_quarter: z.array(z.looseObject({})) }),
      holiday: upliftShape.extend({ days: z.number(), by_day: z.array(z.looseObject({})) }),
      weekend: upliftShape.extend({ weeks: z.number() }),
      weekly_strength: z.object({ mean: z.number().nullable(), series: z.number() }),
      breaches: z.object({ eoq: z.number(), month_end: z.number(), holiday: z.number(), ordinary: z.number() }),
      profile: z.object({ mean: z.array(z.array(z.number().nullable())), series: z.array(z.array(z.number())) }).nullable(),
    }),
  ),
})
const seasonOf = async (run: FinishedRun) => (await run.json('module_05_summary.json', z.object({ season: seasonShape }))).season

const limits = (mean: number, margin: number) => ({ low: expect.closeTo(mean - margin, 9), high: expect.closeTo(mean + margin, 9) })

describe('two servers', () => {
  const rows = [
    ...seriesRows({
      server: 'ledger',
      start,
      actual: measured({ march: 8, june: 4, holiday: -6 }),
      horizon: horizonWith([
        // Quarter end, month end, holiday, nothing.
        '2026-09-24 2026-09-28 2026-09-30',
        '2026-07-31 2026-08-30',
        '2026-09-07',
        '2026-08-12 2026-08-29 2026-10-01 2026-09-23',
      ]),
    }),
    ...seriesRows({ server: 'web', start, actual: measured({ march: 2, june: 0 }), horizon: horizonWith([]) }),
  ]
  let run: FinishedRun
  beforeAll(async () => {
    run = await workspace.analyse(await workspace.writeForecasts('two.parquet', rows))
  })

  test('have their uplifts, each with how often it was seen', async () => {
    expect(await run.riskOf('ledger')).toMatchObject({
      // (8 + 4) / 2; distances 2 and -2: standard error sqrt(8 / 1 / 2). The window of September lies ahead.
      eoq_uplift_points: expect.closeTo(6, 9),
      eoq_uplift_quarters: 2,
      eoq_uplift_standard_error: expect.closeTo(2, 9),
      eoq_uplift_low: expect.closeTo(6 - 2 * 12.706204736174694, 9),
      eoq_uplift_high: expect.closeTo(6 + 2 * 12.706204736174694, 9),
      holiday_uplift_points: expect.closeTo(-6, 9),
      holiday_uplift_days: 4,
      holiday_uplift_standard_error: expect.closeTo(0, 9),
      // 10 below, but for five holidays on weekdays, which take 6 / 5 each off their week's weekdays, and July 4, a Saturday, which takes
      // 6 / 2 off the weekend. Windows run from Wednesday to Tuesday: what they add to the one week's weekdays the next one's miss.
      weekend_uplift_points: expect.closeTo(-10 + (5 * 1.2 - 3) / 26, 9),
      weekend_uplift_weeks: 26,
    })
    expect(await run.riskOf('web')).toMatchObject({
      eoq_uplift_points: expect.closeTo(1, 9),
      eoq_uplift_standard_error: expect.closeTo(1, 9),
      holiday_uplift_points: expect.closeTo(0, 9),
      weekend_uplift_points: expect.closeTo(-10, 9),
    })
  })

  test('have their breaches attributed: quarter end before month end before holiday', async () => {
    expect(await run.riskOf('ledger')).toMatchObject({
      periods_over: 10,
      breaches_eoq: 3,
      breaches_month_end: 2,
      breaches_holiday: 1,
      breaches_ordinary: 4,
    })
    expect(await run.riskOf('web')).toMatchObject({ breaches_eoq: 0, breaches_month_end: 0, breaches_holiday: 0, breaches_ordinary: 0 })
  })

  test('make a fleet: means over servers, errors over quarters', async () => {
    const season = await seasonOf(run)
    expect(season).toMatchObject({ eoq_window_days: 7, eoq_months: [3, 6, 9, 12] })
    const [metric] = season.metrics
    expect(metric).toMatchObject({
      metric: 'cpu_p95',
      // Servers 6 and 1. Quarters (8 + 2) / 2 = 5 and (4 + 0) / 2 = 2: distances 1.5, standard error sqrt(4.5 / 2).
      eoq: {
        uplift_points: expect.closeTo(3.5, 9),
        series: 2,
        quarters: 2,
        standard_error: expect.closeTo(1.5, 9),
        // One degree of freedom: 12.7062 standard errors.
        low: expect.closeTo(3.5 - 1.5 * 12.706204736174694, 9),
        high: expect.closeTo(3.5 + 1.5 * 12.706204736174694, 9),
      },
      holiday: { uplift_points: expect.closeTo(-3, 9), series: 2, days: 4 },
      weekend: { series: 2, weeks: 26 },
      breaches: { eoq: 3, month_end: 2, holiday: 1, ordinary: 4 },
    })
    expect(metric!.eoq.by_quarter).toEqual([
      // 8 and 2, then 4 and 0: half of their difference is the standard error, and t of 95 % with one degree of freedom is 12.7062.
      { quarter_end: '2026-03', uplift_points: expect.closeTo(5, 9), series: 2, ...limits(5, 3 * 12.706204736174694) },
      { quarter_end: '2026-06', uplift_points: expect.closeTo(2, 9), series: 2, ...limits(2, 2 * 12.706204736174694) },
    ])
    expect(metric!.holiday.by_day.map((holiday) => holiday['day'])).toEqual(holidays.slice(0, 4))
  })

  test('make a profile of months and weekdays', async () => {
    const profile = (await seasonOf(run)).metrics[0]!.profile!
    // Mondays of January: 5, 12, 19 (a holiday, 34 on the ledger) and 26. (40 + (3 x 40 + 34) / 4) / 2.
    expect(profile.mean[0]![0]).toBeCloseTo((40 + 38.5) / 2, 9)
    // Sundays of March: 1, 8, 15, 22 and the 29th in the window.
    expect(profile.mean[2]![6]).toBeCloseTo(((4 * 30 + 38) / 5 + (4 * 30 + 32) / 5) / 2, 9)
    expect(profile.series[2]).toEqual(times(7, 2))
    // July is measured from Wednesday the 1st to Sunday the 5th.
    expect(profile.series[6]).toEqual([0, 0, 2, 2, 2, 2, 2])
    expect(profile.mean[6]!.slice(0, 2)).toEqual([null, null])
    expect(profile.series[7]).toEqual(times(7, 0))
  })

  test('have the same season under the method of Module 05, whose flags mark one day alone', async () => {
    const defaultSeason = await workspace.analyse(await workspace.writeForecasts('two-module05.parquet', rows), { method: 'module05' })
    expect(await defaultSeason.riskOf('ledger')).toMatchObject({ eoq_uplift_points: expect.closeTo(6, 9), breaches_eoq: 3 })
    const days = await defaultSeason.flagged(`SELECT DISTINCT strftime(timestamp, '%m-%d') AS day FROM flagged WHERE is_eoq ORDER BY 1`)
    expect(days.map(({ day }) => day)).toEqual(['03-31', '06-30', '09-30'])
  })

  test('have the same bytes on eight threads', async () => {
    const again = await workspace.analyse(await workspace.writeForecasts('two-again.parquet', rows), { threads: 8 })
    const bytesOf = async (of: FinishedRun): Promise<string> => (await readFile(join(of.folder, 'server_risk.parquet'))).toString('base64')
    expect(await bytesOf(again)).toBe(await bytesOf(run))
    expect(await seasonOf(again)).toEqual(await seasonOf(run))
  })
})

describe('steps', () => {
  test('of an hour count by the mean of their day, and a day of which a quarter is missing does not count', async () => {
    // Five weeks from Monday 2026-01-05: 40 on weekdays, 30 on weekends on average, with a swing within the day. Sunday of the first
    // week lacks 7 hours, Sunday of the second 6.
    const input = await workspace.writeQuery(
      'hours.parquet',
      `SELECT 'hourly' AS server_id, ts AS timestamp, CASE WHEN ts < TIMESTAMP '2026-02-09' THEN value END AS actual, value AS predicted
       FROM (
         SELECT ts, CASE WHEN isodow(ts) > 5 THEN 30 ELSE 40 END + CASE WHEN hour(ts) % 2 = 0 THEN 5 ELSE -5 END AS value
         FROM generate_series(TIMESTAMP '2026-01-05', TIMESTAMP '2026-02-15 23:00', INTERVAL 1 HOUR) t(ts)
       )
       WHERE NOT (ts::DATE = DATE '2026-01-11' AND hour(ts) < 7) AND NOT (ts::DATE = DATE '2026-01-18' AND hour(ts) < 6)`,
    )
    expect(await (await workspace.analyse(input)).riskOf('hourly')).toMatchObject({
      weekend_uplift_points: expect.closeTo(-10, 9),
      weekend_uplift_weeks: 4,
      weekend_uplift_standard_error: expect.closeTo(0, 9),
      weekly_strength: expect.closeTo(1, 9),
      eoq_uplift_points: null,
      eoq_uplift_quarters: 0,
      eoq_uplift_standard_error: null,
    })
  })

  test('of a week know quarter ends alone', async () => {
    // Mondays of a year; 12 more on those of the four windows.
    const rows: ForecastRow[] = seriesRows({
      server: 'weekly',
      start,
      step: 'week',
      actual: Array.from({ length: 52 }, (_, week) => {
        const day = dayAt(week * 7)
        return ['2026-03-30', '2026-06-29', '2026-09-28', '2026-12-28'].includes(day) ? 62 : 50
      }),
      horizon: times(6, 50),
    })
    const run = await workspace.analyse(await workspace.writeForecasts('weeks.parquet', rows))
    expect(await run.riskOf('weekly')).toMatchObject({
      eoq_uplift_points: expect.closeTo(12, 9),
      eoq_uplift_quarters: 4,
      holiday_uplift_points: null,
      holiday_uplift_days: 0,
      weekend_uplift_points: null,
      weekend_uplift_weeks: 0,
      weekly_strength: null,
    })
    expect((await seasonOf(run)).metrics[0]!.profile).toBeNull()
  })
})

test('metrics are separate, and a series without measurements has no season', async () => {
  const run = await workspace.analyse(
    await workspace.writeForecasts('metrics.parquet', [
      ...seriesRows({ server: 'a', metric: 'cpu_p95', start, actual: measured({ march: 8, june: 8 }), horizon: times(7, 50) }),
      ...seriesRows({ server: 'a', metric: 'mem_util', start, actual: measured({ march: 1, june: 1 }), horizon: times(7, 90) }),
      ...seriesRows({ server: 'new', metric: 'cpu_p95', start: '2026-07-06', horizon: times(7, 50) }),
    ]),
  )
  expect((await run.riskOf('a', 'mem_util'))['eoq_uplift_points']).toBeCloseTo(1, 9)
  expect(await run.riskOf('new')).toMatchObject({ eoq_uplift_points: null, eoq_uplift_quarters: 0, weekend_uplift_weeks: 0 })
  const { metrics } = await seasonOf(run)
  expect(metrics.map(({ metric, eoq, breaches }) => [metric, eoq.series, eoq.uplift_points, breaches.ordinary])).toEqual([
    ['cpu_p95', 1, expect.closeTo(8, 9), 0],
    ['mem_util', 1, expect.closeTo(1, 9), 7],
  ])
})

test('a wrong date far away does not change the season', async () => {
  const ledgerServer = seriesRows({ server: 'ledger', start, actual: measured({ march: 8, june: 4 }), horizon: times(7, 50) })
  const strayDate = seriesRows({ server: 'stray', start: '2026-07-05', actual: [40], horizon: [50] })
  const run = await workspace.analyse(
    await workspace.writeForecasts('stray.parquet', [
      ...ledgerServer,
      ...strayDate,
      { ...strayDate[1]!, timestamp: '2050-12-31T00:00:00' },
    ]),
  )
  expect((await run.riskOf('ledger'))['eoq_uplift_points']).toBeCloseTo(6, 9)
})
