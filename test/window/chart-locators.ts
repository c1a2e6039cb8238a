// Helpers of the window tests for views and charts: show a view, wait until it is painted, find points on the canvas.
import type { Page } from 'playwright'

/** Shows a view by its name in the sidebar. */
export const showView = async (page: Page, name: string): Promise<void> => {
  const button = page.getByRole('toolbar', { name: 'Views' }).getByRole('button', { name, exact: true })
  // Views of a run can be clicked once a run is open.
  await button.click()
}

/** Shows the risk heatmap and waits until it is painted. */
export const waitForHeatmap = async (page: Page): Promise<void> => {
  await showView(page, 'Risk heatmap')
  await waitForChart(page)
}

/** Waits until the page has loaded and painted everything. */
export const waitForPage = async (page: Page): Promise<void> => {
  await page.waitForFunction(() => document.querySelectorAll('[aria-busy="true"], .chart[data-painted="false"], .chart-wait').length === 0)
}

/** Waits until the current chart is painted. */
export const waitForChart = async (page: Page): Promise<void> => {
  await page.waitForSelector('.chart-area[aria-busy="false"] .chart[data-painted="true"]')
}

export interface PagePoint {
  readonly x: number
  readonly y: number
}

/** How many colours the canvas of the chart shows, sampled at every fourth pixel. */
export const countChartColors = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('.chart canvas')
    const context = canvas?.getContext('2d')
    if (!canvas || !context) return 0
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height)
    const colours = new Set<number>()
    for (let offset = 0; offset < data.length; offset += 16)
      colours.add(((data[offset] ?? 0) << 16) | ((data[offset + 1] ?? 0) << 8) | (data[offset + 2] ?? 0))
    return colours.size
  })

/** A coloured point of the scatter chart, right of the middle and left of the legend. */
export const findScatterMark = async (page: Page): Promise<PagePoint> => {
  const point = await page.evaluate((): PagePoint | null => {
    const canvas = document.querySelector<HTMLCanvasElement>('.chart canvas')
    const context = canvas?.getContext('2d')
    if (!canvas || !context) return null
    const ratio = canvas.width / canvas.clientWidth
    const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height)
    const isMark = (x: number, y: number): boolean => {
      const offset = (y * width + x) * 4
      const colour = [data[offset] ?? 0, data[offset + 1] ?? 0, data[offset + 2] ?? 0]
      return Math.max(...colour) - Math.min(...colour) > 60
    }
    for (let x = Math.round(width * 0.65); x > width * 0.2; x--) {
      for (let y = Math.round(height * 0.85); y > height * 0.3; y--) {
        if (isMark(x, y) && isMark(x - 3, y) && isMark(x + 3, y) && isMark(x, y + 3) && isMark(x, y - 3)) {
          const box = canvas.getBoundingClientRect()
          return { x: box.left + x / ratio, y: box.top + y / ratio }
        }
      }
    }
    return null
  })
  if (point === null) throw new Error('There is no mark on the scatter.')
  return point
}

/** A point of the heatmap's plot, by shares of its width and height. */
export const heatmapPoint = async (page: Page, xShare: number, yShare: number): Promise<PagePoint> => {
  const box = await page.locator('.zoom-surface').boundingBox()
  if (box === null) throw new Error('There is no heatmap.')
  return { x: box.x + box.width * xShare, y: box.y + box.height * yShare }
}
