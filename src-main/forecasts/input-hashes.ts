// What shows later which files a run was made of, and that they were whole: their SHA-256 and the checksums inside them.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { InputEntry } from '../../src-shared/run/run-manifest.ts'
import { checkPageChecksums } from '../parquet/page-checksums.ts'
import { ThriftError } from '../parquet/thrift-compact.ts'
import type { ForecastFile } from './forecast-files.ts'

/** Above this, files are told apart by their size and time of change alone. */
const maxHashedBytes = 10e9

export type InputHash = Pick<InputEntry, 'sha256' | 'modified_at' | 'integrity'>

/** By path. Throws input-not-parquet for a page that was altered, and what the file system throws. */
export const hashInputs = async (files: readonly ForecastFile[], signal: AbortSignal): Promise<ReadonlyMap<string, InputHash>> => {
  const isHashed = files.reduce((sum, { bytes }) => sum + bytes, 0) <= maxHashedBytes
  const hashes = new Map<string, InputHash>()
  for (const file of files) {
    hashes.set(file.path, {
      sha256: isHashed ? await hashFile(file, signal) : null,
      modified_at: modifiedAt(file),
      integrity: (await checkPages(file, signal)) ? 'checked' : 'none',
    })
  }
  return hashes
}

const modifiedAt = ({ modified }: ForecastFile): string => new Date(Math.round(Number(modified.split(' ')[1]))).toISOString()

const hashFile = async ({ path, bytes }: ForecastFile, signal: AbortSignal): Promise<string> => {
  const hash = createHash('sha256')
  // A stream allocates as many bytes for each chunk, however small the file.
  const chunkBytes = Math.min(1 << 20, Math.max(1 << 12, bytes))
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes, signal })) hash.update(chunk as Uint8Array)
  return hash.digest('hex')
}

/** Whether a file has checksums; they agree. Compressed text was compared when it was read. Throws input-not-parquet for an altered page. */
export const checkPages = async ({ path, name, format, compression }: ForecastFile, signal?: AbortSignal): Promise<boolean> => {
  if (format !== 'parquet') return compression !== 'none'
  try {
    const { checkedPages, damagedColumn } = await checkPageChecksums(path, signal)
    if (damagedColumn === undefined) return checkedPages > 0
    throw new HeadroomError('input-not-parquet', `${name} is a damaged Parquet file: a page of column ${damagedColumn} was altered.`, {
      next: 'Write, copy or download the file again.',
    })
  } catch (thrown) {
    // Layouts that only DuckDB knows, such as page headers of later versions.
    if (thrown instanceof ThriftError) return false
    throw thrown
  }
}
