// Uploads a file to S3 once: neither a stored object nor the parts of an earlier upload are sent again.
import { open, type FileHandle } from 'node:fs/promises'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  type CompletedPart,
  type S3Client,
} from '@aws-sdk/client-s3'
import { abortable } from '../account/connection.ts'

export interface Upload {
  readonly bucket: string
  /** Must name the content (hold its hash), since an object of this key and size counts as the same. */
  readonly key: string
  readonly path: string
  readonly bytes: number
  readonly kmsKeyId?: string | undefined
}

export interface UploadOptions {
  readonly signal?: AbortSignal | undefined
  /** `wasStored`: whether an earlier upload sent them. */
  readonly onBytes?: ((bytes: number, wasStored: boolean) => void) | undefined
}

const mebibyte = 1024 * 1024
const maxSinglePutBytes = 8 * mebibyte
const minPartBytes = 8 * mebibyte
const maxParts = 10_000
const concurrency = 4

/** Part size of a file; the same at each start, so that parts of an earlier upload fit. */
const partBytesFor = (bytes: number): number => Math.max(minPartBytes, Math.ceil(bytes / maxParts / mebibyte) * mebibyte)

export const uploadFile = async (s3: S3Client, upload: Upload, options: UploadOptions = {}): Promise<void> => {
  if ((await storedBytes(s3, upload, options.signal)) === upload.bytes) {
    options.onBytes?.(upload.bytes, true)
    return
  }
  const file = await open(upload.path)
  try {
    if (upload.bytes <= maxSinglePutBytes) await putWhole(s3, upload, file, options)
    else await putParts(s3, upload, file, options)
  } finally {
    await file.close()
  }
}

/** Size of the stored object; undefined if there is none. */
const storedBytes = async (s3: S3Client, { bucket, key }: Upload, signal: AbortSignal | undefined): Promise<number | undefined> => {
  try {
    return (await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), abortable(signal))).ContentLength
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === 'NotFound') return undefined
    throw thrown
  }
}

/** Fields of an upload that is encrypted with a key; none without one. */
export const encryptionFields = (kmsKeyId: string | undefined): { ServerSideEncryption?: 'aws:kms'; SSEKMSKeyId?: string } =>
  kmsKeyId === undefined ? {} : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyId }

const putWhole = async (s3: S3Client, upload: Upload, file: FileHandle, { signal, onBytes }: UploadOptions): Promise<void> => {
  const Body = await readSlice(file, 0, upload.bytes)
  const target = { Bucket: upload.bucket, Key: upload.key }
  await s3.send(
    new PutObjectCommand({ ...target, Body, ChecksumAlgorithm: 'CRC64NVME', ...encryptionFields(upload.kmsKeyId) }),
    abortable(signal),
  )
  onBytes?.(upload.bytes, false)
}

const readSlice = async (file: FileHandle, from: number, length: number): Promise<Buffer> => {
  const buffer = Buffer.allocUnsafe(length)
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, from + filled)
    if (bytesRead === 0) throw new Error('The file became shorter while it was uploaded.')
    filled += bytesRead
  }
  return buffer
}

const putParts = async (s3: S3Client, upload: Upload, file: FileHandle, options: UploadOptions): Promise<void> => {
  const partBytes = partBytesFor(upload.bytes)
  const target = { Bucket: upload.bucket, Key: upload.key }
  const requestOptions = abortable(options.signal)
  const { id, parts } = await findOrCreateUpload(s3, upload, partBytes, options.signal)
  const sizeOf = (number: number): number => Math.min(partBytes, upload.bytes - (number - 1) * partBytes)
  const numbers = Array.from({ length: Math.ceil(upload.bytes / partBytes) }, (_, index) => index + 1)
  for (const number of parts.keys()) options.onBytes?.(sizeOf(number), true)
  const missing = numbers.filter((number) => !parts.has(number))
  const sendParts = async (): Promise<void> => {
    for (let number = missing.shift(); number !== undefined; number = missing.shift()) {
      const Body = await readSlice(file, (number - 1) * partBytes, sizeOf(number))
      const part = { ...target, UploadId: id, PartNumber: number, Body, ChecksumAlgorithm: 'CRC64NVME' as const }
      const { ETag, ChecksumCRC64NVME } = await s3.send(new UploadPartCommand(part), requestOptions)
      parts.set(number, { PartNumber: number, ETag, ChecksumCRC64NVME })
      options.onBytes?.(sizeOf(number), false)
    }
  }
  const outcomes = await Promise.allSettled(Array.from({ length: concurrency }, sendParts))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  const complete = {
    ...target,
    UploadId: id,
    ChecksumType: 'FULL_OBJECT' as const,
    MpuObjectSize: upload.bytes,
    MultipartUpload: { Parts: numbers.map((number) => parts.get(number)!) },
  }
  try {
    await s3.send(new CompleteMultipartUploadCommand(complete), requestOptions)
  } catch (thrown) {
    // If the response to a completion is lost, the next attempt no longer finds the upload.
    if ((await storedBytes(s3, upload, options.signal)) !== upload.bytes) throw thrown
  }
}

/** The newest unfinished upload of this key with its usable parts, or a new one. Older ones are aborted. */
const findOrCreateUpload = async (
  s3: S3Client,
  upload: Upload,
  partBytes: number,
  signal: AbortSignal | undefined,
): Promise<{ id: string; parts: Map<number, CompletedPart> }> => {
  const target = { Bucket: upload.bucket, Key: upload.key }
  const requestOptions = abortable(signal)
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: upload.bucket, Prefix: upload.key }), requestOptions)
  const existing = Uploads.filter(({ Key }) => Key === upload.key).sort(
    (a, b) => (b.Initiated?.getTime() ?? 0) - (a.Initiated?.getTime() ?? 0),
  )
  const [newest, ...stale] = existing.flatMap(({ UploadId }) => UploadId ?? [])
  for (const id of stale) await s3.send(new AbortMultipartUploadCommand({ ...target, UploadId: id }), requestOptions).catch(() => undefined)
  if (newest !== undefined) {
    const parts = await listUploadedParts(s3, upload, newest, partBytes, signal).catch((thrown: unknown) => {
      if (thrown instanceof Error && thrown.name === 'NoSuchUpload') return undefined
      throw thrown
    })
    if (parts !== undefined) return { id: newest, parts }
  }
  const create = {
    ...target,
    ChecksumAlgorithm: 'CRC64NVME' as const,
    ChecksumType: 'FULL_OBJECT' as const,
    ...encryptionFields(upload.kmsKeyId),
  }
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(create), requestOptions)
  return { id: UploadId ?? '', parts: new Map() }
}

const listUploadedParts = async (
  s3: S3Client,
  upload: Upload,
  id: string,
  partBytes: number,
  signal: AbortSignal | undefined,
): Promise<Map<number, CompletedPart>> => {
  const parts = new Map<number, CompletedPart>()
  let marker: string | undefined
  do {
    const listing = { Bucket: upload.bucket, Key: upload.key, UploadId: id, PartNumberMarker: marker }
    const page = await s3.send(new ListPartsCommand(listing), abortable(signal))
    for (const { PartNumber, ETag, Size, ChecksumCRC64NVME } of page.Parts ?? []) {
      const expected = Math.min(partBytes, upload.bytes - ((PartNumber ?? 0) - 1) * partBytes)
      if (PartNumber !== undefined && Size === expected) parts.set(PartNumber, { PartNumber, ETag, ChecksumCRC64NVME })
    }
    marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined
  } while (marker !== undefined)
  return parts
}
