// Cycles of a plan on a small fleet: a new run for new inputs, outputs once each, gates, receivers that are down, two at once.
import { createServer, type Server } from 'node:http'
import { randomUUID } from 'node:crypto'
import { cp, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readCyclePlan, type CyclePlan } from '../../src-main/cycle/cycle-plan.ts'
import { runCycle, type CycleResult } from '../../src-main/cycle/run-cycle.ts'
import { saveDecisions } from '../../src-main/notes/decisions.ts'
import { findRuns } from '../../src-main/queries/history/find-runs.ts'
import { currentOwner } from '../../src-main/run-folder/process-owner.ts'
import { seriesRows, times } from '../fixtures/forecast-rows.ts'
import { ForecastWorkspace, writeSmallPictures } from '../fixtures/forecast-workspace.ts'

interface Post {
  readonly path: string
  readonly id: string
  readonly text: string
}

let workspace: ForecastWorkspace
let sink: Server
let port: number
let posts: Post[] = []
let status = 200
let planNumber = 0

beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  sink = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const { text } = JSON.parse(body) as { text: string }
      posts.push({ path: request.url ?? '', id: String(request.headers['idempotency-key']), text })
      response.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => void sink.listen(0, '127.0.0.1', resolve))
  port = (sink.address() as AddressInfo).port
})
afterAll(async () => {
  sink.close()
  await workspace.close()
})
beforeEach(() => {
  posts = []
  status = 200
})

/** The night's forecasts: 20 + night measured days, then four days at the servers' levels. */
const writeNight = (folder: string, night: number, levels: Readonly<Record<string, number>>): Promise<string> =>
  workspace.writeForecasts(
    `${folder}/forecasts.parquet`,
    Object.entries(levels).flatMap(([server, level]) => seriesRows({ server, actual: times(20 + night, level), horizon: times(4, level) })),
  )

const makePlan = async (changes = ''): Promise<{ readonly folder: string; readonly file: string }> => {
  const folder = `cycle-${++planNumber}`
  await mkdir(join(workspace.folder, folder))
  const file = join(workspace.folder, folder, 'plan.yaml')
  await writeFile(
    file,
    `name: Payments
history: runs
inputs: [forecasts.parquet]
gates: { new_at_risk: 0 }
outputs:
  - { kind: report, format: csv, file: fleet.csv }
  - { kind: tickets, format: servicenow, file: tickets.csv }
  - { kind: metrics, file: headroom.prom }
  - { kind: webhook, service: slack, url: 'http://127.0.0.1:${port}/services/\${SLACK_SECRET}' }
${changes}`,
  )
  return { folder, file }
}

const environment = { SLACK_SECRET: 'hidden' }
/** On a day before the forecasts begin, so that their own day counts. */
const cycle = async (file: string): Promise<CycleResult> =>
  runCycle(await readCyclePlan(file), { environment, retryPauseMs: 1, writePictures: writeSmallPictures, asOf: '2026-01-01' })
const states = ({ outputs }: CycleResult): string[] => outputs.map(({ state }) => state)

