// The selected model: which one it is, by which errors, and what is reported of each (analysis definition, section 3).
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ForecastWorkspace, type FinishedRun, type ForecastRow } from '../../fixtures/forecast-workspace.ts'
import { seriesRows, timeAfter, times } from '../../fixtures/forecast-rows.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

/** A measured week at `level`, the next at `level + 4`: every pair of days a week apart differs by 4. */
const twoWeeks = (level: number): number[] => [...times(7, level), ...times(7, level + 4)]

const shifted = (actual: readonly number[], error: number): number[] => actual.map((value) => value + error)

describe('on backtests that cover the same times', () => {
  let run: FinishedRun
  beforeAll(async () => {
    const actual = twoWeeks(50)
    const sinking = [1, 2, 3, 4, 5, 6, 7].flatMap((day) => [50, 50 + 2 * day])
    const weekOne = sinking.filter((_, index) => index % 2 === 0)
    const weekTwo = sinking.filter((_, index) => index % 2 === 1)
    const gapped = seriesRows({
      server: 'gapped',
      model: 'm',
      actual: [...weekOne, ...weekTwo],
      predicted: shifted([...weekOne, ...weekTwo], 1),
      horizon: [50],
    }).filter((row) => row.timestamp !== '2026-01-03T00:00:00')
    run = await workspace.analyse(
      await workspace.writeForecasts('aligned.parquet', [
        ...seriesRows({ server: 'clear', model: 'a', actual, predicted: shifted(actual, 2), horizon: [95] }),
        ...seriesRows({ server: 'clear', model: 'b', actual, predicted: shifted(actual, -1), horizon: [20, 30] }),
        ...seriesRows({ server: 'clear', model: 'c', actual, predicted: shifted(actual, 3), horizon: [99] }),
        ...seriesRows({ server: 'tied', model: 'below', actual: times(14, 70.3), predicted: times(14, 70.2), horizon: [1] }),
        ...seriesRows({ server: 'tied', model: 'above', actual: times(14, 70.3), predicted: times(14, 70.4), horizon: [2] }),
        ...seriesRows({ server: 'untested', model: 'a', actual, predicted: shifted(actual, 9), horizon: [10] }),
        ...seriesRows({ server: 'untested', model: 'A without backtest', start: timeAfter('2026-01-01', 14), horizon: [11] }),
        ...seriesRows({ server: 'finished', model: 'a', actual, predicted: shifted(actual, 9), horizon: [12] }),
        ...seriesRows({ server: 'finished', model: 'perfect but past', actual }),
        ...gapped,
      ]),
    )
  })

  test('the model with the least mean absolute error is selected, whatever its name', async () => {
    expect(await run.riskOf('clear')).toMatchObject({ model: 'b', mae: 1, backtest_points: 14 })
  })

  test('every figure of the server comes from that model alone', async () => {
    // P95 of 20 and 30: 20 + 0.95 x 10 = 29.5. The other models would have breached.
    expect(await run.riskOf('clear')).toMatchObject({
      horizon_periods: 2,
      horizon_p95: 29.5,
      horizon_peak: 30,
      horizon_mean: 25,
      is_at_risk: false,
      first_breach_at: null,
    })
  })

  test('MASE divides by the mean change from a week before', async () => {
    // Mean absolute error 1; every one of the 7 pairs differs by 4.
    expect((await run.riskOf('clear'))['mase']).toBe(0.25)
  })

  test('MASE takes only pairs whose two days were measured', async () => {
    // Changes 2, 4, (6 without 3 January), 8, 10, 12, 14: mean 50 / 6. Error 1, so 6 / 50.
    expect((await run.riskOf('gapped'))['mase']).toBeCloseTo(0.12, 12)
  })

  test('no change from week to week leaves MASE empty', async () => {
    expect((await run.riskOf('tied'))['mase']).toBeNull()
  })

  test('equal errors go to the name that sorts first, though 70.4 - 70.3 and 70.3 - 70.2 differ in their last bits', async () => {
    expect(70.4 - 70.3).toBeGreaterThan(70.3 - 70.2)
    expect((await run.riskOf('tied'))['model']).toBe('above')
  })

  test('a model without backtest yields to a tested one', async () => {
    expect((await run.riskOf('untested'))['model']).toBe('a')
  })

  test('a model without horizon is no candidate, even with the lowest error', async () => {
    expect(await run.riskOf('finished')).toMatchObject({ model: 'a', mae: 9 })
  })

  test('exactly the rows of the selected model are marked, measured and future ones', async () => {
    const marked = await run.flagged(
      `SELECT server_id, model, count(*)::INTEGER AS rows FROM flagged WHERE is_selected GROUP BY ALL ORDER BY server_id`,
    )
    expect(marked).toEqual([
      { server_id: 'clear', model: 'b', rows: 16 },
      { server_id: 'finished', model: 'a', rows: 15 },
      { server_id: 'gapped', model: 'm', rows: 14 },
      { server_id: 'tied', model: 'above', rows: 15 },
      { server_id: 'untested', model: 'a', rows: 15 },
    ])
  })
})

