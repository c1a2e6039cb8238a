// Loads the optional servers table: business unit, cost and capacity of each server, from CSV, Parquet or XLSX into table `server_attributes`.
import { open, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { z } from 'zod'
import { escapeGlob, Database, identifier, literal } from '../database/database.ts'
import { readSchemaElements } from './file-schemas.ts'
import { marksInUseSql, plainNumberSql, settleMark, stateDecimal, twoReadings } from './decimal-marks.ts'
import { readEventsTable } from './events-table.ts'
import { maxLeadTimeDays, type AnalysisConfig, type DecimalSetting } from '../../src-shared/config/analysis-config.ts'
import { unescapeFormulaSql } from '../../src-shared/artefacts/cell-text.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { evenName, findCloseName, findNearestName } from '../../src-shared/config/nearest-name.ts'
import { isParquetName } from '../../src-shared/run/parquet-files.ts'
import type { RunWarning } from '../../src-shared/run/run-event.ts'
import type { ReadInput } from '../../src-shared/run/run-manifest.ts'
import { splitFields } from './readers/text-header.ts'
import { cellText, findFaultyCell, readSheetTable, type SheetTable } from './workbook/sheet-table.ts'
import { isWorkbook, parseTablePath } from './workbook/table-path.ts'

/** Costs and sizes beyond it are slips. */
const maxNumber = 1e12

const textColumns = ['business_unit', 'region', 'criticality', 'host', 'host_cluster', 'instance_type', 'os', 'licence'] as const
const numberColumns = ['monthly_cost_usd', 'capacity_units', 'lead_time_days', 'cores', 'mem_gib', 'disk_gib'] as const

export interface LoadedServersTable {
  /** Null without a servers table. */
  readonly entry: ReadInput | null
  /** Names the columns that are nearly one of ours. */
  readonly warnings: readonly RunWarning[]
}

/** Creates `server_attributes` (server_id unique); empty without a servers table. */
export const loadServersTable = async (
  database: Database,
  path: string | undefined,
  decimal: DecimalSetting,
): Promise<LoadedServersTable> => {
  if (path === undefined) {
    await database.run(
      `CREATE OR REPLACE TABLE server_attributes (server_id VARCHAR, ${textColumns.map((name) => `${name} VARCHAR`).join(', ')},
       ${numberColumns.map((name) => `${name} DOUBLE`).join(', ')})`,
    )
    return { entry: null, warnings: [] }
  }
  const { file: givenFile, sheet } = await parseTablePath(path)
  const file = resolve(givenFile)
  const name = basename(file)
  const status = await stat(file).catch(() => null)
  if (status === null) throw new HeadroomError('input-not-found', `The servers table ${path} does not exist.`, { next: 'Check the path.' })
  if (!status.isFile())
    throw new HeadroomError('input-not-found', `The servers table ${path} is not a regular file.`, { next: 'Name a file.' })
  if (status.size === 0) throw invalidServers(`The servers table ${name} is empty (0 bytes).`, 'Write it again, or leave out --servers.')
  if (await isWorkbook(file)) {
    const kind = { title: `servers table ${name}`, code: 'servers-invalid', option: '--servers', keyColumn: 'server_id' } as const
    await storeSheet(database, await readSheetTable(file, sheet, kind), name)
  } else await storeFile(database, file, name)
  const columns = await database.rows('DESCRIBE servers_as_given', z.object({ column_name: z.string(), column_type: z.string() }))
  const givenColumns = columns.map(({ column_name }) => column_name)
  const byName = mapColumns(givenColumns)
  const serverColumn = findServerColumn(name, givenColumns)
  const columnsOfText = new Set(columns.filter(({ column_type }) => column_type === 'VARCHAR').map(({ column_name }) => column_name))
  const numbers: string[] = []
  const warnings: RunWarning[] = []
  for (const column of numberColumns) {
    const givenColumn = byName.get(column)
    const isText = givenColumn !== undefined && columnsOfText.has(givenColumn)
    const number = isText ? await plainTextSql(database, name, givenColumn, decimal) : textSql(givenColumn)
    await assertNumbers(database, name, givenColumn, number, column === 'lead_time_days' ? maxLeadTimeDays : maxNumber)
    const value = `CAST(${number} AS DOUBLE)`
    numbers.push(`${column === 'capacity_units' ? `CASE WHEN ${value} >= ${minCapacityUnits} THEN ${value} END` : value} AS ${column}`)
    if (column === 'capacity_units') warnings.push(...(await warnAboutEmptyServers(database, name, serverColumn, value)))
  }
  await assertUnique(database, name, serverColumn)
  await database.run(
    `CREATE OR REPLACE TABLE server_attributes AS
     SELECT CAST(${identifier(serverColumn)} AS VARCHAR) AS server_id,
            ${textColumns.map((column) => `${textSql(byName.get(column))} AS ${column}`).join(', ')},
            ${numbers.join(', ')}
     FROM servers_as_given`,
  )
  const { rows } = await database.row('SELECT CAST(count(*) AS DOUBLE) AS rows FROM server_attributes', z.object({ rows: z.number() }))
  if (rows === 0) throw invalidServers(`The servers table ${name} names no server.`, 'Fill it in, or leave out --servers.')
  await database.run('DROP TABLE servers_as_given')
  return {
    entry: { path, bytes: status.size, rows },
    warnings: [...warnings, ...warnAboutNearColumns(name, givenColumns, [...byName.values()])],
  }
}

/** Throws servers-invalid. */
const findServerColumn = (name: string, givenColumns: readonly string[]): string => {
  const column = mapColumns(givenColumns).get('server_id')
  if (column !== undefined) return column
  const nearest = findNearestName('server_id', givenColumns)
  throw invalidServers(
    `The servers table ${name} has no column server_id; it has ${givenColumns.join(', ')}${nearest === undefined ? '' : ` (nearest: ${nearest})`}.`,
    'Rename the column with the server names.',
  )
}

/** The cells of a CSV table as a planner left them, by server and column. Throws servers-invalid for what an analysis would refuse. */
export const readServerCells = async (database: Database, path: string): Promise<Map<string, Readonly<Record<string, string>>>> => {
  const name = basename(path)
  await storeFile(database, path, name)
  const rows = await database.rows('FROM servers_as_given', z.record(z.string(), z.string().nullable()))
  const columns = await database.rows('DESCRIBE servers_as_given', z.object({ column_name: z.string() }))
  const serverColumn = findServerColumn(
    name,
    columns.map(({ column_name }) => column_name),
  )
  await assertUnique(database, name, serverColumn)
  await database.run('DROP TABLE servers_as_given')
  return new Map(
    rows.map(({ [serverColumn]: server, ...cells }) => [
      server ?? '',
      Object.fromEntries(Object.entries(cells).map(([column, cell]) => [column, cell ?? ''])),
    ]),
  )
}

/** Creates `servers_as_given`. Throws servers-invalid. */
const storeFile = async (database: Database, file: string, name: string): Promise<void> => {
  const isParquet = isParquetName(name)
  const relation = isParquet ? `read_parquet(${literal(escapeGlob(file))})` : await csvRelationSql(file, name)
  const store = async (): Promise<void> => {
    if (isParquet) await readSchemaElements(database, [{ path: file, name: `The servers table ${name}` }])
    await database.run(`CREATE OR REPLACE TABLE servers_as_given AS SELECT * FROM ${relation}`)
    if (!isParquet) await unescapeCells(database)
  }
  await store().catch((cause: unknown) => {
    if (!(cause instanceof HeadroomError) || cause.code !== 'query-failed') throw cause
    throw isParquet
      ? invalidServers(`The servers table ${name} cannot be read as Parquet.`, 'Write it again, or save it as CSV.', cause)
      : invalidServers(
          `The servers table ${name} cannot be read as CSV${describeCsvLine(cause)}.`,
          'Save it as CSV in UTF-8 with a header line.',
          cause,
        )
  })
}

/** The apostrophe that keeps a spreadsheet from running a cell is none of its text. */
const unescapeCells = async (database: Database): Promise<void> => {
  const columns = await database.rows('DESCRIBE servers_as_given', z.object({ column_name: z.string() }))
  const changes = columns.map(({ column_name }) => `${identifier(column_name)} = ${unescapeFormulaSql(identifier(column_name))}`)
  await database.run(`UPDATE servers_as_given SET ${changes.join(', ')}`)
}

/** Creates `servers_as_given`, all of text. Throws servers-invalid. */
const storeSheet = async (database: Database, table: SheetTable, name: string): Promise<void> => {
  const used = mapColumns(table.columns)
  for (const [known, column] of used) {
    if (table.columns.filter((other) => other === column).length > 1)
      throw invalidServers(`The servers table ${name} has two columns named ${column}.`, 'Keep one of them.')
    const faulty = findFaultyCell(table, column, known === 'server_id')
    if (faulty === undefined) continue
    throw invalidServers(
      `Line ${faulty.line}, column ${column} of the servers table ${name} holds ${faulty.fault}.`,
      known === 'server_id' ? 'Format the column as text, and enter the names again.' : 'Open the workbook, enter the value and save it.',
    )
  }
  const isNumber = new Set(numberColumns.flatMap((column) => used.get(column) ?? []))
  // Repeated names of columns that are not used.
  const columns = table.columns.map((column, index) => (table.columns.indexOf(column) === index ? column : `${column} ${index + 1}`))
  await database.storeRows(
    'servers_as_given',
    Object.fromEntries(columns.map((column) => [column, 'VARCHAR' as const])),
    table.rows.map(({ cells }) => cells.map((cell, index) => (isNumber.has(columns[index]!) ? cellText(cell) : (cell?.text ?? null)))),
  )
}

export interface CompanionTables {
  readonly serversTable?: string | undefined
  readonly eventsTable?: string | undefined
  readonly config: Pick<AnalysisConfig, 'decimal' | 'time_zone'>
}

/** Reads both tables as the analysis does, so that a cloud job is not launched with invalid ones. Throws input-not-found, servers-invalid, events-invalid. */
export const validateTables = async ({ serversTable, eventsTable, config }: CompanionTables): Promise<void> => {
  if (eventsTable !== undefined) await readEventsTable(eventsTable, config.decimal, config.time_zone)
  if (serversTable === undefined) return
  const database = await Database.open()
  try {
    await loadServersTable(database, serversTable, config.decimal)
  } finally {
    database.close()
  }
}

const knownColumns: readonly string[] = ['server_id', ...textColumns, ...numberColumns]

/** The given column of each known name. The exact spelling wins; otherwise case, blanks and punctuation do not count. */
const mapColumns = (givenColumns: readonly string[]): Map<string, string> =>
  new Map(
    knownColumns.flatMap((name): [string, string][] => {
      const column = givenColumns.find((given) => given === name) ?? givenColumns.find((given) => evenName(given) === evenName(name))
      return column === undefined ? [] : [[name, column]]
    }),
  )

/** What lies below counts as not stated: a server of no size would fit on any other. */
const minCapacityUnits = 0.001

const warnAboutEmptyServers = async (database: Database, table: string, serverColumn: string, value: string): Promise<RunWarning[]> => {
  const { count, examples } = await database.row(
    `SELECT CAST(count(*) AS INTEGER) AS count, coalesce(list(server ORDER BY server)[:5], []) AS examples
     FROM (SELECT CAST(${identifier(serverColumn)} AS VARCHAR) AS server FROM servers_as_given WHERE ${value} < ${minCapacityUnits})`,
    z.object({ count: z.int(), examples: z.array(z.string()) }),
  )
  if (count === 0) return []
  const servers = `${count.toLocaleString('en-US')} ${count === 1 ? 'server' : 'servers'}`
  const message = `The servers table ${table} states no capacity_units above 0 for ${servers}, such as ${examples[0]}: 1 is taken.`
  return [{ code: 'no-capacity-units', message, count, examples }]
}

const warnAboutNearColumns = (table: string, givenColumns: readonly string[], usedColumns: readonly string[]): RunWarning[] => {
  const nearColumns = givenColumns
    .filter((column) => !usedColumns.includes(column))
    .flatMap((column) => {
      const nearest = findCloseName(column, knownColumns)
      return nearest === undefined ? [] : [`${column} (nearest: ${nearest})`]
    })
  if (nearColumns.length === 0) return []
  return [
    {
      code: 'unused-server-columns',
      message: `Columns of the servers table ${table} are not used: ${nearColumns.join(', ')}.`,
      count: nearColumns.length,
      examples: nearColumns,
    },
  ]
}

const invalidServers = (sentence: string, next: string, cause?: unknown): HeadroomError =>
  new HeadroomError('servers-invalid', sentence, { next, cause })

const delimiters = [',', ';', '\t', '|'] as const
/** Long enough for a header line. */
const headerBytes = 8192

/** The delimiter is read off the header line: DuckDB's own guess takes a ragged table for one of a single column. */
const csvRelationSql = async (path: string, name: string): Promise<string> => {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0)
    const header = buffer.toString('utf8', 0, bytesRead).split(/\r|\n/)[0]!
    const parts = (delimiter: string): number => header.split(delimiter).length
    const delimiter = delimiters.reduce((best, candidate) => (parts(candidate) > parts(best) ? candidate : best))
    assertDistinctHeader(name, splitFields(header.replace(/^\uFEFF/, ''), delimiter))
    return `read_csv(${literal(escapeGlob(path))}, header = true, all_varchar = true, compression = 'none', delim = ${literal(delimiter)}, quote = '"', escape = '"')`
  } finally {
    await file.close()
  }
}

