// `npm run bench`: the whole command, with and without breach probabilities, compared with DuckDB and pandas as ratios.
// DuckDB reads and rewrites the same file; pandas does the same analysis. `--large` adds 100,000 servers; `--no-history` saves nothing.
import { spawnSync } from 'node:child_process'
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { measure, summarise } from './bench/measure.mjs'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { cliFile, projectFolder } from './setup/project-folders.mjs'

const sizes = process.argv.includes('--large') ? [120, 1000, 10_000, 100_000] : [120, 1000, 10_000]
/** A large fleet is measured once. @param {number} servers */
const roundsOf = (servers) => (servers > 10_000 ? 1 : 3)
/** The memory limit of the large fleet; the others use the default. */
const largeLimit = '2GB'
/** pandas loads all rows into memory at once. */
const maxPandasServers = 10_000
const benchmarks = join(projectFolder, 'docs', 'benchmarks')
const script = (/** @type {string} */ name) => join(projectFolder, 'test', 'bench', name)
const python = process.env['HEADROOM_PYTHON'] ?? 'python3'

const hasPandas = spawnSync(python, ['-c', 'import pandas, pyarrow, sklearn'], { stdio: 'ignore' }).status === 0
await installDependencies()
await buildApp()
const folder = await mkdtemp(join(tmpdir(), 'headroom-bench-'))
const machine = {
  cores: cpus().length,
  cpu: cpus()[0]?.model ?? '',
  memory_gib: Math.round(totalmem() / 2 ** 30),
  node: process.versions.node,
}
console.log(`${machine.cores} cores (${machine.cpu}), ${machine.memory_gib} GiB, Node ${machine.node}; medians of rounds taken in turn`)
if (!hasPandas) console.log(`skipped: plain pandas (${python} has no pandas, pyarrow and scikit-learn; HEADROOM_PYTHON names another)`)

/** @param {number} servers */
const measureSize = async (servers) => {
  const forecasts = join(folder, `${servers}.parquet`)
  const table = forecasts.replace(/\.parquet$/, '.servers.csv')
  await measure(process.execPath, [cliFile, 'sample', '--end', '2026-11-22', '--servers', String(servers), '--out', forecasts, '--quiet'])
  const run = join(folder, 'run')
  const limit = servers > 10_000 ? ['--memory-limit', largeLimit] : []
  const analyze = [cliFile, 'analyze', forecasts, '--servers', table, '--out', run, '--quiet', ...limit]
  /** @type {Record<string, import('./bench/measure.mjs').Measure[]>} */
  const measures = { read: [], rewrite: [], plain: [], everything: [], pandas: [] }
  /** @type {any} */
  let manifest
  for (let round = 0; round < roundsOf(servers); round++) {
    measures['read']?.push(await measure(process.execPath, [script('plain-read.mjs'), forecasts]))
    measures['rewrite']?.push(await measure(process.execPath, [script('plain-rewrite.mjs'), forecasts, join(folder, 'rewritten.parquet')]))
    measures['plain']?.push(await measure(process.execPath, [...analyze, '--set', 'breach_probability=false']))
    await rm(run, { recursive: true })
    measures['everything']?.push(await measure(process.execPath, analyze))
    manifest = JSON.parse(await readFile(join(run, 'manifest.json'), 'utf8'))
    await rm(run, { recursive: true })
    // Once is enough where it takes minutes.
    if (!hasPandas || servers > maxPandasServers || (servers >= maxPandasServers && round > 0)) continue
    const pandas = await measure(python, [script('plain_pandas.py'), forecasts, table, run])
    const { at_risk } = JSON.parse(pandas.output)
    if (at_risk !== manifest.counts.at_risk_servers) {
      throw new Error(`pandas found ${at_risk} servers at risk, Headroom ${manifest.counts.at_risk_servers}`)
    }
    measures['pandas']?.push(pandas)
    await rm(run, { recursive: true })
  }
  await rm(forecasts)
  const ways = Object.entries(measures).filter(([, taken]) => taken.length > 0)
  return {
    servers,
    rows: manifest.counts.rows,
    memory_limit: limit[1] ?? null,
    ways: Object.fromEntries(ways.map(([way, taken]) => [way, summarise(taken)])),
    steps: manifest.timings,
  }
}

