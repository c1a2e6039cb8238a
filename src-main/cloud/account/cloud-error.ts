// What AWS's refusals mean and what to do: one rule per failure that users meet, from an error's name and words, or from a job's reason.
import { HeadroomError, type ErrorCode } from '../../../src-shared/run/errors.ts'

/** Names of the failures that are recognised. */
export type FailureName =
  | 'pass-role'
  | 'assume-role'
  | 'list-jobs-denied'
  | 'list-roles-denied'
  | 'data-download'
  | 'instance-quota'
  | 'volume-quota'
  | 'image'
  | 'kms'
  | 'network-interface'
  | 'capacity'
  | 'out-of-memory'
  | 'no-manifest'
  | 'throttled'
  | 'name-taken'
  | 'sign-in-again'
  | 'clock'
  | 'bucket'
  | 'denied'
  | 'unreachable'
  | 'job-failed'

export interface Failure {
  /** The error's name, or `FailureReason` for what a job says of its end. */
  readonly name: string
  readonly message: string
}

export interface FailureContext {
  readonly region?: string | undefined
  readonly roleArn?: string | undefined
  readonly instanceType?: string | undefined
  /** The next larger type, where there is one. */
  readonly largerType?: string | undefined
  /** A type that the quota allows. */
  readonly alternativeType?: string | undefined
  readonly imageUri?: string | undefined
  readonly kmsKeyId?: string | undefined
  /** Greatest memory that the engine reported, in bytes. */
  readonly peakMemoryBytes?: number | undefined
  readonly memoryGb?: number | undefined
}

export interface Diagnosis {
  readonly failure: FailureName
  readonly code: ErrorCode
  /** Cause, one sentence. */
  readonly message: string
  readonly next: string
}

interface Rule {
  readonly failure: FailureName
  readonly code: ErrorCode
  readonly matches: (failure: Failure) => boolean
  readonly message: (failure: Failure, context: FailureContext) => string
  readonly next: (context: FailureContext, failure: Failure) => string
}

const isDenied = (name: string): boolean => /^(AccessDenied(Exception)?|UnauthorizedOperation|AllAccessDisabled|Forbidden|403)$/.test(name)

const passRolePolicy = (roleArn: string): string =>
  JSON.stringify({
    Effect: 'Allow',
    Action: 'iam:PassRole',
    Resource: roleArn,
    Condition: { StringEquals: { 'iam:PassedToService': 'sagemaker.amazonaws.com' } },
  })

