// Serious faults of accessibility that axe finds in a page, and the themes to look for them in.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright'
import { expect } from 'vitest'

/** Colours in transition would fail the contrast check, so motion is reduced. */
export const loadAxe = async (page: Page): Promise<void> => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
}

/** "rule: where" of every serious or critical violation. */
export const axeFaults = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: (root: Document, options: object) => Promise<AxeResults> } }
    const { violations } = await axe.run(document, { resultTypes: ['violations'] })
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.slice(0, 4).map(({ target, failureSummary }) => `${id}: ${target.join(' ')} ${failureSummary?.split('\n')[1]?.trim() ?? ''}`),
      )
  })

export const changeSettings = async (page: Page, change: Readonly<Record<string, unknown>>): Promise<void> => {
  await page.evaluate(
    (settings) =>
      (globalThis as unknown as { headroom: { request: (channel: string, change: unknown) => Promise<unknown> } }).headroom.request(
        'settings.set',
        settings,
      ),
    change,
  )
}

export const chooseTheme = async (page: Page, theme: string): Promise<void> => {
  await changeSettings(page, { theme })
  await expect.poll(() => page.evaluate(() => document.documentElement.dataset['theme'])).toBe(theme)
}
