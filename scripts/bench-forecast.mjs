// `npm run bench:forecast`: own forecasts of a real fleet from three origins, scored against what then came, together with other programs' models.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { rowsOf } from './bench/known-fleets.mjs'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { cliFile, projectFolder } from './setup/project-folders.mjs'

const { values } = parseArgs({
  options: {
    /** Measurements by the hour: server_id, timestamp, metric, actual. */
    data: { type: 'string', default: join(projectFolder, '..', 'shared', 'data', 'bitbrains', 'measurements.parquet') },
    /** Days of history before each origin. */
    origins: { type: 'string', default: '63,70,77' },
    step: { type: 'string', multiple: true, default: ['day', 'hour'] },
    /** A Python with statsforecast and pyarrow; its models are scored in the same run. */
    python: { type: 'string' },
    /** Leave out the analyses with one forced model. */
    quick: { type: 'boolean', default: false },
  },
})
if (!existsSync(values.data)) {
  console.log(`Skipped: ${values.data} is missing (--data FILE).`)
  process.exit(0)
}
await installDependencies()
await buildApp()
const folder = await mkdtemp(join(tmpdir(), 'headroom-bench-forecast-'))
const database = await (await DuckDBInstance.create()).connect()
const horizons = { day: 14, hour: 168 }
const lags = { day: 7, hour: 24 }

/** @param {readonly string[]} args */
const headroom = (args) => execFileSync(process.execPath, [cliFile, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })

/** Values by step, worked out apart from the program: daily maxima of days with 18 hours and more; values above ten times the 99.9th percentile are none. */
await database.run(`
  CREATE TABLE given AS SELECT server_id, metric, timestamp AS ts, actual FROM read_parquet('${values.data}') WHERE NOT isnan(actual);
  CREATE TABLE steps AS
    SELECT 'hour' AS step, server_id, metric, ts, actual FROM given
    UNION ALL SELECT 'day', server_id, metric, date_trunc('day', ts), max(actual) FROM given GROUP BY ALL HAVING count(*) >= 18;
  DELETE FROM steps USING (SELECT step, metric, 10 * quantile_disc(actual, 0.999) AS highest FROM steps GROUP BY ALL) l
    WHERE steps.step = l.step AND steps.metric = l.metric AND steps.actual > l.highest`)
const [first] = await rowsOf(database, `SELECT CAST(min(ts) AS VARCHAR) AS ts FROM given`)

/** The forecasts of the horizon, with selection and verdicts. @param {'day' | 'hour'} step @param {number} origin days */
const forecastFrom = async (step, origin) => {
  const cut = join(folder, `cut-${step}-${origin}.parquet`)
  await database.run(
    `COPY (SELECT server_id, metric, ts AS timestamp, actual FROM given WHERE ts < TIMESTAMP '${first?.['ts']}' + INTERVAL ${origin} DAY) TO '${cut}' (FORMAT parquet)`,
  )
  const forecasts = join(folder, `forecasts-${step}-${origin}.parquet`)
  headroom(['forecast', cut, '--out', forecasts, '--step', step, '--horizon', String(horizons[step]), '--quiet'])
  const models = (await rowsOf(database, `SELECT DISTINCT model FROM read_parquet('${forecasts}') ORDER BY model`)).map(
    (row) => row['model'],
  )
  for (const model of [...(values.quick ? [] : models), 'selected']) {
    const run = join(folder, `run-${step}-${origin}-${model}`)
    headroom(['analyze', forecasts, '--out', run, '--quiet', ...(model === 'selected' ? [] : ['--model', model])])
    await database.run(`
      INSERT INTO verdicts SELECT '${step}', ${origin}, '${model}', server_id, metric, model, at_risk_probability, at_risk_probability > 0.5
      FROM read_parquet('${run}/server_risk.parquet') WHERE horizon_start >= TIMESTAMP '${first?.['ts']}' + INTERVAL ${origin} DAY`)
  }
  await database.run(`
    INSERT INTO predictions SELECT '${step}', ${origin}, model, server_id, metric, timestamp, predicted, yhat_lower, yhat_upper
    FROM read_parquet('${forecasts}') WHERE is_future`)
  if (values.python !== undefined) {
    const others = join(folder, `others-${step}-${origin}.parquet`)
    const history = join(folder, `history-${step}-${origin}.parquet`)
    await database.run(
      `COPY (SELECT server_id, metric, ts, actual FROM steps WHERE step = '${step}' AND ts < TIMESTAMP '${first?.['ts']}' + INTERVAL ${origin} DAY ORDER BY ALL) TO '${history}' (FORMAT parquet)`,
    )
    execFileSync(
      values.python,
      [join(projectFolder, 'test', 'bench', 'statsforecast_models.py'), history, others, step, String(horizons[step])],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    )
    await database.run(
      `INSERT INTO predictions SELECT '${step}', ${origin}, model, server_id, metric, ts, predicted, lower, upper FROM read_parquet('${others}')`,
    )
  }
}

