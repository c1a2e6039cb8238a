// Mail of a cycle against a real SMTP server on loopback: encrypted, signed in, with the report, once for each recipient; a webhook through a proxy.
import { readdir, readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { MailOutput } from '../../src-main/cycle/cycle-plan.ts'
import { sendMail } from '../../src-main/cycle/mail.ts'
import { seriesRows, times } from '../fixtures/forecast-rows.ts'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'
import { proxyCertificate, startInterceptingProxy, type InterceptingProxy } from '../fixtures/intercepting-proxy.ts'
import { startHeadroom } from '../fixtures/run-headroom.ts'

interface Received {
  readonly to: string
  readonly user: string | undefined
  readonly isEncrypted: boolean
  readonly text: string
}

let received: Received[] = []
/** Answer to mail for this address, as an SMTP code. */
const refusals = new Map<string, number>()
const servers: SMTPServer[] = []
let connections = 0

const startServer = async (options: SMTPServerOptions): Promise<number> => {
  const server = new SMTPServer({
    authOptional: true,
    ...options,
    onConnect: (_session, done) => {
      connections++
      done()
    },
    onAuth: ({ username, password }, _session, done) =>
      password === 'hidden-word' ? done(null, { user: username }) : done(new Error('Invalid user or password')),
    onRcptTo: ({ address }, _session, done) => {
      const responseCode = refusals.get(address)
      done(responseCode === undefined ? null : Object.assign(new Error('Refused'), { responseCode }))
    },
    onData: (stream, { envelope, user, secure }, done) => {
      let text = ''
      stream.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
      stream.on('end', () => {
        received.push({ to: envelope.rcptTo[0]!.address, user: user as string | undefined, isEncrypted: secure, text })
        done()
      })
    },
  })
  servers.push(server)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return (server.server.address() as AddressInfo).port
}

let workspace: ForecastWorkspace
let hooks: Server
let proxy: InterceptingProxy
/** Addresses that the receiver of messages was asked for. */
const hooked: string[] = []
let encrypted: number
let plain: number

beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  const [key, cert] = await Promise.all([readFile(proxyCertificate.replace('.cert.', '.key.')), readFile(proxyCertificate)])
  encrypted = await startServer({ key, cert })
  hooks = createServer((request, response) => {
    hooked.push(request.url!)
    request.resume().on('end', () => response.end())
  })
  await new Promise<void>((resolve) => void hooks.listen(0, '127.0.0.1', resolve))
  proxy = await startInterceptingProxy(`http://127.0.0.1:${(hooks.address() as AddressInfo).port}`)
  plain = await startServer({ disabledCommands: ['STARTTLS', 'AUTH'] })
})
afterAll(async () => {
  for (const server of servers) server.close()
  proxy.close()
  hooks.close()
  await workspace.close()
})
beforeEach(() => {
  received = []
  connections = 0
  refusals.clear()
})