/** @typedef {Awaited<ReturnType<typeof measureSize>>} SizeMeasures */

/** @type {readonly (readonly [way: string, name: string])[]} */
const ways = [
  ['read', 'DuckDB reads'],
  ['rewrite', 'DuckDB rewrites'],
  ['plain', 'Headroom, no probabilities'],
  ['everything', 'Headroom, everything'],
  ['pandas', 'plain pandas, no probabilities'],
]

/** @param {SizeMeasures} size */
const printSize = (size) => {
  console.log(`\n${size.servers.toLocaleString('en-US')} servers, ${size.rows.toLocaleString('en-US')} rows`)
  const rewrite = size.ways['rewrite']?.seconds ?? Number.NaN
  for (const [way, name] of ways) {
    const taken = size.ways[way]
    if (taken === undefined) continue
    const ratio = `${(taken.seconds / rewrite).toFixed(2)} x rewrite`
    console.log(
      `  ${name.padEnd(32)}${taken.seconds.toFixed(2).padStart(8)} s ${ratio.padStart(16)}${String(taken.peakMb).padStart(7)} MB at most`,
    )
  }
  console.log(`  steps: ${size.steps.map((/** @type {{ step: string, seconds: number }} */ t) => `${t.step} ${t.seconds}`).join(', ')}`)
}

/** The power of the fleet that time and memory grow with from one size to the next. @param {SizeMeasures[]} measured */
const growthOf = (measured) =>
  measured.slice(1).flatMap((current, index) => {
    const before = measured[index]
    if (before === undefined) return []
    const power = (/** @type {number | undefined} */ now, /** @type {number | undefined} */ then) =>
      Math.round((Math.log((now ?? Number.NaN) / (then ?? Number.NaN)) / Math.log(current.servers / before.servers)) * 100) / 100
    return ways.flatMap(([way]) => {
      const [now, then] = [current.ways[way], before.ways[way]]
      if (now === undefined || then === undefined) return []
      return [
        {
          way,
          from: before.servers,
          to: current.servers,
          seconds: power(now.seconds, then.seconds),
          memory: power(now.peakMb, then.peakMb),
        },
      ]
    })
  })

/** The chart as SVG, by the code that draws the pictures of a run. @param {SizeMeasures[]} measured @param {string} subtitle */
const draw = async (measured, subtitle) => {
  const { runnerImport } = await import('vite')
  const { module } = await runnerImport(script('growth-chart.ts'), { configFile: false, root: projectFolder, logLevel: 'error' })
  const drawn = ways.map(([way, name]) => ({
    name,
    points: measured.flatMap(({ servers, ways: taken }) => (taken[way] === undefined ? [] : [{ servers, ...taken[way] }])),
  }))
  return module.drawGrowth(
    drawn.filter(({ points }) => points.length > 0),
    subtitle,
  )
}

try {
  /** @type {SizeMeasures[]} */
  const measured = []
  for (const servers of sizes) {
    const size = await measureSize(servers)
    measured.push(size)
    printSize(size)
  }
  const growth = growthOf(measured)
  console.log('')
  for (const { way, from, to, seconds, memory } of growth) {
    const name = ways.find(([key]) => key === way)?.[1] ?? way
    console.log(`${name}, ${from} to ${to} servers: time grows with the power ${seconds} of the fleet, memory with ${memory}`)
  }
  if (!process.argv.includes('--no-history')) {
    await mkdir(benchmarks, { recursive: true })
    const line = { date: new Date().toISOString().slice(0, 10), machine, sizes: measured, growth }
    await appendFile(join(benchmarks, 'history.jsonl'), `${JSON.stringify(line)}\n`)
    await writeFile(join(benchmarks, 'growth.svg'), await draw(measured, `${line.date}; ${machine.cores} cores, ${machine.memory_gib} GiB`))
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