describe('a plan', () => {
  let folder: string
  let file: string
  let first: CycleResult
  beforeAll(async () => {
    ;({ folder, file } = await makePlan())
    await writeNight(folder, 0, { web: 90, app: 40 })
    first = await cycle(file)
  })

  test('makes a run, its files and one message', async () => {
    posts = []
    expect(first).toMatchObject({ is_new: true, previous: null, gates: [], removed: [] })
    expect(states(first)).toEqual(['done', 'done', 'done', 'done'])
    expect((await readdir(join(workspace.folder, folder, 'runs'))).filter((name) => !name.startsWith('.'))).toEqual([first.run])
    expect(await readFile(join(workspace.folder, folder, 'tickets.csv'), 'utf8')).toMatch(/Add capacity: web/)
    expect(await readFile(join(workspace.folder, folder, 'headroom.prom'), 'utf8')).toMatch(/^headroom_at_risk_servers\{.*\} 1$/m)
  })

  test('does nothing the second time', async () => {
    const written = (await stat(join(workspace.folder, folder, 'tickets.csv'))).mtimeMs
    const again = await cycle(file)
    expect(again).toMatchObject({ run: first.run, is_new: false })
    expect(states(again)).toEqual(['done before', 'done before', 'done before', 'done before'])
    expect((await stat(join(workspace.folder, folder, 'tickets.csv'))).mtimeMs).toBe(written)
    expect(posts).toEqual([])
  })

  test('tries a receiver that was down again, and nothing else', async () => {
    await writeNight(folder, 1, { web: 90, app: 85 })
    status = 503
    const down = await cycle(file)
    expect(down).toMatchObject({ is_new: true, previous: first.run })
    expect(states(down)).toEqual(['done', 'done', 'done', 'failed'])
    expect(down.outputs[3]!.error).toMatchObject({ code: 'delivery-failed', message: `127.0.0.1:${port} answers 503.` })
    expect(posts).toHaveLength(3)
    status = 200
    const up = await cycle(file)
    expect(up).toMatchObject({ run: down.run, is_new: false })
    expect(states(up)).toEqual(['done before', 'done before', 'done before', 'done'])
    expect(new Set(posts.map(({ id }) => id)).size).toBe(1)
    expect(posts.at(-1)!.path).toBe('/services/hidden')
  })

  test('says what crossed its gate, and what to do first', async () => {
    await writeNight(folder, 2, { web: 90, app: 85, db: 95 })
    const { gates } = await cycle(file)
    expect(gates).toEqual([{ name: 'new_at_risk', limit: 0, value: 1, is_crossed: true }])
    expect(posts).toHaveLength(1)
    expect(posts[0]!.text).toMatch(/^\*Payments: 3 of 3 servers at risk by 2026-01-26\*\n1 new, 0 cleared since /)
    expect(posts[0]!.text).toContain('Gate new_at_risk crossed: 1 server, at most 0 allowed.')
    expect(posts[0]!.text).toMatch(/add capacity (db|web|app)/)
  })

  test('that two start at once is run once', async () => {
    await writeNight(folder, 3, { web: 90, app: 85, db: 95 })
    const results = await Promise.all([cycle(file), cycle(file)])
    expect(results.filter(({ is_new }) => is_new)).toHaveLength(1)
    expect(posts).toHaveLength(1)
  })
})

test('two plans on one history, and settings that change back, use the runs that are there', async () => {
  const { folder, file } = await makePlan()
  await writeNight(folder, 0, { web: 90 })
  const strict = join(workspace.folder, folder, 'strict.yaml')
  await writeFile(strict, (await readFile(file, 'utf8')).replace('name: Payments', 'name: Strict\nsettings: { high_risk_threshold: 85 }'))
  const first = await cycle(file)
  const second = await cycle(strict)
  expect([first.is_new, second.is_new]).toEqual([true, true])
  expect(second.run).not.toBe(first.run)
  // The other plan's run is the later one for the same horizon.
  const again = await cycle(file)
  expect(again).toMatchObject({ run: first.run, is_new: false, previous: null })
  expect(states(again)).toEqual(['done before', 'done before', 'done before', 'done before'])
})

