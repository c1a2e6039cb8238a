// The forecasts in a bucket: the objects of a dataset, by the rule that holds for folders too, and their bytes by range.
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { isParquetName } from '../../../src-shared/run/parquet-files.ts'
import { headBytes, sortFolderContents, textFormatOf } from '../../forecasts/dataset-files.ts'
import type { ByteSource } from '../../parquet/parquet-footer.ts'
import { type ListedObject, asFolder, listObjects, parseS3Address } from './list-objects.ts'
import { abortable } from '../account/connection.ts'

export interface ForecastObjects {
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

/** An address without the name of a file that forecasts have is a prefix. */
export const forecastUri = (input: string): string => (isParquetName(input) || textFormatOf(input) !== undefined ? input : asFolder(input))

export const listForecastObjects = async (s3: S3Client, input: string, signal?: AbortSignal): Promise<ForecastObjects> => {
  const address = parseS3Address(forecastUri(input))
  const listed = await listObjects(s3, address, { signal })
  const namedObject = listed.find(({ key }) => key === address.key)
  // The name of a file may also be that of a folder, and the beginning of other names.
  const folder = address.key === '' || address.key.endsWith('/') ? address.key : `${address.key}/`
  const prefix = namedObject === undefined ? folder : address.key.slice(0, address.key.lastIndexOf('/') + 1)
  const readHead = async (object: ListedObject): Promise<Uint8Array> =>
    object.bytes < headBytes ? new Uint8Array() : objectSource(s3, address.bucket, object, signal).read(0, headBytes)
  const below = listed.filter(({ key }) => key.startsWith(prefix))
  const pathOf = ({ key }: ListedObject): string => key.slice(prefix.length)
  const { datasetFiles: objects, leftOut } =
    namedObject === undefined ? await sortFolderContents(below, pathOf, readHead) : { datasetFiles: [namedObject], leftOut: [] }
  const bytes = objects.reduce((sum, object) => sum + object.bytes, 0)
  return { bucket: address.bucket, prefix, objects, bytes, ignored: listed.length - objects.length, leftOut: leftOut.map(pathOf) }
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
