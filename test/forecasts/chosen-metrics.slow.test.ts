// Analyses of some metrics only, and of metrics whose low values are the risk.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseConfig } from '../../src-main/config/parse-config.ts'
import { planSparkJob } from '../../src-main/engine/spark/plan-spark-job.ts'
import { seriesRows, times } from '../fixtures/forecast-rows.ts'
import { ForecastWorkspace, type FinishedRun, type ForecastRow } from '../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

let files = 0
const analyse = async (rows: readonly ForecastRow[], config = {}): Promise<FinishedRun> =>
  workspace.analyse(await workspace.writeForecasts(`metrics-${++files}.parquet`, rows), { config })

const cpu = seriesRows({ server: 'a', metric: 'cpu_p95', actual: times(30, 50), horizon: times(10, 60) })
const memory = ['a', 'b'].flatMap((server) => seriesRows({ server, metric: 'mem_p95', actual: times(30, 50), horizon: times(10, 95) }))

describe('a list of metrics', () => {
  test('leaves the figures of the others out, and their rows without flags', async () => {
    const [all, some, alone] = [
      await analyse([...cpu, ...memory]),
      await analyse([...cpu, ...memory], { metrics: ['cpu_p95'] }),
      await analyse(cpu),
    ]
    expect(all.manifest.counts).toMatchObject({ total_servers: 2, at_risk_servers: 2 })
    expect(some.manifest.counts).toMatchObject({ total_servers: 1, at_risk_servers: 0 })
    expect(some.manifest.metrics).toEqual(['cpu_p95'])
    expect(await some.serverRisk()).toEqual(await alone.serverRisk())
    expect(
      await some.flagged(`SELECT metric, CAST(count(*) AS INTEGER) AS rows, CAST(count(risk_flag) AS INTEGER) AS flags,
        CAST(count_if(is_selected) AS INTEGER) AS selected FROM flagged GROUP BY metric ORDER BY metric`),
    ).toEqual([
      { metric: 'cpu_p95', rows: 40, flags: 40, selected: 40 },
      { metric: 'mem_p95', rows: 80, flags: 0, selected: 0 },
    ])
  })

  test('names metrics that no forecast has, and is refused where none is left', async () => {
    const run = await analyse([...cpu, ...memory], { metrics: ['cpu_p95', 'men_p95'] })
    expect(run.manifest.warnings.map(({ message }) => message)).toContain(
      'No forecast has these chosen metrics: men_p95 (nearest: mem_p95).',
    )
    await expect(analyse(cpu, { metrics: ['cpu_p9'] })).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringMatching(/^metrics-.*\.parquet has none of the metrics cpu_p9 \(nearest: cpu_p95\)\.$/),
      next: 'Choose from cpu_p95.',
    })
  })
})

describe('a metric of which a low value is the risk', () => {
  const random = (index: number): number => ((index * 7919) % 64) / 2
  const used = Array.from({ length: 60 }, (_, index) => 40 + random(index))
  const forecast = (server: string, level: number): ForecastRow[] =>
    seriesRows({
      server,
      actual: used,
      predicted: used.map((value, index) => value + (random(index + 3) - 16) / 4),
      horizon: Array.from({ length: 20 }, (_, index) => level + random(index)),
    }).map((row) => ({ ...row, metric: 'disk_used_percent', yhat_lower: row.predicted! - 4, yhat_upper: row.predicted! + 8 }))
  const usedRows = [...forecast('a', 30), ...forecast('b', 55), ...forecast('c', 66)]
  const freeRows = usedRows.map((row) => ({
    ...row,
    metric: 'disk_free_percent',
    actual: row.actual === null || row.actual === undefined ? null : 100 - row.actual,
    predicted: 100 - row.predicted!,
    yhat_lower: 100 - row.yhat_upper!,
    yhat_upper: 100 - row.yhat_lower!,
  }))
  const free = { metric_directions: { disk_free_percent: 'below' }, metric_thresholds: { disk_free_percent: { high: 10, very_high: 5 } } }

  test('has every figure of its used share', async () => {
    const [usedRun, freeRun] = [
      await analyse(usedRows, { metric_thresholds: { disk_used_percent: { high: 90, very_high: 95 } } }),
      await analyse(freeRows, free),
    ]
    const figures = async (run: FinishedRun): Promise<unknown> =>
      (await run.serverRisk()).map((row) =>
        Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'metric' && name !== 'limiting_metric')),
      )
    expect(await figures(freeRun)).toEqual(await figures(usedRun))
    expect(freeRun.manifest.counts).toEqual(usedRun.manifest.counts)
    expect(freeRun.manifest.counts.at_risk_servers).toBeGreaterThan(0)
    expect(freeRun.manifest.warnings.map(({ message }) => message)).toContain(
      'Figures of 1 metric are used shares, 100 - value, since a low value is the risk: disk_free_percent.',
    )
  })

  test('has the general thresholds of used shares, and is never at risk without a direction', async () => {
    expect(
      (await analyse(freeRows, { metric_directions: { disk_free_percent: 'below' } })).manifest.counts.at_risk_servers,
    ).toBeGreaterThan(0)
    expect((await analyse(freeRows)).manifest.counts.at_risk_servers).toBe(0)
  })

  test('is asked for its unit where its values look like fractions', async () => {
    const fractions = freeRows.map((row) => ({
      ...row,
      actual: row.actual === null ? null : row.actual / 100,
      predicted: row.predicted / 100,
      yhat_lower: null,
      yhat_upper: null,
    }))
    await expect(analyse(fractions, { metric_directions: { disk_free_percent: 'below' } })).rejects.toMatchObject({
      code: 'input-unit-unclear',
    })
    const run = await analyse(fractions, { ...free, metric_units: { disk_free_percent: 'fraction' } })
    expect((await run.riskOf('c'))['horizon_p95']).toBeCloseTo(
      Number((await (await analyse(freeRows, free)).riskOf('c'))['horizon_p95']),
      9,
    )
  })

  test('must be a percentage, with thresholds in falling order', () => {
    expect(() => parseConfig({ metric_directions: { freeable_queue_bytes: 'below' } }, 'headroom')).toThrow(
      'metric_directions turns percentages only, but freeable_queue_bytes is in another unit.',
    )
    expect(() => parseConfig({ ...free, metric_thresholds: { disk_free_percent: { high: 5, very_high: 10 } } }, 'headroom')).toThrow(
      'In metric_thresholds, very_high 10 of disk_free_percent is above its high 5.',
    )
  })

  test('is part of a Spark plan', async () => {
    const path = await workspace.writeForecasts('planned.parquet', [...freeRows, ...cpu])
    const { steps } = await planSparkJob({
      inputs: [path],
      out: `${workspace.folder}/plan`,
      config: free,
    })
    expect(steps.find(({ name }) => name === 'forecast_rows')?.sql).toContain('100 - ')
    await expect(planSparkJob({ inputs: [path], out: `${workspace.folder}/plan`, config: { metrics: ['cpu_p95'] } })).rejects.toMatchObject(
      {
        message: 'A Spark cluster analyses all metrics, but the setting metrics names some.',
      },
    )
  })
})
