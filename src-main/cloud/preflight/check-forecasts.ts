// Whether the input is readable Parquet with the columns that an analysis needs, seen from the footers alone.
import { requiredRoles, columnAliases } from '../../forecasts/column-aliases.ts'
import { findNearestName } from '../../../src-shared/config/nearest-name.ts'
import type { Connection } from '../account/connection.ts'
import { listObjects } from '../storage/list-objects.ts'
import { findLocalFiles } from '../storage/local-files.ts'
import type { Finding } from './preflight.ts'
import { readFileFooter, readObjectFooter, type ParquetFooter } from './parquet-footer.ts'
import { parseS3Address } from '../storage/s3-address.ts'

/** So many files' footers are read, the first and the last among them. */
const maxFooters = 4

interface InputCheck {
  readonly bytes: number
  readonly finding: Finding
}

export const checkForecasts = async (
  connection: Connection,
  input: string | readonly string[],
  signal?: AbortSignal,
): Promise<InputCheck> => {
  if (typeof input !== 'string') {
    const { files, bytes } = await findLocalFiles(input)
    const footers = await Promise.all(
      sampleEvenly(files).map(async (file) => ({ name: file.name, footer: await readFileFooter(file.path, file.bytes) })),
    )
    return { bytes, finding: evaluateFooters(footers, files.length, bytes, 'on this machine') }
  }
  const address = parseS3Address(input)
  const isFile = /\.(parquet|pq)$/i.test(input)
  const listed = await listObjects(connection.s3, isFile || input.endsWith('/') ? address : { ...address, key: `${address.key}/` }, {
    signal,
  })
  const objects = listed.filter(({ key }) => /\.(parquet|pq)$/i.test(key))
  const bytes = objects.reduce((sum, object) => sum + object.bytes, 0)
  if (objects.length === 0) {
    const detail =
      listed.length === 0 ? `Nothing lies below ${input}.` : `None of the ${listed.length} objects below ${input} is a Parquet file.`
    return { bytes, finding: { state: 'failed', detail, next: 'Name the prefix that the forecasts were written to.' } }
  }
  const footers = await Promise.all(
    sampleEvenly(objects).map(async (object) => ({
      name: object.key,
      footer: await readObjectFooter(connection.s3, address.bucket, object, signal),
    })),
  )
  return { bytes, finding: evaluateFooters(footers, objects.length, bytes, 'in S3') }
}

/** So many of the items, evenly, the first and the last among them. */
export const sampleEvenly = <Item>(items: readonly Item[], maxItems = maxFooters): Item[] =>
  items.length <= maxItems
    ? [...items]
    : Array.from({ length: maxItems }, (_, index) => items[Math.round((index * (items.length - 1)) / (maxItems - 1))]!)

const evaluateFooters = (
  footers: readonly { readonly name: string; readonly footer: ParquetFooter }[],
  files: number,
  bytes: number,
  location: string,
): Finding => {
  for (const { name, footer } of footers) {
    const columns = new Set(footer.columns.map((column) => column.toLowerCase()))
    const missing = requiredRoles.find((role) => !columnAliases[role].some((alias) => columns.has(alias)))
    if (missing === undefined) continue
    const nearest = findNearestName(missing, footer.columns)
    return {
      state: 'failed',
      detail: `${name} has no column ${missing}; it has ${footer.columns.join(', ')}${nearest === undefined ? '' : ` (nearest: ${nearest})`}.`,
      next: `Rename the column, or use one of the names ${columnAliases[missing].join(', ')}.`,
    }
  }
  const rows = footers.reduce((sum, { footer }) => sum + footer.rows, 0)
  const counted = footers.length === files ? `${rows.toLocaleString('en-US')} rows, ` : ''
  return { state: 'ok', detail: `${files === 1 ? '1 file' : `${files} files`} ${location}, ${counted}${(bytes / 1e6).toFixed(1)} MB` }
}
