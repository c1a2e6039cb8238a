// S3 as REST and XML: objects with ranges and conditions, buckets with their region, listings in pages.
import type { Account, Bucket, StoredObject } from './account.ts'
import { verifiedChecksum } from './checksums.ts'
import { handleMultipart } from './s3-multipart.ts'
import { assertWritable, checksumHeaders, defaultChecksum, etagOf, preconditionFailed, requestedKmsKey, storeObject } from './s3-objects.ts'
import { element, ServiceError, xmlResponse, type ServiceResponse, type ServiceRequest } from './wire.ts'

/** The S3 operation of a request. */
export const s3Operation = ({ method, url, path }: ServiceRequest): string => {
  const { key } = splitPath(path)
  const has = (name: string): boolean => url.searchParams.has(name)
  if (url.pathname === '/') return 'ListBuckets'
  if (key === '') {
    if (has('uploads')) return 'ListMultipartUploads'
    if (has('location')) return 'GetBucketLocation'
    if (method === 'HEAD') return 'HeadBucket'
    return 'ListObjectsV2'
  }
  if (has('uploads')) return 'CreateMultipartUpload'
  if (has('uploadId')) {
    return { PUT: 'UploadPart', GET: 'ListParts', POST: 'CompleteMultipartUpload', DELETE: 'AbortMultipartUpload' }[method] ?? 'Unknown'
  }
  return { PUT: 'PutObject', GET: 'GetObject', HEAD: 'HeadObject', DELETE: 'DeleteObject' }[method] ?? 'Unknown'
}

const splitPath = (path: string): { name: string; key: string } => {
  const [name = '', ...rest] = path.slice(1).split('/')
  return { name: decodeURIComponent(name), key: decodeURIComponent(rest.join('/')) }
}

export const handleS3 = (account: Account, request: ServiceRequest, region: string, now: Date): ServiceResponse => {
  const operation = s3Operation(request)
  if (operation === 'ListBuckets') return listBuckets(account)
  const { name, key } = splitPath(request.path)
  const bucket = account.buckets.get(name)
  if (bucket === undefined) throw new ServiceError('NoSuchBucket', 'The specified bucket does not exist', 404)
  const expectedOwner = request.headers['x-amz-expected-bucket-owner']
  if (expectedOwner !== undefined && expectedOwner !== bucket.owner) throw new ServiceError('AccessDenied', 'Access Denied', 403)
  if (bucket.region !== region && operation !== 'GetBucketLocation') throw wrongRegion(bucket)
  switch (operation) {
    case 'HeadBucket':
      return { status: 200, headers: { 'x-amz-bucket-region': bucket.region } }
    case 'GetBucketLocation':
      return xmlResponse('LocationConstraint', bucket.region === 'us-east-1' ? [] : [bucket.region])
    case 'ListObjectsV2':
      return listObjects(name, bucket, request.url.searchParams)
    case 'PutObject':
      return putObject(account, bucket, key, request, now)
    case 'GetObject':
    case 'HeadObject':
      return getObject(bucket, key, request)
    case 'DeleteObject':
      bucket.objects.delete(key)
      return { status: 204 }
    default:
      return handleMultipart(account, operation, bucket, key, request, now)
  }
}

const wrongRegion = ({ region }: Bucket): ServiceError =>
  new ServiceError('PermanentRedirect', 'The bucket you are attempting to access must be addressed using the specified endpoint.', 301, {
    'x-amz-bucket-region': region,
  })

const listBuckets = (account: Account): ServiceResponse => {
  const buckets = [...account.buckets].map(([name, { region }]) =>
    element('Bucket', [element('Name', name), element('BucketRegion', region), element('CreationDate', '2026-01-01T00:00:00.000Z')]),
  )
  return xmlResponse('ListAllMyBucketsResult', [element('Buckets', buckets)])
}

/** Keys in byte order, as S3 lists them. */
const sortedKeys = (bucket: Bucket): string[] => [...bucket.objects.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))

