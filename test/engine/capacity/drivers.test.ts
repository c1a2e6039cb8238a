// Business drivers: a known line is found again, a driver that explains nothing is left out, and the answer to "payments +30 %".
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fitDriver } from '../../../src-main/engine/capacity/driver-fits.ts'
import { describeFit } from '../../../src-main/engine/capacity/driver-reader.ts'
import { describeUnfollowed, readDrivers } from '../../../src-main/engine/capacity/drivers.ts'
import { evaluateDriverChanges } from '../../../src-main/queries/capacity/driver-changes.ts'
import { describeCapacity } from '../../../src-main/cli/capacity-command.ts'
import { queryCapacity } from '../../../src-main/queries/capacity/capacity-query.ts'
import { openRunFolder } from '../../../src-main/queries/run/open-run-folder.ts'
import { fitRobustLine } from '../../../src-main/statistics/robust-line.ts'
import { capacityReportSchema } from '../../../src-shared/artefacts/capacity.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { seriesRows, timeAfter, times } from '../../fixtures/forecast-rows.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'
import { seededRandom } from '../../fixtures/seeded-random.ts'

const dayMs = 86_400_000
/** 90 days of a driver between 500 and 3,500, and a metric of 10 + 0.02 x with a deviation of 2. */
const simulate = (seed: number, days = 90) => {
  const random = seededRandom(seed)
  // The sum of twelve uniform numbers less 6 is nearly normal, with deviation 1.
  const normal = (): number => Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, -6)
  const x = Float64Array.from({ length: days }, () => 500 + 3000 * random())
  return { days: Array.from({ length: days }, (_, day) => day * dayMs), x, y: x.map((value) => 10 + 0.02 * value + 2 * normal()) }
}

const knownFit = (): Parameters<typeof fitDriver> => {
  const { days, x, y } = simulate(1)
  return [days, x, y]
}

describe('a metric of 10 + 0.02 x with noise of 2 over 90 days', () => {
  test('has its slope and its supported value within 4 %, whatever the seed', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { days, x, y } = simulate(seed)
      const fit = fitDriver(days, x, y)!
      expect(Math.abs(fit.line.slope / 0.02 - 1)).toBeLessThan(0.04)
      // (80 - 10) / 0.02
      expect(Math.abs(describeFit(fit, 80).supported! / 3500 - 1)).toBeLessThan(0.04)
      expect(fit.heldOutR2).toBeGreaterThan(0.9)
    }
  })

  test('has the same line with a tenth of outliers', () => {
    const { x, y } = simulate(1)
    const plain = fitRobustLine(x, y)!
    const disturbed = fitRobustLine(
      x,
      y.map((value, index) => (index % 10 === 3 ? value + 60 : value)),
    )!
    expect(Math.abs(disturbed.slope / plain.slope - 1)).toBeLessThan(0.04)
  })

  test('is left out with less than 70 days, or where the last fifth does not follow', () => {
    const { days, x, y } = simulate(1)
    expect(fitDriver(days.slice(0, 69), x.slice(0, 69), y.slice(0, 69))).toBeNull()
    expect(fitDriver(days.slice(0, 70), x.slice(0, 70), y.slice(0, 70))).not.toBeNull()
    const random = seededRandom(9)
    const broken = y.map((value, index) => (index < 72 ? value : 10 + 60 * random()))
    expect(fitDriver(days, x, broken)).toBeNull()
    expect(fitDriver(days, x, y.map(random))).toBeNull()
    expect(
      fitDriver(
        days,
        x.map(() => 7),
        y,
      ),
    ).toBeNull()
  })
})

test('current 2,000 of supported 8,000 leaves 75 %', () => {
  const fit = { line: { intercept: 0, slope: 0.01, standardError: 0 }, heldOutR2: 1, current: 2000, points: 90 }
  expect(describeFit(fit, 80)).toMatchObject({ supported: 8000, growth_factor: 4, residual_percent: 75 })
  expect(describeFit({ ...fit, line: { ...fit.line, slope: -0.01 } }, 80)).toMatchObject({
    supported: null,
    growth_factor: null,
    residual_percent: null,
  })
})

