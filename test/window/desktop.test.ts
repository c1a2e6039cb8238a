// Desktop integration: opened from a terminal, links from the system, recent documents, notifications.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { writeSampleFleet } from '../../src-main/sample/write-sample-fleet.ts'
import { fabricateRun } from '../fixtures/fabricated-runs.ts'
import { headroom } from '../fixtures/run-headroom.ts'
import { answerQuestions, launchApp, questionsOf, type LaunchedApp } from './launch-app.ts'

let folder: string
let run: string
let window: LaunchedApp | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-desktop-'))
  run = join(folder, 'run')
  await fabricateRun(run)
})
afterEach(async () => {
  await window?.close()
  window = undefined
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Shown {
  readonly title: string
  readonly body: string
}

/** Records notifications and recent documents instead of showing them. */
const recordEvents = ({ app }: LaunchedApp): Promise<void> =>
  app.evaluate(({ app: electron, Notification }) => {
    const recorded = globalThis as unknown as { shown: Shown[]; documents: string[] }
    recorded.shown = []
    recorded.documents = []
    Notification.isSupported = () => true
    Notification.prototype.show = function show(this: Electron.Notification) {
      recorded.shown.push({ title: this.title, body: this.body })
    }
    electron.addRecentDocument = (path) => void recorded.documents.push(path)
  })

const recorded = ({ app }: LaunchedApp): Promise<{ shown: Shown[]; documents: string[] }> =>
  app.evaluate(() => {
    const { shown, documents } = globalThis as unknown as { shown: Shown[]; documents: string[] }
    return { shown, documents }
  })

describe('headroom open', () => {
  it('opens a run in the running window, which adds it to the recent documents', async () => {
    window = await launchApp()
    const { page, home } = window
    await page.getByRole('main', { name: 'Start' }).waitFor()
    await recordEvents(window)
    const { code, stderr } = await headroom(['open', run], { cwd: folder, env: { HEADROOM_HOME: home } })
    expect(stderr).toContain(`Opening ${run} in the window.`)
    expect(code).toBe(0)
    await page.getByRole('main', { name: 'Overview' }).waitFor()
    expect((await recorded(window)).documents).toEqual([run])
    await page.locator('.sidebar-button[data-view="start"]').click()
    expect(await page.getByRole('region', { name: 'Recent runs' }).innerText()).toMatch(/3 servers/)
  })

  it('rejects missing paths and invalid links without opening a window', async () => {
    const nothing = await headroom(['open', join(folder, 'nowhere')])
    expect(nothing.code).toBe(3)
    expect(nothing.stderr).toMatch(/There is nothing at .*nowhere/)
    const notALink = await headroom(['open', 'headroom://elsewhere'])
    expect(notALink.code).toBe(2)
    expect(notALink.stderr).toMatch(/is no link to a run/)
  })
})

describe('a link from the system', () => {
  it('opens its run in its view once the user agrees, and nothing before', async () => {
    window = await launchApp()
    const { app, page } = window
    await page.getByRole('main', { name: 'Start' }).waitFor()
    const link = `headroom://run/servers?path=${encodeURIComponent(run)}`
    await answerQuestions(app, 1)
    const open = (): Promise<boolean> =>
      app.evaluate(({ app: electron }, url) => {
        let isPrevented = false
        electron.emit('open-url', { preventDefault: () => (isPrevented = true) }, url)
        return isPrevented
      }, link)
    expect(await open()).toBe(true)
    await page.getByText(`${run} was not opened.`).waitFor()
    await answerQuestions(app, 0)
    await open()
    await page.getByRole('grid', { name: 'Servers' }).waitFor()
    expect(await questionsOf(app)).toEqual([run])
    await open()
    expect(await questionsOf(app)).toHaveLength(1)
  })
})

describe('a notification', () => {
  const analyse = async (milliseconds: number): Promise<readonly Shown[]> => {
    const dataset = join(folder, 'fleet.parquet')
    await writeSampleFleet({ servers: 20, out: dataset, granularity: 'daily', end: '2026-11-22', seed: 1 })
    window = await launchApp()
    const { app, page } = window
    await page.getByRole('main', { name: 'Start' }).waitFor()
    await recordEvents(window)
    await app.evaluate(({ BrowserWindow }, extraMs) => {
      const [first] = BrowserWindow.getAllWindows()
      if (first !== undefined) first.isFocused = () => false
      // The analysis starts now and ends after this time.
      const { now } = Date
      let isFirst = true
      Date.now = () => {
        const shift = isFirst ? 0 : extraMs
        isFirst = false
        return now() + shift
      }
    }, milliseconds)
    await app.evaluate(({ app: electron }, path) => void electron.emit('second-instance', {}, ['headroom', path], '/'), dataset)
    await page.getByRole('main', { name: 'Overview' }).waitFor()
    return (await recorded(window)).shown
  }

  it('reports the end of a long analysis in the background', async () => {
    const shown = await analyse(60_000)
    expect(shown).toHaveLength(1)
    expect(shown[0]?.title).toBe('The analysis is done')
    expect(shown[0]?.body).toMatch(/^\d of 20 servers are at risk\.$/)
  })

  it('is not shown after a short analysis', async () => {
    expect(await analyse(0)).toEqual([])
  })
})
