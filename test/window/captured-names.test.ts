// The resolver of the system is replaced by a listener: it hears of no name, whatever the page tries.
import { execFileSync } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchApp, type LaunchedApp } from './launch-app.ts'

/** Port 53 and a mount namespace, in which the system asks the listener, need root on Linux. */
const mayCapture = (): boolean => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const resolver = '127.0.0.77'

describe.skipIf(!mayCapture())('with a captured resolver (needs root on Linux)', () => {
  let folder: string
  let window: LaunchedApp
  let listener: Socket
  const asked: string[] = []
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'headroom-names-'))
    listener = createSocket('udp4').on('message', (query) => asked.push(questionIn(query)))
    await new Promise<void>((ready) => void listener.bind(53, resolver, ready))
    const configuration = join(folder, 'resolv.conf')
    await writeFile(configuration, `nameserver ${resolver}\noptions timeout:1 attempts:1\n`)
    const executable = join(folder, 'electron')
    const electron = process.env['HEADROOM_TEST_ELECTRON'] ?? ''
    await writeFile(
      executable,
      `#!/bin/sh\nexec unshare -m sh -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' '${configuration}' '${electron}' "$@"\n`,
    )
    await chmod(executable, 0o755)
    window = await launchApp({ executable })
  })
  afterAll(async () => {
    await window.close()
    listener.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('the main process asks the listener, so nothing escapes it', async () => {
    await window.app.evaluate(() =>
      fetch('http://control.example/').then(
        () => undefined,
        () => undefined,
      ),
    )
    await expect.poll(() => asked).toContain('control.example')
  })

  it('no name that the page uses is asked for', async () => {
    asked.length = 0
    await window.page.evaluate(async () => {
      const host = (way: string): string => `${way}.headroom-test.example`
      for (const rel of ['dns-prefetch', 'preconnect', 'prefetch', 'preload', 'stylesheet', 'icon']) {
        document.head.append(Object.assign(document.createElement('link'), { rel, href: `https://${host(rel)}/a.css` }))
      }
      document.body.append(Object.assign(document.createElement('img'), { src: `https://${host('image')}/a.png` }))
      document.body.append(Object.assign(document.createElement('iframe'), { src: `https://${host('frame')}/` }))
      document.body.append(Object.assign(document.createElement('a'), { href: `https://${host('link')}/`, textContent: 'x' }))
      const attempts: (() => unknown)[] = [
        () => fetch(`https://${host('fetch')}/`),
        () => new WebSocket(`wss://${host('socket')}/`),
        () => new EventSource(`https://${host('events')}/`),
        () => navigator.sendBeacon(`https://${host('beacon')}/`, 'x'),
        () => new Worker(`https://${host('worker')}/a.js`),
        () => globalThis.open(`https://${host('window')}/`),
        () => location.assign(`https://${host('location')}/`),
      ]
      for (const attempt of attempts)
        await Promise.resolve()
          .then(attempt)
          .catch(() => undefined)
      const iceServers = [{ urls: [`stun:${host('stun')}:3478`] }, { urls: [`turn:${host('turn')}:3478`], username: 'a', credential: 'b' }]
      const connection = new RTCPeerConnection({ iceServers })
      connection.createDataChannel('out')
      await connection.setLocalDescription(await connection.createOffer())
    })
    await window.app.evaluate(({ session }) => session.defaultSession.resolveHost('session.headroom-test.example').catch(() => undefined))
    await pause(1500)
    expect(asked).toEqual([])
  })
})

/** The name in a query: after the header of 12 bytes, labels with their lengths. */
const questionIn = (query: Buffer): string => {
  const labels: string[] = []
  for (let at = 12; query[at] !== undefined && query[at] !== 0; at += query[at]! + 1)
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!))
  return labels.join('.').toLowerCase()
}
