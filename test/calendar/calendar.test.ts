// Quarter ends, holidays and the peak that falls on them (analysis definition, section 5).
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Database } from '../../src-main/database/database.ts'
import { holidayDates } from '../../src-main/calendar/holidays.ts'
import { TimeZone } from '../../src-main/calendar/time-zone.ts'
import { createCalendar } from '../../src-main/forecasts/calendar-tables.ts'
import { headroom } from '../../src-main/engine/methods/headroom.ts'
import { module05 } from '../../src-main/engine/methods/module05.ts'
import { completeConfig, type AnalysisConfigInput } from '../../src-shared/config/analysis-config.ts'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'
import { seriesRows, times } from '../fixtures/forecast-rows.ts'

let database: Database
beforeAll(async () => {
  database = await Database.open()
})
afterAll(() => database.close())

/** Days of 2027 and 2028, a leap year, that a configuration marks, as month-day. */
const markedDays = async (flag: 'isEoq' | 'isHoliday', year: number, config: AnalysisConfigInput, method = headroom): Promise<string[]> => {
  await database.run(
    `CREATE OR REPLACE TABLE series_models AS SELECT TIMESTAMP '2027-01-01' AS first_at, TIMESTAMP '2028-06-30' AS last_measured_at, TIMESTAMP '2028-12-31 23:00:00' AS last_at`,
  )
  const completed = completeConfig(config, method.name)
  const calendar = await createCalendar(database, completed, method.eoqWindow(completed), TimeZone.utc)
  const rows = await database.rows(
    `SELECT DISTINCT strftime(ts, '%m-%d') AS day FROM generate_series(TIMESTAMP '2027-01-01', TIMESTAMP '2028-12-31 23:59:59', INTERVAL 6 HOUR) t(ts)
     WHERE year(ts) = ${year} AND ${calendar[flag]('ts')} ORDER BY day`,
    z.object({ day: z.string() }),
  )
  return rows.map((row) => row.day)
}

/** The last days of months, as month-day. */
const lastDays = (ends: readonly (readonly [month: string, last: number])[], days: number): string[] =>
  ends.flatMap(([month, last]) =>
    Array.from({ length: days }, (_, index) => `${month}-${String(last - days + 1 + index).padStart(2, '0')}`),
  )

describe('the end of a quarter', () => {
  test('is the last seven days of March, June, September and December', async () => {
    const expected = lastDays(
      [
        ['03', 31],
        ['06', 30],
        ['09', 30],
        ['12', 31],
      ],
      7,
    )
    expect(expected.slice(0, 8)).toEqual(['03-25', '03-26', '03-27', '03-28', '03-29', '03-30', '03-31', '06-24'])
    expect(await markedDays('isEoq', 2027, {})).toEqual(expected)
    expect(await markedDays('isEoq', 2028, {})).toEqual(expected)
  })

  test('moves with the fiscal year, to February of 28 and of 29 days', async () => {
    // A year from March: quarters end in May, August, November and February.
    const ends = (february: number): string[] =>
      lastDays(
        [
          ['02', february],
          ['05', 31],
          ['08', 31],
          ['11', 30],
        ],
        7,
      )
    expect(ends(28)[0]).toBe('02-22')
    expect(await markedDays('isEoq', 2027, { fiscal_year_start_month: 3 })).toEqual(ends(28))
    expect(await markedDays('isEoq', 2028, { fiscal_year_start_month: 3 })).toEqual(ends(29))
  })

  test('has the calendar-year months when the fiscal year begins with another quarter', async () => {
    const defaultCalendar = await markedDays('isEoq', 2027, {})
    for (const month of [4, 7, 10]) expect(await markedDays('isEoq', 2027, { fiscal_year_start_month: month })).toEqual(defaultCalendar)
  })

  test('follows eoq_months, independent of the fiscal year', async () => {
    expect(await markedDays('isEoq', 2028, { eoq_months: [2], fiscal_year_start_month: 4, eoq_window_days: 2 })).toEqual(['02-28', '02-29'])
  })

  test('may last one day or a whole month, never more', async () => {
    expect(await markedDays('isEoq', 2027, { eoq_window_days: 1 })).toEqual(['03-31', '06-30', '09-30', '12-31'])
    const allDays = await markedDays('isEoq', 2027, { eoq_window_days: 31, eoq_months: [2, 4] })
    expect(allDays).toHaveLength(28 + 30)
    expect(allDays[0]).toBe('02-01')
  })

  test('is only the last day under the method of Module 05', async () => {
    const config = { eoq_window_days: 14, eoq_months: [1], fiscal_year_start_month: 2 }
    expect(await markedDays('isEoq', 2027, config, module05)).toEqual(['03-31', '06-30', '09-30', '12-31'])
  })
})

