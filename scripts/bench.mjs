// `npm run bench`: the whole command, without breach probabilities and with everything, beside DuckDB's plain rewrite of the same file, in one
// run, as ratios. `--large` adds 100,000 servers.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { cliFile, projectFolder } from './setup/project-folders.mjs'

const sizes = process.argv.includes('--large') ? [120, 1000, 10_000, 100_000] : [120, 1000, 10_000]
const rounds = 3
const rewriteScript = join(projectFolder, 'test', 'bench', 'plain-rewrite.mjs')

/** Highest resident memory of a process so far, bytes; 0 where the system does not tell. @param {number} pid */
const peakMemoryOf = (pid) => {
  try {
    const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return line ? Number(line[1]) * 1024 : 0
  } catch {
    return 0
  }
}

/** Runs Node with arguments; seconds from start to end, and peak memory. @param {string[]} args */
const measure = async (args) => {
  const startedAt = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  let peak = 0
  const timer = setInterval(() => (peak = Math.max(peak, peakMemoryOf(child.pid ?? 0))), 20)
  const code = await new Promise((resolve) => child.on('exit', resolve))
  clearInterval(timer)
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`)
  return { seconds: (performance.now() - startedAt) / 1000, peak }
}

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

await installDependencies()
await buildApp()
const folder = await mkdtemp(join(tmpdir(), 'headroom-bench-'))
console.log(
  `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}; medians of ${rounds} rounds, taken in turn`,
)
console.log('servers        rows  rewrite s  no probability s  ratio   everything s  ratio  peak memory MB  step seconds of the last round')
/** @type {{ servers: number, seconds: number }[]} */
const measured = []
try {
  for (const servers of sizes) {
    const set = join(folder, `${servers}.parquet`)
    await measure([cliFile, 'sample', '--servers', String(servers), '--out', set, '--quiet'])
    /** @type {number[]} */ const rewrites = []
    /** @type {{ seconds: number, peak: number }[]} */ const plain = []
    /** @type {{ seconds: number, peak: number }[]} */ const analyses = []
    let manifest
    for (let round = 0; round < rounds; round++) {
      rewrites.push((await measure([rewriteScript, set, join(folder, 'rewritten.parquet')])).seconds)
      const run = join(folder, `run-${round}`)
      const command = [cliFile, 'analyze', set, '--servers', set.replace(/\.parquet$/, '.servers.csv'), '--out', run, '--quiet']
      plain.push(await measure([...command, '--set', 'breach_probability=false']))
      await rm(run, { recursive: true })
      analyses.push(await measure(command))
      manifest = JSON.parse(await readFile(join(run, 'manifest.json'), 'utf8'))
      await rm(run, { recursive: true })
    }
    const seconds = median(analyses.map((analysis) => analysis.seconds))
    measured.push({ servers, seconds })
    const rewrite = median(rewrites)
    const plainSeconds = median(plain.map((analysis) => analysis.seconds))
    const peak = Math.max(...[...plain, ...analyses].map((analysis) => analysis.peak)) / 1e6
    const steps = manifest.timings.map((/** @type {{ step: string, seconds: number }} */ t) => `${t.step} ${t.seconds}`).join(', ')
    console.log(
      [
        String(servers).padStart(7),
        manifest.counts.rows.toLocaleString('en-US').padStart(11),
        rewrite.toFixed(2).padStart(10),
        plainSeconds.toFixed(2).padStart(17),
        (plainSeconds / rewrite).toFixed(2).padStart(6),
        seconds.toFixed(2).padStart(13),
        (seconds / rewrite).toFixed(2).padStart(6),
        peak.toFixed(0).padStart(15),
        ` ${steps}`,
      ].join(' '),
    )
    await rm(set)
  }
  for (const [index, current] of measured.entries()) {
    const before = measured[index - 1]
    if (before === undefined) continue
    const exponent = Math.log(current.seconds / before.seconds) / Math.log(current.servers / before.servers)
    console.log(`growth ${before.servers} -> ${current.servers} servers: time grows with the power ${exponent.toFixed(2)} of the fleet`)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
