// One object down to a file: resumed where it broke off, begun anew where it has changed, in place only when it is whole.
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { hashFile } from '../../run-folder/staging-folder.ts'
import { abortable } from './list-objects.ts'

export interface Download {
  readonly bucket: string
  readonly key: string
  readonly bytes: number
  readonly etag: string
  /** File to make. */
  readonly target: string
}

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined
  /** Bytes that have just come; those of an earlier start come first. */
  readonly onBytes?: ((bytes: number) => void) | undefined
}

const maxAttempts = 6
const pauseMs = 200

/** SHA-256 of the file, lower-case hexadecimal. */
export const downloadObject = async (s3: S3Client, download: Download, options: DownloadOptions = {}): Promise<string> => {
  const { target, bytes } = download
  await mkdir(dirname(target), { recursive: true })
  const partialPath = `${target}.part`
  const present = await stat(target).catch(() => undefined)
  if (present?.size === bytes && (await readStartedEtag(target)) === download.etag) {
    options.onBytes?.(bytes)
    return hashFile(target)
  }
  if ((await readStartedEtag(target)) !== download.etag) await rm(partialPath, { force: true })
  await writeFile(`${target}.etag`, download.etag)
  let reportedBytes = 0
  for (let attempt = 1; ; attempt += 1) {
    try {
      const existingBytes = (await stat(partialPath).catch(() => undefined))?.size ?? 0
      if (existingBytes > reportedBytes) options.onBytes?.(existingBytes - reportedBytes)
      reportedBytes = Math.max(reportedBytes, existingBytes)
      if (existingBytes > bytes) await rm(partialPath)
      else if (existingBytes < bytes || bytes === 0)
        await receiveBytes(s3, download, partialPath, existingBytes, options, (count) => (reportedBytes += count))
      const { size } = await stat(partialPath)
      if (size === bytes) break
      throw new Error(`socket hang up: ${size} of ${bytes} bytes came`)
    } catch (thrown) {
      if (options.signal?.aborted === true || attempt === maxAttempts || !isTransient(thrown)) throw thrown
      // A whole answer whose checksum was wrong must not be built upon.
      if (thrown instanceof Error && /checksum/i.test(thrown.message)) {
        await rm(partialPath, { force: true })
        reportedBytes = 0
      }
      await pause(pauseMs * 2 ** (attempt - 1), undefined, options.signal === undefined ? {} : { signal: options.signal })
    }
  }
  const hash = await hashFile(partialPath)
  await rename(partialPath, target)
  return hash
}

/** Entity tag of the object that the file, or its part, was begun with. */
const readStartedEtag = (target: string): Promise<string | undefined> => readFile(`${target}.etag`, 'utf8').catch(() => undefined)

const isTransient = (thrown: unknown): boolean => {
  if (!(thrown instanceof Error)) return false
  const text = `${thrown.name} ${thrown.message} ${'code' in thrown ? String(thrown.code) : ''}`
  return /hang up|aborted|ECONN|EPIPE|TIMEDOUT|Timeout|checksum|premature|SlowDown|Throttl|InternalError|ServiceUnavailable|Networking/i.test(
    text,
  )
}

const receiveBytes = async (
  s3: S3Client,
  { bucket, key, etag }: Download,
  partialPath: string,
  from: number,
  { signal, onBytes }: DownloadOptions,
  count: (bytes: number) => void,
): Promise<void> => {
  // A range has no checksum of its own; only the whole answer is checked by the client. What counts is the manifest's hash.
  const range = from === 0 ? {} : { Range: `bytes=${from}-` }
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, IfMatch: etag, ...range }), abortable(signal))
  const file = await open(partialPath, from === 0 ? 'w' : 'a')
  try {
    for await (const chunk of Body as Readable) {
      signal?.throwIfAborted()
      const buffer = chunk as Buffer
      await file.write(buffer)
      count(buffer.length)
      onBytes?.(buffer.length)
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Removes what a download keeps beside its file for a later start. */
export const removeDownloadState = async (target: string): Promise<void> => {
  await rm(`${target}.etag`, { force: true })
  await rm(`${target}.part`, { force: true })
}
