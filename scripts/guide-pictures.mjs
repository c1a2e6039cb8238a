// `npm run guide:pictures [-- --views cloud,history]`: updates the pictures in the docs, one per view, from the real window on a sample fleet and the simulated AWS account.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { _electron } from 'playwright'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { findElectron } from './setup/electron-runtime.mjs'
import { projectFolder } from './setup/project-folders.mjs'
import { runMain } from './setup/setup-error.mjs'
import { fillInLaunchForm, serveSandboxAccount } from './setup/sandbox-account.mjs'
import { lacksDisplay, withDisplay } from './setup/virtual-display.mjs'
import { request, headroom, waitUntilSettled } from './testing/drive-window.mjs'

/** @typedef {import('playwright').Page} Page */
/** @typedef {import('playwright').ElectronApplication} App */

/** Without it, pictures of all views and dialogs. */
const { values: chosen } = parseArgs({ options: { views: { type: 'string' } } })

const pictures = join(projectFolder, 'docs', 'images')
const dayMs = 86_400_000

/** Sets the result of the next dialog for a folder or file. @param {App} app @param {string} path */
const stubOpenDialog = (app, path) =>
  app.evaluate(({ dialog }, chosen) => {
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [chosen] })
  }, path)

/** Adds a future and a past event, as a planner would. @param {Page} page @param {string} run */
const saveEvents = async (page, run) => {
  const { horizon } = await request(page, 'run.open', { folder: run })
  const day = (/** @type {number} */ offset) => new Date(horizon.startMs + offset * dayMs).toISOString().slice(0, 10)
  const line = { servers: '', group: '', metric: '', effect: '' }
  const lines = [
    { ...line, from: day(-46), to: day(-43), servers: '*', note: 'Trade fair' },
    { ...line, from: day(20), to: day(75), group: 'business_unit=Payments', effect: '+25 points', note: 'Card system moves in' },
  ]
  await request(page, 'events.save', { folder: run, lines })
}

/** Twelve machines as a spreadsheet may hold them. @param {string} path */
const writeSpreadsheet = (path) => {
  const rows = Array.from({ length: 12 * 60 }, (_, index) => {
    const [machine, day] = [Math.floor(index / 60), index % 60]
    const load = (35 + 4 * machine + (day % 7) * 1.5).toFixed(1)
    return [`srv-${machine + 1}`, new Date(Date.UTC(2026, 9, 1 + day)).toISOString().slice(0, 10), day < 45 ? load : '', load].join(';')
  })
  return writeFile(path, ['machine;day;busy;plan', ...rows, ''].join('\n'))
}

const clusterNames = ['ldn-a', 'ldn-b', 'fra-a', 'fra-b']
const hostsPerCluster = 5

/** Places the servers of a fleet on hosts of four clusters. @param {string} fleetTable @param {string} clusterTable */
const writeClusters = async (fleetTable, clusterTable) => {
  const [header = '', ...lines] = (await readFile(fleetTable, 'utf8')).trim().split('\n')
  const noValues = ','.repeat(header.split(',').length - 1)
  const hostOf = (/** @type {number} */ index) =>
    `${clusterNames[index % clusterNames.length]}-host-${1 + (Math.floor(index / clusterNames.length) % hostsPerCluster)}`
  const hosts = Array.from(
    { length: clusterNames.length * hostsPerCluster },
    (_, index) => `${hostOf(index)}${noValues},,${clusterNames[index % clusterNames.length]},48,256,`,
  )
  const members = lines.map((line, index) => `${line},${hostOf(index)},,8,32,m5.2xlarge`)
  await writeFile(clusterTable, [`${header},host,host_cluster,cores,mem_gib,instance_type`, ...hosts, ...members, ''].join('\n'))
}

const projects = [
  'name,group,metric,units,from,status',
  'Card system,ldn-a,cpu_p95,24,2026-12-10,committed',
  'Instant payments,fra-b,cpu_p95,16,2027-01-04,planned',
  '',
].join('\n')

const historyServers = 24
const historyMonths = 12
const daysOfMonth = 30

/** Load of a machine on a day: it grows until capacity is added. @param {number} machine @param {number} day */
const growingLoad = (machine, day) => {
  let level = 38 + 1.7 * machine
  for (let month = 0; month < Math.floor(day / daysOfMonth); month++) level = level > 86 ? level * 0.62 : level * (1 + (machine % 7) / 160)
  return level
}

