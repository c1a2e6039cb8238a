// One walk through every view of the sample fleet, with a screenshot each.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readDecisions } from '../../src-main/notes/decisions.ts'
import { requestChannel } from '../../src-shared/ipc/preload-bridge.ts'
import { headroomDone } from '../fixtures/run-headroom.ts'
import { waitForPage, showView } from './chart-locators.ts'
import { launchApp, type LaunchedApp } from './launch-app.ts'
import { prepareSampleHome } from './sample-home.ts'

const screenshotFolder = resolve(import.meta.dirname, '..', '..', 'test-results', 'window')

let folder: string
let window: LaunchedApp

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-workbench-'))
  await mkdir(screenshotFolder, { recursive: true })
  await prepareSampleHome(join(folder, 'home'))
  window = await launchApp({ args: ['--sample'], home: join(folder, 'home') })
  await showView(window.page, 'Overview')
  await waitForPage(window.page)
})
afterEach(async ({ task }) => {
  await window.page.screenshot({ path: join(screenshotFolder, `${task.name.replace(/[^\w]+/g, '-')}.png`) })
})
afterAll(async () => {
  await window.close()
  await rm(folder, { recursive: true, force: true })
})

/** The picture once two readings agree: a chart may draw again when its data or its size arrive. */
const settledPicture = async (picture: () => Promise<string>): Promise<string> => {
  let last = ''
  await expect
    .poll(async () => {
      const previous = last
      last = await picture()
      return last === previous
    })
    .toBe(true)
  return last
}
const main = (name: string) => window.page.getByRole('main', { name })
const numberIn = (text: string): number => Number(/\d[\d,]*/.exec(text)?.[0].replaceAll(',', '') ?? Number.NaN)
const atRiskInSummaryBar = async (): Promise<number> =>
  numberIn(await window.page.locator('.figure', { hasText: 'At risk' }).locator('.figure-value').innerText())
/** Makes the save dialog return this path. */
const stubSaveDialog = (path: string): Promise<void> =>
  window.app.evaluate(({ dialog }, filePath) => {
    dialog.showSaveDialog = async () => ({ canceled: false, filePath })
  }, path)
const stubOpenDialog = (path: string): Promise<void> =>
  window.app.evaluate(({ dialog }, filePath) => {
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [filePath] })
  }, path)

describe('Overview', () => {
  it('Overview states how many, by when, what to do first and how far to trust it', async () => {
    const { page } = window
    const text = await main('Overview').innerText()
    const atRisk = await atRiskInSummaryBar()
    expect(text).toMatch(
      new RegExp(
        `^${atRisk} of 120 servers are likely to run out by [^\n]*; \\d are nearly certain\\n+\\d run out of CPU, \\d of memory(; \\d of these of both)?(, \\d more of either)?\\. (The smaller chances of the other \\d+ add about \\d+: \\d+ in all|In all, about \\d+ servers run out), \\d+ to \\d+ in 9 of 10 cases \\(90\\s% interval\\)\\. Nearly certain means a probability of 90\\s% or more\\. Running out means a load above 80\\s% for more than 5\\s% of the time\\.`,
      ),
    )
    expect(text).toMatch(
      /On unseen data, forecasts of CPU P95 miss by [\d.]+ percentage points on average[^]*the probabilities to run out were \d+\s% closer to the truth than an average rate \(Brier score 0\.\d+ against 0\.\d+\)/,
    )
    expect(text).toMatch(/\d of \d+ first breaches of CPU fall in the week of [^]*servers expected to run out of CPU/)
    expect(await main('Overview').locator('.do-next .chart-head .muted').first().innerText()).toMatch(
      /^As of (?:\w{3} \d+|\d+ \w{3}): \d+ overdue .*; soonest due first/,
    )
    const due = await main('Overview').locator('.do-next tbody tr td:first-child').allInnerTexts()
    expect(due).toHaveLength(8)
    expect(due[0]).toMatch(/^Overdue since \d+ \w{3}$|^Overdue since \w{3} \d+$/)
    const columns = await main('Overview').locator('.do-next thead th').allInnerTexts()
    const cellsOf = (column: string): Promise<string[]> =>
      main('Overview')
        .locator(`.do-next tbody tr td:nth-child(${columns.indexOf(column) + 1})`)
        .allInnerTexts()
    const [actions, risks, costs] = await Promise.all(['Action', 'Risk', 'Per month'].map(cellsOf))
    for (const [index, action] of actions!.entries()) {
      if (!action.startsWith('Add')) continue
      expect(risks![index]).toMatch(/^(> )?\d+(\.\d+)?\s% → (< )?\d+(\.\d+)?\s%$|^(> )?\d+(\.\d+)?\s%$/)
      expect(costs![index]).toMatch(/^(from )?\+\$[\d,]+$/)
    }
    expect(actions!.filter((action) => action.startsWith('Add')).length).toBeGreaterThan(0)
    const servers = await cellsOf('Server')
    await main('Overview').getByRole('button', { name: 'All 16 recommendations' }).click()
    const grid = page.getByRole('grid', { name: 'Recommendations' })
    await grid.waitFor()
    // The list says the same costs, and dates instead of what is overdue; no column is without a value.
    const headings = await grid.getByRole('columnheader').allInnerTexts()
    expect(headings.slice(0, 5)).toEqual(['Server', 'Recommendation', 'Order by', 'Risk', 'Cost per month'])
    const listed = new Map<string, string>()
    for (const row of await grid.locator('.grid-body [role=row]').all()) {
      const cells = await row.getByRole('gridcell').allInnerTexts()
      listed.set(cells[0] ?? '', cells[headings.indexOf('Cost per month')] ?? '')
    }
    for (const [index, server] of servers.entries()) expect([server, listed.get(server)]).toEqual([server, costs![index]])
    expect(numberIn(await page.getByRole('radio', { name: /^Open/ }).innerText())).toBe(16)
    await showView(page, 'Overview')
  })

  it('Overview accepts and dismisses in place, and follows the filter', async () => {
    const { page } = window
    await waitForPage(page)
    const servers = main('Overview').locator('.do-next .name-cell')
    const [first = '', second = ''] = await servers.allInnerTexts()
    await main('Overview')
      .getByRole('button', { name: `Accept: ${first}` })
      .click()
    await main('Overview').getByText(`${first} accepted.`).waitFor()
    await expect.poll(() => servers.first().innerText()).toBe(second)
    expect(await main('Overview').locator('.do-next header').innerText()).toContain('; 1 more accepted')
    await main('Overview').getByRole('button', { name: 'Undo', exact: true }).click()
    await expect.poll(() => servers.first().innerText()).toBe(first)
    await main('Overview')
      .getByRole('button', { name: `Dismiss: ${first}` })
      .click()
    const form = main('Overview').getByRole('form', { name: `Dismiss ${first}` })
    expect(await form.getByRole('button', { name: 'Dismiss' }).isDisabled()).toBe(true)
    await form.getByLabel('Reason').fill('is replaced in June')
    await page.keyboard.press('Enter')
    await main('Overview').getByText(`${first} dismissed.`).waitFor()
    await main('Overview').getByRole('button', { name: 'Undo', exact: true }).click()
    await expect.poll(() => servers.first().innerText()).toBe(first)
    await page.getByLabel('Filter servers by text').fill(second)
    await expect.poll(() => main('Overview').getByRole('heading', { level: 1 }).innerText()).toMatch(/^1 of 1 server is likely/)
    await expect.poll(() => servers.allInnerTexts()).toEqual([second])
    await page.getByRole('button', { name: 'Clear', exact: true }).click()
  })
})

