// `npm run check:scale`: whether cost grows no faster than the data. 10,000 servers; `--large` adds 100,000, `--million` a million. Prints the table of
// memory limits, the growth of processor time, the first answers of the window's engine, and whether independent queries find the same results.
// `--folder DIR` keeps files and measures there: the next call goes on where this one was stopped. Says nothing about a machine that does other work.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, loadavg, tmpdir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { keepMeasures } from './bench/kept-measures.mjs'
import { measure } from './bench/measure.mjs'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { cliFile, projectFolder } from './setup/project-folders.mjs'

/** Peak memory over the limit, and what a process needs with any limit. */
const maxOverLimit = 1.15
const leastPeakBytes = 400e6
/** The power of the fleet that processor time may grow with, from a tenfold fleet to the next. */
const maxPower = 1.1
/** Times the fastest plain rewrite, for 10,000 servers. */
const maxRewrites = 2.5
const maxSmallSeconds = 1.2
const maxEngineBytes = 1e9
/** Milliseconds by fleet. */
const maxFirstAnswer = new Map([
  [10_000, 300],
  [100_000, 1000],
  [1_000_000, 3000],
])
const limitBytes = new Map([
  ['512MB', 512e6],
  ['1GB', 1e9],
  ['2GB', 2e9],
  ['4GB', 4e9],
])

const { values: asked } = parseArgs({ options: { large: { type: 'boolean' }, million: { type: 'boolean' }, folder: { type: 'string' } } })
const hasMillion = asked.million === true
const hasLarge = hasMillion || asked.large === true
const keptFolder = asked.folder === undefined ? undefined : resolve(asked.folder)

await installDependencies()
await buildApp()
if (keptFolder !== undefined) await mkdir(keptFolder, { recursive: true })
const folder = keptFolder ?? (await mkdtemp(join(tmpdir(), 'headroom-scale-')))
const once = await keepMeasures(join(folder, 'measures.json'))
const script = (/** @type {string} */ name) => join(projectFolder, 'test', 'bench', name)
const number = (/** @type {number} */ value) => value.toLocaleString('en-US')

let failed = 0
/** @param {boolean} holds @param {string} sentence */
const checkClaim = (holds, sentence) => {
  if (!holds) failed++
  console.log(`${holds ? 'holds' : 'FAILS'}: ${sentence}`)
}

/** The sample's forecasts, 2,463 rows of each server. @param {number} servers */
const makeSample = async (servers) => {
  const forecasts = join(folder, `${servers}.parquet`)
  await once(`sample of ${servers}`, () =>
    measure(process.execPath, [
      cliFile,
      'sample',
      '--end',
      '2026-11-22',
      '--servers',
      String(servers),
      '--out',
      forecasts,
      '--quiet',
      '--force',
    ]),
  )
  return { forecasts, options: ['--servers', forecasts.replace(/\.parquet$/, '.servers.csv')] }
}

/** 210 rows of each server. @param {number} servers */
const makeShort = async (servers) => {
  const { forecasts: sample } = await makeSample(10_000)
  const forecasts = join(folder, `short-${servers}`)
  await once(`short fleet of ${servers}`, async () => {
    await rm(forecasts, { recursive: true, force: true })
    return measure(process.execPath, [script('short-fleet.mjs'), sample, String(servers), forecasts])
  })
  return { forecasts, options: [] }
}

/**
 * Analyses into a folder that stays until the next analysis of that name.
 * @param {{ forecasts: string, options: string[] }} fleet @param {string} name @param {string | null} limit @param {number} [round]
 */
const analyze = async ({ forecasts, options }, name, limit, round = 0) => {
  const out = join(folder, `run ${name}`)
  const bounded = limit === null ? [] : ['--memory-limit', limit]
  const what = `${name}, ${limit ?? 'default'} limit${round === 0 ? '' : `, again ${round}`}`
  const measured = await once(what, async () => {
    await rm(out, { recursive: true, force: true })
    const [load] = loadavg()
    const { seconds, processor, peak } = await measure(process.execPath, [
      cliFile,
      'analyze',
      forecasts,
      ...options,
      '--out',
      out,
      '--quiet',
      ...bounded,
    ])
    return { seconds, processor, peak, load }
  })
  console.log(
    `${what}: ${measured.seconds.toFixed(1)} s, ${measured.processor.toFixed(1)} s of processor time, at most ${(measured.peak / 1e6).toFixed(0)} MB (load before: ${measured.load?.toFixed(1)})`,
  )
  return { out, ...measured }
}

