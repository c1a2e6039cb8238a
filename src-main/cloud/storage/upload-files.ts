// Uploads files to S3 once: neither a stored object nor the parts of an earlier upload are sent again.
import { open, type FileHandle } from 'node:fs/promises'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  type CompletedPart,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { abortable } from '../account/connection.ts'
import { forEachAtOnce } from '../account/for-each-at-once.ts'
import { listObjects } from './list-objects.ts'
import { TransferSlots } from './transfers.ts'

export interface Upload {
  readonly bucket: string
  /** Begins the key; it is listed once for all files in it. */
  readonly folder: string
  /** Must name the content (hold its hash), since an object of this key and size counts as the same. */
  readonly key: string
  readonly path: string
  readonly bytes: number
  readonly kmsKeyId?: string | undefined
}

/** The multipart uploads of one launch. Two launches of the same files never share one, so that neither can break the other's. */
export interface MultipartUploads {
  /** The unfinished upload of this key that this launch has started. */
  readonly find: (key: string) => string | undefined
  /** Remembers a started upload; resolves when it would survive the end of the process. */
  readonly save: (key: string, uploadId: string) => Promise<void>
}

export interface UploadOptions {
  readonly signal?: AbortSignal | undefined
  /** `wasStored`: whether an earlier upload sent them. */
  readonly onBytes?: ((bytes: number, wasStored: boolean, upload: Upload) => void) | undefined
  /** Absent: an interrupted upload does not resume. */
  readonly multipartUploads?: MultipartUploads | undefined
}

const mebibyte = 1024 * 1024
const maxSinglePutBytes = 8 * mebibyte
const minPartBytes = 8 * mebibyte
const maxParts = 10_000
const maxPartsInMemoryBytes = 128 * mebibyte
const maxAttempts = 3

/** Part size of a file; the same at each start, so that parts of an earlier upload fit. */
const partBytesFor = (bytes: number): number => Math.max(minPartBytes, Math.ceil(bytes / maxParts / mebibyte) * mebibyte)

/** Uploads what the bucket lacks, several files and parts at once. */
export const uploadFiles = async (s3: S3Client, uploads: readonly Upload[], options: UploadOptions = {}): Promise<void> => {
  const stored = await listStored(s3, uploads, options.signal)
  const slots = new TransferSlots()
  await forEachAtOnce(uploads, (upload) => uploadFile(s3, upload, stored.get(upload.key), slots, options))
}

/** The objects in the folders of the uploads, by key. */
const listStored = async (
  s3: S3Client,
  uploads: readonly Upload[],
  signal: AbortSignal | undefined,
): Promise<Map<string, StoredObject>> => {
  const folders = new Map(uploads.map(({ bucket, folder }) => [`${bucket}/${folder}`, { bucket, key: folder }]))
  const stored = new Map<string, StoredObject>()
  await forEachAtOnce([...folders.values()], async (address) => {
    for (const { key, bytes, etag } of await listObjects(s3, address, { signal })) stored.set(key, { bytes, etag })
  })
  return stored
}

const uploadFile = async (
  s3: S3Client,
  upload: Upload,
  listed: StoredObject | undefined,
  slots: TransferSlots,
  options: UploadOptions,
): Promise<void> => {
  let stored = listed
  for (let attempt = 1; ; attempt += 1) {
    if (stored?.bytes === upload.bytes) {
      await abortOwnUpload(s3, upload, options)
      options.onBytes?.(upload.bytes, true, upload)
      return
    }
    if (await sendFile(s3, upload, stored, slots, options)) return
    if (attempt === maxAttempts)
      throw new HeadroomError('cloud-setup', `Another program keeps writing ${upload.key}.`, { next: 'Launch again when it has ended.' })
    stored = await findStored(s3, upload, options.signal)
  }
}

interface StoredObject {
  readonly bytes: number | undefined
  readonly etag: string | undefined
}

/** Undefined if there is no such object. */
const findStored = async (s3: S3Client, { bucket, key }: Upload, signal: AbortSignal | undefined): Promise<StoredObject | undefined> => {
  try {
    const { ContentLength: bytes, ETag: etag } = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), abortable(signal))
    return { bytes, etag }
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === 'NotFound') return undefined
    throw thrown
  }
}

/** False if another launch changed the object meanwhile, to something else than this file. `stored`: what is replaced. */
const sendFile = async (
  s3: S3Client,
  upload: Upload,
  stored: StoredObject | undefined,
  slots: TransferSlots,
  options: UploadOptions,
): Promise<boolean> => {
  const condition = stored === undefined ? { IfNoneMatch: '*' } : { IfMatch: stored.etag }
  const file = await open(upload.path)
  let sent = 0
  const onBytes = (bytes: number, wasStored: boolean): void => {
    sent += bytes
    options.onBytes?.(bytes, wasStored, upload)
  }
  try {
    if (upload.bytes <= maxSinglePutBytes) await slots.run(() => putWhole(s3, upload, condition, file, { ...options, onBytes }))
    else await putParts(s3, upload, condition, file, slots, { ...options, onBytes })
    return true
  } catch (thrown) {
    if (!(thrown instanceof Error) || !/^(PreconditionFailed|ConditionalRequestConflict|NoSuchUpload|NoSuchKey)$/.test(thrown.name))
      throw thrown
    // Another launch was quicker, or this one, and the response was lost.
    await abortOwnUpload(s3, upload, options)
    const found = await findStored(s3, upload, options.signal)
    const isStored = found?.bytes === upload.bytes
    options.onBytes?.(isStored ? upload.bytes - sent : -sent, isStored, upload)
    return isStored
  } finally {
    await file.close()
  }
}

