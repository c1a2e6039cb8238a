// Converts files of any layout to one Parquet file of canonical columns, and leaves out what a later cut-off forecast again.
import { z } from 'zod'
import type { InputMapping } from '../../src-shared/run/input-mapping.ts'
import { literal, type Database } from '../database/database.ts'
import { InputQuestionError } from './input-question.ts'
import { assertType, isEpochType, type ColumnRole, type ForecastColumn } from './forecast-columns.ts'
import {
  keyRoles,
  valueRoles,
  type KeyRole,
  type Layout,
  type ReadingConfig,
  type SourceColumn,
  type ValueGroup,
  type ValueRole,
} from './readers/layout.ts'
import { readingText, type SourceGroup } from './readers/text-files.ts'
import { assertReadable, chooseTextStyle } from './readers/text-style.ts'
import {
  booleanTextSql,
  nameTextSql,
  numberTextSql,
  profileText,
  timeTextSql,
  type TextColumn,
  type TextKind,
  type TextProfile,
  type TextStyle,
} from './readers/text-values.ts'
import { assertTruth } from './truth-column.ts'
import { instantSql, nameSql, numberSql, serverNameSql, withoutNanSql } from './value-sql.ts'

export interface ReadGroup {
  readonly group: SourceGroup
  readonly layout: Layout
}

export interface ConvertedForecasts {
  readonly path: string
  /** Canonical columns of the file. */
  readonly columns: readonly ForecastColumn[]
  readonly decimal: InputMapping['decimal']
  readonly dateOrder: InputMapping['date_order']
  /** Rows of the text files by their paths. */
  readonly textRows: ReadonlyMap<string, number>
}

/** How the columns of a file are read. */
interface ColumnReader {
  /** SQL for a column's value, by what its role needs. */
  readonly read: (column: SourceColumn, kind: TextKind | 'name') => string
  /** The relation that `read` reads from; ask for it last. */
  readonly relation: () => string
}

const plainTypes: Readonly<Record<ColumnRole, string>> = {
  server_id: 'VARCHAR',
  timestamp: 'TIMESTAMP',
  metric: 'VARCHAR',
  model: 'VARCHAR',
  actual: 'DOUBLE',
  predicted: 'DOUBLE',
  yhat_lower: 'DOUBLE',
  yhat_upper: 'DOUBLE',
  quantiles: 'MAP(DOUBLE, DOUBLE)',
  is_future: 'BOOLEAN',
  cutoff: 'TIMESTAMP',
  horizon_offset: 'DOUBLE',
  interval_level: 'DOUBLE',
}

const keyKinds: Readonly<Record<KeyRole, TextKind | 'name'>> = {
  server_id: 'name',
  timestamp: 'time',
  model: 'name',
  metric: 'name',
  is_future: 'boolean',
  cutoff: 'time',
  horizon_offset: 'number',
  interval_level: 'number',
}

/** Writes `path`. Rows keep the order of files and lines; a row of a wide file becomes one per model, metric or server. Throws HeadroomError. */
export const convertForecasts = async (
  database: Database,
  groups: readonly ReadGroup[],
  config: ReadingConfig,
  path: string,
): Promise<ConvertedForecasts> => {
  const roles = canonicalRoles(groups)
  const texts = await openTexts(database, groups.filter(isText), config)
  const parquet = await openTexts(
    database,
    groups.filter((entry) => !isText(entry) && textColumns(entry).length > 0),
    config,
  )
  for (const { group, layout } of groups) {
    if (layout.keys.is_future !== undefined) await assertTruth(database, layout.keys.is_future, group.relation, group.files[0]!.name)
  }
  const isZoned = texts.read.some(({ entry, profile }) => hasZones(entry.layout, profile)) || groups.some(isZonedParquet)
  const canonicalTypes = { ...plainTypes, ...(isZoned ? { timestamp: 'TIMESTAMP WITH TIME ZONE' } : {}) }
  const selects = groups.map((entry) =>
    canonicalSelect(
      entry,
      roles,
      canonicalTypes,
      isText(entry) ? textReader(entry, texts.style!, config) : parquetReader(entry, parquet.style, config),
    ),
  )
  await readingText(
    groups.filter(isText).flatMap(({ group }) => group.files),
    () =>
      database.run(
        `COPY (${selects.join(' UNION ALL ')}) TO ${literal(path)} (FORMAT parquet, COMPRESSION snappy, WRITE_BLOOM_FILTER false)`,
      ),
  )
  const style = texts.style ?? parquet.style
  return {
    path,
    columns: roles.map((role) => ({ column: role, type: canonicalTypes[role] })),
    decimal: style?.decimal ?? null,
    dateOrder: style?.dateOrder ?? null,
    textRows: new Map(texts.read.flatMap(({ profile }) => [...profile.rows])),
  }
}

