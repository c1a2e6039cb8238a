// Ways into an account: environment, profiles, roles, MFA, programs, sign-in; through proxies and private certificates; secrets stay in memory.
import { execFileSync } from 'node:child_process'
import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { createServer as createHttp } from 'node:http'
import { connect as connectSocket, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connect, identifyCaller, type ConnectionRequest } from '../../../src-main/cloud/account/connection.ts'
import { defaultDeadlines } from '../../../src-main/cloud/account/http-handler.ts'
import { listProfiles } from '../../../src-main/cloud/account/shared-config.ts'
import { signIn } from '../../../src-main/cloud/account/sign-in.ts'
import { listSsoRoles } from '../../../src-main/cloud/account/sso-accounts.ts'
import { filesBelow } from '../../fixtures/cloud-cli-workspace.ts'
import { failureOf, openCloudWorkspace, simulatedSecrets, workspaceBucket, type CloudWorkspace } from '../../fixtures/cloud-workspace.ts'
import { proxyCertificate, startInterceptingProxy } from '../../fixtures/intercepting-proxy.ts'
import { headroom } from '../../fixtures/run-headroom.ts'
import { rootKey } from '../../simulator/account.ts'
import { issueKey, mfaCode, type IssuedKey } from '../../simulator/identity.ts'

let workspace: CloudWorkspace
const closers: (() => void)[] = []
const home = process.env['HOME']
beforeEach(async () => {
  workspace = await openCloudWorkspace()
  process.env['HOME'] = join(workspace.folder, 'home')
})
afterEach(async () => {
  for (const close of closers.splice(0)) close()
  process.env['HOME'] = home
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'AWS_CA_BUNDLE', 'AWS_PROFILE', 'AWS_ENDPOINT_URL_S3'])
    delete process.env[name]
  await workspace.close()
})

const keysOf = (id: string, secret: string) => `aws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`
const keys = keysOf(rootKey.id, rootKey.secret)
const configure = async (config: string, credentials = `[base]\n${keys}`) => {
  await writeFile(join(workspace.folder, 'config'), config)
  await writeFile(join(workspace.folder, 'credentials'), credentials)
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION']) delete process.env[name]
}
const callerOf = async (request: ConnectionRequest = {}) => {
  const connection = await connect(request)
  closers.push(connection.close)
  return identifyCaller(connection)
}
const planner = 'arn:aws:iam::123456789012:user/planner'