const quotasUrl = (region: string | undefined): string =>
  `https://${region ?? 'us-east-1'}.console.aws.amazon.com/servicequotas/home/services/sagemaker/quotas`

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GB`

/** The first rule that fits wins: the more telling ones stand first. */
const rules: readonly Rule[] = [
  {
    failure: 'sign-in-again',
    code: 'cloud-sign-in',
    matches: ({ name, message }) =>
      /^(CredentialsProviderError|TokenProviderError|ExpiredToken(Exception)?|RequestExpired|UnauthorizedException)$/.test(name) ||
      /SSO session.*(expired|invalid)|Token is expired|token included in the request is (expired|invalid)|UnrecognizedClient|InvalidAccessKeyId|InvalidClientTokenId/i.test(
        `${name} ${message}`,
      ),
    message: ({ message }) =>
      /expired/i.test(message) ? 'Your AWS sign-in has expired.' : `AWS credentials are missing or not valid: ${firstSentence(message)}`,
    next: () => 'Sign in again; running jobs go on, and tracking resumes by itself.',
  },
  {
    failure: 'clock',
    code: 'cloud-setup',
    matches: ({ name, message }) =>
      name === 'RequestTimeTooSkewed' || (name === 'SignatureDoesNotMatch' && /Signature (expired|not yet current)/.test(message)),
    message: () => 'The clock of this computer differs from AWS’s by more than five minutes.',
    next: () => 'Set the clock, then try again.',
  },
  {
    failure: 'pass-role',
    code: 'cloud-refused',
    matches: ({ message }) => /iam:PassRole/.test(message),
    message: (_, { roleArn }) => `You may not hand the role ${roleArn ?? ''} to SageMaker.`.replace('  ', ' '),
    next: ({ roleArn }) => `Ask for this permission: ${passRolePolicy(roleArn ?? 'ARN of the role')}.`,
  },
  {
    failure: 'assume-role',
    code: 'cloud-setup',
    matches: ({ message }) => /Could not assume role/i.test(message),
    message: (_, { roleArn }) => `SageMaker may not assume the role ${roleArn ?? ''}.`.replace(' .', '.'),
    next: () =>
      'Let its trust policy name the service sagemaker.amazonaws.com, and check that the ARN has its whole path, for instance role/service-role/NAME.',
  },
  {
    failure: 'list-jobs-denied',
    code: 'cloud-refused',
    matches: ({ name, message }) => isDenied(name) && /ListProcessingJobs/.test(message),
    message: () => 'You may not list the account’s processing jobs, so only those launched from here are shown.',
    next: () => 'To see all, ask for sagemaker:ListProcessingJobs on Resource "*".',
  },
  {
    failure: 'list-roles-denied',
    code: 'cloud-refused',
    matches: ({ name, message }) => isDenied(name) && /ListRoles/.test(message),
    message: () => 'You may not list the account’s roles, so none can be offered.',
    next: () => 'Enter the role’s ARN, or ask for iam:ListRoles on Resource "*".',
  },
  {
    failure: 'kms',
    code: 'cloud-refused',
    matches: ({ name, message }) =>
      /kms/i.test(`${name} ${message}`) && /denied|not authorized|KMS error|disabled/i.test(`${name} ${message}`),
    message: (_, { kmsKeyId }) => `The key ${kmsKeyId ?? 'of KMS'} may not be used here.`,
    next: () =>
      'The role needs kms:Decrypt and kms:GenerateDataKey on it, you need kms:CreateGrant; the engine’s upload must use the same key.',
  },
  {
    failure: 'data-download',
    code: 'cloud-job-failed',
    matches: ({ message }) => /Data download failed|ListObjectsV2 failed/i.test(message),
    message: ({ message }) => `The job could not read its input: ${firstSentence(message)}`,
    next: () =>
      'Give the execution role s3:GetObject and s3:ListBucket there; inside a VPC, add an S3 gateway endpoint to the subnets’ routes.',
  },
  {
    failure: 'volume-quota',
    code: 'cloud-limit',
    matches: ({ name, message }) => name === 'ResourceLimitExceeded' && /EBS|volume/i.test(message),
    message: ({ message }) => `The volume is larger than the account allows: ${firstSentence(message)}`,
    next: () => 'Choose a smaller volume.',
  },
  {
    failure: 'instance-quota',
    code: 'cloud-limit',
    matches: ({ name }) => name === 'ResourceLimitExceeded' || name === 'ResourceLimitExceededException',
    message: ({ message }, { instanceType }) =>
      `The account’s quota for ${extractInstanceType(message) ?? instanceType ?? 'this machine'} is used up or 0.`,
    next: ({ region, alternativeType }) =>
      `${alternativeType === undefined ? 'Choose another type' : `Choose ${alternativeType}`}, or ask for more at ${quotasUrl(region)}.`,
  },
  {
    failure: 'image',
    code: 'cloud-setup',
    matches: ({ message }) =>
      /image URI|manifest unknown|manifest for .* not found|does not grant .*ecr|ecr:(BatchGetImage|GetDownloadUrlForLayer)/i.test(message),
    message: ({ message }) => `The container image cannot be used: ${firstSentence(message)}`,
    next: ({ imageUri, region }) =>
      imageUri === undefined ? `Choose an image in ${region ?? 'the job’s region'}.` : `In ${region ?? 'this region'} use ${imageUri}.`,
  },
  {
    failure: 'capacity',
    code: 'cloud-limit',
    matches: ({ name, message }) => /CapacityError|Unable to provision|InsufficientCapacity/i.test(`${name} ${message}`),
    message: (_, { instanceType }) => `AWS has no ${instanceType ?? 'machine of this type'} free at the moment.`,
    next: ({ largerType }) => `Launch again later${largerType === undefined ? '' : `, or with ${largerType}`}.`,
  },
  {
    failure: 'out-of-memory',
    code: 'cloud-job-failed',
    matches: ({ message }) => /exit code:? ?137|out of memory|\bOOM/i.test(message),
    message: (_, { instanceType, memoryGb, peakMemoryBytes }) =>
      `The job was killed, most likely for want of memory${instanceType === undefined ? '' : ` on ${instanceType}${memoryGb === undefined ? '' : ` (${memoryGb} GB)`}`}${
        peakMemoryBytes === undefined ? '' : `; it last reported ${gigabytes(peakMemoryBytes)}`
      }.`,
    next: ({ largerType }) => `Launch again ${largerType === undefined ? 'on a machine with more memory' : `on ${largerType}`}.`,
  },
  {
    failure: 'network-interface',
    code: 'cloud-job-failed',
    matches: ({ name, message }) => /InternalServer(Error|Exception)?/i.test(`${name} ${message}`),
    message: () => 'AWS reports an internal error; in a VPC this mostly means that the role may not make network interfaces.',
    next: () => 'Launch once more; if it fails again, give the role the ec2 network-interface permissions of the execution policy.',
  },
  {
    failure: 'throttled',
    code: 'cloud-unreachable',
    matches: ({ name, message }) => /Throttl|TooManyRequests|SlowDown|RequestLimitExceeded|Rate exceeded/i.test(`${name} ${message}`),
    message: () => 'AWS asks for patience: too many requests in this account.',
    next: () => 'Wait a little; what was begun goes on by itself.',
  },
  {
    failure: 'name-taken',
    code: 'cloud-setup',
    matches: ({ name }) => name === 'ResourceInUse',
    message: () => 'A job of this name exists already in the account.',
    next: () => 'Launch again: each launch has a name of its own.',
  },
  {
    failure: 'bucket',
    code: 'cloud-setup',
    matches: ({ name, message }) =>
      /^(NoSuchBucket|PermanentRedirect|AuthorizationHeaderMalformed)$/.test(name) || /bucket does not exist/i.test(message),
    message: ({ name }) => (name === 'NoSuchBucket' ? 'There is no such bucket.' : 'The bucket lies in another region.'),
    next: () => 'Choose a bucket in the region of the job.',
  },
  {
    failure: 'denied',
    code: 'cloud-refused',
    matches: ({ name, message }) => isDenied(name) || /not authorized to perform/i.test(message),
    message: ({ message }) => `AWS refuses: ${firstSentence(message)}`,
    next: () => 'Ask for the permission; resources/cloud/user-policy.json lists all that Headroom needs.',
  },
  {
    failure: 'unreachable',
    code: 'cloud-unreachable',
    matches: ({ name, message }) =>
      /TimeoutError|NetworkingError|RequestTimeout|ServiceUnavailable|InternalError/.test(name) ||
      /ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|socket hang up|self.signed|unable to (get|verify)|certificate/i.test(`${name} ${message}`),
    message: ({ message }) => `AWS cannot be reached: ${firstSentence(message)}`,
    next: () => 'Check network, proxy (HTTPS_PROXY, NO_PROXY) and certificates (AWS_CA_BUNDLE), then try again.',
  },
]

/** The machine that a message is about. */
export const extractInstanceType = (message: string): string | undefined => /ml\.[a-z0-9-]+\.[a-z0-9]+/.exec(message)?.[0]

const firstSentence = (message: string): string => {
  const text = message.trim().split('\n')[0] ?? ''
  const clipped = text.length > 400 ? `${text.slice(0, 400)} …` : text
  return /[.!?…]$/.test(clipped) ? clipped : `${clipped}.`
}

/** Undefined where no rule fits. */
export const diagnoseFailure = (failure: Failure, context: FailureContext = {}): Diagnosis | undefined => {
  const rule = rules.find(({ matches }) => matches(failure))
  if (rule === undefined) return undefined
  return { failure: rule.failure, code: rule.code, message: rule.message(failure, context), next: rule.next(context, failure) }
}

/** HTTP status of the answer that an SDK error was made from; undefined where there was none. */
export const httpStatusOf = (thrown: unknown): number | undefined =>
  (thrown as { $metadata?: { httpStatusCode?: number } } | null | undefined)?.$metadata?.httpStatusCode

/** Whatever the SDK threw, as an error with cause and next step; HeadroomErrors and aborts stay as they are. */
export const toCloudError = (thrown: unknown, context: FailureContext = {}): HeadroomError => {
  if (thrown instanceof HeadroomError) return thrown
  const { name: originalName, message } = thrown instanceof Error ? thrown : { name: 'Unknown', message: String(thrown) }
  // The answer to a HEAD request has no body to tell its name.
  const name = httpStatusOf(thrown) === 403 && originalName.startsWith('Unknown') ? 'AccessDenied' : originalName
  if (name === 'AbortError') return new HeadroomError('cancelled', 'Cancelled.')
  const code = thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
  const diagnosis = diagnoseFailure({ name, message: `${message}${code === '' || message.includes(code) ? '' : ` (${code})`}` }, context)
  if (diagnosis !== undefined) return new HeadroomError(diagnosis.code, diagnosis.message, { next: diagnosis.next, cause: thrown })
  if (code === 'ENOSPC') return new HeadroomError('disk-full', 'The disk is full.', { next: 'Make room, then try again.', cause: thrown })
  // What did not come from AWS must not be blamed on it.
  if (httpStatusOf(thrown) === undefined) return new HeadroomError('internal', firstSentence(message), { cause: thrown })
  return new HeadroomError('cloud-refused', `AWS answered ${name}: ${firstSentence(message)}`, { cause: thrown })
}

/** Why a job ended badly, from what SageMaker and the container say. */
export const explainJobFailure = (reason: string | null, exitMessage: string | null, context: FailureContext = {}): HeadroomError => {
  const diagnosis = diagnoseFailure({ name: 'FailureReason', message: reason ?? '' }, context)
  if (diagnosis !== undefined) return new HeadroomError(diagnosis.code, diagnosis.message, { next: diagnosis.next })
  const detail = exitMessage ?? reason ?? 'The job failed without saying why.'
  return new HeadroomError('cloud-job-failed', `The job failed: ${firstSentence(detail)}`, { next: 'Its log tells more.' })
}
