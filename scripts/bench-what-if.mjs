// `npm run bench:what-if`: time of the engine process to read a fleet and to respond to a moving slider. `--large` adds 100,000 servers.
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEngine } from './bench/ask-engine.mjs'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { cliFile } from './setup/project-folders.mjs'

const sizes = process.argv.includes('--large') ? [1000, 10_000, 100_000] : [1000, 10_000]
const rounds = 15

await installDependencies()
await buildApp()

const ask = startEngine()

/** @param {number[]} values @param {number} share */
const quantile = (values, share) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0

/** Settings as a slider moves through them, by what moves. @param {string[]} servers */
const sliders = (servers) => ({
  growth: (/** @type {number} */ step) => ({ scenario: { growth_percent: step * 2 } }),
  threshold: (/** @type {number} */ step) => ({ scenario: { threshold: 60 + step * 2 } }),
  percentile: (/** @type {number} */ step) => ({ scenario: { percentile: 40 + step * 4 } }),
  horizon: (/** @type {number} */ step) => ({ scenario: { horizon_days: 5 + step * 5 } }),
  'growth + grid': (/** @type {number} */ step) => ({ scenario: { growth_percent: step * 2 }, grid: true }),
  'horizon + grid': (/** @type {number} */ step) => ({ scenario: { horizon_days: 5 + step * 5 }, grid: true }),
  'servers removed': (/** @type {number} */ step) => ({ scenario: { removed_servers: servers.slice(0, 1 + step) } }),
})

const folder = await mkdtemp(join(tmpdir(), 'headroom-bench-what-if-'))
console.log(`${cpus().length} cores, Node ${process.versions.node}; milliseconds of ${rounds} responses each: median / slowest`)
try {
  for (const servers of sizes) {
    const forecasts = join(folder, `${servers}.parquet`)
    const run = join(folder, `run-${servers}`)
    const cli = (/** @type {string[]} */ args) =>
      execFileSync(process.execPath, [cliFile, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    cli(['sample', '--end', '2026-11-22', '--servers', String(servers), '--out', forecasts, '--quiet'])
    cli(['analyze', forecasts, '--servers', forecasts.replace(/\.parquet$/, '.servers.csv'), '--out', run, '--quiet'])
    await ask('run.open', { folder: run })
    const opened = await ask('scenario-choices.get', { folder: run })
    console.log(`${servers.toLocaleString('en-US')} servers: fleet read in ${opened.ms.toFixed(0)} ms`)
    const rows = JSON.parse(String(cli(['query', run, 'SELECT DISTINCT server_id FROM server_risk ORDER BY 1 LIMIT 50', '--json']))).rows
    const names = rows.map((/** @type {{ server_id: string }} */ row) => row.server_id)
    for (const [name, at] of Object.entries(sliders(names))) {
      /** @type {number[]} */ const taken = []
      for (let step = 0; step < rounds; step++) {
        const { scenario, grid = false } = /** @type {{ scenario: object, grid?: boolean }} */ (at(step))
        taken.push((await ask('scenario.evaluate', { folder: run, scenario, grid, max_listed: 50, clientId: name })).ms)
      }
      console.log(`  ${name.padEnd(16)} ${quantile(taken, 0.5).toFixed(1).padStart(7)} / ${quantile(taken, 1).toFixed(1).padStart(7)}`)
    }
    console.log(`  memory of this process ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`)
    await rm(forecasts)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
