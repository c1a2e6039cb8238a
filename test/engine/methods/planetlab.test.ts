// A real fleet of 486 machines: the figures of Module 05 to the last count, and those of the default method.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { literal } from '../../../src-main/database/database.ts'
import { verifyRunFolder } from '../../../src-main/run-folder/read-run-folder.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { planetlab } from '../../fixtures/fleets.ts'
import { ForecastWorkspace, type FinishedRun } from '../../fixtures/forecast-workspace.ts'

const referenceSchema = z.object({
  rows: z.number(),
  servers: z.number(),
  risk_flag_rows: z.number(),
  risk_level_rows: z.object({ high: z.number(), medium: z.number() }),
  is_eoq_rows: z.number(),
  is_holiday_rows: z.number(),
  servers_with_seasonal_peak: z.number(),
  underutilized_servers_below_30: z.number(),
  underutilized_rows_below_30: z.number(),
  kmeans: z.object({
    inertia: z.number(),
    centers_by_mean: z.array(z.tuple([z.number(), z.number()])),
    sizes_by_mean: z.array(z.number()),
  }),
  total_savings_usd: z.number(),
  underutilized_count: z.number(),
})

const summarySchema = z.looseObject({
  total_servers: z.number(),
  at_risk_servers: z.number(),
  underutilized_servers: z.number(),
  optimization_savings_usd: z.number(),
  underutilized_count: z.number(),
  servers_with_seasonal_peak: z.number(),
  kmeans_inertia: z.number(),
  clusters: z.array(z.object({ size: z.number(), centre: z.record(z.string(), z.number()) })),
})

