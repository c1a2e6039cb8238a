// What a request needs by IAM, and whether a policy allows it: exact actions, resources with stars, conditions of equal strings.
import { kmsKeyArn, type Account } from './account.ts'
import { requestedKmsKey } from './s3-objects.ts'
import type { ServiceRequest } from './wire.ts'

export interface RequiredPermission {
  readonly action: string
  /** ARN, or "*" where the action knows no narrower one. */
  readonly resource: string
  /** Condition keys and their values. */
  readonly context?: Readonly<Record<string, string>>
}

export interface Statement {
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: readonly string[]
  readonly Condition?:
    | {
        readonly StringEquals?: Readonly<Record<string, string>> | undefined
        readonly Bool?: Readonly<Record<string, string>> | undefined
      }
    | undefined
}
export type Policy = readonly Statement[]

const matchesPattern = (pattern: string, resource: string): boolean =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(resource)

export const allowsBy = ({ Action, Resource, Condition }: Statement, { action, resource, context = {} }: RequiredPermission): boolean =>
  Action.includes(action) &&
  Resource.some((pattern) => matchesPattern(pattern, resource)) &&
  Object.entries({ ...Condition?.StringEquals, ...Condition?.Bool }).every(([key, value]) => context[key] === value)

export const allows = (policy: Policy, permission: RequiredPermission): boolean =>
  policy.some((statement) => allowsBy(statement, permission))

/** Actions that have another name than their operation. */
const s3Actions: Readonly<Record<string, string>> = {
  CreateMultipartUpload: 's3:PutObject',
  UploadPart: 's3:PutObject',
  CompleteMultipartUpload: 's3:PutObject',
  HeadObject: 's3:GetObject',
  ListParts: 's3:ListMultipartUploadParts',
  ListMultipartUploads: 's3:ListBucketMultipartUploads',
  ListObjectsV2: 's3:ListBucket',
  HeadBucket: 's3:ListBucket',
  ListBuckets: 's3:ListAllMyBuckets',
}

const jobsGroup = 'log-group:/aws/sagemaker/ProcessingJobs'

/** Empty for what anybody with credentials may ask: who they are. */
export const requiredPermissions = (
  service: string,
  operation: string,
  { url, path: sentPath, body, headers }: ServiceRequest,
  account: Account,
): readonly RequiredPermission[] => {
  const { region, id, roles } = account
  const action = `${service}:${operation}`
  switch (service) {
    case 's3': {
      const path = decodeURIComponent(sentPath).replace(/^\/|\/$/g, '')
      const resource = path === '' ? '*' : `arn:aws:s3:::${path}`
      const needed = { action: s3Actions[operation] ?? action, resource }
      // A write that compares with the stored object reads it.
      const isCompared = needed.action === 's3:PutObject' && headers['if-match'] !== undefined
      return [
        needed,
        ...(isCompared ? [{ action: 's3:GetObject', resource }] : []),
        ...keyPermissions(account, operation, { url, path: sentPath, headers }),
      ]
    }
    case 'sagemaker': {
      if (operation === 'ListProcessingJobs') return [{ action, resource: '*' }]
      const { ProcessingJobName, RoleArn = '', Tags } = fieldsOf(body)
      const volumeKey = /"VolumeKmsKeyId":"([^"]+)"/.exec(body.toString())?.[1]
      const resource = `arn:aws:sagemaker:${region}:${id}:processing-job/${ProcessingJobName}`
      if (operation !== 'CreateProcessingJob') return [{ action, resource }]
      return [
        { action, resource },
        { action: 'iam:PassRole', resource: RoleArn, context: { 'iam:PassedToService': 'sagemaker.amazonaws.com' } },
        ...(Tags === undefined ? [] : [{ action: 'sagemaker:AddTags', resource }]),
        ...(volumeKey === undefined ? [] : [{ action: 'kms:CreateGrant', resource: kmsKeyArn(account, volumeKey), context: grantContext }]),
      ]
    }
    case 'logs': {
      const { logStreamName } = fieldsOf(body)
      const group = `arn:aws:logs:${region}:${id}:${jobsGroup}`
      return [{ action, resource: `${group}:${logStreamName === undefined ? '' : `log-stream:${logStreamName}`}` }]
    }
    case 'iam': {
      const name = new URLSearchParams(body.toString()).get('RoleName')
      return [{ action, resource: name === null ? '*' : (roles.get(name)?.arn ?? `arn:aws:iam::${id}:role/${name}`) }]
    }
    case 'sts':
      return operation === 'GetCallerIdentity' ? [] : [{ action, resource: '*' }]
    default:
      return [{ action, resource: '*' }]
  }
}

