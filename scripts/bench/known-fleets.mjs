// Fleets whose outcome is known: real ones with what then came, and synthetic ones.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cliFile } from '../setup/project-folders.mjs'
import { lawNames, makeSyntheticFleet } from './synthetic-fleets.mjs'

/**
 * `truth`: by server, what came in the horizon. `servers`: a servers table.
 *
 * @typedef {{ readonly forecasts: string, readonly truth: ReadonlyMap<string, number[]>, readonly servers?: string }} KnownFleet
 * @typedef {import('@duckdb/node-api').DuckDBConnection} Connection
 */

/** @param {Connection} database @param {string} sql @returns {Promise<Record<string, any>[]>} */
export const rowsOf = async (database, sql) => (await database.runAndReadAll(sql)).getRowObjectsJson()

/**
 * Each law or dataset with its fleets, one per forecast origin. Files are written to `folder`; a dataset that is not in `data` is skipped.
 *
 * @param {{ readonly data: string, readonly folder: string, readonly database: Connection }} options
 * @returns {AsyncGenerator<{ readonly name: string, readonly fleets: readonly KnownFleet[] }>}
 */
export async function* knownFleets({ data, folder, database }) {
  const bitbrains = join(data, 'bitbrains')
  if (existsSync(bitbrains)) {
    yield {
      name: 'Bitbrains, 3 origins',
      fleets: [63, 70, 77].map((origin) => ({
        forecasts: join(bitbrains, `forecasts-${origin}.parquet`),
        servers: join(bitbrains, 'servers.csv'),
        truth: new Map(Object.entries(JSON.parse(readFileSync(join(bitbrains, `truth-${origin}.json`), 'utf8')))),
      })),
    }
  } else console.log('Bitbrains: skipped, since the data are not here (--data FOLDER).')
  const planetlab = join(data, 'planetlab', 'forecasts.parquet')
  if (existsSync(planetlab))
    yield { name: 'PlanetLab, last window', fleets: [await holdOutLastWindow(database, planetlab, join(folder, 'planetlab.parquet'))] }
  else console.log('PlanetLab: skipped, since the data are not here (--data FOLDER).')
  const sample = join(folder, 'sample.parquet')
  execFileSync(process.execPath, [cliFile, 'sample', '--end', '2026-11-22', '--servers', '1000', '--out', sample, '--quiet'], {
    stdio: 'ignore',
  })
  yield { name: 'sample, last window', fleets: [await holdOutLastWindow(database, sample, join(folder, 'sample-cut.parquet'))] }
  for (const name of lawNames) {
    const { rows, truth } = makeSyntheticFleet(name, 1000)
    const csv = join(folder, 'synthetic.csv')
    const forecasts = join(folder, `synthetic-${lawNames.indexOf(name)}.parquet`)
    writeFileSync(
      csv,
      `server_id,timestamp,actual,predicted\n${rows.map((row) => `${row.server},${row.day},${row.actual ?? ''},${row.predicted}`).join('\n')}\n`,
    )
    await database.run(`
      COPY (SELECT server_id, CAST(timestamp AS TIMESTAMP) AS timestamp, CAST(actual AS DOUBLE) AS actual, CAST(predicted AS DOUBLE) AS predicted,
                   actual IS NULL AS is_future
            FROM read_csv('${csv}', all_varchar = true) ORDER BY server_id, timestamp) TO '${forecasts}' (FORMAT parquet)`)
    yield { name, fleets: [{ forecasts, truth }] }
  }
}

/** The last window of the backtest as the future: what was measured there becomes the truth. @param {Connection} database @param {string} forecasts @param {string} out @returns {Promise<KnownFleet>} */
const holdOutLastWindow = async (database, forecasts, out) => {
  await database.run(`
    CREATE OR REPLACE TABLE given AS SELECT * FROM read_parquet('${forecasts}');
    CREATE OR REPLACE TABLE cut AS
      SELECT *, max(timestamp) FILTER (WHERE actual IS NOT NULL) OVER (PARTITION BY server_id) AS last_measured,
             count(*) FILTER (WHERE actual IS NULL) OVER (PARTITION BY server_id, model) AS horizon,
             row_number() OVER (PARTITION BY server_id, model, actual IS NULL ORDER BY timestamp DESC) AS age
      FROM given;
    COPY (
      SELECT * EXCLUDE (last_measured, horizon, age) REPLACE (CASE WHEN age <= horizon THEN NULL ELSE actual END AS actual,
             age <= horizon AS is_future)
      FROM (SELECT * REPLACE (max(horizon) OVER (PARTITION BY server_id) AS horizon) FROM cut) WHERE actual IS NOT NULL
      ORDER BY server_id, model, timestamp
    ) TO '${out}' (FORMAT parquet)`)
  const truth = await rowsOf(
    database,
    `SELECT server_id, list(actual ORDER BY timestamp) AS came FROM (SELECT DISTINCT server_id, timestamp, actual, age, horizon FROM cut WHERE actual IS NOT NULL)
     WHERE age <= horizon GROUP BY server_id`,
  )
  return { forecasts: out, truth: new Map(truth.map((row) => [row['server_id'], row['came']])) }
}
