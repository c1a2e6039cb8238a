// `npm run bench:forecast`: own forecasts of a real fleet from three origins, scored against what then came, together with other programs' models.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
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
    /** Its models take hours by the hour: of so many servers, one is forecast. */
    'python-every': { type: 'string', default: '1' },
    /** Leave out the analyses with one forced model. */
    quick: { type: 'boolean', default: false },
    /** Keep the files of the run here, and use those that are there: a long run may stop and go on. */
    folder: { type: 'string' },
  },
})
if (!existsSync(values.data)) {
  console.log(`Skipped: ${values.data} is missing (--data FILE).`)
  process.exit(0)
}
await installDependencies()
await buildApp()
const folder = values.folder ?? (await mkdtemp(join(tmpdir(), 'headroom-bench-forecast-')))
await mkdir(folder, { recursive: true })
const database = await (await DuckDBInstance.create()).connect()
const horizons = { day: 14, hour: 168 }
const lagIntervals = { day: 'to_days(7)', hour: 'to_hours(24)' }

/** @param {readonly string[]} args */
const headroom = (args) => execFileSync(process.execPath, [cliFile, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })

/** A file or folder that is written in one go, or was before. @param {string} path @param {(path: string) => unknown} write */
const once = async (path, write) => {
  if (existsSync(path)) return
  const partial = `${path}.new`
  await rm(partial, { recursive: true, force: true })
  await write(partial)
  await rename(partial, path)
}

/** Verdicts of an analysis. @param {'day' | 'hour'} step @param {number} origin @param {string} forecasts @param {string} model */
const judge = async (step, origin, forecasts, model) => {
  const run = join(folder, `run-${step}-${origin}-${model}`)
  await once(run, (path) => headroom(['analyze', forecasts, '--out', path, '--quiet', ...(model === 'selected' ? [] : ['--model', model])]))
  await database.run(`
    INSERT INTO verdicts SELECT '${step}', ${origin}, '${model}', server_id, metric, model, at_risk_probability, at_risk_probability > 0.5
    FROM read_parquet('${run}/server_risk.parquet') WHERE horizon_start >= TIMESTAMP '${first?.['ts']}' + INTERVAL ${origin} DAY`)
}

