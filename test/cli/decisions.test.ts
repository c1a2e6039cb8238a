// Decisions and histories of the command line, on a folder and in S3.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { seriesRows, times } from '../fixtures/forecast-rows.ts'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'
import { defaultChecksum, storeObject } from '../simulator/s3-objects.ts'
import { bucketName, openCloudCliWorkspace, type CloudCliWorkspace } from '../fixtures/cloud-cli-workspace.ts'

let workspace: CloudCliWorkspace
beforeAll(async () => {
  workspace = await openCloudCliWorkspace()
  await mkdir(join(workspace.folder, 'runs'))
})
afterAll(() => workspace.close())

const put = (key: string, body: Buffer): void =>
  void storeObject(workspace.simulator.account.buckets.get(bucketName)!, key, body, defaultChecksum(body), new Date())

const web = ['--server', 'web', '--recommendation', 'retire']

test('a decision is added, listed, and merged into S3 with the one that another planner made there', async () => {
  const { headroom } = workspace
  expect(await headroom('decisions', 'runs')).toMatchObject({ code: 0, stdout: 'Nothing is decided yet.\n' })
  const added = await headroom('decisions', 'add', 'runs', ...web, '--decision', 'accepted', '--by', 'ada', '--until', '2027-01-15')
  expect(added).toMatchObject({ code: 0, stdout: `retire web: accepted. Added to ${join(workspace.folder, 'runs', 'decisions.jsonl')}.\n` })
  const s3 = `s3://${bucketName}/runs`
  const there = ['--decision', 'dismissed', '--reason', 'spare', '--by', 'ben', '--json']
  expect((await headroom('decisions', 'add', s3, ...web, ...there)).code).toBe(0)
  expect((await headroom('decisions', 'merge', s3, 'runs')).stdout).toBe(`1 decision added to ${s3}/decisions.jsonl.\n`)
  const text = (await headroom('decisions', 'list', `${s3}/`)).stdout.replaceAll(/\s+/g, ' ')
  expect(text).toMatch(/ web retire dismissed \(conflict\) ben \d{4}-\d\d-\d\d spare /)
  expect(text).toMatch(/Planners differ on retire web: Accepted until 2027-01-15 by ada on .*, dismissed by ben on /)
})

test('what planners write stays on its line in a list', async () => {
  const { headroom } = workspace
  const file = 'lines.jsonl'
  const added = await headroom(
    'decisions',
    'add',
    file,
    '--server',
    'a\nweb retire accepted',
    '--recommendation',
    'retire',
    '--decision',
    'dismissed',
    '--reason',
    'x\ny\u001B[2J',
    '--by',
    'ada\nben',
  )
  const { stdout } = await headroom('decisions', 'list', file)
  expect(stdout.trimEnd().split('\n')).toHaveLength(3)
  expect(added.stdout.trimEnd().split('\n')).toHaveLength(1)
  expect(stdout + added.stdout).not.toContain('\u001B')
})

test('what makes no sense is refused with a sentence', async () => {
  const { headroom } = workspace
  const decide = (...args: string[]) => headroom('decisions', 'add', 'runs', ...web, ...args)
  expect(await decide('--decision', 'dismissed')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^Error: A dismissal needs a reason\.\n/),
  })
  expect((await decide('--decision', 'accepted', '--until', '2027-02-30')).stderr).toContain('A day such as 2027-01-15 is needed.')
  expect((await headroom('decisions', 'list', 'none')).stderr).toMatch(/^Error: none is no folder\.\n/)
  await writeFile(join(workspace.folder, 'others.jsonl'), 'no decision\n')
  expect(await headroom('decisions', 'others.jsonl')).toMatchObject({
    stderr: expect.stringMatching(/^Note: Line 1 of .*others\.jsonl is no decision and does not count\.\n$/),
  })
  expect(await headroom('decisions', 'merge', 'runs', 'others.jsonl')).toMatchObject({
    stdout: expect.stringMatching(/^0 decisions added to /),
    stderr: 'Note: 1 line of others.jsonl holds no decision; line 1 is the first.\n',
  })
})

