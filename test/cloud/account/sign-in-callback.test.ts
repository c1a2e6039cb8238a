// The address that the browser returns to: any program on this machine may send it anything, and only the expected answer counts.
import { connect as connectSocket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { callbackPath, listenForCallback, type SignInCallback } from '../../../src-main/cloud/account/sign-in-callback.ts'

let callback: SignInCallback
beforeEach(async () => {
  callback = await listenForCallback('right', 60_000)
})
afterEach(() => callback.close())

/** What the server answers to raw bytes. */
const send = (bytes: string | Buffer): Promise<string> =>
  new Promise((answered) => {
    let answer = ''
    const socket = connectSocket(Number(new URL(callback.redirectUri).port), '127.0.0.1', () => socket.end(bytes))
    socket.on('data', (piece) => (answer += String(piece)))
    socket.on('error', () => answered(answer)).on('close', () => answered(answer))
  })

const hostileTargets = [
  '//',
  '///x',
  '//[',
  'http://[',
  '*',
  '',
  ' ',
  '/%',
  '/%zz',
  '/\\',
  '/?state=%E0%A4%A',
  `/${'a'.repeat(60_000)}`,
  '/\u0000',
]

test.each(hostileTargets.map((target) => [target.slice(0, 20), target]))('%j does not end it', async (_, target) => {
  for (const method of ['GET', 'POST', 'OPTIONS', 'CONNECT', 'BREW']) await send(`${method} ${target} HTTP/1.1\r\nHost: x\r\n\r\n`)
  await send(Buffer.from([22, 3, 1, 0, 200, 1, 0]))
  const wrong = await fetch(`http://127.0.0.1:${new URL(callback.redirectUri).port}${callbackPath}?state=wrong&code=stolen`)
  expect(wrong.status).toBe(404)
  expect((await fetch(`${callback.redirectUri}?state=right&code=expected`)).status).toBe(200)
  expect(await callback.code).toBe('expected')
})

test('a later answer changes nothing, and an empty code is a refusal', async () => {
  await fetch(`${callback.redirectUri}?state=right&code=`)
  await fetch(`${callback.redirectUri}?state=right&code=late`)
  await expect(callback.code).rejects.toMatchObject({ code: 'cloud-sign-in', message: 'The sign-in was refused in the browser.' })
})
