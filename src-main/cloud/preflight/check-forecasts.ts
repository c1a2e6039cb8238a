// Whether the engine can read the input, seen from the footers of Parquet files and the first part of text files alone.
import { open } from 'node:fs/promises'
import { constants, gunzipSync } from 'node:zlib'
import { analysisConfigSchema, type AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import { describeValidationIssue } from '../../../src-shared/config/describe-validation-issue.ts'
import type { Finding } from '../../../src-shared/cloud/cloud-job.ts'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { isParquetName } from '../../../src-shared/run/parquet-files.ts'
import { describeLeftOut, folderKeys, headBytes, isParquetHead, sortFolderKeys, textFormatOf } from '../../forecasts/dataset-files.ts'
import { assertRequiredRoles, findRoles } from '../../forecasts/forecast-columns.ts'
import { findLayouts } from '../../forecasts/readers/find-layout.ts'
import { isNamedLikeComposite, type SourceColumn } from '../../forecasts/readers/layout.ts'
import { readCsvHead, readJsonHead } from '../../forecasts/readers/text-header.ts'
import { encodingOf, recogniseText, textHeadBytes, type StatedEncoding, type TextFormat } from '../../forecasts/recognise-text.ts'
import { unreadableReason } from '../../forecasts/unreadable-parquet.ts'
import {
  footerRows,
  footerUnpackedBytes,
  readFooter,
  footerColumns,
  type ByteSource,
  type FooterColumn,
} from '../../parquet/parquet-footer.ts'
import { ThriftError } from '../../parquet/thrift-compact.ts'
import type { Connection } from '../account/connection.ts'
import type { InputSize } from '../jobs/instance-types.ts'
import { listForecastObjects, objectSource } from '../storage/forecast-objects.ts'
import { findLocalFiles } from '../storage/local-files.ts'

/** So many files are read, the first and the last among them. */
const maxReadFiles = 4
/** A longer footer is not that of a forecast. */
const maxFooterBytes = 64 * 1024 * 1024
/** First part of a text file that shows its columns. */
const maxTextBytes = 256 * 1024
/** Assumed for text in Zstandard, which is not read here. */
const zstandardRatio = 10
/** So many of its lines are looked at. */
const maxLines = 100

interface InputCheck {
  readonly size: InputSize
  readonly finding: Finding
}

interface ForecastFile {
  readonly name: string
  /** Relative to the folder or prefix that was named. */
  readonly path: string
  readonly source: ByteSource
}

type Request = Pick<LaunchRequest, 'input' | 'task'>

export const checkForecasts = async (connection: Connection, request: Request, signal?: AbortSignal): Promise<InputCheck> => {
  const { input } = request
  if (typeof input !== 'string') {
    const { files, bytes, leftOut } = await findLocalFiles(input)
    const localFiles = files.map((file) => ({ name: file.name, path: file.name, source: fileSource(file) }))
    return checkFiles({ files: localFiles, bytes, leftOut, location: 'on this machine' }, request.task)
  }
  const { bucket, prefix, objects, bytes, ignored, leftOut } = await listForecastObjects(connection.s3, input, signal)
  if (objects.length === 0) {
    const detail =
      ignored === 0 ? `There are no objects below ${input}.` : `None of the ${ignored} objects below ${input} is Parquet, CSV or JSON.`
    const finding: Finding = { state: 'failed', detail, next: 'Name the prefix that the forecasts were written to.' }
    return { size: { bytes, unpackedBytes: bytes }, finding }
  }
  const files = objects.map((object) => ({
    name: object.key,
    path: object.key.slice(prefix.length),
    source: objectSource(connection.s3, bucket, object, signal),
  }))
  return checkFiles({ files, bytes, leftOut, location: 'in S3' }, request.task)
}

const fileSource = ({ path, bytes }: { readonly path: string; readonly bytes: number }): ByteSource => ({
  bytes,
  read: async (from, length) => {
    const file = await open(path, 'r')
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, from)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  },
})

/** So many of the items, evenly, the first and the last among them. */
export const sampleEvenly = <Item>(items: readonly Item[], maxItems = maxReadFiles): Item[] =>
  items.length <= maxItems
    ? [...items]
    : Array.from({ length: maxItems }, (_, index) => items[Math.round((index * (items.length - 1)) / (maxItems - 1))]!)

interface FoundFiles {
  readonly files: readonly ForecastFile[]
  readonly bytes: number
  readonly leftOut: readonly string[]
  readonly location: string
}

