// Checks before a launch: one line per check, with the fix for each failure.
import { AbortMultipartUploadCommand, CreateMultipartUploadCommand, HeadBucketCommand } from '@aws-sdk/client-s3'
import type { CloudCaller, Finding, Preflight, PreflightCheck } from '../../../src-shared/cloud/cloud-job.ts'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { httpStatusOf, isAccessDenied, toCloudError } from '../account/cloud-error.ts'
import { type Connection, abortable, expectBucketOwner, identifyCaller } from '../account/connection.ts'
import { priceListName, type PriceList } from '../account/price-list.ts'
import { checkForecasts } from './check-forecasts.ts'
import { encryptionFields } from '../storage/upload-files.ts'
import { checkImage } from './check-image.ts'
import { checkModule } from './check-module.ts'
import { checkQuotas } from './check-quota.ts'
import { checkRole } from './check-role.ts'
import { findEngineBundle } from '../launch/engine-bundle.ts'
import { suggestSparkInstances, type InputSize } from '../jobs/instance-types.ts'
import { parseS3Address } from '../storage/list-objects.ts'
import { assertWithinCostLimit, estimateRunCostUsd, partsOf, planResources, sparkTaskOf } from '../launch/plan-resources.ts'

export interface PreflightOptions {
  readonly signal?: AbortSignal | undefined
  /** Called with each line as soon as it is known. */
  readonly onCheck?: ((check: PreflightCheck) => void) | undefined
  /** Absent: asked of AWS. */
  readonly caller?: CloudCaller | undefined
}

const toFailedFinding = ({ code, message, next }: HeadroomError): Finding => ({
  state: 'failed',
  code,
  detail: message,
  ...(next === undefined ? {} : { next }),
})

type RunCheck = (id: string, title: string, findings: () => Promise<Finding | undefined>) => Promise<PreflightCheck | undefined>

/** Changes nothing in AWS and costs nothing. Throws only when aborted: a failure is a line. */
export const preflight = async (connection: Connection, request: LaunchRequest, options: PreflightOptions = {}): Promise<Preflight> => {
  const { signal, onCheck } = options
  const { settings } = request
  const { region } = connection
  const check: RunCheck = async (id, title, runCheck) => {
    const finding = await runCheck().catch((thrown: unknown): Finding => {
      signal?.throwIfAborted()
      return toFailedFinding(toCloudError(thrown, { region, roleArn: settings.roleArn, kmsKeyId: settings.kmsKeyId }))
    })
    if (finding === undefined) return undefined
    const line = { id, title, ...finding }
    onCheck?.(line)
    return line
  }

  let caller: CloudCaller | null = options.caller ?? null
  const identity = await check('identity', 'Credentials', async () => {
    caller ??= await identifyCaller(connection)
    const { arn, account, endpoint } = caller
    return { state: 'ok', detail: `${arn} in account ${account}, ${region}${endpoint === null ? '' : `, at ${endpoint}`}` }
  })
  if (caller === null) {
    return { caller, checks: toLines([identity]), passed: false, instanceType: null, mostUsd: null, suggestedInstances: null }
  }
  expectBucketOwner(connection, settings, caller)
  const spark = sparkTaskOf(request)?.spark
  let size: InputSize = { bytes: 0, unpackedBytes: 0 }
  const first = await Promise.all([
    check('bucket', 'Bucket', () => checkBucket(connection, settings.bucket, signal)),
    check('input', 'Forecasts', async () => {
      const { finding, ...found } = await checkForecasts(connection, request, signal)
      size = found.size
      return finding.state === 'failed' ? finding : ((await findInputElsewhere(connection, request, signal)) ?? finding)
    }),
    check('output', 'Output', () => checkWritable(connection, request, signal)),
    check('role', 'Role', () => checkRole(connection, settings.roleArn, signal)),
    check('image', 'Image', () =>
      checkImage(connection, caller!, settings.imageUri, spark === undefined ? 'scikit-learn' : 'Spark', signal),
    ),
  ])
  const suggestedInstances = spark === undefined && request.task.kind === 'engine' ? suggestSparkInstances(size.bytes) : undefined
  let instanceType: string | null = null
  let volumeGb = 0
  let mostUsd: number | null = null
  const second = [
    await check('machine', 'Instances', async () => {
      const planned = planResources(request, partsOf(request)[0], size)
      instanceType = planned.instanceType
      volumeGb = planned.volumeGb
      const quota = await checkQuotas(connection, planned, signal)
      return suggestedInstances === undefined || quota.state === 'failed' ? quota : warnTooSmall(quota, suggestedInstances)
    }),
    await check('engine', 'Engine', async () => {
      if (request.task.kind !== 'engine') return undefined
      const { version, bytes } = await findEngineBundle()
      return { state: 'ok', detail: `Version ${version}, ${(bytes / 1e6).toFixed(0)} MB, uploaded once` }
    }),
    await check('module', 'Module', async () =>
      request.task.kind === 'python-module' ? checkModule(request.task, settings.networkIsolation) : undefined,
    ),
    await check('encryption', 'Encryption', async () =>
      settings.kmsKeyId === undefined
        ? undefined
        : {
            state: 'warning',
            detail: `KMS key ${settings.kmsKeyId}: the role needs kms:Decrypt, kms:Encrypt, kms:GenerateDataKey and kms:CreateGrant, you need kms:CreateGrant.`,
          },
    ),
    await check('network', 'Network', async () => checkNetwork(request)),
    await check('cost', 'Cost', async () => {
      if (instanceType === null) return undefined
      mostUsd = estimateRunCostUsd(request, connection.prices, size)
      return checkCost(request, connection.prices, mostUsd, instanceType, volumeGb)
    }),
  ]
  const checks = toLines([identity, ...first, ...second])
  const passed = checks.every(({ state }) => state !== 'failed')
  return { caller, checks, passed, instanceType, mostUsd, suggestedInstances: suggestedInstances ?? null }
}

