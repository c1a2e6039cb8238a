// The load of a job's instance from CloudWatch: last and maximum values, pages, missing metrics and refusals.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { followJob } from '../../../src-main/cloud/jobs/follow-job.ts'
import { JobMetrics } from '../../../src-main/cloud/jobs/job-metrics.ts'
import { describeJob } from '../../../src-main/cloud/jobs/describe-job.ts'
import type { CloudEvent, JobLoad } from '../../../src-shared/cloud/cloud-job.ts'
import { openCloudWorkspace, type CloudWorkspace } from '../../fixtures/cloud-workspace.ts'

const minute = 60_000
const startedAt = Math.floor(Date.now() / minute) * minute - 300 * minute

let workspace: CloudWorkspace
beforeEach(async () => {
  workspace = await openCloudWorkspace({}, { runJob: finish })
})
afterEach(() => workspace.close())

const finish = async (job: CloudWorkspace['simulator']['account']['jobs'] extends Map<string, infer Job> ? Job : never): Promise<void> => {
  job.startedAt = new Date(startedAt)
  job.endedAt = new Date()
  job.status = 'Completed'
}

/** Values of one minute each from the job's start on. */
const measured = (job: string, metrics: Readonly<Record<string, readonly number[]>>): void => {
  const series = Object.entries(metrics).map(
    ([name, values]) => [name, values.map((value, index) => ({ at: startedAt + index * minute, value }))] as const,
  )
  workspace.simulator.account.metrics.set(`${job}/algo-1`, new Map(series))
}

const launched = async (): Promise<string> => (await workspace.launch(workspace.request())).jobName
const followed = async (job: string): Promise<CloudEvent[]> => {
  const events: CloudEvent[] = []
  await followJob(workspace.connection, job, { pollMs: 10, onEvent: (event) => events.push(event) })
  return events
}
const loadsIn = (events: readonly CloudEvent[]): JobLoad[] => events.flatMap((event) => (event.type === 'metrics' ? [event.load] : []))

describe('the load of a job', () => {
  it('is the last and the maximum value of each available metric of this job', async () => {
    const job = await launched()
    measured(job, { CPUUtilization: [50, 380.5, 120], MemoryUtilization: [10, 20, 30] })
    measured('another', { CPUUtilization: [800], DiskUtilization: [99] })
    expect(loadsIn(await followed(job))).toEqual([{ cpu: { last: 120, most: 380.5 }, memory: { last: 30, most: 30 }, disk: null }])
  })

  it('is read in pages, and later requests ask only for new values', async () => {
    const job = await launched()
    const cpu = Array.from({ length: 250 }, (_, index) => (index === 7 ? 99 : 40))
    measured(job, { CPUUtilization: cpu })
    const { state } = (await describeJob(workspace.connection, job))!
    const metrics = new JobMetrics(workspace.connection, job)
    expect(await metrics.poll(state)).toMatchObject({ cpu: { last: 40, most: 99 } })
    // 250 points, 100 a page.
    expect(workspace.simulator.requestsOf('GetMetricData')).toHaveLength(3)
    expect(await metrics.poll(state)).toBeUndefined()
    measured(job, { CPUUtilization: [...cpu, 60] })
    expect(await metrics.poll(state)).toMatchObject({ cpu: { last: 60, most: 99 } })
    expect(workspace.simulator.requestsOf('GetMetricData')).toHaveLength(5)
  })

  it('is requested once in twenty polls while the job runs', async () => {
    const job = await launched()
    const { state } = (await describeJob(workspace.connection, job))!
    const metrics = new JobMetrics(workspace.connection, job)
    await metrics.poll({ ...state, startedAt: null, endedAt: null })
    expect(workspace.simulator.requestsOf('GetMetricData')).toHaveLength(0)
    for (let look = 0; look < 21; look += 1) await metrics.poll({ ...state, endedAt: null })
    expect(workspace.simulator.requestsOf('GetMetricData')).toHaveLength(2)
  })

  it('is omitted if CloudWatch has none', async () => {
    const events = await followed(await launched())
    expect(events.map(({ type }) => type)).toEqual(['status'])
    expect(workspace.simulator.requestsOf('GetMetricData').map(({ status }) => status)).toEqual([200])
  })

  it('is omitted if it cannot be read; the job is still followed', async () => {
    const job = await launched()
    measured(job, { CPUUtilization: [50] })
    workspace.simulator.account.denied.set('cloudwatch:GetMetricData', 'User is not authorized to perform: cloudwatch:GetMetricData')
    const { state } = (await describeJob(workspace.connection, job))!
    const metrics = new JobMetrics(workspace.connection, job)
    expect([await metrics.poll(state), await metrics.poll(state)]).toEqual([undefined, undefined])
    expect(workspace.simulator.requestsOf('GetMetricData').map(({ status }) => status)).toEqual([403])
    expect((await followed(job)).map(({ type }) => type)).toEqual(['status'])
    workspace.simulator.account.denied.clear()
    workspace.simulator.faults.add({ kind: 'error', operation: 'GetMetricData', code: 'InvalidParameterValue', message: 'no', status: 400 })
    expect((await followed(job)).map(({ type }) => type)).toEqual(['status'])
  })
})
