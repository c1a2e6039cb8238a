// Every view renders without errors for unusual runs, and explains missing data.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Database, literal } from '../../src-main/database/database.ts'
import { fabricatePythonRun, fabricateRun } from '../fixtures/fabricated-runs.ts'
import { headroomDone } from '../fixtures/run-headroom.ts'
import type { Page } from 'playwright'
import { waitForPage, showView } from './chart-locators.ts'
import { launchApp } from './launch-app.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-states-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const makeSample = async (name: string, servers: number, ...more: string[]): Promise<string> => {
  const dataset = join(folder, `${name}.parquet`)
  await headroomDone(['sample', '--end', '2026-11-22', '--servers', String(servers), '--out', dataset, '--quiet', ...more])
  return dataset
}
const analyse = async (dataset: string, name: string, ...more: string[]): Promise<string> => {
  const run = join(folder, name)
  await headroomDone(['analyze', dataset, '--out', run, '--quiet', ...more])
  return run
}

/** Text of every view of a run; fails on page errors, and on alerts in views other than `viewsWithAlerts`. */
const visitViews = async (run: string, viewsWithAlerts: readonly string[] = []): Promise<Map<string, string>> => {
  const window = await launchApp({ args: [run] })
  const faults: string[] = []
  const texts = new Map<string, string>()
  try {
    const { page } = window
    page.on('pageerror', (error) => faults.push(String(error)))
    await showView(page, 'Overview')
    const names = await page
      .locator('.sidebar-button[data-view]')
      .evaluateAll((buttons) => buttons.map((button) => button.getAttribute('aria-label') ?? ''))
    for (const name of names) {
      await showView(page, name)
      await waitForPage(page)
      const alerts = await page.getByRole('alert').allInnerTexts()
      // The cloud view reports that AWS is unreachable.
      if (alerts.length > 0 && name !== 'Cloud' && !viewsWithAlerts.includes(name)) faults.push(`${name}: ${alerts.join(' ')}`)
      texts.set(name, await page.locator('main').innerText())
    }
  } finally {
    await window.close()
  }
  expect(faults).toEqual([])
  return texts
}

describe('recommendations by host', () => {
  it('show consolidated servers and the resulting load of the host', async () => {
    const run = await analyse(await makeSample('packed', 120), 'packed', '--set', 'underutilized_threshold=60')
    const window = await launchApp({ args: [run] })
    try {
      const { page } = window
      await showView(page, 'Recommendations')
      await page.getByRole('radio', { name: 'By host' }).click()
      const hosts = page.getByRole('grid', { name: 'Hosts' })
      await hosts.getByRole('row').nth(1).waitFor()
      await waitForPage(page)
      const panel = page.getByRole('complementary', { name: 'Host load' })
      const title = await panel.getByRole('heading', { name: / peaks at / }).innerText()
      const [, host = '', full = ''] = /^(\S+) peaks at ([\d.]+).% of capacity on /.exec(title) ?? []
      expect(await hosts.getByRole('row').nth(1).innerText()).toContain(host)
      expect(Number(full)).toBeLessThanOrEqual(70)
      const shares = await panel.getByRole('table').locator('tbody td[data-number]').allInnerTexts()
      expect(shares.length).toBeGreaterThan(1)
      const sum = shares.reduce((all, text) => all + Number.parseFloat(text), 0)
      expect(Math.abs(sum - Number(full))).toBeLessThan(0.06 * shares.length)
      expect(await panel.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0)
      const other = await hosts.getByRole('row').nth(2).getByRole('gridcell').first().innerText()
      await hosts.getByRole('row').nth(2).click()
      await panel.getByRole('heading', { name: new RegExp(`^${other} peaks`) }).waitFor()
      await page.screenshot({ path: join(resolve(import.meta.dirname, '..', '..', 'test-results', 'window'), 'Hosts.png') })
    } finally {
      await window.close()
    }
  })
})

