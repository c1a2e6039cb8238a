// An analysis in the window: progress, cancel, events, and an engine that crashes.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeSampleFleet } from '../../src-main/sample/write-sample-fleet.ts'
import { waitForChart, waitForHeatmap, showView } from './chart-locators.ts'
import { dropFiles } from './drop-files.ts'
import { launchApp, type LaunchedApp } from './launch-app.ts'
import { prepareSampleHome } from './sample-home.ts'

let folder: string
let large: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-analysing-'))
  large = join(folder, 'large.parquet')
  await writeSampleFleet({ servers: 3000, out: large, granularity: 'daily', end: '2026-11-22', seed: 1 })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const withWindow = async (args: readonly string[], check: (window: LaunchedApp) => Promise<void>, home?: string): Promise<void> => {
  const window = await launchApp({ args, home })
  try {
    await check(window)
  } finally {
    await window.close()
  }
}

/** Waits until the analysis is running. */
const waitForAnalysisStart = async ({ page }: LaunchedApp): Promise<void> => {
  const bar = page.getByRole('progressbar')
  await bar.waitFor()
  await expect.poll(async () => Number(await bar.getAttribute('aria-valuenow')), { interval: 20 }).toBeGreaterThan(0)
}

const enginePid = ({ app }: LaunchedApp): Promise<number> =>
  app.evaluate(({ app: electron }) => electron.getAppMetrics().find(({ name }) => name === 'Headroom engine')?.pid ?? 0)

describe('large forecasts', () => {
  it('shows progress and the servers table, and leaves no files when cancelled', async () => {
    await withWindow([large], async (window) => {
      const { page, home } = window
      await waitForAnalysisStart(window)
      expect(await page.locator('.progress').innerText()).toMatch(/Analysing large\.parquet[^]*large\.servers\.csv/)
      await page.getByRole('button', { name: 'Cancel' }).click()
      await page.getByText(/Analysis of .* cancelled\. No files were saved\./).waitFor()
      expect(await page.getByRole('alert').count()).toBe(0)
      expect(await readdir(join(home, 'runs'))).toEqual([])
    })
  })

  it('is cancelled by Escape', async () => {
    await withWindow([large], async (window) => {
      await waitForAnalysisStart(window)
      await window.page.keyboard.press('Escape')
      await window.page.getByText(/Analysis of .* cancelled/).waitFor()
      expect(await readdir(join(window.home, 'runs'))).toEqual([])
    })
  })

  it('leaves no files when the window closes during the analysis', async () => {
    const home = join(folder, 'home')
    // Dropped, not named at the start: an app that has to be started again would end its analysis meanwhile.
    const window = await launchApp({ home })
    await window.page.getByRole('main', { name: 'Start' }).waitFor()
    await dropFiles(window.page, [large])
    await waitForAnalysisStart(window)
    expect((await readdir(join(home, 'runs'))).every((name) => name.endsWith('.partial'))).toBe(true)
    await window.close()
    expect(await readdir(join(home, 'runs'))).toEqual([])
  })
})

