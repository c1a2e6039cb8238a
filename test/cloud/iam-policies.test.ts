// The shipped policies, enforced by the simulated account: whole cloud runs work under them, every granted action is needed, and all others are refused.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { downloadRunFolder } from '../../src-main/cloud/download/download-run-folder.ts'
import { launchRun } from '../../src-main/cloud/launch/launch-run.ts'
import { listJobs } from '../../src-main/cloud/jobs/list-jobs.ts'
import { preflight } from '../../src-main/cloud/preflight/preflight.ts'
import { connect, expectBucketOwner, identifyCaller } from '../../src-main/cloud/account/connection.ts'
import { launchRequestSchema, type LaunchRequest } from '../../src-shared/cloud/cloud-settings.ts'
import { failureOf, openCloudWorkspace, workspaceBucket, type CloudWorkspace } from '../fixtures/cloud-workspace.ts'
import { smallForecasts } from '../fixtures/small-forecasts.ts'
import { allows, allowsBy, type RequiredPermission, type Policy } from '../simulator/authorize.ts'
import { hasNamespaces } from '../simulator/container.ts'
import type { SparkRunner } from '../simulator/spark-container.ts'
import { browseBucket, listObjects, parseS3Address } from '../../src-main/cloud/storage/list-objects.ts'
import { resumeRun } from '../../src-main/cloud/launch/resume-run.ts'
import { waitForRun } from '../../src-main/cloud/launch/wait-for-run.ts'
import { listExecutionRoles } from '../../src-main/cloud/preflight/check-role.ts'
import { describeJob, stopJob } from '../../src-main/cloud/jobs/describe-job.ts'

const oneOrMore = z.union([z.string(), z.array(z.string())]).transform((value) => (typeof value === 'string' ? [value] : value))
const policySchema = z.object({
  Version: z.literal('2012-10-17'),
  Statement: z.array(
    z.strictObject({
      Sid: z.string().optional(),
      Effect: z.literal('Allow'),
      Principal: z.unknown().optional(),
      Action: oneOrMore,
      Resource: oneOrMore.default([]),
      Condition: z
        .strictObject({
          StringEquals: z.record(z.string(), z.string()).optional(),
          Bool: z.record(z.string(), z.string()).optional(),
        })
        .optional(),
    }),
  ),
})

const roleArn = 'arn:aws:iam::123456789012:role/service-role/HeadroomProcessing'
/** With the words in capitals replaced, as the guide says. */
const readPolicy = async (name: string): Promise<Policy> => {
  const text = await readFile(join(import.meta.dirname, '..', '..', 'resources', 'cloud', name), 'utf8')
  const placeholders = { BUCKET: workspaceBucket, PREFIX: 'headroom', FORECASTS: 'forecasts', REGION: 'eu-west-1', ACCOUNT: '123456789012' }
  const filled = Object.entries({
    ...placeholders,
    '"ROLE"': `"${roleArn}"`,
    '"KEY"': '"arn:aws:kms:eu-west-1:123456789012:key/1"',
  }).reduce((filledText, [placeholder, value]) => filledText.replaceAll(placeholder, value), text)
  return policySchema.parse(JSON.parse(filled)).Statement
}

/** Each grant of the policy, as "action on resource", that none of the needs makes use of. */
const findUnusedGrants = (policy: Policy, permissions: readonly RequiredPermission[]): string[] =>
  policy.flatMap((statement) =>
    statement.Action.flatMap((action) =>
      statement.Resource.filter(
        (pattern) =>
          !permissions.some((permission) => permission.action === action && allowsBy({ ...statement, Resource: [pattern] }, permission)),
      ).map((pattern) => `${action} on ${pattern}`),
    ),
  )

let workspace: CloudWorkspace
let user: Policy
let role: Policy

