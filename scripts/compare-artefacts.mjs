// `npm run check:artefacts -- --before CHECKOUT`: analyses the same forecasts with another built checkout and with this one, and compares the artefacts
// of both, file by file. The rename map lists names that changed on purpose; nothing else may differ.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { decode } from 'fast-png'
import { cliFile, projectFolder } from './setup/project-folders.mjs'

/** JSON keys and Parquet columns of the older checkout by the names they have here. */
const renamedKeys = new Map([
  ['disposition', 'recommendation'],
  ['consolidate_onto', 'target_host'],
])
/** Texts that may be reworded: their keys in optimization_recommendations.json, and `verdict` of model_accuracy.json's calibration. */
const wordedKeys = new Set(['reason', 'reasons', 'text', 'rule', 'trace', 'query', 'explanation', 'verdict'])
/** Pixels at the top of a picture with its title and subtitle, which may change. */
const titlePixels = 170
/** Rows of risk_heatmap.png: the servers of a larger fleet may be merged into other rows. */
const maxHeatmapRows = 60

const { values } = parseArgs({ options: { before: { type: 'string' }, data: { type: 'string' } } })
if (values.before === undefined) {
  console.error('Name the checkout to compare with: --before FOLDER (built with npm run build).')
  process.exit(2)
}
const beforeCli = join(resolve(values.before), 'out', 'main', 'cli.cjs')
const data = values.data ?? join(projectFolder, '..', 'shared', 'data')
const folder = await mkdtemp(join(tmpdir(), 'headroom-compare-'))
const database = await (await DuckDBInstance.create(':memory:')).connect()

/** @param {string} cli @param {readonly string[]} args */
const headroom = (cli, ...args) => execFileSync(process.execPath, [cli, ...args, '--quiet'], { stdio: ['ignore', 'pipe', 'inherit'] })

/** @param {string} path @returns {string} */
const quoted = (path) => `'${path.replaceAll("'", "''")}'`

const makeInputs = async () => {
  const thousand = join(folder, 'thousand.parquet')
  headroom(beforeCli, 'sample', '--servers', '1000', '--out', thousand)
  const small = join(folder, 'small.parquet')
  headroom(beforeCli, 'sample', '--servers', '120', '--out', small)
  const sixty = join(folder, 'sixty.parquet')
  headroom(beforeCli, 'sample', '--servers', '60', '--out', sixty)
  const twoMetrics = join(folder, 'two-metrics.parquet')
  await database.run(`
    COPY (SELECT *, 'cpu_p95' AS metric FROM ${quoted(small)}
          UNION ALL
          SELECT * REPLACE (actual * 0.6 + 20 AS actual, predicted * 0.6 + 21 AS predicted), 'mem_p95' AS metric FROM ${quoted(small)})
    TO ${quoted(twoMetrics)} (FORMAT parquet)`)
  const planetlab = join(data, 'planetlab', 'forecasts.parquet')
  const cases = [
    { name: 'sample of 1,000 servers', input: thousand, options: ['--servers', thousand.replace('.parquet', '.servers.csv')] },
    { name: 'sample of 60 servers', input: sixty, options: ['--servers', sixty.replace('.parquet', '.servers.csv')] },
    { name: 'sample with two metrics', input: twoMetrics, options: ['--servers', small.replace('.parquet', '.servers.csv')] },
    { name: "sample by Module 05's method", input: small, options: ['--method', 'module05'] },
  ]
  if (!existsSync(planetlab)) {
    console.log(`skipped: PlanetLab (${planetlab} is missing)`)
    return cases
  }
  return [
    ...cases,
    { name: 'PlanetLab', input: planetlab, options: [] },
    { name: "PlanetLab by Module 05's method", input: planetlab, options: ['--method', 'module05'] },
  ]
}

/** @param {unknown} value @param {boolean} isBefore @returns {unknown} */
const comparable = (value, isBefore) => {
  if (Array.isArray(value)) return value.map((item) => comparable(item, isBefore))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'analyzed_at' && !wordedKeys.has(key))
      .map(([key, item]) => [(isBefore ? renamedKeys.get(key) : undefined) ?? key, comparable(item, isBefore)]),
  )
}

/** @param {string} sql @returns {Promise<unknown[][]>} */
const rows = async (sql) => (await database.runAndReadAll(sql)).getRowsJson()

/** @param {string} before @param {string} after */
const compareParquet = async (before, after) => {
  const columns = async (/** @type {string} */ file) =>
    (await rows(`DESCRIBE SELECT * FROM ${quoted(file)}`)).map((row) => [String(row[0]), String(row[1])])
  const old = (await columns(before)).map(([name = '', type]) => [renamedKeys.get(name) ?? name, type])
  if (!isDeepStrictEqual(old, await columns(after))) return 'columns differ'
  const read = async (/** @type {string} */ file) =>
    JSON.stringify(await rows(`SELECT * FROM read_parquet(${quoted(file)}, file_row_number = true)`))
  return (await read(before)) === (await read(after)) ? 'same rows, columns renamed' : 'rows differ'
}

/** @param {Buffer} before @param {Buffer} after */
const comparePictures = (before, after) => {
  const [old, now] = [decode(before), decode(after)]
  if (old.width !== now.width || old.height !== now.height) return 'sizes differ'
  const from = titlePixels * old.width * old.channels
  return Buffer.compare(Buffer.from(old.data.slice(from)), Buffer.from(now.data.slice(from))) === 0
    ? 'same below the title'
    : 'pixels differ'
}

/** @param {string} name @param {string} before @param {string} after @returns {Promise<string>} */
const compareFile = async (name, before, after) => {
  const [old, now] = [await readFile(before), await readFile(after)]
  if (old.equals(now)) return 'same bytes'
  if (name.endsWith('.png')) return comparePictures(old, now)
  if (name.endsWith('.json')) {
    const same = isDeepStrictEqual(comparable(JSON.parse(old.toString()), true), comparable(JSON.parse(now.toString()), false))
    return same ? 'same values' : 'values differ'
  }
  return name.endsWith('.parquet') ? compareParquet(before, after) : 'bytes differ'
}

/** @param {string} runFolder @returns {Promise<number>} */
const countServers = async (runFolder) => {
  const [[servers] = []] = await rows(`SELECT count(DISTINCT server_id) FROM ${quoted(join(runFolder, 'server_risk.parquet'))}`)
  return Number(servers)
}

let differences = 0
try {
  for (const { name, input, options } of await makeInputs()) {
    console.log(name)
    const [before, after] = [join(folder, 'before'), join(folder, 'after')]
    headroom(beforeCli, 'analyze', input, '--out', before, ...options)
    headroom(cliFile, 'analyze', input, '--out', after, ...options)
    const files = [...new Set([...(await readdir(before)), ...(await readdir(after))])]
      .filter((file) => file !== 'manifest.json')
      .toSorted()
    for (const file of files) {
      const both = existsSync(join(before, file)) && existsSync(join(after, file))
      const compared = both ? await compareFile(file, join(before, file), join(after, file)) : 'missing on one side'
      const isMerged = file === 'risk_heatmap.png' && (await countServers(after)) > maxHeatmapRows
      const verdict = isMerged && compared.endsWith(' differ') ? `rows merged differently (${compared})` : compared
      if (!verdict.startsWith('same') && !verdict.startsWith('rows merged')) differences++
      console.log(`  ${file}: ${verdict}`)
    }
    await rm(before, { recursive: true })
    await rm(after, { recursive: true })
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
console.log(differences === 0 ? 'No differences.' : `${differences} differences.`)
process.exitCode = differences === 0 ? 0 : 1