describe('Servers: the list', () => {
  const firstCells = async (column: number): Promise<string[]> =>
    window.page.locator(`.grid-body [role=row] [aria-colindex="${column}"]`).allInnerTexts()

  it('Servers are sorted by heading, selected by keyboard and opened', async () => {
    const { page } = window
    await showView(page, 'Servers')
    await waitForPage(page)
    const grid = page.getByRole('grid', { name: 'Servers' })
    expect(await grid.getAttribute('aria-rowcount')).toBe('121')
    const p95 = (await firstCells(3)).map((text) => Number.parseFloat(text))
    expect(p95.length).toBeGreaterThan(10)
    expect(p95).toEqual([...p95].sort((a, b) => b - a))
    await grid.getByRole('columnheader', { name: 'Server', exact: true }).click()
    await expect.poll(async () => (await firstCells(1))[0]).toMatch(/^a/)
    const names = await firstCells(1)
    expect(names).toEqual([...names].sort())
    await grid.focus()
    await page.keyboard.press('Control+Home')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page
      .getByRole('complementary', { name: 'Server details' })
      .getByRole('heading', { name: names[2] ?? '' })
      .waitFor()
    await page.keyboard.press('Control+End')
    await expect.poll(async () => (await firstCells(1)).length).toBeGreaterThan(5)
    await page.keyboard.press('Control+Home')
    await page.keyboard.press('Enter')
    await main('Server').getByRole('heading', { level: 1 }).waitFor()
    expect(await main('Server').getByRole('heading', { level: 1 }).innerText()).toBe(names[0])
    await page.keyboard.press('Alt+ArrowLeft')
  })

  it('Servers are copied and exported: selected, filtered or all', async () => {
    const { app, page } = window
    await showView(page, 'Servers')
    await waitForPage(page)
    const grid = page.getByRole('grid', { name: 'Servers' })
    await grid.focus()
    await page.keyboard.press('Control+Home')
    await page.keyboard.press('Shift+ArrowDown')
    await page.keyboard.press('Control+c')
    await page.getByText('2 rows copied.').waitFor()
    const copied = (await app.evaluate(({ clipboard }) => clipboard.readText())).split('\n')
    expect(copied).toHaveLength(3)
    expect(copied[0]).toMatch(/^server_id\trisk_level\thorizon_p95/)
    const target = join(folder, 'servers.csv')
    await stubSaveDialog(target)
    await page.getByRole('button', { name: 'Export' }).click()
    await page.getByRole('button', { name: 'Export selected rows as CSV' }).click()
    await page.getByText('Saved 2 servers as servers.csv.').waitFor()
    const lines = (await readFile(target, 'utf8')).trim().split('\n')
    expect(lines).toHaveLength(3)
    await page.getByRole('button', { name: 'Export' }).click()
    await page.getByRole('button', { name: 'Export all rows as CSV' }).click()
    await page.getByText('Saved 120 servers as servers.csv.').waitFor()
  })

  it('Servers show names whole, filter by column, and remember order, pins, widths and hidden columns', async () => {
    const { page, home } = window
    await showView(page, 'Servers')
    await waitForPage(page)
    const grid = page.getByRole('grid', { name: 'Servers' })
    const headings = (): Promise<string[]> => grid.getByRole('columnheader').allInnerTexts()
    const untold = await grid
      .locator('.grid-body [role=gridcell]')
      .evaluateAll(
        (cells) =>
          cells.filter(
            (cell) =>
              cell.scrollWidth > cell.clientWidth &&
              (getComputedStyle(cell).textOverflow !== 'ellipsis' || cell.getAttribute('title') !== cell.textContent),
          ).length,
      )
    expect(untold).toBe(0)
    const menu = async (title: string): Promise<ReturnType<typeof page.getByRole>> => {
      await grid.getByRole('columnheader', { name: title, exact: true }).click({ button: 'right' })
      return page.getByRole('dialog', { name: `Column ${title}` })
    }
    await (await menu('Mean')).getByLabel('Filter Mean').fill('10..30')
    await expect.poll(async () => numberIn(await page.locator('.list-count').innerText())).toBeLessThan(120)
    const means = (await firstCells((await headings()).indexOf('Mean') + 1)).map((text) => Number.parseFloat(text))
    expect(means.length).toBeGreaterThan(0)
    expect(means.every((mean) => mean >= 10 && mean <= 30)).toBe(true)
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Clear column filters' }).click()
    await expect.poll(async () => numberIn(await page.locator('.list-count').innerText())).toBe(120)

    await (await menu('Mean')).getByRole('button', { name: 'Pin', exact: true }).click()
    await expect.poll(async () => (await headings()).slice(0, 2)).toEqual(['Server', 'Mean'])
    await (await menu('Headroom')).getByRole('button', { name: 'Hide' }).click()
    await expect.poll(headings).not.toContain('Headroom')
    await (await menu('Risk')).getByRole('button', { name: 'Move right' }).click()
    await expect.poll(async () => (await headings()).slice(2, 4)).toEqual(['Forecast P95', 'Risk'])
    const heading = grid.getByRole('columnheader', { name: 'Forecast P95', exact: true })
    const before = (await heading.boundingBox())!
    await page.mouse.move(before.x + before.width - 2, before.y + 10)
    await page.mouse.down()
    await page.mouse.move(before.x + before.width + 58, before.y + 10, { steps: 4 })
    await page.mouse.up()
    await expect.poll(async () => Math.round((await heading.boundingBox())!.width - before.width)).toBe(60)
    await expect
      .poll(async () => JSON.parse(await readFile(join(home, 'settings.json'), 'utf8')).layout?.grids?.servers)
      .toMatchObject({ pinned: ['server_id', 'horizon_mean'], visible: { headroom_points: false } })
    await (await menu('Risk')).getByRole('button', { name: 'Reset columns' }).click()
    await expect.poll(async () => (await headings()).slice(0, 4)).toEqual(['Server', 'Risk', 'Forecast P95', 'Headroom'])
    await grid.focus()
    await page.keyboard.press('Shift+F10')
    await page.getByRole('dialog', { name: /^Column / }).waitFor()
    await page.keyboard.press('Escape')
    expect(await grid.evaluate((element) => element === document.activeElement)).toBe(true)
  })

  it('Servers show the chosen columns', async () => {
    const { page } = window
    await page.getByRole('button', { name: 'Columns' }).click()
    await page.getByRole('dialog', { name: 'Columns' }).getByLabel('Model error').check()
    await page.getByRole('columnheader', { name: 'Model error' }).waitFor({ state: 'attached' })
    await page.getByRole('dialog', { name: 'Columns' }).getByRole('button', { name: 'Reset' }).click()
    await expect.poll(() => page.getByRole('columnheader', { name: 'Model error' }).count()).toBe(0)
    await page.keyboard.press('Escape')
  })
})