describe('a connection', () => {
  it('uses the environment', async () => {
    expect(await callerOf()).toEqual({ account: '123456789012', arn: planner, region: 'eu-west-1', endpoint: workspace.simulator.endpoint })
  })

  it('uses a profile of the shared files; the list omits sessions and services', async () => {
    await configure(
      '[profile work]\nregion = eu-west-1\n[sso-session corp]\nsso_region = eu-west-1\n[services local]\ns3 =\n  endpoint_url = http://x\n',
      `[work]\n${keys}[other]\n${keys}`,
    )
    expect(await listProfiles()).toEqual(['other', 'work'])
    expect(await callerOf({ profile: 'work' })).toMatchObject({ arn: planner, region: 'eu-west-1' })
    process.env['AWS_PROFILE'] = 'work'
    expect(await callerOf()).toMatchObject({ arn: planner })
    expect(await failureOf(connect({ profile: 'worm' }))).toMatchObject({
      code: 'cloud-sign-in',
      message: 'There is no AWS profile worm (nearest: work).',
    })
  })

  it('prefers keys of the environment to AWS_PROFILE, and a profile that was asked for to both', async () => {
    await configure('[profile work]\nregion = eu-west-1\n[profile other]\nregion = eu-west-1\n', `[other]\n${keys}`)
    process.env['AWS_PROFILE'] = 'work'
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: rootKey.id, AWS_SECRET_ACCESS_KEY: rootKey.secret })
    expect(await callerOf()).toMatchObject({ arn: planner, region: 'eu-west-1' })
    expect(await failureOf(callerOf({ profile: 'work' }))).toMatchObject({ code: 'cloud-sign-in' })
    expect(await callerOf({ profile: 'other' })).toMatchObject({ arn: planner })
  })

  it('reads keys without an expiry again when their file changes, and when AWS says that they expired', async () => {
    const write = async ({ id, secret, token }: IssuedKey) =>
      configure('[profile tool]\nregion = eu-west-1\n', `[tool]\n${keysOf(id, secret)}aws_session_token = ${token}\n`)
    const issue = () => issueKey(workspace.simulator.account, 'arn:aws:sts::123456789012:assumed-role/Planner/me', new Date())
    const first = issue()
    await write(first)
    const connection = await connect({ profile: 'tool' })
    closers.push(connection.close)
    expect((await identifyCaller(connection)).account).toBe('123456789012')
    const second = issue()
    await write(second)
    expect(await connection.s3.config.credentials()).toMatchObject({ accessKeyId: second.id })
    // The same size and time of change, so that only the refusal tells.
    const path = join(workspace.folder, 'credentials')
    const { atime, mtime } = await stat(path)
    const third = issue()
    await write(third)
    await utimes(path, atime, mtime)
    workspace.simulator.account.keys.delete(second.id)
    expect((await identifyCaller(connection)).account).toBe('123456789012')
    expect(await connection.s3.config.credentials()).toMatchObject({ accessKeyId: third.id })
  })

  it('requires a region and reads AWS_DEFAULT_REGION too', async () => {
    await configure('[profile base]\n')
    expect(await failureOf(connect({ profile: 'base' }))).toMatchObject({ code: 'cloud-setup', message: 'The AWS region is missing.' })
    process.env['AWS_DEFAULT_REGION'] = 'eu-west-1'
    expect(await callerOf({ profile: 'base' })).toMatchObject({ region: 'eu-west-1' })
    const refused = { code: 'cloud-setup', message: '"EU West" is no AWS region.', next: 'Name one such as eu-west-1.' }
    expect(await failureOf(connect({ profile: 'base', region: 'EU West' }))).toMatchObject(refused)
  })

  it('assumes a role and asks once for the MFA code of all clients', async () => {
    const role = workspace.simulator.account.roles.get('Planner')!.arn
    await configure(
      `[profile careful]\nregion = eu-west-1\nrole_arn = ${role}\nsource_profile = base\nmfa_serial = arn:aws:iam::123456789012:mfa/phone\nrole_session_name = me\n`,
    )
    let asked = 0
    const connection = await connect({
      profile: 'careful',
      askMfaCode: async (device) => {
        expect(device).toBe('arn:aws:iam::123456789012:mfa/phone')
        asked += 1
        return mfaCode
      },
    })
    closers.push(connection.close)
    expect((await identifyCaller(connection)).arn).toBe('arn:aws:sts::123456789012:assumed-role/Planner/me')
    await connection.s3.config.credentials()
    await connection.logs.config.credentials()
    expect(asked).toBe(1)
    expect(await failureOf(callerOf({ profile: 'careful', askMfaCode: async () => '000000' }))).toMatchObject({
      code: 'cloud-sign-in',
      message: 'The MFA code is wrong, has expired or was used before.',
      next: 'Try again with the next code of your device.',
    })
  })

  it('runs a profile’s program only if allowed', async () => {
    const script = join(workspace.folder, 'credentials.sh')
    await writeFile(script, `#!/bin/sh\necho '{"Version":1,"AccessKeyId":"${rootKey.id}","SecretAccessKey":"${rootKey.secret}"}'\n`, {
      mode: 0o755,
    })
    await configure(
      `[profile tool]\nregion = eu-west-1\ncredential_process = ${script}\n[profile above]\nregion = eu-west-1\nrole_arn = x\nsource_profile = tool\n`,
    )
    for (const profile of ['tool', 'above']) {
      expect(await failureOf(connect({ profile }))).toMatchObject({
        code: 'cloud-process-denied',
        message: expect.stringContaining(script),
      })
    }
    expect(await callerOf({ profile: 'tool', allowsProcess: true })).toMatchObject({ arn: planner })
  })

  it('reports missing credentials', async () => {
    await configure('[default]\nregion = eu-west-1\n', '')
    expect(await failureOf(callerOf())).toMatchObject({ code: 'cloud-sign-in', next: expect.stringContaining('Sign in again') })
  })

  it('uses the endpoint of the service, the environment or the profile', async () => {
    process.env['AWS_ENDPOINT_URL_S3'] = 'http://127.0.0.1:9'
    const split = await connect()
    closers.push(split.close)
    expect([(await split.s3.config.endpoint!()).port, split.endpoint]).toEqual([9, workspace.simulator.endpoint])
    delete process.env['AWS_ENDPOINT_URL_S3']
    const { endpoint } = workspace.simulator
    await configure(
      `[profile local]\nregion = eu-west-1\nendpoint_url = ${endpoint}\nservices = parts\n[services parts]\ns3 =\n  endpoint_url = http://127.0.0.1:9\n`,
      `[local]\n${keys}`,
    )
    delete process.env['AWS_ENDPOINT_URL']
    const local = await connect({ profile: 'local' })
    closers.push(local.close)
    expect([(await local.s3.config.endpoint!()).port, local.endpoint]).toEqual([9, endpoint])
    expect((await identifyCaller(local)).arn).toBe(planner)
  })
})