describe('in a run', () => {
  let workspace: ForecastWorkspace
  beforeAll(async () => {
    workspace = await ForecastWorkspace.open()
  })
  afterAll(async () => workspace.close())

  test('the driver of a business unit is fitted to its servers, and a rise moves their P95', async () => {
    // Payments alternate between 1,000 and 2,000: CPU is exactly 10 + 0.02 x.
    const payments = Array.from({ length: 90 }, (_, day) => 1000 + 500 * (day % 3))
    const cpu = payments.map((value) => 10 + 0.02 * value)
    const rows = ['a', 'b'].flatMap((server) => seriesRows({ server, metric: 'cpu_p95', actual: cpu, horizon: times(10, 50) }))
    const lines = payments.flatMap((value, day) => [
      `${timeAfter('2026-01-01', day).slice(0, 10)},payments,${value},Retail`,
      `${timeAfter('2026-01-01', day).slice(0, 10)},logins,${(day * 7919) % 97},`,
    ])
    const planned = ['2026-04-05,payments,2800', '2026-04-20,payments,3000', '2026-05-15,payments,3200']
    const run = await workspace.analyse(await workspace.writeForecasts('drivers.parquet', rows), {
      serversTable: await workspace.writeText('drivers.servers.csv', 'server_id,business_unit\na,Retail\nb,Treasury\n'),
      driversTable: await workspace.writeText(
        'drivers.csv',
        ['time,driver,value,group', ...lines, ...planned.map((line) => `${line},Retail`)].join('\n'),
      ),
    })
    const { drivers, driver_plans } = await run.json(runFiles.capacity, capacityReportSchema)
    expect(drivers).toHaveLength(1)
    expect(drivers[0]).toMatchObject({ server_id: 'a', driver: 'payments', group: 'Retail', points: 90, current: 1500 })
    expect(drivers[0]!.slope).toBeCloseTo(0.02, 9)
    expect(drivers[0]!.supported).toBeCloseTo(3500, 6)
    expect(run.manifest.drivers_table).toMatchObject({ rows: 183 })

    // The measurements end on 31 March.
    expect(driver_plans).toEqual([
      { driver: 'payments', group: 'Retail', month: '2026-04', value: 2900 },
      { driver: 'payments', group: 'Retail', month: '2026-05', value: 3200 },
    ])

    const open = await openRunFolder(run.folder)
    try {
      const view = await queryCapacity(open)
      const [of] = await evaluateDriverChanges(open, [{ driver: 'payments', group: null, percent: 0 }])
      const p95 = of!.run_p95
      expect(p95 + 28 < 80 && p95 + 34 > 80).toBe(true)
      // 2,900 are 1,400 more than now: 28 points; 3,200 are 34 points more.
      expect(view.driver_months.map(({ month, metrics, above }) => [month, metrics, above])).toEqual([
        ['2026-04', 1, 0],
        ['2026-05', 1, 1],
      ])
      expect(view.driver_months[1]!.first).toMatchObject({ server_id: 'a', metric: 'cpu_p95' })
      expect(view.driver_months[1]!.first!.p95).toBeCloseTo(p95 + 34, 6)
      expect(describeCapacity(view)).toMatch(/payments \(Retail\) +2026-05 +3,200 +1 +1 +1 to 1 +a cpu_p95/)
      // 110 % of 1,500 are 1,650 more: 33 points on top of the P95 of the run.
      const [effect, ...others] = await evaluateDriverChanges(open, [{ driver: 'payments', group: null, percent: 110 }])
      expect(others).toEqual([])
      expect(effect!.p95 - effect!.run_p95).toBeCloseTo(33, 6)
      expect(effect!.p95_low).toBeCloseTo(effect!.p95, 6)
      expect(effect!.is_newly_above).toBe(effect!.p95 > 80)
      await expect(evaluateDriverChanges(open, [{ driver: 'logins', group: null, percent: 10 }])).rejects.toMatchObject({
        code: 'scenario-invalid',
        message: 'No metric of the run follows logins.',
        next: 'Drivers of the run: payments.',
      })
      const twice = [10, 110].map((percent) => ({ driver: 'payments', group: null, percent }))
      await expect(evaluateDriverChanges(open, twice)).rejects.toMatchObject({
        code: 'scenario-invalid',
        message: 'The scenario states twice: change of payments.',
      })
      expect(view.report!.notes).toContain(
        'No metric follows logins. A metric follows a driver where their common times span 70 days and R2 of the last fifth is at least 0.5.',
      )
    } finally {
      await open.close()
    }
  })

  test('a plan of a driver that no metric follows moves none', async () => {
    const rows = seriesRows({ server: 'a', metric: 'cpu_p95', actual: times(40, 50), horizon: times(10, 50) })
    const run = await workspace.analyse(await workspace.writeForecasts('plan.parquet', rows), {
      driversTable: await workspace.writeText('plan.csv', 'time,driver,value\n2026-03-05,payments,2800\n'),
    })
    const open = await openRunFolder(run.folder)
    try {
      const view = await queryCapacity(open)
      expect(view.driver_months).toEqual([
        expect.objectContaining({ driver: 'payments', month: '2026-03', metrics: 0, above: 0, first: null }),
      ])
      expect(describeCapacity(view)).toMatch(/No metric follows payments\./)
    } finally {
      await open.close()
    }
  })

  test.each([
    ['a time beyond reason', '9999-01-01,p,1\n', 'holds "9999-01-01", which lies after 2200'],
    ['a value beyond reason', '2026-01-01,p,-1e308\n', 'holds "-1e308", which is beyond 1,000,000,000,000,000.'],
    ['a time twice', '2026-01-01,p,1\n2026-01-01,p,2\n', 'holds "2026-01-01" once more for p'],
    ['a word for a value', '2026-01-01,p,many\n', 'holds "many", which is no number'],
    ['no date', 'soon,p,1\n', 'holds "soon", which is no date'],
  ])('a table with %s is refused', async (_title, lines, message) => {
    await expect(readDrivers(await workspace.writeText('bad.csv', `time,driver,value\n${lines}`), 'auto', 'UTC')).rejects.toMatchObject({
      code: 'table-invalid',
      message: expect.stringContaining(message),
    })
  })

  test.each([
    ['a workbook', Buffer.from('504b030414000600', 'hex'), 'The drivers table other.csv is a workbook.', 'Save its sheet as CSV.'],
    [
      'Latin-1',
      Buffer.from('time,driver,value\n2026-01-01,B\u00fcro,1\n', 'latin1'),
      'The drivers table other.csv is not in UTF-8.',
      'Save it as CSV UTF-8.',
    ],
  ])('%s is refused', async (_title, bytes, message, next) => {
    await expect(readDrivers(await workspace.writeText('other.csv', bytes), 'auto', 'UTC')).rejects.toMatchObject({
      code: 'table-invalid',
      message,
      next,
    })
  })
})

test('drivers that no metric follows are named, six at most', () => {
  const drivers = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => ({
    name,
    group: name === 'b' ? 'Retail' : null,
    values: new Map(),
  }))
  const followed = [{ ...describeFit(fitDriver(...knownFit())!, 80), server_id: 's', metric: 'cpu', driver: 'a', group: null }]
  expect(describeUnfollowed(drivers.slice(0, 1), followed)).toEqual([])
  expect(describeUnfollowed(drivers, followed)[0]).toMatch(/^No metric follows b of Retail, c, d, e, f, g and 1 more\. /)
})
