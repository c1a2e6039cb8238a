// Checks before a launch: one line per check, with the fix for each failure.
import { AbortMultipartUploadCommand, CreateMultipartUploadCommand, HeadBucketCommand } from '@aws-sdk/client-s3'
import type { CloudCaller, Finding, Preflight, PreflightCheck } from '../../../src-shared/cloud/cloud-job.ts'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { httpStatusOf, isAccessDenied, toCloudError } from '../account/cloud-error.ts'
import { type Connection, abortable, identifyCaller } from '../account/connection.ts'
import { checkForecasts } from './check-forecasts.ts'
import { checkQuota } from './check-quota.ts'
import { checkRole } from './check-role.ts'
import { findEngineBundle } from '../launch/engine-bundle.ts'
import { findImage, pricesAsOf, requireImage, suggestSparkInstances, type ImageKind } from '../jobs/instance-types.ts'
import { assertWithinCostLimit, estimateRunCostUsd, partsOf, planResources, sparkTaskOf } from '../launch/plan-resources.ts'

export interface PreflightOptions {
  readonly signal?: AbortSignal | undefined
  /** Called with each line as soon as it is known. */
  readonly onCheck?: ((check: PreflightCheck) => void) | undefined
}

const toFailedFinding = (error: HeadroomError): Finding => ({
  state: 'failed',
  detail: error.message,
  ...(error.next === undefined ? {} : { next: error.next }),
})

/** Changes nothing in AWS. Throws only when aborted: a failure is a line. */
export const preflight = async (connection: Connection, request: LaunchRequest, options: PreflightOptions = {}): Promise<Preflight> => {
  const { signal, onCheck } = options
  const { settings } = request
  const { region } = connection
  const checks: PreflightCheck[] = []
  const check = async (id: string, title: string, runCheck: () => Promise<Finding | undefined>): Promise<void> => {
    const finding = await runCheck().catch((thrown: unknown): Finding => {
      signal?.throwIfAborted()
      return toFailedFinding(toCloudError(thrown, { region, roleArn: settings.roleArn }))
    })
    if (finding === undefined) return
    const line = { id, title, ...finding }
    checks.push(line)
    onCheck?.(line)
  }

  let caller: CloudCaller | null = null
  await check('identity', 'Credentials', async () => {
    caller = await identifyCaller(connection)
    return {
      state: 'ok',
      detail: `${caller.arn} in account ${caller.account}, ${region}${caller.endpoint === null ? '' : `, at ${caller.endpoint}`}`,
    }
  })
  if (caller === null) return { caller, checks, passed: false, instanceType: null, mostUsd: null, suggestedInstances: null }

  await check('bucket', 'Bucket', () => checkBucket(connection, settings.bucket, signal))
  let inputBytes = 0
  await check('input', 'Forecasts', async () => {
    const inputCheck = await checkForecasts(connection, request, signal)
    inputBytes = inputCheck.bytes
    return inputCheck.finding
  })
  await check('output', 'Output', () => checkWritable(connection, request, signal))
  await check('role', 'Role', () => checkRole(connection, settings.roleArn, signal))
  const spark = sparkTaskOf(request)?.spark
  await check('image', 'Image', async () => checkImage(region, settings.imageUri, spark === undefined ? 'scikit-learn' : 'Spark'))
  const { instanceType, instances } = planResources(request, partsOf(request)[0], inputBytes)
  const suggestedInstances = spark === undefined && request.task.kind === 'engine' ? suggestSparkInstances(inputBytes) : undefined
  await check('machine', 'Instances', async () => {
    const quota = await checkQuota(connection, instanceType, instances, signal)
    return suggestedInstances === undefined || quota.state === 'failed' ? quota : warnTooSmall(quota, suggestedInstances)
  })
  await check('engine', 'Engine', async () => {
    if (request.task.kind !== 'engine') return undefined
    const { version, bytes } = await findEngineBundle()
    return { state: 'ok', detail: `Version ${version}, ${(bytes / 1e6).toFixed(0)} MB, uploaded once` }
  })
  await check('encryption', 'Encryption', async () =>
    settings.kmsKeyId === undefined
      ? undefined
      : {
          state: 'warning',
          detail: `KMS key ${settings.kmsKeyId}: the role needs kms:Decrypt and kms:GenerateDataKey, you need kms:CreateGrant.`,
        },
  )
  await check('network', 'Network', async () => checkNetwork(request))
  const mostUsd = estimateRunCostUsd(request, region, inputBytes)
  await check('cost', 'Cost', async () => checkCost(request, mostUsd, instanceType))
  const passed = checks.every(({ state }) => state !== 'failed')
  return { caller, checks, passed, instanceType, mostUsd, suggestedInstances: suggestedInstances ?? null }
}

