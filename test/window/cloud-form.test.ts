// The launch form of a cloud job: configuration file, events table, Spark cluster and custom Python module.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runFiles, runManifestSchema } from '../../src-shared/run/run-manifest.ts'
import { bucketName, filesBelow } from '../fixtures/cloud-cli-workspace.ts'
import { ensureLinkedEngine, type LinkedEngine } from '../fixtures/linked-engine.ts'
import { hasPython, moduleScript, moduleSummary, writeModuleProject } from '../fixtures/python-module.ts'
import { headroomDone } from '../fixtures/run-headroom.ts'
import { writeLargeForecasts } from '../fixtures/large-forecasts.ts'
import { sparkOnDuckDb } from '../fixtures/spark-output-on-duckdb.ts'
import { differencesOfRuns } from '../interop/same-run.mjs'
import { makeSampleRun, type SampleRun } from '../fixtures/sample-run.ts'
import { AwsSimulator } from '../simulator/simulator.ts'
import { waitForHeatmap } from './chart-locators.ts'
import { cloudEnvironment, fillLaunchForm, launchChecked, openCloudView, launchCloudApp } from './cloud-window.ts'
import type { LaunchedApp } from './launch-app.ts'

let engine: LinkedEngine
let simulator: AwsSimulator
let sample: SampleRun
let window: LaunchedApp

beforeAll(async () => {
  engine = await ensureLinkedEngine()
  sample = await makeSampleRun(24)
}, 180_000)
afterAll(() => sample.remove())
beforeEach(async () => {
  simulator = await AwsSimulator.start({ image: engine.image, runSpark: sparkOnDuckDb })
  simulator.addBucket(bucketName)
  window = await launchCloudApp({ env: cloudEnvironment(simulator, engine) })
  await openCloudView(window.page)
})
afterEach(async () => {
  await window.close()
  await simulator.stop()
})

/** The result of the system's dialog. */
const stubOpenDialog = (path: string) =>
  window.app.evaluate(({ dialog }, chosen) => {
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [chosen] })
  }, path)
const launch = () => launchChecked(window.page)
const downloadedFiles = async () => {
  const [name] = await readdir(join(window.home, 'runs'))
  return filesBelow(join(window.home, 'runs', name!))
}

