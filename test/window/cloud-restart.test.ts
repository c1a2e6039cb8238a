// Restart of the app at each stage of a cloud run: one job completes it, and no file is transferred twice.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { bucketName, filesBelow } from '../fixtures/cloud-cli-workspace.ts'
import { ensureLinkedEngine, type LinkedEngine } from '../fixtures/linked-engine.ts'
import { makeSampleFleet, type SampleRun } from '../fixtures/sample-run.ts'
import { AwsSimulator } from '../simulator/simulator.ts'
import { waitForHeatmap } from './chart-locators.ts'
import { cloudEnvironment, fillLaunchForm, launchChecked, openCloudView, launchCloudApp } from './cloud-window.ts'
import type { LaunchedApp } from './launch-app.ts'

let engine: LinkedEngine
let simulator: AwsSimulator
let fleet: SampleRun
let window: LaunchedApp
let home: string
/** The packed engine where undefined. */
let uploaded: LinkedEngine | undefined
let testNumber = 0

beforeAll(async () => {
  engine = await ensureLinkedEngine()
  fleet = await makeSampleFleet(24)
}, 180_000)
afterAll(() => fleet.remove())
beforeEach(async () => {
  uploaded = engine
  simulator = await AwsSimulator.start({ image: engine.image })
  simulator.addBucket(bucketName)
  home = join(fleet.folder, `home-${++testNumber}`)
})
afterEach(async () => {
  await window.close()
  await simulator.stop()
})

const start = async () => {
  window = await launchCloudApp({ env: cloudEnvironment(simulator, uploaded), home })
}

/** Launches from a new window, and kills the app as soon as the stage is reached. */
const killAppWhen = async (isReached: () => boolean | Promise<boolean>): Promise<void> => {
  await start()
  await openCloudView(window.page)
  await fillLaunchForm(window.page, fleet.forecasts)
  await launchChecked(window.page)
  await expect.poll(isReached, { interval: 20 }).toBe(true)
  const exited = new Promise((resolve) => window.app.process().once('exit', resolve))
  window.app.process().kill('SIGKILL')
  await exited
  simulator.faults.clear()
}

/** Starts the app again; it must download the complete run of one job without input. */
const expectDownloaded = async (): Promise<void> => {
  await start()
  await waitForHeatmap(window.page)
  expect([...simulator.account.jobs.values()].map(({ status }) => status)).toEqual(['Completed'])
  const runs = await readdir(join(home, 'runs'))
  expect(runs).toEqual([expect.stringMatching(/^cloud-\w+$/)])
  expect((await filesBelow(join(home, 'runs', runs[0]!))).size).toBe(Object.values(runFiles).length)
}

const uploadedParts = () =>
  simulator.requests.flatMap(({ operation, url, status }) => {
    const part = /partNumber=(\d+)/.exec(url)?.[1]
    return operation === 'UploadPart' && status === 200 && part !== undefined ? [Number(part)] : []
  })
const gets = (from = 0) => simulator.requests.slice(from).filter(({ operation }) => operation === 'GetObject')

describe('a killed app', () => {
  it('uploads only the missing parts after a restart', async () => {
    uploaded = undefined
    simulator.faults.add({ kind: 'reset', operation: 'UploadPart', after: 6, times: 999 })
    await killAppWhen(() => uploadedParts().length >= 6)
    expect(simulator.account.jobs.size).toBe(0)
    const before = uploadedParts().length
    await expectDownloaded()
    const all = uploadedParts().sort((a, b) => a - b)
    // Each part of the engine's archive is uploaded once.
    expect(all).toEqual(Array.from({ length: Math.max(...all) }, (_, index) => index + 1))
    expect(all.length).toBeGreaterThan(before)
  })

  it('finds the job that it had submitted', async () => {
    simulator.faults.add({ kind: 'delay', operation: 'CreateProcessingJob', milliseconds: 60_000 })
    await killAppWhen(() => simulator.account.jobs.size === 1)
    await expectDownloaded()
    expect(simulator.requestsOf('CreateProcessingJob')).toHaveLength(1)
  })

  it('follows a running job again', async () => {
    simulator.faults.addToNextJob({ kind: 'slow-start', milliseconds: 3000 })
    await killAppWhen(() => simulator.requestsOf('DescribeProcessingJob').length >= 3)
    expect([...simulator.account.jobs.values()].map(({ status }) => status)).toEqual(['InProgress'])
    await expectDownloaded()
    expect(simulator.requestsOf('CreateProcessingJob')).toHaveLength(1)
  })

  it('downloads a partial file again, but no complete files', async () => {
    simulator.faults.add({ kind: 'slow-body', operation: 'GetObject', about: 'risk_heatmap.png', pauseMs: 60_000 })
    const hasPartialDownload = async (): Promise<boolean> => {
      const staging = (await readdir(join(home, 'runs')).catch(() => [])).find((name) => name.endsWith('.fetching'))
      if (staging === undefined) return false
      const names = await readdir(join(home, 'runs', staging))
      if (!Object.values(runFiles).every((name) => name === runFiles.heatmapPicture || names.includes(name))) return false
      return stat(join(home, 'runs', staging, 'risk_heatmap.png.part')).then(
        ({ size }) => size > 0,
        () => false,
      )
    }
    await killAppWhen(hasPartialDownload)
    const [from, before] = [simulator.requests.length, gets().map(({ url }) => url)]
    await expectDownloaded()
    const again = gets(from)
    // Complete files are not requested again, except the manifest.
    expect(again.map(({ url }) => url).filter((url) => before.includes(url) && !/manifest|heatmap/.test(url))).toEqual([])
    expect(again.filter(({ url }) => url.includes('risk_heatmap.png')).map(({ status }) => status)).toEqual([200])
    expect(simulator.requestsOf('CreateProcessingJob')).toHaveLength(1)
  })
})
