// What the page may name: files that the user chose, dropped or named at the start; for anything else the main process asks first.
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { GrantedPaths, pathsOf, requireGrants, type PathPurpose } from '../../../src-main/shell/ipc/granted-paths.ts'
import type { WindowHandlers } from '../../../src-main/shell/ipc/serve-channels.ts'
import { StartRequests } from '../../../src-main/shell/window/start-requests.ts'
import { emptyLaunchForm } from '../../../src-shared/ipc/cloud-contract.ts'
import { windowChannels, type WindowChannel } from '../../../src-shared/ipc/ipc-contract.ts'
import type { HeadroomError } from '../../../src-shared/run/errors.ts'
import { validRequests } from '../../fixtures/valid-requests.ts'

let asked: [PathPurpose, readonly string[]][]
let answer: boolean
let recent: string[]
let granted: GrantedPaths
beforeEach(() => {
  asked = []
  answer = false
  recent = []
  granted = new GrantedPaths(['/home/ann/headroom/runs'], {
    ask: async (purpose, paths) => {
      asked.push([purpose, paths])
      return answer
    },
    recentFolders: async () => recent,
  })
})

const refused = { code: 'cancelled' }

test('nothing is granted at first, and the question names the path', async () => {
  await expect(granted.require(['/etc/passwd'])).rejects.toMatchObject({ ...refused, message: '/etc/passwd was not opened.' })
  expect(asked).toEqual([['open', ['/etc/passwd']]])
})

test('a chosen folder holds what is inside, and nothing next to or above it', async () => {
  granted.add('/data/fleet')
  await granted.require(['/data/fleet', '/data/fleet/part-1.parquet', '/data/fleet/./a/b'])
  expect(asked).toEqual([])
  for (const path of ['/data', '/data/fleet2', '/data/fleet/../other', '/data/fleet.servers.csv', '//host/share'])
    await expect(granted.require([path])).rejects.toMatchObject(refused)
})

test('the application’s runs and runs that were opened before are opened without a question, and not uploaded', async () => {
  recent = ['/data/run']
  const paths = ['/home/ann/headroom/runs/fleet', '/data/run', join('/data/run', 'server_risk.parquet')]
  await granted.require(paths)
  expect(asked).toEqual([])
  await expect(granted.require(paths, 'upload')).rejects.toMatchObject(refused)
  expect(asked).toEqual([['upload', paths]])
})

test('an answer counts for its purpose, and two requests for one path ask once', async () => {
  answer = true
  await Promise.all([granted.require(['/data/a']), granted.require(['/data/a', '/data/b'])])
  expect(asked).toEqual([
    ['open', ['/data/a']],
    ['open', ['/data/b']],
  ])
  answer = false
  await expect(granted.require(['/data/a'], 'upload')).rejects.toMatchObject(refused)
})

test('a path that the command line names is granted, one of a link is not', async () => {
  const requests = new StartRequests(
    { kind: 'path', path: '/data/fleet.parquet' },
    () => undefined,
    (path) => granted.add(path),
  )
  expect(requests.first).toEqual({ kind: 'path', path: '/data/fleet.parquet' })
  expect(await granted.holds(['/data/fleet.parquet'])).toBe(true)
  const link = { path: '/data/linked', view: 'overview' } as never
  expect(
    new StartRequests(
      { kind: 'link', link },
      () => undefined,
      (path) => granted.add(path),
    ).first.kind,
  ).toBe('link')
  expect(await granted.holds(['/data/linked'])).toBe(false)
})

/** Every text of a request that is an absolute path. */
const absolutePaths = (value: unknown): string[] => {
  if (typeof value === 'string') return value.startsWith('/') ? [value] : []
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(absolutePaths) : []
}

const withoutReading: ReadonlySet<WindowChannel> = new Set(['recent.remove', 'cloud.save-form', 'cloud.import-config'])

test.each(windowChannels.filter((channel) => !withoutReading.has(channel)))('%s reaches no path that was not granted', async (channel) => {
  const reached: string[] = []
  const handlers = Object.fromEntries(
    windowChannels.map((name) => [name, async () => void reached.push(name)]),
  ) as unknown as WindowHandlers
  const form = { ...emptyLaunchForm, input: '/a', serversTable: ' /b ', eventsTable: '/c', configFile: '/d', projectFolder: '/e' }
  const request = channel === 'cloud.preflight' || channel === 'cloud.launch' ? form : validRequests[channel]
  expect(pathsOf(channel, request as never).sort()).toEqual(
    absolutePaths(request)
      .map((path) => path.trim())
      .concat(channel.startsWith('cloud.') && 'serversTable' in request ? ['/b'] : [])
      .sort(),
  )
  const paths = pathsOf(channel, request as never)
  const serve = requireGrants(granted, handlers)[channel]
  const outcome = await serve(request as never).then(
    () => 'served',
    (error: unknown) => (error as HeadroomError).code,
  )
  expect(outcome).toBe(paths.length === 0 ? 'served' : 'cancelled')
  expect(reached).toEqual(paths.length === 0 ? [channel] : [])
})

test('forecasts in S3 need no grant', () => {
  expect(pathsOf('cloud.launch', { ...emptyLaunchForm, input: 's3://bucket/fleet/' })).toEqual([])
})