describe('on backtests that cover different times', () => {
  let run: FinishedRun
  beforeAll(async () => {
    const broken = times(15, 50).map((value, index) => (index === 4 ? Number.NaN : value + 2))
    run = await workspace.analyse(
      await workspace.writeForecasts('unaligned.parquet', [
        // early: days 1 to 20, right on the first 5, then off by 3. Own mean 45 / 20 = 2.25.
        ...seriesRows({
          server: 'shifted',
          model: 'early',
          actual: times(20, 50),
          predicted: [...times(5, 50), ...times(15, 53)],
          horizon: times(8, 10),
        }),
        // late: days 6 to 25, off by 2, then by 10 on the last 5. Own mean 80 / 20 = 4.
        ...seriesRows({
          server: 'shifted',
          model: 'late',
          start: '2026-01-06',
          actual: times(20, 50),
          predicted: [...times(15, 48), ...times(5, 60)],
          horizon: times(3, 10),
        }),
        ...seriesRows({ server: 'broken', model: 'broken', actual: times(15, 50), predicted: broken, horizon: [10] }),
        ...seriesRows({ server: 'broken', model: 'whole', actual: times(15, 50), predicted: times(15, 53), horizon: [10] }),
        ...seriesRows({
          server: 'no common times',
          model: 'first half',
          actual: times(20, 50),
          predicted: times(20, 55),
          horizon: times(22, 10),
        }),
        ...seriesRows({
          server: 'no common times',
          model: 'second half',
          start: '2026-01-21',
          actual: times(20, 50),
          predicted: times(20, 51),
          horizon: times(2, 10),
        }),
      ]),
    )
  })

  test('the error over the common times decides, not the error over its own times', async () => {
    // Days 6 to 20 are common: early 3, late 2.
    expect(await run.riskOf('shifted')).toMatchObject({ model: 'late', mae: 2, backtest_points: 15 })
  })

  test('a time whose prediction is NaN is not common', async () => {
    expect(await run.riskOf('broken')).toMatchObject({ model: 'broken', mae: 2, backtest_points: 14 })
  })

  test('where no time is common, the errors over their own times decide fleet-wide', async () => {
    // No MASE anywhere (nothing changes); median MAE over the fleet: first half 5, second half 1.
    expect(await run.riskOf('no common times')).toMatchObject({ model: 'second half', backtest_points: 0, mae: null })
  })
})

describe('with fewer than 14 common times', () => {
  test('the least fleet-wide median MASE decides, not the own errors of the short series', async () => {
    const long = twoWeeks(50)
    const short = long.slice(0, 13)
    const fleet = (server: string, actual: readonly number[], steadyModel: number, noisyModel: number): ForecastRow[] => [
      ...seriesRows({ server, model: 'steady', actual, predicted: shifted(actual, steadyModel), horizon: [10] }),
      ...seriesRows({ server, model: 'nervous', actual, predicted: shifted(actual, noisyModel), horizon: [10] }),
    ]
    const run = await workspace.analyse(
      await workspace.writeForecasts('short.parquet', [
        ...fleet('one', long, 2, 4),
        ...fleet('two', long, 2, 4),
        ...fleet('thirteen', short, 8, 1),
        ...fleet('fourteen', long, 8, 1),
        ...fleet('zero', long, 2, 4),
      ]),
    )
    // MASE, errors over 4: steady 0.5, 0.5, 2, 2, 0.5, median 0.5; nervous 1, 1, 0.25, 0.25, 1, median 1.
    expect(await run.riskOf('thirteen')).toMatchObject({ model: 'steady', mae: 8, mase: 2, backtest_points: 13 })
    expect(await run.riskOf('fourteen')).toMatchObject({ model: 'nervous', mae: 1, mase: 0.25, backtest_points: 14 })
    expect(run.manifest.warnings).toContainEqual(
      expect.objectContaining({ code: 'short-backtest', count: 1, examples: ['thirteen cpu_p95'] }),
    )
  })

  test('the least fleet-wide median MAE decides where there is no MASE anywhere', async () => {
    const fleet = (server: string, x: number, y: number): ForecastRow[] => [
      ...seriesRows({ server, model: 'x', actual: times(5, 50), predicted: times(5, 50 + x), horizon: [10] }),
      ...seriesRows({ server, model: 'a', actual: times(5, 50), predicted: times(5, 50 + y), horizon: [10] }),
    ]
    const run = await workspace.analyse(
      await workspace.writeForecasts('constant.parquet', [...fleet('one', 1, 2), ...fleet('two', 1, 2), ...fleet('three', 9, 0)]),
    )
    // Medians: x of 1, 1, 9 is 1; a of 2, 2, 0 is 2. So x, also where a was never wrong.
    expect((await run.serverRisk()).map((row) => row['model'])).toEqual(['x', 'x', 'x'])
  })
})