describe('Server', () => {
  it('Server shows its series, breach probability and recommendation, as charts and tables', async () => {
    const { page } = window
    await showView(page, 'Overview')
    await waitForPage(page)
    await main('Overview').locator('td .link').first().click()
    await waitForPage(page)
    const text = await main('Server').innerText()
    expect(text).toMatch(/Exceeds 80.% from .*, \d+ of 90 days/)
    expect(text).toMatch(/Sustained breach .*%, (certain|likely|possible); if so, expected on /)
    expect(text).toMatch(/Recommendation: Add capacity\s*The P95 of CPU exceeds 80/)
    await main('Server').getByText('Source query').first().click()
    expect(await main('Server').locator('.code').first().innerText()).toMatch(/^SELECT .* FROM forecasts/)
    const table = main('Server').getByRole('button', { name: /^Table: Exceeds/ })
    await table.click()
    const row = await main('Server')
      .getByRole('region', { name: /^Exceeds/ })
      .locator('tbody tr')
      .last()
      .innerText()
    expect(row).toMatch(/^\d{4}-\d\d-\d\dT00:00:00Z\t–\t[\d.]+\t[\d.]+\t[\d.]+$/)
    await main('Server')
      .getByRole('button', { name: /^Chart: Exceeds/ })
      .click()
    const before = await main('Server').getByRole('heading', { level: 1 }).innerText()
    await main('Server').getByRole('button', { name: 'Next by risk' }).click()
    await expect.poll(() => main('Server').getByRole('heading', { level: 1 }).innerText()).not.toBe(before)
  })

  it('Server hides and shows lines by its legend', async () => {
    const { page } = window
    await waitForPage(page)
    const picture = (): Promise<string> =>
      main('Server')
        .locator('.chart canvas')
        .first()
        .evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL())
    const entry = main('Server').getByRole('list', { name: 'Legend' }).getByRole('button', { name: 'Other models' }).first()
    await entry.hover()
    const before = await settledPicture(picture)
    await entry.click()
    await expect.poll(picture).not.toBe(before)
    expect(await entry.getAttribute('aria-pressed')).toBe('false')
    await entry.click()
    await expect.poll(picture).toBe(before)
  })

  it('Server charts are exported as PNG and SVG', async () => {
    const { page } = window
    await waitForPage(page)
    for (const [kind, start] of [
      ['PNG', '89504e47'],
      ['SVG', '3c737667'],
    ] as const) {
      const target = join(folder, `chart.${kind.toLowerCase()}`)
      await stubSaveDialog(target)
      await main('Server').getByRole('button', { name: 'Export' }).first().click()
      await page.getByRole('button', { name: `Save as ${kind}…` }).click()
      await page.getByText(`Saved chart.${kind.toLowerCase()}.`).waitFor()
      const bytes = await readFile(target)
      expect(bytes.subarray(0, 4).toString('hex')).toBe(start)
      expect(bytes.length).toBeGreaterThan(5000)
    }
  })
})