/** What this launch has sent of an object that is complete now would only use storage. */
const abortOwnUpload = async (s3: S3Client, { bucket, key }: Upload, { multipartUploads, signal }: UploadOptions): Promise<void> => {
  const id = multipartUploads?.find(key)
  if (id === undefined) return
  const target = { Bucket: bucket, Key: key, UploadId: id }
  // Complete and aborted uploads are gone already.
  await s3.send(new AbortMultipartUploadCommand(target), abortable(signal)).catch(() => undefined)
}

/** Fields of an upload that is encrypted with a key; none without one. */
export const encryptionFields = (kmsKeyId: string | undefined): { ServerSideEncryption?: 'aws:kms'; SSEKMSKeyId?: string } =>
  kmsKeyId === undefined ? {} : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyId }

/** That the object is still absent, or still the one to replace. */
type Condition = Pick<PutObjectCommandInput, 'IfMatch' | 'IfNoneMatch'>

const putWhole = async (
  s3: S3Client,
  upload: Upload,
  condition: Condition,
  file: FileHandle,
  { signal, onBytes }: UploadOptions,
): Promise<void> => {
  const Body = await readSlice(file, 0, upload.bytes)
  const target = { Bucket: upload.bucket, Key: upload.key, ...condition }
  await s3.send(
    new PutObjectCommand({ ...target, Body, ChecksumAlgorithm: 'CRC64NVME', ...encryptionFields(upload.kmsKeyId) }),
    abortable(signal),
  )
  onBytes?.(upload.bytes, false, upload)
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

const putParts = async (
  s3: S3Client,
  upload: Upload,
  condition: Condition,
  file: FileHandle,
  slots: TransferSlots,
  options: UploadOptions,
): Promise<void> => {
  const partBytes = partBytesFor(upload.bytes)
  const target = { Bucket: upload.bucket, Key: upload.key }
  const requestOptions = abortable(options.signal)
  const { id, parts } = await findOrCreateUpload(s3, upload, partBytes, options)
  const sizeOf = (number: number): number => Math.min(partBytes, upload.bytes - (number - 1) * partBytes)
  const numbers = Array.from({ length: Math.ceil(upload.bytes / partBytes) }, (_, index) => index + 1)
  for (const number of parts.keys()) options.onBytes?.(sizeOf(number), true, upload)
  const missing = numbers.filter((number) => !parts.has(number))
  const sendPart = async (number: number): Promise<void> => {
    const Body = await readSlice(file, (number - 1) * partBytes, sizeOf(number))
    const part = { ...target, UploadId: id, PartNumber: number, Body, ChecksumAlgorithm: 'CRC64NVME' as const }
    const { ETag, ChecksumCRC64NVME } = await s3.send(new UploadPartCommand(part), requestOptions)
    parts.set(number, { PartNumber: number, ETag, ChecksumCRC64NVME })
    options.onBytes?.(sizeOf(number), false, upload)
  }
  // Parts in memory: fewer at once where they are larger.
  await forEachAtOnce(missing, (number) => slots.run(() => sendPart(number)), Math.max(1, Math.floor(maxPartsInMemoryBytes / partBytes)))
  const complete = {
    ...target,
    ...condition,
    UploadId: id,
    ChecksumType: 'FULL_OBJECT' as const,
    MpuObjectSize: upload.bytes,
    MultipartUpload: { Parts: numbers.map((number) => parts.get(number)!) },
  }
  await s3.send(new CompleteMultipartUploadCommand(complete), requestOptions)
}

/** The unfinished upload of this launch with its usable parts, or a new one. */
const findOrCreateUpload = async (
  s3: S3Client,
  upload: Upload,
  partBytes: number,
  { multipartUploads, signal }: UploadOptions,
): Promise<{ id: string; parts: Map<number, CompletedPart> }> => {
  const started = multipartUploads?.find(upload.key)
  if (started !== undefined) {
    const parts = await listUploadedParts(s3, upload, started, partBytes, signal).catch((thrown: unknown) => {
      if (thrown instanceof Error && thrown.name === 'NoSuchUpload') return undefined
      throw thrown
    })
    if (parts !== undefined) return { id: started, parts }
  }
  const create = {
    Bucket: upload.bucket,
    Key: upload.key,
    ChecksumAlgorithm: 'CRC64NVME' as const,
    ChecksumType: 'FULL_OBJECT' as const,
    ...encryptionFields(upload.kmsKeyId),
  }
  const { UploadId: id = '' } = await s3.send(new CreateMultipartUploadCommand(create), abortable(signal))
  await multipartUploads?.save(upload.key, id)
  return { id, parts: new Map() }
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