beforeAll(async () => {
  workspace = await openCloudWorkspace({ engine: 'sleep 1; echo done; echo 1 > /opt/ml/processing/output/server_clusters.csv' })
  user = await readPolicy('user-policy.json')
  role = await readPolicy('execution-policy.json')
  const { connection, launchRecords, folder } = workspace
  Object.assign(workspace.simulator.account.policies, { user, role })
  const [large, table, project] = ['large.csv', 'events.csv', 'project'].map((name) => join(folder, name)) as [string, string, string]
  await writeFile(large, `server_id,timestamp,actual,predicted\n${'web-1,2027-01-01,41,40\n'.repeat(800_000)}`)
  await writeFile(table, 'from,to\n')
  for (const part of ['src', 'config']) await mkdir(join(project, part), { recursive: true })
  await writeFile(join(project, 'src', 'module.py'), 'print(1)\n')
  await writeFile(join(project, 'config', 'config.yaml'), 'a: 1\n')
  await preflight(connection, workspace.request())
  const caller = await identifyCaller(connection)
  const request = workspace.request({}, { input: [large] })
  workspace.simulator.faults.add({
    kind: 'error',
    operation: 'UploadPart',
    about: 'partNumber=2',
    code: 'AccessDenied',
    message: 'no',
    status: 403,
  })
  await failureOf(launchRun({ connection, caller, launchRecords, request }))
  const cloudRun = await resumeRun(connection, launchRecords, await launchRecords.get(request.runId))
  await stopJob(connection, cloudRun.jobName)
  await failureOf(waitForRun(connection, launchRecords, cloudRun, { pollMs: 20 }))
  const launch = async (overrides: Partial<LaunchRequest>) =>
    launchRun({ connection, caller, launchRecords, request: workspace.request({}, overrides) }).then((launched) =>
      waitForRun(connection, launchRecords, launched, { pollMs: 50 }),
    )
  const task = { kind: 'engine', method: 'headroom', config: {}, eventsTable: table } as const
  const whole = await launch({ task })
  await failureOf(downloadRunFolder(connection, { uri: whole.outputUri, folder: join(folder, 'none'), runId: whole.runId }))
  // Whatever it prints, it ends: what counts here is what it was allowed to read and write.
  const python = { kind: 'python-module', projectFolder: project, script: join('src', 'module.py') } as const
  await launch({ task: python }).catch(() => undefined)
  await listJobs(connection, launchRecords)
  await describeJob(connection, 'job-of-another-team')
  await browseBucket(connection, '', '')
  await listExecutionRoles(connection)
  workspace.put('risk_analysis/1/risk_flagged_forecasts.parquet', 'original')
  await downloadRunFolder(connection, { uri: `s3://${workspaceBucket}/risk_analysis/1/`, folder: join(folder, 'home'), runId: null })
})
afterAll(() => workspace.close())

