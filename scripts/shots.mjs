// `npm run shots [-- options]`: screenshots of every view of the real window, for inspection; prints text that is cut or overlaps. --fleets 120,10000 --themes light,dark
// --sizes 1280x800,1920x1080 --views overview,heatmap --run FOLDER --out FOLDER
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
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
import { headroom, waitUntilSettled } from './testing/drive-window.mjs'
import { textFaults } from './testing/text-faults.mjs'

const allViews =
  'start,overview,heatmap,clusters,servers,server,seasons,models,events,recommendations,capacity,what-if,history,compare,reconcile,query,cloud,settings'
const { values } = parseArgs({
  options: {
    fleets: { type: 'string', default: '5,120,10000' },
    themes: { type: 'string', default: 'light,dark' },
    sizes: { type: 'string', default: '1280x800,1920x1080' },
    views: { type: 'string', default: allViews },
    run: { type: 'string', multiple: true, default: [] },
    out: { type: 'string', default: join('test-results', 'shots') },
  },
})

/** @param {string} run @param {string} name @param {NodeJS.ProcessEnv} env @param {{ electronBinary: string, args: string[] }} electron @param {string} out */
const shoot = async (run, name, env, electron, out) => {
  const home = await mkdtemp(join(tmpdir(), 'headroom-shots-'))
  const app = await _electron.launch({
    executablePath: electron.electronBinary,
    args: [...electron.args, `--user-data-dir=${join(home, 'data')}`, projectFolder, run],
    env: { ...env, HEADROOM_HOME: home },
  })
  try {
    const page = await app.firstWindow()
    await page.waitForSelector('.summary-bar', { timeout: 120_000 })
    for (const size of values.sizes.split(',')) {
      const [width = 1280, height = 800] = size.split('x').map(Number)
      await app.evaluate(({ BrowserWindow }, [w, h]) => BrowserWindow.getAllWindows()[0]?.setContentSize(w ?? 0, h ?? 0), [width, height])
      for (const theme of values.themes.split(',')) {
        await page.evaluate((chosen) => globalThis.headroom.request('settings.set', { theme: chosen }), theme)
        for (const view of values.views.split(',')) {
          const button = page.locator(`.sidebar-button[data-view="${view}"]`)
          if ((await button.count()) === 0) continue
          if (view === 'server') {
            await page.locator('.sidebar-button[data-view="overview"]').click()
            await waitUntilSettled(page)
            const first = page.locator('main[aria-label="Overview"] td .link').first()
            await ((await first.count()) > 0 ? first : button).click()
          } else await button.click()
          await waitUntilSettled(page)
          await page.waitForTimeout(150)
          await page.screenshot({ path: join(out, `${name}-${view}-${theme}-${size}.png`) })
          for (const fault of await textFaults(page)) console.log(`${name} ${view} ${theme} ${size}: ${fault}`)
        }
      }
    }
  } finally {
    await app.close()
    await rm(home, { recursive: true, force: true })
  }
}

await runMain(async () => {
  await installDependencies()
  await buildApp()
  const electron = await findElectron({ needsDisplay: lacksDisplay() })
  const out = resolve(values.out)
  await mkdir(out, { recursive: true })
  const folder = await mkdtemp(join(tmpdir(), 'headroom-shot-runs-'))
  try {
    await withDisplay(async (env) => {
      for (const run of values.run)
        await shoot(
          resolve(run),
          run
            .replace(/[/\\]+$/, '')
            .split(/[/\\]/)
            .at(-1) ?? 'run',
          env,
          electron,
          out,
        )
      for (const servers of values.run.length > 0 ? [] : values.fleets.split(',')) {
        const forecasts = join(folder, `fleet-${servers}.parquet`)
        const run = join(folder, `run-${servers}`)
        await headroom(['sample', '--end', '2026-11-22', '--servers', servers, '--out', forecasts])
        const probability = Number(servers) <= 2000 ? ['--set', 'breach_probability=true'] : []
        await headroom(['analyze', forecasts, '--servers', forecasts.replace('.parquet', '.servers.csv'), '--out', run, ...probability])
        await shoot(run, servers, env, electron, out)
      }
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  console.log(`Pictures: ${out}`)
  return 0
})
