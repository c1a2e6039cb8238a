// Paths and probabilities from a forecast's own quantiles, by hand and through a whole analysis.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  drawQuantilePaths,
  joinStepQuantiles,
  quantilePathCount,
  shareAbove,
  type Quantile,
} from '../../../src-main/engine/breach/quantile-paths.ts'
import { createPathFigures, measurePaths } from '../../../src-main/engine/breach/simulate-paths.ts'
import { literal } from '../../../src-main/database/database.ts'
import { timeAfter, times } from '../../fixtures/forecast-rows.ts'
import { ForecastWorkspace, type FinishedRun, type ForecastRow } from '../../fixtures/forecast-workspace.ts'

const unlimited = { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY }
const stated: readonly Quantile[] = [
  { level: 0.1, value: 55 },
  { level: 0.5, value: 75 },
  { level: 0.9, value: 95 },
]

/** Paths of as many steps with the same quantiles, path after path. */
const draw = (quantiles: readonly Quantile[], steps: number, correlation: number, seed: number, range = unlimited): Float64Array => {
  const out = new Float64Array(quantilePathCount * steps)
  drawQuantilePaths(joinStepQuantiles(times(steps, quantiles))!, correlation, range, seed, out)
  return out
}

/** Share of the paths that rise above 80, mean over five seeds: the sampling error of one is 0.011. */
const probabilityAbove80 = (steps: number, correlation: number): number => {
  const shares = [1, 2, 3, 4, 5].map((seed) => {
    const figures = createPathFigures(quantilePathCount)
    measurePaths(draw(stated, steps, correlation, seed), steps, 80, figures)
    return shareAbove(figures.maxima, 80)
  })
  return shares.reduce((sum, share) => sum + share, 0) / shares.length
}

describe('P10 55, P50 75, P90 95 against 80', () => {
  // 80 lies a quarter of the way from P50 to P90: z = 0.3204, above it 0.374.
  test('one step: 0.374', () => expect(Math.abs(probabilityAbove80(1, 0.7) - 0.374)).toBeLessThan(0.02))
  test('thirty independent steps: almost certain', () => expect(probabilityAbove80(30, 0)).toBeGreaterThan(0.99))
  test('thirty steps that move as one: 0.374', () => expect(Math.abs(probabilityAbove80(30, 0.999_999) - 0.374)).toBeLessThan(0.02))
  // A million paths by NumPy: 0.9957 and 0.9150.
  test('thirty steps of days and of hours lie between', () => {
    expect(Math.abs(probabilityAbove80(30, 0.7) - 0.9957)).toBeLessThan(0.003)
    expect(Math.abs(probabilityAbove80(30, 0.9) - 0.915)).toBeLessThan(0.01)
  })
})

describe('drawQuantilePaths', () => {
  test('the share of values below each quantile is its level, also below skewed ones and beyond the outermost', () => {
    const quantiles = [
      { level: 0.1, value: 10 },
      { level: 0.5, value: 20 },
      { level: 0.9, value: 60 },
    ]
    const values = draw(quantiles, 50, 0.7, 9)
    const shareBelow = (limit: number): number => 1 - shareAbove(values, limit)
    for (const { level, value } of quantiles) expect(Math.abs(shareBelow(value) - level)).toBeLessThan(0.01)
    // z of 0.99 is 2.3263; the slope from P50 to P90 is 40 / 1.2816.
    expect(Math.abs(shareBelow(20 + (40 / 1.2816) * 2.3263) - 0.99)).toBeLessThan(0.004)
    // z of 0.01, with the slope from P10 to P50 of 10 / 1.2816.
    expect(Math.abs(shareBelow(20 - (10 / 1.2816) * 2.3263) - 0.01)).toBeLessThan(0.004)
  })
  test('neighbouring steps have the correlation', () => {
    const values = draw(
      [
        { level: 0.1, value: -1.2816 },
        { level: 0.9, value: 1.2816 },
      ],
      2,
      0.7,
      3,
    )
    let products = 0
    for (let path = 0; path < quantilePathCount; path++) products += values[2 * path]! * values[2 * path + 1]!
    expect(Math.abs(products / quantilePathCount - 0.7)).toBeLessThan(0.06)
  })
  test('paths stay within their range', () => {
    const values = draw(stated, 10, 0.7, 4, { min: 60, max: 90 })
    expect([Math.min(...values), Math.max(...values)]).toEqual([60, 90])
  })
  test('crossed values are put in order; a step with one quantile has no paths', () => {
    const crossed = joinStepQuantiles([
      [
        { level: 0.1, value: 60 },
        { level: 0.5, value: 50 },
      ],
    ])
    expect(crossed!.values).toEqual(Float64Array.from([50, 60]))
    expect(joinStepQuantiles([stated, [{ level: 0.5, value: 50 }]])).toBeNull()
  })
})

test('a value on the threshold counts half', () => {
  expect(shareAbove(Float64Array.from([79, 80, 81, 81]), 80)).toBe(0.625)
})