describe.skipIf(!hasNamespaces)("the user's policy", () => {
  const bucket = 'arn:aws:s3:::capacity-data'

  it('is enough for all requests to AWS', () => {
    const { user: requested } = workspace.simulator.account.requestedPermissions
    expect(requested.filter((permission) => !allows(user, permission))).toEqual([])
    expect(requested.length).toBeGreaterThan(60)
  })

  it('grants only used actions and resources', () => {
    // A large file of a Python project whose upload is broken off or replaces a damaged object needs them, and a run that is downloaded.
    const more = [
      ...['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts', 's3:GetObject'].map((action) => ({
        action,
        resource: `${bucket}/sagemaker/artifacts/headroom-1/src/large.bin`,
      })),
      { action: 's3:GetObject', resource: `${bucket}/headroom/runs/1/output/manifest.json` },
    ]
    expect(findUnusedGrants(user, [...workspace.simulator.account.requestedPermissions.user, ...more])).toEqual([])
  })

  it.each<[string, string, Record<string, string>?]>([
    ['s3:GetObject', `${bucket}/payroll/2026.csv`],
    ['s3:GetObject', 'arn:aws:s3:::another-bucket/headroom/x'],
    ['s3:PutObject', `${bucket}/forecasts/part.parquet`],
    ['s3:PutObject', `${bucket}/risk_analysis/1/module_05_summary.json`],
    ['s3:DeleteObject', `${bucket}/headroom/runs/1/output/manifest.json`],
    ['s3:ListBucket', 'arn:aws:s3:::another-bucket'],
    ['sagemaker:CreateProcessingJob', 'arn:aws:sagemaker:eu-west-1:123456789012:processing-job/another-team'],
    ['sagemaker:StopProcessingJob', 'arn:aws:sagemaker:eu-west-1:123456789012:processing-job/another-team'],
    ['sagemaker:CreateProcessingJob', 'arn:aws:sagemaker:us-east-1:123456789012:processing-job/headroom-1'],
    ['sagemaker:CreateTrainingJob', 'arn:aws:sagemaker:eu-west-1:123456789012:training-job/headroom-1'],
    ['iam:PassRole', 'arn:aws:iam::123456789012:role/Admin', { 'iam:PassedToService': 'sagemaker.amazonaws.com' }],
    ['iam:PassRole', roleArn, { 'iam:PassedToService': 'lambda.amazonaws.com' }],
    ['iam:PassRole', roleArn],
    ['iam:GetRole', 'arn:aws:iam::123456789012:role/Admin'],
    ['sts:AssumeRole', 'arn:aws:iam::123456789012:role/Admin'],
    ['logs:GetLogEvents', 'arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/x:log-stream:1'],
    ['kms:Decrypt', 'arn:aws:kms:eu-west-1:123456789012:key/1'],
  ])('refuses %s on %s', (action, resource, context = {}) => {
    expect(allows(user, { action, resource, context })).toBe(false)
  })

  it('is enforced: a call outside is refused and has no effect', async () => {
    workspace.put('payroll/2026.csv', 'secret')
    const [get, put] = [
      new GetObjectCommand({ Bucket: workspaceBucket, Key: 'payroll/2026.csv' }),
      new PutObjectCommand({ Bucket: workspaceBucket, Key: 'payroll/2027.csv', Body: 'x' }),
    ]
    await expect(workspace.connection.s3.send(get)).rejects.toMatchObject({ name: 'AccessDenied' })
    await expect(workspace.connection.s3.send(put)).rejects.toMatchObject({ name: 'AccessDenied' })
    expect(workspace.bucket.objects.has('payroll/2027.csv')).toBe(false)
  })
})

describe.skipIf(!hasNamespaces)("the execution role's policy", () => {
  it('is enough for a job: image, inputs, log, metrics, outputs', () => {
    const { role: requested } = workspace.simulator.account.requestedPermissions
    expect(requested.filter((permission) => !allows(role, permission))).toEqual([])
    expect(new Set(requested.map(({ action }) => action)).size).toBe(12)
  })

  it('grants only actions and resources that jobs use', () => {
    // Results of a module; the run above writes none.
    const module = { action: 's3:PutObject', resource: `arn:aws:s3:::${workspaceBucket}/risk_analysis/1/module_05_summary.json` }
    expect(findUnusedGrants(role, [...workspace.simulator.account.requestedPermissions.role, module])).toEqual([])
  })

  it.each([
    ['s3:GetObject', 'arn:aws:s3:::capacity-data/payroll/2026.csv'],
    ['s3:GetObject', 'arn:aws:s3:::another-bucket/forecasts/part.parquet'],
    ['s3:PutObject', 'arn:aws:s3:::capacity-data/headroom/engine/1/headroom-engine.tar.gz'],
    ['s3:PutObject', 'arn:aws:s3:::capacity-data/headroom/inputs/1/fleet.parquet'],
    ['s3:PutObject', 'arn:aws:s3:::capacity-data/forecasts/part.parquet'],
    ['s3:DeleteObject', 'arn:aws:s3:::capacity-data/headroom/runs/1/output/manifest.json'],
    ['s3:ListBucket', 'arn:aws:s3:::another-bucket'],
    ['s3:ListAllMyBuckets', '*'],
    ['sagemaker:CreateProcessingJob', 'arn:aws:sagemaker:eu-west-1:123456789012:processing-job/headroom-1'],
    ['iam:PassRole', roleArn],
    ['sts:AssumeRole', 'arn:aws:iam::123456789012:role/Admin'],
    ['ecr:PutImage', 'arn:aws:ecr:eu-west-1:123456789012:repository/mine'],
    ['ecr:BatchGetImage', 'arn:aws:ecr:us-east-1:123456789012:repository/mine'],
    ['logs:PutLogEvents', 'arn:aws:logs:eu-west-1:123456789012:log-group:/aws/sagemaker/TrainingJobs:log-stream:x'],
    ['logs:GetLogEvents', 'arn:aws:logs:eu-west-1:123456789012:log-group:/aws/sagemaker/ProcessingJobs:log-stream:x'],
    ['ec2:CreateNetworkInterface', '*'],
    ['kms:Decrypt', 'arn:aws:kms:eu-west-1:123456789012:key/1'],
  ])('refuses %s on %s', (action, resource) => {
    expect(allows(role, { action, resource })).toBe(false)
  })

  it('is enforced for jobs: forecasts outside cannot be read, and the error says why', async () => {
    workspace.put('elsewhere/part.parquet', smallForecasts)
    const { connection, launchRecords } = workspace
    Object.assign(workspace.simulator.account.policies, { user: undefined })
    const request = workspace.request({}, { input: `s3://${workspaceBucket}/elsewhere/` })
    const cloudRun = await launchRun({ connection, caller: await identifyCaller(connection), launchRecords, request })
    Object.assign(workspace.simulator.account.policies, { user })
    const { code, next } = await failureOf(waitForRun(connection, launchRecords, cloudRun, { pollMs: 20 }))
    expect([code, next]).toEqual(['cloud-job-failed', expect.stringContaining('s3:GetObject and s3:ListBucket')])
  })
})

