// The sample fleet in the window: heatmap, tooltip, selection, sort order, zoom, clusters, themes, and the next start.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitForChart, waitForHeatmap, countChartColors, findScatterMark, heatmapPoint } from './chart-locators.ts'
import { launchApp, type LaunchedApp } from './launch-app.ts'

let folder: string
let window: LaunchedApp

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-sample-window-'))
  window = await launchApp({ args: ['--sample'], home: join(folder, 'home') })
  await waitForHeatmap(window.page)
})

afterAll(async () => {
  await window.close()
  await rm(folder, { recursive: true, force: true })
})

describe('the sample fleet', () => {
  it('is analysed and shown with a summary bar and a heatmap titled with the finding', async () => {
    const { page } = window
    expect(await page.getByRole('banner', { name: 'Fleet summary' }).innerText()).toMatch(/Servers\s+120/)
    const title = await page.locator('.chart').getAttribute('aria-label')
    expect(title).toMatch(/^\d+ of 120 servers exceeds? .* by /)
    expect(await countChartColors(page)).toBeGreaterThan(50)
  })

  it('shows server, time and value under the pointer', async () => {
    const { page } = window
    const point = await heatmapPoint(page, 0.9, 0.004)
    await page.mouse.move(point.x, point.y)
    const words = await page.getByRole('tooltip').innerText()
    expect(words).toMatch(/^\S+\n.*20\d\d\n[\d.]+\s% forecast/)
    const history = await heatmapPoint(page, 0.1, 0.5)
    await page.mouse.move(history.x, history.y)
    expect(await page.getByRole('tooltip').innerText()).toMatch(/\s% measured/)
  })

  it('shows the figures of a clicked server without covering it', async () => {
    const { page } = window
    const point = await heatmapPoint(page, 0.2, 0.004)
    await page.mouse.click(point.x, point.y)
    const drawer = page.getByRole('complementary', { name: 'Server details' })
    await drawer.getByText('Forecast P95').first().waitFor()
    expect(await drawer.innerText()).toMatch(/Risk rank 1 of 120/)
    const chart = await page.locator('.chart').boundingBox()
    const box = await drawer.boundingBox()
    expect((chart?.x ?? 0) + (chart?.width ?? 0)).toBeLessThanOrEqual(box?.x ?? 0)
    await page.keyboard.press('Escape')
    await drawer.waitFor({ state: 'detached' })
  })

  it('is sorted by the chosen order', async () => {
    const { page } = window
    const first = async (): Promise<string> => {
      const point = await heatmapPoint(page, 0.5, 0.004)
      await page.mouse.move(point.x - 3, point.y)
      await page.mouse.move(point.x, point.y)
      return (await page.getByRole('tooltip').innerText()).split('\n')[0] ?? ''
    }
    const riskiest = await first()
    await page.getByLabel('Sort by').selectOption('name')
    await waitForChart(page)
    const firstByName = await first()
    expect(firstByName).not.toBe(riskiest)
    expect(firstByName < riskiest).toBe(true)
    await page.getByLabel('Sort by').selectOption('risk')
    await waitForChart(page)
    expect(await first()).toBe(riskiest)
  })

  it('zooms by wheel and by box, and resets the zoom', async () => {
    const { page } = window
    const reset = page.getByRole('button', { name: 'Reset zoom' })
    expect(await reset.isDisabled()).toBe(true)
    const point = await heatmapPoint(page, 0.7, 0.2)
    await page.mouse.move(point.x, point.y)
    await page.mouse.wheel(0, -200)
    await expect.poll(() => reset.isDisabled()).toBe(false)
    await reset.click()
    await expect.poll(() => reset.isDisabled()).toBe(true)
    await waitForChart(page)
    const from = await heatmapPoint(page, 0.5, 0.1)
    const to = await heatmapPoint(page, 0.7, 0.2)
    await page.mouse.move(from.x, from.y)
    await page.mouse.down()
    await page.mouse.move(to.x, to.y, { steps: 4 })
    await page.mouse.up()
    await expect.poll(() => reset.isDisabled()).toBe(false)
    await waitForChart(page)
    // The box held a tenth of 120 servers: the row at its top is the 13th by risk.
    const top = await heatmapPoint(page, 0.5, 0.04)
    await page.mouse.click(top.x, top.y)
    await page.getByText(/Risk rank 1[23] of 120/).waitFor()
    await page.keyboard.press('Escape')
    await reset.click()
    await waitForChart(page)
  })

  it('can be navigated by keyboard', async () => {
    const { page } = window
    await page.locator('.zoom-surface').focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    expect(await page.getByRole('tooltip').innerText()).toMatch(/%/)
    await page.keyboard.press('Enter')
    await page.getByText('Risk rank 2 of 120').waitFor()
    await page.keyboard.press('Escape')
  })

  it('shows clusters with tooltips, a legend that hides them, and the same selection', async () => {
    const { page } = window
    await page.getByRole('button', { name: 'Clusters', exact: true }).click()
    // The profiles make the chart smaller when they appear.
    await page.getByRole('region', { name: 'Cluster profiles' }).waitFor()
    await waitForChart(page)
    expect(await page.locator('.chart').getAttribute('aria-label')).toMatch(/clusters?: /)
    const mark = await findScatterMark(page)
    await page.mouse.move(mark.x, mark.y)
    await page
      .locator('.chart')
      .getByText(/deviation/)
      .first()
      .waitFor()
    await page.mouse.click(mark.x, mark.y)
    const drawer = page.getByRole('complementary', { name: 'Server details' })
    await drawer.getByText('Forecast P95').first().waitFor()
    const chosen = await drawer.getByRole('heading').first().innerText()
    await page.getByRole('button', { name: 'Risk heatmap' }).click()
    await waitForChart(page)
    expect(await drawer.getByRole('heading').first().innerText()).toBe(chosen)
    await page.keyboard.press('Escape')
  })

  it('restricts every view to the servers in a box on the scatter chart', async () => {
    const { page } = window
    await page.getByRole('button', { name: 'Clusters', exact: true }).click()
    await page.getByRole('region', { name: 'Cluster profiles' }).waitFor()
    await waitForChart(page)
    const mark = await findScatterMark(page)
    await page.getByText('Box', { exact: true }).click()
    await waitForChart(page)
    await page.mouse.move(mark.x - 40, mark.y - 40)
    await page.mouse.down()
    await page.mouse.move(mark.x + 40, mark.y + 40, { steps: 8 })
    await page.mouse.up()
    const chip = await page
      .getByText(/\d+ selected server/)
      .first()
      .innerText()
    const picked = Number(chip.split(' ')[0])
    expect(picked).toBeGreaterThan(0)
    expect(picked).toBeLessThan(120)
    await waitForChart(page)
    expect(await page.locator('.chart').getAttribute('aria-label')).toMatch(
      picked === 1 ? /^The one server/ : new RegExp(`\\b${picked} servers`),
    )
    await page.getByRole('button', { name: 'Clear', exact: true }).click()
    await page.getByText(/selected server/).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Risk heatmap' }).click()
    await waitForChart(page)
  })

  it('switches between dark and light, including charts', async () => {
    const { page } = window
    const cornerColor = (): Promise<number> =>
      page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('.chart canvas')
        return canvas?.getContext('2d')?.getImageData(3, 3, 1, 1).data[0] ?? -1
      })
    const theme = page.getByRole('button', { name: /^Theme: / })
    await theme.click()
    await expect.poll(() => theme.getAttribute('aria-label')).toBe('Theme: Light')
    await expect.poll(cornerColor).toBe(255)
    await theme.click()
    await expect.poll(() => theme.getAttribute('aria-label')).toBe('Theme: Dark')
    await expect.poll(cornerColor).toBeLessThan(40)
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe('dark')
  })
})

describe('the next start', () => {
  it('opens the existing sample at once in the chosen theme, and lists it', async () => {
    await window.close()
    const startedAt = performance.now()
    window = await launchApp({ args: ['--sample'], home: join(folder, 'home') })
    await waitForHeatmap(window.page)
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    expect(await window.page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark')
    await window.page.getByRole('button', { name: 'Start' }).click()
    expect(await window.page.getByRole('region', { name: 'Recent runs' }).innerText()).toMatch(/120 servers\s+\d+ at risk/)
  })
})
