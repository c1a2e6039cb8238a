// The frame of the window: shared filter, navigation, commands and shortcuts, links, and the state saved for the next start.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatDeepLink } from '../../src-shared/ipc/deep-link.ts'
import { noFilter } from '../../src-shared/ipc/fleet-filter.ts'
import { fabricateRun } from '../fixtures/fabricated-runs.ts'
import { waitForChart } from './chart-locators.ts'
import { launchApp, type LaunchedApp } from './launch-app.ts'

let folder: string
let run: string
let window: LaunchedApp

const link = (change: Partial<Parameters<typeof formatDeepLink>[0]> = {}): string =>
  formatDeepLink({ path: run, view: 'heatmap', metric: null, server: null, filter: noFilter, ...change })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-shell-'))
  run = join(folder, 'run')
  await fabricateRun(run)
  window = await launchApp({ args: [run], home: join(folder, 'home') })
  await window.page.getByRole('main', { name: 'Overview' }).waitFor()
  // A run that was opened before opens from a link without a question.
  await window.app.evaluate(({ app: electron }, text) => void electron.emit('second-instance', {}, ['headroom', text], '/'), link())
  await waitForChart(window.page)
})
afterAll(async () => {
  await window.close()
  await rm(folder, { recursive: true, force: true })
})

const currentView = (): Promise<string | null> => window.page.locator('.sidebar-button[aria-current="page"]').getAttribute('aria-label')
const serversOnHeatmap = async (): Promise<number> => {
  const surface = window.page.locator('.zoom-surface')
  const label = (await surface.count()) === 0 ? null : await surface.getAttribute('aria-label')
  return Number(/(\d+) servers/.exec(label ?? '')?.[1] ?? Number.NaN)
}
const search = () => window.page.getByLabel('Filter servers by text')

describe('the filter', () => {
  it('restricts every view to the matching servers', async () => {
    const { page } = window
    expect(await serversOnHeatmap()).toBe(3)
    await search().fill('alpha')
    await expect.poll(serversOnHeatmap).toBe(1)
    await page.getByRole('button', { name: 'Clusters' }).click()
    await expect.poll(() => page.locator('.chart').getAttribute('aria-label')).toMatch(/^The one server/)
    await page.getByRole('button', { name: 'Clear', exact: true }).click()
    await expect.poll(() => page.locator('.chart').getAttribute('aria-label')).toMatch(/^3 clusters/)
    await page.getByRole('button', { name: 'Risk heatmap' }).click()
  })

  it('can be undone and redone, and reports when no server matches', async () => {
    const { page } = window
    await page.getByRole('button', { name: /^Risk$/ }).click()
    await page.getByRole('dialog', { name: 'Risk' }).getByLabel('Underutilised').check()
    await expect.poll(serversOnHeatmap).toBe(1)
    await page.keyboard.press('Escape')
    await search().fill('alpha')
    await page.getByText('No servers match the filter').waitFor()
    await page.getByRole('button', { name: 'Undo filter' }).click()
    await expect.poll(serversOnHeatmap).toBe(1)
    await page.locator('.zoom-surface').focus()
    await page.keyboard.press('Control+z')
    await expect.poll(serversOnHeatmap).toBe(3)
    await page.keyboard.press('Control+Shift+z')
    await expect.poll(serversOnHeatmap).toBe(1)
    await page.keyboard.press('Control+Shift+x')
    await expect.poll(serversOnHeatmap).toBe(3)
  })
})

describe('back and forward', () => {
  it('return to the previous views with their filter', async () => {
    const { page } = window
    await page.getByRole('button', { name: 'Clusters' }).click()
    await page.keyboard.press('Alt+ArrowLeft')
    expect(await currentView()).toBe('Risk heatmap')
    await page.keyboard.press('Alt+ArrowRight')
    expect(await currentView()).toBe('Clusters')
    await page.keyboard.press('Alt+ArrowLeft')
  })
})

describe('commands', () => {
  it('are found by a few letters and show their shortcuts', async () => {
    const { page } = window
    await page.keyboard.press('Control+k')
    const palette = page.getByRole('dialog', { name: 'Commands' })
    await page.keyboard.type('clus')
    const first = palette.getByRole('option').first()
    await expect.poll(() => first.innerText()).toMatch(/Clusters[^]*G then C/)
    await page.keyboard.press('Enter')
    await palette.waitFor({ state: 'detached' })
    expect(await currentView()).toBe('Clusters')
  })

  it('include servers of the run, and Escape closes the palette', async () => {
    const { page } = window
    await page.keyboard.press('Control+k')
    await page.keyboard.type('charl')
    await expect.poll(() => page.getByRole('option', { name: /Server\s*charlie/ }).count()).toBe(1)
    await page.keyboard.press('Escape')
    await page.getByRole('dialog', { name: 'Commands' }).waitFor({ state: 'detached' })
  })

  it('run by key sequences, but not while typing', async () => {
    const { page } = window
    await page.keyboard.press('g')
    await page.keyboard.press('r')
    expect(await currentView()).toBe('Risk heatmap')
    await page.keyboard.press('/')
    await page.keyboard.type('gc')
    expect(await search().inputValue()).toBe('gc')
    expect(await currentView()).toBe('Risk heatmap')
    await search().fill('')
    await page.locator('.zoom-surface').focus()
    await page.keyboard.press('?')
    const shortcuts = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
    expect(await shortcuts.innerText()).toMatch(/Undo filter\s*Ctrl\+Z/)
    await page.keyboard.press('Escape')
    await shortcuts.waitFor({ state: 'detached' })
  })

  it('run from the menu', async () => {
    const { app, page } = window
    await app.evaluate(({ Menu }) => {
      const find = (items: Electron.MenuItem[]): Electron.MenuItem | undefined => {
        for (const item of items) {
          const inner = item.label === 'Keyboard shortcuts' ? item : find(item.submenu?.items ?? [])
          if (inner !== undefined) return inner
        }
        return undefined
      }
      find(Menu.getApplicationMenu()?.items ?? [])?.click()
    })
    await expect.poll(() => page.getByRole('dialog', { name: 'Keyboard shortcuts' }).count()).toBe(1)
    await page.keyboard.press('Escape')
  })
})