describe.skipIf(!hasNamespaces)("the execution role's policy for Spark", () => {
  let spark: CloudWorkspace
  beforeAll(async () => {
    const runSpark: SparkRunner = ({ args: [, out] }) => {
      const write = mkdir(join(out!, 'stage'), { recursive: true }).then(() => writeFile(join(out!, 'stage', 'stage.json'), '{}'))
      return { stop: () => undefined, exit: write.then(() => 0) }
    }
    spark = await openCloudWorkspace({}, { runSpark })
    for (const name of ['plan.json', 'server_attributes.parquet']) await writeFile(join(spark.folder, name), name)
  })
  afterAll(() => spark.close())
  const cloudRun = async (policy: Policy) => {
    const { account } = spark.simulator
    account.requestedPermissions.role.length = 0
    Object.assign(account.policies, { user, role: policy })
    const { connection, launchRecords, folder } = spark
    const task = { kind: 'engine', method: 'headroom', config: {}, spark: { instances: 2, planFolder: folder } } as const
    const launched = await launchRun({
      connection,
      caller: await identifyCaller(connection),
      launchRecords,
      request: spark.request({}, { task }),
    })
    return waitForRun(connection, launchRecords, launched, { pollMs: 20 })
  }

  it('is needed in addition for temporary files of Spark', async () => {
    expect((await failureOf(cloudRun(role))).message).toMatch(/In the Spark job: .*s3:DeleteObject/)
  })

  it('is enough with it and grants only what is used; so is the user’s', async () => {
    const overrides = await readPolicy('execution-policy-spark.json')
    expect(await cloudRun([...role, ...overrides])).toMatchObject({ part: 'finish', job: { status: 'Completed' } })
    const { user: requestedByUser, role: requested } = spark.simulator.account.requestedPermissions
    expect(requested.filter((permission) => !allows([...role, ...overrides], permission))).toEqual([])
    expect(requestedByUser.filter((permission) => !allows(user, permission))).toEqual([])
    // A write that breaks off, which this account's Spark does not.
    const aborted = { action: 's3:AbortMultipartUpload', resource: `arn:aws:s3:::${workspaceBucket}/headroom/runs/1/spark/work/part` }
    expect(findUnusedGrants(overrides, [...requested, aborted])).toEqual([])
    expect(
      allows(overrides, { action: 's3:DeleteObject', resource: `arn:aws:s3:::${workspaceBucket}/headroom/runs/1/output/manifest.json` }),
    ).toBe(false)
    expect(allows(overrides, { action: 's3:DeleteObject', resource: `arn:aws:s3:::${workspaceBucket}/forecasts/part.parquet` })).toBe(false)
  })
})

