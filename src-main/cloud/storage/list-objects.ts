// Objects below a prefix, page after page.
import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3'
import type { S3Address } from './s3-address.ts'

export interface ListedObject {
  readonly key: string
  readonly bytes: number
  readonly etag: string
}

/** At most `most` objects in the order of their keys; markers of empty folders are left out. */
export const listObjects = async (
  s3: S3Client,
  { bucket, key: prefix }: S3Address,
  { limit = Number.POSITIVE_INFINITY, signal }: { readonly limit?: number; readonly signal?: AbortSignal | undefined } = {},
): Promise<ListedObject[]> => {
  const objects: ListedObject[] = []
  let token: string | undefined
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }), abortable(signal))
    for (const { Key: key, Size: bytes, ETag: etag } of page.Contents ?? []) {
      if (key !== undefined && !key.endsWith('/')) objects.push({ key, bytes: bytes ?? 0, etag: etag ?? '' })
    }
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined
  } while (token !== undefined && objects.length < limit)
  return objects.slice(0, limit)
}

export const abortable = (signal: AbortSignal | undefined): { abortSignal?: AbortSignal } =>
  signal === undefined ? {} : { abortSignal: signal }
