// The forecasts in a bucket: the objects of a dataset, by the rule that holds for folders too, and their bytes by range.
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { headBytes, sortFolderContents } from '../../forecasts/dataset-files.ts'
import type { ByteSource } from '../../parquet/parquet-footer.ts'
import { type ListedObject, type S3Address, asFolder, listObjects, parseS3Address } from './list-objects.ts'
import { abortable } from '../account/connection.ts'

export interface ForecastObjects {
  /** The object that was named, or the folder, with a slash at its end. */
  readonly uri: string
  readonly bucket: string
  /** What the keys are relative to: the prefix that was named, or the folder of the object that was named. */
  readonly prefix: string
  readonly objects: readonly ListedObject[]
  readonly bytes: number
  /** Objects at the address that are no part of the dataset. */
  readonly ignored: number
  /** Of these, the paths below the prefix that a user may have meant. */
  readonly leftOut: readonly string[]
}

/** An address is that of an object, whatever its name, or of all objects below it. */
export const listForecastObjects = async (s3: S3Client, input: string, signal?: AbortSignal): Promise<ForecastObjects> => {
  const address = parseS3Address(input)
  const { bucket } = address
  const namedObject = await findObject(s3, address, signal)
  if (namedObject !== undefined) {
    const prefix = address.key.slice(0, address.key.lastIndexOf('/') + 1)
    return { uri: input, bucket, prefix, objects: [namedObject], bytes: namedObject.bytes, ignored: 0, leftOut: [] }
  }
  const uri = asFolder(input)
  const { key: prefix } = parseS3Address(uri)
  const listed = await listObjects(s3, { bucket, key: prefix }, { signal })
  const readHead = async (object: ListedObject): Promise<Uint8Array> =>
    object.bytes < headBytes ? new Uint8Array() : objectSource(s3, bucket, object, signal).read(0, headBytes)
  const pathOf = ({ key }: ListedObject): string => key.slice(prefix.length)
  const { datasetFiles: objects, leftOut } = await sortFolderContents(listed, pathOf, readHead)
  const bytes = objects.reduce((sum, object) => sum + object.bytes, 0)
  return { uri, bucket, prefix, objects, bytes, ignored: listed.length - objects.length, leftOut: leftOut.map(pathOf) }
}

/** Of the keys that begin so, the key itself comes first. */
const findObject = async (s3: S3Client, { bucket, key }: S3Address, signal: AbortSignal | undefined): Promise<ListedObject | undefined> => {
  if (key === '' || key.endsWith('/')) return undefined
  const [first] = await listObjects(s3, { bucket, key }, { limit: 1, signal })
  return first?.key === key ? first : undefined
}

export const objectSource = (
  s3: S3Client,
  bucket: string,
  { key, bytes }: Pick<ListedObject, 'key' | 'bytes'>,
  signal?: AbortSignal,
): ByteSource => ({
  bytes,
  read: async (from, length) => {
    const { Body } = await s3.send(
      new GetObjectCommand({ Bucket: bucket, Key: key, Range: `bytes=${from}-${from + length - 1}` }),
      abortable(signal),
    )
    return (await Body?.transformToByteArray()) ?? new Uint8Array()
  },
})