interface OpenedTexts {
  readonly read: readonly { readonly entry: ReadGroup; readonly profile: TextProfile }[]
  /** How all of them write numbers and times; undefined where there are none. */
  readonly style: TextStyle | undefined
}

/** Throws InputQuestionError, input-text-unreadable, input-time-unreadable. */
const openTexts = async (database: Database, entries: readonly ReadGroup[], config: ReadingConfig): Promise<OpenedTexts> => {
  if (entries.length === 0) return { read: [], style: undefined }
  const profiles = await profileTexts(database, entries, ({ relation }) => relation)
  const style = await chooseStyle(database, entries, profiles, config)
  for (const [index, { group }] of entries.entries()) {
    const { columns } = profiles[index]!
    await readingText(group.files, () => assertReadable(database, group.relation, columns, style, config.decimal !== 'auto'))
  }
  return { read: entries.map((entry, index) => ({ entry, profile: profiles[index]! })), style }
}

const profileTexts = async (
  database: Database,
  entries: readonly ReadGroup[],
  relationOf: (group: SourceGroup) => string,
): Promise<TextProfile[]> => {
  const profiles: TextProfile[] = []
  const isPercent = entries.some((entry) => textColumns(entry).some(({ hasPercentSigns }) => hasPercentSigns))
  for (const entry of entries) {
    const { files, delimiter } = entry.group
    const name = files.length === 1 ? files[0]!.name : `${files.length} files such as ${files[0]!.name}`
    const place = { name, isCommaSeparated: delimiter === ',' || delimiter === undefined }
    const paths = files.map(({ path }) => path)
    profiles.push(
      await readingText(files, () => profileText(database, relationOf(entry.group), textColumns(entry), paths, place, isPercent)),
    )
  }
  return profiles
}

/** What the first part leaves open, the whole may settle. */
const chooseStyle = async (
  database: Database,
  entries: readonly ReadGroup[],
  profiles: readonly TextProfile[],
  config: ReadingConfig,
): Promise<TextStyle> => {
  const choose = (of: readonly TextProfile[]): TextStyle =>
    chooseTextStyle(
      of.flatMap(({ columns }) => columns),
      config,
    )
  try {
    return choose(profiles)
  } catch (thrown) {
    if (!(thrown instanceof InputQuestionError) || entries.every(({ group }) => group.firstPart === undefined)) throw thrown
    return choose(await profileTexts(database, entries, ({ relation, firstPart }) => firstPart?.whole ?? relation))
  }
}

const isText = ({ group }: ReadGroup): boolean => group.files[0]!.format !== 'parquet'

const isZonedParquet = (entry: ReadGroup): boolean =>
  !isText(entry) && /^(VARCHAR|TIMESTAMP WITH TIME ZONE)$/.test(entry.layout.keys.timestamp?.type ?? '')

/** Text may state an offset, and seconds since 1970 do; a time without one is a time in UTC, as in Parquet. */
const hasZones = ({ keys }: Layout, { columns }: TextProfile): boolean =>
  columns.some(({ sql, kind, counts }) => kind === 'time' && sql === keys.timestamp?.sql && counts.zones + counts.epochs > 0)

