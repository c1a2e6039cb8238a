// Who is at risk on each basis: series, servers over their metrics, and what decides where a probability is not known.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { applyBasis } from '../../../src-main/engine/breach/apply-basis.ts'
import { completeConfig, storedConfigSchema } from '../../../src-shared/config/analysis-config.ts'
import { seriesRows, times } from '../../fixtures/forecast-rows.ts'
import { ForecastWorkspace, type TestRow } from '../../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

interface HandMadeServer {
  /** Of each metric: probabilities against 80 and 90 %, P95 at the sizing confidence over all paths and over breaching ones. */
  readonly metrics: readonly {
    readonly high: number | null
    readonly veryHigh?: number | null
    readonly sizing?: number
    readonly breaching?: number
  }[]
  readonly joint: number
  readonly jointVeryHigh?: number
  readonly forecastP95?: number
  readonly capacity?: number | null
  readonly purchase?: number
  readonly isSilent?: boolean
}

/** Applies the basis to one server of tables by hand. */
const applyTo = async ({
  metrics,
  joint,
  jointVeryHigh = 0,
  forecastP95 = 70,
  capacity = 4,
  purchase = 0.5,
  isSilent = false,
}: HandMadeServer): Promise<void> => {
  await workspace.query(`CREATE OR REPLACE TABLE series_risk AS
    SELECT id AS series_id, 's' AS server_id, 'm' || id AS metric, 80.0 AS high_threshold, 90.0 AS very_high_threshold, ${forecastP95} AS horizon_p95,
           ${forecastP95} > 80 AS is_at_risk, CASE WHEN ${forecastP95} > 80 THEN 'medium' ELSE 'low' END AS risk_level,
           ${isSilent} AS is_silent
    FROM range(${metrics.length}) t(id)`)
  const estimates = metrics.map(
    ({ high, veryHigh = 0, sizing = 80, breaching = null }, id) =>
      `(${id}, ${high}::DOUBLE, ${veryHigh}::DOUBLE, ${sizing}::DOUBLE, ${breaching}::DOUBLE)`,
  )
  await workspace.query(`CREATE OR REPLACE TABLE breach_estimates AS
    SELECT *, NULL::DOUBLE AS conservative_p95, CASE WHEN at_risk_probability IS NULL THEN 'expected' ELSE 'probable' END AS risk_basis
    FROM (VALUES ${estimates.join(', ')}) t(series_id, at_risk_probability, very_high_probability, sizing_p95, breaching_p95)`)
  await workspace.query(`CREATE OR REPLACE TABLE server_breaches AS
    SELECT 's' AS server_id, ${joint}::DOUBLE AS server_at_risk_probability, ${jointVeryHigh}::DOUBLE AS server_very_high_probability, ${joint}::DOUBLE AS server_breach_probability`)
  await workspace.query(`CREATE OR REPLACE TABLE server_attributes AS SELECT 's' AS server_id, ${capacity}::DOUBLE AS capacity_units`)
  await applyBasis(workspace.database, { basis: 'probable', purchase_probability: purchase })
}

