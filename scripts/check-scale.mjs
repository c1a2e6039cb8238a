// `npm run check:scale`: 10,000 servers within 512 MB give the same bytes as without a limit; `--large`: 100,000 servers within 2 GB, and how time and
// memory grow. Independent queries check the artefacts.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measure } from './bench/measure.mjs'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { cliFile, projectFolder } from './setup/project-folders.mjs'

const maxRatio = 14
const maxPeakBytes = 2.5e9

await installDependencies()
await buildApp()
const folder = await mkdtemp(join(tmpdir(), 'headroom-scale-'))
let failed = 0
/** @param {boolean} holds @param {string} sentence */
const checkClaim = (holds, sentence) => {
  if (!holds) failed++
  console.log(`${holds ? 'holds' : 'FAILS'}: ${sentence}`)
}

/** @param {number} servers */
const makeForecasts = async (servers) => {
  const forecasts = join(folder, `${servers}.parquet`)
  await measure(process.execPath, [cliFile, 'sample', '--end', '2026-11-22', '--servers', String(servers), '--out', forecasts, '--quiet'])
  return forecasts
}

/** @param {string} forecasts @param {string} name @param {string[]} options */
const analyze = async (forecasts, name, options) => {
  const out = join(folder, name)
  const table = forecasts.replace(/\.parquet$/, '.servers.csv')
  const measured = await measure(process.execPath, [cliFile, 'analyze', forecasts, '--servers', table, '--out', out, '--quiet', ...options])
  console.log(`${name}: ${measured.seconds.toFixed(1)} s, at most ${(measured.peak / 1e6).toFixed(0)} MB`)
  return { out, ...measured }
}

/** A file's bytes, without the time of the analysis. @param {string} run @param {string} name */
const contentOf = async (run, name) => {
  const bytes = await readFile(join(run, name))
  return name === 'module_05_summary.json' ? Buffer.from(bytes.toString('utf8').replace(/"analyzed_at": "[^"]*"/, '')) : bytes
}

/** @param {string} forecasts @param {string} run */
const checkArtefacts = async (forecasts, run) => {
  const script = join(projectFolder, 'test', 'bench', 'independent-check.mjs')
  const output = await measure(process.execPath, [script, forecasts, run]).then(
    (done) => done.output,
    () => null,
  )
  checkClaim(output !== null, `the artefacts of ${run} agree with independent queries`)
  if (output !== null) console.log(output.trimEnd())
}

try {
  const forecasts = await makeForecasts(10_000)
  const free = await analyze(forecasts, '10,000 servers, default limit', [])
  const tight = await analyze(forecasts, '10,000 servers, 512 MB', ['--memory-limit', '512MB'])
  /** @type {{ files: { name: string }[] }} */
  const { files } = JSON.parse(await readFile(join(free.out, 'manifest.json'), 'utf8'))
  /** @type {string[]} */
  const different = []
  for (const { name } of files) if (!(await contentOf(free.out, name)).equals(await contentOf(tight.out, name))) different.push(name)
  checkClaim(
    different.length === 0,
    `${files.length} files are the same bytes with 512 MB${different.length === 0 ? '' : `, but not ${different.join(', ')}`}`,
  )
  await checkArtefacts(forecasts, tight.out)
  if (process.argv.includes('--large')) {
    const small = await analyze(forecasts, '10,000 servers, 2 GB', ['--memory-limit', '2GB'])
    const largeForecasts = await makeForecasts(100_000)
    const large = await analyze(largeForecasts, '100,000 servers, 2 GB', ['--memory-limit', '2GB'])
    const ratio = large.seconds / small.seconds
    checkClaim(ratio <= maxRatio, `ten times the servers take ${ratio.toFixed(1)} times the time, at most ${maxRatio}`)
    checkClaim(large.peak < maxPeakBytes, `at most ${(large.peak / 1e9).toFixed(2)} GB in memory, below ${maxPeakBytes / 1e9} GB`)
    await checkArtefacts(largeForecasts, large.out)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
process.exitCode = failed === 0 ? 0 : 1