/** A file's bytes, without the time of the analysis. @param {string} run @param {string} name */
const contentOf = async (run, name) => {
  const bytes = await readFile(join(run, name))
  return name === 'module_05_summary.json' ? Buffer.from(bytes.toString('utf8').replace(/"analyzed_at": "[^"]*"/, '')) : bytes
}

/** @param {string} run @param {string} other */
const compareRuns = async (run, other) => {
  /** @type {{ files: { name: string }[] }} */
  const { files } = JSON.parse(await readFile(join(run, 'manifest.json'), 'utf8'))
  /** @type {string[]} */
  const different = []
  for (const { name } of files) if (!(await contentOf(run, name)).equals(await contentOf(other, name))) different.push(name)
  return { files: files.length, different }
}

/** @param {string} forecasts @param {string} run */
const checkArtefacts = async (forecasts, run) => {
  const { output } = await once(`independent queries on ${run}`, () =>
    measure(process.execPath, [script('independent-check.mjs'), forecasts, run]).then(
      (done) => ({ output: done.output }),
      () => ({ output: null }),
    ),
  )
  checkClaim(output !== null, `the artefacts of ${run} agree with independent queries`)
  if (output !== null) console.log(output.trimEnd())
}

/**
 * A limit that is asked for and may be refused. The refusal must be a whole one, with the least limit that would do; the claim that the limit does stays open.
 * @param {{ forecasts: string, options: string[] }} fleet @param {number} servers @param {string} name @param {string} limit
 */
const checkLowLimit = async ({ forecasts, options }, servers, name, limit) => {
  const measured = await analyze({ forecasts, options }, `${name} within ${limit}`, limit).catch(() => undefined)
  if (measured !== undefined) {
    await rm(measured.out, { recursive: true, force: true })
    return checkLimit(servers, limit, measured)
  }
  const out = join(folder, `run refused ${servers}`)
  await rm(out, { recursive: true, force: true })
  const args = [cliFile, 'analyze', forecasts, ...options, '--out', out, '--quiet', '--memory-limit', limit]
  const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  const isWhole = /too low for .* series/.test(stderr) && !existsSync(out)
  checkClaim(isWhole, `${number(servers)} servers with ${limit}: refused, and nothing is written. ${stderr.trim()}`)
  return checkClaim(false, `${number(servers)} servers within ${limit}: not analysed, since the limit is refused`)
}

/** @typedef {{ servers: number, limit: string, peakMb: number, ratio: number, seconds: number }} LimitRow @type {LimitRow[]} */
const limitRows = []

/** @param {number} servers @param {string} limit @param {{ peak: number, seconds: number }} measured */
const checkLimit = (servers, limit, { peak, seconds }) => {
  const allowed = Math.max(leastPeakBytes, maxOverLimit * (limitBytes.get(limit) ?? 0))
  limitRows.push({ servers, limit, peakMb: Math.round(peak / 1e6), ratio: peak / (limitBytes.get(limit) ?? 1), seconds })
  checkClaim(
    peak <= allowed,
    `${number(servers)} servers with ${limit}: at most ${(peak / 1e6).toFixed(0)} MB, of ${(allowed / 1e6).toFixed(0)} MB`,
  )
}

/** @type {Record<string, Record<string, number>>} */
const answers = {}

/** @param {number} servers @param {string} run */
const checkFirstAnswers = async (servers, run) => {
  const { peak, ...milliseconds } = await once(`first answers about ${run}`, async () => {
    const { output } = await measure(process.execPath, [join(projectFolder, 'scripts', 'bench', 'first-answers.mjs'), run])
    return JSON.parse(output)
  })
  answers[servers] = { ...milliseconds, peakMb: Math.round(peak / 1e6) }
  const most = maxFirstAnswer.get(servers) ?? 0
  for (const what of ['heatmap', 'zoom', 'server', 'what-if']) {
    checkClaim(
      milliseconds[what] < most,
      `${number(servers)} servers, first answer of ${what}: ${milliseconds[what].toFixed(0)} ms, below ${most}`,
    )
  }
  checkClaim(
    peak <= maxEngineBytes,
    `${number(servers)} servers open: the engine process takes ${(peak / 1e6).toFixed(0)} MB, at most ${maxEngineBytes / 1e6}`,
  )
}

const median = (/** @type {number[]} */ values) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
const rounds = [0, 1, 2]

const checkSmall = async () => {
  const fleet = await makeSample(120)
  const seconds = []
  for (const round of rounds) seconds.push((await analyze(fleet, '120 servers', null, round)).seconds)
  checkClaim(median(seconds) <= maxSmallSeconds, `120 servers take ${median(seconds).toFixed(2)} s, at most ${maxSmallSeconds}`)
}

/** @param {string} forecasts */
const rewrite = async (forecasts) => {
  const to = join(folder, 'rewritten.parquet')
  const { seconds } = await measure(process.execPath, [script('plain-rewrite.mjs'), forecasts, to, 'unordered'])
  await rm(to)
  return seconds
}

const checkTenThousand = async () => {
  const fleet = await makeSample(10_000)
  const [rewrites, seconds] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])]
  let free = ''
  for (const round of rounds) {
    rewrites.push(await once(`rewrite ${round}`, () => rewrite(fleet.forecasts)))
    const measured = await analyze(fleet, '10,000 servers', null, round)
    seconds.push(measured.seconds)
    free = measured.out
  }
  const ratio = median(seconds) / median(rewrites)
  checkClaim(
    ratio <= maxRewrites,
    `10,000 servers take ${median(seconds).toFixed(1)} s, ${ratio.toFixed(1)} times the fastest plain rewrite (${median(rewrites).toFixed(1)} s), at most ${maxRewrites}`,
  )
  const tight = await analyze(fleet, '10,000 servers within 512 MB', '512MB')
  checkLimit(10_000, '512MB', tight)
  const { files, different } = await once('the same bytes', () => compareRuns(free, tight.out))
  checkClaim(
    different.length === 0,
    `${files} files are the same bytes with 512 MB${different.length === 0 ? '' : `, but not ${different.join(', ')}`}`,
  )
  await checkArtefacts(fleet.forecasts, tight.out)
  for (const limit of ['1GB', '2GB', '4GB']) checkLimit(10_000, limit, await analyze(fleet, '10,000 servers', limit))
  await checkFirstAnswers(10_000, free)
}

