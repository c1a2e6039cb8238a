// A setup plan as Terraform, as a CloudFormation template, or as commands of the AWS CLI. It is printed and never applied.
import type { SetupFormat } from '../../../src-shared/cloud/setup-formats.ts'
import type { Policy, SetupPlan } from './setup-plan.ts'

export const renderSetup = (plan: SetupPlan, format: SetupFormat): string => {
  switch (format) {
    case 'terraform':
      return renderTerraform(plan)
    case 'cloudformation':
      return `${JSON.stringify(cloudFormationTemplate(plan), null, 2)}\n`
    case 'cli':
      return renderCommands(plan)
  }
}

const policyName = 'HeadroomExecution'

/** Encryption at rest of the bucket, in the API's words. */
const encryptionRule = ({ kmsKeyArn }: SetupPlan): object =>
  kmsKeyArn === undefined ? { SSEAlgorithm: 'AES256' } : { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: kmsKeyArn }

const publicAccess = { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true }
const lifecycleId = 'abort-interrupted-uploads'

const cloudFormationTemplate = (plan: SetupPlan): object => ({
  AWSTemplateFormatVersion: '2010-09-09',
  Description: 'Bucket, execution role and user policy for cloud runs of Headroom',
  Resources: {
    Bucket: {
      Type: 'AWS::S3::Bucket',
      DeletionPolicy: 'Retain',
      Properties: {
        BucketName: plan.bucket,
        PublicAccessBlockConfiguration: publicAccess,
        BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: encryptionRule(plan) }] },
        LifecycleConfiguration: {
          Rules: [
            {
              Id: lifecycleId,
              Status: 'Enabled',
              AbortIncompleteMultipartUpload: { DaysAfterInitiation: plan.abortUploadsAfterDays },
            },
          ],
        },
      },
    },
    ExecutionRole: {
      Type: 'AWS::IAM::Role',
      Properties: {
        RoleName: plan.roleName,
        Path: plan.rolePath,
        AssumeRolePolicyDocument: plan.trust,
        Policies: [{ PolicyName: policyName, PolicyDocument: plan.execution }],
      },
    },
    UserPolicy: {
      Type: 'AWS::IAM::ManagedPolicy',
      Properties: { ManagedPolicyName: plan.userPolicyName, PolicyDocument: plan.user },
    },
  },
  Outputs: { RoleArn: { Value: plan.roleArn }, Bucket: { Value: plan.bucket } },
})

const indent = (text: string, spaces: number): string => text.replaceAll('\n', `\n${' '.repeat(spaces)}`)

/** Terraform would take `${` in a policy for an expression; the shipped policies have none. */
const heredoc = (policy: Policy): string => `<<-POLICY\n    ${indent(JSON.stringify(policy, null, 2), 4)}\n  POLICY`

const renderTerraform = (plan: SetupPlan): string => {
  const algorithm = plan.kmsKeyArn === undefined ? 'AES256' : 'aws:kms'
  return `terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region              = "${plan.region}"
  allowed_account_ids = ["${plan.account}"]
}

resource "aws_s3_bucket" "headroom" {
  bucket = "${plan.bucket}"
}

resource "aws_s3_bucket_public_access_block" "headroom" {
  bucket                  = aws_s3_bucket.headroom.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "headroom" {
  bucket = aws_s3_bucket.headroom.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "${algorithm}"${plan.kmsKeyArn === undefined ? '' : `\n      kms_master_key_id = "${plan.kmsKeyArn}"`}
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "headroom" {
  bucket = aws_s3_bucket.headroom.id
  rule {
    id     = "${lifecycleId}"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = ${plan.abortUploadsAfterDays}
    }
  }
}

resource "aws_iam_role" "headroom" {
  name               = "${plan.roleName}"
  path               = "${plan.rolePath}"
  assume_role_policy = ${heredoc(plan.trust)}
}

resource "aws_iam_role_policy" "headroom" {
  name   = "${policyName}"
  role   = aws_iam_role.headroom.id
  policy = ${heredoc(plan.execution)}
}

resource "aws_iam_policy" "headroom_user" {
  name   = "${plan.userPolicyName}"
  policy = ${heredoc(plan.user)}
}

output "role_arn" {
  value = aws_iam_role.headroom.arn
}
`
}

/** As a word of a shell. */
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
const json = (value: object): string => quote(JSON.stringify(value))

const renderCommands = (plan: SetupPlan): string => {
  const { bucket, region, roleName } = plan
  const location = region === 'us-east-1' ? '' : ` --create-bucket-configuration LocationConstraint=${region}`
  const encryption = { Rules: [{ ApplyServerSideEncryptionByDefault: encryptionRule(plan) }] }
  const lifecycle = {
    Rules: [
      {
        ID: lifecycleId,
        Status: 'Enabled',
        Filter: { Prefix: '' },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: plan.abortUploadsAfterDays },
      },
    ],
  }
  const commands = [
    `aws s3api create-bucket --bucket ${bucket} --region ${region}${location}`,
    `aws s3api put-public-access-block --bucket ${bucket} --public-access-block-configuration ${json(publicAccess)}`,
    `aws s3api put-bucket-encryption --bucket ${bucket} --server-side-encryption-configuration ${json(encryption)}`,
    `aws s3api put-bucket-lifecycle-configuration --bucket ${bucket} --lifecycle-configuration ${json(lifecycle)}`,
    `aws iam create-role --role-name ${roleName} --path ${plan.rolePath} --assume-role-policy-document ${json(plan.trust)}`,
    `aws iam put-role-policy --role-name ${roleName} --policy-name ${policyName} --policy-document ${json(plan.execution)}`,
    `aws iam create-policy --policy-name ${plan.userPolicyName} --policy-document ${json(plan.user)}`,
  ]
  return `#!/bin/sh\n# For account ${plan.account} in ${region}.\nset -e\n${commands.join('\n')}\n`
}
