// finishSparkRun: the same run as an analysis of the dataset, and a refusal of incomplete Spark output.
import { cp, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { finishSparkRun } from '../../../src-main/engine/spark/finish-spark-run.ts'
import type { SparkPlanRequest } from '../../../src-main/engine/spark/plan-spark-job.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'
import { writeSparkOutput } from '../../fixtures/spark-output-on-duckdb.ts'
import { differencesOfRuns } from '../../interop/same-run.mjs'

let workspace: ForecastWorkspace
let set: string
let servers: string
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  // Two metrics of which one is no percentage, models whose backtests do not cover the same times, a server whose backtest is too short to
  // decide by itself, one without horizon, one that a model lacks, holes in predictions.
  set = await workspace.writeQuery(
    'set.parquet',
    `WITH points AS (
       SELECT 'host-' || lpad(s::VARCHAR, 2, '0') AS server_id, metric, model, TIMESTAMP '2026-01-01' + to_days(CAST(d AS INTEGER)) AS "timestamp", s, d,
              CASE metric WHEN 'cpu_p95' THEN 1 ELSE 1000000 END * (35 + 4 * s + 6 * sin(d / 5.0 + s) + ((d * 7 + s * 3) % 5)) AS value,
              CASE model WHEN 'prophet' THEN 2.0 WHEN 'xgboost' THEN -1.5 ELSE 4.0 END + ((d * 13 + s * 5) % 7) / 3.0 AS error
       FROM range(14) a(s), range(120) b(d), (VALUES ('cpu_p95'), ('net_bytes')) c(metric), (VALUES ('prophet'), ('xgboost'), ('naive')) e(model)
     )
     SELECT server_id, metric, model, "timestamp", CASE WHEN d < 90 THEN value END AS actual,
            CASE WHEN s = 3 AND d % 17 = 0 THEN NULL ELSE value + error END AS predicted,
            value + error - 5 AS yhat_lower, CASE WHEN s = 5 THEN NULL ELSE value + error + 5 END AS yhat_upper, 'note ' || s AS remark
     FROM points
     WHERE NOT (s = 1 AND model = 'xgboost' AND d % 3 = 0) AND NOT (s = 2 AND d < 80) AND NOT (s = 4 AND d >= 90) AND NOT (s = 6 AND model = 'naive')`,
  )
  servers = await workspace.writeText(
    'servers.csv',
    [
      'server_id,business_unit,criticality,monthly_cost_usd,capacity_units',
      'host-07,shop,gold,250,4',
      'host-08,shop,silver,300,2',
      'host-09,bank,,,',
    ].join('\n'),
  )
})
afterAll(async () => workspace.close())

const settings = {
  metric_thresholds: { net_bytes: { high: 70e6, very_high: 90e6 } },
  criticality_thresholds: { gold: { high: 60, very_high: 66 } },
}

let finishedRun = 0
const sparkOutputOf = async (request: Partial<SparkPlanRequest> = {}): Promise<string> =>
  writeSparkOutput({ inputs: [set], out: join(workspace.folder, `spark-${(finishedRun += 1)}`), config: {}, ...request })

