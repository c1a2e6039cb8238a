// What an account needs for cloud runs: a bucket, an execution role, a policy for users, filled in from the shipped policies.
import executionPolicy from '../../../resources/cloud/execution-policy.json' with { type: 'json' }
import sparkPolicy from '../../../resources/cloud/execution-policy-spark.json' with { type: 'json' }
import vpcAndKmsPolicy from '../../../resources/cloud/execution-policy-vpc-kms.json' with { type: 'json' }
import trustPolicy from '../../../resources/cloud/trust-policy.json' with { type: 'json' }
import userPolicy from '../../../resources/cloud/user-policy.json' with { type: 'json' }
import userKmsPolicy from '../../../resources/cloud/user-policy-kms.json' with { type: 'json' }
import { partitionName } from '../account/aws-pages.ts'

export interface SetupRequest {
  readonly account: string
  readonly region: string
  readonly bucket: string
  /** S3 prefixes without a slash at the end. */
  readonly prefix: string
  readonly forecastsPrefix: string
  readonly roleName: string
  /** ARN of an existing key; undefined: keys of S3. */
  readonly kmsKeyArn: string | undefined
  readonly usesVpc: boolean
  readonly usesSpark: boolean
}

export interface Policy {
  readonly Version: string
  readonly Statement: readonly object[]
}

export interface SetupPlan extends SetupRequest {
  readonly rolePath: string
  readonly roleArn: string
  readonly trust: Policy
  /** Inline policy of the role. */
  readonly execution: Policy
  readonly userPolicyName: string
  readonly user: Policy
  /** Days after which parts of interrupted uploads are removed. */
  readonly abortUploadsAfterDays: number
}

const rolePath = '/service-role/'

export const planSetup = (request: SetupRequest): SetupPlan => {
  const { account, region, roleName, kmsKeyArn, usesVpc, usesSpark } = request
  const roleArn = `arn:${partitionName(region)}:iam::${account}:role${rolePath}${roleName}`
  const fill = (...statements: readonly object[]): Policy => ({
    Version: '2012-10-17',
    Statement: JSON.parse(fillIn(JSON.stringify(statements), request, roleArn)) as object[],
  })
  const optional = vpcAndKmsPolicy.Statement.filter(({ Sid }) => (Sid === 'OnlyInAVpc' ? usesVpc : kmsKeyArn !== undefined))
  return {
    ...request,
    rolePath,
    roleArn,
    trust: fill(...trustPolicy.Statement),
    execution: fill(...executionPolicy.Statement, ...optional, ...(usesSpark ? sparkPolicy.Statement : [])),
    userPolicyName: `${roleName}User`,
    user: fill(...userPolicy.Statement, ...(kmsKeyArn === undefined ? [] : userKmsPolicy.Statement)),
    abortUploadsAfterDays: 7,
  }
}

/** Replaces the words in capitals of the shipped policies, and the partition. */
const fillIn = (policy: string, request: SetupRequest, roleArn: string): string => {
  const words: readonly (readonly [string, string])[] = [
    ['arn:aws:', `arn:${partitionName(request.region)}:`],
    ['"ROLE"', `"${roleArn}"`],
    ['"KEY"', `"${request.kmsKeyArn ?? ''}"`],
    ['BUCKET', request.bucket],
    ['/PREFIX/', `/${request.prefix}/`],
    ['/FORECASTS/', `/${request.forecastsPrefix}/`],
    ['REGION', request.region],
    ['ACCOUNT', request.account],
  ]
  return words.reduce((text, [word, value]) => text.replaceAll(word, value), policy)
}