/** A year of monthly runs of one fleet. @param {string} folder */
const analyseYear = async (folder) => {
  await mkdir(folder)
  for (let month = 0; month < historyMonths; month++) {
    const [first, start] = [month * daysOfMonth, (month + 2) * daysOfMonth]
    const rows = Array.from({ length: historyServers * 3 * daysOfMonth }, (_, index) => {
      const [machine, day] = [Math.floor(index / (3 * daysOfMonth)), first + (index % (3 * daysOfMonth))]
      const noise = (((machine * 37 + day * 17) % 11) - 5) * 0.7 + ((day % 7) - 3) * 0.9
      const date = new Date(Date.UTC(2025, 9, 1 + day)).toISOString().slice(0, 10)
      return [
        `core-${String(machine + 1).padStart(2, '0')}`,
        date,
        day < start ? (growingLoad(machine, day) + noise).toFixed(1) : '',
        growingLoad(machine, Math.min(day, start)).toFixed(1),
      ].join(',')
    })
    const file = join(folder, '..', 'year.csv')
    await writeFile(file, ['server_id,timestamp,actual,predicted', ...rows, ''].join('\n'))
    await headroom(['analyze', file, '--out', join(folder, `run-${String(month + 1).padStart(2, '0')}`)])
  }
}

/** Opens a file of unknown columns and maps them in the import dialog. @param {App} app @param {Page} page @param {string} file */
const showImport = async (app, page, file) => {
  await page.locator('.sidebar-button[data-view="start"]').click()
  await stubOpenDialog(app, file)
  await page.getByRole('button', { name: /^Forecasts/ }).click()
  const dialog = page.getByRole('dialog', { name: 'Import' })
  for (const [label, column] of Object.entries({ Server: 'machine', Time: 'day', Forecast: 'plan', Measured: 'busy' })) {
    await dialog.locator('.import-body[aria-busy="false"]').waitFor()
    await dialog.getByLabel(label, { exact: true }).selectOption(column)
  }
  await dialog.locator('.import-body[aria-busy="false"]').waitFor()
}

/** Shows what a live source holds. @param {Page} page @param {string} name @param {(page: Page) => Promise<void>} fill */
const showSource = async (page, name, fill) => {
  await page.locator('.sidebar-button[data-view="start"]').click()
  await page.getByRole('button', { name: new RegExp(`^${name}`) }).click()
  await fill(page)
  await page.getByRole('button', { name: 'Check', exact: true }).click()
  await page.locator('.source-findings').waitFor()
  await page.locator('.source-foot').scrollIntoViewIfNeeded()
  await waitUntilSettled(page)
  await page.screenshot({ path: join(pictures, `${name.toLowerCase()}-light.png`) })
  await page
    .getByRole('region', { name: `I have ${name}` })
    .getByRole('button', { name: 'Close' })
    .click()
}

/** Opens a view for its picture in the guide. @param {App} app @param {Page} page @param {string} view @param {string} other an earlier run */
const show = async (app, page, view, other) => {
  if (view === 'capacity') {
    await page.locator('.sidebar-button[data-view="start"]').click()
    await stubOpenDialog(app, join(other, '..', 'clusters'))
    await page.getByRole('button', { name: 'open a folder' }).click()
    await page
      .locator('.status-bar')
      .getByText(/clusters$/)
      .waitFor({ timeout: 120_000 })
  }
  if (view === 'server') {
    await page.locator('.sidebar-button[data-view="overview"]').click()
    await waitUntilSettled(page)
    await page.locator('main[aria-label="Overview"] td .link').first().click()
  } else await page.locator(`.sidebar-button[data-view="${view}"]`).click()
  await waitUntilSettled(page)
  if (view === 'compare') {
    await stubOpenDialog(app, other)
    await page.getByRole('button', { name: 'Choose run folder…' }).click()
    await page.getByRole('main', { name: 'Compare' }).getByRole('heading', { level: 1 }).waitFor()
  }
  if (view === 'history') {
    await stubOpenDialog(app, join(other, '..', 'year'))
    await page.getByRole('button', { name: 'Open folder of runs…' }).click()
    await page.getByRole('main', { name: 'History' }).getByRole('heading', { level: 1 }).waitFor()
  }
  if (view === 'query') {
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByRole('grid').waitFor()
  }
  if (view === 'cloud') {
    await page.getByRole('button', { name: 'Verify credentials' }).click()
    await page.getByTestId('caller').waitFor()
    await page.getByRole('button', { name: 'Run checks', exact: true }).click()
    await page.getByText(/^All checks passed/).waitFor()
    await page.getByRole('button', { name: 'Launch', exact: true }).click()
    await page
      .getByText(/is verified and open|Downloaded/)
      .first()
      .waitFor({ timeout: 120_000 })
    // The run opens by itself; charts of views that were left may still be in the page.
    await page.locator('.chart[data-painted="true"]:visible').first().waitFor({ timeout: 120_000 })
    await page.locator('.sidebar-button[data-view="cloud"]').click()
  }
  await waitUntilSettled(page)
}

