// `headroom cloud schedule`: each execution sends the very requests of the launched run, under a run ID of its own.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateProcessingJobCommand, type CreateProcessingJobCommandInput } from '@aws-sdk/client-sagemaker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { planScheduledJobs } from '../../../src-main/cloud/setup/plan-schedule.ts'
import { renderSchedule } from '../../../src-main/cloud/setup/schedule-template.ts'
import type { CloudRun } from '../../../src-shared/cloud/cloud-job.ts'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { failureOf, openCloudWorkspace, workspaceBucket, type CloudWorkspace } from '../../fixtures/cloud-workspace.ts'

let workspace: CloudWorkspace
beforeAll(async () => {
  workspace = await openCloudWorkspace({}, { runJob: async (job) => void Object.assign(job, { status: 'Completed' }) })
  for (const name of ['plan.json', 'server_attributes.parquet']) await writeFile(join(workspace.folder, name), name)
})
afterAll(() => workspace.close())

interface State {
  readonly Type: string
  readonly Next?: string
  readonly Resource?: string
  readonly Arguments: Readonly<Record<string, unknown>>
}

const schedule = async (cloudRun: CloudRun) => {
  const { runId, request, caller } = cloudRun
  const text = renderSchedule({
    runId,
    account: caller.account,
    region: caller.region,
    roleArn: request.settings.roleArn,
    expression: 'cron(0 6 * * ? *)',
    timeZone: 'Europe/Berlin',
    topicArn: 'arn:aws:sns:eu-west-1:123456789012:planners',
    jobs: await planScheduledJobs(workspace.connection, cloudRun),
  })
  const { Resources } = JSON.parse(text) as { Resources: Record<string, { Type: string; Properties: Record<string, unknown> }> }
  const definition = JSON.parse(Resources['StateMachine']!.Properties['DefinitionString'] as string) as {
    StartAt: string
    States: Record<string, State>
  }
  const states: [string, State][] = []
  for (let name: string | undefined = definition.StartAt; name !== undefined; name = definition.States[name]!.Next)
    states.push([name, definition.States[name]!])
  return { Resources, states }
}

/** What Step Functions makes of the expressions: texts joined with the run ID. */
const evaluate = (value: unknown, runId: string): unknown => {
  if (Array.isArray(value)) return value.map((item) => evaluate(item, runId))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, evaluate(item, runId)]))
  const [, expression] = /^\{% (.*) %\}$/s.exec(String(value)) ?? []
  if (typeof value !== 'string' || expression === undefined) return value
  return expression
    .split(' & ')
    .map((part) => (part === '$runId' ? runId : (JSON.parse(part) as string)))
    .join('')
}

const launch = (overrides: Partial<LaunchRequest> = {}) =>
  workspace.launch(workspace.request({ tags: { team: 'capacity' }, kmsKeyId: 'key-1' }, overrides))
const requestOf = (name: string) => workspace.simulator.account.jobs.get(name)!.request
const newId = '0123456789abcdef0123456789abcdef'

describe('a schedule', () => {
  it('of a run on one instance sends its request, then looks for the manifest', async () => {
    const cloudRun = await launch()
    const { states, Resources } = await schedule(cloudRun)
    expect(states.map(([name]) => name)).toEqual(['Name the run', 'Run job', 'Verify job'])
    const [, [, run], [, verify]] = states as [unknown, [string, State], [string, State]]
    expect(run.Resource).toBe('arn:aws:states:::sagemaker:createProcessingJob.sync')
    expect(evaluate(run.Arguments, cloudRun.runId)).toEqual(requestOf(cloudRun.jobName))
    expect(evaluate(verify.Arguments, newId)).toEqual({
      Bucket: workspaceBucket,
      Key: `headroom/runs/${newId}/output/manifest.json`,
    })
    const sent = evaluate(run.Arguments, newId) as CreateProcessingJobCommandInput
    // The settings are those of the launched run; name, run ID and output are new.
    const text = JSON.stringify(sent)
    expect(text.match(new RegExp(cloudRun.runId, 'g'))).toHaveLength(1)
    expect(text).toContain(`s3://${workspaceBucket}/headroom/runs/${cloudRun.runId}/settings/`)
    await workspace.connection.sagemaker.send(new CreateProcessingJobCommand(sent))
    expect(workspace.simulator.account.jobs.has(`headroom-${newId}`)).toBe(true)
    expect(Resources['Schedule']!.Properties).toMatchObject({
      ScheduleExpression: 'cron(0 6 * * ? *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
    })
    expect(Resources['EndedRule']!.Properties['Targets']).toEqual([{ Id: 'topic', Arn: 'arn:aws:sns:eu-west-1:123456789012:planners' }])
  })

  it('of a run on Spark sends both requests', async () => {
    const task = { kind: 'engine', method: 'headroom', config: {}, spark: { instances: 2, planFolder: workspace.folder } } as const
    const cloudRun = await launch({ task })
    const { states } = await schedule(cloudRun)
    expect(states.map(([name]) => name)).toEqual(['Name the run', 'Run job 1', 'Verify job 1', 'Run job 2', 'Verify job 2'])
    const argumentsOf = (name: string, runId: string) =>
      evaluate(states.find(([state]) => state === name)![1].Arguments, runId) as CreateProcessingJobCommandInput
    expect(argumentsOf('Run job 1', cloudRun.runId)).toEqual(requestOf(cloudRun.jobName))
    for (const name of ['Run job 1', 'Run job 2'])
      await workspace.connection.sagemaker.send(new CreateProcessingJobCommand(argumentsOf(name, newId.replace('0', 'f'))))
    const [first, second] = [argumentsOf('Run job 1', newId), argumentsOf('Run job 2', newId)]
    expect(first.AppSpecification!.ContainerArguments).toContain(`s3://${workspaceBucket}/headroom/runs/${newId}/spark`)
    expect(first.AppSpecification!.ContainerArguments).toContain(`s3://${workspaceBucket}/headroom/runs/${cloudRun.runId}/plan/plan.json`)
    expect(JSON.stringify(second.ProcessingInputs)).toContain(`/headroom/runs/${newId}/spark/stage/`)
  })

  it('needs a launched run of forecasts in S3', async () => {
    const cloudRun = await launch()
    expect(await failureOf(planScheduledJobs(workspace.connection, { ...cloudRun, stage: 'planned' }))).toMatchObject({
      code: 'cloud-setup',
    })
    const local = { ...cloudRun, request: { ...cloudRun.request, input: ['/data/fleet.parquet'] } }
    expect(await failureOf(planScheduledJobs(workspace.connection, local))).toMatchObject({
      code: 'cloud-setup',
      next: expect.stringContaining('S3 prefix'),
    })
  })
})
