// The user's own SQL: it reads the run's three tables in every ordinary way, and cannot read, write or change anything else.
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeClusters } from '../../../src-main/engine/artefacts/write-artefacts.ts'
import type { ClusteredServers } from '../../../src-main/engine/clusters/cluster-servers.ts'
import { runUserSql } from '../../../src-main/queries/user-sql/run-user-sql.ts'
import { fabricatePythonRun } from '../../fixtures/fabricated-runs.ts'
import { headroom, headroomDone } from '../../fixtures/run-headroom.ts'
import { makeSampleRun, type SampleRun } from '../../fixtures/sample-run.ts'

let sample: SampleRun
let filesBefore: string[]

beforeAll(async () => {
  sample = await makeSampleRun(12)
  await writeFile(join(sample.folder, 'other.csv'), 'secret\n42\n')
  filesBefore = await readdir(sample.folder, { recursive: true })
})
afterAll(async () => sample.remove())

/** Code with which a statement is refused; `here` means the working folder, `run` for the run folder. */
const rejectionOf = async (sql: string): Promise<string> => {
  const statement = sql.replaceAll('HERE', sample.folder).replaceAll('RUN', sample.run)
  const result = await runUserSql(sample.run, statement).then(
    ({ rows }) => `gave ${rows.length} rows`,
    (thrown: unknown) => (thrown as { code: string }).code,
  )
  return result
}

describe('refused as no single SELECT', () => {
  test.each([
    `COPY (SELECT 1) TO 'RUN/risk_flagged_forecasts.parquet'`,
    `COPY (SELECT 1) TO 'RUN/server_clusters.csv' (FORMAT csv)`,
    `ATTACH 'HERE/new.db'`,
    `ATTACH 'RUN/server_risk.parquet' AS risk`,
    'INSTALL httpfs',
    'LOAD httpfs',
    `SET memory_limit = '1GB'`,
    'SET enable_external_access = true',
    'SET lock_configuration = false',
    'RESET allowed_paths',
    'PRAGMA enable_profiling',
    `PRAGMA table_info('forecasts')`,
    '/* SELECT */ pragma version',
    'CREATE TABLE copied AS SELECT * FROM server_risk',
    'CREATE MACRO one() AS 1',
    'DROP VIEW forecasts',
    'CALL pragma_version()',
    'EXPLAIN SELECT 1',
    'BEGIN',
    'CHECKPOINT',
    'PREPARE later AS SELECT 1',
    'SELECT 1; SELECT 2',
    `SELECT 1; COPY (SELECT 1) TO 'RUN/server_risk.parquet'`,
    '',
    ' ; ',
  ])('%s', async (sql) => {
    expect(await rejectionOf(sql)).toBe('query-refused')
  })
})

describe('refused by the database, which may reach these tables alone', () => {
  test.each([
    `COPY server_risk TO 'HERE/copy.csv'`,
    `COPY server_risk FROM 'HERE/other.csv'`,
    `INSERT INTO server_risk SELECT * FROM server_risk`,
    `UPDATE server_risk SET server_id = 'x'`,
    'DELETE FROM server_risk',
    `EXPORT DATABASE 'HERE/export'`,
    `IMPORT DATABASE 'HERE/export'`,
    `EXPLAIN ANALYZE COPY (SELECT 1) TO 'HERE/explained.csv'`,
    `SELECT * FROM read_csv('/etc/passwd')`,
    `SELECT * FROM read_text('/etc/passwd')`,
    `SELECT * FROM read_blob('/etc/passwd')`,
    `SELECT * FROM glob('/etc/*')`,
    `SELECT * FROM sniff_csv('/etc/passwd')`,
    `SELECT * FROM read_text('RUN/manifest.json')`,
    `SELECT * FROM read_json('RUN/module_05_summary.json')`,
    `SELECT * FROM read_parquet('HERE/fleet.parquet')`,
    `SELECT * FROM parquet_metadata('HERE/fleet.parquet')`,
    `SELECT * FROM read_parquet('RUN/*.parquet')`,
    `SELECT * FROM read_parquet('RUN/../fleet.parquet')`,
    `SELECT * FROM read_duckdb('HERE/new.db')`,
    `FROM '/etc/passwd'`,
    `FROM 'HERE/other.csv'`,
    `FROM '/proc/self/environ'`,
    `FROM 'https://example.com/forecasts.parquet'`,
    `SELECT * FROM read_csv('http://example.com/forecasts.csv')`,
    `FROM 's3://bucket/forecasts.parquet'`,
    `SELECT getenv('HOME')`,
    `FROM query('COPY (SELECT 1) TO ''HERE/query.csv''')`,
    `FROM query('SELECT 1; SELECT 2')`,
    `WITH written AS (INSERT INTO server_risk SELECT * FROM server_risk) SELECT 1`,
    'SELECT * INTO copied FROM server_risk',
    `CREATE SECRET (TYPE s3, KEY_ID 'a', SECRET 'b')`,
    'FROM duckdb_secrets()',
    'SELECT nowhere FROM forecasts',
    'SELEC 1',
  ])('%s', async (sql) => {
    expect(await rejectionOf(sql)).toMatch(/^query-(failed|refused)$/)
  })
})

