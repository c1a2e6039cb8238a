// `headroom cloud setup`: the printed policies are the shipped ones, filled in; under them a launch works and nothing more is allowed.
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { launchRun } from '../../../src-main/cloud/launch/launch-run.ts'
import { identifyCaller } from '../../../src-main/cloud/account/connection.ts'
import { renderSetup } from '../../../src-main/cloud/setup/render-setup.ts'
import { planSetup, type SetupRequest } from '../../../src-main/cloud/setup/setup-plan.ts'
import { openCloudWorkspace, workspaceBucket } from '../../fixtures/cloud-workspace.ts'
import type { Policy } from '../../simulator/authorize.ts'

const key = 'arn:aws:kms:eu-west-1:123456789012:key/1'
const plan = (overrides: Partial<SetupRequest> = {}) =>
  planSetup({
    account: '123456789012',
    region: 'eu-west-1',
    bucket: workspaceBucket,
    prefix: 'headroom',
    forecastsPrefix: 'forecasts',
    roleName: 'HeadroomProcessing',
    kmsKeyArn: undefined,
    usesVpc: false,
    usesSpark: false,
    ...overrides,
  })
const everything = { kmsKeyArn: key, usesVpc: true, usesSpark: true }
const sids = ({ execution }: ReturnType<typeof plan>) => execution.Statement.map((statement) => (statement as { Sid: string }).Sid)
const templateOf = (text: string) =>
  JSON.parse(text) as { Resources: Record<string, { Type: string; Properties: Record<string, unknown> }> }

describe('a setup', () => {
  it('has no word left to fill in, in any format', () => {
    for (const format of ['terraform', 'cloudformation', 'cli'] as const) {
      for (const overrides of [{}, everything]) {
        expect(renderSetup(plan(overrides), format)).not.toMatch(/BUCKET|PREFIX|FORECASTS|REGION|ACCOUNT\b|"ROLE"|"KEY"|undefined/)
      }
    }
  })

  it('holds statements for KMS, VPC and Spark only where they are used', () => {
    const optional = (overrides: Partial<SetupRequest>) => sids(plan(overrides)).filter((sid) => sid.startsWith('Only'))
    expect(optional({})).toEqual([])
    expect(optional({ usesVpc: true })).toEqual(['OnlyInAVpc'])
    expect(optional({ kmsKeyArn: key })).toEqual(['OnlyWithAKeyOfYourOwn', 'OnlyWithAKeyOfYourOwnForTheVolume'])
    expect(optional({ usesSpark: true })).toEqual(['OnlyForSpark'])
  })

  it('names the partition of the region in every ARN', () => {
    const text = renderSetup(plan({ region: 'cn-north-1' }), 'cloudformation')
    expect(text).toContain('arn:aws-cn:s3:::capacity-data')
    expect(text).not.toContain('arn:aws:')
  })

  it('holds the same policies in every format', () => {
    const { execution, user, trust } = plan(everything)
    const { Resources } = templateOf(renderSetup(plan(everything), 'cloudformation'))
    expect(Resources['ExecutionRole']!.Properties).toMatchObject({
      RoleName: 'HeadroomProcessing',
      Path: '/service-role/',
      AssumeRolePolicyDocument: trust,
      Policies: [{ PolicyDocument: execution }],
    })
    expect(Resources['UserPolicy']!.Properties['PolicyDocument']).toEqual(user)
    const heredocs = [...renderSetup(plan(everything), 'terraform').matchAll(/<<-POLICY\n([^]*?)\n {2}POLICY/g)]
    expect(heredocs.map(([, text]) => JSON.parse(text!) as unknown)).toEqual([trust, execution, user])
    const commands = renderSetup(plan(everything), 'cli')
    const documents = [...commands.matchAll(/-policy-document '([^']*)'|--policy-document '([^']*)'/g)]
    expect(documents.map(([, first, second]) => JSON.parse(first ?? second!) as unknown)).toEqual([trust, execution, user])
  })

  it('fits into the limits of IAM', () => {
    const { execution, user } = plan(everything)
    expect(JSON.stringify(user).length).toBeLessThan(6144)
    expect(JSON.stringify(execution).length).toBeLessThan(10_240)
  })

  it('is a valid shell script', () => {
    const { status, stderr } = spawnSync('sh', ['-n'], { input: renderSetup(plan(everything), 'cli'), encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
  })

  it('is enough for a launch', async () => {
    const workspace = await openCloudWorkspace({}, { runJob: async (job) => void Object.assign(job, { status: 'Completed' }) })
    try {
      const toLists = (statements: readonly object[]): Policy =>
        statements.map((statement) => {
          const { Action, Resource, ...rest } = statement as { Action: string | string[]; Resource: string | string[] }
          return { ...rest, Effect: 'Allow', Action: [Action].flat(), Resource: [Resource].flat() }
        })
      const { user, execution, roleArn } = plan()
      Object.assign(workspace.simulator.account.policies, { user: toLists(user.Statement), role: toLists(execution.Statement) })
      const { connection, launchRecords } = workspace
      const request = workspace.request({ roleArn })
      const launched = await launchRun({ connection, caller: await identifyCaller(connection), launchRecords, request })
      expect(launched.stage).toBe('submitted')
    } finally {
      await workspace.close()
    }
  })
})