test('a finding with a ticket opens no second one, and a dismissed one is quiet until its date', async () => {
  const { folder, file } = await makePlan()
  const inFolder = (name: string): string => join(workspace.folder, folder, name)
  await writeFile(file, (await readFile(file, 'utf8')).replace('file: tickets.csv', 'file: tickets.csv, states: export.csv'))
  const levels = { web: 90, app: 90, db: 90 }
  const night = async (number: number): Promise<{ readonly note: string | null; readonly servers: readonly string[] }> => {
    await writeNight(folder, number, levels)
    const { outputs } = await cycle(file)
    const tickets = await readFile(inFolder('tickets.csv'), 'utf8')
    return { note: outputs[1]!.note, servers: [...tickets.matchAll(/,Add capacity: (\w+)/g)].map(([, name]) => name!) }
  }
  await writeNight(folder, 0, levels)
  const [, refused] = (await cycle(file)).outputs
  expect(refused!.error).toMatchObject({ code: 'input-not-found', message: `The export of tickets ${inFolder('export.csv')} is no file.` })
  await writeFile(inFolder('export.csv'), 'Correlation ID,Number,State\r\n')
  const first = await night(0)
  expect(first).toEqual({ note: '3 written', servers: expect.arrayContaining(['app', 'db', 'web']) })
  // The import has opened two of the three; one was closed since.
  const ids = new Map(
    (await readFile(inFolder('tickets.csv'), 'utf8')).split('\r\n').map((line) => [/: (\w+)/.exec(line)?.[1], line.split(',')[0]]),
  )
  await writeFile(
    inFolder('export.csv'),
    `Number;State;Correlation ID\r\nINC1;New;${ids.get('web')}\r\nINC2;Closed Complete;${ids.get('app')}\r\n`,
  )
  await saveDecisions(
    (await findRuns(inFolder('runs'))).runs[0]!.folder,
    [{ server_id: 'db', recommendation: 'add capacity', verdict: 'dismissed', reason: 'moves', until: '2026-01-25' }],
    new Date(0),
  )
  // The forecasts begin on 2026-01-22 plus the number of the night.
  expect(await night(1)).toEqual({ note: '0 written; left out: 1 with an open ticket, 1 with a closed one', servers: [] })
  expect(await night(4)).toEqual({ note: '1 written; left out: 1 with an open ticket, 1 with a closed one', servers: ['db'] })
})

