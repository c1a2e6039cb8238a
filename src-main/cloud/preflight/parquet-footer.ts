// What a Parquet file's footer says, read from its end alone: rows and columns.
import { open } from 'node:fs/promises'
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { parquetMetadata } from 'hyparquet'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { abortable, type ListedObject } from '../storage/list-objects.ts'

export interface ParquetFooter {
  readonly rows: number
  readonly columns: readonly string[]
}

/** Reads bytes `from` to the end of a file. */
type ReadTail = (from: number) => Promise<Buffer>

const initialTailBytes = 64 * 1024
/** A footer larger than this is no forecast set's. */
const maxFooterBytes = 64 * 1024 * 1024

export const readObjectFooter = (
  s3: S3Client,
  bucket: string,
  { key, bytes }: ListedObject,
  signal?: AbortSignal,
): Promise<ParquetFooter> =>
  readFooter(key, bytes, async (from) => {
    const { Body } = await s3.send(
      new GetObjectCommand({ Bucket: bucket, Key: key, Range: `bytes=${from}-${bytes - 1}` }),
      abortable(signal),
    )
    return Buffer.from((await Body?.transformToByteArray()) ?? [])
  })

export const readFileFooter = async (path: string, bytes: number): Promise<ParquetFooter> => {
  const file = await open(path)
  try {
    return await readFooter(path, bytes, async (from) => {
      const tail = Buffer.alloc(bytes - from)
      await file.read(tail, 0, tail.length, from)
      return tail
    })
  } finally {
    await file.close()
  }
}

/** Throws input-not-parquet. */
const readFooter = async (name: string, bytes: number, readTail: ReadTail): Promise<ParquetFooter> => {
  const notParquet = (cause?: unknown): HeadroomError =>
    new HeadroomError('input-not-parquet', `${name} is not a whole Parquet file.`, {
      next: 'Write or copy it again; it may be cut short.',
      cause,
    })
  if (bytes < 12) throw notParquet()
  let tail = await readTail(Math.max(0, bytes - initialTailBytes))
  if (tail.toString('latin1', tail.length - 4) !== 'PAR1') throw notParquet()
  const length = tail.readUInt32LE(tail.length - 8) + 8
  if (length > Math.min(bytes, maxFooterBytes)) throw notParquet()
  if (length > tail.length) tail = await readTail(bytes - length)
  try {
    const { schema, num_rows: rows } = parquetMetadata(new Uint8Array(tail).buffer)
    const columns: string[] = []
    for (let index = 1; index < schema.length; index += widthOf(schema, index)) columns.push(schema[index]!.name)
    return { rows: Number(rows), columns }
  } catch (cause) {
    throw notParquet(cause)
  }
}

/** Elements that one column takes in the flattened schema, nested ones included. */
const widthOf = (schema: readonly { readonly num_children?: number }[], index: number): number => {
  let width = 1
  for (let child = 0; child < (schema[index]?.num_children ?? 0); child += 1) width += widthOf(schema, index + width)
  return width
}
