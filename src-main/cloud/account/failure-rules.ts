// One rule per failure of AWS that users meet: how to recognise it by name and message, its cause and the next step.
import type { ErrorCode } from '../../../src-shared/run/errors.ts'
import { foreignText } from '../../../src-shared/run/foreign-text.ts'
import { quotasUrl } from './aws-pages.ts'

/** Names of the failures that are recognised. */
export type FailureName =
  | 'mfa-code'
  | 'pass-role'
  | 'assume-role'
  | 'list-jobs-denied'
  | 'list-roles-denied'
  | 'disk-space'
  | 'wrong-region'
  | 'data-download'
  | 'upload'
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
  | 'sso-role'
  | 'sign-in-again'
  | 'clock'
  | 'bucket'
  | 'denied'
  | 'proxy'
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
  /** The next larger type, if there is one. */
  readonly largerType?: string | undefined
  /** Another type that the quota allows. */
  readonly alternativeType?: string | undefined
  readonly imageUri?: string | undefined
  readonly kmsKeyId?: string | undefined
  /** Peak memory that the engine reported, in bytes. */
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

/** Names of errors by which AWS refuses access. */
export const isAccessDeniedName = (name: string): boolean =>
  /^(AccessDenied(Exception)?|UnauthorizedOperation|AllAccessDisabled|Forbidden|403)$/.test(name)

/** Whether the name or message reports a connection that broke or timed out. */
export const isConnectionFailure = ({ name, message }: Failure): boolean =>
  /ECONN|EPIPE|TIMEDOUT|Timeout|hang up|Networking|aborted|premature/i.test(`${name} ${message}`)

/** Whether AWS had too many requests. */
export const isThrottling = ({ name, message }: Failure): boolean =>
  /Throttl|TooManyRequests|SlowDown|RequestLimitExceeded|Rate exceeded/i.test(`${name} ${message}`)

/** Whether AWS failed to serve a request that it may serve later. */
export const isServiceFault = ({ name }: Failure): boolean => /ServiceUnavailable|Internal(Error|Failure|Service|Server)/.test(name)