describe('without effect on any file', () => {
  const started = (storage: string): string => `SELECT count(*) AS n FROM enable_logging(level = 'trace', ${storage})`
  test.each([
    `WITH a AS MATERIALIZED (${started(`storage = 'file', storage_path = 'HERE/log'`)}) SELECT write_log('x' || i, level := 'error') FROM a, range(5000) r(i)`,
    `WITH a AS MATERIALIZED (${started(`storage = 'file', storage_path = 'RUN'`)}) SELECT write_log('x' || i, level := 'error') FROM a, range(5000) r(i)`,
    `FROM enable_profiling(format = 'json', save_location = 'HERE/profile.json')`,
    'FROM force_checkpoint()',
    'SELECT * FROM range(3000000) r(i) ORDER BY hash(i) LIMIT 1',
  ])('%s', async (sql) => {
    await rejectionOf(sql)
    expect(await readdir(sample.folder, { recursive: true })).toEqual(filesBefore)
  })

  test('after every attempt the run is as it was written', async () => {
    expect(await readdir(sample.folder, { recursive: true })).toEqual(filesBefore)
    expect(await headroomDone(['verify', sample.run])).toContain('All 11 files agree with the manifest.')
  })

  test('nothing is spilled into the working folder', async () => {
    const work = join(sample.folder, 'work')
    await mkdir(work)
    await headroomDone(['query', sample.run, 'SELECT max(h) FROM (SELECT hash(i) AS h FROM range(2000000) r(i) ORDER BY h)'], { cwd: work })
    expect(await readdir(work)).toEqual([])
  })
})

