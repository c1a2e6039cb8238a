// `npm run bench:placement`: hosts above the consolidation target in what came after the horizon, next to packing by the forecasts alone;
// and what other names of servers and another seed move.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { knownFleets, rowsOf } from './bench/known-fleets.mjs'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { cliFile, projectFolder } from './setup/project-folders.mjs'

const { values } = parseArgs({ options: { data: { type: 'string', default: join(projectFolder, '..', 'shared', 'data') } } })
const target = 0.7
const risk = 0.05

await installDependencies()
await buildApp()
const folder = await mkdtemp(join(tmpdir(), 'headroom-bench-placement-'))
const database = await (await DuckDBInstance.create()).connect()

/** @typedef {{ hosts: number, aboveTarget: number, above100: number, moved: number, checks: string[] }} Count */

let runs = 0
/** Analyses forecasts and adds up what the servers of each host then needed together. @param {import('./bench/known-fleets.mjs').KnownFleet} fleet @param {string[]} options @param {Count} count */
const countHosts = async ({ forecasts, truth, servers }, options, count) => {
  const run = join(folder, `run-${runs++}`)
  const table = servers === undefined ? [] : ['--servers', servers]
  execFileSync(process.execPath, [cliFile, 'analyze', forecasts, ...table, '--out', run, '--quiet', ...options], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const { placement } = JSON.parse(readFileSync(join(run, 'optimization_recommendations.json'), 'utf8'))
  const { check } = placement
  if (check !== null)
    count.checks.push(
      `accepted ${check.accepted_share.toFixed(3)}: ${check.verdict} (${check.hosts_above_target} of ${check.hosts} hosts in the window)`,
    )
  const rows = await rowsOf(database, `SELECT DISTINCT server_id, target_host, capacity_units FROM '${run}/server_risk.parquet'`)
  const capacity = new Map(rows.map((row) => [row['server_id'], row['capacity_units']]))
  /** @type {Map<string, number[]>} */ const sums = new Map()
  /** @param {string} host @param {string} server */
  const add = (host, server) => {
    const sum = sums.get(host) ?? []
    sums.set(host, sum)
    truth.get(server)?.forEach((value, time) => (sum[time] = (sum[time] ?? 0) + (value / 100) * capacity.get(server)))
  }
  for (const { server_id: server, target_host: host } of rows) {
    if (host === null) continue
    if (!sums.has(host)) add(host, host)
    add(host, server)
    count.moved++
  }
  count.hosts += sums.size
  sums.forEach((sum, host) => {
    const highest = Math.max(...sum) / capacity.get(host)
    if (highest > target * (1 + 1e-9)) count.aboveTarget++
    if (highest > 1 + 1e-9) count.above100++
  })
}

/** Analyses a fleet as it is, and again with other names and another seed; prints what moved. @param {string} forecasts */
const countMoves = async (forecasts) => {
  const renamed = join(folder, 'renamed.parquet')
  await database.run(`
    COPY (SELECT * REPLACE (md5(CAST(server_id AS VARCHAR)) AS server_id) FROM read_parquet('${forecasts}') ORDER BY server_id, model, timestamp)
    TO '${renamed}' (FORMAT parquet)`)
  const [first, second] = [join(folder, `run-${runs++}`), join(folder, `run-${runs++}`)]
  for (const [input, run, seed] of [
    [forecasts, first, '42'],
    [renamed, second, '7'],
  ])
    execFileSync(process.execPath, [cliFile, 'analyze', input, '--out', run, '--quiet', '--seed', seed], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  const [moves] = await rowsOf(
    database,
    `SELECT CAST(count(*) AS DOUBLE) AS servers, CAST(count(*) FILTER (a.recommendation <> b.recommendation) AS DOUBLE) AS moved,
            median(abs(a.at_risk_probability - b.at_risk_probability)) AS sustained,
            quantile_cont(abs(a.at_risk_probability - b.at_risk_probability), 0.99) AS sustained99,
            median(abs(a.breach_probability - b.breach_probability)) AS any_breach,
            quantile_cont(abs(a.breach_probability - b.breach_probability), 0.99) AS any99
     FROM '${first}/server_risk.parquet' a JOIN '${second}/server_risk.parquet' b ON md5(CAST(a.server_id AS VARCHAR)) = b.server_id`,
  )
  if (moves === undefined) return
  const { servers, moved, sustained, sustained99, any_breach: any, any99 } = moves
  console.log(
    `PlanetLab with other names and another seed: ${moved} of ${servers} recommendations move (${((100 * moved) / servers).toFixed(1)} %);`,
  )
  console.log(
    `  probabilities move by, median and 99 %: sustained ${sustained.toFixed(4)} and ${sustained99.toFixed(4)}, any ${any.toFixed(4)} and ${any99.toFixed(4)}`,
  )
}

try {
  const planetlab = join(values.data, 'planetlab', 'forecasts.parquet')
  if (existsSync(planetlab)) await countMoves(planetlab)
  for await (const { name, fleets } of knownFleets({ data: values.data, folder, database })) {
    console.log(name)
    for (const [plan, options] of /** @type {const} */ ([
      ['joint paths', []],
      ['forecasts alone', ['--set', 'breach_probability=false']],
    ])) {
      /** @type {Count} */ const count = { hosts: 0, aboveTarget: 0, above100: 0, moved: 0, checks: [] }
      for (const fleet of fleets) await countHosts(fleet, [...options], count)
      const share = (/** @type {number} */ hosts) => (count.hosts === 0 ? '0' : `${hosts} (${((100 * hosts) / count.hosts).toFixed(1)} %)`)
      console.log(
        `  ${plan.padEnd(16)} ${count.moved} servers moved to ${count.hosts} hosts; above ${target * 100} %: ${share(count.aboveTarget)}, above 100 %: ${share(count.above100)}` +
          (plan === 'joint paths' ? `; ${count.aboveTarget <= 2 * risk * count.hosts ? 'within' : 'NOT within'} twice the risk` : ''),
      )
      for (const check of count.checks) console.log(`    ${check}`)
    }
  }
} finally {
  database.closeSync()
  await rm(folder, { recursive: true, force: true })
}