describe('holidays', () => {
  test('of the United States are the federal holidays', async () => {
    // Office of Personnel Management, 2027: Juneteenth and Independence Day are observed on Friday 18 June and Monday 5 July,
    // Christmas on Friday 24 December, and New Year 2028 on Friday 31 December. The days themselves are marked too.
    expect(await markedDays('isHoliday', 2027, {})).toEqual([
      '01-01',
      '01-18',
      '02-15',
      '05-31',
      '06-18',
      '06-19',
      '07-04',
      '07-05',
      '09-06',
      '10-11',
      '11-11',
      '11-25',
      '12-24',
      '12-25',
      '12-31',
    ])
  })

  test('of a state are added to the national ones', () => {
    const days = (state?: string): string[] =>
      holidayDates({ holiday_country: 'US', holiday_state: state }, { firstYear: 2026, lastYear: 2026 }).map(({ day }) => day)
    // Patriots' Day: the third Monday of April.
    expect(days()).not.toContain('2026-04-20')
    expect(days('MA')).toContain('2026-04-20')
  })

  test('of another country are its own', async () => {
    const days = await markedDays('isHoliday', 2027, { holiday_country: 'DE' })
    expect(days).toContain('10-03')
    expect(days).not.toContain('07-05')
    expect(await markedDays('isHoliday', 2027, { holiday_country: 'GB', holiday_state: 'SCT' })).toContain('11-30')
  })

  test('are neither observances nor school holidays', async () => {
    const days = await markedDays('isHoliday', 2027, {})
    // Valentine's Day, Tax Day, Halloween.
    expect(days).not.toContain('02-14')
    expect(days).not.toContain('04-15')
    expect(days).not.toContain('10-31')
  })

  test('of an unknown country or state are refused', () => {
    expect(() => holidayDates({ holiday_country: 'XX' }, { firstYear: 2026, lastYear: 2026 })).toThrow(
      'holiday_country XX is not a known country.',
    )
    expect(() => holidayDates({ holiday_country: 'US', holiday_state: 'ZZ' }, { firstYear: 2026, lastYear: 2026 })).toThrow(
      'holiday_state ZZ is not a state of US.',
    )
  })
})