describe('Seasons', () => {
  it('Seasons show uplift with n and error, causes and the yearly profile by weekday', async () => {
    await showView(window.page, 'Seasons')
    await waitForPage(window.page)
    const text = await main('Seasons').innerText()
    expect(text).toMatch(/^Quarter ends raise the fleet by [\d.]+ points \(95 % interval [+−]?[\d.]+ to [+−]?[\d.]+\), n = 8 quarter ends/)
    expect(text).toMatch(/% of \d+ breach periods fall on a quarter end/)
    expect(await main('Seasons').locator('.profile-table td').count()).toBe(84)
  })
})

describe('Models', () => {
  it('Models show error, calibration and actual against nominal coverage', async () => {
    await showView(window.page, 'Models')
    await waitForPage(window.page)
    const text = await main('Models').innerText()
    expect(text).toMatch(/was selected for \d+ of 240 series/)
    expect(text).toMatch(/prophet\s+\d+ of 240/)
    expect(text).toMatch(/Brier score\s+0\.\d+/)
    // Eight backtest windows of each of 240 series.
    expect(text).toMatch(/Ran out in the backtest\s+\d+ of 1,920 windows/)
    expect(text).toMatch(/Nominal coverage 80.%; lowest actual coverage [\d.]+.% \(\w+\)/)
  })
})

describe('Recommendations', () => {
  it('Recommendations are accepted, dismissed with a reason, and undone', async () => {
    const { page, home } = window
    await showView(page, 'Recommendations')
    await waitForPage(page)
    const open = async (): Promise<number> => numberIn(await page.getByRole('radio', { name: /^Open/ }).innerText())
    const before = await open()
    const panel = page.getByRole('region', { name: 'Decision', exact: true })
    const first = await panel.getByRole('heading').innerText()
    expect(await panel.getByRole('button', { name: 'Dismiss' }).isDisabled()).toBe(true)
    await panel.getByLabel('Reason').fill('moves to the new hall in May')
    await panel.getByRole('button', { name: 'Dismiss' }).click()
    await expect.poll(open).toBe(before - 1)
    await panel.getByRole('button', { name: 'Accept' }).click()
    await expect.poll(open).toBe(before - 2)
    const saved = await readDecisions(join(home, 'runs', 'sample-120-servers'))
    expect(saved).toHaveLength(2)
    expect(saved).toContainEqual(
      expect.objectContaining({ server_id: first, verdict: 'dismissed', reason: 'moves to the new hall in May' }),
    )
    await page.getByRole('radio', { name: /^Dismissed/ }).click()
    await panel.getByRole('heading', { name: first }).waitFor()
    await panel.getByRole('button', { name: 'Undo', exact: true }).click()
    await page.getByText('No dismissed recommendations').waitFor()
    expect(await open()).toBe(before - 1)
    await page.getByRole('radio', { name: /^Open/ }).click()
  })
})