/** DuckDB gives the second of two a number: of columns that are used, none says which one is meant. Throws servers-invalid. */
const assertDistinctHeader = (name: string, header: readonly string[]): void => {
  const names = header.map((field) => field.trim().toLowerCase())
  const repeated = header.find(
    (field, index) => names.indexOf(names[index]!) < index && knownColumns.some((known) => evenName(known) === evenName(field)),
  )
  if (repeated !== undefined)
    throw invalidServers(`The servers table ${name} has two columns named ${repeated.trim()}.`, 'Keep one of them.')
}

/** DuckDB names the line in its long report, unless the table fits no reading at all. */
const describeCsvLine = (cause: unknown): string => {
  const line = /CSV Error on Line: (\d+)/.exec(cause instanceof Error ? cause.message : '')?.[1]
  return line === undefined ? '' : `: line ${line} does not fit the others`
}

const textSql = (column: string | undefined): string =>
  column === undefined ? 'CAST(NULL AS VARCHAR)' : `nullif(trim(CAST(${identifier(column)} AS VARCHAR)), '')`

/** SQL for a text column's numbers with a decimal point. Throws servers-invalid where one has two readings. */
const plainTextSql = async (database: Database, table: string, column: string, decimal: DecimalSetting): Promise<string> => {
  const text = textSql(column)
  const marks = await database.row(
    `SELECT ${marksInUseSql(text)} FROM servers_as_given`,
    z.object({ comma: z.boolean(), point: z.boolean(), unclear: z.string().nullable() }),
  )
  const mark = settleMark(decimal, marks)
  if (mark !== null) return plainNumberSql(text, mark)
  const unclear = marks.unclear!
  throw invalidServers(`Column ${column} of the servers table ${table} holds "${unclear}", ${twoReadings(unclear)}.`, stateDecimal)
}

