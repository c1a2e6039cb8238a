// What CreateProcessingJob refuses: every limit of a processing job, roles that cannot be assumed, quotas, images of other regions.
import { z } from 'zod'
import type { Account } from './account.ts'
import { ServiceError } from './wire.ts'

const text = (max: number) => z.string().min(1).max(max)
const instanceType = z.string().regex(/^ml\.[a-z0-9-]+\.[a-z0-9]+$/)
const kms = z.string().max(2048).optional()

const input = z.object({
  InputName: text(256),
  AppManaged: z.boolean().optional(),
  S3Input: z.object({
    S3Uri: z
      .string()
      .max(1024)
      .regex(/^(https|s3):\/\/[^/]+\/?/),
    LocalPath: z.string().max(256).optional(),
    S3DataType: z.enum(['S3Prefix', 'ManifestFile']),
    S3InputMode: z.enum(['File', 'Pipe']).optional(),
    S3DataDistributionType: z.enum(['FullyReplicated', 'ShardedByS3Key']).optional(),
    S3CompressionType: z.enum(['None', 'Gzip']).optional(),
  }),
})

const output = z.object({
  OutputName: text(256),
  S3Output: z.object({
    S3Uri: z
      .string()
      .max(1024)
      .regex(/^(https|s3):\/\/[^/]+\/?/),
    LocalPath: z.string().max(256),
    S3UploadMode: z.enum(['EndOfJob', 'Continuous']),
  }),
})

export const processingRequestSchema = z.object({
  ProcessingJobName: z
    .string()
    .max(63)
    .regex(/^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/),
  RoleArn: z.string().min(20).max(2048),
  AppSpecification: z.object({
    ImageUri: text(255),
    ContainerEntrypoint: z.array(z.string().max(256)).min(1).max(100).optional(),
    ContainerArguments: z.array(z.string().max(256)).min(1).max(100).optional(),
  }),
  Environment: z
    .record(
      z
        .string()
        .max(256)
        .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/),
      z.string().max(256),
    )
    .optional(),
  ProcessingInputs: z.array(input).max(10).optional(),
  ProcessingOutputConfig: z.object({ Outputs: z.array(output).max(10), KmsKeyId: kms }).optional(),
  ProcessingResources: z.object({
    ClusterConfig: z
      .object({
        InstanceCount: z.int().min(1).max(100),
        InstanceType: instanceType.optional(),
        InstancePreferences: z
          .array(z.strictObject({ InstanceType: instanceType }))
          .min(1)
          .max(5)
          .optional(),
        VolumeSizeInGB: z.int().min(1).max(16_384),
        VolumeKmsKeyId: kms,
      })
      .refine(({ InstanceType, InstancePreferences }) => (InstanceType === undefined) !== (InstancePreferences === undefined)),
  }),
  StoppingCondition: z.object({ MaxRuntimeInSeconds: z.int().min(1).max(777_600) }).optional(),
  NetworkConfig: z
    .object({
      EnableNetworkIsolation: z.boolean().optional(),
      EnableInterContainerTrafficEncryption: z.boolean().optional(),
      VpcConfig: z.object({ SecurityGroupIds: z.array(text(32)).min(1).max(5), Subnets: z.array(text(32)).min(1).max(16) }).optional(),
    })
    .optional(),
  Tags: z
    .array(z.object({ Key: text(128), Value: z.string().max(256) }))
    .max(50)
    .optional(),
})
export type ProcessingRequest = z.infer<typeof processingRequestSchema>

/** In the order of preference. */
export const namedTypes = ({ ProcessingResources: { ClusterConfig } }: ProcessingRequest): string[] =>
  ClusterConfig.InstanceType === undefined
    ? ClusterConfig.InstancePreferences!.map(({ InstanceType }) => InstanceType)
    : [ClusterConfig.InstanceType]

const maxEntries = 100
const maxAccountVolumeGb = 1024

/** Throws what SageMaker answers. */
export const checkProcessingRequest = (account: Account, fields: Readonly<Record<string, unknown>>): ProcessingRequest => {
  const parsed = processingRequestSchema.safeParse(fields)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw invalid(`1 validation error detected: Value at '${issue!.path.join('.')}' failed to satisfy constraint: ${issue!.message}`)
  }
  const request = parsed.data
  if (Object.keys(request.Environment ?? {}).length > maxEntries)
    throw invalid("Value at 'environment' failed to satisfy constraint: at most 100 entries")
  const paths = [
    ...(request.ProcessingInputs ?? []).map(({ S3Input }) => S3Input.LocalPath ?? ''),
    ...(request.ProcessingOutputConfig?.Outputs ?? []).map(({ S3Output }) => S3Output.LocalPath),
  ]
  const outside = paths.find((path) => !path.startsWith('/opt/ml/processing/'))
  if (outside !== undefined) throw invalid(`LocalPath ${outside} must start with /opt/ml/processing`)
  if (new Set(paths).size < paths.length) throw invalid('All LocalPath values must be unique.')
  const role = [...account.roles.values()].find(({ arn }) => arn === request.RoleArn)
  if (role?.trusts.includes('sagemaker.amazonaws.com') !== true) {
    throw invalid(
      `Could not assume role ${request.RoleArn}. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role.`,
    )
  }
  checkImage(account, request.AppSpecification.ImageUri)
  checkQuota(account, request)
  return request
}

const invalid = (message: string): ServiceError => new ServiceError('ValidationException', message)

const checkImage = (account: Account, uri: string): void => {
  const [, region] = /^\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/[^:@]+(?::[^:@]+|@sha256:[0-9a-f]{64})$/.exec(uri) ?? []
  if (region === undefined) throw invalid(`Invalid image URI ${uri}. Please provide a valid Amazon Elastic Container Registry path.`)
  if (region !== account.region) throw invalid(`Invalid region in image URI ${uri}: images must be in ${account.region}.`)
}

const checkQuota = (account: Account, request: ProcessingRequest): void => {
  const { InstanceCount, VolumeSizeInGB, VolumeKmsKeyId } = request.ProcessingResources.ClusterConfig
  const InstanceType = namedTypes(request)[0]!
  const name = `${InstanceType} for processing job usage`
  const limit = account.quotas.get(name) ?? 20
  const used = [...account.jobs.values()].filter(({ status }) => status === 'InProgress' || status === 'Stopping').length
  if (InstanceCount > limit) {
    throw new ServiceError(
      'ResourceLimitExceeded',
      `The account-level service limit '${name}' is ${limit} Instances, with current utilization of ${used} Instances and a request delta of ${InstanceCount} Instances. Please use AWS Service Quotas to request an increase for this quota.`,
    )
  }
  if (VolumeSizeInGB > maxAccountVolumeGb) {
    throw new ServiceError(
      'ResourceLimitExceeded',
      `The account-level service limit 'Size of EBS volume for a processing job instance' is ${maxAccountVolumeGb} Gigabytes, with a request of ${VolumeSizeInGB} Gigabytes.`,
    )
  }
  for (const key of [VolumeKmsKeyId, request.ProcessingOutputConfig?.KmsKeyId]) {
    if (key !== undefined && account.deniedKmsKeys.has(key)) {
      throw new ServiceError(
        'ValidationException',
        `KMS error (AccessDeniedException): User is not authorized to perform: kms:CreateGrant on resource: ${key}`,
      )
    }
  }
}