describe('a run completed from Spark output', () => {
  test('equals the analysis of the dataset', async () => {
    const run = await workspace.analyse(set, { config: settings, serversTable: servers }, { drawsPictures: true })
    const finished = join(workspace.folder, 'finished')
    await finishSparkRun({ sparkOutput: await sparkOutputOf({ config: settings, serversTable: servers }), out: finished, runId: 'r1' })
    expect(await differencesOfRuns(run.folder, finished)).toEqual([])
    // What was compared says something: servers at risk in both metrics, one without horizon, series that models decided in different ways.
    const risks = await run.serverRisk()
    expect(new Set(risks.filter((row) => row['is_at_risk']).map((row) => row['metric']))).toEqual(new Set(['cpu_p95', 'net_bytes']))
    expect(risks.filter((row) => row['horizon_periods'] === 0).map((row) => row['server_id'])).toEqual(['host-04', 'host-04'])
    expect(run.manifest.warnings.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['short-backtest', 'models-missing', 'no-horizon']),
    )
  })

  test('equals it with a forced model, past and future events, and the conservative basis', async () => {
    const events = await workspace.writeText(
      'events.csv',
      'from,to,servers,metric,effect,note\n2026-02-10,2026-02-12,*,cpu_p95,,Fair\n2026-04-05,2026-04-20,host-0*,cpu_p95,40 %,Merger\n',
    )
    const config = { basis: 'conservative', n_clusters: 'auto', seed: 7 }
    const run = await workspace.analyse(set, { config, model: 'prophet', eventsTable: events }, { drawsPictures: true })
    const finished = join(workspace.folder, 'finished-forced')
    const { events: withEvents } = await finishSparkRun({
      sparkOutput: await sparkOutputOf({ config, model: 'prophet' }),
      out: finished,
      eventsTable: events,
      memoryLimit: '400MB',
    })
    expect(await differencesOfRuns(run.folder, finished)).toEqual([])
    expect(withEvents?.events).toHaveLength(2)
  })

  test('differs when the settings differ', async () => {
    const finished = join(workspace.folder, 'finished-otherwise')
    await finishSparkRun({ sparkOutput: await sparkOutputOf({ config: { high_risk_threshold: 81 } }), out: finished })
    const run = await workspace.analyse(set)
    const differences = await differencesOfRuns(run.folder, finished)
    expect(differences.join('\n')).toMatch(/server_risk\.high_threshold: \d+ differ[\s\S]*risk_flagged_forecasts: [1-9]/)
  })
})

describe('a dataset that the analysis refuses', () => {
  const day = `TIMESTAMP '2026-01-01' + to_days(CAST(i AS INTEGER))`
  const rows = `SELECT 'a' AS server_id, ${day} AS "timestamp", CASE WHEN i < 20 THEN 50.0 END AS actual, 50.0 AS predicted FROM range(30) t(i)`
  test.each<[string, string, RegExp]>([
    ['no rows', `${rows} WHERE i < 0`, /^Error: The dataset has no rows\. Check/],
    [
      'no server',
      `SELECT * REPLACE (nullif(server_id, 'a') AS server_id) FROM (${rows})`,
      /Column server_id is empty in 30 rows\. Every row/,
    ],
    [
      'no time',
      `SELECT * REPLACE (nullif("timestamp", TIMESTAMP '2026-01-03') AS "timestamp") FROM (${rows})`,
      /timestamp is empty in 1 rows/,
    ],
    [
      'a year of two digits',
      `SELECT 'a' AS server_id, '26-06-11' AS "timestamp", 50.0 AS predicted`,
      /timestamp holds 1 times before 1970/,
    ],
    [
      'a horizon of the wrong century',
      `SELECT 'a' AS server_id, unnest([TIMESTAMP '2026-01-01', TIMESTAMP '2126-01-02']) AS "timestamp", unnest([50.0, NULL]) AS actual, 50.0 AS predicted`,
      /times more than 30 years after the last measured one in 1 forecasts, for instance 2126-01-02/,
    ],
    ['text for a time', `SELECT 'a' AS server_id, 'soon' AS "timestamp", 50.0 AS predicted`, /timestamp holds 1 unreadable times/],
    ['infinity', `SELECT * REPLACE (CAST('Infinity' AS DOUBLE) AS predicted) FROM (${rows})`, /30 rows hold values that are infinite/],
    [
      'a row given twice',
      `${rows} UNION ALL SELECT * FROM (${rows}) WHERE predicted = 50 AND "timestamp" = TIMESTAMP '2026-01-05'`,
      /^Error: The dataset has more than one row for 1 keys \(server_id, metric, model, timestamp\), for instance a, cpu_p95, forecast at 2026-01-05 00:00:00\. Keep one/,
    ],
    ['no future', `${rows} WHERE i < 20`, /The dataset has no future rows/],
  ])('%s: the Spark job refuses it too', async (_, sql, problem) => {
    finishedRun += 1
    const path = await workspace.writeQuery(`refused-${finishedRun}.parquet`, sql)
    await expect(sparkOutputOf({ inputs: [path] }).catch((error: unknown) => String(error))).resolves.toMatch(problem)
    await expect(workspace.analyse(path)).rejects.toMatchObject({ code: expect.stringMatching(/^input-/) })
  })

  test('a forced model that is missing', async () => {
    const path = await workspace.writeQuery('one-model.parquet', rows)
    await expect(sparkOutputOf({ inputs: [path], model: 'prophet' })).rejects.toThrow(
      /no forecasts by "prophet"\. Use one of its models, for instance forecast/,
    )
  })
})

