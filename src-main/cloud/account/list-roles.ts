// The account's roles that SageMaker may assume, for choosing the execution role.
import { paginateListRoles } from '@aws-sdk/client-iam'
import type { HeadroomError } from '../../../src-shared/run/errors.ts'
import { toCloudError } from './cloud-error.ts'
import { trustsSageMaker } from '../preflight/check-role.ts'
import type { Connection } from './connection.ts'
import { abortable } from '../storage/list-objects.ts'

export interface ExecutionRoles {
  /** ARNs by name. */
  readonly roles: readonly string[]
  /** Why none is shown, where they may not be listed. */
  readonly accessError: HeadroomError | undefined
}

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
