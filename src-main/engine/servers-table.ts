// The optional servers table: grouping, cost and size of each server, from CSV or Parquet into table `server_attributes`.
import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { z } from 'zod'
import { identifier, literal, type Database } from '../database/database.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import { nearestName } from '../../src-shared/nearest-name.ts'
import type { InputEntry } from '../../src-shared/run-manifest.ts'
import { literalPath } from './source-files.ts'

const textColumns = ['business_unit', 'region', 'criticality'] as const
const numberColumns = ['monthly_cost_usd', 'capacity_units', 'lead_time_days'] as const

/** Creates `server_attributes` (server_id unique); empty without a servers table. */
export const loadServersTable = async (database: Database, path: string | undefined): Promise<InputEntry | null> => {
  if (path === undefined) {
    await database.run(
      `CREATE OR REPLACE TABLE server_attributes (server_id VARCHAR, ${textColumns.map((name) => `${name} VARCHAR`).join(', ')},
       ${numberColumns.map((name) => `${name} DOUBLE`).join(', ')})`,
    )
    return null
  }
  const file = resolve(path)
  const name = basename(file)
  const found = await stat(file).catch(() => null)
  if (found === null || !found.isFile()) {
    throw new HeadroomError('input-not-found', `The servers table ${path} does not exist.`, { next: 'Check the path.' })
  }
  const relation = /\.parquet$/i.test(name)
    ? `read_parquet(${literal(literalPath(file))})`
    : `read_csv(${literal(literalPath(file))}, header = true, all_varchar = true)`
  await database.run(`CREATE OR REPLACE TABLE servers_as_given AS SELECT * FROM ${relation}`).catch((cause: unknown) => {
    throw new HeadroomError(
      'servers-invalid',
      `The servers table ${name} cannot be read as ${/\.parquet$/i.test(name) ? 'Parquet' : 'CSV'}.`,
      {
        next: 'Save it as CSV with a header line, or as Parquet.',
        cause,
      },
    )
  })
  const columns = await database.rows('DESCRIBE servers_as_given', z.object({ column_name: z.string(), column_type: z.string() }))
  const byName = new Map(columns.map(({ column_name }) => [column_name.toLowerCase().trim(), column_name]))
  const key = byName.get('server_id')
  if (key === undefined) {
    const names = [...byName.values()]
    const nearest = nearestName('server_id', names)
    throw new HeadroomError(
      'servers-invalid',
      `The servers table ${name} has no column server_id; it has ${names.join(', ')}${nearest === undefined ? '' : ` (nearest: ${nearest})`}.`,
      { next: 'Rename the column with the server names.' },
    )
  }
  for (const column of numberColumns) await assertNumbers(database, name, byName.get(column))
  await assertUnique(database, name, key)
  const text = (column: string): string => {
    const given = byName.get(column)
    return given === undefined ? 'CAST(NULL AS VARCHAR)' : `nullif(trim(CAST(${identifier(given)} AS VARCHAR)), '')`
  }
  const number = (column: string): string => `CAST(${text(column)} AS DOUBLE)`
  await database.run(
    `CREATE OR REPLACE TABLE server_attributes AS
     SELECT CAST(${identifier(key)} AS VARCHAR) AS server_id,
            ${textColumns.map((column) => `${text(column)} AS ${column}`).join(', ')},
            ${numberColumns.map((column) => `${number(column)} AS ${column}`).join(', ')}
     FROM servers_as_given`,
  )
  const { rows } = await database.row('SELECT CAST(count(*) AS DOUBLE) AS rows FROM server_attributes', z.object({ rows: z.number() }))
  await database.run('DROP TABLE servers_as_given')
  return { path, bytes: found.size, rows }
}

const assertNumbers = async (database: Database, table: string, column: string | undefined): Promise<void> => {
  if (column === undefined) return
  const text = `nullif(trim(CAST(${identifier(column)} AS VARCHAR)), '')`
  const value = `TRY_CAST(${text} AS DOUBLE)`
  const [bad] = await database.rows(
    `SELECT ${text} AS text FROM servers_as_given
     WHERE ${text} IS NOT NULL AND (${value} IS NULL OR NOT isfinite(${value}) OR ${value} < 0) LIMIT 1`,
    z.object({ text: z.string() }),
  )
  if (bad === undefined) return
  throw new HeadroomError(
    'servers-invalid',
    `Column ${column} of the servers table ${table} holds "${bad.text}", which is no number of 0 or more.`,
    {
      next: 'Write plain numbers without units or thousands separators.',
    },
  )
}

const assertUnique = async (database: Database, table: string, key: string): Promise<void> => {
  const [repeated] = await database.rows(
    `SELECT CAST(${identifier(key)} AS VARCHAR) AS server FROM servers_as_given GROUP BY 1 HAVING count(*) > 1 OR server IS NULL ORDER BY 1 LIMIT 1`,
    z.object({ server: z.string().nullable() }),
  )
  if (repeated === undefined) return
  throw new HeadroomError(
    'servers-invalid',
    repeated.server === null
      ? `Column ${key} of the servers table ${table} is empty in a row.`
      : `The servers table ${table} names ${repeated.server} more than once in column ${key}.`,
    { next: 'Keep one row per server.' },
  )
}
