// Stores objects with entity tag and checksum.
import { createHash } from 'node:crypto'
import { kmsKeyArn, type Account, type Bucket, type StoredObject } from './account.ts'
import { checksumHeader, checksumOf, type Checksum } from './checksums.ts'
import { ServiceError } from './wire.ts'

export const defaultChecksum = (body: Buffer): Checksum => ({
  algorithm: 'CRC64NVME',
  value: checksumOf('CRC64NVME', body),
  type: 'FULL_OBJECT',
})

export const storeObject = (
  bucket: Bucket,
  key: string,
  body: Buffer,
  checksum: Checksum,
  now: Date,
  etag = etagOf(body),
  kmsKey?: string,
): StoredObject => {
  const stored = { body, etag, checksum, modifiedAt: now, kmsKey }
  bucket.objects.set(key, stored)
  return stored
}

export const etagOf = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`

export const checksumHeaders = ({ algorithm, value, type }: Checksum): Record<string, string> => ({
  [checksumHeader(algorithm)]: value,
  'x-amz-checksum-type': type,
})

export const preconditionFailed = (): ServiceError =>
  new ServiceError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412)

/** ARN of the key that a write names; undefined where it names none. */
export const requestedKmsKey = (account: Account, headers: Readonly<Record<string, string>>): string | undefined => {
  const key = headers['x-amz-server-side-encryption-aws-kms-key-id']
  return headers['x-amz-server-side-encryption'] !== 'aws:kms' || key === undefined ? undefined : kmsKeyArn(account, key)
}

/** Throws what S3 answers to a write under a condition that does not hold. */
export const assertWritable = (bucket: Bucket, key: string, headers: Readonly<Record<string, string>>): void => {
  const { 'if-match': etag, 'if-none-match': absent } = headers
  const stored = bucket.objects.get(key)
  if (absent === '*' && stored !== undefined) throw preconditionFailed()
  if (etag === undefined) return
  if (stored === undefined) throw new ServiceError('NoSuchKey', 'The specified key does not exist.', 404)
  if (stored.etag !== etag) throw preconditionFailed()
}