describe('the keyboard', () => {
  it('moves through the regions by F6, with one tab stop per toolbar', async () => {
    const { page } = window
    await page.locator('.zoom-surface').focus()
    const regions = new Set<string>()
    for (let press = 0; press < 6; press++) {
      await page.keyboard.press('F6')
      regions.add(await page.evaluate(() => document.activeElement?.closest('[data-region]')?.tagName ?? 'none'))
    }
    expect([...regions].sort()).toEqual(['DIV', 'FOOTER', 'HEADER', 'NAV'])
    const stops = await page.evaluate(() => document.querySelectorAll('.toolbar[aria-label="Risk heatmap"] [tabindex="0"]').length)
    expect(stops).toBe(1)
    await page.getByLabel('Sort by').focus()
    await page.keyboard.press('ArrowRight')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Forecast')
  })
})

describe('a link', () => {
  it('restores view, filter and server in the open window', async () => {
    const { app, page } = window
    await search().fill('alpha')
    await page.getByRole('button', { name: 'Clusters' }).click()
    await page.locator('.sidebar-button[aria-current="page"]').focus()
    await page.keyboard.press('Control+Shift+l')
    await page.getByText('Link copied.').waitFor()
    const copied = await app.evaluate(({ clipboard }) => clipboard.readText())
    expect(copied).toMatch(/^headroom:\/\/run\/clusters\?path=.*&text=alpha$/)
    await page.keyboard.press('Control+Shift+x')
    await page.getByRole('button', { name: 'Risk heatmap' }).click()
    const openLink = `${copied}&server=alpha`
    await app.evaluate(({ app: electron }, text) => void electron.emit('second-instance', {}, ['headroom', text], '/'), openLink)
    await expect.poll(currentView).toBe('Clusters')
    expect(await search().inputValue()).toBe('alpha')
    await page.getByRole('complementary', { name: 'Server details' }).getByRole('heading', { name: 'alpha' }).waitFor()
  })

  it('never starts an analysis, and an invalid link is reported', async () => {
    const { app, page } = window
    const openLink = (text: string) =>
      app.evaluate(({ app: electron }, given) => void electron.emit('second-instance', {}, ['headroom', given], '/'), text)
    await openLink(link({ path: join(run, 'server_clusters.csv') }))
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('progressbar').count()).toBe(0)
    await openLink('headroom://run/servers')
    await page.getByText(/names no run folder/).waitFor()
    await page.getByRole('button', { name: 'Dismiss' }).click()
  })
})

describe('the sidebar', () => {
  it('has words in groups, and can show icons alone', async () => {
    const { page } = window
    const sidebar = page.getByRole('toolbar', { name: 'Views' })
    expect((await sidebar.innerText()).split('\n')).toEqual(
      expect.arrayContaining(['Start', 'Fleet', 'Overview', 'Explain', 'Act', 'What if', 'Check', 'Settings']),
    )
    await sidebar.getByRole('button', { name: 'Hide labels' }).click()
    await expect.poll(() => sidebar.evaluate((element) => element.getBoundingClientRect().width)).toBe(48)
    expect(await sidebar.innerText()).toBe('')
    await sidebar.getByRole('button', { name: 'Show labels' }).click()
    await expect.poll(() => sidebar.innerText()).toContain('Overview')
  })
})

describe('the next start', () => {
  it('restores size, zoom, theme and drawer', async () => {
    const { app, page } = window
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.setContentSize(1100, 700))
    await page.evaluate(() =>
      (globalThis as unknown as { headroom: { request: (channel: string, change: unknown) => Promise<unknown> } }).headroom.request(
        'settings.set',
        {
          zoom: 1.2,
          theme: 'high-contrast',
          layout: { drawerWidth: 400 },
        },
      ),
    )
    await expect.poll(() => page.evaluate(() => document.documentElement.dataset['theme'])).toBe('high-contrast')
    await window.close()
    expect(JSON.parse(await readFile(join(folder, 'home', 'settings.json'), 'utf8'))).toMatchObject({ theme: 'high-contrast', zoom: 1.2 })
    window = await launchApp({ args: [link({ server: 'alpha' })], home: join(folder, 'home') })
    await waitForChart(window.page)
    const [size, zoom] = await window.app.evaluate(({ BrowserWindow }) => {
      const [first] = BrowserWindow.getAllWindows()
      return [first?.getContentSize() ?? [], first?.webContents.getZoomFactor() ?? 0] as const
    })
    expect(zoom).toBeCloseTo(1.2)
    expect(Math.abs((size[0] ?? 0) - 1100)).toBeLessThan(30)
    expect(await window.page.evaluate(() => document.documentElement.dataset['theme'])).toBe('high-contrast')
    expect(await window.page.locator('.drawer').evaluate((drawer) => (drawer as HTMLElement).style.width)).toBe('400px')
  })
})
