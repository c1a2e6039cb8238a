// Which metrics have thresholds, name by name, and which thresholds.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { completeConfig, hasThreshold } from '../../src-shared/config/analysis-config.ts'
import { metricWords } from '../../src-shared/config/metric-units.ts'
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
    metric_units: { mem_ratio: 'fraction', cpu_ticks: 'count', "quoted 'name'": 'percent' },
    metric_thresholds: { queue_length: { high: 5, very_high: 9 }, cpu: { high: 70, very_high: 100.10000000000001 } },
    criticality_thresholds: { gold: { high: 60, very_high: 61 } },
  },
  'headroom',
)

test('names of every kind have a threshold in SQL where they have one in the configuration', async () => {
  const words = Object.values(metricWords).flat()
  const names = [
    ...words,
    ...words.flatMap((word) => {
      const title = `${word[0]!.toUpperCase()}${word.slice(1)}`
      return [
        `${word}_p95`,
        `net.${word}`,
        `CPU-${word.toUpperCase()}`,
        `x${word}`,
        `disk${word}`,
        `${word}x`,
        `${word}95`,
        `cpu${title}`,
        `${title}Cpu`,
        `CPU${title}`,
        `${word.toUpperCase()}Utilization`,
        `${title}_9`,
        `disk_${word}_percent`,
      ]
    }),
    'CPUUtilization',
    'cpuUsageMHz',
    'memUsedGiB',
    'DiskIOPs',
    'NetworkMBps',
    'CPUs',
    'VCPU',
    'vCpu',
    'mem_ratio',
    'cpu_ticks',
    "quoted 'name'",
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

test.each([
  ['cpu_p95', true],
  ['mem_used_pct', true],
  ['CPUUtilization', true],
  ['MemoryUtilization', true],
  ['diskUsedPercent', true],
  ['VolumeBytesUsed', false],
  ['cpu_load_15', false],
  ['cpuUsageMHz', false],
  ['cpu_credit_balance', false],
  ['CPUCreditBalance', false],
  ['disk_iops', false],
  ['disk_free_percent', false],
  ['FreeableMemory', false],
  ['memFreePct', false],
  ['NetworkMBps', false],
  ['memUsedGiB', false],
  ['queue_depth', false],
])('%s is a percentage by its name: %s', (metric, isPercentage) => {
  expect(hasThreshold(completeConfig({}, 'headroom'), metric)).toBe(isPercentage)
})

test('the target metric is a percentage unless its name or its stated unit says otherwise', () => {
  expect(hasThreshold(completeConfig({ target_metric: 'Auslastung' }, 'headroom'), 'Auslastung')).toBe(true)
  expect(hasThreshold(completeConfig({ target_metric: 'disk_bytes' }, 'headroom'), 'disk_bytes')).toBe(false)
  expect(hasThreshold(completeConfig({ metric_units: { cpu_p95: 'count' } }, 'headroom'), 'cpu_p95')).toBe(false)
  expect(hasThreshold(completeConfig({ metric_units: { load: 'percent' } }, 'headroom'), 'load')).toBe(true)
})

test('the earlier key percent_metrics means percent; a stated unit wins', () => {
  const renamed = completeConfig({ percent_metrics: ['load', 'shares'], metric_units: { shares: 'fraction' } }, 'headroom')
  expect(renamed.metric_units).toEqual({ load: 'percent', shares: 'fraction' })
  expect(completeConfig({ percent_metrics: [] }, 'headroom')).toEqual(completeConfig({}, 'headroom'))
})

test('a criticality wins over its metric, a metric over the default thresholds', async () => {
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