test.each([
  // Two days: 10 %, then 13 %. Errors 1.5, changes 3.
  { step: 'hour' as const, actual: [...times(24, 10), ...times(24, 13)], error: 1.5, granularity: 'hourly' },
  // A year and a week: one pair, 20 % and 24 %. Errors 2, change 4.
  { step: 'week' as const, actual: [...times(52, 20), 24], error: 2, granularity: 'weekly' },
])('in $granularity data MASE looks back a day or a year of weeks', async ({ step, actual, error, granularity }) => {
  const rows = seriesRows({ server: 's', step, actual, predicted: shifted(actual, error), horizon: [10] })
  const run = await workspace.analyse(await workspace.writeForecasts(`${granularity}.parquet`, rows))
  expect(run.manifest).toMatchObject({ granularity })
  expect((await run.riskOf('s'))['mase']).toBe(0.5)
})

describe('a forced model', () => {
  const rows = [
    ...seriesRows({ server: 'both', model: 'good', actual: times(14, 50), horizon: [10] }),
    ...seriesRows({ server: 'both', model: 'flat', actual: times(14, 50), predicted: times(14, 60), horizon: [90] }),
    ...seriesRows({ server: 'one', model: 'good', actual: times(14, 50), horizon: [95] }),
  ]

  test('is selected for every series that has it; the others have no horizon', async () => {
    const run = await workspace.analyse(await workspace.writeForecasts('forced.parquet', rows), {
      model: 'flat',
      config: { basis: 'expected' },
    })
    expect(await run.riskOf('both')).toMatchObject({ model: 'flat', horizon_p95: 90, is_at_risk: true, mae: 10 })
    expect(await run.riskOf('one')).toMatchObject({ model: null, horizon_periods: 0, horizon_p95: null, is_at_risk: false })
    expect(run.manifest).toMatchObject({ forced_model: 'flat', counts: { total_servers: 2, at_risk_servers: 1 } })
  })

  test('that no series has is refused, with the available names', async () => {
    const path = await workspace.writeForecasts('unknown.parquet', rows)
    await expect(workspace.analyse(path, { model: 'prophet' })).rejects.toMatchObject({
      code: 'input-model-unknown',
      next: 'Use one of flat, good.',
    })
  })
})

test('each model is reported with its errors, bias, coverage and the series it won', async () => {
  const run = await workspace.analyse(
    await workspace.writeForecasts('accuracy.parquet', [
      { server_id: 's', model: 'm', timestamp: '2026-01-01', actual: 40, predicted: 50, yhat_lower: 45, yhat_upper: 65 },
      { server_id: 's', model: 'm', timestamp: '2026-01-02', actual: 60, predicted: 50, yhat_lower: 45, yhat_upper: 65 },
      { server_id: 's', model: 'm', timestamp: '2026-01-03', actual: 0, predicted: 0, yhat_lower: 0, yhat_upper: 1 },
      { server_id: 's', model: 'm', timestamp: '2026-01-04', actual: 10, predicted: 30 },
      { server_id: 's', model: 'm', timestamp: '2026-01-05', actual: null, predicted: 50 },
      { server_id: 's', model: 'n', timestamp: '2026-01-01', actual: 40, predicted: 100 },
      { server_id: 's', model: 'n', timestamp: '2026-01-05', actual: null, predicted: 50 },
    ]),
  )
  const { models } = await run.json('model_accuracy.json', z.object({ models: z.array(z.record(z.string(), z.unknown())) }))
  expect(models).toHaveLength(2)
  expect(models[0]).toMatchObject({
    model: 'm',
    series: 1,
    series_won: 1,
    backtest_points: 4,
    // (10 + 10 + 0 + 20) / 4 and (10 - 10 + 0 + 20) / 4
    mae: 10,
    bias: 5,
    // Inside the bounds: not 40, but 60 and 0, of three that have bounds.
    interval_points: 3,
    interval_coverage: 2 / 3,
  })
  // 200 x 10 / 90 + 200 x 10 / 110 + 0 + 200 x 20 / 40 = 22.2222 + 18.1818 + 100, over 4.
  expect(models[0]!['smape_percent']).toBeCloseTo(35.10101, 5)
  expect(models[1]).toMatchObject({ model: 'n', series_won: 0, mae: 60, bias: 60, interval_points: 0, interval_coverage: null })
  expect(run.manifest.warnings).toContainEqual(expect.objectContaining({ code: 'no-backtest-bounds', count: 1 }))
})

