// Baselines: Headroom's own forecasts are added to a pipeline's models, over the same horizon.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { planSparkJob } from '../../src-main/engine/spark/plan-spark-job.ts'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

const level = `50 + 8 * (i % 7) + hash(s, i) % 100 / 50.0`
/** 84 measured days of two servers and 14 days ahead: the pipeline knows server 1 to 0.1, and is 20 off for server 0. */
const pipeline = (name: string, { factor = 1, hour = 0 } = {}): Promise<string> =>
  workspace.writeQuery(
    `${name}.parquet`,
    `SELECT 's' || s AS server_id, 'mine' AS model, 'cpu_p95' AS metric, TIMESTAMP '2026-03-01' + to_days(CAST(i AS INTEGER)) + to_hours(${hour}) AS timestamp,
            CASE WHEN i < 84 THEN ${factor} * (${level}) END AS actual, ${factor} * (${level} + CASE s WHEN 0 THEN 20 ELSE 0.1 END) AS predicted
     FROM range(2) a(s), range(98) b(i)`,
  )
const config = { with_baselines: true }

describe('an analysis with baselines', () => {
  test('shows where the pipeline beats them, and leaves its rows as they are', async () => {
    const input = await pipeline('pipeline')
    const run = await workspace.analyse(input, { config })
    const [unknowing, knowing] = [await run.riskOf('s0'), await run.riskOf('s1')]
    expect(unknowing['model']).toMatch(/^headroom_/)
    expect(knowing['model']).toBe('mine')
    expect([unknowing['horizon_start'], unknowing['horizon_end']]).toEqual(['2026-05-24T00:00:00', '2026-06-06T00:00:00'])
    const rowsOf = (model: string): Promise<Readonly<Record<string, unknown>>[]> =>
      run.flagged(
        `SELECT CAST(count(*) AS INTEGER) AS n, CAST(sum(predicted) AS DECIMAL(18, 6)) AS total FROM flagged WHERE model = '${model}'`,
      )
    expect(await rowsOf('mine')).toEqual(
      await workspace.query(
        `SELECT CAST(count(*) AS INTEGER) AS n, CAST(sum(predicted) AS DECIMAL(18, 6)) AS total FROM read_parquet('${input}')`,
      ),
    )
    // Three windows of 14 days fit in half of 84 days; the fourth is the horizon.
    expect(await rowsOf('headroom_theta')).toMatchObject([{ n: 2 * 4 * 14 }])
    expect(run.manifest.warnings[0]).toMatchObject({
      code: 'baselines-added',
      message: expect.stringContaining('Forecast 14 days ahead from daily values.'),
    })
    expect(run.manifest.inputs).toMatchObject([{ path: input, rows: 196 }])
  })

  test('converts fractions once', async () => {
    const percent = await workspace.analyse(await pipeline('percent'), { config })
    const fractions = await workspace.analyse(await pipeline('fractions', { factor: 0.01 }), {
      config: { ...config, metric_units: { cpu_p95: 'fraction' } },
    })
    for (const server of ['s0', 's1']) {
      const [expected, found] = [await percent.riskOf(server), await fractions.riskOf(server)]
      expect(found['model']).toBe(expected['model'])
      expect(found['horizon_p95']).toBeCloseTo(Number(expected['horizon_p95']), 6)
    }
  })

  test('lists the models of both with their errors', async () => {
    const { models } = await (
      await workspace.analyse(await pipeline('models'), { config })
    ).json('model_accuracy.json', z.object({ models: z.array(z.object({ model: z.string(), mae: z.number() })) }))
    expect(models.map(({ model }) => model)).toEqual(
      expect.arrayContaining(['mine', 'headroom_median_ensemble', 'headroom_seasonal_naive']),
    )
  })

  test('is refused where times begin no day', async () => {
    await expect(workspace.analyse(await pipeline('evening', { hour: 18 }), { config })).rejects.toMatchObject({
      code: 'input-unclear',
      message: 'The times of evening.parquet do not begin a day in UTC.',
    })
  })

  test('is refused by the week', async () => {
    const input = await workspace.writeQuery(
      'weekly.parquet',
      `SELECT 'a' AS server_id, TIMESTAMP '2026-01-05' + to_days(CAST(7 * i AS INTEGER)) AS timestamp, CASE WHEN i < 30 THEN 1.0 * i END AS actual, 1.0 * i AS predicted FROM range(34) t(i)`,
    )
    await expect(workspace.analyse(input, { config })).rejects.toThrow(
      'Baselines need a value a day or an hour in all series; weekly.parquet has one every 7 days.',
    )
  })

  test("is refused by Module 05's method and on Spark", async () => {
    const input = await pipeline('refused')
    await expect(workspace.analyse(input, { config, method: 'module05' })).rejects.toMatchObject({ code: 'usage' })
    await expect(planSparkJob({ inputs: [input], out: `${workspace.folder}/plan`, config })).rejects.toThrow(
      'A Spark cluster makes no baselines',
    )
  })
})
