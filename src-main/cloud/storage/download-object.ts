// Downloads one object to a file: in ranges where it is large; interrupted downloads resume, changed objects restart, and only complete files are put in place.
import { createHash } from 'node:crypto'
import { appendFile, mkdir, open, readFile, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { hashFile } from '../../run-folder/hash-file.ts'
import { isTransient } from '../account/cloud-error.ts'
import { abortable, pause } from '../account/connection.ts'
import { forEachAtOnce } from '../account/for-each-at-once.ts'
import type { TransferSlots } from './transfers.ts'

export interface Download {
  readonly bucket: string
  readonly key: string
  readonly bytes: number
  readonly etag: string
  /** File to write. */
  readonly target: string
}

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined
  /** Bytes just received, those of an earlier start first; negative where damaged ones do not count any more. */
  readonly onBytes?: ((bytes: number) => void) | undefined
}

const rangeBytes = 8 * 1024 * 1024
const maxAttempts = 6
const pauseMs = 200

/** SHA-256 of the file, lower-case hexadecimal. */
export const downloadObject = async (
  s3: S3Client,
  download: Download,
  slots: TransferSlots,
  options: DownloadOptions = {},
): Promise<string> => {
  const { target, bytes, etag } = download
  await mkdir(dirname(target), { recursive: true, mode: 0o700 })
  const partialPath = `${target}.part`
  const started = await readState(target)
  const isSame = started?.etag === etag
  if (isSame && (await stat(target).catch(() => undefined))?.size === bytes) {
    options.onBytes?.(bytes)
    return hashFile(target)
  }
  const isResumed = isSame && (await stat(partialPath).catch(() => undefined)) !== undefined
  if (!isResumed) await writeFile(statePath(target), `${etag}\n`)
  const file = await open(partialPath, isResumed ? 'r+' : 'w')
  let hashOfWhole: string | undefined
  try {
    const ranges = Array.from({ length: Math.max(1, Math.ceil(bytes / rangeBytes)) }, (_, index) => index)
    const missing = isResumed ? ranges.filter((index) => !started.ranges.has(index)) : ranges
    for (const index of ranges) if (!missing.includes(index)) options.onBytes?.(rangeOf(index, bytes).length)
    await forEachAtOnce(missing, async (index) => {
      hashOfWhole = await slots.run(() => receiveRange(s3, download, file, rangeOf(index, bytes), options))
      if (ranges.length === 1) return
      await file.datasync()
      await appendFile(statePath(target), `${index}\n`)
    })
    await file.sync()
  } finally {
    await file.close()
  }
  const hash = hashOfWhole ?? (await hashFile(partialPath))
  await rename(partialPath, target)
  return hash
}

interface Range {
  readonly from: number
  readonly length: number
}

const rangeOf = (index: number, bytes: number): Range => ({
  from: index * rangeBytes,
  length: Math.min(rangeBytes, bytes - index * rangeBytes),
})

/** Companion file of a download: the entity tag of the object, then the numbers of the ranges that are complete. */
const statePath = (target: string): string => `${target}.etag`

const readState = async (target: string): Promise<{ etag: string | undefined; ranges: Set<number> } | undefined> => {
  const text = await readFile(statePath(target), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  // What follows the last line break may be half a number.
  const [etag, ...ranges] = text.split('\n').slice(0, -1)
  return { etag, ranges: new Set(ranges.map(Number)) }
}

const isChecksumError = (thrown: unknown): boolean => thrown instanceof Error && /checksum/i.test(thrown.message)

const damagedDownload = ({ bucket, key }: Download, cause: unknown): HeadroomError =>
  new HeadroomError('cloud-unreachable', `s3://${bucket}/${key} arrived damaged ${maxAttempts} times.`, {
    next: 'A proxy or the network changes downloads: try another network, then repeat the download.',
    cause,
  })

/** Asks again for what is missing of the range until it is complete. Returns the SHA-256 of a range that is the whole object. */
const receiveRange = async (
  s3: S3Client,
  download: Download,
  file: FileHandle,
  range: Range,
  { signal, onBytes }: DownloadOptions,
): Promise<string | undefined> => {
  let received = 0
  let hash = createHash('sha256')
  const isWhole = range.length === download.bytes
  for (let attempt = 1; ; attempt += 1) {
    try {
      for await (const chunk of await requestBytes(s3, download, range, received, signal)) {
        signal?.throwIfAborted()
        const buffer = chunk as Buffer
        if (received + buffer.length > range.length) {
          throw new HeadroomError('cloud-incomplete', `S3 sends more bytes of s3://${download.bucket}/${download.key} than it lists.`, {
            next: 'Download again; the object may have changed.',
          })
        }
        await file.write(buffer, 0, buffer.length, range.from + received)
        if (isWhole) hash.update(buffer)
        received += buffer.length
        onBytes?.(buffer.length)
      }
      if (received === range.length) return isWhole ? hash.digest('hex') : undefined
      throw new Error(`socket hang up: ${received} of ${range.length} bytes came`)
    } catch (thrown) {
      if (signal?.aborted === true || !(isTransient(thrown) || isChecksumError(thrown))) throw thrown
      if (attempt === maxAttempts) throw isChecksumError(thrown) ? damagedDownload(download, thrown) : thrown
      // A complete response with a wrong checksum must not be resumed.
      if (isChecksumError(thrown)) {
        onBytes?.(-received)
        received = 0
        hash = createHash('sha256')
      }
      await pause(pauseMs * 2 ** (attempt - 1), signal)
    }
  }
}

/** The client checks the checksum of a complete response only, not of a range; the manifest's hash decides in the end. */
const requestBytes = async (
  s3: S3Client,
  { bucket, key, bytes, etag }: Download,
  { from, length }: Range,
  received: number,
  signal: AbortSignal | undefined,
): Promise<Readable> => {
  const isWhole = length === bytes && received === 0
  const range = isWhole ? {} : { Range: `bytes=${from + received}-${from + length - 1}` }
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, IfMatch: etag, ...range }), abortable(signal))
  return Body as Readable
}

/** Removes the companion file of a complete download. */
export const removeCompleteState = async (target: string): Promise<void> => rm(statePath(target), { force: true })

/** Removes the companion files by which a download resumes. */
export const removeDownloadState = async (target: string): Promise<void> => {
  await rm(statePath(target), { force: true })
  await rm(`${target}.part`, { force: true })
}
