// `npm run bench:calibration`: the probabilities of fleets whose outcome is known, scored against what came about.
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { knownFleets, rowsOf } from './bench/known-fleets.mjs'
import { p95, scorePredictions } from './bench/probability-scores.mjs'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { cliFile, projectFolder } from './setup/project-folders.mjs'

/** @typedef {import('./bench/probability-scores.mjs').Prediction} Prediction */
/** @typedef {{ readonly sustained: Prediction[], readonly any: Prediction[], readonly errors: readonly { readonly point: number, readonly median: number }[], readonly interval: string }} Outcome */

const { values } = parseArgs({ options: { data: { type: 'string', default: join(projectFolder, '..', 'shared', 'data') } } })

await installDependencies()
await buildApp()
const folder = await mkdtemp(join(tmpdir(), 'headroom-bench-calibration-'))
const database = await (await DuckDBInstance.create()).connect()

/** @param {boolean} is @returns {0 | 1} */
const bit = (is) => (is ? 1 : 0)

let runs = 0
/** Analyses forecasts and compares each server with what came. @param {string} forecasts @param {ReadonlyMap<string, number[]>} truth @returns {Promise<Outcome>} */
const evaluate = async (forecasts, truth) => {
  const run = join(folder, `run-${runs++}`)
  execFileSync(process.execPath, [cliFile, 'analyze', forecasts, '--out', run, '--quiet'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const risks = await rowsOf(database, `SELECT * FROM '${run}/server_risk.parquet' WHERE at_risk_probability IS NOT NULL`)
  const { at_risk_low: low, at_risk_high: high } = JSON.parse(await readFile(join(run, 'module_05_summary.json'), 'utf8'))
  const known = risks.flatMap((risk) => {
    const came = truth.get(risk['server_id'])
    return came === undefined ? [] : [{ risk, came }]
  })
  /** @param {(risk: Record<string, any>, came: number[]) => Prediction} predict */
  const predictions = (predict) => known.map(({ risk, came }) => predict(risk, came))
  const breached = known.filter(({ risk, came }) => p95(came) > risk['high_threshold']).length
  return {
    interval: `${breached} in ${low.toFixed(1)} to ${high.toFixed(1)}`,
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
  const share = (/** @type {number} */ of) => (of === 0 ? '–' : (hits / of).toFixed(3))
  console.log(
    `${''.padEnd(24)} at risk (basis probable): ${hits} hits of ${flagged.length} named, ${events} events; recall ${share(events)}, precision ${share(flagged.length)}`,
  )
  console.log(
    `${''.padEnd(24)} servers with a sustained breach, and the 90 % interval: ${outcomes.map(({ interval }) => interval).join('; ')}`,
  )
  console.log(`${''.padEnd(24)} P95 of the forecast: ${errorText('point')}; median P95 of the paths: ${errorText('median')}`)
}

try {
  for await (const { name, fleets } of knownFleets({ data: values.data, folder, database })) {
    /** @type {Outcome[]} */ const outcomes = []
    for (const { forecasts, truth } of fleets) outcomes.push(await evaluate(forecasts, truth))
    report(name, outcomes)
  }
} finally {
  database.closeSync()
  await rm(folder, { recursive: true, force: true })
}
