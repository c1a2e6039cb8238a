// From Start to a painted Overview without a terminal: CloudWatch on the simulated account, Prometheus on its double; secrets stay in memory.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { filesBelow } from '../fixtures/cloud-cli-workspace.ts'
import { rootKey } from '../simulator/account.ts'
import { addFleet } from '../simulator/ec2.ts'
import { PrometheusDouble } from '../simulator/prometheus-double.ts'
import { AwsSimulator } from '../simulator/simulator.ts'
import { cloudEnvironment, submitMfaCode, writeMfaProfile } from './cloud-window.ts'
import { launchApp, type LaunchedApp } from './launch-app.ts'
import { recordSecretChannels, type SecretRecorder } from './secret-recorder.ts'

const token = 'marked-secret-bearer-0001'
const password = 'marked-secret-password-0001'

let simulator: AwsSimulator
let prometheus: PrometheusDouble
let window: LaunchedApp
let recorder: SecretRecorder
let profiles: string
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
  profiles = await mkdtemp(join(tmpdir(), 'headroom-profiles-'))
  window = await launchApp({ env: { ...cloudEnvironment(simulator), ...(await writeMfaProfile(profiles, simulator)) } })
  recorder = await recordSecretChannels(window)
})
afterAll(async () => {
  await window.close()
  await simulator.stop()
  await prometheus.stop()
  await rm(profiles, { recursive: true })
})

const openPanel = async (page: Page, name: string): Promise<void> => {
  await page.locator('.sidebar-button[data-view="start"]').click()
  await page.getByRole('button', { name: new RegExp(`^${name}`) }).click()
}

const findings = (page: Page): Promise<string> => page.locator('.source-findings').innerText()

/** The Overview of a run of so many servers; an earlier run may be shown until it is opened. */
const waitForOverview = async (page: Page, servers: number): Promise<void> => {
  await page.getByRole('main', { name: 'Overview' }).waitFor({ timeout: 90_000 })
  await expect.poll(() => page.locator('.summary-bar').innerText()).toMatch(new RegExp(`Servers\\s+${servers}\\s`, 'i'))
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
    expect(await recorder.messages()).toContain('source.collect')
    expect(await recorder.found(simulator)).toEqual([])
  })

  it('requests the MFA code of a profile before CloudWatch is asked', async () => {
    const { page } = window
    const asked = simulator.requestsOf('ListMetrics').length
    await openPanel(page, 'CloudWatch')
    await page.getByLabel('AWS profile').selectOption('careful')
    await page.getByRole('button', { name: 'Check', exact: true }).click()
    await page.getByRole('dialog', { name: 'MFA code' }).waitFor()
    expect(simulator.requestsOf('ListMetrics')).toHaveLength(asked)
    await submitMfaCode(page)
    await page.locator('.source-findings').waitFor()
    expect(await findings(page)).toContain('40, such as i-00a')
    // The keys of the user and of the assumed role.
    expect(simulator.account.keys.size).toBe(2)
    expect(await recorder.found(simulator)).toEqual([])
  })

  it('leads from Prometheus to the Overview; the token leaves memory nowhere', async () => {
    const { page } = window
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
    expect(await recorder.messages()).toContain(token)
    expect(await recorder.found(simulator, [token])).toEqual([])
    await openPanel(page, 'Prometheus')
    expect(await page.getByLabel('Bearer token').inputValue()).toBe('')
  })

  it('signs in with user and password, which leave memory nowhere either', async () => {
    const { page } = window
    prometheus.authorization = `Basic ${Buffer.from(`planner:${password}`).toString('base64')}`
    await openPanel(page, 'Prometheus')
    await page.getByLabel('User').fill('planner')
    await page.getByLabel('Password').fill(`${password}-wrong`)
    await page.getByRole('button', { name: 'Check', exact: true }).click()
    await page.getByRole('alert').waitFor()
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Check', exact: true }).click()
    await page.locator('.source-findings').waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    const encoded = prometheus.authorization.slice('Basic '.length)
    expect(await recorder.found(simulator, [password, encoded])).toEqual([])
  })

  it('cancels a collect, which goes on later', async () => {
    const { page, home } = window
    prometheus.authorization = undefined
    await openPanel(page, 'Prometheus')
    await page.getByLabel('User').fill('')
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

  it('writes no secret when page and app crash', async () => {
    const { page, app } = window
    await openPanel(page, 'Prometheus')
    await page.getByLabel('Bearer token').fill(token)
    await page.getByRole('button', { name: 'Check', exact: true }).click()
    await page.locator('.source-findings').waitFor()
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.webContents.forcefullyCrashRenderer())
    const exited = new Promise((resolve) => app.process().once('exit', resolve))
    await app.evaluate(() => process.crash()).catch(() => undefined)
    await exited
    // A separate process would write a dump a little later.
    await pause(500)
    const files = [...(await filesBelow(window.folder))]
    expect(files.length).toBeGreaterThan(0)
    for (const secret of [token, password, rootKey.secret, rootKey.id])
      expect(files.filter(([, content]) => content.includes(secret)).map(([name]) => name)).toEqual([])
  })
})