describe('servers over their metrics', () => {
  /** Verdicts of one server: probabilities of its metrics against 80 and 90 %, and the joint ones. */
  const verdictOf = async (
    metrics: readonly (readonly [high: number | null, veryHigh: number | null])[],
    [joint, jointVeryHigh]: readonly [number, number],
    forecastP95 = 70,
  ): Promise<TestRow> => {
    await applyTo({ metrics: metrics.map(([high, veryHigh]) => ({ high, veryHigh })), joint, jointVeryHigh, forecastP95 })
    const [verdict] = await workspace.query(
      `SELECT is_server_at_risk, server_risk_level, (SELECT list(risk_level ORDER BY series_id) FROM series_risk)::VARCHAR AS levels FROM server_verdicts`,
    )
    return verdict!
  }

  test('a silent server has no verdict, however probable its breach', async () => {
    await applyTo({ metrics: [{ high: 0.9, veryHigh: 0.8 }], joint: 0.9, jointVeryHigh: 0.8, isSilent: true, forecastP95: 70 })
    expect(await workspace.query('SELECT is_server_at_risk, capacity_action, server_at_risk_probability FROM server_verdicts')).toEqual([
      { is_server_at_risk: false, capacity_action: null, server_at_risk_probability: 0.9 },
    ])
  })

  test('two metrics at 0.4 that are 0.7 together: the server is at risk, neither metric is', async () => {
    expect(
      await verdictOf(
        [
          [0.4, 0.1],
          [0.4, 0.1],
        ],
        [0.7, 0.2],
      ),
    ).toEqual({
      is_server_at_risk: true,
      server_risk_level: 'medium',
      levels: '[low, low]',
    })
  })
  test('exactly 0.5 is not likely; above it a metric is medium, above the very high threshold high', async () => {
    expect(await verdictOf([[0.5, 0.5]], [0.5, 0.5])).toEqual({ is_server_at_risk: false, server_risk_level: 'low', levels: '[low]' })
    expect(await verdictOf([[0.6, 0.5]], [0.6, 0.5])).toEqual({ is_server_at_risk: true, server_risk_level: 'medium', levels: '[medium]' })
    expect(await verdictOf([[0.6, 0.51]], [0.6, 0.51])).toEqual({ is_server_at_risk: true, server_risk_level: 'high', levels: '[high]' })
  })
  test("of a metric without a probability the forecast's P95 decides, of the other its probability", async () => {
    expect(
      await verdictOf(
        [
          [null, null],
          [0.1, 0],
        ],
        [0.1, 0],
        85,
      ),
    ).toEqual({
      is_server_at_risk: true,
      server_risk_level: 'medium',
      levels: '[medium, low]',
    })
  })
})

describe('capacity to add', () => {
  const needsOf = async (server: HandMadeServer): Promise<unknown[]> => {
    await applyTo(server)
    const [row] = await workspace.query(`
      SELECT (SELECT capacity_action FROM server_verdicts) AS action,
             to_json(list(round(percent_to_add, 6) ORDER BY series_id))::VARCHAR AS percent, to_json(list(round(units_to_add, 6) ORDER BY series_id))::VARCHAR AS units
      FROM capacity_needs`)
    return [row!['action'], row!['percent'], row!['units']]
  }

  test('brings the P95 at the sizing confidence down to the threshold, in whole units', async () => {
    // 88 / 80 - 1 = 10 % of 4 units is 0.4; of 20 units it is 2.
    expect(await needsOf({ metrics: [{ high: 0.6, sizing: 88 }], joint: 0.6 })).toEqual(['add capacity', '[10.0]', '[1.0]'])
    expect(await needsOf({ metrics: [{ high: 0.6, sizing: 88 }], joint: 0.6, capacity: 20 })).toEqual(['add capacity', '[10.0]', '[2.0]'])
  })
  test('is a percentage where the capacity is not stated, and a fraction where it is one', async () => {
    expect(await needsOf({ metrics: [{ high: 0.6, sizing: 88 }], joint: 0.6, capacity: null })).toEqual([
      'add capacity',
      '[10.0]',
      '[null]',
    ])
    expect(await needsOf({ metrics: [{ high: 0.6, sizing: 88 }], joint: 0.6, capacity: 2.5 })).toEqual(['add capacity', '[10.0]', '[0.25]'])
  })
  test('of a watched server is what the breaching paths need', async () => {
    expect(await needsOf({ metrics: [{ high: 0.3, sizing: 79, breaching: 100 }], joint: 0.3 })).toEqual(['watch', '[25.0]', '[1.0]'])
  })
  test('is at least one whole unit, for the metric that needs most', async () => {
    const metrics = [
      { high: 0.1, sizing: 70 },
      { high: 0.6, sizing: 80 },
    ]
    expect(await needsOf({ metrics, joint: 0.6 })).toEqual(['add capacity', '[0.0,0.0]', '[1.0,0.0]'])
  })
  test('is none where nothing is recommended, whatever the paths reach', async () => {
    expect(await needsOf({ metrics: [{ high: 0.2, sizing: 88 }], joint: 0.2 })).toEqual([null, '[0.0]', '[0.0]'])
  })
  test('a lower purchase probability adds capacity to servers that are not at risk', async () => {
    expect(await needsOf({ metrics: [{ high: 0.4, sizing: 88 }], joint: 0.4, purchase: 0.3 })).toEqual(['add capacity', '[10.0]', '[1.0]'])
    expect(await needsOf({ metrics: [{ high: 0.4, sizing: 88, breaching: 88 }], joint: 0.4 })).toEqual(['watch', '[10.0]', '[1.0]'])
  })
})