/** Cluster east has two hosts of 16 cores, one of them in reserve, and a planned project of 5 cores. */
const answersHostsAndProjects = async (page: Page): Promise<void> => {
  const form = page.getByRole('form', { name: 'Scenario' })
  await form.getByRole('button', { name: 'Add host' }).click()
  await form.getByRole('combobox', { name: 'Host', exact: true }).selectOption('h2')
  await form.getByRole('button', { name: 'Lose' }).click()
  const cluster = page.getByRole('region', { name: 'Clusters' }).getByRole('row').nth(1)
  // The lost host is the reserve: both that stay are usable, 80 % of 32 cores.
  await expect.poll(() => cluster.innerText()).toMatch(/^east\tCPU P95 cores\t2\t12\.8 → 25\.6\t/)
  await form.getByRole('button', { name: 'Undo: h2 lost' }).click()
  await expect.poll(() => cluster.innerText()).toMatch(/^east\tCPU P95 cores\t2 → 3\t12\.8 → 25\.6\t/)

  const projects = page.getByRole('region', { name: 'Projects' })
  await projects.getByRole('button', { name: 'Add project' }).click()
  const fields = projects.getByRole('form', { name: 'New project' })
  await fields.getByLabel('Name').fill('Branches')
  await fields.getByLabel('Demand').fill('1000')
  await fields.getByLabel('From').fill('2020-01-01')
  await fields.getByRole('button', { name: 'Add', exact: true }).click()
  const demand = async (): Promise<number> =>
    Number((/\t(?:[\d.,]+ → )?([\d.,]+)$/.exec((await cluster.innerText()).split('\t').slice(0, 5).join('\t')) ?? [])[1]?.replace(',', ''))
  await expect.poll(demand).toBeGreaterThan(1000)
  await projects.getByRole('button', { name: 'Edit Branches' }).click()
  await projects.getByRole('form', { name: 'Edit project' }).getByLabel('Demand').fill('2000')
  await projects.getByRole('button', { name: 'Save', exact: true }).click()
  await expect.poll(demand).toBeGreaterThan(2000)
  await projects.getByRole('checkbox', { name: 'Count Branches' }).uncheck()
  await expect.poll(demand).toBeLessThan(100)
  // The cluster is full from the first day, with and without it.
  expect(await projects.getByRole('row', { name: /Branches/ }).innerText()).toContain('not at all')
  await projects.getByRole('button', { name: 'Remove Branches' }).click()
  await expect.poll(() => projects.getByRole('row').count()).toBe(2)
}

describe('Capacity', () => {
  it('shows runways of clusters, what a project moves and what smaller types save', async () => {
    const dataset = await makeSample('hosts', 12)
    const ids = (await readFile(dataset.replace(/parquet$/, 'servers.csv'), 'utf8'))
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',')[0]!)
    const servers = join(folder, 'hosts.csv')
    const hosts = ['h1,,east,16,', 'h2,,east,16,']
    await writeFile(
      servers,
      [
        'server_id,host,host_cluster,cores,instance_type',
        ...hosts,
        ...ids.map((id, index) => `${id},h${1 + (index % 2)},,8,m5.2xlarge`),
      ].join('\n'),
    )
    const projects = join(folder, 'projects.csv')
    await writeFile(
      projects,
      'name,group,metric,units,from,status\nCore banking,east,cpu_p95,5,2020-01-01,planned\nLost,west,cpu_p95,5,2020-01-01,planned\n',
    )
    const run = await analyse(dataset, 'hosts-run', '--servers', servers, '--projects', projects)
    const window = await launchApp({ args: [run] })
    try {
      const { page } = window
      await showView(page, 'Capacity')
      await waitForPage(page)
      const main = page.getByRole('main', { name: 'Capacity' })
      expect(await main.getByRole('heading', { level: 1 }).innerText()).toMatch(
        /^(1 of 1 cluster may be full in the horizon, east first: |None of 1 cluster is likely to be full)/,
      )
      const cluster = main.getByRole('grid', { name: 'Clusters' }).getByRole('row').nth(1)
      await expect.poll(() => cluster.innerText()).toMatch(/^east\s+CPU P95\s[^]+\s16\s+12\.8\s/)
      expect(await main.getByRole('grid', { name: 'Projects' }).innerText()).toMatch(/Core banking\s+planned\s+east/)
      const hostGrid = main.getByRole('grid', { name: 'Hosts' })
      await hostGrid.getByRole('columnheader', { name: 'Host', exact: true }).click()
      await expect.poll(() => hostGrid.getByRole('row').nth(1).innerText()).toMatch(/^h1\s/)
      await hostGrid.getByRole('columnheader', { name: 'Host', exact: true }).click()
      await expect.poll(() => hostGrid.getByRole('row').nth(1).innerText()).toMatch(/^h2\s/)
      expect(await main.innerText()).toContain('Project Lost names west, which is no cluster or host of the servers table.')
      const savings = main.getByRole('region', { name: /^Savings: \$[\d,]+ per month$/ })
      await savings.getByRole('img', { name: /^Savings: \$[\d,]+ per month, rightsize \$[\d,]+/ }).waitFor()
      await page.screenshot({
        path: join(resolve(import.meta.dirname, '..', '..', 'test-results', 'window'), 'Capacity.png'),
        fullPage: true,
      })
      await showView(page, 'What if')
      await waitForPage(page)
      await answersHostsAndProjects(page)
    } finally {
      await window.close()
    }
  })
})

