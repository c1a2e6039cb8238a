// Columns that hold several values, as one column per value: intervals as records, lists or text, and records of quantiles.
import { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { literal, type Database } from '../../database/database.ts'
import { isNumericType, plainName } from '../forecast-columns.ts'
import { isNamedLikeComposite, type ColumnPart, type SourceColumn } from './layout.ts'
import { namedQuantile } from './quantile-columns.ts'

/** Columns as a relation has them. */
interface ColumnSource {
  readonly columns: readonly SourceColumn[]
  readonly relation: string
  /** For messages. */
  readonly name: string
  /** Whether all columns are text, whose numbers are read by the dataset's decimal mark. */
  readonly isText: boolean
}

const partNames: readonly (readonly [part: NonNullable<ColumnPart['role']>, names: readonly string[]])[] = [
  ['yhat_lower', ['lower', 'lower_bound', 'lo', 'low', 'left', 'start', 'min', 'yhat_lower']],
  ['yhat_upper', ['upper', 'upper_bound', 'hi', 'high', 'right', 'end', 'max', 'yhat_upper']],
  ['predicted', ['value', 'mean', 'point', 'predicted', 'prediction', 'forecast', 'yhat']],
]

/** The columns with each composite one replaced by its parts; others that are no single value stay as they are. Throws input-unclear. */
export const splitComposites = async (database: Database, source: ColumnSource): Promise<SourceColumn[]> => {
  const columns: SourceColumn[] = []
  for (const column of source.columns) {
    const parts = mayBeComposite(column) ? await partsOf(database, column, source) : []
    columns.push(...(parts.length === 0 ? [column] : source.isText ? parts : parts.map(typedPart)))
  }
  return columns
}

/** Text within Parquet. */
const typedPart = (part: SourceColumn): SourceColumn =>
  part.type === 'VARCHAR' ? { ...part, type: 'DOUBLE', sql: `CAST(${part.sql} AS DOUBLE)` } : part

const mayBeComposite = (column: SourceColumn): boolean => {
  const { type, isNumeric } = column
  if (isNumeric) return false
  return type.startsWith('STRUCT(') || (isNamedLikeComposite(column) && (type === 'VARCHAR' || type.endsWith(']')))
}

const partsOf = async (database: Database, column: SourceColumn, source: ColumnSource): Promise<SourceColumn[]> => {
  if (column.type.endsWith(']')) return listParts(database, column, source)
  if (column.type.startsWith('STRUCT(')) return recordParts(database, column, await structFields(database, column, source), source)
  if (column.type !== 'VARCHAR') return []
  const { intervals, records, values } = await sampleTexts(database, column, source)
  if (values === 0) return []
  if (intervals === values) return textParts(database, column, source)
  return records === values ? recordParts(database, column, await jsonFields(database, column, source), source) : []
}

interface Field {
  readonly name: string
  readonly type: string
  readonly sql: string
}

const structFields = async (database: Database, { sql }: Pick<SourceColumn, 'sql'>, { relation }: ColumnSource): Promise<Field[]> => {
  const described = await database.rows(
    `SELECT column_name AS name, column_type AS type FROM (DESCRIBE SELECT unnest(${sql}) FROM ${relation})`,
    z.object({ name: z.string(), type: z.string() }),
  )
  return described.map(({ name, type }) => ({ name, type, sql: `struct_extract(${sql}, ${literal(name)})` }))
}

const jsonFields = async (database: Database, { sql }: Pick<SourceColumn, 'sql'>, { relation }: ColumnSource): Promise<Field[]> => {
  const keys = await database.rows(
    `SELECT DISTINCT unnest(json_keys(${sql})) AS name FROM (SELECT * FROM ${relation} LIMIT ${sampledRows}) ORDER BY name`,
    z.object({ name: z.string() }),
  )
  return keys.map(({ name }) => ({
    name,
    type: 'VARCHAR',
    sql: `json_extract_string(${sql}, ${literal(`/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)})`,
  }))
}

/** Parts by the names of fields; Vertex AI writes levels and quantiles as two lists, or the interval as a record in the record. */
const recordParts = async (
  database: Database,
  { column, type }: SourceColumn,
  fields: readonly Field[],
  source: ColumnSource,
): Promise<SourceColumn[]> => {
  const field = (name: string): Field | undefined => fields.find((candidate) => plainName(candidate.name) === name)
  const part = ({ name, type: fieldType, sql }: Field, what: ColumnPart): SourceColumn => ({
    column: `${column}.${name}`,
    type: type === 'VARCHAR' ? 'VARCHAR' : fieldType,
    sql,
    isNumeric: true,
    part: what,
  })
  const isNumber = (candidate: Field): boolean => type === 'VARCHAR' || isNumericType(candidate.type)
  const named = partNames.flatMap(([role, names]) => {
    const found = fields.find((candidate) => names.includes(plainName(candidate.name)) && isNumber(candidate))
    return found === undefined ? [] : [part(found, { role })]
  })
  const inner = field('prediction_interval')
  if (inner !== undefined) {
    const innerColumn: SourceColumn = { column: `${column}.${inner.name}`, type: inner.type, sql: inner.sql, isNumeric: false }
    named.push(...(await partsOf(database, innerColumn, source)))
  }
  const [levels, values] = [field('quantile_values'), field('quantile_predictions')]
  if (levels !== undefined && values !== undefined) named.push(...(await listedQuantiles(database, column, type, levels, values, source)))
  const quantiles = fields.flatMap((candidate) => {
    const quantile = namedQuantile({ column: candidate.name })
    return quantile === undefined || quantile.stem !== '' || !isNumber(candidate) ? [] : [part(candidate, { level: quantile.level })]
  })
  const hasBounds =
    named.some(({ part: found }) => found?.role === 'yhat_lower') && named.some(({ part: found }) => found?.role === 'yhat_upper')
  const hasQuantiles = quantiles.length > 0 || named.some(({ part: found }) => found?.level !== undefined)
  if (hasBounds || hasQuantiles) return [...named, ...quantiles]
  // A record of a value alone is one by its name: BigQuery's exports write predicted_cpu.value.
  return /^predicted|^prediction|^forecast/i.test(column) ? named.filter(({ part: found }) => found?.role === 'predicted') : []
}

/** Throws input-unclear where the levels differ between rows. */
const listedQuantiles = async (
  database: Database,
  column: string,
  type: string,
  levels: Field,
  values: Field,
  { relation, name }: ColumnSource,
): Promise<SourceColumn[]> => {
  const asList = (sql: string): string => (type === 'VARCHAR' ? `CAST(CAST(${sql} AS JSON) AS DOUBLE[])` : `CAST(${sql} AS DOUBLE[])`)
  const found = await database.rows(
    `SELECT DISTINCT ${asList(levels.sql)} AS levels FROM ${relation} WHERE ${levels.sql} IS NOT NULL LIMIT 2`,
    z.object({ levels: z.array(z.number()) }),
  )
  if (found.length > 1) {
    throw new HeadroomError('input-unclear', `Column ${column} of ${name} holds quantiles of different levels.`, {
      next: 'Keep the rows of one list of levels.',
    })
  }
  return (found[0]?.levels ?? []).map((level, index) => ({
    column: `${column}.${level}`,
    type: type === 'VARCHAR' ? 'VARCHAR' : 'DOUBLE',
    sql: type === 'VARCHAR' ? `CAST(${asList(values.sql)}[${index + 1}] AS VARCHAR)` : `${asList(values.sql)}[${index + 1}]`,
    isNumeric: true,
    part: { level },
  }))
}

const number = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf|nan|NA`
/** `[a, b]`, `(a, b]` and R's `[a, b]80`. */
const intervalText = String.raw`^\s*[\[(]\s*(${number})\s*[,;\s]\s*(${number})\s*[\])]\s*(\d+(?:\.\d+)?)?%?\s*$`

/** Rows that show what a column of text holds. */
const sampledRows = 1000

const sampleTexts = async (
  database: Database,
  { sql }: SourceColumn,
  { relation }: ColumnSource,
): Promise<{ intervals: number; records: number; values: number }> =>
  database.row(
    `SELECT CAST(count(text) AS DOUBLE) AS values, CAST(coalesce(count_if(regexp_matches(text, ${literal(intervalText)}, 'i')), 0) AS DOUBLE) AS intervals,
            CAST(coalesce(count_if(text LIKE '{%' AND json_valid(text)), 0) AS DOUBLE) AS records
     FROM (SELECT nullif(trim(${sql}), '') AS text FROM ${relation} LIMIT ${sampledRows})`,
    z.object({ intervals: z.number(), records: z.number(), values: z.number() }),
  )

/** Throws input-text-unreadable, input-unclear. */
const textParts = async (database: Database, { column, sql }: SourceColumn, { relation, name }: ColumnSource): Promise<SourceColumn[]> => {
  const extract = (group: number): string => `regexp_extract(${sql}, ${literal(intervalText)}, ${group}, 'i')`
  const { others, example, least, greatest } = await database.row(
    `SELECT CAST(coalesce(count_if(trim(${sql}) <> '' AND NOT regexp_matches(${sql}, ${literal(intervalText)}, 'i')), 0) AS DOUBLE) AS others,
            min(${sql}) FILTER (trim(${sql}) <> '' AND NOT regexp_matches(${sql}, ${literal(intervalText)}, 'i')) AS example,
            min(${extract(3)}) FILTER (trim(${sql}) <> '') AS least, max(${extract(3)}) FILTER (trim(${sql}) <> '') AS greatest
     FROM ${relation}`,
    z.object({ others: z.number(), example: z.string().nullable(), least: z.string().nullable(), greatest: z.string().nullable() }),
  )
  if (others > 0) {
    throw new HeadroomError(
      'input-text-unreadable',
      `Column ${column} of ${name} holds "${example ?? ''}" among intervals such as [10, 20].`,
      {
        next: 'Write all values as intervals, or leave them empty.',
      },
    )
  }
  if (least !== greatest) {
    throw new HeadroomError('input-unclear', `Column ${column} of ${name} holds intervals of different levels: ${least}, ${greatest}.`, {
      next: 'Keep the rows of one level.',
    })
  }
  const value = (group: number): string => `nullif(nullif(${extract(group)}, ''), 'NA')`
  return boundParts(column, 'VARCHAR', [value(1), value(2)], least === null || least === '' ? levelOfName(column) : Number(least) / 100)
}

/** Bounds, or quantiles where their level is known. */
const boundParts = (column: string, type: string, [lower, upper]: readonly [string, string], level: number | undefined): SourceColumn[] => {
  const parts: ColumnPart[] =
    level === undefined ? [{ role: 'yhat_lower' }, { role: 'yhat_upper' }] : [{ level: (1 - level) / 2 }, { level: (1 + level) / 2 }]
  return [
    { column: `${column}.lower`, type, sql: lower, isNumeric: true, part: parts[0]! },
    { column: `${column}.upper`, type, sql: upper, isNumeric: true, part: parts[1]! },
  ]
}

/** 0.8 of "80%". */
const levelOfName = (column: string): number | undefined => {
  const percent = Number(/^(\d{2}(?:\.\d+)?)\s*%$/.exec(column.trim())?.[1])
  return Number.isNaN(percent) ? undefined : percent / 100
}

/** A list of two numbers in every row. */
const listParts = async (database: Database, { column, sql, type }: SourceColumn, { relation }: ColumnSource): Promise<SourceColumn[]> => {
  if (!isNumericType(type.replace(/\[\d*\]$/, ''))) return []
  const { pairs } = await database.row(
    `SELECT coalesce(bool_and(len(${sql}) = 2), false) AS pairs FROM ${relation}`,
    z.object({ pairs: z.boolean() }),
  )
  return pairs ? boundParts(column, type.replace(/\[\d*\]$/, ''), [`${sql}[1]`, `${sql}[2]`], levelOfName(column)) : []
}
