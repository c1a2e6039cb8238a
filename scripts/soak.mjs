// `npm run soak [-- --rounds 40]`: repeats a day's work in one window (open, analyse, filter, what-if, export, close), and measures
// every process: memory within 10 %, no growth of open files. The minimum of the last third is compared with that of the first.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { _electron, errors } from 'playwright'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { findElectron } from './setup/electron-runtime.mjs'
import { projectFolder } from './setup/project-folders.mjs'
import { runMain } from './setup/setup-error.mjs'
import { lacksDisplay, withDisplay } from './setup/virtual-display.mjs'
import { request, headroom, waitUntilSettled } from './testing/drive-window.mjs'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '60' }, warm: { type: 'string', default: '15' } } })
const rounds = Number(values.rounds)
/** Caches fill in the first rounds. */
const warmRounds = Number(values.warm)
const maxGrowth = 0.1

/** @param {string} run @param {string} view */
const linkTo = (run, view) => `headroom://run/${view}?path=${encodeURIComponent(run)}`

/** @typedef {{ name: string, megabytes: number, handles: number }} Sample */

/** @param {import('playwright').ElectronApplication} app @returns {Promise<Sample[]>} */
async function sample(app) {
  const metrics = await app.evaluate(({ app: electron }) => {
    ;/** @type {{ gc?: () => void }} */ (globalThis).gc?.()
    return electron.getAppMetrics().map(({ pid, type, name, serviceName, memory }) => ({
      pid,
      name: `${type} ${name ?? serviceName ?? ''}`.trim(),
      megabytes: memory.workingSetSize / 1024,
    }))
  })
  return Promise.all(
    metrics.map(async ({ pid, name, megabytes }) => ({
      name,
      megabytes,
      handles: await readdir(`/proc/${pid}/fd`).then(
        (names) => names.length,
        () => 0,
      ),
    })),
  )
}

/** @param {import('playwright').ElectronApplication} app @param {import('playwright').Page} page @param {string} run @param {string} forecasts @param {string} out */
async function runRound(app, page, run, forecasts, out) {
  await app.evaluate(
    ({ app: electron }, link) => void electron.emit('second-instance', {}, ['headroom', link], '/'),
    linkTo(run, 'overview'),
  )
  for (const view of ['overview', 'heatmap', 'servers', 'clusters', 'seasons', 'recommendations', 'what-if']) {
    await page.locator(`.sidebar-button[data-view="${view}"]`).click()
    await waitUntilSettled(page)
  }
  const filter = { text: '', business_unit: [], region: [], criticality: [], risk: ['high'], cluster: [], recommendation: [], servers: [] }
  const choices = await request(page, 'run.open', { folder: run })
  const { name: metric } = choices.metrics[0]
  await request(page, 'servers.list', {
    folder: run,
    metric,
    filter,
    columns: ['server_id', 'horizon_p95'],
    sort: { column: 'horizon_p95', descending: true },
    offset: 0,
    limit: 200,
  })
  for (let step = 0; step < 10; step++) {
    await request(page, 'scenario.evaluate', {
      folder: run,
      scenario: { growth_percent: step * 3 },
      grid: true,
      max_listed: 50,
      clientId: 'soak',
    })
  }
  await request(page, 'report.export', { folder: run, format: 'html' })
  const { analysisId } = await request(page, 'analysis.start', { source: { kind: 'forecast', path: forecasts } })
  await page.waitForFunction((id) => globalThis.soaked?.has(id), analysisId, { timeout: 120_000 })
  await rm(out, { recursive: true, force: true })
}

await runMain(async () => {
  await installDependencies()
  await buildApp()
  const electron = await findElectron({ needsDisplay: lacksDisplay() })
  const folder = await mkdtemp(join(tmpdir(), 'headroom-soak-'))
  /** @type {Sample[][]} */ const samples = []
  try {
    const forecasts = join(folder, 'fleet.parquet')
    const run = join(folder, 'run')
    await headroom(['sample', '--servers', '120', '--out', forecasts])
    await headroom(['analyze', forecasts, '--servers', forecasts.replace('.parquet', '.servers.csv'), '--out', run])
    await withDisplay(async (env) => {
      const home = join(folder, 'home')
      const app = await launchWithRetries({
        executablePath: electron.electronBinary,
        args: [
          ...electron.args,
          '--js-flags=--expose-gc',
          `--user-data-dir=${join(folder, 'data')}`,
          projectFolder,
          linkTo(run, 'overview'),
        ],
        env: { ...env, HEADROOM_HOME: home },
      })
      try {
        const page = await app.firstWindow()
        await page.waitForSelector('main[aria-label="Overview"][aria-busy="false"]', { timeout: 60_000 })
        await app.evaluate(
          ({ dialog }, path) => {
            dialog.showSaveDialog = async () => ({ canceled: false, filePath: path })
          },
          join(folder, 'report.html'),
        )
        await page.evaluate(() => {
          globalThis.soaked = new Set()
          globalThis.headroom.onPush((push) => {
            if (push.type === 'analysis.event' && push.event.type === 'finished') globalThis.soaked.add(push.analysisId)
          })
        })
        for (let round = 0; round < warmRounds + rounds; round++) {
          await runRound(app, page, run, forecasts, join(home, 'runs'))
          await page.evaluate(() => globalThis.gc?.())
          if (round >= warmRounds) samples.push(await sample(app))
        }
      } finally {
        await app.close()
      }
    })
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
  return evaluateGrowth(samples)
})

/** If Playwright attaches while the page opens, it waits for ever: the next attempt succeeds. @param {object} options */
async function launchWithRetries(options) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await _electron.launch({ ...options, timeout: 20_000 })
    } catch (error) {
      if (attempt === 3 || !(error instanceof errors.TimeoutError)) throw error
    }
  }
}

/** @param {readonly Sample[][]} samples */
function evaluateGrowth(samples) {
  const third = Math.max(1, Math.floor(samples.length / 3))
  const names = [...new Set(samples.flat().map(({ name }) => name))]
  let faults = 0
  for (const name of names) {
    const floor = (/** @type {readonly Sample[][]} */ part, /** @type {'megabytes' | 'handles'} */ what) =>
      Math.min(...part.flatMap((round) => round.filter((found) => found.name === name).map((found) => found[what])))
    const [first, last] = [samples.slice(0, third), samples.slice(-third)]
    const growth = floor(last, 'megabytes') / floor(first, 'megabytes') - 1
    const handles = floor(last, 'handles') - floor(first, 'handles')
    const isFlat = !(growth > maxGrowth) && !(handles > 0)
    if (!isFlat) faults += 1
    console.log(
      `${isFlat ? '✓' : '✗'} ${name.padEnd(36)} ${floor(first, 'megabytes').toFixed(0).padStart(6)} MB → ${floor(last, 'megabytes').toFixed(0).padStart(6)} MB ` +
        `(${(growth * 100).toFixed(1)} %), open files ${floor(first, 'handles')} → ${floor(last, 'handles')}`,
    )
  }
  console.log(`${samples.length} rounds after ${warmRounds} to warm up; memory within ${maxGrowth * 100} %, no growth of open files`)
  return faults === 0 ? 0 : 1
}
