// `npm run bench:window`: speed of the window, as ratios and milliseconds: cold start, heatmap, zoom, list, memory. --large adds 100,000 servers;
// --run FOLDER measures heatmap, zoom and list of a run that exists, and nothing else.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { _electron } from 'playwright'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { findElectron } from './setup/electron-runtime.mjs'
import { projectFolder } from './setup/project-folders.mjs'
import { runMain } from './setup/setup-error.mjs'
import { lacksDisplay, withDisplay } from './setup/virtual-display.mjs'
import { headroom } from './testing/drive-window.mjs'

/** @typedef {import('playwright').Page} Page */
/** @typedef {import('playwright').ElectronApplication} App */

const rounds = 3
const { values: options } = parseArgs({ options: { large: { type: 'boolean', default: false }, run: { type: 'string' } } })
const fleets = options.large ? [10_000, 100_000] : [10_000]
const openedRuns = 10

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
/** @param {string} name @param {string} value @param {string} [limit] */
const printRow = (name, value, limit = '') => console.log(`${name.padEnd(52)} ${value.padStart(12)}  ${limit}`)

/** @param {string} run @param {string} view */
const linkTo = (run, view) => `headroom://run/${view}?path=${encodeURIComponent(run)}`

/** Milliseconds from the last response of a channel to the last painted chart. @param {Page} page @param {string} channel */
const millisecondsSinceResponse = (page, channel) =>
  page.evaluate((name) => {
    const at = (/** @type {string} */ mark) => performance.getEntriesByName(mark).at(-1)?.startTime ?? Number.NaN
    return at('painted') - at(`response ${name}`)
  }, channel)

const heatmapSelector = '.chart-area[aria-busy="false"] .chart[data-painted="true"]'

await runMain(async () => {
  await installDependencies()
  await buildApp()
  const electron = await findElectron({ needsDisplay: lacksDisplay() })
  const folder = await mkdtemp(join(tmpdir(), 'headroom-bench-window-'))
  try {
    /** Among the app's own runs, which a link opens without asking. @param {number} servers @param {string} home */
    const makeRun = async (servers, home) => {
      const forecasts = join(folder, `fleet-${servers}.parquet`)
      const run = join(home, 'runs', `run-${servers}`)
      await headroom(['sample', '--end', '2026-11-22', '--servers', String(servers), '--out', forecasts])
      await headroom([
        'analyze',
        forecasts,
        '--servers',
        forecasts.replace('.parquet', '.servers.csv'),
        '--out',
        run,
        '--set',
        'breach_probability=false',
      ])
      await rm(forecasts)
      return run
    }
    await withDisplay(async (env) => {
      /** @param {string[]} args @param {string} home */
      const launch = (args, home) =>
        _electron.launch({
          executablePath: electron.electronBinary,
          args: [...electron.args, `--user-data-dir=${join(home, 'data')}`, ...args],
          env: { ...env, HEADROOM_HOME: home },
        })
      if (options.run !== undefined) {
        const app = await launch([projectFolder, resolve(options.run)], join(folder, 'home-run'))
        try {
          const page = await app.firstWindow()
          const servers = page.locator('.figure', { hasText: 'Servers' }).locator('.figure-value').first()
          const count = Number((await servers.innerText({ timeout: 300_000 })).replace(/\D/g, ''))
          await page.waitForSelector('main[aria-label="Overview"][aria-busy="false"]', { timeout: 300_000 })
          await page.locator('.sidebar-button[data-view="heatmap"]').click()
          await measureHeatmap(page, count)
          await measureList(page, count)
        } finally {
          await app.close()
        }
        return
      }
      const sample = await makeRun(120, join(folder, 'home-start'))
      await measureColdStart(launch, sample, folder)
      for (const servers of fleets) {
        const home = join(folder, `home-${servers}`)
        const app = await launch([projectFolder, linkTo(await makeRun(servers, home), 'heatmap')], home)
        try {
          const page = await app.firstWindow()
          await measureHeatmap(page, servers)
          await measureList(page, servers)
        } finally {
          await app.close()
        }
      }
      await measureMemory(launch, sample, folder)
    })
  } finally {
    // An app that is ending may still write its last files.
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  }
  return 0
})

