// Buckets of the account, and what lies below a prefix of one, a level at a time.
import { ListBucketsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { toCloudError } from '../account/cloud-error.ts'
import type { Connection } from '../account/connection.ts'

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