const assertNumbers = async (database: Database, table: string, column: string | undefined, number: string, max: number): Promise<void> => {
  if (column === undefined) return
  const text = textSql(column)
  const [invalidValue] = await database.rows(
    `SELECT ${text} AS text FROM servers_as_given
     -- Once: each mention of a long expression costs time to plan. NaN exceeds every number.
     WHERE ${text} IS NOT NULL AND NOT coalesce(TRY_CAST(${number} AS DOUBLE) BETWEEN 0 AND ${max}, false) LIMIT 1`,
    z.object({ text: z.string() }),
  )
  if (invalidValue === undefined) return
  throw invalidServers(
    `Column ${column} of the servers table ${table} holds "${invalidValue.text}", which is no number from 0 to ${max.toLocaleString('en-US')}.`,
    'Write plain numbers without units.',
  )
}

const assertUnique = async (database: Database, table: string, serverColumn: string): Promise<void> => {
  const [repeatedServer] = await database.rows(
    `SELECT CAST(${identifier(serverColumn)} AS VARCHAR) AS server FROM servers_as_given GROUP BY 1 HAVING count(*) > 1 OR server IS NULL ORDER BY 1 LIMIT 1`,
    z.object({ server: z.string().nullable() }),
  )
  if (repeatedServer === undefined) return
  throw invalidServers(
    repeatedServer.server === null
      ? `Column ${serverColumn} of the servers table ${table} is empty in a row.`
      : `The servers table ${table} names ${repeatedServer.server} more than once in column ${serverColumn}.`,
    'Keep one row per server.',
  )
}
