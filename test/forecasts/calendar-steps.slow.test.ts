// Steps that the calendar counts: days across changes of clocks, business days, months and quarters, and what depends on them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TimeZone } from '../../src-main/calendar/time-zone.ts'
import { planSparkJob } from '../../src-main/engine/spark/plan-spark-job.ts'
import { times } from '../fixtures/forecast-rows.ts'
import { ForecastWorkspace, type FinishedRun, type ForecastRow } from '../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

const dayMs = 86_400_000
const wideZone = (name: string): TimeZone => TimeZone.open(name, Date.UTC(2020, 0, 1), Date.UTC(2032, 0, 1))

/** One series with a value per local time; times beyond `actual` are the horizon at 90. */
const rowsAt = (server: string, zone: string, localTimes: readonly number[], actual: readonly number[], error = 0): ForecastRow[] => {
  const opened = wideZone(zone)
  return localTimes.map((localMs, index) => ({
    server_id: server,
    timestamp: new Date(opened.toInstant(localMs)).toISOString().slice(0, 19),
    actual: actual[index] ?? null,
    predicted: index < actual.length ? actual[index]! + error : 90,
  }))
}

const daysFrom = (start: string, count: number): number[] =>
  Array.from({ length: count }, (_, day) => Date.parse(`${start}T00:00:00Z`) + day * dayMs)

const monthsFrom = (year: number, month: number, count: number, step = 1, dayOfMonth = 1): number[] =>
  Array.from({ length: count }, (_, index) => {
    const lastDay = new Date(Date.UTC(year, month + index * step + 1, 0)).getUTCDate()
    return Date.UTC(year, month + index * step, Math.min(dayOfMonth, lastDay))
  })

let files = 0
const analyse = async (rows: readonly ForecastRow[], config = {}): Promise<FinishedRun> =>
  workspace.analyse(await workspace.writeForecasts(`steps-${++files}.parquet`, rows), { config: { breach_probability: false, ...config } })

const codes = ({ manifest }: FinishedRun): string[] => manifest.warnings.map(({ code }) => code)

describe('days', () => {
  // Clocks are put back on 25 October 2026 in Europe, on 1 November in America.
  const localDays = daysFrom('2026-08-01', 120)

  test.each([
    ['Europe/Berlin', {}],
    ['Europe/Berlin', { time_zone: 'Europe/Berlin' }],
    ['Europe/London', {}],
    ['Europe/London', { time_zone: 'Europe/London' }],
    ['America/New_York', { time_zone: 'America/New_York' }],
  ])('a change of clocks is no gap: %s, %o', async (zone, config) => {
    const run = await analyse(rowsAt('s', zone, localDays, times(60, 50)), config)
    expect(await run.riskOf('s')).toMatchObject({ longest_breach_run: 60, periods_over: 60 })
    expect(codes(run)).not.toContain('gaps')
    expect(codes(run).includes('local-midnights')).toBe(!('time_zone' in config))
  })

  test('pairs of MASE are a local week apart', async () => {
    // Errors 1.5, changes 3. Clocks are put forward between the two weeks.
    const actual = [...times(7, 10), ...times(7, 13)]
    const run = await analyse(rowsAt('s', 'Europe/Berlin', daysFrom('2026-03-23', 15), actual, 1.5), { time_zone: 'Europe/Berlin' })
    expect((await run.riskOf('s'))['mase']).toBe(0.5)
  })

  test('names the zone of the holiday country first', async () => {
    const run = await analyse(rowsAt('s', 'Europe/Madrid', localDays, times(60, 50)), { holiday_country: 'ES' })
    expect(run.manifest.warnings.find(({ code }) => code === 'local-midnights')?.message).toContain('midnight in Europe/Madrid')
  })
})

describe('hours', () => {
  const localHours = Array.from({ length: 70 * 24 }, (_, hour) => Date.parse('2026-02-02T00:00:00Z') + hour * 3_600_000)
  const isWeekend = (localMs: number): boolean => [0, 6].includes(new Date(localMs).getUTCDay())
  const actual = localHours.slice(0, 60 * 24).map((localMs) => (isWeekend(localMs) ? 20 : 60))

  test.each(['Australia/Sydney', 'America/Los_Angeles', 'America/New_York', 'Asia/Kolkata'])(
    'weekends are those of the zone: %s',
    async (zone) => {
      const opened = wideZone(zone)
      // The skipped hour of a change of clocks has no instant of its own.
      const localTimes = localHours.filter((localMs) => opened.toLocal(opened.toInstant(localMs)) === localMs)
      const values = localTimes.filter((localMs) => localMs < localHours[60 * 24]!).map((localMs) => actual[localHours.indexOf(localMs)]!)
      const run = await analyse(rowsAt('s', zone, localTimes, values, 1), { time_zone: zone })
      const risk = await run.riskOf('s')
      expect(risk['weekend_uplift_points']).toBeCloseTo(-40, 9)
      expect(run.manifest.granularity).toBe('hourly')
    },
  )

  test('pairs of MASE are a local day apart', async () => {
    // 20 on the first day, then 23: 24 pairs of 3. With 24 elapsed hours, an hour would be missed at the change of clocks.
    const zone = 'Europe/Berlin'
    const local = Array.from({ length: 49 }, (_, hour) => Date.parse('2026-03-28T00:00:00Z') + hour * 3_600_000).filter(
      (ms) => ms !== Date.parse('2026-03-29T02:00:00Z'),
    )
    const values = local.slice(0, -1).map((ms) => (ms < Date.parse('2026-03-29T00:00:00Z') ? 20 : 20 + new Date(ms).getUTCHours()))
    const run = await analyse(rowsAt('s', zone, local, values, 6), { time_zone: zone })
    // Hours 0 to 23 without 2: mean change (276 - 2) / 23.
    expect((await run.riskOf('s'))['mase']).toBeCloseTo(6 / (274 / 23), 12)
  })
})