/** Roles that some file has, in the order of the canonical columns. */
const canonicalRoles = (groups: readonly ReadGroup[]): ColumnRole[] => {
  const values = groups.flatMap(({ layout }) => layout.groups)
  const has: Partial<Record<ColumnRole, boolean>> = {
    server_id: true,
    timestamp: true,
    model: values.some(({ model }) => model !== undefined),
    metric: values.some(({ metric }) => metric !== undefined),
    quantiles: values.some(({ quantiles }) => quantiles.length > 0),
    ...Object.fromEntries(valueRoles.map((role) => [role, values.some((group) => group[role] !== undefined)])),
  }
  return (Object.keys(plainTypes) as ColumnRole[]).filter(
    (role) => has[role] === true || groups.some(({ layout }) => (layout.keys as Partial<Record<ColumnRole, unknown>>)[role] !== undefined),
  )
}

/** Columns that are read as text and are no names, each once: all of a text file; of Parquet, numbers as text and times as numbers. */
const textColumns = (entry: ReadGroup): (TextColumn & { readonly hasPercentSigns: boolean })[] => {
  const isUsual = (column: SourceColumn, kind: TextKind): boolean => isText(entry) && column.usualKind === kind
  const { keys, groups } = entry.layout
  const isRead = (column: SourceColumn, kind: TextKind): boolean => isText(entry) || parquetTextSql(column, kind) !== undefined
  const sqlOf = (column: SourceColumn, kind: TextKind): string => (isText(entry) ? column.sql : parquetTextSql(column, kind)!)
  const keyColumns = keyRoles.flatMap((role) => {
    const [column, kind] = [keys[role], keyKinds[role]]
    return column === undefined || kind === 'name' || !isRead(column, kind)
      ? []
      : [
          {
            column: column.column,
            sql: sqlOf(column, kind),
            kind,
            isUsual: isUsual(column, kind),
            isValue: false,
            hasPercentSigns: column.hasPercentSigns === true,
          },
        ]
  })
  const values = new Map<SourceColumn, string | undefined>()
  for (const group of groups) {
    const columns = [...valueRoles.flatMap((role) => group[role] ?? []), ...group.quantiles.map(({ column }) => column)]
    for (const column of columns) if (isRead(column, 'number')) values.set(column, group.metric)
  }
  const numbers = [...values].map(([column, metric]) => ({
    column: column.column,
    sql: sqlOf(column, 'number'),
    metric,
    hasPercentSigns: column.hasPercentSigns === true,
    kind: 'number' as const,
    isUsual: isUsual(column, 'number'),
    isValue: true,
  }))
  return [...keyColumns, ...numbers]
}

/** SQL for the text of a Parquet column that is read as text is; undefined for others. A number may be 20260530 as well as seconds. */
const parquetTextSql = ({ type, sql }: SourceColumn, kind: TextKind): string | undefined => {
  if (kind === 'number') return type === 'VARCHAR' ? sql : undefined
  if (kind === 'boolean' || !isEpochType(type)) return undefined
  return `CAST(${type === 'DOUBLE' ? `CAST(${sql} AS DECIMAL(28, 6))` : sql} AS VARCHAR)`
}

/** Each column is read once, also where several models share it. */
const textReader = ({ group, layout: { where } }: ReadGroup, style: TextStyle, { decimal }: ReadingConfig): ColumnReader => {
  const reads: string[] = []
  return {
    read: ({ sql, isComplement }, kind) => {
      const value = {
        name: () => nameTextSql(sql),
        number: () => numberTextSql(sql, style, decimal !== 'auto'),
        time: () => timeTextSql(sql, style),
        boolean: () => booleanTextSql(sql),
      }[kind]()
      const known = reads.indexOf(value)
      const name = `value_${known === -1 ? reads.push(value) - 1 : known}`
      if (kind !== 'number') return name
      return isComplement === true ? `100 - ${withoutNanSql(name)}` : withoutNanSql(name)
    },
    relation: () =>
      `(SELECT ${[...reads.map((value, index) => `${value} AS value_${index}`), '__file'].join(', ')} FROM ${group.relation}${where === undefined ? '' : ` WHERE ${where}`})`,
  }
}