describe('incomplete Spark output', () => {
  const rejected = async (sparkOutput: string): Promise<string> => {
    const out = join(workspace.folder, 'never')
    const thrown: unknown = await finishSparkRun({ sparkOutput, out }).catch((error: unknown) => error)
    expect((await readdir(workspace.folder)).filter((name) => name.includes('never'))).toEqual([])
    return String(thrown)
  }

  test('is refused without its notes, the last file', async () => {
    const sparkOutput = await sparkOutputOf()
    await rm(join(sparkOutput, 'stage.json'))
    expect(await rejected(sparkOutput)).toMatch(/holds no complete Spark output: stage\.json is missing/)
  })

  test('is refused with a table of another job', async () => {
    const [sparkOutput, other] = [
      await sparkOutputOf(),
      await sparkOutputOf({ inputs: [await workspace.writeQuery('less.parquet', `SELECT * FROM '${set}' WHERE server_id <> 'host-00'`)] }),
    ]
    await rm(join(sparkOutput, 'series'), { recursive: true })
    await cp(join(other, 'series'), join(sparkOutput, 'series'), { recursive: true })
    expect(await rejected(sparkOutput)).toMatch(/do not belong together/)
  })

  const changes: readonly (readonly [title: string, table: string, query: string])[] = [
    [
      'without some rows of the selected models',
      'selected_rows',
      `FROM rows WHERE NOT (server_id = 'host-07' AND ts < TIMESTAMP '2026-01-20')`,
    ],
    ['with a row of the selected models twice', 'selected_rows', `FROM rows UNION ALL (FROM rows LIMIT 1)`],
    [
      'with rows of another server in the place of one',
      'selected_rows',
      `SELECT * REPLACE (CASE WHEN server_id = 'host-07' THEN 'host-08' ELSE server_id END AS server_id) FROM rows`,
    ],
    ['without a server of its servers table', 'server_attributes', `FROM rows WHERE server_id <> 'host-07'`],
    ['with a server twice', 'server_attributes', 'FROM rows UNION ALL (FROM rows LIMIT 1)'],
    ['without a model of a series', 'series_models', `FROM rows WHERE NOT (server_id = 'host-07' AND model = 'naive')`],
    ['with other candidates', 'candidates', `SELECT * REPLACE ('naive2' AS model) FROM rows`],
    ['with other selected models', 'selected_models', `SELECT * REPLACE ('naive2' AS model) FROM rows`],
    ['with two selected models of a series', 'selected_models', 'FROM rows UNION ALL (FROM rows LIMIT 1)'],
    ['with errors of another job', 'hold_out_errors', 'SELECT * REPLACE (series_id + 1000 AS series_id) FROM rows'],
  ]
  test.each(changes)('is refused %s', async (_, table, query) => {
    const sparkOutput = await sparkOutputOf({ serversTable: servers })
    const folder = join(sparkOutput, table)
    const path = await workspace.writeQuery(
      'changed.parquet',
      `WITH rows AS (FROM read_parquet('${folder}/**/*.parquet', hive_partitioning = false)) ${query}`,
    )
    await rm(folder, { recursive: true })
    await mkdir(folder)
    await cp(path, join(folder, 'part.parquet'))
    expect(await rejected(sparkOutput)).toMatch(/do not belong together/)
  })

  test('is refused without one of its shards', async () => {
    const sparkOutput = await sparkOutputOf()
    await rm(join(sparkOutput, 'flagged', 'headroom_shard=1'), { recursive: true })
    expect(await rejected(sparkOutput)).toMatch(/risk_flagged_forecasts\.parquet holds \d+ rows instead of 9\d{3}\./)
  })
})
