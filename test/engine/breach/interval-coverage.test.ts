// fitMargins and measureCoverage, by hand.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'
import { thirdsOfLead, unknownThird } from '../../../src-main/engine/breach/backtest-residuals.ts'
import { fitMargins, measureCoverage } from '../../../src-main/engine/breach/interval-coverage.ts'

describe('interval margins', () => {
  const excess = Float64Array.from({ length: 100 }, (_, index) => index - 49)
  const bounded = new Uint8Array(100).fill(1)
  const third = new Uint8Array(100).fill(unknownThird)
  const sample = new Map([[0, { excess, bounded, third, fold: Uint8Array.from(excess, (_, index) => index % 5) }]])
  test('the margin at 80 % of 100 rows from -49 to 50 is the value of rank ceil(101 x 0.8) = 81: 31', () => {
    expect(fitMargins(sample, 0.8).of(0)).toBe(31)
  })
  test('half of the rows lie inside before, 80 % within a point after', () => {
    const coverage = measureCoverage(sample, 0.8)
    expect(coverage.before).toBe(0.5)
    expect(coverage.after).toBeGreaterThanOrEqual(0.79)
    expect(coverage.after).toBeLessThanOrEqual(0.82)
  })
})

describe('margins by thirds of the lead', () => {
  test('leads 1 to 30 of 90 are the first third, 61 to 90 the last', () => {
    const lead = Float64Array.of(1, 30, 31, 60, 61, 90)
    expect([...thirdsOfLead(lead, 90, 0, 6)]).toEqual([0, 0, 1, 1, 2, 2])
    expect([...thirdsOfLead(lead, 90, 4, 6)]).toEqual([2, 2])
  })

  test.each([
    ['it is not known', [Number.NaN, Number.NaN]],
    ['the backtest looks one step ahead', [1, 1]],
    ['it is one step shorter than the horizon', [1, 89]],
  ])('no row has a third where %s', (_, lead) => {
    expect([...thirdsOfLead(Float64Array.from(lead), 90, 0, 2)]).toEqual([unknownThird, unknownThird])
  })

  /** 60 rows in each third: 1 to 60, 101 to 160 and 201 to 260 points outside. */
  const excess = Float64Array.from({ length: 180 }, (_, row) => 100 * Math.floor(row / 60) + (row % 60) + 1)
  const third = Uint8Array.from({ length: 180 }, (_, row) => Math.floor(row / 60))
  const grouped = (rows: { readonly excess: Float64Array; readonly third: Uint8Array }) =>
    new Map([
      [0, { ...rows, bounded: new Uint8Array(rows.excess.length).fill(1), fold: Uint8Array.from(rows.excess, (_, row) => row % 5) }],
    ])

  test('each third has the value of rank ceil(61 x 0.8) = 49 of its own 60 rows', () => {
    const margins = fitMargins(grouped({ excess, third }), 0.8)
    expect(margins.byThird(0)).toEqual([49, 149, 249])
    // Of all 180 rows: rank ceil(181 x 0.8) = 145, the 25th of the last third.
    expect(margins.of(0)).toBe(225)
  })

  test('a third of fewer than 50 rows takes the margin of all leads', () => {
    // 49 rows less in the last third leave 131: rank ceil(132 x 0.8) = 106, the 46th of the second third.
    const margins = fitMargins(grouped({ excess: excess.slice(0, 131), third: third.slice(0, 131) }), 0.8)
    expect(margins.byThird(0)).toEqual([49, 149, 146])
  })

  test('the coverage after widening is that of the thirds, across folds: 81 of 100 rows in each', () => {
    // Without its fold a third trains on 80 of 100 rows: rank 65 is the first row of the 17th block of five, or the second without fold 0.
    // So 16 of 20 rows are covered in four folds and 17 in one. One margin for all leads would cover 241 of 300.
    const longer = {
      excess: Float64Array.from({ length: 300 }, (_, row) => 1000 * Math.floor(row / 100) + (row % 100) + 1),
      third: Uint8Array.from({ length: 300 }, (_, row) => Math.floor(row / 100)),
    }
    expect(measureCoverage(grouped(longer), 0.8).after).toBeCloseTo(0.81, 9)
    expect(measureCoverage(grouped({ ...longer, third: new Uint8Array(300).fill(unknownThird) }), 0.8).after).toBeCloseTo(241 / 300, 9)
  })
})

describe('a run whose forecasts state their leads', () => {
  let workspace: ForecastWorkspace
  beforeAll(async () => {
    workspace = await ForecastWorkspace.open()
  })
  afterAll(async () => workspace.close())

  /** 30 servers, 8 windows of 6 days, then 6 days ahead. Errors are 1, 1, 3, 3, 5, 5 points by lead; the bounds are the forecast itself. */
  const rowsSql = (offset: string): string => `
    SELECT 's' || s AS server_id, TIMESTAMP '2026-01-01' + to_days(CAST(d AS INTEGER)) AS "timestamp", 50.0 AS predicted,
           50.0 AS yhat_lower, 50.0 AS yhat_upper${offset},
           CASE WHEN d < 48 THEN 50.0 + (CASE WHEN (s + d) % 2 = 0 THEN 1 ELSE -1 END) * (2 * (d % 6 // 2) + 1) END AS actual
    FROM range(30) servers(s), range(54) days(d)`
  const marginsOf = async (name: string, offset: string): Promise<unknown[]> => {
    const run = await workspace.analyse(await workspace.writeQuery(name, rowsSql(offset)))
    const row = await run.riskOf('s7')
    return ['interval_margin', 'interval_margin_early', 'interval_margin_middle', 'interval_margin_late'].map((column) => row[column])
  }

  test('widens bounds by 1, 3 and 5 points by thirds of the lead', async () => {
    // Of all leads: rank ceil(181 x 0.8) = 145 of 60 ones, 60 threes and 60 fives.
    expect(await marginsOf('leads.parquet', ', d % 6 + 1 AS horizon_offset')).toEqual([5, 1, 3, 5])
  })

  test('has one margin where the lead is not known, or is one step', async () => {
    expect(await marginsOf('unknown.parquet', '')).toEqual([5, null, null, null])
    expect(await marginsOf('one-step.parquet', ', 1 AS horizon_offset')).toEqual([5, null, null, null])
  })
})
