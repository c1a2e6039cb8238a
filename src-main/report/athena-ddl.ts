// Statements that create Glue or Athena tables over a run's Parquet files, once those lie in a bucket.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { escapeGlob, literal, type Database } from '../database/database.ts'
import type { OpenRun } from '../queries/run/open-run.ts'
import { replaceFile } from '../run-folder/replace-file.ts'

/** A table of Athena is a folder, whose files have the same columns. */
const tables = [
  { name: 'forecasts', file: runFiles.flaggedForecasts },
  { name: 'server_risk', file: runFiles.serverRisk },
] as const

const locationPattern = /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[\w.=+@-]+)*\/?$/

/** `location`: of the bucket and prefix, such as s3://bucket/prefix. Throws usage, file-not-written. */
export const writeAthenaDdl = async ({ database, overview }: OpenRun, location: string, path: string): Promise<void> => {
  if (!locationPattern.test(location))
    throw new HeadroomError('usage', `--location ${location} is no S3 address.`, { next: 'State it as s3://BUCKET/PREFIX.' })
  const prefix = location.replace(/\/$/, '')
  const statements: string[] = []
  for (const { name, file } of tables)
    statements.push(await statementOf(database, join(overview.folder, file), file, name, `${prefix}/${name}/`))
  await replaceFile(path, (stagingPath) => writeFile(stagingPath, statements.join('\n')))
}

const statementOf = async (database: Database, path: string, file: string, table: string, location: string): Promise<string> => {
  const columns = await database.rows(
    `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(${literal(escapeGlob(path))}, hive_partitioning = false))`,
    z.object({ column_name: z.string(), column_type: z.string() }),
  )
  const known = columns.flatMap(({ column_name: name, column_type: type }) => {
    const hiveType = hiveTypeOf(type)
    return hiveType === undefined ? [] : [`  ${hiveName(name)} ${hiveType}`]
  })
  const unknown = columns.filter(({ column_type: type }) => hiveTypeOf(type) === undefined)
  return [
    `-- aws s3 cp ${file} ${location}`,
    ...unknown.map(({ column_name: name, column_type: type }) => `-- Left out: ${oneLine(name)}, of type ${oneLine(type)}.`),
    `CREATE EXTERNAL TABLE IF NOT EXISTS ${table} (`,
    known.join(',\n'),
    `) STORED AS PARQUET LOCATION '${location}';`,
    '',
  ].join('\n')
}

/** A line break in a name would end the comment. */
const oneLine = (text: string): string => text.replace(/\p{C}|\p{Zl}|\p{Zp}/gu, ' ')

const hiveName = (name: string): string => `\`${name.replaceAll('`', '``')}\``

const hiveTypes: Readonly<Record<string, string>> = {
  VARCHAR: 'string',
  BOOLEAN: 'boolean',
  TINYINT: 'tinyint',
  SMALLINT: 'smallint',
  INTEGER: 'int',
  BIGINT: 'bigint',
  FLOAT: 'float',
  DOUBLE: 'double',
  DATE: 'date',
  TIMESTAMP: 'timestamp',
  TIMESTAMP_NS: 'timestamp',
  'TIMESTAMP WITH TIME ZONE': 'timestamp',
  BLOB: 'binary',
}

/** Of a type of DuckDB; undefined where Athena has none. */
const hiveTypeOf = (type: string): string | undefined => {
  if (type.endsWith('[]')) {
    const element = hiveTypeOf(type.slice(0, -2))
    return element === undefined ? undefined : `array<${element}>`
  }
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(type)
  return decimal === null ? hiveTypes[type] : `decimal(${decimal[1]},${decimal[2]})`
}
