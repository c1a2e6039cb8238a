// SQL queries in the window: completion, run, cancel, history, chart and export; and the limits of the read-only access.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fabricateRun } from '../fixtures/fabricated-runs.ts'
import { showView } from './chart-locators.ts'
import { launchApp, type LaunchedApp } from './launch-app.ts'

let folder: string
let run: string
let window: LaunchedApp

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-query-window-'))
  run = join(folder, 'run')
  await fabricateRun(run)
  window = await launchApp({ args: [run], env: { HEADROOM_SECRET: 'not to be read' } })
  await showView(window.page, 'Query')
})
afterAll(async () => {
  await window.close()
  await rm(folder, { recursive: true, force: true })
})

const editor = () => window.page.getByRole('textbox', { name: 'SQL' })
const typeQuery = async (sql: string): Promise<void> => {
  await editor().click()
  await window.page.keyboard.press('Control+a')
  await window.page.keyboard.press('Delete')
  await window.page.keyboard.insertText(sql)
  await window.page.keyboard.press('Escape')
}
const runQuery = async (sql: string): Promise<void> => {
  await typeQuery(sql)
  await window.page.keyboard.press('Control+Enter')
  await window.page.locator('main[aria-label="Query"][aria-busy="false"]').waitFor()
}
const resultOf = async (sql: string): Promise<string> => {
  await runQuery(sql)
  return window.page.locator('.query-result').innerText()
}
const queryPid = (): Promise<number> =>
  window.app.evaluate(({ app }) => app.getAppMetrics().find(({ name }) => name === 'Headroom queries')?.pid ?? 0)

describe('a query', () => {
  it('is completed with the names of tables and columns', async () => {
    const { page } = window
    await typeQuery('SELECT 1 FROM serv')
    await page.keyboard.press('Control+Space')
    const list = page.getByRole('listbox')
    await list.getByText('server_risk').waitFor()
    await page.keyboard.press('Escape')
    await typeQuery('SELECT server_risk.horizon_p FROM server_risk')
    for (let step = 0; step < ' FROM server_risk'.length; step++) await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('Control+Space')
    await expect.poll(() => list.innerText()).toMatch(/horizon_p95/)
    await page.keyboard.press('Escape')
  })

  it('runs on Ctrl+Enter and returns its rows', async () => {
    expect(await resultOf('SELECT server_id, horizon_p95 FROM server_risk ORDER BY 2 DESC')).toMatch(
      /server_id\s+horizon_p95\s+alpha\s+93\.5\s+charlie\s+71\.2\s+bravo\s+69/,
    )
    await window.page.getByText(/3 rows in/).waitFor()
  })

  it('shows every digit of a number', async () => {
    expect(await resultOf('SELECT 0.0123 AS share, 1234567.25 AS usd, 12345678901234567.8::DECIMAL(18, 1) AS wide')).toMatch(
      /0\.0123\s+1,234,567\.25\s+12345678901234567\.8/,
    )
  })

  it('is ended when its process takes more than 1.5 GB, whatever DuckDB counts', async () => {
    expect(await resultOf("SELECT length(repeat(repeat('x', 1000000), 3000 + CAST(range AS INTEGER))) FROM range(3)")).toMatch(
      /The query was stopped: it took more than 1\.5 GB of memory\./,
    )
    expect(await resultOf('SELECT 1 AS one')).toMatch(/one\s+1/)
  })

  it('is shown as a chart and exported as a file', async () => {
    const { app, page } = window
    await runQuery('SELECT server_id, horizon_p95 FROM server_risk ORDER BY 1')
    await page.getByRole('radio', { name: 'Chart' }).click()
    await page.locator('.chart[data-painted="true"]').waitFor()
    expect(await page.locator('.chart').getAttribute('aria-label')).toBe('horizon_p95 by server_id')
    await page.getByRole('radio', { name: 'Rows' }).click()
    const target = join(folder, 'answer.csv')
    await app.evaluate(({ dialog }, filePath) => {
      dialog.showSaveDialog = async () => ({ canceled: false, filePath })
    }, target)
    await page.getByRole('button', { name: 'Export' }).click()
    await page.getByRole('button', { name: 'Export all rows as CSV…' }).click()
    await page.getByText('Saved 3 rows as answer.csv.').waitFor()
    expect(await readFile(target, 'utf8')).toBe('\uFEFFserver_id,horizon_p95\nalpha,93.5\nbravo,69\ncharlie,71.2\n')
    await app.evaluate(
      ({ dialog }, filePath) => {
        dialog.showSaveDialog = async () => ({ canceled: false, filePath })
      },
      join(folder, 'missing', 'answer.parquet'),
    )
    await page.getByRole('button', { name: 'Export' }).click()
    await page.getByRole('button', { name: 'Export all rows as Parquet…' }).click()
    await page.getByText(/answer\.parquet cannot be written\./).waitFor()
    await page.getByText('charlie').waitFor()
  })

  it('is saved in the history', async () => {
    const { page } = window
    await runQuery('SELECT 41 + 1 AS answer')
    await typeQuery('')
    await page.getByRole('main').getByRole('button', { name: 'History' }).click()
    await page.getByRole('button', { name: 'SELECT 41 + 1 AS answer' }).click()
    await expect.poll(() => editor().innerText()).toContain('41 + 1')
  })

  it('is cancelled at once, and the next query runs in a new process', async () => {
    const { page } = window
    const before = await queryPid()
    await typeQuery('SELECT count(*) FROM range(100000000000) a')
    await page.keyboard.press('Control+Enter')
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('Query cancelled.').waitFor()
    expect(await resultOf('SELECT 7 AS seven')).toMatch(/seven\s+7/)
    expect(await queryPid()).not.toBe(before)
  })
})

describe('the limits of queries', () => {
  it.each([
    ['CREATE TABLE mine AS SELECT 1', /Only SELECT can be run/],
    ['SELECT 1; SELECT 2', /Exactly one statement/],
    ["COPY (SELECT 1) TO '/tmp/headroom-out.csv'", /Only SELECT can be run|cannot/i],
    ["SELECT * FROM read_text('/etc/passwd')", /Permission Error|not allowed|disabled/i],
    ["SELECT getenv('HEADROOM_SECRET')", /not supported|does not exist|Permission/i],
    ["ATTACH '/tmp/other.db'", /Only SELECT can be run/],
    ['SELECT nowhere FROM server_risk', /Referenced column "nowhere" not found/],
  ])('%s is refused with a message', async (sql, words) => {
    expect(await resultOf(sql)).toMatch(words)
  })

  it('leaves the run unchanged', async () => {
    expect((await readdir(run)).sort()).toEqual([
      'manifest.json',
      'module_05_summary.json',
      'optimization_recommendations.json',
      'risk_flagged_forecasts.parquet',
      'server_risk.parquet',
    ])
  })

  it('runs in a process without the environment', async () => {
    const environment = await readFile(`/proc/${await queryPid()}/environ`, 'utf8')
    expect(environment).not.toContain('not to be read')
  })
})