test('a history in S3 is read with its decisions; runs that are here already are not downloaded again', async () => {
  const { headroom, simulator } = workspace
  const forecasts = await ForecastWorkspace.open()
  try {
    for (const [name, days] of [
      ['may', 20],
      ['june', 24],
    ] as const) {
      const rows = seriesRows({ server: 'web', actual: times(days, 90), horizon: times(4, 90) })
      const { folder } = await forecasts.analyse(await forecasts.writeForecasts(`${name}.parquet`, rows))
      for (const file of Object.values(runFiles)) put(`fleet/${name}/${file}`, await readFile(join(folder, file)))
    }
  } finally {
    await forecasts.close()
  }
  put('fleet/july/manifest.json', Buffer.from('{}'))
  const s3 = `s3://${bucketName}/fleet`
  await headroom('decisions', 'add', s3, '--server', 'web', '--recommendation', 'add capacity', '--decision', 'accepted')
  const first = await headroom('history', s3, '--json', '--download', 'copy')
  expect(first).toMatchObject({ code: 0, stderr: expect.stringMatching(/^Note: july does not count: /) })
  const history = JSON.parse(first.stdout) as {
    readonly folder: string
    readonly runs: readonly { readonly folder: string }[]
    readonly follow_up: object
  }
  expect(history).toMatchObject({ folder: s3, follow_up: { accepted: 1 } })
  expect(history.runs.map(({ folder }) => folder)).toEqual(['may', 'june'])
  const before = simulator.requests.length
  expect((await headroom('history', s3, '--json', '--download', 'copy')).stdout).toBe(first.stdout)
  const downloads = simulator.requests.map(({ url }) => /fleet\/(may|june)\//.test(url))
  expect(downloads.indexOf(true)).toBeGreaterThan(-1)
  expect(downloads.lastIndexOf(true)).toBeLessThan(before)
  expect(await headroom('history', `s3://${bucketName}/none/`)).toMatchObject({ stderr: expect.stringMatching(/holds no run\.\n/) })
  const left = async (): Promise<string[]> => (await readdir(workspace.temporary)).filter((name) => name.startsWith('headroom-'))
  const local = await headroom('export', 'copy', '--format', 'pack', '--out', 'copy.html', '--author', 'ada', '--title', 'fleet')
  expect(local.code).toBe(0)
  expect(await headroom('export', s3, '--format', 'pack', '--out', 'fleet.html', '--author', 'ada')).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^Note: july does not count: .*\nPack: .*fleet\.html\n$/),
  })
  const [direct, copied] = await Promise.all(['fleet.html', 'copy.html'].map((name) => readFile(join(workspace.folder, name), 'utf8')))
  expect(direct).toBe(copied)
  expect(await left()).toEqual([])
  expect(await headroom('export', `${s3}/may`, '--format', 'html')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/only a whole history/),
  })
  const add = (server: string) =>
    headroom('decisions', 'add', 'copy', '--server', server, '--recommendation', 'retire', '--decision', 'accepted')
  expect([(await add('web')).stderr, (await add('wbe')).stderr]).toEqual([
    'Note: The latest run does not recommend retire for web, but add capacity.\n',
    'Note: The latest run has no server wbe.\n',
  ])
  const order = ['--server', 'web', '--recommendation', 'add capacity', '--decision', 'accepted', '--json']
  const ordered = await headroom('decisions', 'add', 'copy', ...order)
  expect(ordered.stderr).toBe('')
  // What the run states when it is decided.
  expect((JSON.parse(ordered.stdout) as { readonly decision: { readonly probability: number } }).decision.probability).toBeGreaterThan(0.9)
})

test('a dismissal whose date has passed is listed as one that was', async () => {
  const { headroom } = workspace
  await headroom(
    'decisions',
    'add',
    'ended.jsonl',
    ...web,
    '--decision',
    'dismissed',
    '--reason',
    'x',
    '--until',
    '2026-03-01',
    '--by',
    'ada',
  )
  const list = async (asOf: string): Promise<string> =>
    (await headroom('decisions', 'list', 'ended.jsonl', '--as-of', asOf)).stdout.replaceAll(/\s+/g, ' ')
  expect([await list('2026-02-28'), await list('2026-03-01')]).toEqual([
    expect.stringContaining(' web retire dismissed 2026-03-01 ada '),
    expect.stringContaining(' web retire was dismissed 2026-03-01 ada '),
  ])
  expect(await headroom('decisions', 'list', 'ended.jsonl', '--as-of', '2026-02-30')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('A day such as 2027-01-15 is needed.'),
  })
})
