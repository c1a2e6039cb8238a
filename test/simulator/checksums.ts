// CRC-32 and CRC-64/NVME as S3 writes them: big-endian, base64. Independent of the SDK's implementation.
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { ServiceError } from './wire.ts'

export const checksumAlgorithms = ['CRC32', 'CRC64NVME', 'SHA256'] as const
export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number]

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm
  readonly value: string
  readonly type: 'FULL_OBJECT' | 'COMPOSITE'
}

// Reflected polynomial 0x9a6c9329ac4bc9b5 as two halves: JavaScript's bit operations have 32 bits.
const tableHigh = new Uint32Array(256)
const tableLow = new Uint32Array(256)
for (let index = 0; index < 256; index++) {
  let high = 0
  let low = index
  for (let bit = 0; bit < 8; bit++) {
    const carries = (low & 1) === 1
    low = (low >>> 1) | ((high & 1) << 31)
    high >>>= 1
    if (carries) {
      high ^= 0x9a6c9329
      low ^= 0xac4bc9b5
    }
  }
  tableHigh[index] = high >>> 0
  tableLow[index] = low >>> 0
}

const crc64nvme = (bytes: Buffer): Buffer => {
  let high = 0xffffffff
  let low = 0xffffffff
  for (let at = 0; at < bytes.length; at++) {
    const index = (low ^ bytes[at]!) & 0xff
    low = ((low >>> 8) | (high << 24)) ^ tableLow[index]!
    high = (high >>> 8) ^ tableHigh[index]!
  }
  const result = Buffer.alloc(8)
  result.writeUInt32BE(~high >>> 0, 0)
  result.writeUInt32BE(~low >>> 0, 4)
  return result
}

const digest = (algorithm: ChecksumAlgorithm, bytes: Buffer): Buffer => {
  switch (algorithm) {
    case 'CRC32': {
      const result = Buffer.alloc(4)
      result.writeUInt32BE(crc32(bytes) >>> 0)
      return result
    }
    case 'CRC64NVME':
      return crc64nvme(bytes)
    case 'SHA256':
      return createHash('sha256').update(bytes).digest()
  }
}

export const checksumOf = (algorithm: ChecksumAlgorithm, bytes: Buffer): string => digest(algorithm, bytes).toString('base64')

/** Checksum of the parts' checksums with their number behind a hyphen, which says nothing of the object as a whole. */
export const compositeOf = (algorithm: ChecksumAlgorithm, parts: readonly string[]): string =>
  `${digest(algorithm, Buffer.concat(parts.map((part) => Buffer.from(part, 'base64')))).toString('base64')}-${parts.length}`

export const checksumHeader = (algorithm: ChecksumAlgorithm): string => `x-amz-checksum-${algorithm.toLowerCase()}`

/** The checksum that a request states, verified; undefined where it states none. */
export const verifiedChecksum = (headers: Readonly<Record<string, string>>, body: Buffer): Checksum | undefined => {
  const algorithm = checksumAlgorithms.find((candidate) => headers[checksumHeader(candidate)] !== undefined)
  if (algorithm === undefined) return undefined
  const value = checksumOf(algorithm, body)
  if (value !== headers[checksumHeader(algorithm)]) {
    throw new ServiceError('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`)
  }
  return { algorithm, value, type: 'FULL_OBJECT' }
}
