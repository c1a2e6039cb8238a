// Exactly one job per launch, whatever breaks: lost requests, lost answers, taken names, and the process itself killed at any stage.
import { setTimeout as pause } from 'node:timers/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { resumeTrip } from '../../src-main/cloud/launch-trip.ts'
import { filesBelow, openCloudBench, type CloudBench } from '../fixtures/cloud-bench.ts'
import { failureOf, openCloudPlace, type CloudPlace } from '../fixtures/cloud-place.ts'
import { packedEngine } from '../fixtures/engine-bundle.ts'
import { makeSampleFleet, type SampleRun } from '../fixtures/sample-run.ts'

describe('a launch makes one job', () => {
  let place: CloudPlace
  beforeEach(async () => {
    place = await openCloudPlace()
  })
  afterEach(() => place.close())
  const jobs = () => [...place.simulator.account.jobs.keys()]

  it.each(['throttle', 'reset', 'reset-after'] as const)('through %s', async (kind) => {
    place.simulator.faults.add({ kind, operation: 'CreateProcessingJob' })
    const trip = await place.launch(place.request())
    expect([trip.stage, trip.jobName]).toEqual(['submitted', `headroom-${trip.runId}`])
    expect(jobs()).toEqual([trip.jobName])
  })

  it('when no answer ever comes back', async () => {
    place.simulator.faults.add({ kind: 'reset-after', operation: 'CreateProcessingJob', times: 99 })
    const trip = await place.launch(place.request())
    expect(jobs()).toEqual([trip.jobName])
  })

  it('through an internal error, sent once more by the same name', async () => {
    const error = {
      kind: 'error',
      operation: 'CreateProcessingJob',
      code: 'InternalServerError',
      message: 'We encountered an internal error.',
      status: 500,
    } as const
    place.simulator.faults.add({ ...error, times: 5 })
    const trip = await place.launch(place.request())
    expect(jobs()).toEqual([trip.jobName])
  }, 120_000)

  it('under another name where the name is somebody else’s', async () => {
    const request = place.request()
    const other = await place.launch({ ...place.request(), runId: request.runId })
    const job = place.simulator.account.jobs.get(other.jobName)!
    Object.assign(job.request, { Environment: {} })
    const trip = await place.launch(request)
    expect(trip.jobName).toBe(`headroom-${request.runId}-2`)
    expect(jobs()).toEqual([`headroom-${request.runId}`, `headroom-${request.runId}-2`])
  })

  it('when it is started again after its answer was lost for good', async () => {
    const request = place.request()
    place.simulator.faults.add({ kind: 'reset-after', operation: 'CreateProcessingJob', times: 99 })
    place.simulator.faults.add({
      kind: 'error',
      operation: 'DescribeProcessingJob',
      code: 'AccessDeniedException',
      message: 'no',
      status: 403,
    })
    await failureOf(place.launch(request))
    const begun = await place.journal.get(request.runId)
    expect([begun.stage, begun.job]).toEqual(['submitting', null])
    place.simulator.faults.clear()
    const before = place.simulator.requestsOf('CreateProcessingJob').length
    const trip = await resumeTrip(place.connection, place.journal, begun)
    expect([trip.stage, jobs()]).toEqual(['submitted', [trip.jobName]])
    expect(place.simulator.requestsOf('CreateProcessingJob')).toHaveLength(before)
  })

  it('not at all when AWS refuses it, and then says so at once', async () => {
    await failureOf(place.launch(place.request({ roleArn: 'arn:aws:iam::123456789012:role/Nobody' })))
    expect([jobs(), place.simulator.requestsOf('CreateProcessingJob').length]).toEqual([[], 1])
  })
})