describe('every view', () => {
  it('of a Module 05 folder explains missing data', async () => {
    const run = join(folder, 'python')
    await fabricatePythonRun(run, { clusters: true })
    const texts = await visitViews(run, ['Reconcile', 'What if'])
    expect(texts.get('Overview')).toMatch(/^1 of 3 servers is likely to run out/)
    // It knows no probability.
    expect(texts.get('Overview')).toMatch(/Servers by day of first breach\s+at risk/)
    expect(texts.get('Overview')).not.toContain('certain')
    expect(texts.get('Seasons')).toMatch(/No seasonality in this run/)
    expect(texts.get('Models')).toMatch(/No model accuracy in this run/)
    expect(texts.get('Recommendations')).toMatch(/No recommendations in this run/)
    expect(texts.get('Reconcile')).toMatch(/holds one side of the reconciliation alone/)
    expect(texts.get('Server')).toMatch(/No server selected/)
    expect(texts.get('Capacity')).toMatch(/Clusters and hosts are not known in this run/)
  })

  it('of a run without its small files is shown in part, on the days of its own zone', async () => {
    const run = join(folder, 'partly')
    // The first breach, 29 June at 00:00 UTC, is the evening of the 28th; the horizon ends on the evening of 1 July.
    await fabricateRun(run, (manifest) => ({ ...manifest, time_zone: 'America/New_York' }))
    await Promise.all(['module_05_summary.json', 'optimization_recommendations.json'].map((name) => rm(join(run, name))))
    const texts = await visitViews(run, ['Reconcile', 'What if'])
    expect(texts.get('Recommendations')).toMatch(/missing or empty/)
    expect(texts.get('Models')).toMatch(/model_accuracy\.json is missing/)
    expect(texts.get('Overview')).toMatch(/July 1, 2026[^]*Jun 28, 2026/)
    expect(texts.get('Servers')).toContain('Jun 28, 2026')
    expect(texts.get('Query')).toContain('their times are UTC')
  })

  it('of one server renders', async () => {
    const texts = await visitViews(await analyse(await makeSample('one', 1), 'one-run'))
    expect(texts.get('Overview')).toMatch(/of 1 server/)
    expect(texts.get('Servers')).toMatch(/^1 server\n/)
    expect(texts.get('Compare')).toMatch(/No other run to compare/)
  })

  it('of a fleet without risks, and of a fleet entirely at risk, renders', async () => {
    const dataset = await makeSample('extremes', 8)
    const calm = await visitViews(
      await analyse(dataset, 'calm', '--set', 'high_risk_threshold=1000', '--set', 'very_high_risk_threshold=1001'),
    )
    expect(calm.get('Overview')).toMatch(/^No server is expected to run out of capacity .*\(8 servers\)/)
    expect(calm.get('Capacity')).toMatch(/^CPU P95 is the only resource of this run/)
    expect(calm.get('Overview')).toMatch(/No breach is expected in the horizon\./)
    expect(calm.get('Capacity')).toMatch(/^CPU P95 is the only resource of this run/)
    const alarmed = await visitViews(
      await analyse(dataset, 'alarmed', '--set', 'high_risk_threshold=0.01', '--set', 'very_high_risk_threshold=0.02'),
    )
    expect(alarmed.get('Overview')).toMatch(/^8 of 8 servers are likely to run out/)
  })

  it('of a fleet without recommendations says so, and offers no filter to clear', async () => {
    const dataset = join(folder, 'steady.csv')
    const days = Array.from({ length: 80 }, (_, day) => new Date(Date.UTC(2026, 0, 1 + day)).toISOString().slice(0, 10))
    const rows = ['web-1', 'web-2'].flatMap((server) => days.map((day, at) => `${server},${day},${at < 60 ? 55 + (at % 3) : ''},56`))
    await writeFile(dataset, ['server_id,timestamp,actual,predicted', ...rows].join('\n'))
    const window = await launchApp({ args: [await analyse(dataset, 'steady-run')] })
    try {
      const { page } = window
      await showView(page, 'Recommendations')
      const view = page.getByRole('main', { name: 'Recommendations' })
      await view.getByRole('heading', { name: 'No recommendations' }).waitFor()
      expect(await view.innerText()).toContain('Every server keeps its capacity')
      expect(await view.getByRole('button', { name: 'Clear filter' }).count()).toBe(0)
      await page.getByLabel('Filter servers by text').fill('no such server')
      await view.getByRole('button', { name: 'Clear filter' }).waitFor()
    } finally {
      await window.close()
    }
  })

  it('of hourly data renders', async () => {
    const texts = await visitViews(await analyse(await makeSample('hourly', 4, '--granularity', 'hourly'), 'hourly-run'))
    expect(texts.get('Overview')).toMatch(/\(4 servers\)/)
  })

  it('of several metrics and eight years shows the chosen metric', async () => {
    const dataset = join(folder, 'metrics.parquet')
    const database = await Database.open({ threads: 2 })
    try {
      // Two metrics of two servers over eight years and 30 forecast days; a yearly wave between 30 and 70.
      await database.run(`
        COPY (SELECT server_id, metric, day::TIMESTAMP AS timestamp, 50 + 20 * sin(i / 58.1) AS predicted,
                     CASE WHEN i < 2922 THEN 50 + 20 * sin(i / 58.1) + (i * 7 % 5) - 2 END AS actual, i >= 2922 AS is_future
              FROM (VALUES ('web-1'), ('web-2')) s(server_id), (VALUES ('cpu_p95'), ('mem_p95')) m(metric),
                   (SELECT i, DATE '2018-01-01' + i::INTEGER AS day FROM range(2952) r(i))
        ) TO ${literal(dataset)} (FORMAT parquet)`)
    } finally {
      database.close()
    }
    const run = await analyse(dataset, 'metrics-run')
    const texts = await visitViews(run)
    expect(texts.get('Overview')).toMatch(/\(2 servers\)/)
    expect(texts.get('Capacity')).toMatch(/^(CPU|Memory) P95 limits [12] of 2 servers/)
    const window = await launchApp({ args: [run] })
    try {
      await showView(window.page, 'Servers')
      await window.page.getByLabel('Metric').selectOption('mem_p95')
      await showView(window.page, 'Risk heatmap')
      await waitForPage(window.page)
      expect(await window.page.getByLabel('Metric').inputValue()).toBe('mem_p95')
    } finally {
      await window.close()
    }
  })

  it('of a run with an event calendar shows the effect of each event', async () => {
    const dataset = await makeSample('events', 6)
    const eventsFile = join(folder, 'events.csv')
    const last = JSON.parse(await headroomDone(['inspect', dataset, '--json'])) as { horizon?: { start?: string; end?: string } }
    const start = (last.horizon?.start ?? '2026-12-01').slice(0, 10)
    await writeFile(eventsFile, `from,to,servers,effect,note\n${start},2027-12-31,*,+60 points,Migration night\n`)
    const texts = await visitViews(await analyse(dataset, 'events-run', '--events', eventsFile))
    expect(texts.get('Events')).toMatch(/Migration night/)
    expect(texts.get('Events')).toMatch(/servers at risk \(was /)
  })
})