describe('Recommendations in groups', () => {
  it('Recommendations in groups are listed by due date or kind, as table or cards, and filtered by column', async () => {
    const { page } = window
    await showView(page, 'Recommendations')
    await waitForPage(page)
    const grid = page.getByRole('grid', { name: 'Recommendations' })
    const headings = (): Promise<string[]> => grid.locator('.grid-section strong').allInnerTexts()
    const total = numberIn(await page.getByRole('radio', { name: /^Open/ }).innerText())
    const headingCounts = async (): Promise<number[]> => (await grid.locator('.grid-section .muted').allInnerTexts()).map(numberIn)
    expect((await headings())[0]).toBe('Overdue')
    expect((await headings()).at(-1)).toBe('Any time')
    expect((await headingCounts()).reduce((sum, count) => sum + count, 0)).toBe(total)
    await page.getByRole('radio', { name: 'By kind' }).click()
    await expect.poll(async () => (await headings())[0]).toBe('Add capacity')
    // The arrow keys pass over headings.
    await grid.focus()
    await page.keyboard.press('Control+Home')
    const rows = grid.locator('.grid-body [role=row]:not(.grid-section)')
    const added = (await headingCounts())[0]!
    for (let step = 0; step < added; step++) await page.keyboard.press('ArrowDown')
    await expect
      .poll(() => page.getByRole('region', { name: 'Decision', exact: true }).getByRole('heading').innerText())
      .toBe(await rows.nth(added).locator('[aria-colindex="1"]').innerText())
    await grid.getByRole('columnheader', { name: 'Recommendation', exact: true }).click({ button: 'right' })
    await page.getByLabel('Filter Recommendation').fill('retire')
    await expect.poll(headings).toEqual(['Retire'])
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Clear column filters' }).click()
    await expect.poll(async () => (await headings()).length).toBeGreaterThan(1)
    await page.getByRole('radio', { name: 'Cards' }).click()
    const card = main('Recommendations').getByRole('article').first()
    const server = await card.getAttribute('aria-label')
    await card.getByRole('button', { name: 'Dismiss' }).click()
    await card.getByLabel('Reason').fill('is replaced')
    await page.keyboard.press('Enter')
    await expect.poll(() => card.getAttribute('aria-label')).not.toBe(server)
    await page.getByRole('radio', { name: /^Dismissed/ }).click()
    await main('Recommendations')
      .getByRole('article', { name: server ?? '' })
      .getByRole('button', { name: 'Undo' })
      .click()
    await page.getByText('No dismissed recommendations').waitFor()
    await page.getByRole('radio', { name: /^Open/ }).click()
    await page.getByRole('radio', { name: 'Table' }).click()
    await page.getByRole('radio', { name: 'By host' }).click()
    const hosts = page.getByRole('grid', { name: 'Hosts' })
    await hosts.waitFor()
    expect(await hosts.locator('.grid-body [data-column="share_above_target"]').first().innerText()).toMatch(/^[\d.]+.%$/)
    await main('Recommendations')
      .getByRole('region', { name: /^More risk saves/ })
      .waitFor()
    await page.getByRole('radio', { name: 'By due date' }).click()
  })
})

describe('What if', () => {
  it('What if updates while a slider moves and by the grid, and saves scenarios with the run', async () => {
    const { page } = window
    await showView(page, 'What if')
    await waitForPage(page)
    const finding = (): Promise<string> => main('What if').getByRole('heading', { level: 1 }).innerText()
    const inRun = await atRiskInSummaryBar()
    expect(await finding()).toBe(`${inRun} of 120 servers at risk, unchanged`)
    await page.getByRole('slider', { name: 'Demand growth' }).fill('40')
    await expect.poll(finding).toMatch(/servers at risk, \d+ more than in the run/)
    const grown = numberIn(await finding())
    await page.getByLabel('Scenario name').fill('40 % growth')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Scenario “40 % growth” saved.').waitFor()
    await page.getByRole('button', { name: 'Reset' }).click()
    await expect.poll(finding).toMatch(/unchanged/)
    const saved = page.getByRole('region', { name: 'Saved scenarios' }).locator('tbody tr')
    expect(numberIn(await saved.nth(1).locator('td').nth(1).innerText())).toBe(grown)
    await saved.nth(1).getByRole('button', { name: 'Show' }).click()
    await expect.poll(async () => numberIn(await finding())).toBe(grown)
    const cell = page.getByRole('button', { name: /^Threshold 95 %, percentile 50: / })
    const count = numberIn(await cell.innerText())
    await cell.click()
    await expect.poll(async () => numberIn(await finding())).toBe(count)
    await page.getByRole('button', { name: 'Reset' }).click()
    await page.getByLabel('Group growth: choose').selectOption({ label: 'Business unit Payments' })
    await page.getByRole('slider', { name: 'Business unit Payments' }).fill('60')
    await expect.poll(finding).toMatch(/more than in the run/)
    expect(numberIn(await finding())).toBeLessThanOrEqual(grown)
    await page.getByRole('button', { name: 'Remove: Business unit Payments' }).click()
    await expect.poll(finding).toMatch(/unchanged/)
    await page.getByLabel('Threshold overrides: choose').selectOption({ label: 'Metric CPU P95' })
    await page.getByRole('slider', { name: 'Metric CPU P95' }).fill('95')
    await expect.poll(finding).toMatch(/fewer than in the run/)
    await page.getByRole('button', { name: 'Reset' }).click()
    await page.getByLabel('Server cost (USD per month)').fill('-10')
    await page.getByRole('alert').getByText('Enter an amount from 0 to 1,000,000,000, such as 250.5.').waitFor()
    await page.getByLabel('Server cost (USD per month)').fill('10')
    await page.getByRole('alert').waitFor({ state: 'detached' })
    await expect.poll(() => main('What if').innerText()).toMatch(/Fleet cost \(USD per month\)\s*\$1,200/)
    await page.getByRole('button', { name: 'Reset' }).click()
    await page.getByRole('button', { name: 'Remove 40 % growth' }).click()
    await expect.poll(() => saved.count()).toBe(1)
  })
})

