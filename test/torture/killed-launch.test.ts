// A launch is killed while it uploads, submits, watches and downloads: resumed, it makes one job and sends and downloads nothing twice.
import { existsSync, readdirSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { filesBelow, openCloudCliWorkspace, type CloudCliWorkspace } from '../fixtures/cloud-cli-workspace.ts'
import { ensureLinkedEngine, type LinkedEngine } from '../fixtures/linked-engine.ts'
import { makeSampleFleet, type SampleRun } from '../fixtures/sample-run.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'

describe('the process is killed', () => {
  let workspace: CloudCliWorkspace
  let engine: LinkedEngine
  let fleet: SampleRun
  beforeAll(async () => {
    engine = await ensureLinkedEngine()
    fleet = await makeSampleFleet(12)
  }, 180_000)
  afterAll(() => fleet.remove())
  beforeEach(async () => {
    workspace = await openCloudCliWorkspace({ engine })
  })
  afterEach(() => workspace.close())

  const until = async (isReached: () => boolean): Promise<void> => {
    for (let waited = 0; !isReached(); waited += 1) {
      if (waited > 3000) throw new Error('It never came so far.')
      await pause(10)
    }
  }
  const killWhen = async (isReached: () => boolean, ...args: string[]): Promise<void> => {
    const running = workspace.start(...args)
    await until(isReached)
    running.process.kill('SIGKILL')
    await running.result
    workspace.simulator.faults.clear()
  }
  const runId = async (): Promise<string> => {
    const { jobs } = JSON.parse((await workspace.cloud('jobs', '--json')).stdout) as { jobs: { runId: string }[] }
    expect(jobs).toHaveLength(1)
    return jobs[0]!.runId
  }
  const expectDownloaded = async (result: { code: number | null; stdout: string; stderr: string }, folder = 'home-run') => {
    expect(result).toMatchObject({ code: 0, stdout: expect.stringContaining(`${Object.values(runFiles).length} files, verified`) })
    expect((await filesBelow(join(workspace.folder, folder))).size).toBe(Object.values(runFiles).length)
    expect(workspace.simulator.account.jobs.size).toBe(1)
  }
  const sentParts = (from = 0) =>
    workspace.simulator.requests.slice(from).flatMap(({ operation, url, status }) => {
      const part = /partNumber=(\d+)/.exec(url)?.[1]
      return operation === 'UploadPart' && status === 200 && part !== undefined ? [Number(part)] : []
    })

  it('while it uploads: only the missing parts are sent', async () => {
    await workspace.close()
    workspace = await openCloudCliWorkspace()
    workspace.simulator.faults.add({ kind: 'reset', operation: 'UploadPart', after: 6, times: 999 })
    await killWhen(() => sentParts().length >= 6, 'launch', fleet.forecasts)
    const [first, from] = [sentParts(), workspace.simulator.requests.length]
    expect(first).toHaveLength(6)
    expect(workspace.simulator.account.jobs.size).toBe(0)
    await expectDownloaded(await workspace.cloud('launch', '--resume', await runId(), '--wait', '--download', 'home-run'))
    const all = [...first, ...sentParts(from)].sort((a, b) => a - b)
    // Each part of the engine's archive once.
    expect(all).toEqual(Array.from({ length: Math.max(...all) }, (_, index) => index + 1))
  }, 120_000)

  it('while it submits: the created job is found', async () => {
    workspace.simulator.faults.add({ kind: 'delay', operation: 'CreateProcessingJob', milliseconds: 60_000 })
    await killWhen(() => workspace.simulator.account.jobs.size === 1, 'launch', fleet.forecasts)
    await expectDownloaded(await workspace.cloud('launch', '--resume', await runId(), '--wait', '--download', 'home-run'))
    expect(workspace.simulator.requestsOf('CreateProcessingJob')).toHaveLength(1)
  }, 120_000)

  it('while it follows: the job goes on, and is followed again', async () => {
    workspace.simulator.faults.addToNextJob({ kind: 'slow-start', milliseconds: 1500 })
    await killWhen(() => workspace.simulator.requestsOf('DescribeProcessingJob').length >= 3, 'launch', fleet.forecasts, '--wait')
    expect((await workspace.cloud('watch', await runId())).stderr).toContain('Job Completed')
    await expectDownloaded(await workspace.cloud('fetch', await runId(), 'home-run'))
  }, 120_000)

  it('while it downloads: the rest is downloaded', async () => {
    await workspace.cloud('launch', fleet.forecasts, '--wait')
    const id = await runId()
    workspace.simulator.faults.add({ kind: 'slow-body', operation: 'GetObject', about: 'risk_heatmap.png', pauseMs: 60_000 })
    const wholeFiles = () => {
      const staging = join(workspace.folder, '.home-run.fetching')
      return existsSync(staging) ? readdirSync(staging).filter((name) => !/\.(part|etag)$/.test(name)) : []
    }
    await killWhen(() => wholeFiles().length === Object.values(runFiles).length - 1, 'fetch', id, 'home-run')
    expect(wholeFiles()).not.toContain('risk_heatmap.png')
    const [from, before] = [workspace.simulator.requests.length, workspace.simulator.requestsOf('GetObject').map(({ url }) => url)]
    expect([...(await filesBelow(join(workspace.folder, 'home-run'))).keys()]).toEqual([])
    await expectDownloaded(await workspace.cloud('fetch', id, 'home-run'))
    const again = workspace.simulator.requests
      .slice(from)
      .filter(({ operation }) => operation === 'GetObject')
      .map(({ url }) => url)
    // What was whole is not asked for again; the manifest always is.
    expect(again.filter((url) => before.includes(url) && !/manifest|heatmap/.test(url))).toEqual([])
    expect(again.length).toBeGreaterThan(1)
  }, 120_000)
})
