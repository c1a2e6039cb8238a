// Who asks: the Signature Version 4 of a request, with the checks whose failures users meet. Signatures are recomputed.
import { createHash, createHmac } from 'node:crypto'
import type { Account } from './account.ts'
import { ServiceError, type ServiceRequest } from './wire.ts'

export interface Caller {
  readonly service: string
  readonly region: string
  readonly accessKeyId: string
  readonly userArn: string
}

const scopePattern =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/
const toleranceMs = 5 * 60_000

/** The service that a request is signed for, "" where it is not signed. */
export const serviceOf = (request: ServiceRequest): string => scopePattern.exec(request.headers['authorization'] ?? '')?.[4] ?? ''

/** Throws what AWS answers to a request without, with unknown, expired or wrongly dated credentials. */
export const identifyCaller = (account: Account, request: ServiceRequest, now: Date): Caller => {
  const [, accessKeyId, day, region, service, signedHeaders, signature] = scopePattern.exec(request.headers['authorization'] ?? '') ?? []
  const isS3 = service === 's3'
  if (accessKeyId === undefined || service === undefined || region === undefined) {
    throw new ServiceError('MissingAuthenticationToken', 'Missing Authentication Token', 403)
  }
  const key = account.keys.get(accessKeyId)
  if (key === undefined) {
    throw isS3
      ? new ServiceError('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', 403)
      : new ServiceError('UnrecognizedClientException', 'The security token included in the request is invalid.')
  }
  const stamp = request.headers['x-amz-date'] ?? ''
  const signedAt = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!(Math.abs(signedAt - now.getTime()) <= toleranceMs)) {
    throw isS3
      ? new ServiceError('RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.', 403)
      : new ServiceError('SignatureDoesNotMatch', `Signature expired: ${stamp} is now earlier than the allowed time.`, 403)
  }
  if (key.sessionToken !== undefined && request.headers['x-amz-security-token'] !== key.sessionToken) {
    throw new ServiceError('InvalidClientTokenId', 'The security token included in the request is invalid.', 403)
  }
  if (key.expiresAt !== undefined && key.expiresAt <= now) throw expired(isS3)
  if (signature !== sign(request, key.secret, { day: day!, region, service, stamp, signedHeaders: signedHeaders! })) {
    throw new ServiceError('SignatureDoesNotMatch', 'The request signature we calculated does not match the signature you provided.', 403)
  }
  const statedHash = request.headers['x-amz-content-sha256'] ?? ''
  if (/^[0-9a-f]{64}$/.test(statedHash) && statedHash !== sha256(request.body))
    throw new ServiceError('XAmzContentSHA256Mismatch', "The provided 'x-amz-content-sha256' header does not match what was computed.")
  return { service, region, accessKeyId, userArn: key.userArn }
}

export const expired = (isS3: boolean): ServiceError =>
  isS3
    ? new ServiceError('ExpiredToken', 'The provided token has expired.')
    : new ServiceError('ExpiredTokenException', 'The security token included in the request is expired', 403)

interface Scope {
  readonly day: string
  readonly region: string
  readonly service: string
  readonly stamp: string
  readonly signedHeaders: string
}

const sign = ({ method, url, path: sentPath, body, headers }: ServiceRequest, secret: string, scope: Scope): string => {
  const names = scope.signedHeaders.split(';')
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&')
  const path = scope.service === 's3' ? sentPath : sentPath.split('/').map(encode).join('/')
  const canonical = [
    method,
    path,
    query,
    ...names.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    scope.signedHeaders,
    headers['x-amz-content-sha256'] ?? sha256(body),
  ].join('\n')
  const credential = `${scope.day}/${scope.region}/${scope.service}/aws4_request`
  const text = ['AWS4-HMAC-SHA256', scope.stamp, credential, sha256(canonical)].join('\n')
  const hmac = (key: string | Buffer, part: string): Buffer => createHmac('sha256', key).update(part).digest()
  const key = [scope.region, scope.service, 'aws4_request'].reduce(hmac, hmac(`AWS4${secret}`, scope.day))
  return hmac(key, text).toString('hex')
}

const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex')

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