describe('models of different horizons', () => {
  const actual = times(20, 50)
  const rows = [
    ...seriesRows({ server: 's', model: 'short', actual, horizon: times(8, 10) }),
    // Nine tenths of ten, and less accurate than the model of eight.
    ...seriesRows({ server: 's', model: 'nearly long', actual, predicted: shifted(actual, 2), horizon: times(9, 20) }),
    ...seriesRows({ server: 's', model: 'long', actual, predicted: shifted(actual, 3), horizon: times(10, 30) }),
    // Its backtest is short, but only the other models' common times count.
    ...seriesRows({ server: 't', model: 'short', start: '2026-01-16', actual: times(5, 50), horizon: times(3, 10) }),
    ...seriesRows({ server: 't', model: 'long', actual, predicted: shifted(actual, 4), horizon: times(10, 30) }),
  ]

  test('are candidates only if they reach nine tenths of the longest', async () => {
    const run = await workspace.analyse(await workspace.writeForecasts('horizons.parquet', rows))
    expect(await run.riskOf('s')).toMatchObject({ model: 'nearly long', mae: 2, backtest_points: 20, horizon_periods: 9 })
    expect(await run.riskOf('t')).toMatchObject({ model: 'long', mae: 4, backtest_points: 20, horizon_periods: 10 })
    expect(run.manifest.warnings).toContainEqual(
      expect.objectContaining({ code: 'short-model', count: 2, examples: ['s cpu_p95 short', 't cpu_p95 short'] }),
    )
  })

  test('may be forced, with a warning', async () => {
    const run = await workspace.analyse(await workspace.writeForecasts('horizons-forced.parquet', rows), { model: 'short' })
    expect(await run.riskOf('s')).toMatchObject({ model: 'short', mae: 0, horizon_periods: 8 })
    expect(run.manifest.warnings).toContainEqual(expect.objectContaining({ code: 'short-horizon', count: 2 }))
  })
})

describe('hold-out accuracy', () => {
  // 28 days, of which the last seven are the last window. Until then `early` is off by 1 and `late` by 2, in the window by 10 and 3.
  const actual = times(28, 50)
  const off = (before: number, last: number): number[] => [...times(21, 50 + before), ...times(7, 50 + last)]
  const holdOutSchema = z.object({ hold_out: z.array(z.record(z.string(), z.unknown())) })
  let forecasts: string
  beforeAll(async () => {
    forecasts = await workspace.writeForecasts('hold-out.parquet', [
      ...seriesRows({ server: 's', model: 'early', actual, predicted: off(1, 10), horizon: times(7, 50) }),
      ...seriesRows({ server: 's', model: 'late', actual, predicted: off(2, 3), horizon: times(7, 50) }),
      // Its models cover different times.
      ...seriesRows({ server: 'uneven', model: 'early', actual, predicted: off(1, 10), horizon: times(7, 50) }),
      ...seriesRows({ server: 'uneven', model: 'late', actual, predicted: [null, ...off(2, 3).slice(1)], horizon: times(7, 50) }),
    ])
  })

  test('is that of the model selected without the last window, next to the one of the selected model', async () => {
    const { hold_out: holdOut } = await (await workspace.analyse(forecasts)).json('model_accuracy.json', holdOutSchema)
    // Over all days `late` wins by (21 x 2 + 7 x 3) / 28; without the window `early` does, which is then off by 10.
    expect(holdOut).toEqual([{ metric: 'cpu_p95', series: 1, in_sample_mae: expect.closeTo(2.25, 9), hold_out_mae: expect.closeTo(10, 9) }])
  })

  test('is that of each series, where their last windows lie at different times', async () => {
    const earlier = seriesRows({
      server: 'earlier',
      model: 'early',
      actual: times(24, 50),
      predicted: times(24, 52),
      horizon: times(7, 50),
    })
    const path = await workspace.writeForecasts('hold-out-windows.parquet', [
      ...seriesRows({ server: 's', model: 'early', actual, predicted: off(1, 10), horizon: times(7, 50) }),
      ...seriesRows({ server: 's', model: 'late', actual, predicted: off(2, 3), horizon: times(7, 50) }),
      ...earlier,
    ])
    const { hold_out: holdOut } = await (await workspace.analyse(path)).json('model_accuracy.json', holdOutSchema)
    // `earlier` is off by 2 on all days.
    expect(holdOut).toEqual([
      { metric: 'cpu_p95', series: 2, in_sample_mae: expect.closeTo((2.25 + 2) / 2, 9), hold_out_mae: expect.closeTo((10 + 2) / 2, 9) },
    ])
  })

  test('is not known for a forced model', async () => {
    const run = await workspace.analyse(forecasts, { model: 'late' })
    expect((await run.json('model_accuracy.json', holdOutSchema)).hold_out).toEqual([])
  })
})

