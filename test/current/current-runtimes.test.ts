// What the fallback Electron cannot show: the built page in a current Chromium, the built processes on Node 24. Runs by `npm run check:current`.
import { execFileSync } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, resolve } from 'node:path'
import { chromium, type Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { containerNode, fetchPackage } from '../../scripts/engine/fetched-package.mjs'
import { createEngineHandlers } from '../../src-main/engine-host/engine-handlers.ts'
import { handleRequest } from '../../src-main/ipc/serve-requests.ts'
import { queryHandlers } from '../../src-main/query-host/query-handlers.ts'
import { contentSecurityPolicy, contentTypes } from '../../src-main/shell/window/page-url.ts'
import { defaultSettings } from '../../src-shared/config/settings.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { EngineChild } from '../fixtures/engine-child.ts'
import { makeSampleRun, type SampleRun } from '../fixtures/sample-run.ts'

const out = resolve(import.meta.dirname, '..', '..', 'out')

/** Major version and path of the newest browser on this machine; undefined where there is none. */
const findChromium = (): { readonly path: string; readonly major: number } | undefined => {
  for (const path of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      const major = Number(
        /(\d+)\.\d+\.\d+/.exec(execFileSync(path, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))?.[1],
      )
      return { path: execFileSync('which', [path], { encoding: 'utf8' }).trim(), major }
    } catch {
      continue
    }
  }
  return undefined
}

const isAsked = process.env['HEADROOM_CURRENT'] === 'yes'
const browserFound = isAsked ? findChromium() : undefined
const hasNode24 = isAsked && process.platform === 'linux' && process.arch === 'x64'
if (isAsked && browserFound === undefined)
  console.log('Skipped: the page in a current Chromium. Install one, for instance: apt-get install chromium')
if (isAsked && !hasNode24) console.log('Skipped: the processes on Node 24. The npm package that brings it is for Linux on x64.')

let sample: SampleRun
beforeAll(async () => {
  if (isAsked) sample = await makeSampleRun(12)
}, 120_000)
afterAll(() => sample?.remove())

/** What the main process would serve; all else is asked of the engine itself. */
const mainValues: Readonly<Record<string, unknown>> = {
  'settings.get': defaultSettings,
  'recent.list': [],
  'settings.set': {},
}

const answer = async (channel: string, payload: unknown): Promise<unknown> => {
  if (channel === 'start.get') return { ok: true, value: { kind: 'path', path: sample.run } }
  if (channel === 'path.inspect') return { ok: true, value: { kind: 'run', path: sample.run } }
  if (Object.hasOwn(mainValues, channel)) return { ok: true, value: mainValues[channel] }
  return channel.startsWith('query.') ? handleRequest(queryHandlers, channel, payload) : handleRequest(engineHandlers, channel, payload)
}
const engineHandlers = createEngineHandlers(() => undefined)

test.skipIf(browserFound === undefined)(
  'the page paints every view of a run in a current Chromium, under its policy',
  { timeout: 300_000 },
  async () => {
    const browser: Browser = await chromium.launch({
      executablePath: browserFound!.path,
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    })
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
      const faults: string[] = []
      page.on('pageerror', (error) => faults.push(error.message))
      page.on('console', (message) => void (message.type() === 'error' && faults.push(message.text())))
      await page.exposeFunction('answerRequest', answer)
      await page.addInitScript(() => {
        Object.assign(globalThis, {
          headroom: {
            request: (channel: string, payload: unknown) =>
              (globalThis as unknown as { answerRequest: (channel: string, payload: unknown) => Promise<unknown> }).answerRequest(
                channel,
                payload,
              ),
            onPush: () => () => undefined,
            pathOf: () => '',
          },
        })
      })
      await page.route('**/*', async (route) => {
        const { pathname } = new URL(route.request().url())
        const path = join(out, 'renderer', pathname === '/' ? 'index.html' : pathname)
        const headers = { 'content-type': contentTypes[extname(path)] ?? 'text/plain', 'content-security-policy': contentSecurityPolicy }
        await route.fulfill({ body: await readFile(path), headers })
      })
      await page.goto('http://headroom.test/')
      const views = page.getByRole('toolbar', { name: 'Views' }).getByRole('button')
      await page.getByRole('main', { name: 'Overview' }).waitFor({ timeout: 60_000 })
      const names = (
        await views.evaluateAll((buttons) => buttons.map((button) => button.getAttribute('aria-label') ?? button.textContent))
      ).filter((name) => name !== 'Cloud')
      expect(names.length).toBeGreaterThan(13)
      for (const name of names) {
        await page.getByRole('toolbar', { name: 'Views' }).getByRole('button', { name, exact: true }).click()
        await page.waitForFunction(
          () => document.querySelectorAll('[aria-busy="true"], .chart[data-painted="false"], .chart-wait').length === 0,
          undefined,
          { timeout: 60_000 },
        )
        if ((await page.getByRole('main').innerText()) === '') faults.push(`${name} is empty`)
      }
      expect(faults).toEqual([])
      console.log(`Chromium ${browserFound!.major}: ${names.length} views painted.`)
    } finally {
      await browser.close()
    }
  },
)

/** The summary states when it was made. */
const fileWithoutTime = async (run: string, name: string): Promise<string> =>
  (await readFile(join(run, name), 'latin1')).replace(/"analyzed_at": "[^"]*"/, '')

test.skipIf(!hasNode24)(
  'the engine process and the command line on Node 24 write the files of this Node',
  { timeout: 300_000 },
  async () => {
    const node24 = join(await fetchPackage(containerNode), 'bin', 'node')
    const folder = join(sample.folder, 'node-24')
    const args = ['analyze', sample.forecasts, '--servers', join(sample.folder, 'fleet.servers.csv'), '--out', folder, '--quiet']
    execFileSync(node24, [join(out, 'main', 'cli.cjs'), ...args])
    const names = (await readdir(sample.run)).filter((file) => file !== runFiles.manifest)
    const differing: string[] = []
    for (const name of names) if ((await fileWithoutTime(folder, name)) !== (await fileWithoutTime(sample.run, name))) differing.push(name)
    expect(differing).toEqual([])
    const engine = new EngineChild(node24)
    try {
      expect(await engine.analyse(sample.forecasts, join(sample.folder, 'engine-24'))).toEqual({ state: 'finished' })
      expect(engine.crashes).toBe(0)
    } finally {
      engine.stop()
    }
    const answered = execFileSync(
      node24,
      [join(out, 'main', 'cli.cjs'), 'query', folder, 'SELECT count(*) AS n FROM server_risk', '--csv'],
      { encoding: 'utf8' },
    )
    expect(answered).toMatch(/^n\n\d+\n$/)
    console.log(`Node ${execFileSync(node24, ['--version'], { encoding: 'utf8' }).trim()}: the same files.`)
  },
)