const toLines = (checks: readonly (PreflightCheck | undefined)[]): PreflightCheck[] => checks.filter((line) => line !== undefined)

/** Throws the first failure, with the number of the others. */
export const assertPassed = ({ checks }: Preflight): void => {
  const [failed, ...others] = checks.filter(({ state }) => state === 'failed')
  if (failed === undefined) return
  const more =
    others.length === 0 ? '' : ` ${others.length} more ${others.length === 1 ? 'check' : 'checks'} failed; see headroom cloud preflight.`
  const { code = 'cloud-setup', detail, next } = failed
  throw new HeadroomError(code, detail, { next: `${next ?? ''}${more}`.trim() })
}

/** Forecasts in a bucket of another region, which SageMaker does not read. */
const findInputElsewhere = async (
  connection: Connection,
  { input, settings }: LaunchRequest,
  signal: AbortSignal | undefined,
): Promise<Finding | undefined> => {
  if (typeof input !== 'string') return undefined
  const { bucket } = parseS3Address(input)
  if (bucket === settings.bucket) return undefined
  const found = await checkBucket(connection, bucket, signal)
  return found.state === 'failed' ? found : undefined
}

const checkBucket = async ({ s3, region }: Connection, bucket: string, signal: AbortSignal | undefined): Promise<Finding> => {
  const head = await s3.send(new HeadBucketCommand({ Bucket: bucket }), abortable(signal)).catch((thrown: unknown) => {
    if (httpStatusOf(thrown) === 404) {
      throw new HeadroomError('cloud-setup', `There is no bucket ${bucket}.`, { next: 'Choose another bucket, or create it.' })
    }
    if (isAccessDenied(thrown)) {
      throw new HeadroomError('cloud-refused', `Missing s3:ListBucket for the bucket ${bucket}, or another account owns it.`, {
        next: 'Request this permission, or state the account that owns the bucket (command line: --bucket-owner).',
      })
    }
    throw thrown
  })
  const bucketRegion = head.BucketRegion ?? region
  if (bucketRegion === region && bucket.startsWith('arn:')) {
    return {
      state: 'warning',
      detail: `${bucket} can be reached; no page of AWS says that processing jobs read addresses with the ARN of an access point.`,
      next: 'If SageMaker refuses it, name the alias of the access point.',
    }
  }
  if (bucketRegion === region) return { state: 'ok', detail: `${bucket} in ${bucketRegion}` }
  return {
    state: 'failed',
    detail: `${bucket} is in ${bucketRegion}, but the job runs in ${region}.`,
    next: `Launch in ${bucketRegion}, or choose a bucket in ${region}.`,
  }
}

/** Starts an upload, encrypted as that of the launch, and aborts it: this shows write access without leaving an object. */
const checkWritable = async ({ s3 }: Connection, { settings }: LaunchRequest, signal: AbortSignal | undefined): Promise<Finding> => {
  const target = { Bucket: settings.bucket, Key: `${settings.prefix}/preflight`, ...encryptionFields(settings.kmsKeyId) }
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target), abortable(signal)).catch((thrown: unknown) => {
    if (isAccessDenied(thrown) && !/kms/i.test(String(thrown))) {
      throw new HeadroomError('cloud-refused', `Missing s3:PutObject below s3://${settings.bucket}/${settings.prefix}/.`, {
        next: 'Request this permission, or choose another S3 prefix.',
      })
    }
    throw thrown
  })
  const upload = { Bucket: target.Bucket, Key: target.Key, UploadId }
  if (UploadId !== undefined) await s3.send(new AbortMultipartUploadCommand(upload), abortable(signal))
  return { state: 'ok', detail: `s3://${settings.bucket}/${settings.prefix}/ is writable` }
}

const warnTooSmall = ({ detail }: Finding, instances: number): Finding => ({
  state: 'warning',
  detail: `${detail}. The forecasts may need more memory.`,
  next: `Use a Spark cluster: --engine spark --instances ${instances}.`,
})

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
  if (networkIsolation && task.kind === 'engine' && task.spark !== undefined) {
    return { state: 'ok', detail: 'Spark instances reach S3 and each other; the engine job is isolated.' }
  }
  return networkIsolation ? { state: 'ok', detail: 'Isolated: the container has no network.' } : undefined
}

const checkCost = (request: LaunchRequest, prices: PriceList, mostUsd: number | null, type: string, volumeGb: number): Finding => {
  assertWithinCostLimit(mostUsd, request, prices)
  if (mostUsd === null) return { state: 'warning', detail: `The ${priceListName(prices)} does not contain ${type}.` }
  const hours = request.settings.maxRuntimeSeconds / 3600
  return {
    state: 'ok',
    detail: `Up to ${mostUsd.toFixed(2)} USD for ${hours.toFixed(1)} h with a volume of ${volumeGb} GB (estimate, ${priceListName(prices)})`,
  }
}