/** Adds the horizon of a forecasts file. @param {'day' | 'hour'} step @param {number} origin @param {string} forecasts */
const addPredictions = async (step, origin, forecasts) =>
  database.run(`
    INSERT INTO predictions SELECT '${step}', ${origin}, model, server_id, metric, timestamp, predicted, yhat_lower, yhat_upper
    FROM read_parquet('${forecasts}') WHERE is_future`)

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
  const before = `ts < TIMESTAMP '${first?.['ts']}' + INTERVAL ${origin} DAY`
  const cut = join(folder, `cut-${step}-${origin}.parquet`)
  await once(cut, (path) =>
    database.run(`COPY (SELECT server_id, metric, ts AS timestamp, actual FROM given WHERE ${before}) TO '${path}' (FORMAT parquet)`),
  )
  const forecasts = join(folder, `forecasts-${step}-${origin}.parquet`)
  await once(forecasts, (path) =>
    headroom(['forecast', cut, '--out', path, '--step', step, '--horizon', String(horizons[step]), '--quiet']),
  )
  const models = (await rowsOf(database, `SELECT DISTINCT model FROM read_parquet('${forecasts}') ORDER BY model`)).map(
    (row) => row['model'],
  )
  for (const model of [...(values.quick ? [] : models), 'selected']) await judge(step, origin, forecasts, model)
  await addPredictions(step, origin, forecasts)
  if (values.python === undefined) return
  const others = join(folder, `others-${step}-${origin}.parquet`)
  const history = join(folder, `history-${step}-${origin}.parquet`)
  await once(history, (path) =>
    database.run(
      `COPY (SELECT server_id, metric, ts, actual FROM steps WHERE step = '${step}' AND ${before} AND server_id IN
         (SELECT server_id FROM (SELECT DISTINCT server_id FROM steps) QUALIFY row_number() OVER (ORDER BY server_id) % ${values['python-every']} = 0)
       ORDER BY ALL) TO '${path}' (FORMAT parquet)`,
    ),
  )
  // By the hour a backtest would take hours more: its probabilities come from the bounds.
  const windows = step === 'day' ? Math.floor(origin / 2 / horizons.day) : 0
  await once(others, (path) =>
    execFileSync(
      /** @type {string} */ (values.python),
      [join(projectFolder, 'test', 'bench', 'statsforecast_models.py'), history, path, step, String(horizons[step]), String(windows)],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    ),
  )
  await addPredictions(step, origin, others)
  for (const model of ['sf_AutoETS', 'sf_AutoTheta', 'sf_MSTL']) await judge(step, origin, others, model)
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
  /** Of the series that meet a condition. @param {'day' | 'hour'} step @param {string} title @param {string} condition */
  const printScores = async (step, title, condition) => {
    await database.run(
      `CREATE OR REPLACE TEMP TABLE chosen AS SELECT DISTINCT origin, server_id, metric FROM predictions WHERE step = '${step}' AND ${condition}`,
    )
    const scores = await rowsOf(
      database,
      `WITH naive AS (
         SELECT o.origin, s.server_id, s.metric, avg(abs(s.actual - e.actual)) AS error
         FROM steps s JOIN steps e ON e.step = s.step AND e.server_id = s.server_id AND e.metric = s.metric AND e.ts = s.ts - ${lagIntervals[step]}
         JOIN (SELECT DISTINCT origin FROM chosen) o ON s.ts < TIMESTAMP '${first?.['ts']}' + to_days(o.origin)
         WHERE s.step = '${step}' GROUP BY ALL HAVING error > 0
       ), scored AS (
         SELECT p.metric, p.model, p.origin, p.server_id, s.actual, p.predicted, abs(s.actual - p.predicted) AS error, abs(s.actual - p.predicted) / n.error AS scaled,
                s.actual - p.predicted - 1.6448536 / 1.2815516 * (p.upper - p.predicted) AS excess, s.actual BETWEEN p.lower AND p.upper AS is_inside
         FROM predictions p JOIN chosen USING (origin, server_id, metric) JOIN steps s USING (step, server_id, metric, ts) LEFT JOIN naive n USING (origin, server_id, metric)
         WHERE step = '${step}'
       )
       SELECT metric, model, count(DISTINCT (origin, server_id)) AS series, avg(error) AS mae, avg(scaled) AS mase, avg(error) / 2 AS pinball_50,
              avg(greatest(0.95 * excess, -0.05 * excess)) AS pinball_95, avg(CAST(is_inside AS INTEGER)) AS coverage
       FROM scored GROUP BY ALL ORDER BY metric, mae`,
    )
    const verdicts = await rowsOf(
      database,
      `WITH truth AS (
         SELECT origin, server_id, metric, quantile_cont(actual, 0.95) > 80 AS came
         FROM (SELECT DISTINCT step, origin, server_id, metric, ts FROM predictions WHERE step = '${step}') JOIN steps USING (step, server_id, metric, ts) GROUP BY ALL
       )
       SELECT metric, basis AS model, count_if(came) AS events, count_if(is_at_risk) AS named, count_if(came AND is_at_risk) AS hits
       FROM verdicts JOIN truth USING (origin, server_id, metric) JOIN chosen USING (origin, server_id, metric) WHERE step = '${step}' GROUP BY ALL`,
    )
    for (const metric of new Set(scores.map((row) => row['metric']))) {
      console.log(`\n${metric} by the ${step}, ${horizons[step]} ${step}s ahead, origins after ${values.origins} days${title}`)
      console.log('model            series     MAE    MASE pinball 0.5    0.95  coverage  at risk: events  named   hits  recall  precision')
      for (const row of scores.filter((candidate) => candidate['metric'] === metric)) {
        const verdict = verdicts.find((candidate) => candidate['metric'] === metric && candidate['model'] === row['model'])
        const share = (/** @type {unknown} */ part, /** @type {unknown} */ of) => (Number(part) / Number(of)).toFixed(3)
        const judged =
          verdict === undefined
            ? []
            : [
                verdict['events'],
                verdict['named'],
                verdict['hits'],
                share(verdict['hits'], verdict['events']),
                share(verdict['hits'], verdict['named']),
              ]
        const figures = ['mae', 'mase', 'pinball_50', 'pinball_95', 'coverage'].map((name) => Number(row[name]).toFixed(3))
        const cells = [row['series'], ...figures, ...judged].map((cell, at) =>
          String(cell).padStart([7, 8, 8, 12, 8, 10, 17, 7, 7, 8, 11][at] ?? 8),
        )
        console.log(`${String(row['model']).padEnd(16)}${cells.join('')}`)
      }
    }
  }
  for (const step of /** @type {('day' | 'hour')[]} */ (values.step)) {
    await printScores(step, '', 'true')
    if (values.python !== undefined && values['python-every'] !== '1')
      await printScores(step, ', of the servers that all models forecast', `model LIKE 'sf_%'`)
  }
} finally {
  database.closeSync()
  if (values.folder === undefined) await rm(folder, { recursive: true, force: true })
}