describe('in an analysis', () => {
  let bench: ForecastWorkspace
  beforeAll(async () => {
    bench = await ForecastWorkspace.open()
  })
  afterAll(async () => bench.close())

  test('rows are marked by their date in UTC, on every row of every model', async () => {
    const text = `SELECT 's' AS server_id, 'cpu_p95' AS metric, unnest(['2025-12-31T18:59:59-05:00', '2025-12-31T19:00:00-05:00', '2026-03-25T01:00:00+02:00', '2026-03-25T02:00:00+02:00', '2026-07-03T12:00:00Z', '2026-07-06']) AS ds, 50.0 AS yhat`
    const run = await bench.analyse(
      await bench.writeQuery('utc.parquet', `SELECT *, 'a' AS model FROM (${text}) UNION ALL SELECT *, 'b' AS model FROM (${text})`),
    )
    const marked = [
      { month: 12, is_eoq: true, is_holiday: false },
      // Midnight UTC: New Year.
      { month: 1, is_eoq: false, is_holiday: true },
      // 23:00 UTC of the 24th, then midnight of the 25th.
      { month: 3, is_eoq: false, is_holiday: false },
      { month: 3, is_eoq: true, is_holiday: false },
      // Independence Day 2026 is a Saturday, observed on Friday the 3rd.
      { month: 7, is_eoq: false, is_holiday: true },
      { month: 7, is_eoq: false, is_holiday: false },
    ]
    expect(await run.flagged('SELECT month, is_eoq, is_holiday FROM flagged')).toEqual([...marked, ...marked])
  })

  test('the seasonal peak is the highest prediction of the selected model inside a quarter end or on a holiday', async () => {
    // The horizon begins on 20 March; quarter end is its sixth day. 95 lies before it, the other model's 99 does not count.
    const quarter = [95, 50, 50, 50, 50, 60, 61, 70, 62, 63, 64, 65, 94]
    // 1 July: 90 on the 2nd, then Friday the 3rd and Saturday the 4th.
    const summer = [50, 90, 60, 55, 91]
    const run = await bench.analyse(
      await bench.writeForecasts('seasonal.parquet', [
        ...seriesRows({ server: 'quarter', model: 'right', start: '2026-03-05', actual: times(15, 50), horizon: quarter }),
        ...seriesRows({
          server: 'quarter',
          model: 'wrong',
          start: '2026-03-05',
          actual: times(15, 50),
          predicted: times(15, 60),
          horizon: times(13, 99),
        }),
        ...seriesRows({ server: 'summer', start: '2026-06-24', actual: times(7, 99), horizon: summer }),
        ...seriesRows({ server: 'ordinary', start: '2026-02-01', actual: times(5, 99), horizon: times(5, 85) }),
      ]),
    )
    const peaks = await run.flagged('SELECT DISTINCT server_id, seasonal_peak_risk FROM flagged ORDER BY 1')
    // Repeated on every row; empty where the horizon has neither. What was measured inside a window does not count.
    expect(peaks).toEqual([
      { server_id: 'ordinary', seasonal_peak_risk: null },
      { server_id: 'quarter', seasonal_peak_risk: 70 },
      { server_id: 'summer', seasonal_peak_risk: 60 },
    ])
    expect((await run.riskOf('quarter'))['seasonal_peak_risk']).toBe(70)
  })

  test('marks the days of 1970, the first year that is read', async () => {
    const rows = seriesRows({ server: 's', start: '1970-06-28T23:00:00', actual: times(4, 50), horizon: times(3, 50) })
    const run = await bench.analyse(await bench.writeForecasts('old.parquet', rows))
    expect(await run.flagged(`SELECT strftime("timestamp", '%m-%d') AS day, is_eoq FROM flagged`)).toEqual([
      { day: '06-28', is_eoq: true },
      { day: '06-29', is_eoq: true },
      { day: '06-30', is_eoq: true },
      { day: '07-01', is_eoq: false },
      { day: '07-02', is_eoq: false },
      { day: '07-03', is_eoq: false },
      { day: '07-04', is_eoq: false },
    ])
  })
})

test('a wrong time in the year 9999 does not extend the calendar: only years near the others are marked', async () => {
  await database.run(`
    CREATE OR REPLACE TABLE series_models AS
    SELECT TIMESTAMP '2027-01-01' AS first_at, TIMESTAMP '2028-06-30' AS last_measured_at, TIMESTAMP '2028-12-31' AS last_at FROM range(3)
    UNION ALL SELECT TIMESTAMP '2027-01-01', TIMESTAMP '2028-06-30', TIMESTAMP '9999-12-31'`)
  const calendar = await createCalendar(
    database,
    completeConfig({}, 'headroom'),
    headroom.eoqWindow(completeConfig({}, 'headroom')),
    TimeZone.utc,
  )
  const [marks] = await database.rows(
    `SELECT ${['2028-12-31', '2028-12-15', '2047-03-31', '9999-12-31', '0001-03-31'].map((day, index) => `${calendar.isEoq(`TIMESTAMP '${day}'`)} AS d${index}`).join(', ')}`,
    z.record(z.string(), z.boolean()),
  )
  expect(Object.values(marks ?? {})).toEqual([true, false, true, false, false])
  // 20 years ahead of 2028 and those before it: some ten or eleven holidays each, not eighty thousand.
  const [holidays] = await database.rows('SELECT CAST(count(*) AS INTEGER) AS days FROM holidays', z.object({ days: z.int() }))
  expect(holidays?.days).toBeLessThan(1500)
})
