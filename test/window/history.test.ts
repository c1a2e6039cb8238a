// A folder of runs opened as a history: twelve months of one fleet, what came of forecasts and decisions, any two runs, and the pack.
import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { textFaults } from '../../scripts/testing/text-faults.mjs'
import { openTwelveMonths, type TwelveMonths } from '../fixtures/twelve-months.ts'
import { axeFaults, chooseTheme, loadAxe } from './axe-faults.ts'
import { showView, waitForPage } from './chart-locators.ts'
import { launchApp, type LaunchedApp } from './launch-app.ts'

const screenshotFolder = resolve(import.meta.dirname, '..', '..', 'test-results', 'window')

let year: TwelveMonths
let window: LaunchedApp

beforeAll(async () => {
  await mkdir(screenshotFolder, { recursive: true })
  year = await openTwelveMonths()
  window = await launchApp({ args: [year.history] })
  await loadAxe(window.page)
}, 180_000)
afterAll(async () => {
  await window.close()
  await year.workspace.close()
})

const main = () => window.page.getByRole('main', { name: 'History' })
const choose = async (tab: string): Promise<void> => {
  await main().getByRole('radio', { name: tab }).click()
  await waitForPage(window.page)
}

describe('a folder of runs', () => {
  it('opens with its latest run, and says how many are at risk and what came', async () => {
    await main().getByRole('heading', { level: 1 }).waitFor()
    expect(await main().getByRole('heading', { level: 1 }).innerText()).toBe(
      '1 of 5 servers is likely to run out by Jan 15, 2027, as many as in the run before',
    )
    const text = await main().innerText()
    expect(text).toContain('Since the run from Nov 17, 2026: 0 servers newly at risk, 0 no longer. 1 server at risk for 3 runs or more.')
    expect(text).toMatch(
      /The run from Nov 17, 2026 expected [\d.]+ risks?, and 1 came by Dec 16, 2026\. It had stated 1 of them, and 0 more/,
    )
    // The dates of the last run are judged by its own day, or by a later one on which the test runs.
    expect(text).toMatch(
      /No order is overdue as of \w+ \d+, \d{4}\. 1 accepted recommendation is past its date: retire idle \(due Dec 1, 2026\)\./,
    )
    // By hand: two of the twelve runs have one at risk, four have two, and six one; all came as stated.
    expect(text).toContain('Servers at risk: 1 at first, 1 now, at most 2')
    expect(text).toContain('15 of 15 risks that came had been stated')
  })

  it('shows the trend of another figure', async () => {
    const figure = main().getByLabel('Figure')
    await figure.selectOption({ label: 'Servers' })
    await expect.poll(() => main().getByRole('heading', { level: 2 }).first().innerText()).toBe('Servers: 6 at first, 5 now')
    await figure.selectOption({ label: 'Servers at risk' })
  })

  it('lists the runs, the latest first, and risks by age', async () => {
    const { page } = window
    const lasting = page.getByRole('grid', { name: 'At risk, the longest first' }).getByRole('row').nth(1)
    await expect.poll(() => lasting.innerText()).toMatch(/^db\s+10\s+Mar 22, 2026/)
    const runs = page.getByRole('grid', { name: 'Runs', exact: true }).getByRole('row')
    await expect.poll(() => runs.nth(1).innerText()).toMatch(new RegExp(`^${year.results.at(-1)!.run}\\s+Dec 17, 2026\\s+5\\s+1\\s+0\\s+0`))
  })

  it('cuts a name that does not fit in its middle, so that its end tells it apart', async () => {
    const runs = window.page.getByRole('grid', { name: 'Runs', exact: true }).getByRole('row')
    const cells = await Promise.all(
      [1, 2].map((row) =>
        runs
          .nth(row)
          .getByRole('gridcell')
          .first()
          .evaluate((cell: HTMLElement) => {
            const [head, tail] = [cell.querySelector('.name-head')!, cell.lastChild!]
            const isWhole = head.scrollWidth <= head.clientWidth
            cell.style.width = '130px'
            const range = document.createRange()
            range.selectNodeContents(tail)
            const shown = {
              isWhole,
              title: cell.title,
              text: cell.textContent,
              tail: tail.textContent!,
              hidden: head.scrollWidth - head.clientWidth,
              isTailInside: range.getBoundingClientRect().right <= cell.getBoundingClientRect().right,
            }
            cell.style.width = ''
            return shown
          }),
      ),
    )
    for (const [index, { isWhole, title, text, tail, hidden, isTailInside }] of cells.entries()) {
      const name = year.results.at(-1 - index)!.run
      expect([title, text]).toEqual([name, name])
      // The column is as wide as its names.
      expect(isWhole).toBe(true)
      expect(name.endsWith(tail)).toBe(true)
      expect(hidden).toBeGreaterThan(10)
      expect(isTailInside).toBe(true)
    }
    expect(cells[0]!.tail).not.toBe(cells[1]!.tail)
  })

  it('follows what was decided', async () => {
    await choose('Follow-up')
    const text = (await main().innerText()).replaceAll(/\s+/g, ' ')
    expect(text).toContain('1 accepted recommendation is past its date, 1 dismissed one breached; $300 per month saved')
    expect(text).toContain('Recommendations: 2 accepted, 1 done, 1 dismissed.')
    const row = (name: string) => window.page.getByRole('grid', { name }).getByRole('row').nth(1)
    await expect.poll(() => row('Accepted, but not done after its date').innerText()).toMatch(/^idle\s+Dec 1, 2026\s+Retire\s+ben/)
    await expect.poll(() => row('Dismissed, then breached').innerText()).toMatch(/^db\s+Add capacity\s+moves away\s+ada\s+Mar 23, 2026/)
    const decided = row('Who decided what, and why')
    await expect.poll(() => decided.innerText()).toMatch(/^db\s+Add capacity\s+dismissed\s+moves away\s+–\s+ada\s+Mar 23, 2026/)
    expect(text).toMatch(/As of \w+ \d+, \d{4}\. Recommendations: 2 accepted/)
    expect(text).toMatch(/Risk that fell 1 of 1 accepted additions are less likely to run out now/)
    await expect.poll(() => row('Left the fleet').innerText()).toMatch(/^old\s+Jun 20, 2026\s+Retire\s+\$300/)
    await expect.poll(() => row('Risk of accepted additions').innerText()).toMatch(/^web\s+\S+\s%\s+<?.?\S*\s?%\s+no/)
  })

  it('compares any two runs', async () => {
    await choose('Compare')
    await main()
      .getByLabel('Earlier run')
      .selectOption({ label: `from Jan 21, 2026, ${year.results[0]!.run}` })
    await expect
      .poll(() => main().getByRole('heading', { level: 1 }).innerText())
      .toBe('1 newly at risk: 1 by new data; 1 no longer: 1 by new data')
    // All twelve were analysed today: their forecasts tell them apart.
    expect((await main().innerText()).replaceAll(/\s+/g, ' ')).toContain(
      'Earlier run: forecast from Jan 21, 2026, 1 of 6 servers at risk. Later run: forecast from Dec 17, 2026, 1 of 5.',
    )
    await main()
      .getByLabel('Later run')
      .selectOption({ label: `from Jan 21, 2026, ${year.results[0]!.run}` })
    expect(await main().innerText()).toContain('Choose two different runs.')
  })

  it('writes its pack as page, PDF and presentation', async () => {
    const { app, page } = window
    for (const [format, sign] of [
      ['HTML', 'The run from 17 November 2026 expected'],
      ['PDF', '%PDF-'],
      ['PowerPoint', 'ppt/slides/slide1.xml'],
    ] as const) {
      const name = `year.${format === 'PowerPoint' ? 'pptx' : format.toLowerCase()}`
      const path = join(window.folder, name)
      await app.evaluate(({ dialog }, filePath) => {
        dialog.showSaveDialog = async () => ({ canceled: false, filePath })
      }, path)
      await main().getByRole('button', { name: 'Export pack' }).click()
      await page.getByRole('button', { name: `Pack as ${format}…` }).click()
      await page.getByText(`Saved ${name}.`).waitFor()
      const bytes = await readFile(path)
      expect(bytes.toString('utf8')).toContain(sign)
    }
  })

  it.each(['light', 'dark', 'high-contrast'])('has no cut text and no serious violation in the %s theme', async (theme) => {
    const { app, page } = window
    await chooseTheme(page, theme)
    for (const [width, height] of [
      [1280, 800],
      [900, 700],
    ] as const) {
      await app.evaluate(({ BrowserWindow }, [w, h]) => BrowserWindow.getAllWindows()[0]?.setContentSize(w, h), [width, height] as const)
      for (const tab of ['Runs', 'Follow-up', 'Compare']) {
        await choose(tab)
        const place = `${tab} ${width}`
        expect({ place, axeFaults: await axeFaults(page) }).toEqual({ place, axeFaults: [] })
        expect({ place, textFaults: await textFaults(page) }).toEqual({ place, textFaults: [] })
        await page.screenshot({ path: join(screenshotFolder, `History-${tab}-${theme}-${width}.png`) })
      }
    }
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.setContentSize(1280, 800))
  })

  it('shows where planners differ, until the next decision, which follow-up counts', async () => {
    const { page } = window
    const line = (id: string, verdict: string, by: string, reason: string) => ({
      id,
      decided_at: '2026-12-18T08:00:00.000Z',
      decided_by: by,
      server_id: 'idle',
      recommendation: 'retire',
      verdict,
      reason,
      until: null,
      replaces: [],
    })
    const longReason = `${'The business accepts the risk of slow month ends. '.repeat(8)}Agreed in September.`
    const lines = [
      line('by-cleo', 'dismissed', 'cleo', 'still needed'),
      line('by-dan', 'accepted', 'dan', ''),
      { ...line('on-core', 'dismissed', 'dan', longReason), server_id: 'core' },
    ]
    await appendFile(join(year.history, 'decisions.jsonl'), lines.map((each) => `${JSON.stringify(each)}\n`).join(''))
    await showView(page, 'Recommendations')
    await page.getByRole('radio', { name: /^All/ }).click()
    await page.getByRole('grid', { name: 'Recommendations' }).getByRole('gridcell', { name: 'idle', exact: true }).click()
    const panel = page.getByRole('region', { name: 'Decision' })
    await expect.poll(() => panel.getByRole('alert').innerText()).toMatch(/^Planners differ\. .*dismissed by cleo on 2026-12-18/i)
    await page.screenshot({ path: join(screenshotFolder, 'Decision-conflict.png') })
    expect(await textFaults(page)).toEqual([])
    expect(await axeFaults(page)).toEqual([])
    // The forecast begins on 17 December: the dismissal has ended by then.
    await panel.getByLabel('Reason').fill('not yet')
    await panel.getByLabel('Until').fill('2026-12-10')
    await panel.getByRole('button', { name: 'Dismiss' }).click()
    await expect.poll(() => panel.innerText()).toMatch(/Was dismissed by .* until Dec 10, 2026: not yet\. Open again\./)
    await panel.getByLabel('Reason').fill('agreed with Cleo')
    await panel.getByLabel('Until').fill('2026-12-10')
    await panel.getByRole('button', { name: 'Accept' }).click()
    await expect.poll(() => panel.innerText()).toMatch(/Accepted by .*, until Dec 10, 2026: agreed with Cleo/)
    expect(await panel.getByRole('alert').count()).toBe(0)
    await page.screenshot({ path: join(screenshotFolder, 'Decision-until.png') })
    await showView(page, 'History')
    await choose('Follow-up')
    const overdue = page.getByRole('grid', { name: 'Accepted, but not done after its date' }).getByRole('row').nth(1)
    await expect.poll(() => overdue.innerText()).toMatch(/^idle\s+Dec 10, 2026/)
    // Orders are nobody's decision, and overdue all the same: this tab names them too.
    // A long reason is whole, in several lines.
    const reason = page.getByRole('gridcell', { name: /Agreed in September/ })
    await reason.scrollIntoViewIfNeeded()
    const [height, hidden] = await reason.evaluate((cell) => [cell.clientHeight, cell.scrollHeight - cell.clientHeight])
    expect(height).toBeGreaterThan(2 * 19)
    expect(hidden).toBeLessThanOrEqual(0)
    const text = (await main().innerText()).replaceAll(/\s+/g, ' ')
    expect(text).toMatch(/No order is overdue as of \w+ \d+, \d{4}\./)
    // What was accepted and is late stands in the heading and its grid, and nowhere else.
    expect(text.match(/past (?:its|their) dates?/gi)).toEqual(['past its date', 'Past their date'])
  })

  it('stays open when another of its runs is opened, by keyboard too', async () => {
    const { page } = window
    await choose('Runs')
    const grid = page.getByRole('grid', { name: 'Runs', exact: true })
    await grid.getByRole('row').nth(12).getByRole('gridcell').first().click()
    await page.keyboard.press('Enter')
    await page.getByRole('main', { name: 'Overview' }).waitFor()
    await page.locator('.sidebar-button[aria-current="page"]').focus()
    await page.keyboard.press('g')
    await page.keyboard.press('h')
    await main().getByRole('heading', { level: 1 }).waitFor()
    expect(await main().getByRole('heading', { level: 1 }).innerText()).toContain('1 of 5 servers is likely to run out')
  })
})

it('a run that was opened by itself says how to see its history', async () => {
  const alone = await launchApp({ args: [join(year.history, year.results[0]!.run)] })
  try {
    await showView(alone.page, 'History')
    await alone.page.getByRole('heading', { name: 'This run is open by itself' }).waitFor()
    await alone.app.evaluate(({ dialog }, folder) => {
      dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [folder] })
    }, year.history)
    await alone.page.getByRole('button', { name: 'Open folder of runs…' }).click()
    await expect
      .poll(() => alone.page.getByRole('main', { name: 'History' }).innerText())
      .toContain('15 of 15 risks that came had been stated')
  } finally {
    await alone.close()
  }
})