describe('Events', () => {
  it('Events are added, shown on the server, edited, removed and restored', async () => {
    const { page, home } = window
    await showView(page, 'Servers')
    await waitForPage(page)
    const grid = page.getByRole('grid', { name: 'Servers' })
    await grid.focus()
    // The least risky server of the list.
    await page.keyboard.press('Control+End')
    await page.keyboard.press('Enter')
    const server = await main('Server').getByRole('heading', { level: 1 }).innerText()
    const manifest = await readFile(join(home, 'runs', 'sample-120-servers', 'manifest.json'), 'utf8')
    const { horizon } = JSON.parse(manifest) as { horizon: { start: string } }
    const dayAfter = (days: number): string => new Date(Date.parse(horizon.start) + days * 86_400_000).toISOString().slice(0, 10)
    const day = dayAfter(1)
    await showView(page, 'Events')
    await main('Events').getByRole('button', { name: 'Add event' }).click()
    const form = main('Events').getByRole('form', { name: 'New event' })
    expect(await form.getByLabel('Servers (separated by ;)').inputValue()).toBe(server)
    const [unit, note] = await Promise.all(['Effect unit', 'Description'].map((label) => form.getByLabel(label).boundingBox()))
    expect(unit!.y + unit!.height <= note!.y || unit!.x + unit!.width <= note!.x).toBe(true)
    await form.getByLabel('From').fill(day)
    await form.getByLabel('Forecast effect').fill('much')
    await form.getByLabel('Description').fill('Trade fair')
    await form.getByRole('button', { name: 'Save event' }).click()
    await page.getByRole('alert').getByText('Line 3, column effect of the events table of this run holds "much points"').waitFor()
    // One day of 90 exceeds the threshold without changing the P95; 28 days change it.
    await form.getByLabel('To (inclusive)').fill(dayAfter(28))
    await form.getByLabel('Forecast effect').fill('300')
    await form.getByRole('button', { name: 'Save event' }).click()
    const row = main('Events').locator('tbody tr', { hasText: 'Trade fair' })
    await expect.poll(() => row.innerText()).toMatch(/Trade fair[^]*\+300 points[^]*1 server at risk \(was 0\); newly at risk: /)
    expect(await main('Events').getByRole('heading', { level: 1 }).innerText()).toMatch(
      /^With all future events: \d+ servers at risk \(was \d+\)$/,
    )
    await page.screenshot({ path: join(screenshotFolder, 'Events.png') })
    await row.getByRole('button', { name: server }).click()
    await waitForPage(page)
    await main('Server')
      .getByRole('button', { name: /^Table: / })
      .first()
      .click()
    const table = main('Server').getByRole('table').first()
    const cells = await table
      .locator('tbody tr', { hasText: `${day}T00:00:00Z` })
      .locator('td')
      .allInnerTexts()
    expect(Number(cells.at(-1)) - Number(cells[2])).toBeCloseTo(300, 0)
    await main('Server')
      .getByRole('button', { name: /^Chart: / })
      .first()
      .click()
    await waitForPage(page)
    await page.screenshot({ path: join(screenshotFolder, 'Server-with-event.png') })
    await showView(page, 'Events')
    await row.getByRole('button', { name: 'Edit Trade fair' }).click()
    await main('Events').getByLabel('Forecast effect').fill('')
    await main('Events').getByRole('button', { name: 'Save event' }).click()
    await expect.poll(() => row.innerText()).toMatch(/no effect given/)
    await row.getByRole('button', { name: 'Remove Trade fair' }).click()
    await main('Events').getByRole('button', { name: 'Undo' }).click()
    await expect.poll(() => row.count()).toBe(1)
    const saved = await readFile(join(home, 'runs', 'sample-120-servers', 'headroom-notes', 'events.csv'), 'utf8')
    expect(saved).toMatch(new RegExp(`^from,.*\n.*Card campaign\n${day},.*${server},,,,Trade fair\n$`))
  })
})

describe('Tour', () => {
  it('Tour leads through five views, is left, and is resumed from the commands', async () => {
    const { page } = window
    await page.keyboard.press('Control+k')
    await page.keyboard.type('Tour')
    await page.keyboard.press('Enter')
    const tour = page.getByRole('region', { name: 'Tour' })
    await tour.getByText('1 of 5').waitFor()
    await main('Overview').waitFor()
    await tour.getByRole('button', { name: 'Next' }).click()
    await main('Risk heatmap').waitFor()
    await tour.getByRole('button', { name: 'Next' }).click()
    const soonest = await page.locator('.figure', { hasText: 'First breach' }).getAttribute('title')
    expect(soonest).toContain(await main('Server').getByRole('heading', { level: 1 }).innerText())
    await tour.getByRole('button', { name: 'Leave tour' }).click()
    await tour.waitFor({ state: 'detached' })
    await showView(page, 'Overview')
    await page.keyboard.press('Control+k')
    await page.keyboard.type('Tour')
    await page.keyboard.press('Enter')
    await tour.getByText('3 of 5').waitFor()
    await main('Server').waitFor()
    await tour.getByRole('button', { name: 'Back' }).click()
    await main('Risk heatmap').waitFor()
    for (const view of ['Server', 'Recommendations', 'What if']) {
      await tour.getByRole('button', { name: 'Next' }).click()
      await main(view).waitFor()
    }
    await tour.getByRole('button', { name: 'Finish' }).click()
    await tour.waitFor({ state: 'detached' })
  })
})