test('pinball losses: half the mean absolute error, and that of the upper bound moved to the 95 % quantile', async () => {
  const rows = seriesRows({ server: 's', actual: times(20, 50), predicted: times(20, 48), horizon: [50] })
  const run = await workspace.analyse(
    await workspace.writeForecasts(
      'pinball.parquet',
      rows.map((row) => ({ ...row, yhat_lower: row.predicted! - 4, yhat_upper: row.predicted! + 4 })),
    ),
  )
  const { models } = await run.json('model_accuracy.json', z.object({ models: z.array(z.record(z.string(), z.unknown())) }))
  // Bounds at 80 %: z 1.281552. The quantile is 48 + 4 x 1.644854 / 1.281552 = 53.133943, which lies 3.133943 too high.
  expect(models[0]).toMatchObject({ pinball_50: expect.closeTo(1, 9), pinball_95: expect.closeTo(0.05 * 3.1339432, 6) })
})

test('the pinball loss of values in millions with bounds far from them, at a level so low that they are stretched by ten', async () => {
  const rows = seriesRows({ server: 's', actual: times(20, 3_900_000), predicted: times(20, 3_900_000), horizon: [50] })
  const run = await workspace.analyse(
    await workspace.writeForecasts(
      'pinball-millions.parquet',
      rows.map((row) => ({ ...row, metric: 'memory_mb', yhat_lower: 0, yhat_upper: 0 })),
    ),
    { config: { interval_level: 0.13 } },
  )
  const { models } = await run.json('model_accuracy.json', z.object({ models: z.array(z.record(z.string(), z.unknown())) }))
  // z 1.644854 / 0.163658: the quantile lies 10.0505245 x 3.9 million below the forecast, which is what was measured.
  expect(models[0]).toMatchObject({ pinball_95: expect.closeTo(0.95 * 10.0505245 * 3_900_000, -1) })
})

test('nominal coverage is checked only where the backtest states a lead as long as the horizon', async () => {
  const isChecked = async (name: string, offset: string): Promise<unknown> => {
    const path = await workspace.writeQuery(
      name,
      `SELECT 's' AS server_id, TIMESTAMP '2026-01-01' + to_days(CAST(day AS INTEGER)) AS timestamp, 50 AS predicted,
              CASE WHEN day < 20 THEN 50 END AS actual${offset}
       FROM range(27) t(day)`,
    )
    return (await (await workspace.analyse(path)).json('model_accuracy.json', z.looseObject({})))['is_coverage_checked']
  }
  expect(await isChecked('lead-unknown.parquet', '')).toBe(false)
  expect(await isChecked('lead-short.parquet', ', 1 AS horizon_offset')).toBe(false)
  expect(await isChecked('lead-long.parquet', ', 1 + day % 7 AS horizon_offset')).toBe(true)
})

describe('own forecasts', () => {
  const actual = times(14, 50)
  const candidate = (server: string, model: string, error: number): ForecastRow[] =>
    seriesRows({ server, model, actual, predicted: shifted(actual, error), horizon: [50] })

  test('take their ensemble unless a single model has less than four fifths of its error', async () => {
    const run = await workspace.analyse(
      await workspace.writeForecasts('own.parquet', [
        ...candidate('close', 'theta', 4.25),
        ...candidate('close', 'median_ensemble', 5),
        ...candidate('clear', 'theta', 3.75),
        ...candidate('clear', 'median_ensemble', 5),
        ...candidate('another model', 'arima', 4.25),
        ...candidate('another model', 'median_ensemble', 5),
      ]),
    )
    const selected = (await run.serverRisk()).map(({ server_id, model }) => [server_id, model])
    expect(selected).toEqual([
      ['another model', 'arima'],
      ['clear', 'theta'],
      ['close', 'median_ensemble'],
    ])
  })
})
