// Whether the execution role exists and SageMaker may assume it.
import { GetRoleCommand } from '@aws-sdk/client-iam'
import { z } from 'zod'
import type { Connection } from '../account/connection.ts'
import { abortable } from '../storage/list-objects.ts'
import type { Finding } from './preflight.ts'

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
        next: 'Choose the execution role that your administrator made for SageMaker.',
      }
    }
    if (/AccessDenied/.test(error)) {
      return {
        state: 'warning',
        detail: `The role ${name} cannot be looked at; SageMaker will say at launch whether it fits.`,
        next: 'Ask for iam:GetRole on it to know beforehand.',
      }
    }
    throw thrown
  }
}

/** `document`: a trust policy as IAM sends it, percent-encoded; one that cannot be read trusts nobody. */
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
