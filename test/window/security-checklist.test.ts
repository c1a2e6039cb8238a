// Electron's security checklist, point by point, on the running window; the rest is tested on the package.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchApp, type LaunchedApp } from './launch-app.ts'

let folder: string
let window: LaunchedApp
/** A foreign page: responds to every request and counts them. */
let foreignServer: Server
let address: string
let foreignRequests = 0

beforeAll(async () => {
  foreignServer = createServer((_request, response) => {
    foreignRequests += 1
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('content-disposition', 'attachment; filename="gift.txt"')
    response.end('globalThis.intruder = true')
  })
  await new Promise<void>((ready) => foreignServer.listen(0, '127.0.0.1', ready))
  address = `http://127.0.0.1:${(foreignServer.address() as AddressInfo).port}/`
  folder = await mkdtemp(join(tmpdir(), 'headroom-checklist-'))
  window = await launchApp({ home: join(folder, 'home') })
  await window.page.getByRole('heading', { name: 'Headroom' }).waitFor()
})
afterAll(async () => {
  await window.close()
  foreignServer.close()
  await rm(folder, { recursive: true, force: true })
})

describe('1, 6, 8: only resources of the app are loaded', () => {
  it.each(['img', 'script', 'link', 'iframe', 'object', 'video', 'fetch', 'beacon', 'websocket', 'worker', 'import'])(
    '%s',
    async (kind) => {
      const before = foreignRequests
      await window.page.evaluate(
        async ([way, url]) => {
          const appendElement = (name: string, attributes: Record<string, string>): void => {
            const element = document.createElement(name)
            for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
            document.body.append(element)
          }
          try {
            if (way === 'fetch') await fetch(url!)
            else if (way === 'beacon') navigator.sendBeacon(url!, 'x')
            else if (way === 'websocket') document.title = new WebSocket(url!.replace('http', 'ws')).url
            else if (way === 'worker') new Worker(url!).postMessage('x')
            else if (way === 'import') await import(/* @vite-ignore */ url!)
            else if (way === 'link') appendElement('link', { rel: 'stylesheet', href: url! })
            else appendElement(way!, { src: url!, data: url! })
          } catch {
            // Blocked as expected; the test checks whether a request arrived.
          }
        },
        [kind, address],
      )
      await window.page.waitForTimeout(150)
      expect(foreignRequests).toBe(before)
      expect(await window.page.evaluate(() => 'intruder' in globalThis)).toBe(false)
    },
  )

  it('reaches no other host from the session, without the page policy', async () => {
    const before = foreignRequests
    const outcome = await window.app.evaluate(
      ({ session }, url) =>
        (session.defaultSession as unknown as { fetch: (url: string) => Promise<unknown> }).fetch(url).then(
          () => 'reached',
          () => 'refused',
        ),
      address,
    )
    expect([outcome, foreignRequests]).toEqual(['refused', before])
  })
})

describe('2, 3, 4, 6, 8, 9, 10, 11: web preferences', () => {
  it('sandbox and isolate the page, without Node, web views or experiments', async () => {
    const preferences = await window.app.evaluate(({ BrowserWindow }) => {
      const { webContents } = BrowserWindow.getAllWindows()[0]!
      return { ...(webContents as unknown as { getLastWebPreferences: () => object }).getLastWebPreferences() }
    })
    expect(preferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
    })
    const named = Object.entries(preferences).filter(([, value]) => value === true || (typeof value === 'string' && value !== ''))
    for (const name of ['nodeIntegrationInWorker', 'enableBlinkFeatures', 'allowFileAccessFromFileUrls']) {
      expect(named.map(([key]) => key)).not.toContain(name)
    }
  })
})

describe('5: permissions', () => {
  it('are all denied', async () => {
    const names = [
      'geolocation',
      'notifications',
      'camera',
      'microphone',
      'midi',
      'clipboard-read',
      'persistent-storage',
      'background-sync',
    ]
    const states = await window.page.evaluate(
      (requested) =>
        Promise.all(
          requested.map((name) =>
            navigator.permissions.query({ name: name as PermissionName }).then(
              ({ state }) => state,
              () => 'unknown',
            ),
          ),
        ),
      names,
    )
    expect(states.filter((state) => state === 'granted' || state === 'prompt')).toEqual([])
    const media = await window.page.evaluate(() =>
      navigator.mediaDevices.getDisplayMedia({ video: true }).then(
        () => 'given',
        () => 'refused',
      ),
    )
    expect(media).toBe('refused')
  })
})

