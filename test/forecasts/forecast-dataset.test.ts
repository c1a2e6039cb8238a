// Forecasts as tools write them: names, types, files and folders; columns written back unchanged; inputs refused (sections 2 and 9).
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { identifier, literal } from '../../src-main/database/database.ts'
import { flagColumns } from '../../src-main/forecasts/forecast-columns.ts'
import { ForecastWorkspace, forecastQuery, type FinishedRun, type ForecastRow } from '../fixtures/forecast-workspace.ts'
import { seriesRows, timeAfter, times } from '../fixtures/forecast-rows.ts'
import { seededRandom, shuffled } from '../fixtures/seeded-random.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

/** Four days of two servers: 50 on three measured days, 85 and 20 on the day ahead. */
const baselineRows: readonly ForecastRow[] = [
  ...seriesRows({ server: '7', start: '2026-03-29', actual: times(3, 50), horizon: [85] }),
  ...seriesRows({ server: '8', start: '2026-03-29', actual: times(3, 50), horizon: [20] }),
]
const baseline = forecastQuery(baselineRows)

const findings = async (run: FinishedRun): Promise<unknown[]> =>
  (await run.serverRisk()).map((row) => [
    row['server_id'],
    row['horizon_start'],
    row['horizon_p95'],
    row['is_at_risk'],
    row['backtest_points'],
  ])

const baselineFindings = [
  ['7', '2026-04-01T00:00:00', 85, true, 3],
  ['8', '2026-04-01T00:00:00', 20, false, 3],
]

/** Places where the user's own columns differ from the input, and rows that only one of both has. */
const differences = async (run: FinishedRun, inputs: string): Promise<unknown> => {
  const columns = run.manifest.schema.map(({ column }) => identifier(column)).join(', ')
  const written = `SELECT ${columns} FROM read_parquet(${literal(join(run.folder, 'risk_flagged_forecasts.parquet'))})`
  const givenColumns = `SELECT ${columns} FROM ${inputs}`
  const numbered = (sql: string, name: string): string =>
    `(SELECT row(${columns}) AS ${name}, row_number() OVER () AS position FROM (${sql}))`
  const [counts] = await workspace.query(
    `SELECT (SELECT count(*) FROM (${written} EXCEPT ALL ${givenColumns}))::DOUBLE AS added,
            (SELECT count(*) FROM (${givenColumns} EXCEPT ALL ${written}))::DOUBLE AS lost,
            (SELECT count(*) FROM ${numbered(written, 'a')} JOIN ${numbered(givenColumns, 'b')} USING (position) WHERE a IS DISTINCT FROM b)::DOUBLE AS moved`,
  )
  return counts
}
const withoutColumns = { added: 0, lost: 0, moved: 0 }

