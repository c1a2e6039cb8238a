// The sandbox of the window: no Node in the page, no inline scripts, navigation, new windows or permissions; one instance.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fabricateRun } from '../fixtures/fabricated-runs.ts'
import { waitForHeatmap } from './chart-locators.ts'
import { answerQuestions, launchApp, type LaunchedApp } from './launch-app.ts'

let folder: string
let window: LaunchedApp

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-sandbox-'))
  window = await launchApp({ home: join(folder, 'home') })
  await window.page.getByRole('heading', { name: 'Headroom' }).waitFor()
})
afterAll(async () => {
  await window.close()
  await rm(folder, { recursive: true, force: true })
})

describe('the page', () => {
  it('is served by the app, and has no access to Node', async () => {
    const { page } = window
    expect(page.url()).toBe('app://headroom/')
    expect(await page.evaluate(() => ['require', 'process', 'module', 'Buffer'].filter((name) => name in globalThis))).toEqual([])
    expect(await page.evaluate(() => Object.keys((globalThis as unknown as { headroom: object }).headroom).sort())).toEqual([
      'onPush',
      'pathOf',
      'request',
    ])
  })

  it('runs neither inline scripts nor text as code', async () => {
    const { page } = window
    await page.evaluate(() => {
      const script = document.createElement('script')
      script.textContent = 'globalThis.intruder = true'
      document.body.append(script)
    })
    expect(await page.evaluate(() => 'intruder' in globalThis)).toBe(false)
    const outcome = await page.evaluate(() =>
      fetch('https://example.com').then(
        () => 'reached',
        () => 'refused',
      ),
    )
    expect(outcome).toBe('refused')
  })

  it('cannot navigate away, open windows or read files outside the app', async () => {
    const { page, app } = window
    await page.evaluate(() => {
      globalThis.open('https://example.com')
      globalThis.location.href = 'https://example.com'
    })
    await page.waitForTimeout(300)
    expect(page.url()).toBe('app://headroom/')
    expect(app.windows()).toHaveLength(1)
    expect(await page.evaluate(() => Notification.requestPermission())).toBe('denied')
  })

  it('receives an error response, not an exception, for invalid requests', async () => {
    const sendRequest = (channel: string, payload: unknown) =>
      window.page.evaluate(
        ([name, body]) =>
          (globalThis as unknown as { headroom: { request: (name: unknown, body: unknown) => Promise<unknown> } }).headroom.request(
            name,
            body,
          ),
        [channel, payload],
      )
    expect(await sendRequest('run.delete', {})).toMatchObject({ ok: false, error: { code: 'internal' } })
    expect(await sendRequest('run.open', { folder: 7 })).toMatchObject({ ok: false, error: { code: 'internal' } })
    await answerQuestions(window.app, 1)
    expect(await sendRequest('run.open', { folder: '/nowhere' })).toMatchObject({ ok: false, error: { code: 'cancelled' } })
    await answerQuestions(window.app, 0)
    expect(await sendRequest('run.open', { folder: '/nowhere' })).toMatchObject({ ok: false, error: { code: 'run-not-found' } })
  })
})

describe('a second start', () => {
  it('passes its path to the first window and exits', async () => {
    const home = join(folder, 'shared-home')
    const run = join(folder, 'run')
    await fabricateRun(run)
    const first = await launchApp({ home })
    try {
      await first.page.getByRole('heading', { name: 'Headroom' }).waitFor()
      const electron = process.env['HEADROOM_TEST_ELECTRON'] ?? ''
      const switches = JSON.parse(process.env['HEADROOM_TEST_ELECTRON_ARGS'] ?? '[]') as string[]
      const second = spawn(electron, [...switches, resolve(import.meta.dirname, '..', '..'), run], {
        env: { ...process.env, HEADROOM_HOME: home },
        stdio: 'ignore',
      })
      const code = await new Promise((done) => second.once('exit', done))
      expect(code).toBe(0)
      await waitForHeatmap(first.page)
      expect(first.app.windows()).toHaveLength(1)
    } finally {
      await first.close()
    }
  })
})