/** `style`: of the columns that are read as text. Throws input-column-type. */
const parquetReader = ({ group, layout }: ReadGroup, style: TextStyle | undefined, { decimal }: ReadingConfig): ColumnReader => {
  const fileName = group.files[0]!.name
  for (const role of keyRoles) if (layout.keys[role] !== undefined) assertType(role, layout.keys[role], fileName)
  for (const values of layout.groups) {
    for (const role of valueRoles) {
      const column = values[role]
      if (column !== undefined && column.type !== 'VARCHAR') assertType(role, column, fileName)
    }
  }
  return {
    read: (column, kind) => {
      const { sql } = column
      const text = kind === 'name' ? undefined : parquetTextSql(column, kind)
      if (text !== undefined && style !== undefined) {
        return kind === 'time' ? timeTextSql(text, style) : withoutNanSql(numberTextSql(text, style, decimal !== 'auto'))
      }
      switch (kind) {
        case 'name':
          return nameSql(column, sql)
        case 'number':
          return numberSql(column, sql)
        case 'time':
          return instantSql(column, sql)
        case 'boolean':
          return `CAST(${sql} AS BOOLEAN)`
      }
    },
    relation: () => group.relation,
  }
}

const fileServerSql = `regexp_replace(parse_filename(__file), '(\\.(parquet|parq|pq|csv|tsv|tab|txt|json|jsonl|ndjson|gz|zst|out))+$', '', 'i')`

const canonicalSelect = (
  { layout }: ReadGroup,
  roles: readonly ColumnRole[],
  types: Readonly<Record<ColumnRole, string>>,
  { read, relation }: ColumnReader,
): string => {
  const { keys, groups, isServerFileName, reader } = layout
  const keyed = roles.filter((role): role is KeyRole => (keyRoles as readonly ColumnRole[]).includes(role))
  const others = roles.filter((role) => !(keyRoles as readonly ColumnRole[]).includes(role))
  const keySql = (role: KeyRole, values: ValueGroup): string => {
    const constant = { server_id: values.server, model: values.model, metric: values.metric }[role as string]
    const column = keys[role]
    if (constant !== undefined) return literal(constant)
    if (role === 'server_id' && isServerFileName === true) return fileServerSql
    if (column === undefined) return 'NULL'
    const value = read(column, keyKinds[role])
    return role === 'server_id' ? serverNameSql(column, value) : value
  }
  const valueSql = (role: ColumnRole, values: ValueGroup): string => {
    if (role === 'quantiles') {
      return values.quantiles.length === 0
        ? 'NULL'
        : quantilesSql(values.quantiles.map(({ level, column }) => ({ level, value: read(column, 'number') })))
    }
    const column = values[role as ValueRole]
    return column === undefined ? 'NULL' : read(column, 'number')
  }
  const typed = (role: ColumnRole, sql: string): string => `CAST(${sql} AS ${types[role]})`
  const rowSql = (role: ColumnRole, values: ValueGroup): string =>
    typed(role, keyed.includes(role as KeyRole) ? keySql(role as KeyRole, values) : valueSql(role, values))
  const [only] = groups
  if (groups.length === 1 && only !== undefined) {
    return `SELECT ${roles.map((role) => `${rowSql(role, only)} AS ${role}`).join(', ')} FROM ${relation()}`
  }
  const varying = [...(['server_id', 'model', 'metric'] as const).filter((role) => roles.includes(role)), ...others]
  const fixed = keyed.filter((role) => !varying.includes(role))
  const entries = groups.map((values) => `{${varying.map((role) => `'${role}': ${rowSql(role, values)}`).join(', ')}}`)
  const rows = `SELECT ${fixed.map((role) => `${rowSql(role, groups[0]!)} AS ${role}`).join(', ')}, unnest([${entries.join(', ')}]) AS entry FROM ${relation()}`
  const selected = `SELECT ${roles.map((role) => (varying.includes(role as 'model') ? `entry.${role} AS ${role}` : role)).join(', ')} FROM (${rows})`
  // A wide file has a cell for every server and time, also where nothing is known.
  const values = valueRoles.filter((role) => roles.includes(role)).map((role) => `entry.${role}`)
  return reader === 'models' ? selected : `${selected} WHERE coalesce(${values.join(', ')}) IS NOT NULL`
}