describe('columns', () => {
  test.each([
    ['other names for the roles', `SELECT server_id AS hostname, "timestamp" AS ds, predicted AS yhat, actual AS y FROM (${baseline})`],
    ['DECIMAL of scale 0 as servers', `SELECT * REPLACE (CAST(server_id AS DECIMAL(38, 0)) AS server_id) FROM (${baseline})`],
    ['bytes of text as servers', `SELECT * REPLACE (encode(server_id) AS server_id) FROM (${baseline})`],
    ['a byte order mark before a name', `SELECT server_id AS "\uFEFFserver_id", * EXCLUDE server_id FROM (${baseline})`],
    ['blanks around names', `SELECT server_id AS " Server_ID ", * EXCLUDE server_id FROM (${baseline})`],
    ['the canonical spelling after another one', `SELECT 'x' AS " server_id", 1.5 AS " Predicted ", * FROM (${baseline})`],
    ['another spelling before an alias', `SELECT 'x' AS host, server_id AS "Server_ID ", * EXCLUDE server_id FROM (${baseline})`],
    [
      'names in other case',
      `SELECT server_id AS "Item_ID", "timestamp" AS "DATE", predicted AS "P50", actual AS "Target" FROM (${baseline})`,
    ],
    ['the canonical name before its aliases', `SELECT *, 'x' AS host, predicted - 999 AS forecast, 1 AS "mean" FROM (${baseline})`],
    ['days', `SELECT * REPLACE (CAST("timestamp" AS DATE) AS "timestamp") FROM (${baseline})`],
    ['times with zone', `SELECT * REPLACE ("timestamp" AT TIME ZONE 'UTC' AS "timestamp") FROM (${baseline})`],
    [
      'text with offset',
      `SELECT * REPLACE (strftime("timestamp" + INTERVAL 2 HOUR, '%Y-%m-%dT%H:%M:%S') || '+02:00' AS "timestamp") FROM (${baseline})`,
    ],
    [
      'text in UTC and text without offset, mixed',
      `SELECT * REPLACE (CASE WHEN server_id = '7' THEN strftime("timestamp", '%Y-%m-%d %H:%M:%SZ') ELSE strftime("timestamp", '%Y-%m-%d') END AS "timestamp") FROM (${baseline})`,
    ],
    [
      'whole numbers as servers, nanoseconds, single precision and decimals',
      `SELECT CAST(server_id AS BIGINT) AS server_id, CAST("timestamp" AS TIMESTAMP_NS) AS "timestamp",
              CAST(predicted AS FLOAT) AS predicted, CAST(actual AS DECIMAL(9, 3)) AS actual
       FROM (${baseline})`,
    ],
    [
      'names that the engine uses itself, and names with quotes and spaces',
      `SELECT *, 'a' AS risk, 'b' AS source, 1 AS series_id, 'c' AS headroom_server, 'd' AS headroom_flags, 2 AS ts, 3 AS high,
              {'high': 1, 'model': 'x'} AS series, 4 AS row_number, 5 AS "it's ""quoted""", 6 AS "with space", 7 AS "ünïcode 名前"
       FROM (${baseline})`,
    ],
  ])('%s are understood and written back as they were', async (name, sql) => {
    const path = await workspace.writeQuery(`columns ${name}.parquet`, sql)
    const run = await workspace.analyse(path)
    expect(await findings(run)).toEqual(baselineFindings)
    expect(await differences(run, `read_parquet(${literal(path)})`)).toEqual(withoutColumns)
    const columns = await workspace.query(
      `DESCRIBE SELECT * FROM read_parquet(${literal(join(run.folder, 'risk_flagged_forecasts.parquet'))})`,
    )
    const names = run.manifest.schema.map(({ column }) => column)
    expect(columns.map((row) => row['column_name'])).toEqual([...names, ...flagColumns])
    expect(columns.slice(-flagColumns.length).map((row) => row['column_type'])).toEqual([
      'BOOLEAN',
      'VARCHAR',
      'INTEGER',
      'BOOLEAN',
      'BOOLEAN',
      'DOUBLE',
      'BOOLEAN',
      'BOOLEAN',
    ])
  })

  test('the manifest says which column plays which role', async () => {
    const run = await workspace.analyse(
      await workspace.writeQuery(
        'roles.parquet',
        `SELECT server_id AS host, "timestamp" AS ds, predicted AS "Mean", 1.0 AS p10, 99.0 AS "0.9" FROM (${baseline})`,
      ),
    )
    expect(run.manifest.mapped_columns.map(({ role, column }) => [role, column])).toEqual([
      ['server_id', 'host'],
      ['timestamp', 'ds'],
      ['predicted', 'Mean'],
      ['yhat_lower', 'p10'],
      ['yhat_upper', '0.9'],
    ])
    // Without `model`, `metric` and `actual`: one model, the target metric, all rows ahead.
    expect(run.manifest).toMatchObject({ models: ['forecast'], metrics: ['cpu_p95'], horizon: { periods: 4 } })
  })

  test('NaN and NULL stay in the written column, each as it was, and count nowhere', async () => {
    const path = await workspace.writeForecasts('nan.parquet', [
      ...seriesRows({ server: 's', actual: [50, Number.NaN, 50], predicted: [50, 50, Number.NaN], horizon: [10, Number.NaN, null, 30] }),
    ])
    const run = await workspace.analyse(path)
    expect(await run.flagged('SELECT isnan(predicted) AS nan, predicted IS NULL AS empty, risk_flag, risk_level FROM flagged')).toEqual([
      { nan: false, empty: false, risk_flag: false, risk_level: 'low' },
      { nan: false, empty: false, risk_flag: false, risk_level: 'low' },
      { nan: true, empty: false, risk_flag: null, risk_level: null },
      { nan: false, empty: false, risk_flag: false, risk_level: 'low' },
      { nan: true, empty: false, risk_flag: null, risk_level: null },
      { nan: null, empty: true, risk_flag: null, risk_level: null },
      { nan: false, empty: false, risk_flag: false, risk_level: 'low' },
    ])
    expect(await differences(run, `read_parquet(${literal(path)})`)).toEqual(withoutColumns)
    expect(await run.riskOf('s')).toMatchObject({ horizon_periods: 2, horizon_mean: 20, horizon_peak: 30, backtest_points: 1 })
  })
})

