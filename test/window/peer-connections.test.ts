// Peer connections and names: the page reaches no listener by UDP, and resolves nothing.
import { createSocket, type Socket } from 'node:dgram'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchApp, type LaunchedApp } from './launch-app.ts'

let window: LaunchedApp
let listener: Socket
let received = 0
beforeAll(async () => {
  window = await launchApp({})
  listener = createSocket('udp4').on('message', () => (received += 1))
  await new Promise<void>((ready) => void listener.bind(0, '127.0.0.1', ready))
})
afterAll(async () => {
  listener.close()
  await window.close()
})

/** Packets that arrive while the page asks the listener as a STUN server. */
const packetsAfterStun = async (): Promise<number> => {
  received = 0
  await window.page.evaluate(async (port) => {
    const connection = new RTCPeerConnection({ iceServers: [{ urls: `stun:127.0.0.1:${port}` }] })
    connection.createDataChannel('out')
    await connection.setLocalDescription(await connection.createOffer())
    await new Promise((done) => setTimeout(done, 1500))
    connection.close()
  }, listener.address().port)
  return received
}

it('a peer connection sends nothing; without the policy it would', async () => {
  expect(await packetsAfterStun()).toBe(0)
  const setPolicy = (policy: 'default' | 'disable_non_proxied_udp') =>
    window.app.evaluate(
      ({ webContents }, chosen) => webContents.getAllWebContents().forEach((contents) => contents.setWebRTCIPHandlingPolicy(chosen)),
      policy,
    )
  await setPolicy('default')
  expect(await packetsAfterStun()).toBeGreaterThan(0)
  await setPolicy('disable_non_proxied_udp')
})

it('no name is resolved', async () => {
  const resolved = await window.app.evaluate(({ session }) =>
    session.defaultSession.resolveHost('headroom-test.example').then(
      () => 'resolved',
      (error: unknown) => String(error),
    ),
  )
  expect(resolved).toMatch(/ERR_NAME_NOT_RESOLVED/)
  expect(await window.app.evaluate(({ app }) => app.commandLine.getSwitchValue('host-resolver-rules'))).toContain('MAP * ~NOTFOUND')
})