describe.skipIf(!planetlab.isAvailable)(`the PlanetLab fleet${planetlab.skipNote}`, () => {
  let workspace: ForecastWorkspace
  beforeAll(async () => {
    workspace = await ForecastWorkspace.open()
  })
  afterAll(async () => workspace.close())

  describe('by the method of Module 05', () => {
    let run: FinishedRun
    let expected: z.infer<typeof referenceSchema>
    let summary: z.infer<typeof summarySchema>
    beforeAll(async () => {
      expected = referenceSchema.parse(JSON.parse(await readFile(join(planetlab.reference, 'planetlab.json'), 'utf8')))
      run = await workspace.analyse(planetlab.forecasts, { method: 'module05' })
      summary = await run.json(runFiles.summary, summarySchema)
    })

    test('has the same counts of rows in the flagged file', async () => {
      const [counts] = await run.flagged(
        `SELECT count(*)::DOUBLE AS rows, count(DISTINCT server_id)::DOUBLE AS servers,
                count_if(risk_flag)::DOUBLE AS risk_flag_rows,
                count_if(risk_level = 'high')::DOUBLE AS high, count_if(risk_level = 'medium')::DOUBLE AS medium,
                count_if(is_eoq)::DOUBLE AS is_eoq_rows, count_if(is_holiday)::DOUBLE AS is_holiday_rows,
                count(DISTINCT server_id) FILTER (WHERE seasonal_peak_risk IS NOT NULL)::DOUBLE AS servers_with_seasonal_peak,
                count(DISTINCT server_id) FILTER (WHERE is_underutilized)::DOUBLE AS underutilized_servers,
                count_if(is_underutilized)::DOUBLE AS underutilized_rows
         FROM flagged`,
      )
      expect(counts).toEqual({
        rows: expected.rows,
        servers: expected.servers,
        risk_flag_rows: expected.risk_flag_rows,
        high: expected.risk_level_rows.high,
        medium: expected.risk_level_rows.medium,
        is_eoq_rows: expected.is_eoq_rows,
        is_holiday_rows: expected.is_holiday_rows,
        servers_with_seasonal_peak: expected.servers_with_seasonal_peak,
        underutilized_servers: expected.underutilized_servers_below_30,
        underutilized_rows: expected.underutilized_rows_below_30,
      })
    })

    test('has the same summary', () => {
      expect(summary).toMatchObject({
        total_servers: expected.servers,
        at_risk_servers: expected.risk_flag_rows,
        underutilized_servers: expected.underutilized_rows_below_30,
        optimization_savings_usd: expected.total_savings_usd,
        underutilized_count: expected.underutilized_count,
        servers_with_seasonal_peak: expected.servers_with_seasonal_peak,
        distinct_servers: { underutilized: expected.underutilized_servers_below_30 },
      })
    })

    test('has the same clusters: sizes, centres, inertia and every member', async () => {
      expect(summary.clusters.map(({ size }) => size)).toEqual(expected.kmeans.sizes_by_mean)
      summary.clusters.forEach(({ centre }, cluster) => {
        const [mean, std] = expected.kmeans.centers_by_mean[cluster]!
        expect(centre['mean']).toBeCloseTo(mean, 9)
        expect(centre['std']).toBeCloseTo(std, 9)
      })
      expect(Math.abs(summary.kmeans_inertia / expected.kmeans.inertia - 1)).toBeLessThan(1e-6)
      const pairs = await workspace.database.rows(
        `SELECT ours.cluster::INTEGER AS "actualValue", theirs.cluster_by_mean::INTEGER AS "referenceValue"
         FROM read_csv(${literal(join(run.folder, runFiles.clusters))}) ours
         JOIN read_csv(${literal(join(planetlab.reference, 'planetlab_clusters.csv'))}) theirs ON CAST(ours.server_id AS VARCHAR) = CAST(theirs.server_id AS VARCHAR)`,
        z.object({ actualValue: z.int(), referenceValue: z.int() }),
      )
      expect(pairs).toHaveLength(expected.servers)
      expect(adjustedRandIndex(pairs)).toBe(1)
    })
  })

  describe('by the default method', () => {
    let run: FinishedRun
    beforeAll(async () => {
      run = await workspace.analyse(planetlab.forecasts, { config: { basis: 'expected' } })
    })

    test('leaves the twelve files, which verify', async () => {
      expect((await readdir(run.folder)).sort()).toEqual(Object.values(runFiles).sort())
      const { files } = await verifyRunFolder(run.folder)
      expect(files).toHaveLength(11)
      expect(files.filter(({ state }) => state !== 'ok')).toEqual([])
    })

    test('is hourly with gaps, which are warned of', () => {
      expect(run.manifest).toMatchObject({ granularity: 'hourly', step_seconds: 3600, horizon: { periods: 24 } })
      expect(run.manifest.warnings.map(({ code }) => code)).toContain('gaps')
    })

    test('counts each server once, by the P95 of its selected model', async () => {
      const { counts } = run.manifest
      expect(counts).toMatchObject({ rows: 104_976, total_servers: 486, series: 486, models: 3 })
      // Worked out again from the input alone and the models that the run names.
      const selected = `(SELECT server_id AS id, model AS selected FROM read_parquet(${literal(join(run.folder, runFiles.serverRisk))}))`
      const [outside] = await workspace.query(
        `WITH measured AS (
           SELECT server_id, max("timestamp") AS last FROM read_parquet(${literal(planetlab.forecasts)}) WHERE actual IS NOT NULL GROUP BY server_id)
         SELECT count_if(p95 > 80)::DOUBLE AS at_risk, count_if(mean < 40)::DOUBLE AS idle
         FROM (SELECT quantile_cont(predicted, 0.95) AS p95, avg(predicted) AS mean
               FROM read_parquet(${literal(planetlab.forecasts)}) f JOIN ${selected} ON id = f.server_id AND selected = f.model
               WHERE is_future AND f.server_id IN (SELECT server_id FROM measured WHERE last >= (SELECT max(last) FROM measured) - INTERVAL 14 HOUR)
               GROUP BY f.server_id)`,
      )
      expect(outside).toEqual({ at_risk: counts.at_risk_servers, idle: counts.underutilized_servers })
      expect(counts.at_risk_servers).toBeGreaterThan(0)
    })

    test('selects the model with the least error over the times that all three forecast', async () => {
      const [wrong] = await workspace.query(
        `WITH rows AS (SELECT server_id, model, "timestamp", abs(actual - predicted) AS error FROM read_parquet(${literal(planetlab.forecasts)})
                       WHERE NOT is_future AND actual IS NOT NULL AND predicted IS NOT NULL),
         common AS (SELECT server_id, "timestamp" FROM rows GROUP BY ALL HAVING count(*) = 3),
         errors AS (SELECT server_id, model, avg(error) AS mae, count(*) AS points FROM rows SEMI JOIN common USING (server_id, "timestamp") GROUP BY ALL),
         chosen AS (SELECT server_id, model, mae FROM read_parquet(${literal(join(run.folder, runFiles.serverRisk))}))
         SELECT count(*)::DOUBLE AS servers, count_if(points < 14)::DOUBLE AS short, count_if(abs(c.mae - e.mae) > 1e-9)::DOUBLE AS other_errors,
                count_if(e.mae > (SELECT min(mae) FROM errors least WHERE least.server_id = c.server_id) + 1e-9)::DOUBLE AS not_least
         FROM chosen c JOIN errors e USING (server_id, model)`,
      )
      expect(wrong).toEqual({ servers: 486, short: 0, other_errors: 0, not_least: 0 })
    })
  })
})

/** Agreement of two partitions, 1 where they are the same (Hubert and Arabie 1985). */
const adjustedRandIndex = (pairs: readonly { readonly actualValue: number; readonly referenceValue: number }[]): number => {
  const countBy = (key: (currentPair: { readonly actualValue: number; readonly referenceValue: number }) => string): number[] => {
    const counts = new Map<string, number>()
    for (const currentPair of pairs) counts.set(key(currentPair), (counts.get(key(currentPair)) ?? 0) + 1)
    return [...counts.values()]
  }
  const countPairs = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + (count * (count - 1)) / 2, 0)
  const pairsTogether = countPairs(countBy(({ actualValue, referenceValue }) => `${actualValue} ${referenceValue}`))
  const actualValue = countPairs(countBy((currentPair) => String(currentPair.actualValue)))
  const referenceValue = countPairs(countBy((currentPair) => String(currentPair.referenceValue)))
  const expectedPairs = (actualValue * referenceValue) / countPairs([pairs.length])
  return (pairsTogether - expectedPairs) / ((actualValue + referenceValue) / 2 - expectedPairs)
}
