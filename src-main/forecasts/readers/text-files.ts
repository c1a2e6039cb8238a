// CSV and JSON files as relations of text columns, all types stated by us; and why a text file cannot be read, in one sentence.
import { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { escapeGlob, literal, type Database } from '../../database/database.ts'
import type { ForecastFile } from '../forecast-files.ts'
import { InputQuestionError } from '../input-question.ts'
import { openBatchTransforms } from './batch-transform.ts'
import {
  assertKeysOnce,
  assertWholeArray,
  documentOf,
  hasRepeatedKey,
  isTooLargeObject,
  jsonObjectsSql,
  jsonPointer,
  repeatedKeyError,
  textColumn,
  type JsonForm,
} from './json-documents.ts'
import { frameForms, frameFormSql, frameKeysQuery, frameNames, frameRowsQuery } from './json-frames.ts'
import type { SourceColumn } from './layout.ts'
import { assertDistinct, textHeadColumn, maxHeaderLines, readCsvHeader } from './text-header.ts'

/** Files with the same columns, and a relation with those columns and `__file`, a row's path. */
export interface SourceGroup {
  readonly files: readonly ForecastFile[]
  readonly columns: readonly SourceColumn[]
  readonly relation: string
  /** Set where `relation` is the first part of many rows. */
  readonly firstPart?: FirstPart
  /** Separator of the columns of CSV. */
  readonly delimiter?: string
  /** Reader of a JSON document that says by itself what is what. */
  readonly document?: string
}

export interface FirstPart {
  readonly rows: number
  /** The relation with all rows. */
  readonly whole: string
}

/** Whether all rows are read, or so many that show what they are. */
export type Extent = 'all' | 'first-part'

/** Text before its columns are typed. */
type TextGroup = Omit<SourceGroup, 'columns'> & { readonly names: readonly string[] }

/** One group per format, compression and list of columns, in the order of the files; without `config` each file by itself. Throws HeadroomError. */
export const openTextFiles = async (
  database: Database,
  files: readonly ForecastFile[],
  config?: { readonly batch_step?: string | undefined },
  extent: Extent = 'all',
): Promise<SourceGroup[]> => {
  const { batches, others } =
    config === undefined
      ? { batches: [], others: files }
      : await readingText(files, () => openBatchTransforms(database, files, config.batch_step))
  const byKey = new Map<string, { files: ForecastFile[]; open: (files: readonly ForecastFile[]) => TextGroup }>()
  for (const file of others) {
    const { key, open } = await readingText([file], () =>
      file.format === 'csv' ? openCsv(database, file, extent) : openJson(database, file, extent),
    )
    const group = byKey.get(key)
    if (group === undefined) byKey.set(key, { files: [file], open })
    else group.files.push(file)
  }
  const groups: SourceGroup[] = []
  const opened = [...byKey.values()].map(({ files: groupFiles, open }) => open(groupFiles))
  for (const { names, ...group } of [...opened, ...batches.map((batch) => ({ ...batch, document: 'deepar' }))]) {
    const { columns, rowLength } = await readingText(group.files, () => typeColumns(database, names, group))
    groups.push(extent === 'all' ? { ...group, columns } : { ...group, columns, ...firstPartOf(group, rowLength) })
  }
  return groups
}

/** So much text shows what a file is, and is read in a moment. */
export const firstPartLength = 2_000_000
const minFirstRows = 1000

const firstPartOf = ({ files, relation }: Pick<SourceGroup, 'files' | 'relation'>, rowLength: number): Partial<SourceGroup> => {
  const isSmall =
    files.every(({ compression }) => compression === 'none') && files.reduce((sum, { bytes }) => sum + bytes, 0) <= firstPartLength
  if (isSmall) return {}
  const rows = Math.max(minFirstRows, Math.ceil(firstPartLength / rowLength))
  return { relation: `(SELECT * FROM ${relation} LIMIT ${rows})`, firstPart: { rows, whole: relation } }
}

const pathList = (files: readonly ForecastFile[]): string => `[${files.map(({ path }) => literal(escapeGlob(path))).join(', ')}]`

interface OpenedText {
  /** Equal for files that are read together. */
  readonly key: string
  readonly open: (files: readonly ForecastFile[]) => TextGroup
}

const openCsv = async (database: Database, file: ForecastFile, extent: Extent): Promise<OpenedText> => {
  const lines = await database.rows(
    `SELECT line FROM read_csv(${pathList([file])}, columns = {'line': 'VARCHAR'}, auto_detect = false, header = false, delim = '\x01',
       quote = '', escape = '', encoding = '${file.encoding}', compression = ${literal(file.compression)}, max_line_size = ${maxLineBytes}, ${smallBuffers}) LIMIT ${maxHeaderLines + 1}`,
    z.object({ line: z.string().nullable() }),
  )
  const {
    names,
    delimiter,
    quote,
    lines: headerLines,
  } = readCsvHeader(
    lines.map(({ line }) => line ?? ''),
    file.name,
  )
  const columns = names.map((_, index) => `'${textColumn(index)}': 'VARCHAR'`).join(', ')
  const readOptions = `columns = {${columns}}, auto_detect = false, header = true, skip = ${headerLines - 1}, delim = ${literal(delimiter)},
    quote = ${literal(quote)}, escape = ${literal(quote)}, encoding = '${file.encoding}', compression = ${literal(file.compression)}, max_line_size = ${maxLineBytes}, filename = '__file'${extent === 'all' ? '' : `, ${smallBuffers}`}`
  return {
    key: JSON.stringify(['csv', file.compression, file.encoding, delimiter, quote, headerLines, names]),
    open: (files) => ({ files, names, delimiter, relation: `read_csv(${pathList(files)}, ${readOptions})` }),
  }
}

const maxLineBytes = 4_000_000
/** Otherwise DuckDB reads 32 MB for the first line. */
const smallBuffers = `buffer_size = ${2 * maxLineBytes}`

const firstObjectSchema = z.object({ type: z.string(), keys: z.array(z.string()).nullable(), frame: z.enum(frameForms).nullable() })

/** So many objects show the keys of a first part. */
const maxKeyObjects = 10_000

const openJson = async (database: Database, file: ForecastFile, extent: Extent): Promise<OpenedText> => {
  const readFirst = async (form: JsonForm): Promise<z.infer<typeof firstObjectSchema> | undefined> => {
    const [row] = await database.rows(
      `SELECT type, keys, ${frameFormSql} AS frame
       FROM (SELECT json, json_type(json) AS type, CASE WHEN json_type(json) = 'OBJECT' THEN json_keys(json) END AS keys FROM ${jsonObjectsSql([file], form)} LIMIT 1)`,
      firstObjectSchema,
    )
    return row
  }
  await assertWholeArray(file)
  const found = await readFirst('auto').catch((thrown: unknown) => {
    if (isTooLargeObject(thrown)) return 'too-large' as const
    throw thrown
  })
  // DuckDB takes an array after a byte order mark for one value.
  const form = found === 'too-large' ? 'document' : found?.type === 'ARRAY' ? 'array' : 'auto'
  const first = found === 'too-large' || form === 'array' ? await readFirst(form) : found
  if (first === undefined || first.keys === null) {
    throw new HeadroomError('input-text-unreadable', `${file.name} holds no JSON objects.`, { next: 'Write one object per row.' })
  }
  const document = documentOf(first.keys)
  if (document !== undefined) {
    await assertKeysOnce(database, file, document.keysQuery(jsonObjectsSql([file], form)))
    return {
      key: JSON.stringify(['document', document.name, form, file.compression]),
      open: (files) => ({
        files,
        names: document.columns,
        document: document.name,
        relation: `(${document.rowsQuery(jsonObjectsSql(files, form))})`,
      }),
    }
  }
  if (first.frame !== null) {
    const frame = { form: first.frame, names: await frameNames(database, file, form, first.frame) }
    assertDistinct(frame.names, file.name)
    await assertKeysOnce(database, file, frameKeysQuery(jsonObjectsSql([file], form), frame))
    return {
      key: JSON.stringify(['frame', frame, form, file.compression]),
      open: (files) => ({ files, names: frame.names, relation: `(${frameRowsQuery(jsonObjectsSql(files, form), frame)})` }),
    }
  }
  const others = await keyNames(database, file, `${jsonObjectsSql([file], form)}${extent === 'all' ? '' : ` LIMIT ${maxKeyObjects}`}`)
  const names = [...first.keys, ...others.filter((name) => !first.keys!.includes(name))]
  assertDistinct([...new Set(names)], file.name)
  const values = [...new Set(names)]
  return {
    key: JSON.stringify(['json', form, file.compression, values]),
    open: (files) => ({
      files,
      names: values,
      relation: `(SELECT ${values.map((name, index) => `json->>${literal(jsonPointer(name))} AS ${textColumn(index)}`).join(', ')}, __file FROM ${jsonObjectsSql(files, form)})`,
    }),
  }
}

/** Keys of the objects. Few lists of keys differ, so that looking for a key that stands twice costs no time. Throws input-column-conflict. */
const keyNames = async (database: Database, file: ForecastFile, objects: string): Promise<string[]> => {
  const nested = `list_filter(list_transform(json_extract(json, '$..*'), lambda value: json_keys(value)), lambda keys: ${hasRepeatedKey('keys')})[1]`
  const rows = await database.rows(
    `WITH key_lists AS MATERIALIZED (
       SELECT DISTINCT json_keys(json) AS keys, CASE WHEN json LIKE '%{%{%' THEN ${nested} END AS nested FROM (SELECT json FROM ${objects}))
     SELECT DISTINCT unnest(keys) AS name, CAST(NULL AS VARCHAR[]) AS repeated FROM key_lists
     UNION ALL
     SELECT NULL, min(coalesce(nested, keys)) FROM key_lists WHERE nested IS NOT NULL OR ${hasRepeatedKey('keys')}
     ORDER BY name`,
    z.object({ name: z.string().nullable(), repeated: z.array(z.string()).nullable() }),
  )
  const repeated = rows.find((row) => row.repeated !== null)?.repeated
  if (repeated) throw repeatedKeyError(file.name, repeated)
  return rows.flatMap(({ name }) => name ?? [])
}

/** Values that show whether a column holds numbers. Others are found, and refused, when all are read. */
const [maxSampledRows, maxSampledValues] = [1000, 200_000]

const typeColumns = async (
  database: Database,
  names: readonly string[],
  { relation }: Pick<SourceGroup, 'relation'>,
): Promise<{ columns: SourceColumn[]; rowLength: number }> => {
  const columns = names.map((_, index) => textColumn(index))
  const rows = await database.rows(
    `SELECT [${columns.join(', ')}] AS texts FROM ${relation} LIMIT ${Math.min(maxSampledRows, Math.ceil(maxSampledValues / names.length))}`,
    z.object({ texts: z.array(z.string().nullable()) }),
  )
  const length = rows.reduce((sum, { texts }) => texts.reduce((total, text) => total + (text?.length ?? 0) + 1, sum), 0)
  return {
    columns: names.map((name, index) => ({
      ...textHeadColumn(
        name,
        rows.map(({ texts }) => texts[index] ?? ''),
      ),
      type: 'VARCHAR',
      sql: columns[index]!,
    })),
    rowLength: length / Math.max(1, rows.length),
  }
}

/** Runs a read of text files; what DuckDB says of a file becomes one sentence. Throws input-text-unreadable. */
export const readingText = async <T>(files: readonly ForecastFile[], read: () => Promise<T>): Promise<T> => {
  try {
    return await read()
  } catch (thrown) {
    throw explainTextFailure(files, thrown)
  }
}

/** What is none of the files' faults stays as it is, for `explainFailure`. */
export const explainTextFailure = (files: readonly ForecastFile[], thrown: unknown): unknown => {
  if (!(thrown instanceof HeadroomError) || thrown.code !== 'query-failed') return thrown
  const { message } = thrown
  if (!/^(Invalid Input|IO|Invalid) Error|unicode|UTF-?8/i.test(message)) return thrown
  const file = files.find(({ path }) => message.includes(path)) ?? files[0]
  const name = file === undefined ? 'The file' : file.name
  const line = /(?:on Line: |in line )(\d+)/.exec(message)?.[1]
  const place = line === undefined ? name : `Line ${line} of ${name}`
  const fields = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message)
  const refuse = (sentence: string, next: string): HeadroomError =>
    new HeadroomError('input-text-unreadable', sentence, { next, cause: thrown })
  if (fields !== null)
    return refuse(
      `${place} has ${fields[2]} ${fields[2] === '1' ? 'field' : 'fields'}, but the first line names ${fields[1]}.`,
      'Write one field per column in every line.',
    )
  if (/not utf-16 encoded/i.test(message)) return refuse(`${name} is not valid UTF-16 text.`, 'Save the file as CSV UTF-8.')
  if (/not latin-1 encoded/i.test(message))
    return refuse(`${name} holds characters that are not in Latin-1.`, 'Save the file as CSV UTF-8, and leave out --encoding.')
  if (/utf-?8|unicode/i.test(message)) {
    return file?.format === 'csv'
      ? new InputQuestionError(
          `${place} is not UTF-8 text; is it Western European: --encoding latin-1?`,
          [{ label: 'Latin-1 (Western Europe)', settings: { encoding: 'latin-1' } }],
          'input-unclear',
          'State it, or save the file as CSV UTF-8.',
        )
      : refuse(`${place} is not UTF-8 text.`, 'Write the file in UTF-8.')
  }
  if (/unterminated quote|quote/i.test(message) && /CSV Error/.test(message))
    return refuse(`${place} has a quotation mark without its partner.`, 'Put quotation marks around whole fields, and double those within.')
  if (/Maximum line size|maximum_object_size|max_line_size/i.test(message))
    return refuse(`${place} is too long to be a row.`, 'Write one row per line.')
  if (/gzip|zstd|deflate|decompress/i.test(message))
    return refuse(`${name} is damaged: it cannot be decompressed.`, 'Write, copy or download the file again.')
  if (/json/i.test(message)) return refuse(`${place} is not valid JSON.`, 'Write one JSON object per line, or one array of objects.')
  if (!/CSV/.test(message)) return thrown
  return refuse(`${place} is not valid CSV.`, 'Write lines with one ending each, and quotation marks around whole fields.')
}
