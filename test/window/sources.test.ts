// From Start to a painted Overview without a terminal: CloudWatch on the simulated account, Prometheus on its double; secrets stay in memory.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { filesBelow } from '../fixtures/cloud-cli-workspace.ts'
import { addFleet } from '../simulator/ec2.ts'
import { PrometheusDouble } from '../simulator/prometheus-double.ts'
import { AwsSimulator } from '../simulator/simulator.ts'
import { cloudEnvironment } from './cloud-window.ts'
import { launchApp, type LaunchedApp } from './launch-app.ts'

const token = 'marked-secret-bearer-0001'

let simulator: AwsSimulator
let prometheus: PrometheusDouble
let window: LaunchedApp
beforeAll(async () => {
  simulator = await AwsSimulator.start()
  addFleet(simulator.account, 40)
  prometheus = await PrometheusDouble.start()
  prometheus.authorization = `Bearer ${token}`
  prometheus.series.set(
    'busy',
    Array.from({ length: 8 }, (_, index) => ({
      labels: { instance: `db-${index}:9100`, team: 'Retail' },
      valueAt: (at: number) => String(20 + 10 * index + 5 * Math.sin((at / 86_400) * 2 * Math.PI)),
    })),
  )
  window = await launchApp({ env: cloudEnvironment(simulator) })
})
afterAll(async () => {
  await window.close()
  await simulator.stop()
  await prometheus.stop()
})

const openPanel = async (page: Page, name: string): Promise<void> => {
  await page.locator('.sidebar-button[data-view="start"]').click()
  await page.getByRole('button', { name: `I have ${name}` }).click()
}

const findings = (page: Page): Promise<string> => page.locator('.source-findings').innerText()

/** The Overview of a run of so many servers; an earlier run may be shown until it is opened. */
const waitForOverview = async (page: Page, servers: number): Promise<void> => {
  await page.getByRole('main', { name: 'Overview' }).waitFor({ timeout: 90_000 })
  await expect
    .poll(() => page.locator('.summary-bar').innerText(), { timeout: 60_000 })
    .toMatch(new RegExp(`Servers\\s+${servers}\\s`, 'i'))
}

describe('Start', () => {
  it('leads from CloudWatch to the Overview, with the cost before', async () => {
    const { page, home } = window
    await openPanel(page, 'CloudWatch')
    await page.getByLabel('Business unit tag').fill('Team')
    await page.getByLabel('Days', { exact: true }).fill('70')
    await page.getByRole('button', { name: 'Check', exact: true }).click()
    await page.locator('.source-findings').waitFor()
    const found = await findings(page)
    expect(found).toContain('40, such as i-00a')
    expect(found).toContain('40 of cpu_p95')
    expect(found).toContain('about 0.00 USD')
    expect(simulator.requestsOf('GetMetricData')).toEqual([])
    await page.getByRole('button', { name: 'Collect and analyse' }).click()
    await waitForOverview(page, 40)
    expect((await readdir(join(home, 'measurements'))).sort()).toEqual(['cloudwatch.parquet', 'cloudwatch.servers.csv'])
    expect(await readFile(join(home, 'measurements', 'cloudwatch.servers.csv'), 'utf8')).toContain('"Retail"')
  })

  it('leads from Prometheus to the Overview; the token reaches no file', async () => {
    const { page, home, folder } = window
    await openPanel(page, 'Prometheus')
    await page.getByLabel('Address').fill(prometheus.url)
    await page.getByRole('textbox', { name: 'Query' }).fill('busy')
    await page.getByRole('button', { name: 'Check', exact: true }).click()
    await page.getByText('requires a sign-in (HTTP 401).').waitFor()
    await page.getByLabel('Bearer token').fill(token)
    await page.getByRole('button', { name: 'Check', exact: true }).click()
    await page.locator('.source-findings').waitFor()
    expect(await findings(page)).toContain('8, such as db-0')
    await page.getByRole('button', { name: 'Collect and analyse' }).click()
    await waitForOverview(page, 8)
    for (const [path, content] of [...(await filesBelow(home)), ...(await filesBelow(folder))])
      expect([path, content.includes(token)]).toEqual([path, false])
    await openPanel(page, 'Prometheus')
    expect(await page.getByLabel('Bearer token').inputValue()).toBe('')
  })

  it('cancels a collect, which goes on later', async () => {
    const { page, home } = window
    prometheus.authorization = undefined
    await openPanel(page, 'Prometheus')
    await page.getByLabel('Days', { exact: true }).fill('40')
    await page.getByRole('button', { name: 'Check', exact: true }).click()
    await page.locator('.source-findings').waitFor()
    prometheus.delayMs = 30_000
    await page.getByRole('button', { name: 'Collect and analyse' }).click()
    await page.getByRole('button', { name: 'Cancel', exact: true }).click()
    await page.getByText('Cancelled.').waitFor()
    prometheus.delayMs = 0
    expect((await readdir(join(home, 'measurements'))).filter((name) => name.endsWith('.parquet'))).toHaveLength(2)
  })
})