const passRolePolicy = (roleArn: string): string =>
  JSON.stringify({
    Effect: 'Allow',
    Action: 'iam:PassRole',
    Resource: roleArn,
    Condition: { StringEquals: { 'iam:PassedToService': 'sagemaker.amazonaws.com' } },
  })

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GB`

/** The first matching rule applies, so the more specific rules come first. */
const rules: readonly Rule[] = [
  {
    failure: 'mfa-code',
    code: 'cloud-sign-in',
    matches: ({ message }) => /MultiFactorAuthentication failed/i.test(message),
    message: ({ message }) =>
      /must provide/i.test(message) ? 'The role requires an MFA code.' : 'The MFA code is wrong, has expired or was used before.',
    next: (_, { message }) =>
      /must provide/i.test(message) ? 'Add mfa_serial to the profile.' : 'Try again with the next code of your device.',
  },
  {
    failure: 'sso-role',
    code: 'cloud-sign-in',
    matches: ({ message }) => /^(ForbiddenException: )?No access$/.test(message),
    message: () => 'The sign-in has no access to this account and role.',
    next: () => 'Choose an account and role that the sign-in opens (command line: headroom cloud accounts).',
  },
  {
    failure: 'sign-in-again',
    code: 'cloud-sign-in',
    matches: ({ name, message }) =>
      /^(CredentialsProviderError|TokenProviderError|ExpiredToken(Exception)?|RequestExpired|UnauthorizedException)$/.test(name) ||
      /SSO session.*(expired|invalid)|Token is expired|token included in the request is (expired|invalid)|UnrecognizedClient|InvalidAccessKeyId|InvalidClientTokenId/i.test(
        `${name} ${message}`,
      ),
    message: ({ message }) =>
      /expired/i.test(message) ? 'AWS credentials have expired.' : `AWS credentials are missing or invalid: ${firstSentence(message)}`,
    next: () => 'Sign in again, or choose a profile with valid credentials. Running jobs go on.',
  },
  {
    failure: 'clock',
    code: 'cloud-setup',
    matches: ({ name, message }) =>
      name === 'RequestTimeTooSkewed' || (name === 'SignatureDoesNotMatch' && /Signature (expired|not yet current)/.test(message)),
    message: () => 'The clock of this computer is more than five minutes wrong.',
    next: () => 'Set the clock, then try again.',
  },
  {
    failure: 'pass-role',
    code: 'cloud-refused',
    matches: ({ message }) => /iam:PassRole/.test(message),
    message: (_, { roleArn }) =>
      roleArn === undefined ? 'Missing iam:PassRole for the execution role.' : `Missing iam:PassRole for the role ${roleArn}.`,
    next: ({ roleArn }) => `Request this permission: ${passRolePolicy(roleArn ?? 'ARN of the role')}.`,
  },
  {
    failure: 'assume-role',
    code: 'cloud-setup',
    matches: ({ message }) => /Could not assume role/i.test(message),
    message: (_, { roleArn }) =>
      roleArn === undefined ? 'SageMaker may not assume the execution role.' : `SageMaker may not assume the role ${roleArn}.`,
    next: () =>
      'Add the service sagemaker.amazonaws.com to its trust policy, and use the ARN with its path, such as role/service-role/NAME.',
  },
  {
    failure: 'list-jobs-denied',
    code: 'cloud-refused',
    matches: ({ name, message }) => isAccessDeniedName(name) && /ListProcessingJobs/.test(message),
    message: () => 'Missing sagemaker:ListProcessingJobs, so only launches of this machine are shown.',
    next: () => 'Request sagemaker:ListProcessingJobs on Resource "*" to list all jobs.',
  },
  {
    failure: 'list-roles-denied',
    code: 'cloud-refused',
    matches: ({ name, message }) => isAccessDeniedName(name) && /ListRoles/.test(message),
    message: () => 'Missing iam:ListRoles, so no roles can be listed.',
    next: () => 'Enter the role’s ARN, or request iam:ListRoles on Resource "*".',
  },
  {
    failure: 'kms',
    code: 'cloud-refused',
    matches: ({ name, message }) =>
      /kms/i.test(`${name} ${message}`) && /denied|not authorized|KMS error|disabled/i.test(`${name} ${message}`),
    message: (_, { kmsKeyId }) =>
      kmsKeyId === undefined ? 'Missing permission for the KMS key.' : `Missing permission for the KMS key ${kmsKeyId}.`,
    next: () =>
      'The role needs kms:Decrypt, kms:Encrypt, kms:GenerateDataKey and kms:CreateGrant on it; you need kms:CreateGrant, kms:GenerateDataKey and kms:Decrypt.',
  },
  {
    failure: 'disk-space',
    code: 'cloud-job-failed',
    matches: ({ name, message }) => name === 'FailureReason' && /Insufficient disk space|No space left on device/i.test(message),
    message: () => 'The volume of the job was full.',
    next: () => 'Launch again with a larger volume (command line: --volume).',
  },
  {
    failure: 'wrong-region',
    code: 'cloud-setup',
    matches: ({ message }) => /PermanentRedirect|\b301\b.*(redirect|endpoint)/i.test(message) && /download|input/i.test(message),
    message: () => 'The input is in another region, and SageMaker reads its own region only.',
    next: () => 'Launch in the region of the input, or copy it to the region of the job.',
  },
  {
    failure: 'data-download',
    code: 'cloud-job-failed',
    matches: ({ message }) => /Data download failed|ListObjectsV2 failed/i.test(message),
    message: ({ message }) => `The job could not read its input: ${firstSentence(message)}`,
    next: () =>
      'Grant the execution role s3:GetObject and s3:ListBucket. In a VPC, add an S3 gateway endpoint to the route tables of the subnets.',
  },
  {
    failure: 'upload',
    code: 'cloud-job-failed',
    matches: ({ name, message }) => name === 'FailureReason' && /upload failed/i.test(message),
    message: ({ message }) => `The job could not write its output: ${firstSentence(message)}`,
    next: () => 'Grant the execution role s3:PutObject on the S3 prefix and, with a KMS key, kms:Encrypt and kms:GenerateDataKey.',
  },
  {
    failure: 'volume-quota',
    code: 'cloud-limit',
    matches: ({ name, message }) => name === 'ResourceLimitExceeded' && /EBS|volume/i.test(message),
    message: ({ message }) => `The volume exceeds the account’s quota: ${firstSentence(message)}`,
    next: () => 'Choose a smaller volume.',
  },
  {
    failure: 'instance-quota',
    code: 'cloud-limit',
    matches: ({ name }) => name === 'ResourceLimitExceeded' || name === 'ResourceLimitExceededException',
    message: ({ message }, { instanceType }) =>
      `The account’s quota for ${extractInstanceType(message) ?? instanceType ?? 'this instance type'} is used up or 0.`,
    next: ({ region, alternativeType }) =>
      `${alternativeType === undefined ? 'Choose another instance type' : `Choose ${alternativeType}`}, or request a higher quota at ${quotasUrl(region ?? 'us-east-1')}.`,
  },
  {
    failure: 'image',
    code: 'cloud-setup',
    matches: ({ message }) =>
      /image URI|Cannot pull algorithm container|manifest unknown|manifest for .* not found|does not grant .*ecr|ecr:(BatchGetImage|GetDownloadUrlForLayer)/i.test(
        message,
      ),
    message: ({ message }) => `The container image cannot be used: ${firstSentence(message)}`,
    next: ({ imageUri, region }) =>
      imageUri === undefined ? `Choose an image in ${region ?? 'the job’s region'}.` : `In ${region ?? 'this region'} use ${imageUri}.`,
  },
  {
    failure: 'capacity',
    code: 'cloud-limit',
    matches: ({ name, message }) => /CapacityError|Unable to provision|InsufficientCapacity/i.test(`${name} ${message}`),
    message: (_, { instanceType }) => `AWS has no ${instanceType ?? 'instance of this type'} available at the moment.`,
    next: ({ largerType }) => `Launch again later${largerType === undefined ? '' : `, or with ${largerType}`}.`,
  },
  {
    failure: 'out-of-memory',
    code: 'cloud-job-failed',
    matches: ({ message }) => /exit code:? ?137|out of memory|more memory|\bOOM/i.test(message),
    message: (_, { instanceType, memoryGb, peakMemoryBytes }) =>
      `The job was killed, probably because it ran out of memory${instanceType === undefined ? '' : ` on ${instanceType}${memoryGb === undefined ? '' : ` (${memoryGb} GB)`}`}${
        peakMemoryBytes === undefined ? '' : `; its last reported peak is ${gigabytes(peakMemoryBytes)}`
      }.`,
    next: ({ largerType }) => `Launch again ${largerType === undefined ? 'on an instance type with more memory' : `on ${largerType}`}.`,
  },
  {
    failure: 'network-interface',
    code: 'cloud-job-failed',
    matches: ({ name, message }) => /InternalServer(Error|Exception)?/i.test(`${name} ${message}`),
    message: () => 'AWS reports an internal error. In a VPC, the role usually lacks permission to create network interfaces.',
    next: () => 'Launch again. If it fails again, grant the role the ec2 network-interface permissions of the execution policy.',
  },
  {
    failure: 'throttled',
    code: 'cloud-unreachable',
    matches: isThrottling,
    message: () => 'AWS throttles requests of this account.',
    next: () => 'Wait a moment; the action continues by itself.',
  },
  {
    failure: 'name-taken',
    code: 'cloud-setup',
    matches: ({ name }) => name === 'ResourceInUse',
    message: () => 'The account already has a job of this name.',
    next: () => 'Launch again: each launch has its own job name.',
  },
  {
    failure: 'bucket',
    code: 'cloud-setup',
    matches: ({ name, message }) =>
      /^(NoSuchBucket|PermanentRedirect|AuthorizationHeaderMalformed)$/.test(name) || /bucket does not exist/i.test(message),
    message: ({ name }) => (name === 'NoSuchBucket' ? 'The bucket does not exist.' : 'The bucket is in another region.'),
    next: () => 'Choose a bucket in the region of the job.',
  },
  {
    failure: 'denied',
    code: 'cloud-refused',
    matches: ({ name, message }) => isAccessDeniedName(name) || /not authorized to perform/i.test(message),
    message: ({ message }) => `AWS denied access: ${firstSentence(message)}`,
    next: () => 'Request the permission; resources/cloud/user-policy.json lists all that Headroom needs.',
  },
  {
    failure: 'proxy',
    code: 'cloud-unreachable',
    matches: ({ name, message }) => name === 'ProxyAuthenticationRequired' || /proxy.*\b407\b/i.test(message),
    message: () => 'The proxy requires a sign-in.',
    next: () => 'Put user name and password into HTTPS_PROXY, as in http://USER:PASSWORD@HOST:PORT.',
  },
  {
    failure: 'unreachable',
    code: 'cloud-unreachable',
    matches: (failure) =>
      isConnectionFailure(failure) ||
      isServiceFault(failure) ||
      /ENOTFOUND|EAI_AGAIN|self.signed|unable to (get|verify)|certificate/i.test(`${failure.name} ${failure.message}`),
    message: ({ message }) => `AWS cannot be reached: ${firstSentence(message)}`,
    next: () => 'Check network, proxy (HTTPS_PROXY, NO_PROXY) and certificates (AWS_CA_BUNDLE), then try again.',
  },
]

/** The instance type that a message names. */
export const extractInstanceType = (message: string): string | undefined => /ml\.[a-z0-9-]+\.[a-z0-9]+/.exec(message)?.[0]

/** First line of a message as a sentence, shortened if it is very long. */
export const firstSentence = (message: string): string => {
  const text = foreignText(message.trim().split('\n')[0] ?? '')
  return /[.!?…]$/.test(text) ? text : `${text}.`
}

/** Undefined if no rule matches. */
export const diagnoseFailure = (failure: Failure, context: FailureContext = {}): Diagnosis | undefined => {
  const rule = rules.find(({ matches }) => matches(failure))
  if (rule === undefined) return undefined
  return { failure: rule.failure, code: rule.code, message: rule.message(failure, context), next: rule.next(context, failure) }
}