describe('Risk heatmap', () => {
  it('Risk heatmap is available as a table, riskiest server first with its first breach', async () => {
    const { page } = window
    await showView(page, 'Risk heatmap')
    await waitForPage(page)
    await page.getByRole('button', { name: 'Table: Risk heatmap' }).click()
    const row = page.getByRole('region', { name: 'Risk heatmap table' }).locator('tbody tr').first()
    expect(await row.innerText()).toMatch(
      /^\S+\t1\thigh\t[\d.]+\t\d{4}-\d\d-\d\dT00:00:00Z\t[\d.]+\t\d{4}-\d\d-\d\dT00:00:00Z\t\d{4}-\d\d-\d\dT00:00:00Z$/,
    )
    await page.getByRole('button', { name: 'Chart: Risk heatmap' }).click()
    await waitForPage(page)
    expect(await page.locator('.chart').getAttribute('data-painted')).toBe('true')
  })
})

describe('Compare', () => {
  it('Compare holds the earlier runs of the sample, and what came of the last forecast', async () => {
    const { page } = window
    await showView(page, 'Overview')
    await expect
      .poll(() => main('Overview').getByRole('region', { name: 'Since the last run' }).innerText())
      .toMatch(/\d+ newly at risk, \d+ cleared, \d+ moved/)
    await showView(page, 'Compare')
    await main('Compare').getByRole('heading', { level: 1 }).waitFor()
    const others = await main('Compare').getByLabel('Compare with').locator('option').allInnerTexts()
    expect(others.map((text) => /sample-120-servers, (\w+ \d+, 2026)/.exec(text)?.[1])).toEqual(['Oct 26, 2026', 'Sep 28, 2026'])
    expect(await main('Compare').innerText()).toMatch(/mean absolute error of|MAE/)
  })

  it('Compare counts new risks and attributes them to changed settings', async () => {
    const { page, home } = window
    const [set, stricter] = [join(home, 'samples', 'sample-120-servers.parquet'), join(folder, 'stricter')]
    await headroomDone([
      'analyze',
      set,
      '--servers',
      set.replace('.parquet', '.servers.csv'),
      '--out',
      stricter,
      '--set',
      'high_risk_threshold=70',
      '--quiet',
    ])
    const inRun = await atRiskInSummaryBar()
    const { counts } = JSON.parse(await readFile(join(stricter, 'manifest.json'), 'utf8')) as { counts: { at_risk_servers: number } }
    await stubOpenDialog(stricter)
    await main('Compare').getByRole('button', { name: 'Other run folder…' }).click()
    await expect
      .poll(() => main('Compare').getByRole('heading', { level: 1 }).innerText())
      .toMatch(/\d+ (newly at risk|no longer): \d+ (mainly )?by changed settings/)
    const text = await main('Compare').innerText()
    expect(text).toMatch(/high_risk_threshold: (70 → 80|80 → 70)/)
    // A lower threshold clears no risk: the difference between the runs is new, or cleared after a swap.
    const changed = [/Newly at risk\s*(\d+)/, /No longer at risk\s*(\d+)/].map((pattern) => Number(pattern.exec(text)?.[1]))
    expect(changed.sort((a, b) => a - b)).toEqual([0, counts.at_risk_servers - inRun])
    expect(counts.at_risk_servers).toBeGreaterThan(inRun)
    await page.screenshot({ path: join(screenshotFolder, 'Compare.png') })
    await main('Compare').getByRole('button', { name: 'Swap runs' }).click()
    await expect.poll(async () => (await main('Compare').innerText()) !== text).toBe(true)
  })
})

describe('Reconcile', () => {
  it('Reconcile explains the difference of each total from Module 05', async () => {
    const { page } = window
    await showView(page, 'Reconcile')
    await waitForPage(page)
    const text = await main('Reconcile').innerText()
    expect(text).toMatch(/^\d of 9 totals differ from Module 05; at risk: [\d,]+ rows in Module 05, \d+ servers in this run/)
    expect(text).toMatch(/servers, not rows: [\d,]+ rows → \d+ servers/)
    expect(text).toMatch(/: \d,\d{3} of \d,\d{3} rows/)
  })

  it('A reading that takes long shows its step and share, can be cancelled and begun again', async () => {
    const { app, page } = window
    await showView(page, 'Overview')
    // A fleet that takes long would take the test as long: the main process holds the answer back until the planner cancels.
    await app.evaluate(({ ipcMain }, channel) => {
      type Handler = (event: unknown, name: string, payload: unknown) => unknown
      const { _invokeHandlers: handlers } = ipcMain as unknown as { readonly _invokeHandlers: Map<string, Handler> }
      const serve = handlers.get(channel)!
      let end: ((response: unknown) => void) | undefined
      handlers.set(channel, (event, name, payload) => {
        if (name === 'run.reconcile') return new Promise((resolve) => (end = resolve))
        if (name === 'reading.progress') return { ok: true, value: { progress: { label: 'Reading the forecasts', share: 0.425 } } }
        if (name !== 'reading.cancel' || end === undefined) return serve(event, name, payload)
        handlers.set(channel, serve)
        end({ ok: false, error: { code: 'cancelled', message: 'The work was cancelled.' } })
        return { ok: true, value: {} }
      })
    }, requestChannel)
    await showView(page, 'Reconcile')
    await main('Reconcile').getByText('Reading the forecasts … 42 %').waitFor()
    expect(await main('Reconcile').getByRole('progressbar', { name: 'Reading the forecasts' }).getAttribute('value')).toBe('0.425')
    await page.screenshot({ path: join(screenshotFolder, 'Reconcile-reads.png') })
    await main('Reconcile').getByRole('button', { name: 'Cancel' }).click()
    await main('Reconcile').getByRole('heading', { name: 'Cancelled' }).waitFor()
    await main('Reconcile').getByRole('button', { name: 'Start again' }).click()
    await waitForPage(page)
    expect(await main('Reconcile').innerText()).toMatch(/^\d of 9 totals differ from Module 05/)
  })
})