describe('sign-in', () => {
  const session =
    '[profile sso]\nregion = eu-west-1\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Capacity\n[sso-session corp]\nsso_start_url = https://corp.example/start\nsso_region = eu-west-1\nsso_registration_scopes = sso:account:access\n'
  // SHA-1 of "corp", as `printf corp | sha1sum` prints it.
  const cache = () =>
    join(workspace.folder, 'home', '.aws', 'sso', 'cache', `${execFileSync('sha1sum', { input: 'corp' }).toString().slice(0, 40)}.json`)
  const browse = async (url: string) => void (await fetch(url))
  const shown: string[] = []
  const work = { openPage: browse, showCode: (page: string, code: string) => void shown.push(page, code) }

  it('returns from the browser with a code that requires its verifier', async () => {
    await configure(session)
    expect(await failureOf(callerOf({ profile: 'sso' }))).toMatchObject({ code: 'cloud-sign-in' })
    await signIn('sso', work)
    expect(await callerOf({ profile: 'sso' })).toMatchObject({ arn: expect.stringContaining('AWSReservedSSO_Capacity') })
    expect((await stat(cache())).mode & 0o777).toBe(0o600)
    expect(Object.keys(JSON.parse(await readFile(cache(), 'utf8')) as object).sort()).toEqual([
      'accessToken',
      'clientId',
      'clientSecret',
      'expiresAt',
      'refreshToken',
      'region',
      'registrationExpiresAt',
      'startUrl',
    ])
  })

  it('ignores a response with another state', async () => {
    await configure(session)
    const openWithForgedCallback = async (url: string) => {
      const redirect = new URL(url).searchParams.get('redirect_uri')!
      expect((await fetch(`${redirect}?code=stolen&state=other`)).status).toBe(404)
      await browse(url)
    }
    await signIn('sso', { ...work, openPage: openWithForgedCallback })
    expect(await callerOf({ profile: 'sso' })).toMatchObject({ account: '123456789012' })
  })

  it('uses a device code if no browser opens, and slows down on request', async () => {
    await configure(session)
    workspace.simulator.signIn.asksToSlowDown = true
    const unable = async () => Promise.reject(new Error('no browser'))
    await signIn('sso', { ...work, openPage: unable })
    expect(shown).toEqual([`${workspace.simulator.endpoint}/device`, 'SIMU-LATE'])
    // One second, then six: the interval and five more.
    const asked = workspace.simulator.requestsOf('CreateToken').map(({ status }) => status)
    expect(asked).toEqual([400, 200])
    expect(await callerOf({ profile: 'sso' })).toMatchObject({ account: '123456789012' })
  }, 30_000)

  it('is requested again after the session ends', async () => {
    await configure(session)
    await signIn('sso', work)
    workspace.simulator.signIn.expireAll()
    expect(await failureOf(callerOf({ profile: 'sso' }))).toMatchObject({ code: 'cloud-sign-in' })
  })

  it('asks the portal of the sign-in’s region for a job of another region', async () => {
    const portal = 'portal.sso.eu-central-1.amazonaws.com:443'
    await configure(session.replace('sso_region = eu-west-1', 'sso_region = eu-central-1'))
    await signIn('sso', work)
    const proxy = await startInterceptingProxy(workspace.simulator.endpoint)
    closers.push(proxy.close)
    delete process.env['AWS_ENDPOINT_URL']
    Object.assign(process.env, { HTTPS_PROXY: proxy.url, AWS_CA_BUNDLE: proxyCertificate })
    expect(await callerOf({ profile: 'sso' })).toMatchObject({
      region: 'eu-west-1',
      arn: expect.stringContaining('AWSReservedSSO_Capacity'),
    })
    expect(new Set(proxy.tunnels)).toEqual(new Set([portal, 'sts.eu-west-1.amazonaws.com:443']))
  })

  it('lists accounts and roles page by page, and takes on each of them', async () => {
    await configure(session)
    expect(await failureOf(listSsoRoles('sso'))).toMatchObject({ code: 'cloud-sign-in' })
    await signIn('sso', work)
    workspace.simulator.signIn.accounts = [
      { id: '123456789012', name: 'Capacity', roles: ['Capacity', 'ReadOnly', 'Admin'] },
      { id: '210987654321', name: 'Sandbox', roles: ['ReadOnly'] },
      { id: '333333333333', name: 'Archive', roles: ['ReadOnly'] },
    ]
    const roles = await listSsoRoles('sso')
    expect(roles.map(({ accountName, profile }) => `${accountName}: ${profile}`)).toEqual([
      'Archive: sso@333333333333/ReadOnly',
      'Capacity: sso@123456789012/Admin',
      'Capacity: sso@123456789012/Capacity',
      'Capacity: sso@123456789012/ReadOnly',
      'Sandbox: sso@210987654321/ReadOnly',
    ])
    expect(workspace.simulator.requestsOf('ListAccounts')).toHaveLength(2)
    expect(await callerOf({ profile: roles[4]!.profile })).toEqual({
      account: '210987654321',
      arn: 'arn:aws:sts::210987654321:assumed-role/AWSReservedSSO_ReadOnly/planner',
      region: 'eu-west-1',
      endpoint: workspace.simulator.endpoint,
    })
    expect((await callerOf({ profile: 'sso' })).arn).toContain(':123456789012:assumed-role/AWSReservedSSO_Capacity')
    expect(await failureOf(callerOf({ profile: 'sso@210987654321/Admin' }))).toMatchObject({
      code: 'cloud-sign-in',
      message: 'The sign-in has no access to this account and role.',
    })
    workspace.simulator.signIn.expireAll()
    expect(await failureOf(listSsoRoles('sso'))).toMatchObject({ code: 'cloud-sign-in' })
  })

  it('lists the roles of the older form without a session', async () => {
    await configure(session.replace('sso_session = corp', 'sso_start_url = https://corp.example/start\nsso_region = eu-west-1'))
    await signIn('sso', work)
    expect((await listSsoRoles('sso')).map(({ profile }) => profile)).toEqual(['sso@123456789012/Capacity'])
    expect((await callerOf({ profile: 'sso@123456789012/Capacity' })).account).toBe('123456789012')
    const [home, config, credentials] = ['home', 'config', 'credentials'].map((name) => join(workspace.folder, name))
    const env = { ...workspace.simulator.environment, HOME: home!, AWS_CONFIG_FILE: config!, AWS_SHARED_CREDENTIALS_FILE: credentials! }
    const listed = await headroom(['cloud', 'accounts', '--profile', 'sso'], { env })
    expect(listed.stdout.trimEnd().split('\n').at(-1)).toBe('Capacity  Capacity  sso@123456789012/Capacity')
    await configure(`[profile base]\nregion = eu-west-1\n`)
    expect(await failureOf(callerOf({ profile: 'base@123456789012/Capacity' }))).toMatchObject({
      message: 'The profile base does not sign in through IAM Identity Center.',
    })
  })

  it('requires a profile with Identity Center', async () => {
    await configure('[profile base]\nregion = eu-west-1\n')
    expect(await failureOf(signIn('base', work))).toMatchObject({
      code: 'cloud-sign-in',
      next: expect.stringContaining('aws configure sso'),
    })
  })
})

