// The simulated account: who may sign, which roles, buckets, quotas, jobs and logs there are.
import type { RequiredPermission, Policy } from './authorize.ts'
import type { Checksum, ChecksumAlgorithm } from './checksums.ts'
import type { SimulatedInstance } from './ec2.ts'

export interface StoredObject {
  readonly body: Buffer
  readonly etag: string
  readonly checksum: Checksum
  readonly modifiedAt: Date
  /** ARN of the key that encrypts it; undefined: a key of S3. */
  readonly kmsKey?: string | undefined
}

export interface UploadedPart {
  readonly body: Buffer
  readonly etag: string
  readonly checksum: Checksum | undefined
}

export interface MultipartUpload {
  readonly key: string
  readonly algorithm: ChecksumAlgorithm
  readonly type: Checksum['type']
  readonly parts: Map<number, UploadedPart>
  readonly startedAt: Date
  readonly kmsKey?: string | undefined
}

export interface Bucket {
  readonly region: string
  /** Account that owns it. */
  readonly owner: string
  readonly objects: Map<string, StoredObject>
  readonly uploads: Map<string, MultipartUpload>
}

export interface Role {
  readonly arn: string
  /** Services that may assume it. */
  readonly trusts: readonly string[]
}

export interface AccessKey {
  readonly secret: string
  readonly sessionToken?: string
  readonly userArn: string
  readonly expiresAt?: Date
}

export interface LogLine {
  readonly timestamp: number
  readonly message: string
}

/** Per cent at a time in milliseconds. */
export interface MetricPoint {
  readonly at: number
  readonly value: number
}

export interface ProcessingJob {
  /** CreateProcessingJob's request as it came. */
  readonly request: Readonly<Record<string, unknown>>
  readonly arn: string
  readonly createdAt: Date
  startedAt?: Date
  endedAt?: Date
  /** Out of several instance types. */
  selectedType?: string
  status: 'InProgress' | 'Completed' | 'Failed' | 'Stopping' | 'Stopped'
  failureReason?: string
  exitMessage?: string
  /** Ends the container. */
  stop: () => void
  /** Settles when the job has ended. */
  ended: Promise<void>
}

export interface Account {
  readonly id: string
  readonly region: string
  readonly keys: Map<string, AccessKey>
  readonly roles: Map<string, Role>
  readonly buckets: Map<string, Bucket>
  /** Instances by type, "ml.m5.xlarge for processing job usage". */
  readonly quotas: Map<string, number>
  readonly jobs: Map<string, ProcessingJob>
  /** Stream name -> its lines. */
  readonly logs: Map<string, LogLine[]>
  /** Host, as "job/algo-1" -> metric -> its points. */
  readonly metrics: Map<string, Map<string, MetricPoint[]>>
  readonly instances: SimulatedInstance[]
  /** Services, operations or both that are refused as "service:Operation". */
  readonly denied: Map<string, string>
  /** Instance types that are sold out. */
  readonly soldOut: Set<string>
  /** USD per hour of processing, by instance type. */
  readonly prices: Map<string, number>
  /** Own images: repository -> tag -> digest. */
  readonly images: Map<string, Map<string, string>>
  readonly deniedKmsKeys: Set<string>
  /** What the user and the jobs' role may do; undefined: everything. */
  readonly policies: { user?: Policy; role?: Policy }
  /** What user and role needed so far, whether it was allowed or not. */
  readonly requestedPermissions: { readonly user: RequiredPermission[]; readonly role: RequiredPermission[] }
}

export const rootKey = { id: 'AKIASIMULATOR0000001', secret: 'simulated/secret+key/never/on/disk+000001' } as const

export const makeAccount = (region: string): Account => ({
  id: '123456789012',
  region,
  keys: new Map([[rootKey.id, { secret: rootKey.secret, userArn: 'arn:aws:iam::123456789012:user/planner' }]]),
  roles: new Map([
    ['HeadroomProcessing', { arn: 'arn:aws:iam::123456789012:role/service-role/HeadroomProcessing', trusts: ['sagemaker.amazonaws.com'] }],
    ['Planner', { arn: 'arn:aws:iam::123456789012:role/Planner', trusts: ['123456789012'] }],
  ]),
  buckets: new Map(),
  quotas: new Map(),
  jobs: new Map(),
  logs: new Map(),
  metrics: new Map(),
  instances: [],
  denied: new Map(),
  soldOut: new Set(),
  prices: new Map(),
  images: new Map(),
  deniedKmsKeys: new Set(),
  policies: {},
  requestedPermissions: { user: [], role: [] },
})

/** Keys are named by their ID or ARN. */
export const kmsKeyArn = ({ region, id }: Account, key: string): string =>
  key.startsWith('arn:') ? key : `arn:aws:kms:${region}:${id}:key/${key}`

export const addBucket = (account: Account, name: string, region = account.region, owner = account.id): Bucket => {
  const bucket: Bucket = { region, owner, objects: new Map(), uploads: new Map() }
  account.buckets.set(name, bucket)
  return bucket
}
