// Addresses in S3, and listings: all objects of a prefix, or one level of a bucket.
import { ListBucketsCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3'
import { toCloudError } from '../account/cloud-error.ts'
import { abortable, type Connection } from '../account/connection.ts'

export interface S3Address {
  readonly bucket: string
  readonly key: string
}

/** The ARN of an access point stands where a bucket name does. */
export const parseS3Address = (uri: string): S3Address => {
  const [, bucket = '', key = ''] = /^s3:\/\/(arn:[^/]+:accesspoint\/[^/]+|[^/]+)\/?(.*)$/s.exec(uri) ?? []
  return { bucket, key }
}

/** The same address as a folder: with a slash at its end, since a bare prefix also catches siblings. */
export const asFolder = (uri: string): string => (uri.endsWith('/') ? uri : `${uri}/`)

export interface ListedObject {
  readonly key: string
  readonly bytes: number
  readonly etag: string
}

/** Up to `limit` objects in the order of their keys, without the markers of empty folders. */
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

export interface BucketListing {
  /** Bucket names, or folders with a slash at their end and then files, below the prefix. */
  readonly names: string[]
  readonly files: number
}

const maxListed = 500

/** `bucket` "": the buckets themselves. */
export const browseBucket = async ({ s3, region }: Connection, bucket: string, prefix: string): Promise<BucketListing> => {
  try {
    if (bucket === '') {
      const { Buckets = [] } = await s3.send(new ListBucketsCommand({}))
      return { names: Buckets.flatMap(({ Name }) => Name ?? []).slice(0, maxListed), files: 0 }
    }
    const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, Delimiter: '/', MaxKeys: maxListed }))
    const folders = (page.CommonPrefixes ?? []).flatMap(({ Prefix }) => Prefix ?? [])
    const files = (page.Contents ?? []).flatMap(({ Key }) => (Key === undefined || Key === prefix ? [] : [Key]))
    return { names: [...folders, ...files].map((key) => key.slice(prefix.length)), files: files.length }
  } catch (thrown) {
    throw toCloudError(thrown, { region })
  }
}