const grantContext = { 'kms:GrantIsForAWSResource': 'true' }

/** What S3 needs of a key to write and to read objects that it encrypts, as the S3 user guide lists it. */
const keyPermissions = (
  account: Account,
  operation: string,
  { url, path, headers }: Pick<ServiceRequest, 'url' | 'path' | 'headers'>,
): readonly RequiredPermission[] => {
  const [name = '', ...rest] = decodeURIComponent(path).slice(1).split('/')
  const bucket = account.buckets.get(name)
  const ofUpload = bucket?.uploads.get(url.searchParams.get('uploadId') ?? '')?.kmsKey
  const asked = requestedKmsKey(account, headers)
  const needs: Readonly<Record<string, readonly [string | undefined, string]>> = {
    PutObject: [asked, 'kms:GenerateDataKey'],
    CreateMultipartUpload: [asked, 'kms:GenerateDataKey'],
    UploadPart: [ofUpload, 'kms:GenerateDataKey'],
    CompleteMultipartUpload: [ofUpload, 'kms:Decrypt'],
    GetObject: [bucket?.objects.get(rest.join('/'))?.kmsKey, 'kms:Decrypt'],
  }
  const [key, action = ''] = needs[operation] ?? []
  return key === undefined ? [] : [{ action, resource: key }]
}

/** What a job's role needs of the key of its outputs and volume. */
export const roleKeyPermissions = (
  account: Account,
  outputKey: string | undefined,
  volumeKey: string | undefined,
): readonly RequiredPermission[] => [
  ...(outputKey === undefined
    ? []
    : ['kms:Encrypt', 'kms:GenerateDataKey'].map((action) => ({ action, resource: kmsKeyArn(account, outputKey) }))),
  ...(volumeKey === undefined ? [] : [{ action: 'kms:CreateGrant', resource: kmsKeyArn(account, volumeKey), context: grantContext }]),
]

/** Empty where the body is no JSON; the service itself says so then. */
const fieldsOf = (body: Buffer): Record<string, string | undefined> => {
  try {
    return JSON.parse(body.toString()) as Record<string, string>
  } catch {
    return {}
  }
}

/** Actions of SageMaker under the job's role besides S3: image, log and metrics, as the AWS page on execution roles lists them. */
export const rolePermissions = (region: string, id: string, imageUri: string, stream: string): readonly RequiredPermission[] => {
  const [, registry = '', repository = ''] = /^(\d{12})\.[^/]+\/([^:@]+)/.exec(imageUri) ?? []
  const image = `arn:aws:ecr:${region}:${registry}:repository/${repository}`
  const group = `arn:aws:logs:${region}:${id}:${jobsGroup}`
  return [
    { action: 'ecr:GetAuthorizationToken', resource: '*' },
    ...['BatchCheckLayerAvailability', 'BatchGetImage', 'GetDownloadUrlForLayer'].map((name) => ({
      action: `ecr:${name}`,
      resource: image,
    })),
    { action: 'logs:CreateLogGroup', resource: group },
    { action: 'logs:DescribeLogStreams', resource: group },
    ...['CreateLogStream', 'PutLogEvents'].map((name) => ({ action: `logs:${name}`, resource: `${group}:log-stream:${stream}` })),
    { action: 'cloudwatch:PutMetricData', resource: '*' },
  ]
}
