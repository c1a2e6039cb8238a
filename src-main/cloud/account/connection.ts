// A connection to AWS: one set of credentials in memory, one region, one handler, shared by every client.
import { setTimeout as delay } from 'node:timers/promises'
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import type { EC2Client } from '@aws-sdk/client-ec2'
import type { ECRClient } from '@aws-sdk/client-ecr'
import { IAMClient } from '@aws-sdk/client-iam'
import type { PricingClient } from '@aws-sdk/client-pricing'
import { S3Client } from '@aws-sdk/client-s3'
import { SageMakerClient } from '@aws-sdk/client-sagemaker'
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { CloudCaller } from '../../../src-shared/cloud/cloud-job.ts'
import type { CloudSettings } from '../../../src-shared/cloud/cloud-settings.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { partitionName } from './aws-pages.ts'
import { toCloudError } from './cloud-error.ts'
import { hasKeysInEnvironment, SharedCredentials } from './credentials.ts'
import { CloudHttpHandler, type Deadlines } from './http-handler.ts'
import { priceListRegion, readPrices, type PriceList } from './price-list.ts'
import { readProfile, type Profile } from './shared-config.ts'

export interface ConnectionRequest {
  /** A profile, or PROFILE@ACCOUNT/ROLE for another role of its sign-in. Absent: the keys of the environment, else AWS_PROFILE, else the default profile; region and endpoints are those of AWS_PROFILE. */
  readonly profile?: string | undefined
  readonly region?: string | undefined
  /** Whether a profile may run its `credential_process`. */
  readonly allowsProcess?: boolean | undefined
  /** Of each request, for a caller that repeats requests by its own rules. */
  readonly maxAttempts?: number | undefined
  /** Asks the user for the code of their MFA device. */
  readonly askMfaCode?: ((device: string) => Promise<string>) | undefined
  /** Told of a host that does not answer. */
  readonly onSilence?: ((host: string) => void) | undefined
  readonly deadlines?: Deadlines | undefined
  /** Folder with the price lists that were read from AWS. */
  readonly priceFolder?: string | undefined
}

export interface Connection {
  readonly profile: string | null
  readonly region: string
  /** Where requests go instead of AWS; null for AWS itself. */
  readonly endpoint: string | null
  readonly s3: S3Client
  /** In its region, of the time when it was opened. */
  readonly prices: PriceList
  /** Account that must own a bucket, by the bucket's name; sent with each request to it. */
  readonly bucketOwners: Map<string, string>
  readonly sagemaker: SageMakerClient
  readonly logs: CloudWatchLogsClient
  readonly metrics: CloudWatchClient
  readonly sts: STSClient
  readonly iam: IAMClient
  readonly quotas: ServiceQuotasClient
  /** Large, and needed for CloudWatch's servers table alone: loaded at first use. */
  readonly ec2: () => Promise<EC2Client>
  /** Checks an own container image. */
  readonly ecr: () => Promise<ECRClient>
  /** Of the partition, wherever it serves its price list. */
  readonly pricing: () => Promise<PricingClient>
  readonly close: () => void
}

const maxRequestAttempts = 5
/** Of services whose silence is told at once: the identity, which is asked first, and what a check can do without. */
const maxQuickAttempts = 2

