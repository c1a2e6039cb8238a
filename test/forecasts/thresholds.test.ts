// Which metrics have thresholds, name by name, and which thresholds.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { completeConfig, hasThreshold, percentMetricTokens } from '../../src-shared/config/analysis-config.ts'
import { Database, literal } from '../../src-main/database/database.ts'
import { hasThresholdSql, thresholdsQuery } from '../../src-main/forecasts/thresholds.ts'

let database: Database
beforeAll(async () => {
  database = await Database.open()
})
afterAll(() => database.close())

const config = completeConfig(
  {
    target_metric: "the planner's own",
    percent_metrics: ['shares'],
    metric_thresholds: { queue_length: { high: 5, very_high: 9 }, cpu: { high: 70, very_high: 100.10000000000001 } },
    criticality_thresholds: { gold: { high: 60, very_high: 61 } },
  },
  'headroom',
)

test('names of every kind have a threshold in SQL where they have one in the configuration', async () => {
  const nameParts = [...percentMetricTokens.percent, ...percentMetricTokens.other, ...percentMetricTokens.commonPercentages]
  const names = [
    ...nameParts,
    ...nameParts.flatMap((word) => [`${word}_p95`, `net.${word}`, `CPU-${word.toUpperCase()}`, `x${word}`, `disk${word}`]),
    "the planner's own",
    'shares',
    'queue_length',
    'cpu95',
    'Speicher',
    '',
    '%',
    'µs pct',
    'cpu\nbytes',
  ]
  const found = await database.rows(
    `SELECT name, ${hasThresholdSql(config, 'name')} AS has_threshold FROM (VALUES ${names.map((name) => `(${literal(name)})`).join(', ')}) AS t(name)`,
    z.object({ name: z.string(), has_threshold: z.boolean() }),
  )
  expect(found).toHaveLength(names.length)
  expect(found.filter(({ name, has_threshold }) => has_threshold !== hasThreshold(config, name))).toEqual([])
  expect(new Set(found.map(({ has_threshold }) => has_threshold))).toEqual(new Set([true, false]))
})

test('a criticality wins over its metric, a metric over the usual thresholds', async () => {
  await database.run(`
    CREATE TABLE series_models AS SELECT * FROM (VALUES ('a', 'cpu'), ('a', 'mem'), ('b', 'cpu'), ('c', 'cpu'), ('c', 'bytes')) AS t(server_id, metric);
    CREATE TABLE server_attributes AS SELECT * FROM (VALUES ('a', 'gold'), ('b', 'silver')) AS t(server_id, criticality)`)
  const found = await database.rows(
    `${thresholdsQuery(config)} ORDER BY ALL`,
    z.object({ metric: z.string(), criticality: z.string().nullable(), high: z.number(), very_high: z.number() }),
  )
  expect(found).toEqual([
    { metric: 'cpu', criticality: 'gold', high: 60, very_high: 61 },
    { metric: 'cpu', criticality: 'silver', high: 70, very_high: 100.10000000000001 },
    { metric: 'cpu', criticality: null, high: 70, very_high: 100.10000000000001 },
    { metric: 'mem', criticality: 'gold', high: 60, very_high: 61 },
  ])
})