const checkLarge = async () => {
  const fleet = await makeSample(100_000)
  let run = ''
  await checkLowLimit(fleet, 100_000, '100,000 servers', '512MB')
  for (const limit of ['2GB', '1GB', '4GB']) {
    const measured = await analyze(fleet, '100,000 servers', limit)
    run = measured.out
    checkLimit(100_000, limit, measured)
  }
  await checkArtefacts(fleet.forecasts, run)
  await checkFirstAnswers(100_000, run)
}

const checkMillion = async () => {
  const fleet = await makeShort(1_000_000)
  for (const limit of ['1GB', '2GB']) await checkLowLimit(fleet, 1_000_000, '1,000,000 servers', limit)
  checkLimit(1_000_000, '4GB', await analyze(fleet, '1,000,000 servers', '4GB'))
  await checkFirstAnswers(1_000_000, join(folder, 'run 1,000,000 servers'))
}

/** @type {{ servers: number, processor: number, seconds: number, peakMb: number }[]} */
const growth = []

/** Processor time of short fleets within 2 GB, a million within 4 GB, without the start: that of one server. */
const checkGrowth = async () => {
  const one = await makeShort(1)
  const starts = []
  for (const round of rounds) starts.push((await analyze(one, 'one server', null, round)).processor)
  const start = median(starts)
  for (const servers of [10_000, 100_000, ...(hasMillion ? [1_000_000] : [])]) {
    const name = servers === 1_000_000 ? '1,000,000 servers' : `${number(servers)} short servers`
    const { processor, seconds, peak } = await analyze(await makeShort(servers), name, servers === 1_000_000 ? '4GB' : '2GB')
    growth.push({ servers, processor, seconds, peakMb: Math.round(peak / 1e6) })
  }
  growth.slice(1).forEach(({ servers, processor }, index) => {
    const before = growth[index]
    if (before === undefined) return
    const power = Math.log10((processor - start) / (before.processor - start))
    checkClaim(
      power <= maxPower,
      `from ${number(before.servers)} to ${number(servers)} servers processor time grows with the power ${power.toFixed(2)}, at most ${maxPower} (start: ${start.toFixed(1)} s)`,
    )
  })
}

const printTables = () => {
  console.log('\nservers      limit   peak, MB   times the limit   seconds')
  for (const { servers, limit, peakMb, ratio, seconds } of limitRows) {
    console.log(
      `${number(servers).padStart(9)}${limit.padStart(9)}${String(peakMb).padStart(11)}${ratio.toFixed(2).padStart(18)}${seconds.toFixed(1).padStart(10)}`,
    )
  }
  console.log('\nFirst answers, milliseconds')
  for (const [servers, found] of Object.entries(answers)) {
    const parts = Object.entries(found).map(([what, value]) => `${what} ${value.toFixed(0)}`)
    console.log(`${number(Number(servers)).padStart(9)}: ${parts.join(', ')}`)
  }
}

const saveHistory = async () => {
  const machine = {
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? '',
    memory_gib: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
  }
  const line = { date: new Date().toISOString().slice(0, 10), machine, limits: limitRows, growth, first_answers: answers }
  await appendFile(join(projectFolder, 'docs', 'benchmarks', 'scale.jsonl'), `${JSON.stringify(line)}\n`)
}

try {
  await checkSmall()
  await checkTenThousand()
  if (hasLarge) await checkGrowth()
  if (hasMillion) await checkMillion()
  if (hasLarge) await checkLarge()
  printTables()
  if (hasLarge) await saveHistory()
} finally {
  if (keptFolder === undefined) await rm(folder, { recursive: true, force: true })
}
process.exitCode = failed === 0 ? 0 : 1