describe('the order of rows', () => {
  test('stays unchanged where every row is a separate series', async () => {
    const path = await workspace.writeQuery(
      'one-row.parquet',
      `SELECT 'server ' || ((i * 7919) % 997) AS server_id, TIMESTAMP '2026-01-01' AS "timestamp", CAST(i % 100 AS DOUBLE) AS predicted, i FROM range(997) t(i)`,
    )
    const run = await workspace.analyse(path)
    expect(run.manifest.counts).toMatchObject({ total_servers: 997, rows: 997 })
    expect(await differences(run, `read_parquet(${literal(path)})`)).toEqual(withoutColumns)
  })

  test('is kept over many row groups and threads, with rows in no order at all', async () => {
    const path = await workspace.writeQuery(
      'scattered.parquet',
      `SELECT 'server ' || (i % 13) AS server_id, 'model ' || (i % 2) AS model, TIMESTAMP '2020-01-01' + to_hours((i // 26)::INTEGER) AS "timestamp",
              CAST(hash(i) % 100 AS DOUBLE) AS predicted, i >= 130000 AS is_future
       FROM range(150000) t(i) ORDER BY hash(i + 1)`,
      ', ROW_GROUP_SIZE 4096',
    )
    const run = await workspace.analyse(path, { threads: 4 })
    expect(await differences(run, `read_parquet(${literal(path)})`)).toEqual(withoutColumns)
  })

  test('of several files is by file name, however they are named', async () => {
    const paths = await Promise.all(
      ['c', 'a', 'b'].map(async (name) =>
        workspace.writeForecasts(`order-${name}.parquet`, seriesRows({ server: `server ${name}`, actual: [50], horizon: [10] })),
      ),
    )
    const run = await workspace.analyse(paths)
    expect(await run.flagged('SELECT server_id FROM flagged')).toEqual(
      ['a', 'a', 'b', 'b', 'c', 'c'].map((name) => ({ server_id: `server ${name}` })),
    )
  })
})

describe('files', () => {
  test('with different columns are united by name', async () => {
    const folder = join(workspace.folder, 'different')
    await mkdir(folder)
    await workspace.writeQuery('different/1.parquet', `SELECT * FROM (${baseline}) WHERE server_id = '7'`)
    await workspace.writeQuery(
      'different/2.parquet',
      `SELECT predicted, 'extra' AS note, actual, "timestamp", server_id FROM (${baseline}) WHERE server_id = '8'`,
    )
    const run = await workspace.analyse(folder)
    expect(await findings(run)).toEqual(baselineFindings)
    expect(await run.flagged('SELECT server_id, note FROM flagged GROUP BY ALL ORDER BY ALL')).toEqual([
      { server_id: '7', note: null },
      { server_id: '8', note: 'extra' },
    ])
  })

  test('of a partitioned tree take servers and models from the folders, leading zeros included', async () => {
    for (const name of ['007', '010']) {
      const folder = join(workspace.folder, 'tree', `server_id=${name}`, 'model=night owl')
      await mkdir(folder, { recursive: true })
      await workspace.writeQuery(
        `tree/server_id=${name}/model=night owl/part-0.parquet`,
        `SELECT * EXCLUDE (server_id) FROM (${baseline}) WHERE server_id = '7'`,
      )
      await writeFile(join(folder, '_SUCCESS'), '')
    }
    const run = await workspace.analyse(join(workspace.folder, 'tree'))
    expect((await run.serverRisk()).map((row) => [row['server_id'], row['model'], row['horizon_p95']])).toEqual([
      ['007', 'night owl', 85],
      ['010', 'night owl', 85],
    ])
  })

  test('may have brackets, stars, quotes and spaces in their names, also where a neighbour would match the pattern', async () => {
    const folder = join(workspace.folder, "it's [v1] *?")
    await mkdir(folder)
    await workspace.writeQuery("it's [v1] *?/run [1] ünï.parquet", baseline)
    // What "run [1] ünï.parquet" would mean as a pattern.
    await workspace.writeForecasts("it's [v1] *?/run 1 ünï.parquet", seriesRows({ server: 'wrong file', actual: [50], horizon: [99] }))
    const run = await workspace.analyse(join(folder, 'run [1] ünï.parquet'), { out: join(workspace.folder, 'run [out] *') })
    expect(await findings(run)).toEqual(baselineFindings)
    expect(run.manifest.inputs).toEqual([expect.objectContaining({ rows: 8 })])
    expect((await workspace.analyse(folder)).manifest.counts.total_servers).toBe(3)
  })
})