/** @param {(args: string[], home: string) => Promise<App>} launch @param {string} run @param {string} folder */
async function measureColdStart(launch, run, folder) {
  const empty = join(folder, 'empty-app')
  await mkdir(empty)
  await writeFile(join(empty, 'package.json'), '{ "name": "empty", "main": "main.cjs" }')
  await writeFile(
    join(empty, 'main.cjs'),
    "const { app, BrowserWindow } = require('electron')\napp.whenReady().then(() => new BrowserWindow().loadURL('data:text/html,<h1>empty</h1>'))\n",
  )
  /** @type {number[]} */ const emptyTimes = []
  /** @type {number[]} */ const full = []
  for (let round = 0; round < rounds; round++) {
    for (const [times, args, selector] of /** @type {const} */ ([
      [emptyTimes, [empty], 'h1'],
      [full, [projectFolder, linkTo(run, 'heatmap')], heatmapSelector],
    ])) {
      const startedAt = performance.now()
      const app = await launch([...args], join(folder, 'home-start'))
      const page = await app.firstWindow()
      await page.waitForSelector(selector, { timeout: 60_000 })
      times.push(performance.now() - startedAt)
      await app.close()
    }
  }
  printRow('cold start to a painted heatmap, ms', median(full).toFixed(0), `empty window ${median(emptyTimes).toFixed(0)} ms`)
  printRow('… times an empty window', (median(full) / median(emptyTimes)).toFixed(2), 'at most 2.5')
}

/** @param {Page} page @param {number} servers */
async function measureHeatmap(page, servers) {
  await page.waitForSelector(heatmapSelector, { timeout: 300_000 })
  await page.waitForTimeout(500)
  printRow(
    `heatmap of ${servers} servers painted after its data, ms`,
    (await millisecondsSinceResponse(page, 'heatmap.get')).toFixed(0),
    'at most 250',
  )
  const box = await page.locator('.zoom-surface').boundingBox()
  if (!box) throw new Error('There is no heatmap.')
  /** @type {number[]} */ const zooms = []
  for (let round = 0; round < 5; round++) {
    await page.waitForTimeout(300)
    await page.mouse.move(box.x + box.width * (0.4 + round * 0.05), box.y + box.height * 0.4)
    const startedAt = await page.evaluate(() => performance.now())
    await page.mouse.wheel(0, -120)
    await page.waitForFunction((from) => (performance.getEntriesByName('response heatmap.get').at(-1)?.startTime ?? 0) > from, startedAt, {
      timeout: 60_000,
      polling: 10,
    })
    zooms.push(
      await page.evaluate((from) => (performance.getEntriesByName('response heatmap.get').at(-1)?.startTime ?? 0) - from, startedAt),
    )
    await page.waitForSelector(heatmapSelector)
  }
  printRow(`… zoom served, ms (median of ${zooms.length})`, median(zooms).toFixed(0), 'at most 150')
}

/** @param {Page} page @param {number} servers */
async function measureList(page, servers) {
  await page.locator('.sidebar-button[data-view="servers"]').click()
  await page.waitForSelector('.list-area[aria-busy="false"] .grid', { timeout: 60_000 })
  const longest = await page.evaluate(async () => {
    const grid = document.querySelector('.grid')
    if (!grid) return Number.NaN
    let worst = 0
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) worst = Math.max(worst, duration)
    })
    observer.observe({ entryTypes: ['longtask'] })
    const frames = 300
    for (let frame = 0; frame <= frames; frame++) {
      grid.scrollTop = (grid.scrollHeight * frame) / frames
      await new Promise((done) => requestAnimationFrame(() => done(undefined)))
    }
    await new Promise((done) => setTimeout(done, 300))
    observer.disconnect()
    return worst
  })
  printRow(
    `list of ${servers} servers, longest task while scrolling, ms`,
    longest === 0 ? 'below 50' : longest.toFixed(0),
    'no task over 50',
  )
}

/** @param {(args: string[], home: string) => Promise<App>} launch @param {string} run @param {string} folder */
async function measureMemory(launch, run, folder) {
  const app = await launch([projectFolder, linkTo(run, 'heatmap')], join(folder, 'home-start'))
  try {
    const page = await app.firstWindow()
    await page.waitForSelector(heatmapSelector, { timeout: 60_000 })
    const memory = async () => {
      await page.waitForTimeout(1500)
      return app.evaluate(({ app: electron, BrowserWindow }) => {
        const pid = BrowserWindow.getAllWindows()[0]?.webContents.getOSProcessId()
        return electron.getAppMetrics().find((metric) => metric.pid === pid)?.memory.workingSetSize ?? Number.NaN
      })
    }
    const open = async () => {
      await app.evaluate(
        ({ app: electron }, link) => void electron.emit('second-instance', {}, ['headroom', link], '/'),
        linkTo(run, 'overview'),
      )
      await page.waitForSelector('main[aria-label="Overview"][aria-busy="false"]', { timeout: 60_000 })
      await page.locator('.sidebar-button[data-view="heatmap"]').click()
      await page.waitForSelector(heatmapSelector, { timeout: 60_000 })
    }
    // The first rounds fill caches that stay.
    await open()
    await open()
    const before = await memory()
    for (let round = 0; round < openedRuns; round++) await open()
    const after = await memory()
    printRow(`memory of the window after ${openedRuns} more runs, growth`, `${((after / before - 1) * 100).toFixed(0)} %`, 'under 20 %')
  } finally {
    await app.close()
  }
}
