// One object down to a file: resumed where it broke off, begun anew where it has changed, in place only when it is whole.
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { hashFile } from '../run-folder/write-run-folder.ts'
import { abortable } from './list-objects.ts'

export interface Download {
  readonly bucket: string
  readonly key: string
  readonly bytes: number
  readonly etag: string
  /** File to make. */
  readonly target: string
}

export interface DownloadWork {
  readonly signal?: AbortSignal | undefined
  /** Bytes that have just come; those of an earlier start come first. */
  readonly onBytes?: ((bytes: number) => void) | undefined
}

const attempts = 6
const pauseMs = 200

/** SHA-256 of the file, lower-case hexadecimal. */
export const downloadObject = async (s3: S3Client, download: Download, work: DownloadWork = {}): Promise<string> => {
  const { target, bytes } = download
  await mkdir(dirname(target), { recursive: true })
  const part = `${target}.part`
  const present = await stat(target).catch(() => undefined)
  if (present?.size === bytes && (await begunWith(target)) === download.etag) {
    work.onBytes?.(bytes)
    return hashFile(target)
  }
  if ((await begunWith(target)) !== download.etag) await rm(part, { force: true })
  await writeFile(`${target}.etag`, download.etag)
  let counted = 0
  for (let attempt = 1; ; attempt += 1) {
    try {
      const have = (await stat(part).catch(() => undefined))?.size ?? 0
      if (have > counted) work.onBytes?.(have - counted)
      counted = Math.max(counted, have)
      if (have > bytes) await rm(part)
      else if (have < bytes || bytes === 0) await receive(s3, download, part, have, work, (count) => (counted += count))
      const { size } = await stat(part)
      if (size === bytes) break
      throw new Error(`socket hang up: ${size} of ${bytes} bytes came`)
    } catch (thrown) {
      if (work.signal?.aborted === true || attempt === attempts || !isPassing(thrown)) throw thrown
      // A whole answer whose checksum was wrong must not be built upon.
      if (thrown instanceof Error && /checksum/i.test(thrown.message)) {
        await rm(part, { force: true })
        counted = 0
      }
      await pause(pauseMs * 2 ** (attempt - 1), undefined, work.signal === undefined ? {} : { signal: work.signal })
    }
  }
  const hash = await hashFile(part)
  await rename(part, target)
  return hash
}

/** Entity tag of the object that the file, or its part, was begun with. */
const begunWith = (target: string): Promise<string | undefined> => readFile(`${target}.etag`, 'utf8').catch(() => undefined)

const isPassing = (thrown: unknown): boolean => {
  if (!(thrown instanceof Error)) return false
  const text = `${thrown.name} ${thrown.message} ${'code' in thrown ? String(thrown.code) : ''}`
  return /hang up|aborted|ECONN|EPIPE|TIMEDOUT|Timeout|checksum|premature|SlowDown|Throttl|InternalError|ServiceUnavailable|Networking/i.test(
    text,
  )
}

const receive = async (
  s3: S3Client,
  { bucket, key, etag }: Download,
  part: string,
  from: number,
  { signal, onBytes }: DownloadWork,
  count: (bytes: number) => void,
): Promise<void> => {
  // A range has no checksum of its own; only the whole answer is checked by the client. What counts is the manifest's hash.
  const range = from === 0 ? {} : { Range: `bytes=${from}-` }
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, IfMatch: etag, ...range }), abortable(signal))
  const file = await open(part, from === 0 ? 'w' : 'a')
  try {
    for await (const chunk of Body as Readable) {
      signal?.throwIfAborted()
      const piece = chunk as Buffer
      await file.write(piece)
      count(piece.length)
      onBytes?.(piece.length)
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Removes what a download keeps beside its file for a later start. */
export const tidyDownload = async (target: string): Promise<void> => {
  await rm(`${target}.etag`, { force: true })
  await rm(`${target}.part`, { force: true })
}
