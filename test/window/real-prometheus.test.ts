// From Start to a painted Overview on a real Prometheus that holds the measurements of Bitbrains. Part of `npm run interop`.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startBitbrainsPrometheus } from '../interop/bitbrains-prometheus.mjs'
import { waitForPage } from './chart-locators.ts'
import { launchApp } from './launch-app.ts'

it.skipIf(process.env['HEADROOM_INTEROP'] !== 'yes')(
  'a real Prometheus leads from Start to a painted Overview',
  { timeout: 300_000 },
  async (test) => {
    const folder = await mkdtemp(join(tmpdir(), 'headroom-real-prometheus-'))
    const prometheus = await startBitbrainsPrometheus(join(folder, 'prometheus'), { endsNow: true })
    if (prometheus === undefined) return test.skip('Prometheus or its measurements are absent.')
    try {
      const window = await launchApp({})
      try {
        const { page } = window
        await page.locator('.sidebar-button[data-view="start"]').click()
        await page.getByRole('button', { name: /^Prometheus/ }).click()
        await page.getByLabel('Address').fill(prometheus.url)
        await page.getByRole('textbox', { name: 'Query' }).fill('mem_p95')
        await page.getByRole('button', { name: 'Check', exact: true }).click()
        const findings = page.locator('.source-findings')
        await findings.waitFor()
        expect(await findings.innerText()).toMatch(/Servers\s+\d+, such as vm-/)
        await page.getByRole('button', { name: 'Collect and analyse' }).click()
        await page.getByRole('main', { name: 'Overview' }).waitFor({ timeout: 180_000 })
        await waitForPage(page)
        expect(await page.locator('.summary-bar').innerText()).toMatch(/Servers\s+40\s/i)
      } finally {
        await window.close()
      }
    } finally {
      await prometheus.stop()
      await rm(folder, { recursive: true, force: true })
    }
  },
)
