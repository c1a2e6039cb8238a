// Everything that can be known before a launch: one line per check, and for each failure how to mend it.
import { AbortMultipartUploadCommand, CreateMultipartUploadCommand, HeadBucketCommand } from '@aws-sdk/client-s3'
import type { CloudCaller, Preflight, PreflightCheck } from '../../../src-shared/cloud/cloud-job.ts'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { httpStatusOf, toCloudError } from '../account/cloud-error.ts'
import { identifyCaller, type Connection } from '../account/connection.ts'
import { checkForecasts } from './check-forecasts.ts'
import { checkQuota } from './check-quota.ts'
import { checkRole } from './check-role.ts'
import { findEngineBundle } from '../launch/engine-bundle.ts'
import { abortable } from '../storage/list-objects.ts'
import {
  chooseInstanceType,
  estimateMaxCostUsd,
  pricesAsOf,
  scikitLearnImage,
  sparkImage,
  defaultSparkInstanceType,
  suggestSparkInstances,
} from '../jobs/instance-types.ts'
import { estimateSparkCostUsd, sparkTaskOf } from '../launch/plan-spark-job.ts'

export interface PreflightOptions {
  readonly signal?: AbortSignal | undefined
  /** Called as each line is known. */
  readonly onCheck?: ((check: PreflightCheck) => void) | undefined
}

/** What a check found, without its name. */
export type Finding = Omit<PreflightCheck, 'id' | 'title'>

export const toFailedFinding = (error: HeadroomError): Finding => ({
  state: 'failed',
  detail: error.message,
  ...(error.next === undefined ? {} : { next: error.next }),
})

/** Asks AWS and changes nothing there. Never throws but when aborted: what goes wrong is a line. */
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
  await check('identity', 'Identity', async () => {
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
  const instanceType = settings.instanceType ?? (spark === undefined ? chooseInstanceType(inputBytes).type : defaultSparkInstanceType)
  const suggestedInstances = spark === undefined && request.task.kind === 'engine' ? suggestSparkInstances(inputBytes) : undefined
  await check('machine', 'Machine', async () => {
    const quota = await checkQuota(connection, instanceType, spark?.instances, signal)
    return suggestedInstances === undefined || quota.state === 'failed' ? quota : warnTooSmall(quota, suggestedInstances)
  })
  await check('engine', 'Engine', async () => {
    if (request.task.kind !== 'engine') return undefined
    const { version, bytes } = await findEngineBundle()
    return { state: 'ok', detail: `version ${version}, ${(bytes / 1e6).toFixed(0)} MB, uploaded once` }
  })
  await check('encryption', 'Encryption', async () =>
    settings.kmsKeyId === undefined
      ? undefined
      : {
          state: 'warning',
          detail: `With the key ${settings.kmsKeyId}: the role needs kms:Decrypt and kms:GenerateDataKey, you need kms:CreateGrant.`,
        },
  )
  await check('network', 'Network', async () => checkNetwork(request))
  const mostUsd =
    spark === undefined
      ? estimateMaxCostUsd(instanceType, region, settings.maxRuntimeSeconds, settings.volumeGb)
      : estimateSparkCostUsd(connection, request, inputBytes)
  await check('cost', 'Cost', async () => checkCost(request, mostUsd, instanceType))
  const passed = checks.every(({ state }) => state !== 'failed')
  return { caller, checks, passed, instanceType, mostUsd, suggestedInstances: suggestedInstances ?? null }
}

const checkBucket = async ({ s3, region }: Connection, bucket: string, signal: AbortSignal | undefined): Promise<Finding> => {
  const head = await s3.send(new HeadBucketCommand({ Bucket: bucket }), abortable(signal)).catch((thrown: unknown) => {
    const status = httpStatusOf(thrown)
    if (status === 404) {
      throw new HeadroomError('cloud-setup', `There is no bucket ${bucket}.`, { next: 'Choose another, or make it.' })
    }
    if (status === 403) {
      throw new HeadroomError('cloud-refused', `You may not look into the bucket ${bucket}.`, { next: 'Ask for s3:ListBucket on it.' })
    }
    throw thrown
  })
  const bucketRegion = head.BucketRegion ?? region
  if (bucketRegion === region) return { state: 'ok', detail: `${bucket} in ${bucketRegion}` }
  return {
    state: 'failed',
    detail: `${bucket} lies in ${bucketRegion}, the job would run in ${region}.`,
    next: `Launch in ${bucketRegion}, or choose a bucket in ${region}.`,
  }
}

/** Begins an upload and gives it up: shows the right to write without leaving anything. */
const checkWritable = async ({ s3 }: Connection, { settings }: LaunchRequest, signal: AbortSignal | undefined): Promise<Finding> => {
  const target = { Bucket: settings.bucket, Key: `${settings.prefix}/preflight` }
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target), abortable(signal)).catch((thrown: unknown) => {
    if (thrown instanceof Error && /AccessDenied|Forbidden/.test(thrown.name)) {
      throw new HeadroomError('cloud-refused', `You may not write below s3://${settings.bucket}/${settings.prefix}/.`, {
        next: 'Ask for s3:PutObject there, or choose another prefix.',
      })
    }
    throw thrown
  })
  if (UploadId !== undefined) await s3.send(new AbortMultipartUploadCommand({ ...target, UploadId }), abortable(signal))
  return { state: 'ok', detail: `s3://${settings.bucket}/${settings.prefix}/ can be written` }
}