describe('the process is killed', () => {
  let bench: CloudBench
  let fleet: SampleRun
  beforeAll(async () => {
    await packedEngine()
    fleet = await makeSampleFleet(12)
  }, 180_000)
  afterAll(() => fleet.remove())
  beforeEach(async () => {
    bench = await openCloudBench()
  })
  afterEach(() => bench.close())

  const until = async (isReached: () => boolean): Promise<void> => {
    for (let waited = 0; !isReached(); waited += 1) {
      if (waited > 3000) throw new Error('It never came so far.')
      await pause(10)
    }
  }
  const killWhen = async (isReached: () => boolean, ...args: string[]): Promise<void> => {
    const running = bench.start(...args)
    await until(isReached)
    running.process.kill('SIGKILL')
    await running.result
    bench.simulator.faults.clear()
  }
  const runId = async (): Promise<string> => {
    const { jobs } = JSON.parse((await bench.cloud('jobs', '--json')).stdout) as { jobs: { runId: string }[] }
    expect(jobs).toHaveLength(1)
    return jobs[0]!.runId
  }
  const expectHome = async (result: { code: number | null; stdout: string; stderr: string }, folder = 'home-run') => {
    expect(result).toMatchObject({ code: 0, stdout: expect.stringContaining('9 files, all as the manifest says') })
    expect((await filesBelow(join(bench.folder, folder))).size).toBe(9)
    expect(bench.simulator.account.jobs.size).toBe(1)
  }
  const sentParts = (from = 0) =>
    bench.simulator.requests.slice(from).flatMap(({ operation, url, status }) => {
      const part = /partNumber=(\d+)/.exec(url)?.[1]
      return operation === 'UploadPart' && status === 200 && part !== undefined ? [Number(part)] : []
    })

  it('while it uploads: only the missing parts are sent', async () => {
    bench.simulator.faults.add({ kind: 'delay', operation: 'UploadPart', milliseconds: 60_000, after: 4, times: 99 })
    await killWhen(() => sentParts().length >= 6, 'launch', fleet.forecasts)
    const [first, from] = [sentParts(), bench.simulator.requests.length]
    expect(bench.simulator.account.jobs.size).toBe(0)
    await expectHome(await bench.cloud('launch', '--resume', await runId(), '--wait', '--fetch', 'home-run'))
    const all = [...first, ...sentParts(from)].sort((a, b) => a - b)
    // Each part of the engine's archive once.
    expect(all).toEqual(Array.from({ length: Math.max(...all) }, (_, index) => index + 1))
  }, 120_000)

  it('while it submits: the job that was made is found', async () => {
    bench.simulator.faults.add({ kind: 'delay', operation: 'CreateProcessingJob', milliseconds: 60_000 })
    await killWhen(() => bench.simulator.account.jobs.size === 1, 'launch', fleet.forecasts)
    await expectHome(await bench.cloud('launch', '--resume', await runId(), '--wait', '--fetch', 'home-run'))
    expect(bench.simulator.requestsOf('CreateProcessingJob')).toHaveLength(1)
  }, 120_000)

  it('while it watches: the job goes on, and is followed again', async () => {
    bench.simulator.faults.addToNextJob({ kind: 'slow-start', milliseconds: 1500 })
    await killWhen(() => bench.simulator.requestsOf('DescribeProcessingJob').length >= 3, 'launch', fleet.forecasts, '--wait')
    expect((await bench.cloud('watch', await runId())).stderr).toContain('Job Completed')
    await expectHome(await bench.cloud('fetch', await runId(), 'home-run'))
  }, 120_000)

  it('while it downloads: the rest is fetched', async () => {
    await bench.cloud('launch', fleet.forecasts, '--wait')
    const id = await runId()
    bench.simulator.faults.add({ kind: 'slow-body', operation: 'GetObject', about: 'risk_heatmap.png', pauseMs: 60_000 })
    const isHeld = () => bench.simulator.requestsOf('GetObject').some(({ url }) => url.includes('risk_heatmap.png'))
    await killWhen(() => isHeld(), 'fetch', id, 'home-run')
    const [from, before] = [bench.simulator.requests.length, bench.simulator.requestsOf('GetObject').map(({ url }) => url)]
    expect([...(await filesBelow(join(bench.folder, 'home-run'))).keys()]).toEqual([])
    await expectHome(await bench.cloud('fetch', id, 'home-run'))
    const again = bench.simulator.requests
      .slice(from)
      .filter(({ operation }) => operation === 'GetObject')
      .map(({ url }) => url)
    // What was whole is not asked for again; the manifest always is.
    expect(again.filter((url) => before.includes(url) && !/manifest|heatmap/.test(url))).toEqual([])
    expect(again.length).toBeGreaterThan(1)
  }, 120_000)
})
