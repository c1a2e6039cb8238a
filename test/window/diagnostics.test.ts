// Diagnostics: the log of an engine crash, the problem report, and crash dumps.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSampleRun, type SampleRun } from '../fixtures/sample-run.ts'
import { answerQuestions, launchApp, type LaunchedApp } from './launch-app.ts'

let folder: string
let fleet: SampleRun
let window: LaunchedApp

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-diagnostics-'))
  fleet = await makeSampleRun(7)
  window = await launchApp({ home: join(folder, 'home') })
  await window.page.getByRole('heading', { name: 'Headroom' }).waitFor()
  await answerQuestions(window.app, 0)
})
afterAll(async () => {
  await window.close()
  await Promise.all([fleet.remove(), rm(folder, { recursive: true, force: true })])
})

const request = (channel: string, payload: unknown): Promise<unknown> =>
  window.page.evaluate(
    ([name, body]) =>
      (globalThis as unknown as { headroom: { request: (name: unknown, body: unknown) => Promise<unknown> } }).headroom.request(name, body),
    [channel, payload],
  )

/** Process ID of the engine. */
const enginePid = (): Promise<number | undefined> =>
  window.app.evaluate(({ app }) => app.getAppMetrics().find(({ name, serviceName }) => `${name} ${serviceName}`.includes('engine'))?.pid)

describe('an engine crash', () => {
  it('is logged, and the window and the next request still work', async () => {
    expect(await request('run.open', { folder: fleet.run })).toMatchObject({ ok: true })
    const pid = (await enginePid())!
    const open = request('run.open', { folder: fleet.run })
    process.kill(pid, 'SIGKILL')
    await open
    await expect.poll(enginePid).not.toBe(pid)
    expect(await request('run.open', { folder: fleet.run })).toMatchObject({ ok: true, value: { counts: { servers: 7 } } })
    expect(await window.page.getByRole('heading', { name: 'Headroom' }).isVisible()).toBe(true)
    await expect
      .poll(() => readFile(join(window.home, 'logs', 'headroom.log'), 'utf8'))
      .toMatch(/"what":"process crashed".*"name":"Headroom engine"/)
  })
})

describe('the problem report', () => {
  it('is one text file with the log, without names and paths', async () => {
    expect(await request('run.open', { folder: '/data/bank/secret-fleet' })).toMatchObject({ ok: false })
    const out = join(folder, 'report.txt')
    await window.app.evaluate(({ dialog, shell, Menu }, path) => {
      const shown: string[] = []
      Object.assign(globalThis, { shown })
      dialog.showSaveDialog = async () => ({ canceled: false, filePath: path })
      shell.showItemInFolder = (item) => void shown.push(item)
      const help = Menu.getApplicationMenu()!.items.find(({ role }) => String(role) === 'help')
      help!.submenu!.items.find(({ label }) => label === 'Report a problem…')!.click()
    }, out)
    await expect.poll(() => window.app.evaluate(() => Reflect.get(globalThis, 'shown') as string[])).toEqual([out])
    const report = await readFile(out, 'utf8')
    expect(report).toContain('This is everything that the report holds.')
    expect(report).toContain('"where":"run.open","code":"run-not-found"')
    for (const secret of ['secret-fleet', '/data', fleet.run, folder]) expect(report).not.toContain(secret)
    expect((await readdir(folder)).sort()).toEqual(['home', 'report.txt'])
  })
})

it.each([
  ['are not written by default', {}, 0],
  ['are written locally on request', { HEADROOM_CRASH_DUMPS: '1' }, 1],
])('crash dumps %s', async (_, env, dumps) => {
  const home = join(folder, `crashing-${dumps}`)
  const crashing = await launchApp({ home, env })
  try {
    const exited = new Promise((done) => void crashing.app.process().once('exit', done))
    expect(await crashing.app.evaluate(({ crashReporter }) => crashReporter.getUploadToServer())).toBe(false)
    await crashing.app.evaluate(() => process.crash()).catch(() => undefined)
    await exited
    const found = async (): Promise<number> =>
      (await readdir(join(home, 'crashes'), { recursive: true }).catch(() => [])).filter((name) => name.endsWith('.dmp')).length
    // A separate process writes the dump a little later.
    await pause(500)
    await expect.poll(found).toBe(dumps)
  } finally {
    await crashing.close().catch(() => undefined)
  }
})