describe('an analysis of forecasts without a backtest', () => {
  let workspace: ForecastWorkspace
  beforeAll(async () => {
    workspace = await ForecastWorkspace.open()
  })
  afterAll(async () => workspace.close())

  const forecastOf = (server: string, predicted: number, width: number | null): ForecastRow[] =>
    times(30, predicted).map((value, day) => ({
      server_id: server,
      timestamp: timeAfter('2026-03-01', day),
      predicted: value,
      yhat_lower: width === null ? null : value - width,
      yhat_upper: width === null ? null : value + width,
    }))
  const analyse = async (rows: readonly ForecastRow[], config: Record<string, unknown> = {}): Promise<FinishedRun> =>
    workspace.analyse(await workspace.writeForecasts('horizon.parquet', rows), { config })

  test('bounds give probabilities that decide, marked as not calibrated', async () => {
    const run = await analyse([...forecastOf('wide', 75, 20), ...forecastOf('calm', 50, 5), ...forecastOf('bare', 85, null)])
    const wide = await run.riskOf('wide')
    expect(wide).toMatchObject({ path_source: 'quantiles', risk_basis: 'probable', is_at_risk: true, horizon_p95: 75 })
    // The P95 of thirty such days lies near 75 + 1.6 x 15.6.
    expect(wide['p95_median']).toBeGreaterThan(90)
    expect(wide['p95_median']).toBeLessThan(wide['p95_p90'] as number)
    expect(wide['breach_probability']).toBeGreaterThanOrEqual(wide['at_risk_probability'] as number)
    expect(wide['very_high_probability']).toBeLessThan(wide['at_risk_probability'] as number)
    expect(wide['first_breach_p20']).not.toBeNull()
    expect(await run.riskOf('calm')).toMatchObject({ at_risk_probability: 0.01, breach_probability: 0.01, is_at_risk: false })
    expect(await run.riskOf('bare')).toMatchObject({
      path_source: null,
      at_risk_probability: null,
      breach_probability: null,
      risk_basis: 'expected',
      is_at_risk: true,
    })
    expect(run.manifest.quantile_paths).toEqual({ series: 2, paths: 2000, step_correlation: 0.7 })
    expect(run.manifest.warnings.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['uncalibrated-probability', 'unknown-probability']),
    )
  })
  test('without bounds nothing is known', async () => {
    const run = await analyse(forecastOf('bare', 70, null))
    expect(await run.riskOf('bare')).toMatchObject({ at_risk_probability: null, p95_median: null, risk_basis: 'expected' })
    expect(run.manifest.quantile_paths).toBeNull()
    expect(run.manifest.warnings.map(({ code }) => code)).toContain('unknown-probability')
  })
  test('the stated level of the bounds counts', async () => {
    const rows = forecastOf('wide', 75, 10)
    const probabilityAt = async (level: number): Promise<unknown> =>
      (await (await analyse(rows, { interval_level: level })).riskOf('wide'))['at_risk_probability']
    // 80 is exceeded by more than one half where 10 points are 1.28 deviations, by less where they are 2.58.
    expect(await probabilityAt(0.8)).toBeGreaterThan(0.9)
    expect(await probabilityAt(0.99)).toBeLessThan(0.9)
  })
  test('the level in the names of the bounds counts as the stated one does', async () => {
    const named = await workspace.writeQuery(
      'named.parquet',
      `SELECT 'wide' AS server_id, TIMESTAMP '2026-03-01' + to_days(CAST(day AS INTEGER)) AS timestamp, 75.0 AS q50, 65.0 AS q05, 85.0 AS q95 FROM range(30) t(day)`,
    )
    const byName = await (await workspace.analyse(named)).riskOf('wide')
    const byConfig = await (await analyse(forecastOf('wide', 75, 10), { interval_level: 0.9 })).riskOf('wide')
    expect(byName['p95_median']).toBeCloseTo(byConfig['p95_median'] as number, 9)
  })
  test('further quantiles count: levels in column names', async () => {
    const path = await workspace.writeQuery(
      'quantiles.parquet',
      `SELECT 's' AS server_id, TIMESTAMP '2026-03-01' + to_days(CAST(day AS INTEGER)) AS timestamp, 60.0 AS q50, 55.0 AS q10, 65.0 AS q90, 95.0 AS q95
       FROM range(30) t(day)`,
    )
    const run = await workspace.analyse(path)
    // By the bounds alone the P95 never comes near 80. One day in twenty above 95 lifts it.
    const tail = await run.riskOf('s')
    expect(tail).toMatchObject({ path_source: 'quantiles' })
    expect(tail['p95_p90']).toBeGreaterThan(80)
  })
  test('neither the order of the rows nor threads change a byte', async () => {
    const rows = [...forecastOf('a', 75, 20), ...forecastOf('b', 70, 15)]
    const figures = async (ordered: readonly ForecastRow[], threads: number): Promise<unknown> => {
      const run = await workspace.analyse(await workspace.writeForecasts('ordered.parquet', ordered), { config: {}, threads })
      return workspace.query(`SELECT md5(content) AS hash FROM read_blob(${literal(`${run.folder}/server_risk.parquet`)})`)
    }
    const first = await figures(rows, 1)
    expect(await figures([...rows].reverse(), 1)).toEqual(first)
    expect(await figures(rows, 4)).toEqual(first)
  })
})