test('neither the order of rows nor how they lie in files changes any figure of any server', async () => {
  const random = seededRandom(11)
  const rows = Array.from({ length: 12 }, (_, server) =>
    ['one', 'two', 'three'].flatMap((model) => {
      const measured = 20 + Math.floor(random() * 10)
      const actual = Array.from({ length: measured }, () => random() * 100)
      return seriesRows({
        server: `server ${server}`,
        model,
        start: timeAfter('2026-03-01', Math.floor(random() * 3)),
        actual,
        predicted: actual.map((value) => value + (random() - 0.5) * 20),
        horizon: Array.from({ length: 15 }, () => (random() < 0.05 ? null : random() * 110)),
      })
    }),
  ).flat()
  const straightOrder = await workspace.analyse(await workspace.writeForecasts('property.parquet', rows))
  const expected = await straightOrder.serverRisk()
  expect(expected).toHaveLength(12)
  const mixed = shuffled(rows, random)
  const inAnotherOrder = await workspace.analyse(await workspace.writeForecasts('property-shuffled.parquet', mixed), { threads: 4 })
  expect(await inAnotherOrder.serverRisk()).toEqual(expected)
  const parts = await Promise.all(
    [0, 1, 2, 3, 4].map(async (part) =>
      workspace.writeForecasts(
        `property-part-${part}.parquet`,
        mixed.filter((_, index) => index % 5 === part),
      ),
    ),
  )
  const inParts = await workspace.analyse(parts)
  expect(await inParts.serverRisk()).toEqual(expected)
  expect(await inParts.clusters()).toEqual(await straightOrder.clusters())
})

describe('refused is', () => {
  test('a value beyond all measure, which would make sums endless', async () => {
    const path = await workspace.writeQuery('sentinel.parquet', `SELECT * REPLACE (1.7e308 AS predicted) FROM (${baseline})`)
    await expect(workspace.analyse(path)).rejects.toMatchObject({
      code: 'input-infinite',
      message: expect.stringMatching(/predicted/) as unknown,
    })
  })

  test('a very high threshold below its high one, also where it is overridden', async () => {
    const path = await workspace.writeQuery('thresholds.parquet', baseline)
    await expect(workspace.analyse(path, { config: { high_risk_threshold: 95 } })).rejects.toMatchObject({ code: 'config-invalid' })
    await expect(
      workspace.analyse(path, { config: { metric_thresholds: { cpu_p95: { high: 80, very_high: 70 } } } }),
    ).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringMatching(/very_high 70 .* cpu_p95/) as unknown,
    })
  })
})

test('two times in one slot of the grid are let through: only the very same time is a repetition', async () => {
  const rows = [
    ...seriesRows({ server: 's', actual: times(5, 50), horizon: [50] }),
    { server_id: 's', timestamp: '2026-01-03T11:00:00', actual: 50, predicted: 50 },
  ]
  const run = await workspace.analyse(await workspace.writeForecasts('slots.parquet', rows))
  expect(await run.riskOf('s')).toMatchObject({ backtest_points: 6 })
})
