// Whether compressed text files are whole: DuckDB reads a truncated one up to its cut without an error, and ignores the checksums of gzip.
import { createReadStream } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { ForecastFile } from '../forecast-files.ts'

/** Throws input-text-unreadable for the first file that was cut or altered, and what the file system throws. */
export const assertWholeText = async (files: readonly ForecastFile[], signal?: AbortSignal): Promise<void> => {
  for (const { path, name, compression } of files) {
    const isWhole = compression === 'gzip' ? await isWholeGzip(path, signal) : compression === 'zstd' ? await isWholeZstd(path) : true
    if (!isWhole) throw damagedText(name)
  }
}

export const damagedText = (name: string, cause?: unknown): HeadroomError =>
  new HeadroomError('input-text-unreadable', `${name} is damaged: its compressed contents are cut or altered.`, {
    next: 'Write, copy or download the file again.',
    cause,
  })

/** Runs `read` while the files are checked for damage, which is the first reason to give. */
export const readWholeText = async <T>(files: readonly ForecastFile[], read: () => Promise<T>): Promise<T> => {
  const stop = new AbortController()
  const check = assertWholeText(files, stop.signal)
  // It is awaited below at the latest.
  check.catch(() => undefined)
  try {
    const result = await read()
    await check
    return result
  } catch (thrown) {
    // A question needs no whole file.
    if (!(thrown instanceof HeadroomError) || (thrown.code !== 'input-unclear' && thrown.code !== 'cancelled')) await check
    throw thrown
  } finally {
    stop.abort()
  }
}

const chunkBytes = 1 << 20

/** Decompresses all of it, since the length and the checksum stand at the end of each member. */
const isWholeGzip = async (path: string, signal: AbortSignal | undefined): Promise<boolean> => {
  try {
    await pipeline(
      createReadStream(path, { highWaterMark: chunkBytes }),
      createGunzip({ chunkSize: chunkBytes }),
      async (chunks: AsyncIterable<Uint8Array>) => {
        for await (const _ of chunks);
      },
      signal === undefined ? {} : { signal },
    )
    return true
  } catch (thrown) {
    // Errors of zlib are Z_DATA_ERROR, Z_BUF_ERROR and the like. It also stops where zeros follow, before the end of the file.
    const { code = '' } = thrown as NodeJS.ErrnoException
    if (code.startsWith('Z_') || (code === 'ABORT_ERR' && signal?.aborted !== true)) return false
    throw thrown
  }
}

/** RFC 8878: the first bytes of a frame, and of the sixteen kinds of frames to skip. */
const zstdMagic = 0xfd2fb528
const isSkippable = (magic: number): boolean => magic >= 0x184d2a50 && magic <= 0x184d2a5f
const blockKinds = { runLength: 1, reserved: 3 } as const

/** Follows the blocks of each frame to its end without decompressing them; DuckDB compares the checksum of a frame that it reads whole. */
const isWholeZstd = async (path: string): Promise<boolean> => {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    let at = 0
    while (at < size) {
      const end = await frameEnd(file, at)
      if (end === undefined || end > size) return false
      at = end
    }
    return true
  } finally {
    await file.close()
  }
}

/** Where the frame at `from` ends; undefined where it is cut or no frame. */
const frameEnd = async (file: FileHandle, from: number): Promise<number | undefined> => {
  const start = await readExactly(file, from, 5)
  if (start === undefined) return undefined
  const magic = start.readUInt32LE(0)
  if (isSkippable(magic)) {
    const length = await readExactly(file, from + 4, 4)
    return length === undefined ? undefined : from + 8 + length.readUInt32LE(0)
  }
  if (magic !== zstdMagic) return undefined
  const descriptor = start[4]!
  const isSingleSegment = (descriptor & 0x20) !== 0
  const contentSizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!
  let at = from + 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes + contentSizeBytes
  for (;;) {
    const header = await readExactly(file, at, 3)
    if (header === undefined) return undefined
    const bits = header.readUIntLE(0, 3)
    const kind = (bits >> 1) & 3
    if (kind === blockKinds.reserved) return undefined
    at += 3 + (kind === blockKinds.runLength ? 1 : bits >> 3)
    if ((bits & 1) === 1) return at + ((descriptor & 4) === 0 ? 0 : 4)
  }
}

const readExactly = async (file: FileHandle, from: number, length: number): Promise<Buffer | undefined> => {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, from)
  return bytesRead === length ? buffer : undefined
}
