// toSparkSql: each replaced function, type and operator by hand, and a whole plan without DuckDB's own functions.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { planSparkJob } from '../../../src-main/engine/spark/plan-spark-job.ts'
import { toSparkSql } from '../../../src-main/engine/spark/spark-sql.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'

describe('a statement for Spark', () => {
  test.each([
    ['the continuous percentile', 'quantile_cont(h.predicted, 0.95)', 'percentile(h.predicted, 0.95)'],
    ['whole division', 'epoch_us(ts) // 60', 'unix_micros(ts)  div  60'],
    ['whole numbers, to the nearest as DuckDB has them', 'CAST(a * 2 AS BIGINT)', 'CAST(rint(a * 2) AS BIGINT)'],
    ['whole numbers of 38 digits', 'sum(CAST((a) AS HUGEINT))', 'sum(CAST(rint((a)) AS DECIMAL(38, 0)))'],
    ['a map', 'CAST(NULL AS MAP(DOUBLE, DOUBLE))', 'CAST(NULL AS MAP<DOUBLE, DOUBLE>)'],
    ['a number with a type', '1e+12::DOUBLE', 'CAST(1e+12 AS DOUBLE)'],
    ['text', "coalesce(CAST(\"my model\" AS VARCHAR), 'it''s')", "coalesce(CAST(\"my model\" AS STRING), 'it''s')"],
    ['ISO text with an offset', 'CAST(TRY_CAST(ds AS TIMESTAMPTZ) AS TIMESTAMP)', 'CAST(TRY_CAST(ds AS TIMESTAMP) AS TIMESTAMP)'],
    ['seconds between times', "date_diff('second', a, max(b))", '(unix_seconds(max(b)) - unix_seconds(a))'],
    ['days between', "date_diff('day', DATE '1970-01-01', ts)", "datediff(CAST(ts AS DATE), CAST(DATE '1970-01-01' AS DATE))"],
    ['seconds since 1970', 'epoch(min(ts))', '(unix_micros(min(ts)) / CAST(1000000 AS DOUBLE))'],
    [
      'a bit of a text of bits',
      "get_bit(CAST('01' AS BIT), position)",
      "CAST(substr(CAST('01' AS BINARY), position + 1, 1) = X'31' AS INTEGER)",
    ],
    ['the value of the maximum', 'arg_max(m.model, (m.measured, -m.rank))', 'max_by(m.model, (m.measured, -m.rank))'],
    ['text and names are unchanged', `SELECT 'epoch(x) // 2' AS "list"`, `SELECT 'epoch(x) // 2' AS "list"`],
  ])('%s', (_, duckdb, spark) => {
    expect(toSparkSql(duckdb)).toBe(spark)
  })

  test.each(['SELECT list(a) FROM b', 'SELECT * EXCLUDE (a) FROM b', "SELECT date_diff('month', a, b)", 'SELECT x::DOUBLE'])(
    '%s has none, and is refused rather than guessed',
    (sql) => {
      expect(() => toSparkSql(sql)).toThrow(/has no Spark form/)
    },
  )
})

describe('the plan of a dataset', () => {
  let workspace: ForecastWorkspace
  beforeAll(async () => {
    workspace = await ForecastWorkspace.open()
  })
  afterAll(async () => workspace.close())

  test('lists inputs and outputs, each step once, and is repeatable', async () => {
    const set = await workspace.writeQuery(
      'set.parquet',
      `SELECT 's' || (i % 3) AS host, DATE '2026-01-01' + CAST(i // 3 AS INTEGER) AS ds, CASE WHEN i < 90 THEN 50.0 END AS y, 50.0 AS yhat
       FROM range(120) t(i)`,
    )
    const servers = await workspace.writeText('servers.csv', 'server_id,criticality\ns0,gold\n')
    const out = join(workspace.folder, 'plan')
    const request = { inputs: [set], out, config: { criticality_thresholds: { gold: { high: 60, very_high: 70 } } }, serversTable: servers }
    const { warnings, ...plan } = await planSparkJob(request)
    expect(warnings).toEqual([])
    expect(await planSparkJob(request)).toEqual({ ...plan, warnings })
    expect(JSON.parse(await readFile(join(out, 'plan.json'), 'utf8'))).toEqual(plan)
    expect((await stat(join(out, 'server_attributes.parquet'))).size).toBeGreaterThan(0)
    const names = plan.steps.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    // Every relation that a step reads is an input or an earlier step, or named by the step itself.
    plan.steps.forEach(({ sql }, index) => {
      const localNames = [...sql.matchAll(/(?:WITH|,)\s*(\w+) AS \(/g)].map(([, name]) => name!)
      const read = [...sql.matchAll(/(?<!DISTINCT )\b(?:FROM|JOIN)\s+([a-z_]+)/g)].map(([, name]) => name!)
      expect(['source', 'server_attributes_given', ...names.slice(0, index), ...localNames]).toEqual(expect.arrayContaining(read))
    })
    expect(plan.steps.filter(({ kept }) => kept === 'stage').map(({ name, layout }) => [name, layout?.by, layout?.column])).toEqual([
      ['server_attributes', undefined, undefined],
      ['series_models', undefined, undefined],
      ['series', undefined, undefined],
      ['candidates', undefined, undefined],
      ['selected_models', undefined, undefined],
      ['hold_out_errors', undefined, undefined],
      ['selected_rows', 'range', 'series_id'],
      ['series_risk', undefined, undefined],
      ['flagged', 'hash', 'host'],
    ])
    expect(plan.checks.every(({ after }) => names.includes(after))).toBe(true)
    expect(plan.casts).toEqual({})
  })

  test('casts times in nanoseconds, which Spark cannot read as times', async () => {
    const set = await workspace.writeQuery(
      'nanoseconds.parquet',
      `SELECT 'a' AS server_id, CAST(TIMESTAMP '2026-01-01' + to_days(CAST(i AS INTEGER)) AS TIMESTAMP_NS) AS ds, 1.0 AS predicted
       FROM range(20) t(i)`,
    )
    const plan = await planSparkJob({ inputs: [set], out: join(workspace.folder, 'plan-ns'), config: {} })
    expect(plan.casts).toEqual({ ds: 'CAST(timestamp_micros("ds" div 1000) AS TIMESTAMP_NTZ)' })
  })
})