describe('ordinary queries', () => {
  test('rows come back by column, times as text', async () => {
    const {
      columns,
      rows,
      hasMore: more,
    } = await runUserSql(
      sample.run,
      `SELECT count(DISTINCT server_id) AS servers, min(typeof(server_id)) AS kind, TIMESTAMP '2026-03-31' AS at FROM forecasts`,
    )
    expect({ columns, rows, more }).toEqual({
      columns: ['servers', 'kind', 'at'],
      rows: [[12, 'VARCHAR', '2026-03-31T00:00:00Z']],
      more: false,
    })
  })

  test('numbers are numbers, unless JSON cannot hold them', async () => {
    const { rows } = await runUserSql(
      sample.run,
      `SELECT 5::BIGINT, sum(i)::HUGEINT, 1.25::DECIMAL(9, 2), 9007199254740993::BIGINT, [7::BIGINT], TIMESTAMPTZ '2026-03-31 01:02:03.5+01',
              'nan'::DOUBLE, DATE '2026-03-31', NULL::BIGINT FROM range(4) r(i)`,
    )
    expect(rows).toEqual([[5, 6, 1.25, '9007199254740993', [7], '2026-03-31T00:02:03.5Z', 'NaN', '2026-03-31', null]])
  })

  test('no number is rounded: what a double cannot hold is text, also in CSV, where it is no formula', async () => {
    const sql = `SELECT -12345678901234567890.12::DECIMAL(38, 2) AS wide, 0.12345678901234567::DECIMAL(18, 17) AS long, 0.10::DECIMAL(18, 17) AS short,
      999999999999999::DECIMAL(18, 0) AS whole, (-2)::HUGEINT ** 0 AS one, -170141183460469231731687303715884105727::HUGEINT AS huge,
      [1.5, 12345678901234567.8]::DECIMAL(18, 1)[] AS list, {'d': 12345678901234567.8::DECIMAL(18, 1)} AS pair, '-Infinity'::DOUBLE AS none`
    const { rows } = await runUserSql(sample.run, sql)
    expect(rows).toEqual([
      [
        '-12345678901234567890.12',
        '0.12345678901234567',
        0.1,
        999999999999999,
        1,
        '-170141183460469231731687303715884105727',
        [1.5, '12345678901234567.8'],
        { d: '12345678901234567.8' },
        '-Infinity',
      ],
    ])
    expect(await headroomDone(['query', sample.run, sql, '--csv'])).toBe(
      'wide,long,short,whole,one,huge,list,pair,none\n-12345678901234567890.12,0.12345678901234567,0.1,999999999999999,1,' +
        '-170141183460469231731687303715884105727,"[1.5,""12345678901234567.8""]","{""d"":""12345678901234567.8""}",-Infinity\n',
    )
  })

  test('columns of one name all come back, under names of their own', async () => {
    const { columns } = await runUserSql(sample.run, 'SELECT 1 AS a, 2 AS a, 3 AS "a:1", 4 AS a')
    expect(columns).toEqual(['a', 'a:2', 'a:1', 'a:3'])
  })

  test.each(['DESCRIBE forecasts', 'SHOW TABLES', 'SUMMARIZE server_clusters', 'FROM server_risk LIMIT 1', 'VALUES (1)'])(
    '%s runs',
    async (sql) => {
      expect((await runUserSql(sample.run, sql)).rows.length).toBeGreaterThan(0)
    },
  )

  test('common table expressions join the three tables', async () => {
    const { rows } = await runUserSql(
      sample.run,
      `WITH worst AS (SELECT DISTINCT server_id FROM server_risk)
       SELECT count(*) FROM worst JOIN server_clusters USING (server_id) WHERE server_id IN (SELECT server_id FROM forecasts);`,
    )
    expect(rows).toEqual([[12]])
  })

  test('the text of a failure is the database’s own, and says which tables there are', async () => {
    const { code, stdout, stderr } = await headroom(['query', sample.run, 'SELECT nowhere FROM forecasts'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^Error: Binder Error: Referenced column "nowhere" not found/)
    expect(stderr).toMatch(/Tables: forecasts, server_risk, server_clusters\.\n$/)
  })

  test('a folder of Module 05 has no server_risk, and a failure does not name it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'headroom-query-'))
    try {
      await fabricatePythonRun(join(folder, 'run'), { clusters: true })
      await expect(runUserSql(join(folder, 'run'), 'SELECT * FROM server_risk')).rejects.toMatchObject({
        code: 'query-failed',
        next: 'Tables: forecasts, server_clusters.',
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test('--csv quotes what needs it and leaves NULL empty', async () => {
    const sql = `SELECT 'a "b", c' AS "x,y", NULL AS nothing, 1.5 AS number`
    expect(await headroomDone(['query', sample.run, sql, '--csv'])).toBe('"x,y",nothing,number\n"a ""b"", c",,1.5\n')
  })

  test('--json has sorted keys and a version', async () => {
    const text = await headroomDone(['query', sample.run, 'SELECT 2 AS b, 1 AS a, true AS c', '--json'])
    expect(text).toBe(`${JSON.stringify({ columns: ['b', 'a', 'c'], rows: [{ a: 1, b: 2, c: true }], schema_version: 1 }, null, 2)}\n`)
  })

  test('a table on the terminal ends after a thousand rows and says so; --csv gives all', async () => {
    const table = await headroom(['query', sample.run, 'SELECT i FROM range(1500) r(i)'])
    expect(table.stdout.trimEnd().split('\n')).toHaveLength(1002)
    expect(table.stderr).toBe('Only the first 1,000 rows are shown; use --csv or --json for all.\n')
    const csv = await headroomDone(['query', sample.run, 'SELECT i FROM range(1500) r(i)', '--csv'])
    expect(csv.trimEnd().split('\n')).toHaveLength(1501)
  })

  test('a run in a folder called like a pattern is read itself, not its neighbour that the pattern matches', async () => {
    const duplicateNames = join(sample.folder, 'twins')
    await cp(sample.run, join(duplicateNames, 'run [1]'), { recursive: true })
    await mkdir(join(duplicateNames, 'run 1'))
    await writeFile(join(duplicateNames, 'run 1', 'server_clusters.csv'), 'server_id,cluster\nwrong,0\n')
    const { rows } = await runUserSql(join(duplicateNames, 'run [1]'), 'SELECT count(*) FROM server_clusters')
    expect(rows).toEqual([[12]])
  })

  test('a name that a spreadsheet would run is made harmless in server_clusters.csv and is itself in the table', async () => {
    const run = join(sample.folder, 'formulas')
    await cp(sample.run, run, { recursive: true })
    const names = ["'=1+1", '+1', '=1+1', 'a;=1']
    await writeClusters(run, {
      serverIds: names,
      features: {},
      projection: {},
      cluster: [0, 0, 0, 0],
      clusters: [{ cluster: 0, name: 'quiet' }],
    } as unknown as ClusteredServers)
    expect(await readFile(join(run, 'server_clusters.csv'), 'utf8')).toBe(
      `server_id,cluster,cluster_name\n''=1+1,0,quiet\n'+1,0,quiet\n'=1+1,0,quiet\na;'=1,0,quiet\n`,
    )
    const { rows } = await runUserSql(run, 'SELECT server_id FROM server_clusters ORDER BY 1')
    expect(rows.flat()).toEqual(names)
  })

  test('server names that are numbers stay text in every table', async () => {
    const run = join(sample.folder, 'numbered')
    await cp(sample.run, run, { recursive: true })
    const clusters = await readFile(join(run, 'server_clusters.csv'), 'utf8')
    let number = 100
    await writeFile(
      join(run, 'server_clusters.csv'),
      clusters.replaceAll(/^[^,\n]+(?=,\d)/gm, () => `0${number++}`),
    )
    const { rows } = await runUserSql(run, 'SELECT typeof(server_id), server_id FROM server_clusters ORDER BY 2 LIMIT 1')
    expect(rows).toEqual([['VARCHAR', '0100']])
  })
})
