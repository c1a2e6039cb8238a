// Accessibility: no serious or critical axe violation in any view and theme; keyboard access; reduced motion.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { textFaults } from '../../scripts/testing/text-faults.mjs'
import { axeFaults, chooseTheme, loadAxe } from './axe-faults.ts'
import { waitForPage, showView } from './chart-locators.ts'
import { launchApp, type LaunchedApp } from './launch-app.ts'
import { prepareSampleHome } from './sample-home.ts'

let folder: string
let window: LaunchedApp

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-accessibility-'))
  await prepareSampleHome(join(folder, 'home'))
  window = await launchApp({ args: ['--sample'], home: join(folder, 'home') })
  await loadAxe(window.page)
  await showView(window.page, 'Overview')
})
afterAll(async () => {
  await window.close()
  await rm(folder, { recursive: true, force: true })
})

const viewNames = async (): Promise<string[]> =>
  (
    await window.page
      .locator('.sidebar-button[data-view]')
      .evaluateAll((buttons) => buttons.map((button) => button.getAttribute('aria-label') ?? ''))
  ).filter((name) => name !== '')

it('the measurement of text reports what a chart covers', async () => {
  const { page } = window
  await showView(page, 'Overview')
  await waitForPage(page)
  expect(await textFaults(page)).toEqual([])
  const head = page.locator('main .chart-head').last()
  await head.evaluate((element) => (element.style.marginBottom = '-32px'))
  expect((await textFaults(page)).join('\n')).toMatch(/ is covered by a chart/)
  await head.evaluate((element) => (element.style.marginBottom = ''))
  // The chart draws again.
  await expect.poll(() => textFaults(page)).toEqual([])
})

describe.each(['light', 'dark', 'high-contrast'])('the %s theme', (theme) => {
  it('has no serious violation and no cut or overlapping text in any view', async () => {
    const { page } = window
    await chooseTheme(window.page, theme)
    const names = await viewNames()
    expect(names.length).toBeGreaterThan(10)
    for (const name of names) {
      if (name === 'Server') {
        await showView(page, 'Overview')
        await waitForPage(page)
        await page.locator('td .link').first().click()
      } else await showView(page, name)
      await waitForPage(page)
      expect({ name, axeFaults: await axeFaults(window.page) }).toEqual({ name, axeFaults: [] })
      expect({ name, textFaults: await textFaults(window.page) }).toEqual({ name, textFaults: [] })
    }
  })

  it('has no serious violation in popovers and dialogs', async () => {
    const { page } = window
    await showView(page, 'Servers')
    await waitForPage(page)
    await page.locator('.grid-body [role=row]').first().click()
    await page.getByRole('complementary', { name: 'Server details' }).getByText('Forecast P95').first().waitFor()
    expect(await axeFaults(window.page)).toEqual([])
    await page.getByRole('button', { name: 'Region' }).click()
    expect(await axeFaults(window.page)).toEqual([])
    await page.keyboard.press('Escape')
    for (const [key, name] of [
      ['Control+k', 'Commands'],
      ['?', 'Keyboard shortcuts'],
    ] as const) {
      await page.locator('.sidebar-button[aria-current="page"]').focus()
      await page.keyboard.press(key)
      await page.getByRole('dialog', { name }).waitFor()
      expect({ name, axeFaults: await axeFaults(window.page) }).toEqual({ name, axeFaults: [] })
      await page.keyboard.press('Escape')
      await page.getByRole('dialog', { name }).waitFor({ state: 'detached' })
    }
  })
})

describe('a zoom of 200 %', () => {
  it('cuts and overlaps no text, and scrolls sideways in lists alone', async () => {
    const { app, page } = window
    const setZoom = (zoom: number): Promise<void> =>
      app.evaluate(({ BrowserWindow }, factor) => BrowserWindow.getAllWindows()[0]?.webContents.setZoomFactor(factor), zoom)
    await setZoom(2)
    await expect.poll(() => page.evaluate(() => innerWidth)).toBeLessThan(720)
    try {
      for (const name of ['Start', 'Overview', 'Clusters', 'Models', 'Recommendations']) {
        await showView(page, name)
        await waitForPage(page)
        expect({ name, textFaults: await textFaults(page) }).toEqual({ name, textFaults: [] })
      }
    } finally {
      await setZoom(1)
    }
  })
})

describe('the keyboard', () => {
  it('reaches every view and its controls, then returns to the start', async () => {
    const { page } = window
    for (const name of ['Overview', 'Risk heatmap', 'Clusters', 'Servers', 'Seasons', 'Recommendations', 'Settings']) {
      await showView(page, name)
      await waitForPage(page)
      await page.locator('.sidebar-button[aria-current="page"]').focus()
      const seen = new Set<string>()
      for (let press = 0; press < 80; press++) {
        await page.keyboard.press('Tab')
        const focused = await page.evaluate(() => {
          const element = document.activeElement
          if (element === null || element === document.body) return 'out'
          return `${element.closest('main') === null ? 'frame' : 'view'} ${element.tagName} ${element.getAttribute('aria-label') ?? element.textContent?.slice(0, 30) ?? ''}`
        })
        if (focused === 'out' || seen.has(focused)) break
        seen.add(focused)
      }
      expect({ name, reached: [...seen].some((focused) => focused.startsWith('view')) }).toEqual({ name, reached: true })
    }
  })
})

describe('motion', () => {
  it('stops when the system requests reduced motion', async () => {
    const { page } = window
    await page.emulateMedia({ reducedMotion: 'reduce' })
    const durations = await page.evaluate(() =>
      [...document.querySelectorAll('*')].map((element) => getComputedStyle(element).transitionDuration),
    )
    expect([...new Set(durations)]).toEqual(['0s'])
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    const some = await page.evaluate(() =>
      [...document.querySelectorAll('button')].map((element) => getComputedStyle(element).transitionDuration),
    )
    expect(some.some((duration) => duration !== '0s')).toBe(true)
  })
})
