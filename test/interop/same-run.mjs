// Compares two run folders: counts, dates, texts and flags exactly, figures to 1e-9 of their size, flagged rows in any order.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'

export const tolerance = 1e-9
/** Fields that depend on the machine and the time, not on the forecasts. */
const differsByRun = new Set(['run_id', 'analyzed_at', 'timings', 'peak_memory_bytes', 'host', 'files'])
const jsonFiles = ['module_05_summary.json', 'optimization_recommendations.json', 'model_accuracy.json', 'manifest.json']
const pictures = ['risk_heatmap.png', 'utilization_clusters.png']

/** @param {number} a @param {number} b */
const areClose = (a, b) => a === b || (!Number.isInteger(a) && Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b)))

/** @param {any} a @param {any} b @param {string} path @returns {string[]} */
function differing(a, b, path) {
  if (typeof a === 'number' && typeof b === 'number') return areClose(a, b) ? [] : [`${path}: ${a} and ${b}`]
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return Object.is(a, b) ? [] : [`${path}: ${a} and ${b}`]
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => !differsByRun.has(name))
  return names.flatMap((name) => differing(a[name], b[name], `${path}.${name}`))
}

/**
 * Compares the contents of inputs and tables, not their paths. Files that are left out of a folder are not uploaded: the preflight names
 * them, the run in the cloud cannot. @param {any} manifest
 */
function placeless(manifest) {
  const entry = (/** @type {any} */ input) => (input === null ? null : { ...input, path: '', modified_at: null })
  // Spark reads parts of files, and hashes none.
  const unhashed = (/** @type {any} */ input) => ({ ...entry(input), sha256: null, integrity: null })
  return {
    ...manifest,
    warnings: manifest.warnings.filter((/** @type {any} */ { code }) => code !== 'files-left-out'),
    inputs: manifest.inputs.map(unhashed),
    servers_table: entry(manifest.servers_table),
    events_table: entry(manifest.events_table),
  }
}

/** @param {string} path */
const csvCells = (path) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(',').map((cell) => (/^-?\d+\.\d+(e-?\d+)?$/.test(cell) ? Number(cell) : cell)))

/** One sentence per difference, at most some examples of each kind. @param {string} own @param {string} other @returns {Promise<string[]>} */
export async function differencesOfRuns(own, other) {
  const read = (/** @type {string} */ folder, /** @type {string} */ name) => JSON.parse(readFileSync(join(folder, name), 'utf8'))
  const found = jsonFiles.flatMap((name) => {
    const [a, b] = [read(own, name), read(other, name)]
    return name === 'manifest.json' ? differing(placeless(a), placeless(b), name) : differing(a, b, name)
  })
  found.push(...differing(csvCells(join(own, 'server_clusters.csv')), csvCells(join(other, 'server_clusters.csv')), 'server_clusters.csv'))
  for (const name of pictures)
    if (!readFileSync(join(own, name)).equals(readFileSync(join(other, name)))) found.push(`${name}: other bytes`)
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  /** @param {string} sql @returns {Promise<any[]>} */
  const rows = async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson()
  try {
    await connection.run("SET TimeZone = 'UTC'")
    for (const name of ['server_risk', 'risk_flagged_forecasts']) {
      const [a, b] = [own, other].map((folder) => `'${join(folder, `${name}.parquet`).replaceAll("'", "''")}'`)
      const columnsOf = async (/** @type {string | undefined} */ file) =>
        (await rows(`DESCRIBE SELECT * FROM ${file}`)).map(({ column_name, column_type }) => ({
          column: column_name,
          // Spark has no nanoseconds; the values are compared all the same.
          type: column_type.replace('TIMESTAMP_NS', 'TIMESTAMP'),
        }))
      const [columns, others] = [await columnsOf(a), await columnsOf(b)]
      if (JSON.stringify(columns) !== JSON.stringify(others)) {
        found.push(`${name}: columns ${JSON.stringify(columns)} and ${JSON.stringify(others)}`)
        continue
      }
      if (name === 'server_risk') found.push(...(await differingFigures(rows, a ?? '', b ?? '', columns)))
      else {
        const [{ missing, more }] = await rows(
          `SELECT (SELECT count(*) FROM (FROM ${a} EXCEPT ALL FROM ${b})) AS missing, (SELECT count(*) FROM (FROM ${b} EXCEPT ALL FROM ${a})) AS more`,
        )
        if (Number(missing) + Number(more) > 0) found.push(`${name}: ${missing} rows are missing, ${more} are others`)
      }
    }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
  return found
}

/** @param {(sql: string) => Promise<any[]>} rows @param {string} a @param {string} b @param {{ column: string, type: string }[]} columns */
async function differingFigures(rows, a, b, columns) {
  const found = []
  for (const { column, type } of columns) {
    const [h, t] = [`h."${column}"`, `t."${column}"`]
    const far = (/** @type {string} */ x, /** @type {string} */ y) => `abs(${x} - ${y}) > ${tolerance} * greatest(abs(${x}), abs(${y}))`
    const differs =
      type === 'DOUBLE'
        ? `(${h} IS NULL) <> (${t} IS NULL) OR ${far(h, t)}`
        : type === 'DOUBLE[]'
          ? `(${h} IS NULL) <> (${t} IS NULL) OR len(${h}) <> len(${t}) OR list_bool_or(list_transform(list_zip(${h}, ${t}), lambda p: ${far('p[1]', 'p[2]')}))`
          : `${h} IS DISTINCT FROM ${t}`
    const [{ count, example }] = await rows(
      `SELECT count(*) AS count, CAST(min((server_id, metric, ${h}, ${t})) AS VARCHAR) AS example FROM ${a} h FULL JOIN ${b} t USING (server_id, metric) WHERE ${differs}`,
    )
    if (Number(count) > 0) found.push(`server_risk.${column}: ${count} differ, for instance ${example}`)
  }
  return found
}
