// Job history in the window: jobs of other machines and of Module 05 are listed, and their outputs downloaded.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { bucketName, filesBelow } from '../fixtures/cloud-cli-workspace.ts'
import { ensureLinkedEngine, type LinkedEngine } from '../fixtures/linked-engine.ts'
import { makeSampleRun, type SampleRun } from '../fixtures/sample-run.ts'
import type { Bucket } from '../simulator/account.ts'
import { defaultChecksum, storeObject } from '../simulator/s3-objects.ts'
import { AwsSimulator } from '../simulator/simulator.ts'
import { waitForHeatmap } from './chart-locators.ts'
import { cloudEnvironment, fillLaunchForm, launchChecked, openCloudView, launchCloudApp } from './cloud-window.ts'
import type { LaunchedApp } from './launch-app.ts'

let engine: LinkedEngine
let simulator: AwsSimulator
let bucket: Bucket
let sample: SampleRun
let window: LaunchedApp

beforeAll(async () => {
  engine = await ensureLinkedEngine()
  sample = await makeSampleRun(24)
}, 180_000)
afterAll(() => sample.remove())
beforeEach(async () => {
  simulator = await AwsSimulator.start({ image: engine.image })
  bucket = simulator.addBucket(bucketName)
})
afterEach(async () => {
  await window.close()
  await simulator.stop()
})

const putObject = (key: string, body: Buffer) => storeObject(bucket, key, body, defaultChecksum(body), new Date())
const runsIn = (home: string) => readdir(join(home, 'runs'))

describe('the history', () => {
  it('lists a job of another machine, and downloads and verifies its run', async () => {
    const otherWindow = await launchCloudApp({ env: cloudEnvironment(simulator, engine) })
    try {
      await openCloudView(otherWindow.page)
      await fillLaunchForm(otherWindow.page, sample.forecasts)
      await launchChecked(otherWindow.page)
      await waitForHeatmap(otherWindow.page)
    } finally {
      await otherWindow.close()
    }
    const [name] = [...simulator.account.jobs.keys()]
    window = await launchCloudApp({ env: cloudEnvironment(simulator, engine) })
    const { page, home } = window
    await openCloudView(page)
    await page.getByRole('button', { name: 'List jobs' }).click()
    const row = page.getByRole('row').filter({ hasText: name! })
    expect(await row.textContent()).toContain(`${name} (started elsewhere)Completed`)
    await row.getByRole('button', { name: `Download ${name}` }).click()
    await waitForHeatmap(page)
    const [folder] = await runsIn(home)
    expect((await filesBelow(join(home, 'runs', folder!))).size).toBe(Object.values(runFiles).length)
  })

  it('downloads an S3 prefix of the Python job twice into separate folders, and reports a prefix without a run', async () => {
    for (const [file, content] of await filesBelow(sample.run))
      if (file !== 'manifest.json') putObject(`risk_analysis/2026/${file}`, content)
    putObject('risk_analysis/2026/../../evil.txt', Buffer.from('evil'))
    window = await launchCloudApp({ env: cloudEnvironment(simulator, engine) })
    const { page, home } = window
    for (const expected of [['cloud-2026'], ['cloud-2026', 'cloud-2026-2']]) {
      await openCloudView(page)
      await page.getByLabel('S3 prefix of a run').fill(`s3://${bucketName}/risk_analysis/2026/`)
      await page.getByRole('button', { name: 'Download', exact: true }).click()
      await expect.poll(async () => (await runsIn(home)).sort()).toEqual(expected)
      // Until then the window shows the previous run.
      await expect.poll(() => page.locator('.status-bar').innerText()).toContain(join('runs', expected.at(-1)!))
      await waitForHeatmap(page)
    }
    expect([...(await filesBelow(home)).keys()].filter((path) => path.includes('evil'))).toEqual([])
    await openCloudView(page)
    await page.getByLabel('S3 prefix of a run').fill(`s3://${bucketName}/nothing/`)
    await page.getByRole('button', { name: 'Download', exact: true }).click()
    await page.getByRole('alert').getByText(`There is no run below s3://${bucketName}/nothing/.`).waitFor()
    expect((await runsIn(home)).filter((name) => name.includes('nothing'))).toEqual([])
  })
})
