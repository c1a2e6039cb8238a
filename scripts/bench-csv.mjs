// `npm run bench:csv`: 10,000 servers as CSV against Parquet, taken in turn, also within 1 GB and compressed; the figures must be equal.
// `--input FILE.parquet` takes other forecasts; `--rounds N`; `--plain` leaves out the compressed ones.
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { measure, summarise } from './bench/measure.mjs'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { cliFile } from './setup/project-folders.mjs'

const maxRatio = 3
const { values: options } = parseArgs({
  options: { input: { type: 'string' }, rounds: { type: 'string', default: '3' }, plain: { type: 'boolean', default: false } },
})

await installDependencies()
await buildApp()
const folder = await mkdtemp(join(tmpdir(), 'headroom-csv-'))
const database = await (await DuckDBInstance.create()).connect()
let failed = 0
/** @param {boolean} holds @param {string} sentence */
const checkClaim = (holds, sentence) => {
  if (!holds) failed++
  console.log(`${holds ? 'holds' : 'FAILS'}: ${sentence}`)
}
/** @param {string} path */
const literal = (path) => `'${path.replaceAll("'", "''")}'`

const makeForecasts = async () => {
  const forecasts = join(folder, 'forecasts.parquet')
  await measure(process.execPath, [cliFile, 'sample', '--end', '2026-11-22', '--servers', '10000', '--out', forecasts, '--quiet'])
  return forecasts
}

/** @param {string} forecasts @param {string} name @param {string} settings of DuckDB's COPY */
const writeText = async (forecasts, name, settings) => {
  const path = join(folder, name)
  await database.run(`COPY (FROM read_parquet(${literal(forecasts)})) TO ${literal(path)} (FORMAT csv, HEADER${settings})`)
  return path
}

/** Rows in one file and not in the other. @param {string} first @param {string} second */
const differences = async (first, second) => {
  const [one, other] = [first, second].map((run) => `FROM read_parquet(${literal(join(run, 'server_risk.parquet'))})`)
  const reader = await database.runAndReadAll(`SELECT count(*) FROM ((${one} EXCEPT ALL ${other}) UNION ALL (${other} EXCEPT ALL ${one}))`)
  return Number(reader.getRows()[0]?.[0])
}

/** @param {string} input @param {string} name @param {string[]} settings */
const analyze = async (input, name, settings = []) => {
  const run = join(folder, name)
  await rm(run, { recursive: true, force: true })
  const measured = await measure(process.execPath, [cliFile, 'analyze', input, '--out', run, '--quiet', ...settings])
  console.log(`${name}: ${measured.seconds.toFixed(1)} s, at most ${(measured.peak / 1e6).toFixed(0)} MB`)
  return { run, ...measured }
}

try {
  const forecasts = options.input ?? (await makeForecasts())
  const csv = await writeText(forecasts, 'forecasts.csv', '')
  console.log(`${((await stat(forecasts)).size / 1e6).toFixed(0)} MB of Parquet, ${((await stat(csv)).size / 1e6).toFixed(0)} MB of CSV`)
  /** @type {import('./bench/measure.mjs').Measure[][]} */
  const [parquetRuns, csvRuns] = [[], []]
  for (let round = 0; round < Number(options.rounds); round++) {
    const fromParquet = await analyze(forecasts, 'Parquet')
    const fromCsv = await analyze(csv, 'CSV')
    parquetRuns?.push(fromParquet)
    csvRuns?.push(fromCsv)
    if (round === 0) checkClaim((await differences(fromParquet.run, fromCsv.run)) === 0, 'CSV gives the figures of Parquet')
  }
  const ratio = summarise(csvRuns ?? []).seconds / summarise(parquetRuns ?? []).seconds
  checkClaim(ratio <= maxRatio, `CSV takes ${ratio.toFixed(2)} times what Parquet takes, at most ${maxRatio}`)
  const reference = join(folder, 'Parquet')
  const tight = await analyze(csv, 'CSV within 1 GB', ['--memory-limit', '1GB'])
  checkClaim((await differences(reference, tight.run)) === 0, 'CSV within 1 GB gives the figures of Parquet')
  for (const [ending, compression] of options.plain
    ? []
    : [
        ['gz', 'gzip'],
        ['zst', 'zstd'],
      ]) {
    const compressed = await writeText(forecasts, `forecasts.csv.${ending}`, `, COMPRESSION ${compression}`)
    const { run } = await analyze(compressed, `CSV, ${compression}`)
    checkClaim((await differences(reference, run)) === 0, `CSV, ${compression}, gives the figures of Parquet`)
    await rm(compressed)
  }
} finally {
  await rm(folder, { recursive: true })
}
process.exitCode = failed === 0 ? 0 : 1
