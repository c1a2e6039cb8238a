// The execution role: whether it exists and SageMaker may assume it, and which roles qualify.
import { GetRoleCommand, paginateListRoles } from '@aws-sdk/client-iam'
import { z } from 'zod'
import type { Finding } from '../../../src-shared/cloud/cloud-job.ts'
import type { HeadroomError } from '../../../src-shared/run/errors.ts'
import { isAccessDenied, toCloudError } from '../account/cloud-error.ts'
import { abortable, type Connection } from '../account/connection.ts'

const oneOrMore = z.union([z.string(), z.array(z.string())]).transform((value) => (typeof value === 'string' ? [value] : value))
const trustSchema = z.object({
  Statement: z.array(
    z.looseObject({ Effect: z.string(), Principal: z.union([z.string(), z.looseObject({ Service: oneOrMore.optional() })]) }),
  ),
})

const service = 'sagemaker.amazonaws.com'

export const checkRole = async ({ iam }: Connection, roleArn: string, signal?: AbortSignal): Promise<Finding> => {
  const name = roleArn.split('/').at(-1) ?? ''
  try {
    const { Role: role } = await iam.send(new GetRoleCommand({ RoleName: name }), abortable(signal))
    if (role?.Arn !== roleArn) {
      return {
        state: 'failed',
        detail: `The role ${name} has the ARN ${role?.Arn ?? ''}, not ${roleArn}.`,
        next: `Use ${role?.Arn ?? 'the whole ARN'}.`,
      }
    }
    return trustsSageMaker(role.AssumeRolePolicyDocument)
      ? { state: 'ok', detail: `${roleArn} trusts ${service}` }
      : { state: 'failed', detail: `The role ${name} does not trust ${service}.`, next: `Add the service ${service} to its trust policy.` }
  } catch (thrown) {
    const { name: error } = thrown as Error
    if (error === 'NoSuchEntity' || error === 'NoSuchEntityException') {
      return {
        state: 'failed',
        detail: `There is no role ${name} in this account.`,
        next: 'Choose the execution role that your administrator created for SageMaker.',
      }
    }
    if (isAccessDenied(thrown)) {
      return {
        state: 'warning',
        detail: `The role ${name} cannot be read; SageMaker checks it at launch.`,
        next: 'Request iam:GetRole on it to check it before the launch.',
      }
    }
    signal?.throwIfAborted()
    if (toCloudError(thrown).code !== 'cloud-unreachable') throw thrown
    return {
      state: 'warning',
      detail: `The role ${name} cannot be read: IAM cannot be reached.`,
      next: 'SageMaker checks the role at launch.',
    }
  }
}

/** `document`: a trust policy as IAM sends it, percent-encoded. An unreadable policy trusts no service. */
export const trustsSageMaker = (document: string | undefined): boolean =>
  readStatements(document).some(
    ({ Effect, Principal }) => Effect === 'Allow' && typeof Principal !== 'string' && (Principal.Service ?? []).includes(service),
  )

const readStatements = (document = ''): z.infer<typeof trustSchema>['Statement'] => {
  try {
    return trustSchema.parse(JSON.parse(decodeURIComponent(document))).Statement
  } catch {
    return []
  }
}

export interface ExecutionRoles {
  /** ARNs by name. */
  readonly roles: readonly string[]
  /** Why none is listed, if the caller may not list roles. */
  readonly accessError: HeadroomError | undefined
}

/** The roles of the account that SageMaker may assume. */
export const listExecutionRoles = async ({ iam, region }: Connection, signal?: AbortSignal): Promise<ExecutionRoles> => {
  const roles: string[] = []
  try {
    for await (const { Roles = [] } of paginateListRoles({ client: iam }, {}, abortable(signal))) {
      for (const { Arn, AssumeRolePolicyDocument } of Roles) {
        if (Arn !== undefined && trustsSageMaker(AssumeRolePolicyDocument)) roles.push(Arn)
      }
    }
    return { roles, accessError: undefined }
  } catch (thrown) {
    const error = toCloudError(thrown, { region })
    if (error.code !== 'cloud-refused') throw error
    return { roles: [], accessError: error }
  }
}
