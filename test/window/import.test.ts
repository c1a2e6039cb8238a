// The import dialog: opens for a file of unknown columns, shows what is read, keeps the answers for the next file of that shape.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { axeFaults, changeSettings, chooseTheme, loadAxe } from './axe-faults.ts'
import { showView } from './chart-locators.ts'
import { dropFiles } from './drop-files.ts'
import { launchApp, type LaunchedApp } from './launch-app.ts'

const dayMs = 86_400_000
/** A name as a database export may write it. */
const longName = 'share_of_all_processors_that_were_busy_at_the_ninety_fifth_percentile'

/** 60 days of three servers, measured for 40 of them; the second server lies above 80 % in the future. */
const forecasts = (columns: readonly [string, string, string, string], servers: readonly string[]): string => {
  const rows = servers.flatMap((server, index) =>
    Array.from({ length: 60 }, (_, day) => {
      const at = new Date(Date.UTC(2026, 0, 1) + day * dayMs).toISOString().slice(0, 10)
      const value = 40 + 25 * index + (day % 7)
      return [server, at, day < 40 ? value : '', value].join(',')
    }),
  )
  return `${[columns.join(','), ...rows].join('\n')}\n`
}

let folder: string
let window: LaunchedApp
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-import-'))
  window = await launchApp()
  await loadAxe(window.page)
})
afterAll(async () => {
  await window.close()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  await window.page.locator('.sidebar-button[data-view="start"]').click()
})

const written = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

const dialogOf = (page: Page): Locator => page.getByRole('dialog', { name: 'Import' })

const select = (dialog: Locator, label: string, column: string): Promise<unknown> =>
  dialog.getByLabel(label, { exact: true }).selectOption(column)

/** Waits until the dialog has read the files with the latest answer. */
const waitUntilRead = (dialog: Locator): Promise<void> => dialog.locator('.import-body[aria-busy="false"]').waitFor()

const mapColumns = async (dialog: Locator, columns: Readonly<Record<string, string>>): Promise<void> => {
  for (const [label, column] of Object.entries(columns)) {
    await select(dialog, label, column)
    await waitUntilRead(dialog)
  }
}

const summaryText = (page: Page): Promise<string> => page.getByRole('banner', { name: 'Fleet summary' }).innerText()

describe('a file of unknown columns', () => {
  it('is mapped in the dialog, previewed and analysed', async () => {
    const { page } = window
    await dropFiles(page, [await written('first.csv', forecasts(['box', 'day', 'busy', 'plan'], ['web-1', 'web-2', 'web-3']))])
    const dialog = dialogOf(page)
    await dialog.waitFor()
    await waitUntilRead(dialog)
    expect(await dialog.getByRole('region', { name: 'First rows' }).last().innerText()).toMatch(
      /box\s+day\s+busy\s+plan\s+web-1\s+2026-01-01\s+40\s+40/,
    )
    expect(await dialog.getByRole('button', { name: 'Analyse' }).isDisabled()).toBe(true)
    await mapColumns(dialog, { Server: 'box', Time: 'day', Forecast: 'plan', Measured: 'busy' })
    expect(await dialog.getByRole('region', { name: 'Rows to analyse' }).last().innerText()).toMatch(
      /web-1\s+2026-01-01T00:00:00Z\s+cpu_p95/,
    )
    expect(await dialog.getByRole('status').innerText()).toMatch(/1 file, 180 rows, 3 servers/)
    const plan = await written('plan 2026.csv', 'name,group,metric,units,from\nBranches,east,cpu_p95,8,2026-03-01\n')
    await window.app.evaluate(({ dialog: system }, chosen) => {
      system.showOpenDialog = async () => ({ canceled: false, filePaths: [chosen] })
    }, plan)
    await dialog.getByRole('button', { name: 'Choose projects table' }).click()
    await expect.poll(() => dialog.getByLabel('Projects table', { exact: true }).inputValue()).toBe(plan)
    await dialog.getByRole('button', { name: 'Analyse' }).click()
    await page.getByRole('banner', { name: 'Fleet summary' }).waitFor()
    expect(await summaryText(page)).toMatch(/Servers\s+3/)
    await showView(page, 'Capacity')
    await page.getByText('Project Branches names east, which is no cluster or host of the servers table.').waitFor()
  })

  it('opens at once where a file of the same columns was mapped before', async () => {
    const { page } = window
    await dropFiles(page, [await written('next.csv', forecasts(['box', 'day', 'busy', 'plan'], ['db-1', 'db-2', 'db-3', 'db-4']))])
    await expect.poll(() => summaryText(page)).toMatch(/Servers\s+4/)
    expect(await dialogOf(page).count()).toBe(0)
  })

  it('leaves nothing behind where the dialog is cancelled', async () => {
    const { page } = window
    await dropFiles(page, [await written('other.csv', forecasts(['who', 'when', 'was', 'will'], ['a', 'b']))])
    await dialogOf(page).waitFor()
    await page.keyboard.press('Escape')
    await dialogOf(page).waitFor({ state: 'detached' })
    const settings = JSON.parse(await readFile(join(window.home, 'settings.json'), 'utf8')) as { importChoices: unknown[] }
    expect(settings.importChoices).toHaveLength(1)
  })
})