const warnTooSmall = ({ detail }: Finding, instances: number): Finding => ({
  state: 'warning',
  detail: `${detail}. The set may outgrow it.`,
  next: `Let Spark compute its rows: --engine spark --instances ${instances}.`,
})

const checkImage = (region: string, givenImage: string | undefined, kind: 'scikit-learn' | 'Spark'): Finding => {
  const defaultImage = kind === 'Spark' ? sparkImage(region) : scikitLearnImage(region)
  if (givenImage === undefined) {
    return defaultImage === undefined
      ? {
          state: 'failed',
          detail: `AWS publishes no ${kind} image in ${region}.`,
          next: kind === 'Spark' ? 'Launch in another region.' : 'Name an image with bash and glibc 2.28 or later.',
        }
      : { state: 'ok', detail: defaultImage }
  }
  const [, imageRegion] =
    /^\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/[^:@]+(?::[^:]+|@sha256:[0-9a-f]{64})$/.exec(givenImage) ?? []
  const next = defaultImage === undefined ? 'Name an image in a registry of this region.' : `Here it would be ${defaultImage}.`
  if (imageRegion === undefined) return { state: 'failed', detail: `${givenImage} is no image of Amazon ECR.`, next }
  if (imageRegion !== region) return { state: 'failed', detail: `The image lies in ${imageRegion}, the job would run in ${region}.`, next }
  return { state: 'ok', detail: givenImage }
}

const checkNetwork = ({ settings, task }: LaunchRequest): Finding | undefined => {
  const { subnets, securityGroupIds, networkIsolation } = settings
  if (subnets.length > 0 && securityGroupIds.length === 0) {
    return { state: 'failed', detail: 'Subnets are named, but no security group.', next: 'Name a security group of the same VPC.' }
  }
  if (subnets.length > 0) {
    return {
      state: 'warning',
      detail:
        'In a VPC the job reaches S3 only through a gateway endpoint in the route tables of its subnets; the role needs ec2 network-interface permissions.',
    }
  }
  if (networkIsolation && task.kind === 'python-module') {
    return {
      state: 'warning',
      detail: 'The module runs without network: it cannot install packages.',
      next: 'Turn network isolation off if it does.',
    }
  }
  if (networkIsolation && task.kind === 'engine' && task.spark !== undefined) {
    return { state: 'ok', detail: 'The Spark machines reach S3 and each other; the engine after them is isolated.' }
  }
  return networkIsolation ? { state: 'ok', detail: 'Isolated: the container reaches nothing.' } : undefined
}

const checkCost = ({ settings }: LaunchRequest, mostUsd: number | null, type: string): Finding => {
  if (mostUsd === null) return { state: 'warning', detail: `The price list of ${pricesAsOf} does not know ${type}.` }
  const hours = settings.maxRuntimeSeconds / 3600
  const detail = `at most ${mostUsd.toFixed(2)} USD for ${hours.toFixed(1)} h (estimate, price list of ${pricesAsOf})`
  return mostUsd <= settings.costCeilingUsd
    ? { state: 'ok', detail }
    : {
        state: 'failed',
        detail: `${detail}, above the ceiling of ${settings.costCeilingUsd} USD.`,
        next: 'Shorten the runtime, choose a smaller machine, or raise the ceiling.',
      }
}
