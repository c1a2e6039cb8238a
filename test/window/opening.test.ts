// Opening a path from the command line: run folders of both kinds, invalid files and missing paths.
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fabricatePythonRun, fabricateRun } from '../fixtures/fabricated-runs.ts'
import { waitForHeatmap, countChartColors } from './chart-locators.ts'
import { launchApp, type LaunchedApp } from './launch-app.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-opening-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const withWindow = async (
  args: readonly string[],
  check: (window: LaunchedApp) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> => {
  const window = await launchApp({ args, env })
  try {
    await check(window)
  } finally {
    await window.close()
  }
}

const summaryBarText = ({ page }: LaunchedApp): Promise<string> => page.getByRole('banner', { name: 'Fleet summary' }).innerText()

describe('a path on the command line', () => {
  it('shows a run folder', async () => {
    const run = join(folder, 'run')
    await fabricateRun(run)
    await withWindow([run], async (window) => {
      await waitForHeatmap(window.page)
      expect(await summaryBarText(window)).toMatch(/Servers\s+3[^]*At risk\s+1/)
      expect(await countChartColors(window.page)).toBeGreaterThan(5)
    })
  })

  it('shows a folder of Module 05 with its row totals and the server counts', async () => {
    const run = join(folder, 'python')
    await fabricatePythonRun(run, { clusters: false })
    await withWindow([run], async (window) => {
      const { page } = window
      await waitForHeatmap(page)
      expect(await summaryBarText(window)).toMatch(/Module 05 run[^]*Servers\s+3[^]*At risk\s+1/)
      await page.getByText(/\d notes/).click()
      expect(await page.locator('.notes-list').innerText()).toMatch(/at_risk_servers\s+29 rows[^]*server_clusters\.csv/)
      await page.getByRole('button', { name: 'Clusters' }).click()
      await page.getByText('No clusters', { exact: true }).waitFor()
    })
  })

  it('reports a file that is not Parquet, and leaves no files', async () => {
    const broken = join(folder, 'broken.parquet')
    await writeFile(broken, 'PAR1 but not really')
    await withWindow([broken], async ({ page, home }) => {
      const alert = page.getByRole('alert')
      await alert.waitFor()
      expect(await alert.innerText()).toMatch(/not a Parquet file[^]*broken\.parquet/i)
      await alert.getByRole('button', { name: 'Copy details' }).click()
      await alert.getByText('Copied').waitFor()
      expect(await readdir(home)).not.toContain('runs')
      await alert.getByRole('button', { name: 'Dismiss' }).click()
      await alert.waitFor({ state: 'detached' })
    })
  })

  it('reports a missing path', async () => {
    await withWindow([join(folder, 'moved-away.parquet')], async ({ page }) => {
      await page.getByRole('alert').waitFor()
      expect(await page.getByRole('alert').innerText()).toMatch(/File or folder not found[^]*moved-away\.parquet/)
    })
  })
})

describe.skipIf(process.platform !== 'linux')('temporary folders of an open run', () => {
  const temporaryFolders = async (parent: string): Promise<string[]> =>
    (await readdir(parent)).filter((name) => name.startsWith('headroom-queries-'))
  const engineOf = ({ app }: LaunchedApp): Promise<number> =>
    app.evaluate(({ app: electron }) => electron.getAppMetrics().find(({ name }) => name === 'Headroom engine')?.pid ?? 0)

  const killIfRunning = (pid: number): void => {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ends with the app.
    }
  }

  it('are gone once the app has quit', async () => {
    const [run, parent] = [join(folder, 'run-to-quit'), join(folder, 'temporary-quit')]
    await fabricateRun(run)
    await mkdir(parent)
    const check = async ({ page }: LaunchedApp): Promise<void> => {
      await waitForHeatmap(page)
      expect(await temporaryFolders(parent)).toHaveLength(1)
    }
    await withWindow([run], check, { TMPDIR: parent })
    expect(await temporaryFolders(parent)).toEqual([])
  })

  it('are gone once the engine was killed', async () => {
    const [run, parent] = [join(folder, 'run-of-engine'), join(folder, 'temporary-engine')]
    await fabricateRun(run)
    await mkdir(parent, { recursive: true })
    const killEngine = async (window: LaunchedApp): Promise<void> => {
      await waitForHeatmap(window.page)
      const [open] = await temporaryFolders(parent)
      expect(open).toBeDefined()
      process.kill(await engineOf(window), 'SIGKILL')
      await expect.poll(() => temporaryFolders(parent), { timeout: 10_000 }).not.toContain(open)
    }
    await withWindow([run], killEngine, { TMPDIR: parent })
  })

  it('are gone at the next start, once the app was killed', async () => {
    const [run, parent] = [join(folder, 'run-of-app'), join(folder, 'temporary-app')]
    await fabricateRun(run)
    await mkdir(parent, { recursive: true })
    const killed = await launchApp({ args: [run], env: { TMPDIR: parent } })
    await waitForHeatmap(killed.page)
    const left = await temporaryFolders(parent)
    expect(left).toHaveLength(1)
    const engine = await engineOf(killed)
    const exited = new Promise((resolve) => killed.app.process().once('exit', resolve))
    killed.app.process().kill('SIGKILL')
    await exited
    killIfRunning(engine)
    expect(await temporaryFolders(parent)).toEqual(left)
    await rm(killed.folder, { recursive: true, force: true, maxRetries: 5 })
    const startAgain = async ({ page }: LaunchedApp): Promise<void> => {
      await page.getByRole('heading', { name: 'Headroom' }).waitFor()
      await expect.poll(() => temporaryFolders(parent), { timeout: 10_000 }).toEqual([])
    }
    await withWindow([], startAgain, { TMPDIR: parent })
  })
})

describe('the start view', () => {
  it('greys out a recent run without a folder, and removes it on request', async () => {
    const home = join(folder, 'home')
    const run = join(folder, 'short-lived')
    await mkdir(home)
    await fabricateRun(run)
    const first = await launchApp({ args: [run], home })
    await waitForHeatmap(first.page)
    await first.close()
    await rm(run, { recursive: true })
    const second = await launchApp({ home })
    try {
      const { page } = second
      expect(await page.getByRole('button', { name: /fleet 3 servers/ }).isDisabled()).toBe(true)
      await page.getByRole('button', { name: 'Remove fleet from list' }).click()
      await page.getByText('No runs yet.').waitFor()
    } finally {
      await second.close()
    }
  })

  it('shows the drop target while a file is dragged', async () => {
    await withWindow([], async ({ page }) => {
      await page.getByRole('heading', { name: 'Headroom' }).waitFor()
      const drag = (type: string): Promise<void> =>
        page.evaluate((name) => {
          const dataTransfer = new DataTransfer()
          dataTransfer.items.add(new File(['x'], 'fleet.parquet'))
          window.dispatchEvent(new DragEvent(name, { dataTransfer, bubbles: true, cancelable: true }))
        }, type)
      await drag('dragenter')
      await page.getByText('Drop to open').waitFor()
      expect(await page.locator('.drop-target').innerText()).toContain('run folders are opened')
      await drag('drop')
      await page.getByText('Drop to open').waitFor({ state: 'detached' })
      await page.getByText('fleet.parquet is not a local file').waitFor()
    })
  })
})