describe.skipIf(!hasNamespaces)('the policies for a key', () => {
  const key = 'arn:aws:kms:eu-west-1:123456789012:key/1'
  let encrypted: CloudWorkspace
  let policies: { user: Policy; role: Policy }
  beforeAll(async () => {
    const runSpark: SparkRunner = ({ args: [, out] }) => {
      const write = mkdir(join(out!, 'stage'), { recursive: true }).then(() => writeFile(join(out!, 'stage', 'stage.json'), '{}'))
      return { stop: () => undefined, exit: write.then(() => 0) }
    }
    encrypted = await openCloudWorkspace({ engine: 'echo 1 > /opt/ml/processing/output/server_clusters.csv' }, { runSpark })
    for (const name of ['plan.json', 'server_attributes.parquet']) await writeFile(join(encrypted.folder, name), name)
    const ofJob = ['execution-policy.json', 'execution-policy-vpc-kms.json', 'execution-policy-spark.json']
    policies = {
      user: [...user, ...(await readPolicy('user-policy-kms.json'))],
      role: (await Promise.all(ofJob.map(readPolicy))).flat(),
    }
    encrypted.put('forecasts/encrypted.parquet', smallForecasts)
  })
  afterAll(() => encrypted.close())
  const without = (policy: Policy, action: string): Policy =>
    policy.map((statement) => ({ ...statement, Action: statement.Action.filter((name) => name !== action) }))
  const cloudRun = async (changed: Partial<typeof policies>, overrides: Partial<LaunchRequest> = {}) => {
    Object.assign(encrypted.simulator.account.policies, policies, changed)
    const request = encrypted.request({ kmsKeyId: key }, overrides)
    return waitForRun(encrypted.connection, encrypted.launchRecords, await encrypted.launch(request), { pollMs: 20 })
  }

  it('are enough for runs on one instance and on Spark, whose objects are all encrypted with it', async () => {
    const before = new Set(encrypted.bucket.objects.keys())
    const { outputUri } = await cloudRun({})
    const task = { kind: 'engine', method: 'headroom', config: {}, spark: { instances: 2, planFolder: encrypted.folder } } as const
    expect(await cloudRun({}, { task })).toMatchObject({ part: 'finish', job: { status: 'Completed' } })
    const written = [...encrypted.bucket.objects].filter(([name]) => !before.has(name))
    expect(written.filter(([, { kmsKey }]) => kmsKey !== key).map(([name]) => name)).toEqual([])
    expect(written.map(([name]) => name).filter((name) => name.endsWith('/spark/stage/stage.json'))).toHaveLength(1)
    const [object] = await listObjects(encrypted.connection.s3, parseS3Address(outputUri))
    expect(object?.key).toMatch(/server_clusters\.csv$/)
  })

  it.each([
    ['user', 'kms:GenerateDataKey'],
    ['user', 'kms:CreateGrant'],
    ['role', 'kms:Decrypt'],
    ['role', 'kms:Encrypt'],
    ['role', 'kms:GenerateDataKey'],
    ['role', 'kms:CreateGrant'],
  ] as const)('of the %s are needed: %s', async (who, action) => {
    const { code, message } = await failureOf(cloudRun({ [who]: without(policies[who], action) }))
    expect([code, message]).toEqual(['cloud-refused', `Missing permission for the KMS key ${key}.`])
  })

  it('are tested by preflight, which encrypts as the launch does', async () => {
    Object.assign(encrypted.simulator.account.policies, { user: without(policies.user, 'kms:GenerateDataKey') })
    const { checks } = await preflight(encrypted.connection, encrypted.request({ kmsKeyId: key }))
    expect(checks.find(({ id }) => id === 'output')).toMatchObject({
      state: 'failed',
      detail: `Missing permission for the KMS key ${key}.`,
    })
  })
})

