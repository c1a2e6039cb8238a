// Multipart uploads: parts are verified on arrival, listed in pages, and joined with a full-object or composite checksum.
import { createHash, randomUUID } from 'node:crypto'
import type { Account, Bucket, MultipartUpload, UploadedPart } from './account.ts'
import {
  checksumAlgorithms,
  checksumHeader,
  checksumOf,
  compositeOf,
  verifiedChecksum,
  type Checksum,
  type ChecksumAlgorithm,
} from './checksums.ts'
import { assertWritable, checksumHeaders, etagOf, requestedKmsKey, storeObject } from './s3-objects.ts'
import { element, ServiceError, xmlResponse, xmlTexts, type ServiceResponse, type ServiceRequest } from './wire.ts'

const minPartBytes = 5 * 1024 * 1024

export const handleMultipart = (
  account: Account,
  operation: string,
  bucket: Bucket,
  key: string,
  request: ServiceRequest,
  now: Date,
): ServiceResponse => {
  switch (operation) {
    case 'CreateMultipartUpload':
      return createUpload(account, bucket, key, request, now)
    case 'ListMultipartUploads':
      return listUploads(bucket, request.url.searchParams)
    case 'UploadPart':
      return uploadPart(findUpload(bucket, key, request), request)
    case 'ListParts':
      return listParts(findUpload(bucket, key, request), key, request.url.searchParams)
    case 'CompleteMultipartUpload':
      return completeUpload(bucket, key, request, now)
    case 'AbortMultipartUpload':
      findUpload(bucket, key, request)
      bucket.uploads.delete(request.url.searchParams.get('uploadId')!)
      return { status: 204 }
    default:
      throw new ServiceError('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405)
  }
}

const createUpload = (account: Account, bucket: Bucket, key: string, { headers }: ServiceRequest, now: Date): ServiceResponse => {
  const requestedAlgorithm = headers['x-amz-checksum-algorithm'] ?? 'CRC64NVME'
  const algorithm = checksumAlgorithms.find((candidate) => candidate === requestedAlgorithm)
  if (algorithm === undefined) throw new ServiceError('InvalidRequest', `Checksum algorithm ${requestedAlgorithm} is not simulated.`)
  const type = headers['x-amz-checksum-type'] ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE')
  if (type === 'FULL_OBJECT' ? algorithm === 'SHA256' : algorithm === 'CRC64NVME') {
    throw new ServiceError('InvalidRequest', `The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm.`)
  }
  const id = randomUUID()
  bucket.uploads.set(id, {
    key,
    algorithm,
    type: type as Checksum['type'],
    parts: new Map(),
    startedAt: now,
    kmsKey: requestedKmsKey(account, headers),
  })
  const response = xmlResponse('InitiateMultipartUploadResult', [element('Key', key), element('UploadId', id)])
  return { ...response, headers: { ...response.headers, 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': type } }
}

const findUpload = (bucket: Bucket, key: string, { url }: ServiceRequest): MultipartUpload => {
  const upload = bucket.uploads.get(url.searchParams.get('uploadId') ?? '')
  if (upload?.key === key) return upload
  throw new ServiceError(
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    404,
  )
}

const uploadPart = (upload: MultipartUpload, { url, headers, body }: ServiceRequest): ServiceResponse => {
  const number = Number(url.searchParams.get('partNumber'))
  if (!(number >= 1 && number <= 10_000))
    throw new ServiceError('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive')
  const checksum = verifiedChecksum(headers, body)
  upload.parts.set(number, { body, etag: etagOf(body), checksum })
  return {
    status: 200,
    headers: { etag: etagOf(body), ...(checksum === undefined ? {} : { [checksumHeader(checksum.algorithm)]: checksum.value }) },
  }
}

const partNumbers = ({ parts }: MultipartUpload): number[] => [...parts.keys()].sort((a, b) => a - b)

const listParts = (upload: MultipartUpload, key: string, query: URLSearchParams): ServiceResponse => {
  const limit = Math.min(1000, Number(query.get('max-parts') ?? 1000))
  const after = Number(query.get('part-number-marker') ?? 0)
  const rest = partNumbers(upload).filter((number) => number > after)
  const shown = rest.slice(0, limit)
  return xmlResponse('ListPartsResult', [
    element('Key', key),
    element('UploadId', query.get('uploadId') ?? ''),
    element('IsTruncated', rest.length > shown.length),
    element('NextPartNumberMarker', shown.at(-1) ?? 0),
    element('ChecksumAlgorithm', upload.algorithm),
    element('ChecksumType', upload.type),
    ...shown.map((number) => element('Part', describePart(number, upload.parts.get(number)!))),
  ])
}

const describePart = (number: number, { etag, body, checksum }: UploadedPart): string[] => [
  element('PartNumber', number),
  element('ETag', etag),
  element('Size', body.length),
  ...(checksum === undefined ? [] : [element(`Checksum${checksum.algorithm}`, checksum.value)]),
]

const listUploads = (bucket: Bucket, query: URLSearchParams): ServiceResponse => {
  const prefix = query.get('prefix') ?? ''
  const uploads = [...bucket.uploads].filter(([, { key }]) => key.startsWith(prefix))
  return xmlResponse('ListMultipartUploadsResult', [
    element('IsTruncated', false),
    ...uploads.map(([id, { key, startedAt }]) =>
      element('Upload', [element('Key', key), element('UploadId', id), element('Initiated', startedAt.toISOString())]),
    ),
  ])
}

const completeUpload = (bucket: Bucket, key: string, request: ServiceRequest, now: Date): ServiceResponse => {
  const upload = findUpload(bucket, key, request)
  assertWritable(bucket, key, request.headers)
  const xml = request.body.toString()
  const numbers = xmlTexts(xml, 'PartNumber').map(Number)
  const etags = xmlTexts(xml, 'ETag')
  const statedChecksums = xmlTexts(xml, `Checksum${upload.algorithm}`)
  if (numbers.some((number, index) => index > 0 && number <= numbers[index - 1]!)) {
    throw new ServiceError('InvalidPartOrder', 'The list of parts was not in ascending order.')
  }
  const parts = numbers.map((number, index) => {
    const part = upload.parts.get(number)
    const isStated = statedChecksums.length === 0 || statedChecksums[index] === part?.checksum?.value
    if (part === undefined || part.etag !== etags[index] || !isStated) {
      throw new ServiceError('InvalidPart', 'One or more of the specified parts could not be found.')
    }
    return part
  })
  if (parts.length === 0) throw new ServiceError('MalformedXML', 'The XML you provided was not well-formed')
  if (parts.slice(0, -1).some(({ body }) => body.length < minPartBytes)) {
    throw new ServiceError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size')
  }
  const body = Buffer.concat(parts.map((part) => part.body))
  const size = request.headers['x-amz-mp-object-size']
  if (size !== undefined && Number(size) !== body.length) {
    throw new ServiceError('InvalidRequest', 'The provided object size does not match the size of the assembled object.')
  }
  const checksum = joinedChecksum(upload, parts, body)
  const expectedChecksum = request.headers[checksumHeader(upload.algorithm)]
  if (expectedChecksum !== undefined && expectedChecksum !== checksum.value)
    throw new ServiceError('BadDigest', `The ${upload.algorithm} you specified did not match.`)
  const digests = Buffer.concat(parts.map((part) => Buffer.from(part.etag.slice(1, -1), 'hex')))
  const etag = `"${createHash('md5').update(digests).digest('hex')}-${parts.length}"`
  storeObject(bucket, key, body, checksum, now, etag, upload.kmsKey)
  bucket.uploads.delete(request.url.searchParams.get('uploadId')!)
  const response = xmlResponse('CompleteMultipartUploadResult', [
    element('Key', key),
    element('ETag', etag),
    element(`Checksum${checksum.algorithm}`, checksum.value),
    element('ChecksumType', checksum.type),
  ])
  return { ...response, headers: { ...response.headers, ...checksumHeaders(checksum) } }
}

const joinedChecksum = (upload: MultipartUpload, parts: readonly UploadedPart[], body: Buffer): Checksum => {
  const { algorithm, type } = upload
  const ofPart = (part: UploadedPart, name: ChecksumAlgorithm): string => part.checksum?.value ?? checksumOf(name, part.body)
  const value =
    type === 'FULL_OBJECT'
      ? checksumOf(algorithm, body)
      : compositeOf(
          algorithm,
          parts.map((part) => ofPart(part, algorithm)),
        )
  return { algorithm, type, value }
}