describe('the network connection', () => {
  const intercept = async (refusal?: number) => {
    const proxy = await startInterceptingProxy(workspace.simulator.endpoint, refusal)
    closers.push(proxy.close)
    return proxy
  }
  const listen = async (server: ReturnType<typeof createHttp>): Promise<number> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => server.close())
    return (server.address() as AddressInfo).port
  }

  it('uses the proxy of the environment, except for excluded hosts', async () => {
    const asked: string[] = []
    const proxy = createHttp()
    proxy.on('connect', ({ url = '' }, socket) => {
      asked.push(url)
      const [host, port] = url.split(':')
      const onward = connectSocket(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        onward.pipe(socket).pipe(onward)
      })
    })
    process.env['HTTP_PROXY'] = `http://127.0.0.1:${await listen(proxy)}`
    await callerOf()
    expect(asked).toEqual([new URL(workspace.simulator.endpoint).host])
    process.env['NO_PROXY'] = '127.0.0.1'
    await callerOf()
    expect(asked).toHaveLength(1)
  })

  it('trusts the given certificates in addition to the built-in ones', async () => {
    const { tlsPort } = await intercept()
    process.env['AWS_ENDPOINT_URL'] = `https://localhost:${tlsPort}`
    expect(await failureOf(callerOf())).toMatchObject({ code: 'cloud-unreachable', next: expect.stringContaining('AWS_CA_BUNDLE') })
    process.env['AWS_CA_BUNDLE'] = proxyCertificate
    expect(await callerOf()).toMatchObject({ arn: planner })
    process.env['AWS_CA_BUNDLE'] = join(workspace.folder, 'none.pem')
    expect(await failureOf(connect())).toMatchObject({ code: 'cloud-setup', next: 'Correct AWS_CA_BUNDLE.' })
  })

  it.skipIf(process.platform === 'win32')('does not wait for certificates from a pipe', async () => {
    const pipe = join(workspace.folder, 'pipe.pem')
    execFileSync('mkfifo', [pipe])
    process.env['AWS_CA_BUNDLE'] = pipe
    expect(await failureOf(connect())).toMatchObject({ code: 'cloud-setup', next: 'Correct AWS_CA_BUNDLE.' })
  })

  it('trusts them inside the tunnel of a proxy that opens TLS connections', async () => {
    const { url, tunnels } = await intercept()
    delete process.env['AWS_ENDPOINT_URL']
    process.env['HTTPS_PROXY'] = url
    expect(await failureOf(callerOf())).toMatchObject({ code: 'cloud-unreachable', next: expect.stringContaining('AWS_CA_BUNDLE') })
    process.env['AWS_CA_BUNDLE'] = proxyCertificate
    expect(await callerOf()).toMatchObject({ arn: planner, endpoint: null })
    expect(new Set(tunnels)).toEqual(new Set(['sts.eu-west-1.amazonaws.com:443']))
  })

  it('names a host that does not answer, and gives up in time', async () => {
    const silent = createHttp(() => undefined)
    process.env['AWS_ENDPOINT_URL'] = `http://127.0.0.1:${await listen(silent)}`
    closers.push(() => silent.closeAllConnections())
    const told: string[] = []
    const deadlines = { connectionMs: 100, silenceMs: 20, answerMs: 100 }
    const startedAt = Date.now()
    expect(await failureOf(callerOf({ deadlines, onSilence: (host) => told.push(host) }))).toMatchObject({ code: 'cloud-unreachable' })
    expect(told).toEqual(['127.0.0.1', '127.0.0.1'])
    expect(Date.now() - startedAt).toBeLessThan(5000)
    // The first word comes within ten seconds, whatever the endpoint swallows.
    expect(Math.max(defaultDeadlines.silenceMs, defaultDeadlines.connectionMs)).toBeLessThan(10_000)
  })

  it('waits longer for the answer to a large upload', async () => {
    const deadlines = { connectionMs: 1000, silenceMs: 20, answerMs: 100 }
    const told: string[] = []
    const connection = await connect({ deadlines, onSilence: (host) => told.push(host) })
    closers.push(connection.close)
    workspace.simulator.faults.add({ kind: 'delay', operation: 'PutObject', milliseconds: 300 })
    await connection.s3.send(new PutObjectCommand({ Bucket: workspaceBucket, Key: 'large', Body: Buffer.alloc(100_000) }))
    expect([told, workspace.simulator.requestsOf('PutObject').length]).toEqual([[], 1])
  })

  it.each([
    [407, 'The proxy requires a sign-in.', 'Put user name and password into HTTPS_PROXY'],
    [502, 'AWS cannot be reached: A proxy between here and AWS failed (HTTP 502).', 'Check network, proxy'],
  ])('says what a proxy means by %i', async (status, message, next) => {
    process.env['HTTPS_PROXY'] = (await intercept(status)).url
    delete process.env['AWS_ENDPOINT_URL']
    expect(await failureOf(callerOf())).toMatchObject({ code: 'cloud-unreachable', message, next: expect.stringContaining(next) })
  })
})