describe('7: the content security policy', () => {
  it('lists the allowed sources and allows nothing inline', async () => {
    const policy = await window.app.evaluate(async ({ net }) => {
      const answer = await (net as unknown as { fetch: (url: string) => Promise<Response> }).fetch('app://headroom/')
      return answer.headers.get('content-security-policy') ?? ''
    })
    const rules = Object.fromEntries(policy.split('; ').map((rule) => [rule.split(' ')[0], rule.split(' ').slice(1).join(' ')]))
    expect(rules).toEqual({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self'",
      'font-src': "'self'",
      'img-src': "'self' data: blob:",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
    })
  })

  it.each([
    ['an inline script', 'script-src-elem', '<script>globalThis.intruder = true</script>'],
    ['a script in an attribute', 'script-src-attr', '<img src="data:image/png;base64,broken" onerror="globalThis.intruder = true">'],
    ['a script as an address', 'script-src-elem', '<a href="javascript:globalThis.intruder = true">x</a>'],
    ['a script as data', 'script-src-elem', '<script src="data:text/javascript,globalThis.intruder = true"></script>'],
    ['a style', 'style-src-elem', '<style>body { display: none }</style>'],
  ])('blocks %s', async (_, directive, markup) => {
    const violated = await window.page.evaluate(
      (html) =>
        new Promise<string>((done) => {
          setTimeout(() => done('nothing was blocked'), 3000)
          document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => done(effectiveDirective), { once: true })
          const template = document.createElement('template')
          template.innerHTML = `<div id="bait">${html}</div>`
          const testElement = template.content.firstElementChild!
          // Scripts parsed in a template do not run, so they are created again.
          for (const parsed of testElement.querySelectorAll('script')) {
            const script = document.createElement('script')
            if (parsed.src !== '') script.src = parsed.src
            script.textContent = parsed.textContent
            parsed.replaceWith(script)
          }
          document.body.append(testElement)
          testElement.querySelector('a')?.click()
        }),
      markup,
    )
    await window.page.evaluate(() => document.querySelector('#bait')?.remove())
    expect(violated).toBe(directive)
    expect(await window.page.evaluate(() => 'intruder' in globalThis)).toBe(false)
  })
})

describe('13, 14: no navigation, no new windows, no downloads', () => {
  it.each([
    ['a link', (url: string) => `<a href="${url}">x</a>`],
    ['a link to a new window', (url: string) => `<a href="${url}" target="_blank">x</a>`],
    ['a download', (url: string) => `<a href="${url}" download="gift.txt">x</a>`],
    ['a file', () => '<a href="file:///etc/passwd">x</a>'],
    ['data as a download', () => '<a href="data:text/plain,gift" download="gift.txt">x</a>'],
  ])('%s', async (_, html) => {
    const before = foreignRequests
    await window.page.evaluate((markup) => {
      document.body.insertAdjacentHTML('beforeend', `<div id="bait">${markup}</div>`)
      document.querySelector<HTMLElement>('#bait a')!.click()
      document.querySelector('#bait')!.remove()
    }, html(address))
    await window.page.waitForTimeout(300)
    expect(window.page.url()).toBe('app://headroom/')
    expect(window.app.windows()).toHaveLength(1)
    expect(foreignRequests).toBe(before)
    expect((await readdir(folder, { recursive: true })).filter((name) => name.endsWith('gift.txt'))).toEqual([])
  })
})

describe('17, 20: the bridge', () => {
  it('exposes three functions and nothing of Electron', async () => {
    const shape = await window.page.evaluate(() => {
      const { headroom } = globalThis as unknown as { headroom: Record<string, unknown> }
      return Object.entries(headroom).map(([name, value]) => `${name} ${typeof value}`)
    })
    expect(shape.sort()).toEqual(['onPush function', 'pathOf function', 'request function'])
  })

  it('is absent in a frame inside the page', async () => {
    const inside = await window.page.evaluate(() => {
      const frame = document.createElement('iframe')
      document.body.append(frame)
      return 'headroom' in (frame.contentWindow as unknown as object)
    })
    expect(inside).toBe(false)
  })
})

describe('18: the app’s own scheme', () => {
  const statusOf = (url: string): Promise<number> =>
    window.app.evaluate(
      ({ net }, requested) =>
        (net as unknown as { fetch: (url: string) => Promise<Response> }).fetch(requested).then(
          (answer) => answer.status,
          () => 0,
        ),
      url,
    )

  it('serves the page', async () => expect(await statusOf('app://headroom/index.html')).toBe(200))

  it.each([
    'app://headroom/../package.json',
    'app://headroom/..%2f..%2fpackage.json',
    'app://headroom/%2e%2e/main/index.cjs',
    'app://headroom/..%5c..%5cpackage.json',
    'app://headroom//etc/passwd',
    'app://other/index.html',
    'app://headroom/%',
    'app://headroom/%00index.html',
  ])('%s is not found', async (url) => {
    expect([404, 0]).toContain(await statusOf(url))
  })
})
