// The cloud runs of a window across restarts: unfinished runs continue, incomplete ones are shown and not requested again.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { CloudRuns } from '../../../src-main/shell/cloud/cloud-runs.ts'
import type { CloudRunView } from '../../../src-shared/ipc/cloud-contract.ts'
import type { SparkRunner } from '../../simulator/spark-container.ts'
import { openCloudWorkspace, type CloudWorkspace } from '../../fixtures/cloud-workspace.ts'

let workspace: CloudWorkspace
let ends: CloudRunView[]
beforeEach(async () => {
  workspace = await openCloudWorkspace()
  ends = []
})
afterEach(() => workspace.close())

const open = () =>
  new CloudRuns({
    folder: join(workspace.folder, 'cloud'),
    runs: join(workspace.folder, 'runs'),
    connect: async () => workspace.connection,
    engine: {
      plan: async ({ out }) => {
        await mkdir(out, { recursive: true })
        for (const name of ['plan.json', 'server_attributes.parquet']) await writeFile(join(out, name), name)
      },
      checkTables: () => Promise.resolve(),
    },
    onRun: () => undefined,
    onLines: () => undefined,
    onEnd: (cloudRun) => void ends.push(cloudRun),
    pollMs: 20,
  })

it('shows an incomplete run after a restart, without asking for it again', async () => {
  const cloudRuns = open()
  await cloudRuns.launch(workspace.request(), null, null)
  await expect.poll(() => ends.length, { timeout: 20_000 }).toBe(1)
  expect(ends[0]).toMatchObject({ stage: 'ended', status: 'Completed', error: { code: 'cloud-incomplete' }, isLive: false })
  const asked = workspace.simulator.requests.length
  const next = open()
  await next.resume()
  expect(next.list()).toMatchObject([{ error: { code: 'cloud-incomplete' }, isLive: false, folder: null }])
  await next.stopFollowing()
  expect(workspace.simulator.requests).toHaveLength(asked)
})

it('follows an unfinished job, stores its lines, and stops following on request', async () => {
  await writeFile(join(workspace.folder, 'engine', 'run.sh'), 'echo first; sleep 1; echo last; exit 3')
  const cloudRuns = open()
  const request = workspace.request()
  await cloudRuns.launch(request, null, null)
  await expect.poll(() => cloudRuns.list()[0]?.stage, { timeout: 20_000 }).toBe('submitted')
  await cloudRuns.stopFollowing()
  expect(ends).toEqual([])
  const next = open()
  await next.resume()
  await expect.poll(() => ends.length, { timeout: 20_000 }).toBe(1)
  expect((await next.lines(request.runId)).map(({ text }) => text)).toEqual(['first', 'last'])
  expect(ends[0]).toMatchObject({ status: 'Failed', error: { code: 'cloud-job-failed' } })
  expect(workspace.simulator.account.jobs.size).toBe(1)
  // A later start has the lines of a job that has long ended from CloudWatch, and does without where that does not answer.
  const later = open()
  await later.resume()
  expect((await later.lines(request.runId)).map(({ text }) => text)).toEqual(['first', 'last'])
  workspace.simulator.account.denied.set('logs:DescribeLogStreams', 'no')
  const without = open()
  await without.resume()
  expect(await without.lines(request.runId)).toEqual([])
})

it('runs both jobs of a Spark cluster; a failed one restarts when the user resumes the run', async () => {
  await workspace.close()
  let attempts = 0
  const runSpark: SparkRunner = ({ args: [, out] }) => {
    attempts += 1
    const write = async (): Promise<number> => {
      await mkdir(join(out!, 'stage'), { recursive: true })
      await writeFile(join(out!, 'stage', attempts === 1 ? 'half' : 'stage.json'), '{}')
      return attempts === 1 ? 1 : 0
    }
    return { stop: () => undefined, exit: write() }
  }
  workspace = await openCloudWorkspace({}, { runSpark })
  const cloudRuns = open()
  const spark = { instances: 2, planFolder: join(workspace.folder, 'cloud', 'plans', 'one') }
  const request = workspace.request({}, { task: { kind: 'engine', method: 'headroom', config: {}, spark } })
  await cloudRuns.launch(request, null, null)
  await expect.poll(() => ends.length, { timeout: 20_000 }).toBe(1)
  expect(ends[0]).toMatchObject({
    part: 'spark',
    status: 'Failed',
    isLive: false,
    error: { message: expect.stringContaining('In the Spark job') },
  })
  await cloudRuns.stopFollowing()
  // A later start shows it, and begins nothing by itself.
  const next = open()
  await next.resume()
  expect(next.list()).toMatchObject([{ part: 'spark', isLive: false }])
  await next.resumeRun(request.runId)
  await expect.poll(() => ends.length, { timeout: 20_000 }).toBe(2)
  // The engine of this test writes no run; the test only checks that it is called.
  expect(ends[1]).toMatchObject({ part: 'finish', status: 'Completed', error: { code: 'cloud-incomplete' } })
  const names = ['-spark', '-spark-again-2', ''].map((ending) => `headroom-${request.runId}${ending}`)
  expect([...workspace.simulator.account.jobs.keys()]).toEqual(names)
})
