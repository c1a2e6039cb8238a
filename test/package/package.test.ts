// The app as it is installed: what the package holds, its fuses, and an analysis and a walk through the views as an ordinary user in the sandbox.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { listPackage } from '@electron/asar'
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSampleFleet, type SampleRun } from '../fixtures/sample-run.ts'
import { runPackage, findObstacle, packageFolder, startPackage, type PackagedApp } from './packaged-app.ts'

const project = resolve(import.meta.dirname, '..', '..')
const resources = join(packageFolder, 'resources')
const archive = join(resources, 'app.asar')
const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')

describe('the package', () => {
  it('has its fuses set in the binary', async () => {
    const wire = await getCurrentFuseWire(join(packageFolder, 'headroom'))
    // The binary writes each as one digit.
    const stateOf = (fuse: FuseV1Options): string => ({ '0': 'off', '1': 'on' })[String.fromCharCode(wire[fuse] ?? 0)] ?? 'unknown'
    expect({
      RunAsNode: stateOf(FuseV1Options.RunAsNode),
      EnableCookieEncryption: stateOf(FuseV1Options.EnableCookieEncryption),
      EnableNodeOptionsEnvironmentVariable: stateOf(FuseV1Options.EnableNodeOptionsEnvironmentVariable),
      EnableNodeCliInspectArguments: stateOf(FuseV1Options.EnableNodeCliInspectArguments),
      EnableEmbeddedAsarIntegrityValidation: stateOf(FuseV1Options.EnableEmbeddedAsarIntegrityValidation),
      OnlyLoadAppFromAsar: stateOf(FuseV1Options.OnlyLoadAppFromAsar),
      LoadBrowserProcessSpecificV8Snapshot: stateOf(FuseV1Options.LoadBrowserProcessSpecificV8Snapshot),
    }).toEqual({
      RunAsNode: 'off',
      EnableCookieEncryption: 'on',
      EnableNodeOptionsEnvironmentVariable: 'off',
      EnableNodeCliInspectArguments: 'off',
      EnableEmbeddedAsarIntegrityValidation: 'on',
      OnlyLoadAppFromAsar: 'on',
      LoadBrowserProcessSpecificV8Snapshot: 'off',
    })
  })

  it('holds the builds and the runtime dependencies, and nothing of how they were made', () => {
    const files = listPackage(archive, { isPack: false })
    expect(files).toEqual(expect.arrayContaining(['/out/main/index.cjs', '/out/preload/preload.cjs', '/out/renderer/index.html']))
    const stray = files.filter((file) => /\.(ts|tsx|map|mjs)$|^\/(src-|test|scripts|docs|dist|\.)/.test(file))
    expect(stray).toEqual([])
    const packages = new Set(files.flatMap((file) => /^\/node_modules\/(@[^/]+\/[^/]+)/.exec(file)?.[1] ?? []))
    expect([...packages].filter((name) => !/^@(duckdb|resvg)\//.test(name))).toEqual([])
  })

  it('names every package that it holds in its bill of materials, each with a licence and its text', () => {
    const bill = JSON.parse(readFileSync(join(resources, 'sbom.cdx.json'), 'utf8')) as {
      components: { name: string; version: string; licenses?: object[] }[]
    }
    const notice = readFileSync(join(resources, 'LICENCES.txt'), 'utf8')
    const names = bill.components.map(({ name }) => name)
    expect(names).toEqual(
      expect.arrayContaining(['react', 'echarts', 'zod', '@duckdb/node-bindings-linux-x64', '@aws-sdk/client-s3', 'electron']),
    )
    expect(bill.components.filter(({ licenses }) => licenses?.length !== 1).map(({ name }) => name)).toEqual([])
    // Electron's own licence lies next to the program, that of the fonts is a part by itself.
    const noticed = bill.components.filter(({ name }) => name !== 'electron' && name !== 'dejavu-fonts')
    expect(noticed.filter(({ name, version }) => !notice.includes(`${name} ${version}\n`))).toEqual([])
    expect(existsSync(join(packageFolder, 'LICENSES.chromium.html'))).toBe(true)
  })

  it('has the same archive, byte for byte, when it is packed again', async () => {
    const again = await mkdtemp(join(tmpdir(), 'headroom-packed-again-'))
    try {
      execFileSync(process.execPath, [join(project, 'scripts', 'package.mjs'), '--output', again], { stdio: 'pipe' })
      expect(sha256(join(again, 'linux-unpacked', 'resources', 'app.asar'))).toBe(sha256(archive))
    } finally {
      await rm(again, { recursive: true, force: true })
    }
  }, 120_000)
})

const obstacleReason = findObstacle()
if (obstacleReason !== undefined) console.log(`The package is not started: ${obstacleReason}.`)

describe.skipIf(obstacleReason !== undefined)('an ordinary user', () => {
  let fleet: SampleRun
  let app: PackagedApp
  let marker: string

  beforeAll(async () => {
    fleet = await makeSampleFleet(40)
    marker = join(tmpdir(), `headroom-intruder-${process.pid}`)
    await writeFile(`${marker}.cjs`, `require('node:fs').writeFileSync(${JSON.stringify(marker)}, 'ran')`)
    execFileSync('chmod', ['-R', 'a+rX', fleet.folder])
    app = await startPackage(['--inspect=0', fleet.forecasts], {
      NODE_OPTIONS: `--require=${marker}.cjs`,
      ELECTRON_RENDERER_URL: 'http://127.0.0.1:9/',
    })
  })
  afterAll(async () => {
    await app?.close()
    await fleet?.remove()
    await rm(`${marker}.cjs`, { force: true })
  })

  it('sees the analysis of the file it was opened with', async () => {
    await app.page.locator('.chart[data-painted="true"]').first().waitFor({ timeout: 60_000 })
    expect(app.page.url()).toBe('app://headroom/')
    expect(await app.page.locator('.summary-bar').first().textContent()).toContain('40 series')
  })

  it('walks through every view without an error', async () => {
    const views = await app.page
      .locator('.sidebar-button[data-view]')
      .evaluateAll((buttons) => buttons.map((button) => button.getAttribute('data-view')))
    expect(views.length).toBeGreaterThan(10)
    for (const view of views) {
      await app.page.locator(`.sidebar-button[data-view="${view}"]`).click()
      await app.page.waitForFunction(
        () => document.querySelectorAll('[aria-busy="true"], .chart[data-painted="false"], .chart-wait').length === 0,
        undefined,
        { timeout: 30_000 },
      )
      expect({ view, alerts: await app.page.getByRole('alert').allTextContents() }).toEqual({ view, alerts: [] })
    }
  })

  it('has pages that run in the sandbox, and nothing that runs as the superuser', () => {
    const processes = app.processes()
    expect(processes.filter(({ uid }) => uid === 0)).toEqual([])
    const renderers = processes.filter(({ type }) => type === 'renderer')
    expect(renderers.length).toBeGreaterThan(0)
    for (const renderer of renderers) expect(renderer).toMatchObject({ seccomp: 2, hasOwnNamespace: true })
    expect(processes.some(({ type }) => type === 'utility')).toBe(true)
  })

  it('cannot bring code in by environment, debugger or inspector', async () => {
    expect(existsSync(marker)).toBe(false)
    expect(app.output()).not.toContain('Debugger listening')
    await app.page.keyboard.press('Control+Shift+I')
    await app.page.keyboard.press('F12')
    await app.page.waitForTimeout(500)
    expect((await app.targets()).filter((url) => url !== '' && !url.startsWith('app://headroom/'))).toEqual([])
  })

  it('gets no window with an open debugging port', () => {
    const { status, stderr } = runPackage(['--remote-debugging-port=0'])
    expect(status).toBe(2)
    expect(stderr).toContain('--remote-debugging-port would let other programs control the window.')
    expect(stderr).not.toContain('DevTools listening')
  })
})
