// Exactly one job per launch despite lost requests, lost responses and taken names.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resumeRun } from '../../../src-main/cloud/launch/resume-run.ts'
import { failureOf, openCloudWorkspace, type CloudWorkspace } from '../../fixtures/cloud-workspace.ts'

describe('a launch submits one job', () => {
  let workspace: CloudWorkspace
  beforeEach(async () => {
    workspace = await openCloudWorkspace()
  })
  afterEach(() => workspace.close())
  const jobs = () => [...workspace.simulator.account.jobs.keys()]

  it.each(['throttle', 'reset', 'reset-after'] as const)('through %s', async (kind) => {
    workspace.simulator.faults.add({ kind, operation: 'CreateProcessingJob' })
    const cloudRun = await workspace.launch(workspace.request())
    expect([cloudRun.stage, cloudRun.jobName]).toEqual(['submitted', `headroom-${cloudRun.runId}`])
    expect(jobs()).toEqual([cloudRun.jobName])
  })

  it('when no response arrives', async () => {
    workspace.simulator.faults.add({ kind: 'reset-after', operation: 'CreateProcessingJob', times: 99 })
    const cloudRun = await workspace.launch(workspace.request())
    expect(jobs()).toEqual([cloudRun.jobName])
  })

  it('through an internal error, repeated under the same name', async () => {
    const error = {
      kind: 'error',
      operation: 'CreateProcessingJob',
      code: 'InternalServerError',
      message: 'We encountered an internal error.',
      status: 500,
    } as const
    workspace.simulator.faults.add({ ...error, times: 5 })
    const cloudRun = await workspace.launch(workspace.request())
    expect(jobs()).toEqual([cloudRun.jobName])
  }, 120_000)

  it('under another name if the name is taken by another job', async () => {
    const request = workspace.request()
    const other = await workspace.launch({ ...workspace.request(), runId: request.runId })
    const job = workspace.simulator.account.jobs.get(other.jobName)!
    Object.assign(job.request, { Environment: {} })
    const cloudRun = await workspace.launch(request)
    expect(cloudRun.jobName).toBe(`headroom-${request.runId}-2`)
    expect(jobs()).toEqual([`headroom-${request.runId}`, `headroom-${request.runId}-2`])
  })

  it('when it is resumed after its response was lost', async () => {
    const request = workspace.request()
    workspace.simulator.faults.add({ kind: 'reset-after', operation: 'CreateProcessingJob', times: 99 })
    workspace.simulator.faults.add({
      kind: 'error',
      operation: 'DescribeProcessingJob',
      code: 'AccessDeniedException',
      message: 'no',
      status: 403,
    })
    await failureOf(workspace.launch(request))
    const interrupted = await workspace.launchRecords.get(request.runId)
    expect([interrupted.stage, interrupted.job]).toEqual(['submitting', null])
    workspace.simulator.faults.clear()
    const before = workspace.simulator.requestsOf('CreateProcessingJob').length
    const cloudRun = await resumeRun(workspace.connection, workspace.launchRecords, interrupted)
    expect([cloudRun.stage, jobs()]).toEqual(['submitted', [cloudRun.jobName]])
    expect(workspace.simulator.requestsOf('CreateProcessingJob')).toHaveLength(before)
  })

  it('but none when AWS refuses it, and fails at once', async () => {
    await failureOf(workspace.launchUnchecked(workspace.request({ roleArn: 'arn:aws:iam::123456789012:role/Nobody' })))
    expect([jobs(), workspace.simulator.requestsOf('CreateProcessingJob').length]).toEqual([[], 1])
  })
})