describe('Settings', () => {
  it('Settings are validated, saved and imported from a pipeline configuration after a preview', async () => {
    const { page, home } = window
    const settings = async () => JSON.parse(await readFile(join(home, 'settings.json'), 'utf8'))
    await page.keyboard.press('Control+,')
    const high = main('Settings').getByLabel(/^High/)
    await high.fill('95')
    await main('Settings').getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').innerText()).toMatch(/very_high_risk_threshold 90 is below high_risk_threshold 95/)
    await expect
      .poll(() =>
        page
          .getByRole('alert')
          .evaluate((panel) => panel.getBoundingClientRect().top >= 0 && panel.getBoundingClientRect().bottom <= innerHeight),
      )
      .toBe(true)
    await high.fill('85')
    await main('Settings').getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('alert').waitFor({ state: 'detached' })
    expect((await settings()).analysis).toEqual({ high_risk_threshold: 85 })
    await main('Settings').getByLabel('Per-metric thresholds').fill('mem p95 85 95; disk_p95 70')
    await main('Settings').getByRole('button', { name: 'Save', exact: true }).click()
    await page
      .getByRole('alert')
      .getByText(/metric_thresholds/)
      .waitFor()
    await main('Settings').getByLabel('Per-metric thresholds').fill('mem p95 85 95; disk_p95 70 80')
    await main('Settings').getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('alert').waitFor({ state: 'detached' })
    expect((await settings()).analysis).toEqual({
      high_risk_threshold: 85,
      metric_thresholds: { 'mem p95': { high: 85, very_high: 95 }, disk_p95: { high: 70, very_high: 80 } },
    })
    await main('Settings').getByLabel('Per-metric thresholds').fill('')
    await main('Settings').getByRole('button', { name: 'Save', exact: true }).click()
    await expect.poll(async () => (await settings()).analysis).toEqual({ high_risk_threshold: 85 })
    const config = join(folder, 'config.yaml')
    await writeFile(config, 'aws:\n  region: us-east-1\nrisk_analysis:\n  high_risk_threshold: 75\n  clustering:\n    n_clusters: 6\n')
    await stubOpenDialog(config)
    await main('Settings').getByRole('button', { name: 'Import config.yaml…' }).click()
    const preview = page.getByRole('region', { name: 'Imported settings' })
    expect(await preview.innerText()).toMatch(
      /pipeline configuration[^]*high_risk_threshold\s+75\s+80[^]*n_clusters\s+6\s+4[^]*Ignored: aws/,
    )
    expect((await settings()).analysis).toEqual({ high_risk_threshold: 85 })
    await preview.getByRole('button', { name: 'Apply' }).click()
    await preview.waitFor({ state: 'detached' })
    expect((await settings()).analysis).toEqual({ high_risk_threshold: 75, n_clusters: 6 })
    expect(await high.inputValue()).toBe('75')
    await main('Settings').getByRole('button', { name: 'Reset' }).click()
    await expect.poll(async () => (await settings()).analysis).toEqual({})
  })

  it('Settings change the number format', async () => {
    const { page } = window
    await main('Settings').getByLabel('Number format').selectOption('de-DE')
    await showView(page, 'Overview')
    await waitForPage(page)
    expect(await main('Overview').innerText()).toMatch(/miss by \d+,\d\d percentage points on average/)
    await page.keyboard.press('Control+,')
    await main('Settings').getByLabel('Number format').selectOption('')
  })
})

describe('Clusters', () => {
  it('Clusters are selected with a box, which filters the list, and shown on other axes', async () => {
    const { page } = window
    await showView(page, 'Clusters')
    await waitForPage(page)
    expect(await page.getByRole('region', { name: 'Cluster profiles' }).innerText()).toMatch(
      /Silhouette\s*0\.\d\d\s*Stability\s*[01]\.\d\d/,
    )
    await page.getByRole('radio', { name: 'Box' }).click()
    const chart = await page.locator('.chart').boundingBox()
    if (chart === null) throw new Error('There is no chart.')
    // The quiet servers are at the lower left of the plot.
    await page.mouse.move(chart.x + 80, chart.y + chart.height - 90)
    await page.mouse.down()
    await page.mouse.move(chart.x + chart.width * 0.4, chart.y + chart.height * 0.4, { steps: 6 })
    await page.mouse.up()
    const chip = page.getByRole('button', { name: /\d+ selected servers/ })
    await chip.waitFor()
    const picked = numberIn(await chip.innerText())
    expect(picked).toBeGreaterThan(3)
    await showView(page, 'Servers')
    await expect.poll(async () => numberIn(await page.locator('.list-count').innerText())).toBe(picked)
    await page.keyboard.press('Control+Shift+x')
    await showView(page, 'Clusters')
    await page.getByLabel('Axes').selectOption('components')
    await waitForPage(page)
    expect(await page.locator('.chart').getAttribute('data-painted')).toBe('true')
  })
})