test('a cycle sends the report to each recipient once, signed in and encrypted; a refused one is tried again alone', async () => {
  await workspace.writeForecasts('f.parquet', seriesRows({ server: 'web', actual: times(20, 90), horizon: times(4, 90) }))
  const plan = await workspace.writeText(
    'plan.yaml',
    `name: Payments
history: runs
inputs: [f.parquet]
outputs:
  - kind: mail
    host: localhost
    port: ${encrypted}
    user: planner
    password: \${SMTP_PASSWORD}
    from: headroom@bank.example
    to: [ada@bank.example, ben@bank.example]
  - { kind: webhook, service: slack, url: 'https://localhost/hook/\${HOOK_KEY}?sig=a%2Fb' }
`,
  )
  const cycle = () =>
    startHeadroom(['cycle', plan], {
      env: { SMTP_PASSWORD: 'hidden-word', HOOK_KEY: 'hidden-key', NODE_EXTRA_CA_CERTS: proxyCertificate, HTTPS_PROXY: proxy.url },
    }).result
  refusals.set('ben@bank.example', 550)
  const first = await cycle()
  expect(first.stdout).toContain('done: mail to ada@bank.example by localhost\nfailed: mail to ben@bank.example by localhost')
  expect(first).toMatchObject({ code: 1, stderr: expect.stringContaining(`Error: localhost:${encrypted} answers 550.`) })
  expect(received).toMatchObject([{ to: 'ada@bank.example', user: 'planner', isEncrypted: true }])
  const { text } = received[0]!
  expect(text).toMatch(/^Subject: Payments: 1 of 1 server at risk by 2026-01-24$/m)
  expect(text).toMatch(/^Message-ID:\s+<\w{8}-[\w-]+@bank\.example>$/im)
  const [, attached] = /filename=[\w.-]+\.html\r\n\r\n([\w+/=\r\n]+)/.exec(text)!
  expect(Buffer.from(attached!, 'base64').toString()).toMatch(/^<!doctype html>[^]*web[^]*<\/html>\s*$/i)

  refusals.clear()
  received = []
  expect(await cycle()).toMatchObject({ code: 0 })
  expect(await cycle()).toMatchObject({ code: 0, stdout: expect.stringContaining('done before: mail to ben@bank.example') })
  expect(received.map(({ to }) => to)).toEqual(['ben@bank.example'])

  // The webhook goes through the proxy, the mail does not.
  expect(hooked).toEqual(['/hook/hidden-key?sig=a%2Fb'])
  expect(proxy.tunnels).toEqual(['localhost:443'])

  // Neither secret is in the plan, the runs, the state or the outputs, nor in what was printed.
  const entries = await readdir(workspace.folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  expect(files.length).toBeGreaterThan(12)
  for (const { parentPath, name } of files) {
    const bytes = await readFile(join(parentPath, name))
    for (const secret of ['hidden-word', 'hidden-key']) expect([name, bytes.includes(secret)]).toEqual([name, false])
  }
  expect(first.stdout + first.stderr).not.toMatch(/hidden-word|hidden-key/)
})

describe('one mail', () => {
  const message = { title: 'Fleet', lines: ['1 new'], id: 'run-1' }
  const send = (changes: Partial<MailOutput>, password = 'hidden-word', signal?: AbortSignal): Promise<void> => {
    const base = { kind: 'mail', host: '127.0.0.1', from: 'a@bank.example', to: 'b@bank.example', attach: 'none', when: 'always' } as const
    return sendMail({ ...base, port: plain, security: 'none', ...changes }, password, message, null, { pauseMs: 1, signal })
  }

  test('goes through a relay that asks for no sign-in, where the plan says so', async () => {
    await send({})
    expect(received).toMatchObject([
      { to: 'b@bank.example', user: undefined, isEncrypted: false, text: expect.stringMatching(/\r\n\r\n1 new\r\n$/) },
    ])
  })

  test.each([
    ['a server that cannot encrypt', () => send({ security: 'starttls' }), / offers no encryption that can be trusted\.$/],
    [
      'a certificate that nobody trusts',
      () => send({ security: 'starttls', port: encrypted }),
      / offers no encryption that can be trusted\.$/,
    ],
  ])('is not sent to %s', async (_title, act, message_) => {
    await expect(act()).rejects.toMatchObject({ code: 'delivery-failed', message: expect.stringMatching(message_) })
    expect(received).toEqual([])
    expect(connections).toBe(1)
  })

  test('is tried three times where the server is busy', async () => {
    refusals.set('b@bank.example', 451)
    await expect(send({})).rejects.toMatchObject({ message: `127.0.0.1:${plain} answers 451.` })
    expect(connections).toBe(3)
  })

  test('ends in a sentence where nobody listens', async () => {
    const gone = await startServer({ disabledCommands: ['STARTTLS'] })
    await new Promise<void>((resolve) => servers.pop()!.close(resolve))
    await expect(send({ port: gone })).rejects.toMatchObject({ message: `127.0.0.1:${gone} cannot be reached (ECONNREFUSED).` })
  })

  test('is not sent after a cancel', async () => {
    await expect(send({}, '', AbortSignal.abort())).rejects.toThrow('aborted')
    expect(received).toEqual([])
  })
})
