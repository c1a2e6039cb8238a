// A run's artefacts against plain queries on its forecasts, which share no code with the engine: `node independent-check.mjs FORECASTS RUN`.
// Prints each comparison; exit code 1 if anything differs. For daily forecasts of one metric whose models cover the same backtest days.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'

const [set, run] = process.argv.slice(2)
if (set === undefined || run === undefined) throw new Error('node independent-check.mjs SET RUN')
const spill = join(run, '..', '.independent-check')
const instance = await DuckDBInstance.create(':memory:', { memory_limit: '4GB', temp_directory: spill })
const connection = await instance.connect()
await connection.run("SET TimeZone = 'UTC'")
/** @param {string} sql @returns {Promise<any[]>} */
const rows = async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson()
const file = (/** @type {string} */ name) => `'${join(run, name)}'`
let failed = 0
/** @param {string} what @param {unknown} found @param {unknown} expected */
const compare = (what, found, expected) => {
  const isSame = JSON.stringify(found) === JSON.stringify(expected)
  if (!isSame) failed++
  console.log(
    `${isSame ? 'same' : 'DIFFERENT'}: ${what}: ${JSON.stringify(found)}${isSame ? '' : ` instead of ${JSON.stringify(expected)}`}`,
  )
}

const own = ['risk_flag', 'risk_level', 'month', 'is_eoq', 'is_holiday', 'seasonal_peak_risk', 'is_underutilized', 'is_selected']
await connection.run(`CREATE VIEW source AS SELECT * FROM read_parquet('${set}', file_row_number = true)`)
await connection.run(`CREATE VIEW flagged AS SELECT * FROM read_parquet(${file('risk_flagged_forecasts.parquet')}, file_row_number = true)`)

const fingerprint = (/** @type {string} */ relation) =>
  rows(`SELECT count(*) AS n, bit_xor(hash(source)) AS fingerprint FROM (SELECT * EXCLUDE (${own.join(', ')}) FROM ${relation}) AS source`)
const plain = rows('SELECT count(*) AS n, bit_xor(hash(source)) AS fingerprint FROM source')
compare('rows as they were and where they were', await fingerprint('flagged'), await plain)

await connection.run(
  `CREATE TABLE errors AS SELECT server_id, model, avg(abs(actual - predicted)) AS mae FROM source WHERE actual IS NOT NULL GROUP BY ALL`,
)
await connection.run('CREATE TABLE chosen AS SELECT server_id, arg_min(model, (mae, model)) AS model FROM errors GROUP BY server_id')
await connection.run(`
  CREATE TABLE expected AS
  SELECT server_id, any_value(c.model) AS model, quantile_cont(predicted, 0.95) AS p95, avg(predicted) AS mean, max(predicted) AS peak,
         min("timestamp") FILTER (WHERE predicted > 80) AS first_breach_at, count(*) FILTER (WHERE predicted > 80) AS periods_over
  FROM source JOIN chosen c USING (server_id, model) WHERE actual IS NULL GROUP BY server_id`)
const [faults] = await rows(`
  SELECT count(*) AS servers,
         count_if(e.model <> r.model) AS models,
         count_if(abs(e.p95 - r.horizon_p95) > 1e-9 OR abs(e.mean - r.horizon_mean) > 1e-9 OR e.peak <> r.horizon_peak) AS figures,
         count_if(e.first_breach_at IS DISTINCT FROM r.first_breach_at OR e.periods_over <> r.periods_over) AS breaches,
         count_if((r.at_risk_probability > 0.5) <> r.is_at_risk OR (e.mean < 40) <> r.is_underutilized) AS judgements,
         count_if(NOT (r.breach_probability BETWEEN 0 AND 1 AND r.at_risk_probability BETWEEN 0 AND r.breach_probability)) AS probabilities
  FROM expected e FULL JOIN read_parquet(${file('server_risk.parquet')}) r USING (server_id)`)
const [{ n: servers }] = await rows('SELECT count(DISTINCT server_id) AS n FROM source')
compare('servers with other figures', faults, { servers, models: '0', figures: '0', breaches: '0', judgements: '0', probabilities: '0' })

const summary = JSON.parse(await readFile(join(run, 'module_05_summary.json'), 'utf8'))
const [counts] = await rows(
  `SELECT count(*)::INTEGER AS total, (SELECT count_if(at_risk_probability > 0.5)::INTEGER FROM read_parquet(${file('server_risk.parquet')})) AS at_risk, count_if(mean < 40)::INTEGER AS idle FROM expected`,
)
compare(
  'counts of the summary',
  [summary.total_servers, summary.at_risk_servers, summary.underutilized_servers],
  [counts.total, counts.at_risk, counts.idle],
)

const [flags] = await rows(`
  SELECT count_if(risk_flag IS DISTINCT FROM (predicted > 80)) AS risk_flag,
         count_if(risk_level IS DISTINCT FROM CASE WHEN predicted > 90 THEN 'high' WHEN predicted > 80 THEN 'medium' WHEN predicted <= 80 THEN 'low' END) AS risk_level,
         count_if(f."month" <> month("timestamp")) AS "month",
         count_if(is_eoq <> (month("timestamp") IN (3, 6, 9, 12) AND day(last_day("timestamp")) - day("timestamp") < 7)) AS is_eoq,
         count_if(is_selected <> (f.model = e.model)) AS is_selected,
         count_if(is_underutilized <> (e.mean < 40)) AS is_underutilized
  FROM flagged f JOIN expected e USING (server_id)`)
compare('rows with other flags', flags, {
  risk_flag: '0',
  risk_level: '0',
  month: '0',
  is_eoq: '0',
  is_selected: '0',
  is_underutilized: '0',
})
const [seasonal] = await rows(`
  WITH peaks AS (
    SELECT server_id, max(predicted) FILTER (WHERE actual IS NULL AND is_selected AND (is_eoq OR is_holiday)) AS peak,
           min(seasonal_peak_risk) AS least, max(seasonal_peak_risk) AS greatest
    FROM flagged GROUP BY server_id)
  SELECT count_if(peak IS DISTINCT FROM least OR peak IS DISTINCT FROM greatest) AS servers FROM peaks`)
compare('servers with another seasonal peak', seasonal, { servers: '0' })
const [clusters] = await rows(`SELECT count(*) AS servers, count(cluster) AS clustered FROM read_csv(${file('server_clusters.csv')})`)
compare('servers in clusters', clusters, { servers, clustered: servers })
process.exitCode = failed === 0 ? 0 : 1
