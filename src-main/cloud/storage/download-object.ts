// Downloads one object to a file: interrupted downloads resume, changed objects restart, and only complete files are put in place.
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { hashFile } from '../../run-folder/staging-folder.ts'
import { isTransient } from '../account/cloud-error.ts'
import { abortable, pause } from '../account/connection.ts'

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
  /** Bytes just received; those of an earlier start first. */
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
      if (options.signal?.aborted === true || attempt === maxAttempts || !(isTransient(thrown) || isChecksumError(thrown))) throw thrown
      // A complete response with a wrong checksum must not be resumed.
      if (isChecksumError(thrown)) {
        await rm(partialPath, { force: true })
        reportedBytes = 0
      }
      await pause(pauseMs * 2 ** (attempt - 1), options.signal)
    }
  }
  const hash = await hashFile(partialPath)
  await rename(partialPath, target)
  return hash
}

/** Entity tag of the object that was downloaded into the file or its part. */
const readStartedEtag = (target: string): Promise<string | undefined> => readFile(`${target}.etag`, 'utf8').catch(() => undefined)

const isChecksumError = (thrown: unknown): boolean => thrown instanceof Error && /checksum/i.test(thrown.message)

const receiveBytes = async (
  s3: S3Client,
  { bucket, key, etag }: Download,
  partialPath: string,
  from: number,
  { signal, onBytes }: DownloadOptions,
  count: (bytes: number) => void,
): Promise<void> => {
  // The client checks the checksum of a complete response only, not of a range; the manifest's hash decides in the end.
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

/** Removes the companion files by which a download resumes. */
export const removeDownloadState = async (target: string): Promise<void> => {
  await rm(`${target}.etag`, { force: true })
  await rm(`${target}.part`, { force: true })
}