export const connect = async (request: ConnectionRequest = {}): Promise<Connection> => {
  // The SDK's notice about Node versions does not concern the users of a packaged application.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
  const profileName = request.profile ?? emptyToUndefined(process.env['AWS_PROFILE'])
  const profile = profileName === undefined ? await readProfile('default').catch(() => undefined) : await readProfile(profileName)
  // As the AWS CLI has it, keys in the environment count more than AWS_PROFILE, and less than a profile that was asked for.
  const usesEnvironment = request.profile === undefined && hasKeysInEnvironment()
  if (profile?.credentialProcess !== undefined && request.allowsProcess !== true && !usesEnvironment) {
    throw new HeadroomError(
      'cloud-process-denied',
      `The profile ${profile.name} runs a program for its credentials: ${programOf(profile.credentialProcess)}.`,
      {
        next: 'Allow it if you trust the program (command line: --allow-credential-process), or choose another profile.',
      },
    )
  }
  const region =
    request.region ?? emptyToUndefined(process.env['AWS_REGION']) ?? emptyToUndefined(process.env['AWS_DEFAULT_REGION']) ?? profile?.region
  if (region === undefined) {
    throw new HeadroomError('cloud-setup', 'The AWS region is missing.', {
      next: 'Set --region, AWS_REGION or the region of the profile.',
    })
  }
  // The SDK would make it a part of a host name.
  if (!/^[a-z0-9-]+$/.test(region)) {
    throw new HeadroomError('cloud-setup', `"${region}" is no AWS region.`, { next: 'Name one such as eu-west-1.' })
  }
  const requestHandler = createRequestHandler(profile, request)
  const credentials = new SharedCredentials({
    profile: usesEnvironment || profileName === undefined ? undefined : profile,
    region,
    requestHandler,
    askMfaCode: request.askMfaCode,
  })
  const common = { region, requestHandler, maxAttempts: request.maxAttempts ?? maxRequestAttempts, credentials: credentials.provide }
  const endpoint = (service: string): { endpoint?: string } => {
    const url = endpointOf(service, profile)
    return url === undefined ? {} : { endpoint: url }
  }
  const bucketOwners = new Map<string, string>()
  const hasCustomEndpoint = endpointOf('S3', profile) !== undefined
  const clients = {
    s3: new S3Client({ ...common, ...endpoint('S3'), followRegionRedirects: true, forcePathStyle: hasCustomEndpoint }),
    sagemaker: new SageMakerClient({ ...common, ...endpoint('SAGEMAKER') }),
    logs: new CloudWatchLogsClient({ ...common, ...endpoint('CLOUDWATCH_LOGS') }),
    metrics: new CloudWatchClient({ ...common, ...endpoint('CLOUDWATCH') }),
    sts: new STSClient({ ...common, ...endpoint('STS'), maxAttempts: maxQuickAttempts }),
    iam: new IAMClient({ ...common, ...endpoint('IAM'), maxAttempts: maxQuickAttempts }),
    quotas: new ServiceQuotasClient({ ...common, ...endpoint('SERVICE_QUOTAS'), maxAttempts: maxQuickAttempts }),
  }
  clients.s3.middlewareStack.add(
    (next) => (args) => {
      const { Bucket: bucket } = args.input as { Bucket?: string }
      const owner = bucket === undefined ? undefined : bucketOwners.get(bucket)
      return next(owner === undefined ? args : { ...args, input: { ...args.input, ExpectedBucketOwner: owner } })
    },
    { step: 'initialize', name: 'expectBucketOwner' },
  )
  credentials.renewFor(clients.s3)
  credentials.renewFor(clients.sagemaker)
  credentials.renewFor(clients.logs)
  credentials.renewFor(clients.metrics)
  credentials.renewFor(clients.sts)
  credentials.renewFor(clients.iam)
  credentials.renewFor(clients.quotas)
  return {
    profile: usesEnvironment ? null : (profileName ?? null),
    region,
    endpoint: withoutCredentials(endpointOf('SAGEMAKER', profile)),
    ...clients,
    prices: await readPrices(request.priceFolder, region),
    bucketOwners,
    ec2: async () => {
      const { EC2Client } = await import('@aws-sdk/client-ec2')
      const client = new EC2Client({ ...common, ...endpoint('EC2') })
      credentials.renewFor(client)
      return client
    },
    ecr: async () => {
      const { ECRClient } = await import('@aws-sdk/client-ecr')
      const client = new ECRClient({ ...common, ...endpoint('ECR'), maxAttempts: maxQuickAttempts })
      credentials.renewFor(client)
      return client
    },
    pricing: async () => {
      const { PricingClient } = await import('@aws-sdk/client-pricing')
      const client = new PricingClient({ ...common, ...endpoint('PRICING'), region: priceListRegion(partitionName(region)) })
      credentials.renewFor(client)
      return client
    },
    close: () => requestHandler.destroy(),
  }
}

/** Its arguments may hold secrets. */
const programOf = (command: string): string =>
  /^\s*(?:"([^"]*)"|'([^']*)'|(\S+))/.exec(command)?.slice(1).find(Boolean) ?? 'one without a name'

/** An address as it may be shown: without user name, password, query and fragment. */
const withoutCredentials = (address: string | undefined): string | null => {
  if (address === undefined) return null
  try {
    const { protocol, host, pathname } = new URL(address)
    return `${protocol}//${host}${pathname === '/' ? '' : pathname}`
  } catch {
    return 'an endpoint that is no address'
  }
}

const emptyToUndefined = (text: string | undefined): string | undefined => (text === undefined || text === '' ? undefined : text)

/** Trusts AWS_CA_BUNDLE, else the profile's certificates. */
export const createRequestHandler = (
  profile: Profile | undefined,
  { onSilence, deadlines }: Pick<ConnectionRequest, 'onSilence' | 'deadlines'> = {},
): CloudHttpHandler =>
  new CloudHttpHandler({ caBundle: emptyToUndefined(process.env['AWS_CA_BUNDLE']) ?? profile?.caBundle, onSilence, deadlines })

/** The environment wins over the profile, the endpoint of the service over the common one. */
export const endpointOf = (service: string, profile: Profile | undefined): string | undefined => {
  if (process.env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] === 'true') return undefined
  return (
    emptyToUndefined(process.env[`AWS_ENDPOINT_URL_${service}`]) ??
    emptyToUndefined(process.env['AWS_ENDPOINT_URL']) ??
    profile?.serviceEndpoints[service] ??
    profile?.endpointUrl
  )
}

/** Whose credentials these are. */
export const identifyCaller = async (connection: Connection): Promise<CloudCaller> => {
  const { region, endpoint } = connection
  try {
    const { Account: account, Arn: arn } = await connection.sts.send(new GetCallerIdentityCommand({}))
    return { account: account ?? '', arn: arn ?? '', region, endpoint }
  } catch (thrown) {
    throw toCloudError(thrown, { region })
  }
}

/** From now on, requests to the bucket of the settings are refused unless the stated account owns it, or else the caller's. */
export const expectBucketOwner = (
  { bucketOwners }: Connection,
  { bucket, bucketOwner }: Pick<CloudSettings, 'bucket' | 'bucketOwner'>,
  { account }: Pick<CloudCaller, 'account'>,
): void => {
  // The bucket behind an access point may belong to anybody.
  if (bucketOwner === undefined && isAccessPoint(bucket)) bucketOwners.delete(bucket)
  else bucketOwners.set(bucket, bucketOwner ?? account)
}

const isAccessPoint = (bucket: string): boolean => bucket.startsWith('arn:') || bucket.endsWith('-s3alias')

/** Options of a request that ends with the signal. */
export const abortable = (signal: AbortSignal | undefined): { abortSignal?: AbortSignal } =>
  signal === undefined ? {} : { abortSignal: signal }

/** Rejects as soon as the signal aborts. */
export const pause = async (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  delay(ms, undefined, signal === undefined ? {} : { signal })