describe('the bucket owner', () => {
  let own: CloudWorkspace
  beforeAll(async () => {
    own = await openCloudWorkspace()
    own.simulator.addBucket('of-others', undefined, '999988887777')
  })
  afterAll(() => own.close())

  it('is expected to be the caller’s account, or the stated one', async () => {
    const checkOf = async (settings: object) =>
      (await preflight(own.connection, own.request(settings))).checks.find(({ id }) => id === 'bucket')
    expect(await checkOf({})).toMatchObject({ state: 'ok' })
    expect(await checkOf({ bucket: 'of-others' })).toMatchObject({
      state: 'failed',
      detail: 'Missing s3:ListBucket for the bucket of-others, or another account owns it.',
      next: expect.stringContaining('--bucket-owner'),
    })
    expect(await checkOf({ bucket: 'of-others', bucketOwner: '999988887777' })).toMatchObject({ state: 'ok' })
    expect((await own.launch(own.request({ bucket: 'of-others', bucketOwner: '999988887777' }))).stage).toBe('submitted')
  })

  it('is not expected of the bucket behind an access point', async () => {
    const bucket = 'arn:aws:s3:eu-west-1:123456789012:accesspoint/capacity'
    expect(parseS3Address(`s3://${bucket}/forecasts/a.parquet`)).toEqual({ bucket, key: 'forecasts/a.parquet' })
    const { settings } = own.request({ bucket })
    expectBucketOwner(own.connection, settings, { account: '123456789012' })
    expect(own.connection.bucketOwners.has(bucket)).toBe(false)
    expectBucketOwner(own.connection, { ...settings, bucketOwner: '999988887777' }, { account: '123456789012' })
    expect(own.connection.bucketOwners.get(bucket)).toBe('999988887777')
    expect(launchRequestSchema.safeParse({ ...own.request({ bucket }), input: `s3://${bucket}/forecasts/` }).success).toBe(true)
    const endpoint = process.env['AWS_ENDPOINT_URL']
    delete process.env['AWS_ENDPOINT_URL']
    const aws = await connect()
    const hosts = new Set<string>()
    // In place of the access point, which answers every request with its region.
    aws.s3.middlewareStack.add(
      () => async (args) => {
        hosts.add((args.request as { hostname: string }).hostname)
        return { output: { $metadata: {}, BucketRegion: 'eu-west-1' }, response: {} }
      },
      { step: 'finalizeRequest', priority: 'low' },
    )
    const { checks } = await preflight({ ...own.connection, s3: aws.s3 }, own.request({ bucket }, { input: `s3://${bucket}/forecasts/` }))
    aws.close()
    process.env['AWS_ENDPOINT_URL'] = endpoint
    expect(checks.find(({ id }) => id === 'bucket')).toMatchObject({ state: 'warning', next: expect.stringContaining('name the alias') })
    expect(checks.find(({ id }) => id === 'output')).toMatchObject({ state: 'ok' })
    expect([...hosts]).toEqual(['capacity-123456789012.s3-accesspoint.eu-west-1.amazonaws.com'])
    // An alias is a name like that of a bucket, which another account may own.
    const alias = 'capacity-1a2b3c-s3alias'
    own.simulator.addBucket(alias, undefined, '999988887777')
    expect((await own.launch(own.request({ bucket: alias }))).stage).toBe('submitted')
  })
})

describe('all policies', () => {
  it('name single actions and narrow every resource', async () => {
    const names = [
      'user-policy.json',
      'user-policy-kms.json',
      'execution-policy.json',
      'execution-policy-vpc-kms.json',
      'execution-policy-spark.json',
      'trust-policy.json',
    ]
    for (const name of names) {
      const policy = await readPolicy(name)
      expect(policy.flatMap(({ Action }) => Action).filter((action) => action.includes('*'))).toEqual([])
      const open = policy.filter(({ Resource }) => Resource.includes('*')).flatMap(({ Action }) => Action)
      // IAM knows no narrower resource for a list of roles.
      expect(open.filter((action) => /^(s3:(Get|Put|ListBucket)|iam:(?!ListRoles$)|kms:|sagemaker:(Create|Stop))/.test(action))).toEqual([])
    }
  })
})
