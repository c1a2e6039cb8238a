// Warnings about datasets that can be analysed, but not in every part: silent servers, late horizons, inverted bounds, regions.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commonRegionalHoliday } from '../../../src-main/calendar/holidays.ts'
import { seriesRows, times } from '../../fixtures/forecast-rows.ts'
import { ForecastWorkspace, type FinishedRun, type ForecastRow } from '../../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

let files = 0
const analyse = async (rows: readonly ForecastRow[], config = {}): Promise<FinishedRun> =>
  workspace.analyse(await workspace.writeForecasts(`warnings-${++files}.parquet`, rows), {
    config: { breach_probability: false, ...config },
  })

const warning = ({ manifest }: FinishedRun, code: string): string | undefined =>
  manifest.warnings.find((found) => found.code === code)?.message

describe('a server gone silent', () => {
  const measuredFor = (server: string, days: number): ForecastRow[] => [
    ...seriesRows({ server, actual: times(days, 90) }),
    ...seriesRows({ server, start: '2026-02-10', horizon: times(10, 95) }),
  ]

  test('is counted apart, and never at risk', async () => {
    // The dataset is measured up to 9 February, day 40.
    const run = await analyse([...measuredFor('alive', 40), ...measuredFor('late', 26), ...measuredFor('silent', 25)])
    expect(run.manifest.counts).toMatchObject({ total_servers: 3, at_risk_servers: 2, silent_servers: 1 })
    expect(await run.riskOf('late')).toMatchObject({ is_at_risk: true, first_breach_at: '2026-02-10T00:00:00' })
    expect(await run.riskOf('silent')).toMatchObject({ is_at_risk: false, risk_level: null, first_breach_at: null, horizon_p95: 95 })
    expect(await run.riskOf('silent')).toMatchObject({ recommendation: 'keep', is_server_at_risk: false, high_threshold: 80 })
    expect(warning(run, 'silent-servers')).toBe(
      '1 server has gone silent and is not judged, last measured more than 14 steps before the others: silent.',
    )
    expect(warning(run, 'late-horizon')).toBe('The horizon of 1 series begins more than one step after its last measurement.')
    expect(warning(run, 'unjudged-metric')).toBeUndefined()
  })

  test('is not one of which another metric is measured', async () => {
    const [cpu, mem] = [measuredFor('both', 40), measuredFor('both', 20)].map((rows, index) =>
      rows.map((row) => ({ ...row, metric: ['cpu_p95', 'mem_p95'][index]! })),
    )
    expect((await analyse([...cpu!, ...mem!])).manifest.counts).toMatchObject({ silent_servers: 0 })
  })
})

test('a series without measurements begins after those of the dataset', async () => {
  const rows = [
    ...seriesRows({ server: 'measured', actual: times(20, 50), horizon: times(10, 50) }),
    ...seriesRows({ server: 'new', horizon: [...times(20, 99), ...times(10, 50)] }),
    ...seriesRows({ server: 'past', horizon: times(15, 99) }),
  ]
  const run = await analyse(rows)
  expect(await run.riskOf('new')).toMatchObject({ horizon_periods: 10, horizon_start: '2026-01-21T00:00:00', is_at_risk: false })
  expect(await run.riskOf('past')).toMatchObject({ horizon_periods: 15, is_at_risk: true })
  expect(warning(run, 'unmeasured-past')).toBe('1 series has no measurements, and its horizon ends before the last measurement of others.')
})

test.each([
  [1, undefined],
  [2, 'The lower bound exceeds the upper one in more than one row in a hundred of 1 model: forecast.'],
])('bounds that are inverted in %d of 100 rows', async (inverted, message) => {
  const rows = seriesRows({ server: 's', actual: times(70, 50), horizon: times(30, 50) }).map((row, index) =>
    index < inverted ? { ...row, yhat_lower: 60, yhat_upper: 40 } : { ...row, yhat_lower: 40, yhat_upper: 60 },
  )
  expect(warning(await analyse(rows), 'inverted-bounds')).toBe(message)
})

describe('holidays of a region', () => {
  test('are named where no state is set', async () => {
    const rows = seriesRows({ server: 's', actual: times(20, 50), horizon: times(10, 50) })
    expect(warning(await analyse(rows, { holiday_country: 'GB' }), 'regional-holidays')).toBe(
      'Holidays of GB differ by region, and holiday_state is not set: Summer bank holiday (2026-08-31) does not count. Regions: ALD, ENG, NIR, SCT, WLS.',
    )
  })

  test.each([
    [{ holiday_country: 'GB', holiday_state: 'ENG' }, null],
    [{ holiday_country: 'US' }, null],
    [{ holiday_country: 'AT' }, null],
    [{ holiday_country: 'DE' }, 'Reformationstag'],
  ])('%o', (config, name) => {
    expect(commonRegionalHoliday(config, 2026)?.name ?? null).toBe(name)
  })
})
