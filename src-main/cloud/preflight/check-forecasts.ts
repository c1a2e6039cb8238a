// Whether the input is readable Parquet with the columns that an analysis needs, seen from the footers alone.
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { describeLeftOut, folderKeys, sortFolderKeys } from '../../forecasts/dataset-files.ts'
import { rejectFlagColumns, findRoles, assertRequiredRoles } from '../../forecasts/forecast-columns.ts'
import { unreadableReason } from '../../forecasts/unreadable-parquet.ts'
import { footerRows, readFileFooter, readFooter, topLevelColumns, type ParquetFooter } from '../../parquet/parquet-footer.ts'
import { ThriftError } from '../../parquet/thrift-compact.ts'
import type { Connection } from '../account/connection.ts'
import { listForecastObjects, objectSource } from '../storage/forecast-objects.ts'
import { findLocalFiles } from '../storage/local-files.ts'
import type { Finding } from '../../../src-shared/cloud/cloud-job.ts'

/** So many files' footers are read, the first and the last among them. */
const maxFooters = 4
/** A longer footer is not that of a forecast. */
const maxFooterBytes = 64 * 1024 * 1024

interface InputCheck {
  readonly bytes: number
  readonly finding: Finding
}

interface ForecastFile {
  readonly name: string
  /** Relative to the folder or prefix that was named. */
  readonly path: string
  readonly readFooter: () => Promise<ParquetFooter>
}

export const checkForecasts = async (
  connection: Connection,
  { input, task }: Pick<LaunchRequest, 'input' | 'task'>,
  signal?: AbortSignal,
): Promise<InputCheck> => {
  if (typeof input !== 'string') {
    const { files, bytes, leftOut } = await findLocalFiles(input)
    const localFiles = files.map(({ name, path }) => ({ name, path: name, readFooter: () => readFileFooter(path, maxFooterBytes) }))
    return { bytes, finding: await checkFiles({ files: localFiles, bytes, leftOut, location: 'on this machine' }, task) }
  }
  const { bucket, prefix, objects, bytes, ignored, leftOut } = await listForecastObjects(connection.s3, input, signal)
  if (objects.length === 0) {
    const detail =
      ignored === 0 ? `There are no objects below ${input}.` : `None of the ${ignored} objects below ${input} is a Parquet file.`
    return { bytes, finding: { state: 'failed', detail, next: 'Name the prefix that the forecasts were written to.' } }
  }
  const files = objects.map((object) => ({
    name: object.key,
    path: object.key.slice(prefix.length),
    readFooter: () => readFooter(objectSource(connection.s3, bucket, object, signal), maxFooterBytes),
  }))
  return { bytes, finding: await checkFiles({ files, bytes, leftOut, location: 'in S3' }, task) }
}

/** So many of the items, evenly, the first and the last among them. */
export const sampleEvenly = <Item>(items: readonly Item[], maxItems = maxFooters): Item[] =>
  items.length <= maxItems
    ? [...items]
    : Array.from({ length: maxItems }, (_, index) => items[Math.round((index * (items.length - 1)) / (maxItems - 1))]!)

interface FoundFiles {
  readonly files: readonly ForecastFile[]
  readonly bytes: number
  readonly leftOut: readonly string[]
  readonly location: string
}

const checkFiles = async ({ files, bytes, leftOut, location }: FoundFiles, task: LaunchRequest['task']): Promise<Finding> => {
  const checkedFiles = sampleEvenly(files)
  try {
    const rows = await Promise.all(checkedFiles.map((file) => countRows(file, task)))
    const total = rows.reduce((sum, count) => sum + count, 0)
    const counted = checkedFiles.length === files.length ? `${total.toLocaleString('en-US')} rows, ` : ''
    const fileCount = files.length === 1 ? '1 file' : `${files.length} files`
    const detail = `${fileCount} ${location}, ${counted}${(bytes / 1e6).toFixed(1)} MB`
    return leftOut.length === 0 ? { state: 'ok', detail } : { state: 'warning', detail: `${detail}. ${describeLeftOut(leftOut)}` }
  } catch (thrown) {
    if (!(thrown instanceof HeadroomError)) throw thrown
    return { state: 'failed', detail: thrown.message, ...(thrown.next === undefined ? {} : { next: thrown.next }) }
  }
}

/** Throws input-not-parquet, input-column-missing and, for the engine, input-column-reserved. */
const countRows = async ({ name, path, readFooter: read }: ForecastFile, task: LaunchRequest['task']): Promise<number> => {
  const { rows, columnNames } = await readContents(read, name).catch((thrown: unknown) => {
    if (!(thrown instanceof ThriftError)) throw thrown
    throw new HeadroomError('input-not-parquet', `${name} is not a whole Parquet file.`, {
      next: 'Write or copy it again; it may be cut short.',
      cause: thrown,
    })
  })
  const fileColumns = columnNames.map((column) => ({ column }))
  if (task.kind === 'engine') rejectFlagColumns(fileColumns, name)
  const { added } = sortFolderKeys(folderKeys(path), columnNames)
  const columns = [...fileColumns, ...added.map((column) => ({ column }))]
  assertRequiredRoles(findRoles(columns, name), columns, name)
  return rows
}

const readContents = async (read: ForecastFile['readFooter'], name: string): Promise<{ rows: number; columnNames: string[] }> => {
  const { metaData } = await read()
  const reason = unreadableReason(metaData, name)
  if (reason !== undefined) throw reason
  return { rows: footerRows(metaData), columnNames: topLevelColumns(metaData) }
}