describe('the dialog', () => {
  const columns = ['box', 'day', longName, `${longName}_predicted`] as const

  it('is used by keyboard alone', async () => {
    const { page } = window
    await dropFiles(page, [await written('keys.csv', forecasts(['vm_a', 'day_a', 'busy_a', 'plan_a'], ['k-1', 'k-2']))])
    const dialog = dialogOf(page)
    await waitUntilRead(dialog)
    const focusOn = async (name: string): Promise<void> => {
      for (let tabs = 0; tabs < 40; tabs++) {
        if (await dialog.getByLabel(name, { exact: true }).evaluate((element) => element === document.activeElement)) return
        await page.keyboard.press('Tab')
      }
      throw new Error(`${name} is not reached by Tab.`)
    }
    for (const [label, column] of [
      ['Server', 'vm_a'],
      ['Time', 'day_a'],
      ['Forecast', 'plan_a'],
      ['Measured', 'busy_a'],
    ] as const) {
      await focusOn(label)
      await page.keyboard.type(column)
      await page.keyboard.press('Enter')
      await waitUntilRead(dialog)
      await expect.poll(() => dialog.getByLabel(label, { exact: true }).inputValue()).toBe(column)
    }
    await dialog.getByRole('button', { name: 'Analyse' }).focus()
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await expect.poll(() => summaryText(page)).toMatch(/Servers\s+2/)
  })

  it.each(['light', 'dark', 'high-contrast'])('has no serious fault in the %s theme, and nothing overlaps', async (theme) => {
    const { page } = window
    await chooseTheme(page, theme)
    await dropFiles(page, [
      await written('long.csv', forecasts(columns, ['a-server-with-a-name-of-more-than-sixty-letters-in-one-single-word', 'b'])),
    ])
    const dialog = dialogOf(page)
    await waitUntilRead(dialog)
    expect(await axeFaults(page)).toEqual([])
    await mapColumns(dialog, { Server: 'box', Time: 'day', Forecast: columns[3], Measured: columns[2] })
    expect(await axeFaults(page)).toEqual([])
    for (const zoom of [1, 2]) {
      await changeSettings(page, { zoom })
      expect({ zoom, ...(await layoutOf(dialog)) }).toEqual({ zoom, overlapping: [], isScrolledSideways: false })
    }
    await changeSettings(page, { zoom: 1 })
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  })
})

describe('a file of measurements', () => {
  const measurements = (servers: readonly string[]): string =>
    forecasts(['host', 'time', 'value', 'plan'], servers)
      .trimEnd()
      .split('\n')
      .map((line) => line.split(',').slice(0, 3).join(','))
      .join('\n')

  it('is named as such in the dialog, forecast and analysed; the next one at once', async () => {
    const { page } = window
    await dropFiles(page, [await written('measured.csv', measurements(['db-1', 'db-2', 'db-3', 'db-4', 'db-5']))])
    const dialog = dialogOf(page)
    await dialog.waitFor()
    await waitUntilRead(dialog)
    expect(await dialog.innerText()).toContain('These files hold measurements only: Headroom forecasts them first.')
    await dialog.getByRole('button', { name: 'Analyse' }).click()
    await dialog.waitFor({ state: 'detached' })
    await expect.poll(() => summaryText(page)).toMatch(/Servers\s+5/)
    await dropFiles(page, [await written('measured-later.csv', measurements(['db-1', 'db-2', 'db-3', 'db-4']))])
    await expect.poll(() => summaryText(page)).toMatch(/Servers\s+4/)
  })
})

/** Pairs of controls and texts that cover one another, and whether the dialog is wider than what it shows. */
const layoutOf = (dialog: Locator): Promise<{ overlapping: string[]; isScrolledSideways: boolean }> =>
  dialog.evaluate((element) => {
    const parts = [...element.querySelectorAll('.form-field, .import-section > h3, .import-section > .data-table, .import-question')]
    const boxes = parts.map((part) => ({ name: part.textContent.slice(0, 30), box: part.getBoundingClientRect() }))
    const overlapping = boxes.flatMap(({ name, box }, index) =>
      boxes
        .slice(index + 1)
        .filter(
          (other) =>
            box.left < other.box.right - 1 &&
            other.box.left < box.right - 1 &&
            box.top < other.box.bottom - 1 &&
            other.box.top < box.bottom - 1,
        )
        .map((other) => `${name} / ${other.name}`),
    )
    const body = element.querySelector('.import-body')!
    return { overlapping, isScrolledSideways: body.scrollWidth > body.clientWidth || element.scrollWidth > element.clientWidth }
  })