/** @type {readonly (readonly [view: string, theme: 'light' | 'dark'])[]} */
const viewsShown = [
  ['start', 'light'],
  ['overview', 'light'],
  ['heatmap', 'light'],
  ['clusters', 'dark'],
  ['servers', 'dark'],
  ['server', 'light'],
  ['seasons', 'light'],
  ['models', 'dark'],
  ['recommendations', 'light'],
  ['events', 'light'],
  ['what-if', 'light'],
  ['compare', 'light'],
  ['reconcile', 'dark'],
  ['query', 'light'],
  ['settings', 'light'],
  ['cloud', 'light'],
  // Other runs, which stay open.
  ['capacity', 'light'],
  ['history', 'light'],
]

await runMain(async () => {
  await installDependencies()
  await buildApp()
  const electron = await findElectron({ needsDisplay: lacksDisplay() })
  const folder = await mkdtemp(join(tmpdir(), 'headroom-pictures-'))
  const sandbox = await serveSandboxAccount()
  try {
    await mkdir(pictures, { recursive: true })
    const [forecasts, run, earlier, home] = ['fleet.parquet', 'fleet', 'fleet-at-70', 'home'].map((name) => join(folder, name))
    await headroom(['sample', '--end', '2026-11-22', '--servers', '120', '--seed', '7', '--complete', '--out', forecasts])
    const tables = [forecasts, '--servers', forecasts.replace('.parquet', '.servers.csv')]
    await headroom(['analyze', ...tables, '--out', run])
    await headroom(['analyze', ...tables, '--out', earlier, '--set', 'high_risk_threshold=70'])
    const clusters = join(folder, 'clusters.csv')
    await writeClusters(forecasts.replace('.parquet', '.servers.csv'), clusters)
    await writeFile(join(folder, 'projects.csv'), projects)
    await headroom([
      'analyze',
      forecasts,
      '--servers',
      clusters,
      '--projects',
      join(folder, 'projects.csv'),
      '--out',
      join(folder, 'clusters'),
    ])
    await analyseYear(join(folder, 'year'))
    await mkdir(home)
    fillInLaunchForm(home, sandbox)
    await withDisplay(async (env) => {
      const app = await _electron.launch({
        executablePath: electron.electronBinary,
        args: [...electron.args, `--user-data-dir=${join(folder, 'data')}`, projectFolder, run],
        env: { ...env, ...sandbox.environment, HEADROOM_HOME: home, HEADROOM_POLL_MS: '200' },
      })
      try {
        const page = await app.firstWindow()
        await page.waitForSelector('.summary-bar', { timeout: 120_000 })
        await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.setContentSize(1280, 800))
        await saveEvents(page, run)
        await request(page, 'settings.set', { theme: 'light' })
        if (chosen.views === undefined) {
          const spreadsheet = join(folder, 'capacity-plan.csv')
          await writeSpreadsheet(spreadsheet)
          await showImport(app, page, spreadsheet)
          await page.screenshot({ path: join(pictures, 'import-light.png') })
          await page.keyboard.press('Escape')
          await showSource(page, 'CloudWatch', (shown) => shown.getByLabel('Business unit tag').fill('Team'))
          await showSource(page, 'Prometheus', (shown) => shown.getByLabel('Address').fill(sandbox.prometheusUrl))
        }
        const views = chosen.views?.split(',')
        for (const [view, theme] of viewsShown.filter(([name]) => views?.includes(name) ?? true)) {
          await request(page, 'settings.set', { theme })
          await show(app, page, view, earlier)
          await page.waitForTimeout(300)
          await page.screenshot({ path: join(pictures, `${view}-${theme}.png`) })
        }
      } finally {
        await app.close()
      }
    })
  } finally {
    await sandbox.stop()
    await rm(folder, { recursive: true, force: true })
  }
  console.log(`Pictures: ${pictures}`)
  return 0
})