test('a cycle that is cancelled says how to go on, and an output inside of a run fails alone', async () => {
  const { folder, file } = await makePlan()
  await writeNight(folder, 0, { web: 90 })
  const plan = await readCyclePlan(file)
  await expect(runCycle(plan, { environment, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' })
  const { run } = await cycle(file)
  const inside = join(plan.history, run, 'manifest.json')
  const { outputs } = await runCycle({ ...plan, outputs: [{ kind: 'metrics', file: inside }] }, { environment })
  expect(outputs).toEqual([
    { output: `metrics ${inside}`, state: 'failed', note: null, error: expect.objectContaining({ code: 'output-not-empty' }) },
  ])
})

test('a plan keeps what it says, and a webhook for gates is silent where none is crossed', async () => {
  const { folder, file } = await makePlan(
    `  - { kind: webhook, service: slack, when: gate, url: 'http://127.0.0.1:${port}/gates' }\nkeep: { latest: 1 }\n`,
  )
  await writeNight(folder, 0, { web: 40 })
  const first = await cycle(file)
  const history = join(workspace.folder, folder, 'runs')
  await cp(join(history, first.run), join(history, 'by-hand'), { recursive: true })
  const manifest = join(history, 'by-hand', 'manifest.json')
  await writeFile(manifest, (await readFile(manifest, 'utf8')).replace(/"start": "2026/, '"start": "2025'))
  await writeNight(folder, 1, { web: 40 })
  const { run, removed, outputs, warning } = await cycle(file)
  expect([removed, warning]).toEqual([[first.run], null])
  expect(outputs.at(-1)!.state).toBe('not due')
  expect(posts.filter(({ path }) => path === '/gates')).toEqual([])
  expect((await readdir(join(workspace.folder, folder, 'runs'))).filter((name) => !name.startsWith('.')).sort()).toEqual([run, 'by-hand'])
})

test('what an analysis left that was killed after its run was whole is swept by the next cycle', async () => {
  const { folder, file } = await makePlan()
  await writeNight(folder, 0, { web: 40 })
  const { run } = await cycle(file)
  const history = join(workspace.folder, folder, 'runs')
  const nonce = randomUUID()
  await mkdir(join(history, `${run}.partial`, `spill-${nonce}`), { recursive: true })
  const owner = { ...currentOwner(nonce), pid: 4_194_303 }
  await writeFile(join(history, `${run}.partial`, `owner-${nonce}.json`), JSON.stringify(owner))
  expect((await cycle(file)).is_new).toBe(false)
  expect((await readdir(history)).filter((name) => name.endsWith('.partial'))).toEqual([])
})

test('a fleet whose servers were all renamed counts as new where the plan says so, and its outputs go out', async () => {
  const { folder, file } = await makePlan('keep: { latest: 1 }\naccept_new_fleet: true\n')
  await writeNight(folder, 0, { web: 40 })
  await cycle(file)
  await writeNight(folder, 1, { 'web.bank.example': 90 })
  const { run, previous, gates, outputs, removed, warning } = await cycle(file)
  expect(previous).not.toBeNull()
  expect(removed).toEqual([])
  expect(warning).toBe(`No server of ${run} is in ${previous}: a history holds the runs of one fleet. No run was removed.`)
  expect(gates).toMatchObject([{ value: 1, is_crossed: true }])
  expect(outputs.map(({ state }) => state)).toEqual(['done', 'done', 'done', 'done'])
})

test('a night of another fleet is refused before anything is written, until the plan accepts it', async () => {
  const { folder, file } = await makePlan()
  const own = Object.fromEntries(times(12, 40).map((level, index) => [`web-${index}`, level]))
  await writeNight(folder, 0, own)
  await cycle(file)
  const history = join(workspace.folder, folder, 'runs')
  const state = async () => [await readdir(history), (await stat(join(workspace.folder, folder, 'tickets.csv'))).mtimeMs, posts.length]
  const before = await state()
  const others = Object.fromEntries(times(12, 90).map((level, index) => [`app-${index}`, level]))
  await writeNight(folder, 1, others)
  await expect(cycle(file)).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringMatching(/^No server of the inputs is in the history .*: a history holds the runs of one fleet\.$/),
    next: expect.stringContaining('accept_new_fleet: true'),
  })
  // One of twelve is hardly any.
  await writeNight(folder, 1, { ...others, 'web-0': 40 })
  await expect(cycle(file)).rejects.toMatchObject({
    message: expect.stringMatching(/^Only 1 of 13 servers of the inputs is in the history/),
  })
  expect(await state()).toEqual(before)
  // Half of the fleet left, and others came.
  await writeNight(folder, 1, { ...others, ...Object.fromEntries(Object.entries(own).slice(0, 6)) })
  expect((await cycle(file)).is_new).toBe(true)
})

test('a run that is damaged stops no later night', async () => {
  const { folder, file } = await makePlan()
  await writeNight(folder, 0, { web: 90 })
  const first = await cycle(file)
  await writeNight(folder, 1, { web: 90 })
  const second = await cycle(file)
  const path = join(workspace.folder, folder, 'runs', second.run, 'server_risk.parquet')
  await writeFile(path, (await readFile(path)).subarray(0, 700))
  await writeNight(folder, 2, { web: 90 })
  expect(await cycle(file)).toMatchObject({ is_new: true, previous: first.run })
})

test('tickets judge by the day on which they are made', async () => {
  const { folder, file } = await makePlan()
  // Measured until 20 January; the order of an unknown server takes 30 days, so its date lies before the forecast.
  await writeFile(join(workspace.folder, folder, 'servers.csv'), 'server_id,lead_time_days\nweb,2\n')
  await writeFile(file, (await readFile(file, 'utf8')).replace('gates:', 'servers: servers.csv\ngates:'))
  const rows = seriesRows({ server: 'web', actual: times(20, 40), horizon: [...times(10, 40), ...times(20, 90)] })
  await workspace.writeForecasts(`${folder}/forecasts.parquet`, rows)
  const tickets = async (asOf: string): Promise<string[]> => {
    const plan = await readCyclePlan(file)
    // Another name, so that the outputs are due again.
    await runCycle({ ...plan, name: asOf }, { environment, retryPauseMs: 1, writePictures: writeSmallPictures, asOf })
    return (await readFile(join(workspace.folder, folder, 'tickets.csv'), 'utf8')).split('\r\n')[1]!.split(',')
  }
  const early = await tickets('2026-01-22')
  const due = early.at(-1)!
  expect(due > '2026-01-22' && due < '2026-02-02').toBe(true)
  expect([early.at(-2), (await tickets(due)).at(-2), (await tickets('2026-02-10')).at(-2)]).toEqual(['3', '3', '2'])
  expect(await readFile(join(workspace.folder, folder, 'tickets.csv'), 'utf8')).toContain('which has passed')
  expect(await readFile(join(workspace.folder, folder, 'headroom.prom'), 'utf8')).toMatch(/^headroom_late_orders 1$/m)
})

describe('a plan is refused', () => {
  const read = async (text: string): Promise<CyclePlan> => readCyclePlan(await workspace.writeText('plan.yaml', text))
  const start = 'name: a\nhistory: runs\ninputs: [f.parquet]\n'
  const mail = 'kind: mail, host: mail.bank.example, from: a@bank.example, to: [b@bank.example]'
  test.each([
    ['a key that is not known', `${start}retain: 3\n`, /^The plan's keys do not include retain\.$/],
    ['no inputs', 'name: a\nhistory: runs\n', /^The plan's inputs must be a list/],
    ['a gate of another name', `${start}gates: { risky: 1 }\n`, /gates has no part risky/],
    [
      'an address without TLS',
      `${start}outputs: [{kind: webhook, service: slack, url: "http://example.com/a"}]\n`,
      /no address that begins with https/,
    ],
    [
      'a host from the environment',
      `${start}outputs: [{kind: webhook, service: teams, url: "https://\${HOST}/a"}]\n`,
      /no address that begins with https/,
    ],
    [
      'a name and password in its address',
      `${start}outputs: [{kind: webhook, service: teams, url: "https://a:b@example.com/a"}]\n`,
      /no address that begins/,
    ],
    [
      'a password written out',
      `${start}outputs: [{${mail}, user: a, password: word}]\n`,
      /^The plan's mail has its password written out\.$/,
    ],
    ['a user without a password', `${start}outputs: [{${mail}, user: a}]\n`, /^The plan's mail has a user without a password/],
    [
      'a password that would travel in the open',
      `${start}outputs: [{${mail}, security: none, user: a, password: "\${P}"}]\n`,
      /^The plan's mail would send its password without encryption/,
    ],
    ['an address that is none', `${start}outputs: [{${mail.replace('b@bank.example', 'b')}}]\n`, /^The plan's outputs.*to/],
  ])('with %s', async (_title, text, message) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'config-invalid', message: expect.stringMatching(message) })
  })

  test('with a setting that JavaScript names its own, by the analysis', async () => {
    expect(Object.keys((await read(`${start}settings: { __proto__: 1 }\n`)).settings)).toEqual(['__proto__'])
  })

  test.each([
    ['forecasts.parquet', 'is a file that it reads'],
    ['servers.csv', 'is a file that it reads'],
    ['plan.yaml', 'is a file that it reads'],
    ['link.csv', 'is a file that it reads'],
    ['runs/.cycle/lock', 'lies among the files of the cycle itself'],
    ['runs/decisions.jsonl', 'lies among the files of the cycle itself'],
    ['fleet.csv', 'is named twice'],
  ])('that would write to %s', async (name, problem) => {
    const { folder, file } = await makePlan(`  - { kind: metrics, file: ${name} }\nservers: servers.csv\n`)
    await writeNight(folder, 0, { web: 40 })
    await workspace.writeText(`${folder}/servers.csv`, 'server_id\nweb\n')
    await symlink('servers.csv', join(workspace.folder, folder, 'link.csv'))
    await expect(cycle(file)).rejects.toMatchObject({
      code: 'config-invalid',
      message: `The plan's output ${join(workspace.folder, folder, name)} ${problem}.`,
    })
    expect(await readdir(join(workspace.folder, folder, 'runs'))).toEqual(['.cycle'])
  })

  test.skipIf(process.platform !== 'linux')('whose history lies where no folder can be made', async () => {
    const { file } = await makePlan()
    await expect(runCycle({ ...(await readCyclePlan(file)), history: '/proc/self/x/y' }, { environment })).rejects.toMatchObject({
      message: 'The history /proc/self/x/y is no folder that can be written.',
    })
  })

  test('whose history is a file', async () => {
    const { file } = await makePlan()
    const plan = await readCyclePlan(file)
    await expect(runCycle({ ...plan, history: file }, { environment })).rejects.toMatchObject({
      code: 'file-not-written',
      message: `The history ${file} is no folder that can be written.`,
    })
  })

  test('whose variable is not set, before anything is analysed', async () => {
    const { file } = await makePlan()
    await expect(runCycle(await readCyclePlan(file), { environment: {} })).rejects.toMatchObject({
      code: 'config-invalid',
      message: "The plan's webhook needs the variable SLACK_SECRET, which is not set.",
    })
  })
})