const listObjects = (name: string, bucket: Bucket, query: URLSearchParams): ServiceResponse => {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const isEncoded = query.get('encoding-type') === 'url'
  const shown = (text: string): string => (isEncoded ? encodeURIComponent(text) : text)
  const limit = Math.min(1000, Number(query.get('max-keys') ?? 1000))
  const token = query.get('continuation-token')
  const after = token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64').toString()
  const contents: string[] = []
  const prefixes = new Set<string>()
  let last = ''
  let isTruncated = false
  for (const key of sortedKeys(bucket)) {
    if (!key.startsWith(prefix) || key <= after) continue
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const common = cut < 0 ? undefined : key.slice(0, cut + delimiter.length)
    if (common !== undefined && (prefixes.has(common) || (after !== '' && after.startsWith(common)))) {
      last = key
      continue
    }
    if (contents.length + prefixes.size >= limit) {
      isTruncated = true
      break
    }
    last = key
    if (common !== undefined) prefixes.add(common)
    else contents.push(element('Contents', describeObject(shown(key), bucket.objects.get(key)!)))
  }
  return xmlResponse('ListBucketResult', [
    element('Name', name),
    element('Prefix', shown(prefix)),
    ...(isEncoded ? [element('EncodingType', 'url')] : []),
    element('KeyCount', contents.length + prefixes.size),
    element('MaxKeys', limit),
    element('IsTruncated', isTruncated),
    ...(isTruncated ? [element('NextContinuationToken', Buffer.from(last).toString('base64'))] : []),
    ...contents,
    ...[...prefixes].map((common) => element('CommonPrefixes', [element('Prefix', shown(common))])),
  ])
}

const describeObject = (key: string, { etag, body, modifiedAt }: StoredObject): string[] => [
  element('Key', key),
  element('LastModified', modifiedAt.toISOString()),
  element('ETag', etag),
  element('Size', body.length),
]

const putObject = (account: Account, bucket: Bucket, key: string, { headers, body }: ServiceRequest, now: Date): ServiceResponse => {
  assertWritable(bucket, key, headers)
  const checksum = verifiedChecksum(headers, body) ?? defaultChecksum(body)
  const stored = storeObject(bucket, key, body, checksum, now, etagOf(body), requestedKmsKey(account, headers))
  return { status: 200, headers: { etag: stored.etag, ...checksumHeaders(checksum) } }
}

const getObject = (bucket: Bucket, key: string, { headers, method }: ServiceRequest): ServiceResponse => {
  const stored = bucket.objects.get(key)
  if (stored === undefined) throw new ServiceError('NoSuchKey', 'The specified key does not exist.', 404)
  const { body, etag, checksum, modifiedAt } = stored
  if (headers['if-match'] !== undefined && headers['if-match'] !== etag) throw preconditionFailed()
  if (headers['if-none-match'] === etag) return { status: 304, headers: { etag } }
  const common = { etag, 'last-modified': modifiedAt.toUTCString(), 'accept-ranges': 'bytes' }
  const range = parseRange(headers['range'], body.length)
  if (range === undefined) {
    const checksums = headers['x-amz-checksum-mode'] === 'ENABLED' ? checksumHeaders(checksum) : {}
    return { status: 200, headers: { ...common, ...checksums, ...(method === 'HEAD' ? { 'content-length': body.length } : {}) }, body }
  }
  return {
    status: 206,
    headers: { ...common, 'content-range': `bytes ${range.first}-${range.last}/${body.length}` },
    body: body.subarray(range.first, range.last + 1),
  }
}

const parseRange = (header: string | undefined, size: number): { first: number; last: number } | undefined => {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  const range =
    first === ''
      ? { first: Math.max(0, size - Number(last)), last: size - 1 }
      : { first: Number(first), last: last === '' ? size - 1 : Math.min(Number(last), size - 1) }
  if (range.first > range.last || range.first >= size) {
    throw new ServiceError('InvalidRange', 'The requested range is not satisfiable', 416)
  }
  return range
}