const checkBucket = async ({ s3, region }: Connection, bucket: string, signal: AbortSignal | undefined): Promise<Finding> => {
  const head = await s3.send(new HeadBucketCommand({ Bucket: bucket }), abortable(signal)).catch((thrown: unknown) => {
    if (httpStatusOf(thrown) === 404) {
      throw new HeadroomError('cloud-setup', `There is no bucket ${bucket}.`, { next: 'Choose another bucket, or create it.' })
    }
    if (isAccessDenied(thrown)) {
      throw new HeadroomError('cloud-refused', `Missing s3:ListBucket for the bucket ${bucket}.`, { next: 'Request this permission.' })
    }
    throw thrown
  })
  const bucketRegion = head.BucketRegion ?? region
  if (bucketRegion === region) return { state: 'ok', detail: `${bucket} in ${bucketRegion}` }
  return {
    state: 'failed',
    detail: `${bucket} is in ${bucketRegion}, but the job runs in ${region}.`,
    next: `Launch in ${bucketRegion}, or choose a bucket in ${region}.`,
  }
}

/** Starts an upload and aborts it, which shows write access without leaving an object. */
const checkWritable = async ({ s3 }: Connection, { settings }: LaunchRequest, signal: AbortSignal | undefined): Promise<Finding> => {
  const target = { Bucket: settings.bucket, Key: `${settings.prefix}/preflight` }
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target), abortable(signal)).catch((thrown: unknown) => {
    if (isAccessDenied(thrown)) {
      throw new HeadroomError('cloud-refused', `Missing s3:PutObject below s3://${settings.bucket}/${settings.prefix}/.`, {
        next: 'Request this permission, or choose another S3 prefix.',
      })
    }
    throw thrown
  })
  if (UploadId !== undefined) await s3.send(new AbortMultipartUploadCommand({ ...target, UploadId }), abortable(signal))
  return { state: 'ok', detail: `s3://${settings.bucket}/${settings.prefix}/ is writable` }
}

const warnTooSmall = ({ detail }: Finding, instances: number): Finding => ({
  state: 'warning',
  detail: `${detail}. The forecasts may need more memory.`,
  next: `Use a Spark cluster: --engine spark --instances ${instances}.`,
})

const checkImage = (region: string, givenImage: string | undefined, kind: ImageKind): Finding => {
  if (givenImage === undefined) return { state: 'ok', detail: requireImage(kind, region) }
  const defaultImage = findImage(kind, region)
  const [, imageRegion] =
    /^\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/[^:@]+(?::[^:]+|@sha256:[0-9a-f]{64})$/.exec(givenImage) ?? []
  const next = defaultImage === undefined ? 'Choose an image in a registry of this region.' : `Use ${defaultImage}.`
  if (imageRegion === undefined) return { state: 'failed', detail: `${givenImage} is not an Amazon ECR image.`, next }
  if (imageRegion !== region) return { state: 'failed', detail: `The image is in ${imageRegion}, but the job runs in ${region}.`, next }
  return { state: 'ok', detail: givenImage }
}

const checkNetwork = ({ settings, task }: LaunchRequest): Finding | undefined => {
  const { subnets, securityGroupIds, networkIsolation } = settings
  if (subnets.length > 0 && securityGroupIds.length === 0) {
    return { state: 'failed', detail: 'Subnets need a security group.', next: 'Choose a security group of the same VPC.' }
  }
  if (subnets.length > 0) {
    return {
      state: 'warning',
      detail:
        'In a VPC the job needs an S3 gateway endpoint in the route tables of its subnets, and the role ec2 network-interface permissions.',
    }
  }
  if (networkIsolation && task.kind === 'python-module') {
    return {
      state: 'warning',
      detail: 'The module runs without network, so it cannot install packages.',
      next: 'Turn off network isolation if it installs packages.',
    }
  }
  if (networkIsolation && task.kind === 'engine' && task.spark !== undefined) {
    return { state: 'ok', detail: 'Spark instances reach S3 and each other; the engine job is isolated.' }
  }
  return networkIsolation ? { state: 'ok', detail: 'Isolated: the container has no network.' } : undefined
}

const checkCost = (request: LaunchRequest, mostUsd: number | null, type: string): Finding => {
  assertWithinCostLimit(mostUsd, request)
  if (mostUsd === null) return { state: 'warning', detail: `The price list of ${pricesAsOf} does not contain ${type}.` }
  const hours = request.settings.maxRuntimeSeconds / 3600
  return { state: 'ok', detail: `Up to ${mostUsd.toFixed(2)} USD for ${hours.toFixed(1)} h (estimate, price list of ${pricesAsOf})` }
}
