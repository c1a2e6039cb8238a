// `npm run bench:calibration`: the probabilities of fleets whose outcome is known, scored against what came about.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { p95, scorePredictions } from './bench/probability-scores.mjs'
import { lawNames, makeSyntheticFleet } from './bench/synthetic-fleets.mjs'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { cliFile, projectFolder } from './setup/project-folders.mjs'

/** @typedef {import('./bench/probability-scores.mjs').Prediction} Prediction */
/** @typedef {{ readonly sustained: Prediction[], readonly any: Prediction[], readonly errors: readonly { readonly point: number, readonly median: number }[] }} Outcome */

const { values } = parseArgs({ options: { data: { type: 'string', default: join(projectFolder, '..', 'shared', 'data') } } })

await installDependencies()
await buildApp()
const folder = await mkdtemp(join(tmpdir(), 'headroom-bench-calibration-'))
const database = await (await DuckDBInstance.create()).connect()

/** @param {string} sql @returns {Promise<Record<string, any>[]>} */
const rowsOf = async (sql) => (await database.runAndReadAll(sql)).getRowObjectsJson()

/** @param {boolean} is @returns {0 | 1} */
const bit = (is) => (is ? 1 : 0)

let runs = 0
/** Analyses forecasts and compares each server with what came. @param {string} forecasts @param {ReadonlyMap<string, number[]>} truth @returns {Promise<Outcome>} */
const evaluate = async (forecasts, truth) => {
  const run = join(folder, `run-${runs++}`)
  execFileSync(process.execPath, [cliFile, 'analyze', forecasts, '--out', run, '--quiet'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const risks = await rowsOf(`SELECT * FROM '${run}/server_risk.parquet' WHERE at_risk_probability IS NOT NULL`)
  const known = risks.flatMap((risk) => {
    const came = truth.get(risk['server_id'])
    return came === undefined ? [] : [{ risk, came }]
  })
  /** @param {(risk: Record<string, any>, came: number[]) => Prediction} predict */
  const predictions = (predict) => known.map(({ risk, came }) => predict(risk, came))
  return {
    sustained: predictions((risk, came) => ({
      probability: risk['at_risk_probability'],
      outcome: bit(p95(came) > risk['high_threshold']),
      flag: bit(risk['horizon_p95'] > risk['high_threshold']),
    })),
    any: predictions((risk, came) => ({
      probability: risk['breach_probability'],
      outcome: bit(Math.max(...came) > risk['high_threshold']),
      flag: bit(risk['horizon_peak'] > risk['high_threshold']),
    })),
    errors: known.map(({ risk, came }) => ({ point: risk['horizon_p95'] - p95(came), median: risk['p95_median'] - p95(came) })),
  }
}

/** @param {string} name @param {readonly Outcome[]} outcomes */
const report = (name, outcomes) => {
  for (const event of /** @type {const} */ (['sustained', 'any'])) {
    const predictions = outcomes.flatMap((outcome) => outcome[event])
    const { n, events, expected, brier, baseRate, plainFlag, logLoss, auc, gain } = scorePredictions(predictions)
    console.log(
      `${name.padEnd(24)} ${event.padEnd(9)} n ${n}, events ${events}, expected ${expected.toFixed(1)}; Brier ${brier.toFixed(4)} ` +
        `(base rate ${baseRate.toFixed(4)}, plain flag ${plainFlag.toFixed(4)}; gain over the base rate ${gain.map((value) => value.toFixed(4)).join(' to ')}), ` +
        `log loss ${logLoss.toFixed(4)}, AUC ${auc.toFixed(3)}`,
    )
  }
  const sustained = outcomes.flatMap((outcome) => outcome.sustained)
  const flagged = sustained.filter(({ probability }) => probability > 0.5)
  const hits = flagged.filter(({ outcome }) => outcome === 1).length
  const errors = outcomes.flatMap((outcome) => outcome.errors)
  /** @param {'point' | 'median'} kind */
  const errorText = (kind) => {
    const all = errors.map((error) => error[kind])
    const mean = (/** @type {number[]} */ list) => list.reduce((sum, value) => sum + value, 0) / list.length
    return `bias ${mean(all).toFixed(2)}, mean absolute error ${mean(all.map(Math.abs)).toFixed(2)}`
  }
  const events = sustained.filter(({ outcome }) => outcome === 1).length
  console.log(`${''.padEnd(24)} probability above 0.5: ${hits} hits of ${flagged.length} named, ${events} events`)
  console.log(`${''.padEnd(24)} P95 of the forecast: ${errorText('point')}; median P95 of the paths: ${errorText('median')}`)
}

/** The last window of the backtest as the future: what was measured there becomes the truth. @param {string} forecasts @param {string} name */
const holdOutLastWindow = async (forecasts, name) => {
  const out = join(folder, `${name}.parquet`)
  await database.run(`
    CREATE OR REPLACE TABLE given AS SELECT * FROM read_parquet('${forecasts}');
    CREATE OR REPLACE TABLE cut AS
      SELECT *, max(timestamp) FILTER (WHERE actual IS NOT NULL) OVER (PARTITION BY server_id) AS last_measured,
             count(*) FILTER (WHERE actual IS NULL) OVER (PARTITION BY server_id, model) AS horizon,
             row_number() OVER (PARTITION BY server_id, model, actual IS NULL ORDER BY timestamp DESC) AS age
      FROM given;
    COPY (
      SELECT * EXCLUDE (last_measured, horizon, age) REPLACE (CASE WHEN age <= horizon THEN NULL ELSE actual END AS actual,
             age <= horizon AS is_future)
      FROM (SELECT * REPLACE (max(horizon) OVER (PARTITION BY server_id) AS horizon) FROM cut) WHERE actual IS NOT NULL
      ORDER BY server_id, model, timestamp
    ) TO '${out}' (FORMAT parquet)`)
  const truth = await rowsOf(`
    SELECT server_id, list(actual ORDER BY timestamp) AS came FROM (SELECT DISTINCT server_id, timestamp, actual, age, horizon FROM cut WHERE actual IS NOT NULL)
    WHERE age <= horizon GROUP BY server_id`)
  return evaluate(out, new Map(truth.map((row) => [row['server_id'], row['came']])))
}

try {
  const bitbrains = join(values.data, 'bitbrains')
  if (existsSync(bitbrains)) {
    /** @type {Outcome[]} */ const outcomes = []
    for (const origin of [63, 70, 77]) {
      const truth = JSON.parse(readFileSync(join(bitbrains, `truth-${origin}.json`), 'utf8'))
      outcomes.push(await evaluate(join(bitbrains, `forecasts-${origin}.parquet`), new Map(Object.entries(truth))))
    }
    report('Bitbrains, 3 origins', outcomes)
  } else console.log('Bitbrains: skipped, since the data are not here (--data FOLDER).')
  const planetlab = join(values.data, 'planetlab', 'forecasts.parquet')
  if (existsSync(planetlab)) report('PlanetLab, last window', [await holdOutLastWindow(planetlab, 'planetlab')])
  else console.log('PlanetLab: skipped, since the data are not here (--data FOLDER).')
  const sample = join(folder, 'sample.parquet')
  execFileSync(process.execPath, [cliFile, 'sample', '--servers', '1000', '--out', sample, '--quiet'], { stdio: 'ignore' })
  report('sample, last window', [await holdOutLastWindow(sample, 'sample-cut')])
  for (const name of lawNames) {
    const { rows, truth } = makeSyntheticFleet(name, 1000)
    const csv = join(folder, 'synthetic.csv')
    const parquet = join(folder, `synthetic-${lawNames.indexOf(name)}.parquet`)
    writeFileSync(
      csv,
      `server_id,timestamp,actual,predicted\n${rows.map((row) => `${row.server},${row.day},${row.actual ?? ''},${row.predicted}`).join('\n')}\n`,
    )
    await database.run(`
      COPY (SELECT server_id, CAST(timestamp AS TIMESTAMP) AS timestamp, CAST(actual AS DOUBLE) AS actual, CAST(predicted AS DOUBLE) AS predicted,
                   actual IS NULL AS is_future
            FROM read_csv('${csv}', all_varchar = true) ORDER BY server_id, timestamp) TO '${parquet}' (FORMAT parquet)`)
    report(name, [await evaluate(parquet, truth)])
  }
} finally {
  database.closeSync()
  await rm(folder, { recursive: true, force: true })
}