describe('the form of a cloud job', () => {
  it('uploads an events table, and every artefact equals that of a local run', async () => {
    const { horizon } = runManifestSchema.parse(JSON.parse(await readFile(join(sample.run, runFiles.manifest), 'utf8')))
    const [first, last] = [horizon.start.slice(0, 10), horizon.end.slice(0, 10)]
    const events = join(sample.folder, 'events.csv')
    await writeFile(events, `from,to,servers,effect,note\n${first},${last},*,60 %,Merger\n`)
    await stubOpenDialog(events)
    const { page } = window
    await fillLaunchForm(page, sample.forecasts)
    await page.getByText('Advanced', { exact: true }).click()
    await page.getByRole('button', { name: 'Choose events table' }).click()
    await expect.poll(() => page.getByLabel('Events table', { exact: true }).inputValue()).toBe(events)
    const validEvents = await readFile(events, 'utf8')
    await writeFile(events, validEvents.replace('60 %', 'a lot'))
    await launch()
    await page.getByText('Line 2, column effect of the events table events.csv holds "a lot"').waitFor()
    expect(simulator.account.jobs.size).toBe(0)
    await writeFile(events, validEvents)
    await launch()
    await waitForHeatmap(page)
    const local = join(sample.folder, 'with-events')
    const tables = ['--servers', join(sample.folder, 'fleet.servers.csv'), '--events', events]
    await headroomDone(['analyze', sample.forecasts, ...tables, '--out', local, '--quiet'])
    const [downloaded, localFiles] = [await downloadedFiles(), await filesBelow(local)]
    const differing = Object.values(runFiles).filter((name) => !downloaded.get(name)!.equals(localFiles.get(name)!))
    expect(differing.sort()).toEqual([runFiles.manifest, runFiles.summary].sort())
    const [cloudSummary, localSummary] = [downloaded, localFiles].map(
      (files) => JSON.parse(files.get(runFiles.summary)!.toString()) as Record<string, unknown>,
    )
    expect({ ...cloudSummary, analyzed_at: '' }).toEqual({ ...localSummary, analyzed_at: '' })
    expect(JSON.stringify(cloudSummary!['events'])).toContain('Merger')
  })

  it('proposes a Spark cluster for large forecasts, and completes the run on it', async () => {
    const { page } = window
    const large = join(sample.folder, 'large.parquet')
    await writeLargeForecasts(large, sample.forecasts, 60 * 2 ** 30)
    await fillLaunchForm(page, large)
    await page.getByRole('button', { name: 'Run checks', exact: true }).click()
    await page.getByRole('button', { name: 'Use Spark cluster (5 instances)' }).click()
    expect(await page.getByLabel('Compute').inputValue()).toBe('spark')
    expect(await page.getByLabel('Instances', { exact: true }).inputValue()).toBe('5')
    await page.getByLabel('Instances', { exact: true }).fill('2')
    await page.getByLabel('Forecasts', { exact: true }).fill(sample.forecasts)
    await launch()
    await waitForHeatmap(page)
    expect([...simulator.account.jobs.keys()].map((name) => name.replace(/\d{14}[0-9a-f]{6}/, 'RUN'))).toEqual([
      'headroom-RUN-spark',
      'headroom-RUN',
    ])
    const [name] = await readdir(join(window.home, 'runs'))
    expect(await differencesOfRuns(sample.run, join(window.home, 'runs', name!))).toEqual([])
  })

  it.skipIf(!hasPython)('launches a custom Python module and downloads its outputs', async () => {
    const project = join(sample.folder, 'project')
    await writeModuleProject(project)
    await stubOpenDialog(project)
    const { page } = window
    await fillLaunchForm(page, sample.forecasts)
    await page.getByLabel('Program').selectOption('Custom Python module')
    await page.getByRole('button', { name: 'Choose project folder' }).click()
    await expect.poll(() => page.getByLabel('Project folder', { exact: true }).inputValue()).toBe(project)
    await page.getByLabel('Script').fill(moduleScript)
    await launch()
    await expect.poll(() => page.getByTestId('run-state').textContent()).toBe('Downloaded')
    const files = await downloadedFiles()
    expect([...files.keys()].sort()).toEqual(['module_05_summary.json', 'risk_flagged_forecasts.parquet'])
    expect(files.get('module_05_summary.json')!.toString()).toBe(moduleSummary)
    expect([...simulator.account.buckets.get(bucketName)!.objects.keys()].filter((key) => key.startsWith('risk_analysis/'))).toHaveLength(2)
  })

  it('is filled in from the cloud section of a configuration file', async () => {
    const file = join(sample.folder, 'own.yaml')
    const lines = ['  bucket: from-the-file', '  maxRuntimeSeconds: 1800', '  subnets: [subnet-1]', '  networkIsolation: false']
    await writeFile(file, `high_risk_threshold: 75\ncloud:\n${lines.join('\n')}\n`)
    await stubOpenDialog(file)
    const { page } = window
    await page.getByRole('button', { name: 'Import config.yaml' }).click()
    await expect.poll(() => page.getByLabel('Bucket', { exact: true }).inputValue()).toBe('from-the-file')
    expect(await page.getByLabel('Max runtime (min)').inputValue()).toBe('30')
    await page.getByText('Advanced', { exact: true }).click()
    expect(await page.getByLabel('Subnets').inputValue()).toBe('subnet-1')
    expect(await page.getByLabel('Network isolation').isChecked()).toBe(false)
    simulator.account.prices.set('ml.m5.large', 0.128)
    await page.getByRole('button', { name: 'Update prices' }).click()
    await page.getByText(/^Prices of 1 instance types in eu-west-1: AWS price list of \d{4}-\d\d-\d\d\.$/).waitFor()
    // The form names the file of the analysis settings.
    expect(await page.getByText('own.yaml').count()).toBe(1)
    await writeFile(file, 'cloud: { volumeGb: 0 }\n')
    await page.getByRole('button', { name: 'Import config.yaml' }).click()
    await page.getByRole('alert').getByText('cloud.volumeGb in own.yaml is invalid').waitFor()
  })
})
