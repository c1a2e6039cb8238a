// The rendered plan in a local PySpark against DuckDB's run of the same set: `node spark.mjs [SET [SERVERS]]`. Without PySpark or Java it says so.
// HEADROOM_PYTHON names a Python. Figures may differ by 1e-9 of their size; counts, dates and texts not at all.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { cliFile, projectFolder } from '../../scripts/setup/project-folders.mjs'

const python = process.env['HEADROOM_PYTHON'] ?? 'python3'
const shards = 4
const tolerance = 1e-9
const planetlab = join(projectFolder, '..', 'shared', 'data', 'planetlab', 'forecasts.parquet')
const givenPlanetlab = process.env['HEADROOM_PLANETLAB'] ?? planetlab

const canRun = () => {
  if (spawnSync('java', ['-version'], { stdio: 'ignore' }).status !== 0) return 'Java is not installed (apt install default-jre-headless)'
  const { status } = spawnSync(python, ['-c', 'import pyspark'], { stdio: 'ignore' })
  return status === 0 ? null : `${python} has no PySpark (pip install pyspark==3.5.6; HEADROOM_PYTHON names another Python)`
}

/** @param {string[]} args */
const cli = (args) => execFileSync(process.execPath, [cliFile, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })

/** @param {string} folder @param {string} name @param {string} set @param {string[]} servers */
const compareSet = async (folder, name, set, servers) => {
  const run = join(folder, `${name}-run`)
  const plan = join(folder, `${name}-plan`)
  const out = join(folder, `${name}-spark`)
  cli(['analyze', set, ...servers, '--out', run, '--set', 'breach_probability=false', '--quiet'])
  cli(['plan', set, ...servers, '--out', plan])
  const script = join(projectFolder, 'resources', 'spark', 'run_plan.py')
  const inputs = [`source=${set}`, `server_attributes=${join(plan, 'server_attributes.parquet')}`]
  const startedAt = performance.now()
  const { status, stderr } = spawnSync(python, [script, join(plan, 'plan.json'), out, String(shards), ...inputs], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: {
      ...process.env,
      PYSPARK_SUBMIT_ARGS: `--master local[2] --driver-memory 4g --conf spark.ui.enabled=false --conf spark.sql.shuffle.partitions=8 --conf spark.local.dir=${folder} pyspark-shell`,
    },
  })
  if (status !== 0) throw new Error(stderr.slice(-4000))
  console.log(`${name}: PySpark took ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run("SET TimeZone = 'UTC'")
  /** @param {string} sql @returns {Promise<any[]>} */
  const rows = async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson()
  const found = (/** @type {string} */ view) => `read_parquet('${out}/${view}/**/*.parquet', hive_partitioning = false)`
  const [{ total }] = await rows(`SELECT count(*)::INTEGER AS total FROM read_parquet('${run}/server_risk.parquet')`)
  await connection.run(`CREATE VIEW here AS SELECT * FROM read_parquet('${run}/server_risk.parquet')`)
  await connection.run(`
    CREATE VIEW there AS
    SELECT r.*, c.common_points AS backtest_points, c.mae, c.mase, m.symmetric_error / nullif(m.backtest_points, 0) AS smape_percent,
           m.signed_error / nullif(m.backtest_points, 0) AS bias, m.covered_points / nullif(m.bounded_points, 0) AS interval_coverage
    FROM ${found('series_risk')} r JOIN ${found('series_models')} m USING (server_id, metric, model)
    JOIN ${found('candidates')} c ON c.series_id = r.series_id AND c.model = r.model`)
  const columns = await rows(`
    SELECT h.column_name AS name, h.column_type AS type FROM (DESCRIBE here) h JOIN (DESCRIBE there) t USING (column_name)
    WHERE h.column_name NOT IN ('server_id', 'metric')`)
  let failed = 0
  for (const { name: column, type } of columns) {
    const differs =
      type === 'DOUBLE'
        ? `(h."${column}" IS NULL) <> (t."${column}" IS NULL) OR abs(h."${column}" - t."${column}") > ${tolerance} * greatest(abs(h."${column}"), abs(t."${column}"))`
        : `CAST(h."${column}" AS VARCHAR) IS DISTINCT FROM CAST(CAST(t."${column}" AS ${type}) AS VARCHAR)`
    const [{ faults, rows: joined }] = await rows(
      `SELECT count_if(${differs})::INTEGER AS faults, count(*)::INTEGER AS rows FROM here h FULL JOIN there t USING (server_id, metric)`,
    )
    if (faults > 0 || joined !== total) {
      failed++
      console.log(`DIFFERENT: ${column} in ${faults} of ${joined} series (${total} expected)`)
      const examples = await rows(
        `SELECT server_id, h."${column}" AS here, t."${column}" AS there FROM here h FULL JOIN there t USING (server_id, metric) WHERE ${differs} LIMIT 3`,
      )
      console.log(JSON.stringify(examples))
    }
  }
  console.log(`${name}: ${columns.length} columns of ${total} series compared: ${columns.map((/** @type {any} */ c) => c.name).join(', ')}`)
  const flags =
    'server_id, model, "timestamp", predicted, risk_flag, risk_level, "month", is_eoq, is_holiday, is_underutilized, is_selected'
  const figures = (/** @type {string} */ relation) =>
    rows(`SELECT count(*) AS rows, sum(hash(${flags.replace('"timestamp"', 'CAST("timestamp" AS TIMESTAMP)')})) AS fingerprint,
                 round(sum(seasonal_peak_risk), 3) AS seasonal FROM ${relation}`)
  const [own, theirs] = [await figures(`read_parquet('${run}/risk_flagged_forecasts.parquet')`), await figures(found('flagged'))]
  if (JSON.stringify(own) !== JSON.stringify(theirs)) failed++
  console.log(
    `${name}: flagged rows ${JSON.stringify(own) === JSON.stringify(theirs) ? 'are the same' : 'DIFFER'}: ${JSON.stringify(own)} ${JSON.stringify(theirs)}`,
  )
  return failed
}

const obstacle = canRun()
if (obstacle !== null) console.log(`skipped: Spark (${obstacle})`)
else {
  const folder = await mkdtemp(join(tmpdir(), 'headroom-spark-'))
  try {
    let failed = 0
    const [given, table] = process.argv.slice(2)
    if (given !== undefined) failed += await compareSet(folder, 'set', given, table === undefined ? [] : ['--servers', table])
    else {
      const set = join(folder, 'sample.parquet')
      cli(['sample', '--servers', '1000', '--out', set, '--quiet'])
      failed += await compareSet(folder, 'sample', set, ['--servers', set.replace(/\.parquet$/, '.servers.csv')])
      if (existsSync(givenPlanetlab)) failed += await compareSet(folder, 'planetlab', givenPlanetlab, [])
      else console.log('skipped: planetlab (its data are not here; HEADROOM_PLANETLAB names them)')
    }
    process.exitCode = failed === 0 ? 0 : 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