/** SQL for MAP(DOUBLE, DOUBLE) of the levels that have a value; NULL where none has. */
export const quantilesSql = (quantiles: readonly { readonly level: number; readonly value: string }[]): string => {
  const entries = quantiles.map(({ level, value }) => `{'k': CAST(${level} AS DOUBLE), 'v': ${value}}`).join(', ')
  const known = `list_filter([${entries}], lambda e: e.v IS NOT NULL)`
  return `CASE WHEN coalesce(${quantiles.map(({ value }) => value).join(', ')}) IS NOT NULL THEN map_from_entries(${known}) END`
}

/** Whether two cut-offs may have forecast the same time of a series; few groups tell, without a look at each time. Reads `forecast_rows`. */
export const hasOverlappingCutoffs = async (database: Database): Promise<boolean> => {
  const { overlapping } = await database.row(
    `WITH windows AS (
       SELECT server_id, metric, model, cutoff, min(ts) AS first_at, max(ts) AS last_at
       FROM forecast_rows WHERE cutoff IS NOT NULL GROUP BY ALL
     ), ordered AS (
       SELECT first_at, max(last_at) OVER (
         PARTITION BY server_id, metric, model ORDER BY cutoff ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier_last FROM windows
     )
     SELECT coalesce(bool_or(first_at <= earlier_last), false) AS overlapping FROM ordered`,
    z.object({ overlapping: z.boolean() }),
  )
  return overlapping
}

/**
 * Of rows that several cut-offs forecast, that of the latest cut-off before the time counts. Writes `target` without the others; undefined
 * where there are none. Rows without a cut-off stay.
 */
export const dropEarlierCutoffs = async (
  database: Database,
  path: string,
  columns: readonly ForecastColumn[],
  target: string,
): Promise<{ path: string; rows: number } | undefined> => {
  const names = new Set(columns.map(({ column }) => column))
  if (!names.has('cutoff')) return undefined
  const file = literal(path)
  const key = ['server_id', 'timestamp', 'metric', 'model'].filter((name) => names.has(name))
  await database.run(`
    CREATE OR REPLACE TEMP TABLE latest_cutoffs AS
    SELECT ${key.join(', ')}, coalesce(max(cutoff) FILTER (cutoff < timestamp), max(cutoff)) AS latest
    FROM read_parquet(${file}) WHERE cutoff IS NOT NULL GROUP BY ALL HAVING min(cutoff) < max(cutoff)`)
  const isEarlier = `FROM read_parquet(${file}, file_row_number = true) r LEFT JOIN latest_cutoffs l
    ON ${key.map((name) => `r.${name} IS NOT DISTINCT FROM l.${name}`).join(' AND ')}
    WHERE coalesce(r.cutoff <> l.latest, false)`
  const { rows } = await database.row(`SELECT CAST(count(*) AS DOUBLE) AS rows ${isEarlier}`, z.object({ rows: z.number() }))
  if (rows > 0) {
    await database.run(`
      COPY (SELECT * EXCLUDE file_row_number FROM read_parquet(${file}, file_row_number = true)
            WHERE file_row_number NOT IN (SELECT r.file_row_number ${isEarlier}) ORDER BY file_row_number)
      TO ${literal(target)} (FORMAT parquet, COMPRESSION snappy, WRITE_BLOOM_FILTER false)`)
  }
  await database.run('DROP TABLE latest_cutoffs')
  return rows === 0 ? undefined : { path: target, rows }
}