try {
  await database.run(`
    CREATE TABLE predictions (step VARCHAR, origin INTEGER, model VARCHAR, server_id VARCHAR, metric VARCHAR, ts TIMESTAMP, predicted DOUBLE, lower DOUBLE, upper DOUBLE);
    CREATE TABLE verdicts (step VARCHAR, origin INTEGER, basis VARCHAR, server_id VARCHAR, metric VARCHAR, model VARCHAR, probability DOUBLE, is_at_risk BOOLEAN)`)
  const origins = values.origins.split(',').map(Number)
  for (const step of /** @type {('day' | 'hour')[]} */ (values.step)) for (const origin of origins) await forecastFrom(step, origin)
  await database.run(`
    INSERT INTO predictions SELECT step, origin, 'selected', server_id, metric, ts, predicted, lower, upper
    FROM predictions p JOIN (SELECT * EXCLUDE (probability, is_at_risk) FROM verdicts WHERE basis = 'selected') v USING (step, origin, server_id, metric, model)`)
  const lagCase = `CASE s.step WHEN 'day' THEN to_days(${lags.day}) ELSE to_hours(${lags.hour}) END`
  const scores = await rowsOf(
    database,
    `WITH naive AS (
       SELECT s.step, o.origin, s.server_id, s.metric, avg(abs(s.actual - e.actual)) AS error
       FROM steps s JOIN steps e ON e.step = s.step AND e.server_id = s.server_id AND e.metric = s.metric AND e.ts = s.ts - ${lagCase}
       JOIN (SELECT DISTINCT origin FROM predictions) o ON s.ts < TIMESTAMP '${first?.['ts']}' + to_days(o.origin)
       GROUP BY ALL HAVING error > 0
     ), scored AS (
       SELECT p.step, p.metric, p.model, s.actual, p.predicted, abs(s.actual - p.predicted) AS error, abs(s.actual - p.predicted) / n.error AS scaled,
              s.actual - p.predicted - 1.6448536 / 1.2815516 * (p.upper - p.predicted) AS excess, s.actual BETWEEN p.lower AND p.upper AS is_inside
       FROM predictions p JOIN steps s USING (step, server_id, metric, ts) LEFT JOIN naive n USING (step, origin, server_id, metric)
     )
     SELECT step, metric, model, count(*) AS points, avg(error) AS mae, avg(scaled) AS mase, avg(error) / 2 AS pinball_50,
            avg(greatest(0.95 * excess, -0.05 * excess)) AS pinball_95, avg(CAST(is_inside AS INTEGER)) AS coverage
     FROM scored GROUP BY ALL ORDER BY step, metric, mae`,
  )
  const verdicts = await rowsOf(
    database,
    `WITH truth AS (
       SELECT step, origin, server_id, metric, quantile_cont(actual, 0.95) > 80 AS came
       FROM (SELECT DISTINCT step, origin, server_id, metric, ts FROM predictions) JOIN steps USING (step, server_id, metric, ts) GROUP BY ALL
     )
     SELECT step, metric, basis AS model, count_if(came) AS events, count_if(is_at_risk) AS named, count_if(came AND is_at_risk) AS hits
     FROM verdicts JOIN truth USING (step, origin, server_id, metric) GROUP BY ALL`,
  )
  for (const step of values.step) {
    for (const metric of new Set(scores.map((row) => row['metric']))) {
      console.log(
        `\n${metric} by the ${step}, ${horizons[/** @type {'day'} */ (step)]} ${step}s ahead, origins after ${values.origins} days`,
      )
      console.log('model               MAE    MASE  pinball 0.5  0.95   coverage  at risk: events  named  hits  recall  precision')
      for (const row of scores.filter((candidate) => candidate['step'] === step && candidate['metric'] === metric)) {
        const verdict = verdicts.find(
          (candidate) => candidate['step'] === step && candidate['metric'] === metric && candidate['model'] === row['model'],
        )
        const share = (/** @type {unknown} */ part, /** @type {unknown} */ of) => (Number(part) / Number(of)).toFixed(3)
        const judged =
          verdict === undefined
            ? ''
            : `${String(verdict['events']).padStart(15)}${String(verdict['named']).padStart(7)}${String(verdict['hits']).padStart(6)}${share(verdict['hits'], verdict['events']).padStart(8)}${share(verdict['hits'], verdict['named']).padStart(11)}`
        const figures = ['mae', 'mase', 'pinball_50', 'pinball_95', 'coverage'].map((name) => Number(row[name]).toFixed(3))
        console.log(`${String(row['model']).padEnd(16)}${figures.map((text, at) => text.padStart(at === 2 ? 12 : 8)).join('')}  ${judged}`)
      }
    }
  }
} finally {
  database.closeSync()
  await rm(folder, { recursive: true, force: true })
}