const checkFiles = async ({ files, bytes, leftOut, location }: FoundFiles, task: LaunchRequest['task']): Promise<InputCheck> => {
  let unpackedBytes = bytes
  try {
    const read = await Promise.all(sampleEvenly(files).map((file) => readContents(file, statedEncoding(task))))
    unpackedBytes = bytes * meanRatio(read)
    const readable = read.filter((contents) => contents.columns !== null)
    const composite = readable.find(({ columns }) => columns?.some(isNamedLikeComposite))
    const isJudged = judgeUnlessComposite(readable, task, composite)
    const rows = read.length === files.length ? sumRows(read) : null
    const counted = rows === null ? '' : `${rows.toLocaleString('en-US')} rows, `
    const fileCount = files.length === 1 ? '1 file' : `${files.length} files`
    const detail = `${fileCount} ${location}, ${counted}${(bytes / 1e6).toFixed(1)} MB`
    const unread = read.find((contents) => contents.columns === null)
    const remarks = [
      ...(leftOut.length === 0 ? [] : [describeLeftOut(leftOut)]),
      ...(unread === undefined && isJudged ? [] : [`The columns of ${(unread ?? composite!).name} are checked when the job starts.`]),
    ]
    const finding: Finding =
      remarks.length === 0 ? { state: 'ok', detail } : { state: 'warning', detail: `${detail}. ${remarks.join(' ')}` }
    return { size: { bytes, unpackedBytes }, finding }
  } catch (thrown) {
    if (!(thrown instanceof HeadroomError)) throw thrown
    const { code, message, next } = thrown
    const finding: Finding = { state: 'failed', code, detail: message, ...(next === undefined ? {} : { next }) }
    return { size: { bytes, unpackedBytes }, finding }
  }
}

/** Unpacked bytes per byte of the files that were looked at. */
const meanRatio = (read: readonly FileContents[]): number => {
  const bytes = read.reduce((sum, contents) => sum + contents.bytes, 0)
  return bytes === 0 ? 1 : Math.max(1, read.reduce((sum, contents) => sum + contents.unpackedBytes, 0) / bytes)
}

/** Python modules read Parquet alone. */
const statedEncoding = (task: LaunchRequest['task']): StatedEncoding =>
  task.kind === 'python-module' ? undefined : readConfig(task.config).encoding

interface FileContents extends InputSize {
  readonly name: string
  readonly format: 'parquet' | 'csv' | 'json'
  /** Null where the first part does not show them. */
  readonly columns: readonly SourceColumn[] | null
  /** Null for text, whose lines are not counted. */
  readonly rows: number | null
}

const sumRows = (read: readonly FileContents[]): number | null =>
  read.reduce<number | null>((sum, { rows }) => (sum === null || rows === null ? null : sum + rows), 0)

/** False where columns that hold several values a row may play the roles that are missing: their rows would have to be read. */
const judgeUnlessComposite = (read: readonly FileContents[], task: LaunchRequest['task'], composite: FileContents | undefined): boolean => {
  try {
    judgeColumns(read, task)
    return true
  } catch (thrown) {
    const isUndecided = thrown instanceof HeadroomError && (thrown.code === 'input-column-missing' || thrown.code === 'input-unclear')
    if (composite === undefined || !isUndecided || task.kind === 'python-module' || task.spark !== undefined) throw thrown
    return false
  }
}

/** By the rule of the engine; Spark and Python modules read Parquet in long form alone. */
const judgeColumns = (read: readonly FileContents[], task: LaunchRequest['task']): void => {
  const groups = read.map(({ name, columns }) => ({ files: [{ name }], columns: columns ?? [] }))
  const text = read.find(({ format }) => format !== 'parquet')
  if (task.kind === 'python-module') {
    if (text !== undefined) throw new HeadroomError('input-not-parquet', `${text.name} is not Parquet, which a Python module reads.`)
    for (const { files, columns } of groups) assertRequiredRoles(findRoles(columns, files[0]!.name), columns, files[0]!.name)
    return
  }
  const name = groups.length === 1 ? groups[0]!.files[0]!.name : `the dataset of ${groups.length} files`
  // The job forecasts measurements first, as an analysis on this machine does.
  const measurements = task.spark === undefined && task.method === 'headroom' ? 'accepted' : 'refused'
  const layouts = findLayouts(groups, readConfig(task.config), name, measurements)
  const converted = layouts.find(({ layout }) => layout.reader !== 'long' || layout.isServerFileName === true)
  if (task.spark === undefined || (text === undefined && converted === undefined)) return
  throw new HeadroomError(
    'input-not-parquet',
    `${text?.name ?? converted!.group.files[0]!.name} must be converted, which a Spark cluster does not do.`,
    {
      next: 'Use a single instance, or write Parquet with one row per server, time and model.',
    },
  )
}