describe('months', () => {
  test('of any first month have no gaps', async () => {
    const rows = Array.from({ length: 24 }, (_, first) => first).flatMap((first) =>
      [12, 24].flatMap((periods) => rowsAt(`from ${first} for ${periods}`, 'UTC', monthsFrom(2024, first, 12 + periods), times(12, 50))),
    )
    const run = await analyse(rows)
    const risk = await run.serverRisk()
    expect(risk.map((row) => row['longest_breach_run'])).toEqual(risk.map((row) => row['horizon_periods']))
    expect(run.manifest).toMatchObject({ granularity: 'monthly', steps: [{ step: 'month', series: 48 }] })
    expect(codes(run)).not.toContain('gaps')
  })

  test.each([
    ['first days', 1, 1, 'monthly', 'month'],
    ['last days', 1, 31, 'monthly', 'month'],
    ['the 30th', 1, 30, 'monthly', 'month'],
    ['last days of quarters', 3, 31, 'quarterly', '3 months'],
  ])('MASE looks back a year: %s', async (_, step, dayOfMonth, granularity, name) => {
    const perYear = 12 / step
    const actual = [...times(perYear, 10), ...times(perYear, 13)]
    const run = await analyse(rowsAt('s', 'UTC', monthsFrom(2023, 2, 2 * perYear + 3, step, dayOfMonth), actual, 1.5))
    expect(run.manifest).toMatchObject({ granularity, steps: [{ step: name, series: 1 }] })
    expect(await run.riskOf('s')).toMatchObject({ mase: 0.5, longest_breach_run: 3 })
    expect(codes(run)).not.toContain('gaps')
  })

  test('steps of four weeks are no months', async () => {
    const run = await analyse(
      rowsAt(
        's',
        'UTC',
        Array.from({ length: 30 }, (_, index) => Date.UTC(2024, 0, 1) + index * 28 * dayMs),
        times(20, 50),
      ),
    )
    expect(run.manifest.steps).toEqual([{ step: '28 days', series: 1 }])
  })

  test('a missing month is a gap', async () => {
    const run = await analyse(
      rowsAt(
        's',
        'UTC',
        monthsFrom(2023, 0, 36).filter((_, index) => index !== 30),
        times(24, 50),
      ),
    )
    expect(await run.riskOf('s')).toMatchObject({ longest_breach_run: 6, periods_over: 11 })
    expect(codes(run)).toContain('gaps')
  })
})

test('a missing business day is a gap', async () => {
  const businessDays = daysFrom('2026-01-05', 70).filter((ms) => ![0, 6].includes(new Date(ms).getUTCDay()))
  const run = await analyse(
    rowsAt(
      's',
      'UTC',
      businessDays.filter((_, index) => index !== 36),
      times(30, 50),
    ),
  )
  expect(await run.riskOf('s')).toMatchObject({ longest_breach_run: 13, periods_over: 19 })
  expect(codes(run)).toContain('gaps')
})

test('steps that differ between series are named', async () => {
  const hours = Array.from({ length: 60 }, (_, hour) => Date.UTC(2026, 0, 1) + hour * 3_600_000)
  const run = await analyse([
    ...rowsAt('a', 'UTC', hours, times(40, 50)),
    ...rowsAt('b', 'UTC', hours, times(40, 50)),
    ...rowsAt('c', 'UTC', daysFrom('2026-01-01', 30), times(20, 50)),
  ])
  expect(run.manifest.steps).toEqual([
    { step: 'hour', series: 2 },
    { step: 'day', series: 1 },
  ])
  expect(run.manifest.warnings.map(({ message }) => message)).toContain(
    'The series differ in their steps: hour (2 series), day (1 series). Breach probabilities count by the first; analyse each step by itself for exact ones.',
  )
})

describe('a Spark plan', () => {
  const plan = async (rows: readonly ForecastRow[], config = {}): Promise<unknown> => {
    const path = await workspace.writeForecasts(`plan-${++files}.parquet`, rows)
    return planSparkJob({ inputs: [path], out: `${workspace.folder}/plan`, config })
  }

  test('is refused where the calendar is not that of UTC', async () => {
    const rows = rowsAt('s', 'Europe/Berlin', daysFrom('2026-03-23', 30), times(20, 50))
    await expect(plan(rows, { time_zone: 'Europe/Berlin' })).rejects.toMatchObject({
      message: 'A Spark cluster counts days in UTC, but time_zone is Europe/Berlin.',
      next: 'Compute on a single instance.',
    })
    // At 00:00 UTC a time names a day of every zone.
    await plan(rowsAt('s', 'UTC', daysFrom('2026-03-23', 30), times(20, 50)), { time_zone: 'Europe/Berlin' })
  })

  test('is refused for steps that differ in length', async () => {
    await expect(plan(rowsAt('s', 'UTC', monthsFrom(2023, 0, 36), times(24, 50)))).rejects.toMatchObject({
      message: 'A Spark cluster needs steps of one length, but the step of these forecasts is a month.',
    })
  })
})