describe('secrets', () => {
  it('are only in files of the AWS CLI, and in no error', async () => {
    const cloudRun = await workspace.launch(workspace.request())
    await mkdir(join(workspace.folder, 'home'), { recursive: true })
    const files = await filesBelow(workspace.folder)
    expect(files.has(join('trips', `${cloudRun.runId}.json`))).toBe(true)
    for (const secret of simulatedSecrets)
      expect([...files].filter(([, content]) => content.includes(secret)).map(([name]) => name)).toEqual([])
    workspace.simulator.account.keys.clear()
    const failure = await failureOf(callerOf())
    expect(simulatedSecrets.filter((secret) => `${failure.message} ${failure.next} ${failure.stack}`.includes(secret))).toEqual([])
  })
})

describe('what is shown of a connection', () => {
  it('names the program of a profile without its arguments', async () => {
    for (const [command, program] of [
      ['/opt/keys --token s3cr3t-token', '/opt/keys'],
      ['"/opt/my keys/get" --password=s3cr3t', '/opt/my keys/get'],
    ] as const) {
      await configure(`[profile tool]\nregion = eu-west-1\ncredential_process = ${command}\n`)
      const failure = await failureOf(connect({ profile: 'tool' }))
      expect(failure.message).toBe(`The profile tool runs a program for its credentials: ${program}.`)
      expect(JSON.stringify(failure)).not.toContain('s3cr3t')
    }
  })

  it('shows an endpoint without its user name, password and query', async () => {
    process.env['AWS_ENDPOINT_URL'] = 'https://ann:s3cr3t@aws.example:8443/path?token=s3cr3t'
    const connection = await connect({ region: 'eu-west-1' })
    closers.push(connection.close)
    expect(connection.endpoint).toBe('https://aws.example:8443/path')
    const failure = await failureOf(identifyCaller(connection))
    expect(JSON.stringify([failure, failure.message])).not.toContain('s3cr3t')
  })
})