/** Throws config-invalid. */
const readConfig = (config: Readonly<Record<string, unknown>>): AnalysisConfig => {
  const parsed = analysisConfigSchema.safeParse(config)
  if (parsed.success) return parsed.data
  throw new HeadroomError('config-invalid', `${describeValidationIssue(config, parsed.error)}.`, { next: 'Correct the setting.' })
}

/** Throws input-not-parquet, input-text-unreadable, input-empty. */
const readContents = async ({ name, path, source }: ForecastFile, encoding: StatedEncoding): Promise<FileContents> => {
  const text = await textFormat(source, name, path, encoding)
  const format = text?.format ?? 'parquet'
  const { columns, rows, unpackedBytes } =
    text === undefined ? await readParquetColumns(source, name) : { ...(await readTextColumns(source, name, text)), rows: null }
  const size = { bytes: source.bytes, unpackedBytes }
  if (columns === null) return { name, format, columns, rows, ...size }
  const { added } = sortFolderKeys(
    folderKeys(path),
    columns.map(({ column }) => column),
  )
  const all = [...columns, ...added.map((column) => ({ column, isNumeric: false }))]
  return { name, format, rows, ...size, columns: all.map((column) => ({ ...column, type: '', sql: '' })) }
}

/** Undefined for Parquet. By the name, else by the first bytes. */
const textFormat = async (source: ByteSource, name: string, path: string, encoding: StatedEncoding): Promise<TextFormat | undefined> => {
  if (isParquetName(path)) return undefined
  const named = textFormatOf(path)
  if (named !== undefined)
    return {
      format: named,
      compression: /\.zst$/i.test(path) ? 'zstd' : /\.gz$/i.test(path) ? 'gzip' : 'none',
      encoding: encodingOf(named, encoding),
    }
  if (source.bytes === 0) throw new HeadroomError('input-empty', `${name} is empty.`, { next: 'Write or copy it again.' })
  const head = Buffer.from(await source.read(0, Math.min(source.bytes, textHeadBytes)))
  return isParquetHead(head.subarray(0, headBytes)) ? undefined : recogniseText(name, head, encoding)
}

const readParquetColumns = async (
  source: ByteSource,
  name: string,
): Promise<{ columns: FooterColumn[]; rows: number; unpackedBytes: number }> => {
  try {
    const { metaData } = await readFooter(source, maxFooterBytes)
    const reason = unreadableReason(metaData, name)
    if (reason !== undefined) throw reason
    return { columns: footerColumns(metaData), rows: footerRows(metaData), unpackedBytes: footerUnpackedBytes(metaData) }
  } catch (thrown) {
    if (!(thrown instanceof ThriftError)) throw thrown
    throw new HeadroomError('input-not-parquet', `${name} is not a whole Parquet file.`, {
      next: 'Write or copy it again; it may be cut short.',
      cause: thrown,
    })
  }
}

/** Null where the first part does not show them: Zstandard is not read here, and JSON other than lines of objects needs the whole file. */
const readTextColumns = async (
  source: ByteSource,
  name: string,
  { format, compression, encoding }: TextFormat,
): Promise<{ columns: FooterColumn[] | null; unpackedBytes: number }> => {
  if (source.bytes === 0) throw new HeadroomError('input-empty', `${name} is empty.`, { next: 'Write or copy it again.' })
  const part = await source.read(0, Math.min(source.bytes, maxTextBytes))
  const text = readFirstPart(Buffer.from(part), name, compression, encoding === 'latin-1' ? 'latin1' : 'utf8')
  if (text === null) return { columns: null, unpackedBytes: zstandardRatio * source.bytes }
  const unpackedBytes = (Buffer.byteLength(text) / part.length) * source.bytes
  const isWhole = part.length === source.bytes
  const lines = text.split(/\r\n|\n|\r/)
  const wholeLines = (isWhole ? lines : lines.slice(0, -1)).filter((line) => line !== '').slice(0, maxLines)
  return { columns: format === 'csv' ? readCsvHead(wholeLines, name) : (readJsonHead(wholeLines) ?? null), unpackedBytes }
}

/** Text, decompressed where it is gzip; null for Zstandard. Throws input-text-unreadable. */
const readFirstPart = (part: Buffer, name: string, compression: TextFormat['compression'], encoding: 'utf8' | 'latin1'): string | null => {
  if (compression === 'zstd') return null
  if (compression === 'none') return part.toString(part[0] === 0xff && part[1] === 0xfe ? 'utf16le' : encoding)
  try {
    return gunzipSync(part, { finishFlush: constants.Z_SYNC_FLUSH }).toString(encoding)
  } catch (cause) {
    throw new HeadroomError('input-text-unreadable', `${name} is damaged: it cannot be decompressed.`, {
      next: 'Write, copy or upload the file again.',
      cause,
    })
  }
}