describe('in a run', () => {
  const rows = [
    // 65 and 85 in turn, 75 forecast: the P95 of what comes is 85.
    ...seriesRows({
      server: 'noisy',
      actual: Array.from({ length: 60 }, (_, day) => (day % 2 === 0 ? 65 : 85)),
      predicted: times(60, 75),
      horizon: times(30, 75),
    }),
    ...seriesRows({ server: 'calm', actual: times(60, 50), predicted: times(60, 50), horizon: times(30, 50) }),
  ]
  const verdicts = async (config: object): Promise<unknown[]> => {
    const run = await workspace.analyse(await workspace.writeForecasts('basis.parquet', rows), { config: { ...config } })
    const { is_at_risk, risk_level, risk_basis, horizon_p95 } = await run.riskOf('noisy')
    const warned = run.manifest.warnings.some(({ code }) => code === 'basis-expected')
    return [is_at_risk, risk_level, risk_basis, horizon_p95, run.manifest.counts.at_risk_servers, run.manifest.config.basis, warned]
  }
  test('a forecast below the threshold is at risk where what comes probably lies above it', async () => {
    expect(await verdicts({})).toEqual([true, 'medium', 'probable', 75, 1, 'probable', false])
    expect(await verdicts({ basis: 'expected' })).toEqual([false, 'low', 'expected', 75, 0, 'expected', false])
    expect(await verdicts({ basis: 'conservative' })).toEqual([true, 'medium', 'conservative', 75, 1, 'conservative', false])
  })
  test('without probabilities the basis is expected, with a warning', async () => {
    expect(await verdicts({ breach_probability: false })).toEqual([false, 'low', 'expected', 75, 0, 'expected', true])
  })
  test('a metric without a backtest falls back to the forecast, with a warning that names it', async () => {
    const mixed = await workspace.writeForecasts('mixed.parquet', [
      ...rows.map((row) => ({ ...row, metric: 'cpu_p95' })),
      ...seriesRows({ server: 'noisy', start: '2026-03-02', horizon: times(30, 85) }).map((row) => ({ ...row, metric: 'mem_p95' })),
    ])
    const run = await workspace.analyse(mixed)
    expect(await run.riskOf('noisy', 'mem_p95')).toMatchObject({ at_risk_probability: null, risk_basis: 'expected', is_at_risk: true })
    expect(await run.riskOf('noisy', 'cpu_p95')).toMatchObject({ risk_basis: 'probable', is_server_at_risk: true })
    expect(run.manifest.warnings).toContainEqual(
      expect.objectContaining({ code: 'unknown-probability', count: 1, examples: ['mem_p95 (1 series)'] }),
    )
  })
})

describe('the basis of a configuration', () => {
  test('Module 05 knows no probability', () => {
    expect(completeConfig({ basis: 'probable' }, 'module05').basis).toBe('expected')
  })
  test('of a manifest that states none is the one of its version', () => {
    const { basis: _, ...older } = completeConfig({}, 'headroom')
    expect(storedConfigSchema.parse(older).basis).toBe('expected')
    expect(storedConfigSchema.parse(completeConfig({}, 'headroom')).basis).toBe('probable')
  })
})
