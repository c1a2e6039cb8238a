// `npm run bench:launch`: the real window on the simulated account: from click to an accepted job, and the longest freeze of window and app meanwhile.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { _electron } from 'playwright'
import { buildApp } from './setup/build.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { findElectron } from './setup/electron-runtime.mjs'
import { projectFolder } from './setup/project-folders.mjs'
import { fillInLaunchForm, serveSandboxAccount } from './setup/sandbox-account.mjs'
import { runMain } from './setup/setup-error.mjs'
import { lacksDisplay, withDisplay } from './setup/virtual-display.mjs'

const rounds = 7

/** @param {string} name @param {string} value @param {string} [limit] */
const printRow = (name, value, limit = '') => console.log(`${name.padEnd(56)} ${value.padStart(8)}  ${limit}`)

/** Watches for freezes: of the page by its frames and long tasks, of the main process by a timer. */
const watch = async (/** @type {import('playwright').Page} */ page, /** @type {import('playwright').ElectronApplication} */ app) => {
  await page.evaluate(() => {
    const seen = { frame: 0, task: 0, last: performance.now() }
    Object.assign(globalThis, { seen })
    const frame = () => {
      const now = performance.now()
      seen.frame = Math.max(seen.frame, now - seen.last)
      seen.last = now
      requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) seen.task = Math.max(seen.task, duration)
    }).observe({ entryTypes: ['longtask'] })
  })
  await app.evaluate(() => {
    const seen = { gap: 0, last: Date.now() }
    Object.assign(globalThis, { seen })
    setInterval(() => {
      const now = Date.now()
      seen.gap = Math.max(seen.gap, now - seen.last - 10)
      seen.last = now
    }, 10)
  })
}

/** The freezes since the last call, milliseconds. */
const takeStandstills = async (
  /** @type {import('playwright').Page} */ page,
  /** @type {import('playwright').ElectronApplication} */ app,
) => ({
  ...(await page.evaluate(() => {
    const { seen } = /** @type {any} */ (globalThis)
    const { frame, task } = seen
    Object.assign(seen, { frame: 0, task: 0 })
    return { frame, task }
  })),
  main: await app.evaluate(() => {
    const { seen } = /** @type {any} */ (globalThis)
    const { gap } = seen
    seen.gap = 0
    return gap
  }),
})

await runMain(async () => {
  await installDependencies()
  await buildApp()
  const electron = await findElectron({ needsDisplay: lacksDisplay() })
  const home = await mkdtemp(join(tmpdir(), 'headroom-bench-launch-'))
  const sandbox = await serveSandboxAccount()
  try {
    fillInLaunchForm(home, sandbox)
    await withDisplay(async (env) => {
      const app = await _electron.launch({
        executablePath: electron.electronBinary,
        args: [...electron.args, `--user-data-dir=${join(home, 'data')}`, projectFolder],
        env: { ...env, ...sandbox.environment, HEADROOM_HOME: home, HEADROOM_POLL_MS: '100' },
      })
      try {
        const page = await app.firstWindow()
        await page.locator('.sidebar-button[data-view="cloud"]').click()
        const button = page.getByRole('button', { name: 'Launch', exact: true })
        const launch = async () => {
          await page.waitForFunction(() => document.querySelector('.cloud-form .primary:enabled') !== null)
          await page.waitForTimeout(500)
          await takeStandstills(page, app)
          const clickedAt = await button.evaluate((element) => {
            ;/** @type {HTMLButtonElement} */ (element).click()
            return Date.now()
          })
          const { at, sentBytes } = await sandbox.nextJob()
          return { ms: at - clickedAt, sentBytes, ...(await takeStandstills(page, app)) }
        }
        await page.waitForTimeout(1000)
        await watch(page, app)
        const first = await launch()
        const megabytes = (first.sentBytes / 1e6).toFixed(0)
        printRow(`first launch, ${megabytes} MB to upload: accepted after, ms`, first.ms.toFixed(0))
        printRow('… longest time between two frames, ms', first.frame.toFixed(0), 'a freeze is felt from 100')
        printRow('… longest task of the page, ms', first.task === 0 ? 'below 50' : first.task.toFixed(0))
        printRow('… longest standstill of the main process, ms', first.main.toFixed(0))
        const later = []
        for (let round = 0; round < rounds; round += 1) later.push(await launch())
        const times = later.map(({ ms }) => ms).toSorted((a, b) => a - b)
        printRow(`engine is there: accepted after, ms (median of ${rounds})`, (times[rounds >> 1] ?? Number.NaN).toFixed(0), 'under 1000')
        printRow('… slowest', (times.at(-1) ?? Number.NaN).toFixed(0))
        printRow('… longest time between two frames, ms', Math.max(...later.map(({ frame }) => frame)).toFixed(0))
        printRow('… longest standstill of the main process, ms', Math.max(...later.map(({ main }) => main)).toFixed(0))
      } finally {
        await app.close()
      }
    })
  } finally {
    await sandbox.stop()
    await rm(home, { recursive: true, force: true })
  }
  return 0
})