describe('measurements that are dropped', () => {
  it('are forecast with progress; a cancel meanwhile leaves nothing', async () => {
    const measurements = join(folder, 'measured.parquet')
    // Enough for the quick models alone.
    await writeSampleFleet({ servers: 2100, out: measurements, granularity: 'daily', end: '2026-11-22', seed: 1, contents: 'measurements' })
    await withWindow([], async (window) => {
      const { page, home } = window
      await page.getByRole('main', { name: 'Start' }).waitFor()
      await dropFiles(page, [measurements])
      await page.getByRole('dialog', { name: 'Import' }).getByRole('button', { name: 'Analyse' }).click()
      await page.locator('.progress').getByText('Forecasting measurements').waitFor()
      const bar = page.getByRole('progressbar')
      const shares = new Set<number>()
      await expect.poll(async () => shares.add(Number(await bar.getAttribute('aria-valuenow'))).size, { interval: 20 }).toBeGreaterThan(3)
      expect([...shares]).toEqual([...shares].sort((a, b) => a - b))
      // The forecasts are being written next to the run.
      expect(await readdir(join(home, 'runs'))).not.toEqual([])
      await page.getByRole('button', { name: 'Cancel' }).click()
      await page.getByText(/Analysis of .* cancelled\. No files were saved\./).waitFor()
      expect(await readdir(join(home, 'runs'))).toEqual([])
      expect((await readdir(folder)).filter((name) => name.startsWith('measured')).sort()).toEqual([
        'measured.parquet',
        'measured.servers.csv',
      ])
    })
  })

  it('offer an event for a level that changed for good, which is added by one click', async () => {
    const path = join(folder, 'doubled.csv')
    const rows = ['web-1', 'web-2', 'web-3'].flatMap((server, index) =>
      Array.from({ length: 90 }, (_, day) => {
        const at = new Date(Date.UTC(2026, 2, 1 + day)).toISOString().slice(0, 10)
        return `${server},${at},${(index === 0 && day < 50 ? 60 : 30) + (day % 6)}`
      }),
    )
    await writeFile(path, ['server_id,timestamp,actual', ...rows, ''].join('\n'))
    await withWindow([], async ({ page }) => {
      await page.getByRole('main', { name: 'Start' }).waitFor()
      await dropFiles(page, [path])
      await page.getByRole('dialog', { name: 'Import' }).getByRole('button', { name: 'Analyse' }).click()
      await page.getByRole('main', { name: 'Overview' }).waitFor()
      await showView(page, 'Events')
      const suggested = page.getByRole('region', { name: 'Suggested events' })
      expect(await suggested.innerText()).toMatch(/Apr 20, 2026\s+web-1, CPU P95\s+Level changed from 62\.\d to 32\.\d/)
      await suggested.getByRole('button', { name: 'Add event of web-1, CPU P95' }).click()
      await expect.poll(() => page.locator('.event-table tbody tr').innerText()).toMatch(/Level changed[^]*excluded after re-run/)
      expect(await suggested.count()).toBe(0)
      expect(await page.getByRole('button', { name: 'Re-run with these events' }).count()).toBe(1)
    })
  })
})

describe('an events table next to the forecasts', () => {
  it('is applied, extended in the window and applied again', async () => {
    const dataset = join(folder, 'small.parquet')
    await writeSampleFleet({ servers: 5, out: dataset, granularity: 'daily', end: '2026-11-22', seed: 1 })
    await writeFile(join(folder, 'small.events.csv'), 'from,to,servers,note\n2026-03-02,2026-03-05,*,Fire drill\n')
    await withWindow([dataset], async ({ page, home }) => {
      await page.getByRole('main', { name: 'Overview' }).waitFor()
      await showView(page, 'Events')
      const rows = page.getByRole('main', { name: 'Events' }).locator('tbody tr')
      expect(await rows.innerText()).toMatch(/Fire drill[^]*rows excluded; mean effect/)
      expect(await page.getByRole('button', { name: 'Re-run with these events' }).count()).toBe(0)
      await page.getByRole('button', { name: 'Add event' }).click()
      await page.getByLabel('From').fill('2026-05-04')
      await page.getByLabel('Description').fill('Strike')
      await page.getByRole('button', { name: 'Save event' }).click()
      await expect.poll(() => rows.last().innerText()).toMatch(/Strike[^]*excluded after re-run/)
      await page.getByRole('button', { name: 'Re-run with these events' }).click()
      await expect.poll(async () => (await readdir(join(home, 'runs'))).filter((name) => !name.startsWith('.')).length).toBe(2)
      await page.getByRole('main', { name: 'Overview' }).waitFor()
      await showView(page, 'Events')
      await expect.poll(() => rows.last().innerText()).toMatch(/Strike[^]*rows excluded/)
      expect(await rows.count()).toBe(2)
    })
  })
})

describe('an engine crash', () => {
  it('fails the analysis with a message, and the next request restarts the engine', async () => {
    await withWindow([large], async (window) => {
      const { page } = window
      await waitForAnalysisStart(window)
      const before = await enginePid(window)
      process.kill(before, 'SIGKILL')
      const alert = page.getByRole('alert')
      await alert.waitFor()
      expect(await alert.innerText()).toMatch(/Engine crashed/)
      await page.getByRole('button', { name: /Open the sample fleet/ }).click()
      await waitForHeatmap(page)
      expect(await enginePid(window)).not.toBe(before)
    })
  })

  it('does not affect an open run', async () => {
    const home = join(folder, 'sample-home')
    await prepareSampleHome(home)
    const check = async (window: LaunchedApp): Promise<void> => {
      const { page } = window
      await waitForHeatmap(page)
      process.kill(await enginePid(window), 'SIGKILL')
      await page.getByRole('button', { name: 'Clusters' }).click()
      await waitForChart(page)
      expect(await page.getByRole('alert').count()).toBe(0)
    }
    await withWindow(['--sample'], check, home)
  })
})
