// A history of four runs of three servers: counts, lasting risks, and what came of each statement, worked by hand.
import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeHistory } from '../../../src-main/cli/history-command.ts'
import { readHistory } from '../../../src-main/queries/history/read-history.ts'
import type { RunHistory } from '../../../src-shared/ipc/run-history.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { seriesRows, times } from '../../fixtures/forecast-rows.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'

/** Run n measures 10 + 4 n days from 1 January and forecasts four more. The threshold is 80. */
const measured = [10, 14, 18, 22]
const levels: Readonly<Record<string, readonly number[]>> = {
  // Above from the second run on.
  grows: [70, 90, 90, 90],
  // Above in the first run and again in the latest.
  returns: [90, 70, 70, 90],
  calm: [40, 40, 40, 40],
}
/** What came on the days of the first and second run's horizons: the first run missed `grows` and was wrong about `returns`. */
const came: Readonly<Record<string, readonly number[]>> = { grows: [95, 95], returns: [70, 70], calm: [40, 40] }

let workspace: ForecastWorkspace
let history: RunHistory
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  const folder = join(workspace.folder, 'runs')
  await mkdir(folder)
  for (const [run, days] of measured.entries()) {
    const rows = Object.entries(levels).flatMap(([server, level]) => {
      const past = Array.from({ length: days }, (_, day) =>
        day < 10 ? level[0]! : (came[server]![Math.floor((day - 10) / 4)] ?? level[run]!),
      )
      return seriesRows({ server, actual: past, horizon: times(4, level[run]!) })
    })
    const basis = run === 3 ? 'conservative' : 'expected'
    const config = run === 2 ? { basis, underutilized_threshold: 39 } : { basis }
    const finished = await workspace.analyse(await workspace.writeForecasts(`${run}.parquet`, rows), { config })
    await cp(finished.folder, join(folder, `2026-0${run + 1}`), { recursive: true })
  }
  await cp(join(folder, '2026-04'), join(folder, 'zz-again'), { recursive: true })
  await symlink('zz-again', join(folder, 'latest'))
  await mkdir(join(folder, 'notes'))
  await mkdir(join(folder, 'broken'))
  await writeFile(join(folder, 'broken', runFiles.manifest), '{')
  await writeFile(join(folder, 'decisions.jsonl'), '{"id":"cut')
  history = await readHistory(folder)
})
afterAll(() => workspace.close())

describe('a folder of nightly runs', () => {
  test('has the counts of each run, and what is new and cleared', () => {
    expect(history.runs.map(({ servers, at_risk, new_at_risk, cleared }) => [servers, at_risk, new_at_risk, cleared])).toEqual([
      [3, 1, null, null],
      [3, 1, 1, 1],
      [3, 1, 0, 0],
      [3, 2, 1, 0],
    ])
    expect(history.runs.map(({ horizon }) => horizon.start.slice(0, 10))).toEqual(['2026-01-11', '2026-01-15', '2026-01-19', '2026-01-23'])
  })

  test('orders risks by the runs that they have lasted', () => {
    expect(history.lasting.map(({ server_id, runs, since }) => [server_id, runs, since.slice(0, 10)])).toEqual([
      ['grows', 3, '2026-01-15'],
      ['returns', 1, '2026-01-23'],
    ])
  })

  test('holds each statement against the first run that measured its whole horizon', () => {
    const [first, second, third, latest] = history.runs.map(({ outcome }) => outcome)
    // Stated: returns. Came: grows. The P95 was wrong by 25, 20 and 0.
    expect(first).toMatchObject({ measured_by: '2026-02', measured: 3, stated: 1, came: 1, hits: 0, p95_error: 15 })
    // Two certain statements were wrong, of three.
    expect(first!.brier).toBeCloseTo(2 / 3, 1)
    // Stated: grows. Came: grows.
    expect(second).toMatchObject({ measured_by: '2026-03', measured: 3, stated: 1, came: 1, hits: 1 })
    expect(third).toMatchObject({ measured_by: 'zz-again', measured: 3, stated: 1, came: 2, hits: 1 })
    expect(latest).toBeNull()
  })

  test('names the orders whose date has passed, the earliest first', () => {
    expect(history.overdue_orders).toBe(2)
    // 23 January less 30 days.
    expect(history.late_orders).toEqual([
      { server_id: 'grows', order_by: '2025-12-24' },
      { server_id: 'returns', order_by: '2025-12-24' },
    ])
  })

  test('tells expected servers of the whole fleet from expected risks that were measured', () => {
    const [, second] = history.runs
    // One risk of three is all but certain, by the paths of servers and by the stated probabilities.
    expect(second!.at_risk_range).toEqual({ expected_servers: expect.closeTo(1, 0), low: expect.any(Number), high: expect.any(Number) })
    expect(second!.outcome!.expected_risks).toBeCloseTo(1, 0)
  })

  test('says what does not count, and where counts change their meaning', () => {
    expect(history.notes).toEqual([
      expect.stringMatching(/^broken does not count: /),
      'latest does not count: it is a link.',
      '2026-04 does not count: zz-again is a later run for the same horizon.',
      'Line 1 of decisions.jsonl is no decision and does not count.',
      'From 2026-03 on, other settings of underutilized_threshold apply: counts before and after mean different things.',
      'From zz-again on, other settings of basis, underutilized_threshold apply: counts before and after mean different things.',
    ])
  })

  test('is told in 100 columns', () => {
    const text = describeHistory(history)
    expect(text).toMatch(
      /^4 runs, 2026-01-11 to 2026-01-23\. 2 of 3 servers are likely to run out by 2026-01-26, 1 more than in\s+the run before\. 1 of them in at least 3 runs in a row\. 2 orders are overdue as of 2026-01-23: grows\s+\(by 2025-12-24\), returns \(by 2025-12-24\)\.\n/,
    )
    expect(text).toMatch(/^2026-02 +2026-01-18 +3 +\S+ +1 +1 +1 /m)
    expect(text).toMatch(/^run +until +measured +expected +came +stated +stated and came/m)
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
  })
})

test('runs of another fleet do not count, nor replace one for the same horizon', async () => {
  const folder = join(workspace.folder, 'two-fleets')
  await mkdir(folder)
  const analyse = async (name: string, server: string, days: number): Promise<void> => {
    const rows = seriesRows({ server, actual: times(days, 90), horizon: times(4, 90) })
    const { folder: run } = await workspace.analyse(await workspace.writeForecasts(`${name}.parquet`, rows))
    await cp(run, join(folder, name), { recursive: true })
  }
  for (const [name, server, days] of [
    ['east-1', 'app', 10],
    ['east-2', 'app', 14],
    ['west', 'web', 14],
  ] as const)
    await analyse(name, server, days)
  const [latest, east] = [await readHistory(folder), await readHistory(folder, { fleetOf: 'east-1' })]
  expect([latest, east].map(({ runs }) => runs.map((run) => run.folder))).toEqual([['west'], ['east-1', 'east-2']])
  expect(east.runs.map(({ servers }) => servers)).toEqual([1, 1])
  expect(east.lasting).toMatchObject([{ server_id: 'app', runs: 2 }])
  expect([latest, east].map(({ notes }) => notes)).toEqual([
    ['east-1 does not count: it shares no server with west.', 'east-2 does not count: it shares no server with west.'],
    ['west does not count: it shares no server with east-1.'],
  ])
})

test('a run whose files are damaged is left out and named; what only it measured is not known', async () => {
  const folder = join(workspace.folder, 'damaged')
  await cp(join(workspace.folder, 'runs'), folder, { recursive: true, verbatimSymlinks: true })
  const cut = async (run: string, name: string, change: (bytes: Buffer) => Buffer): Promise<void> => {
    const path = join(folder, run, name)
    await writeFile(path, change(await readFile(path)))
  }
  await cut('2026-01', runFiles.serverRisk, (bytes) => bytes.subarray(0, bytes.length / 2))
  await cut('2026-02', runFiles.serverRisk, (bytes) => Buffer.from(bytes.map((byte, index) => (index === 100 ? byte ^ 1 : byte))))
  await cut('zz-again', runFiles.flaggedForecasts, (bytes) => bytes.subarray(0, 1000))
  const { runs, notes } = await readHistory(folder)
  expect(runs.map((run) => run.folder)).toEqual(['2026-03', '2026-04'])
  expect(notes.filter((note) => note.endsWith('damaged.'))).toEqual([
    '2026-01 does not count: its server_risk.parquet is damaged.',
    '2026-02 does not count: its server_risk.parquet is damaged.',
    'zz-again does not count: its risk_flagged_forecasts.parquet is damaged.',
  ])
  // Of the same size: only reading its rows shows it.
  await cut('2026-04', runFiles.flaggedForecasts, (bytes) =>
    Buffer.from(bytes.map((byte, index) => (index > 3 && index < 2000 ? 0xff : byte))),
  )
  const measuredByNone = await readHistory(folder)
  expect(measuredByNone.runs.map(({ outcome }) => outcome)).toEqual([null, null])
  expect(measuredByNone.notes).toContain('What came of 2026-03 is not known: 2026-04 is damaged.')
})

describe('decisions of a history', () => {
  const decide = (server_id: string, recommendation: string, verdict: string, rest: object = {}) =>
    `${JSON.stringify({ server_id, recommendation, verdict, reason: 'x', decided_at: '2026-01-16T00:00:00Z', decided_by: 'ada', ...rest })}\n`
  const read = async (lines: readonly string[], asOf?: string): Promise<RunHistory> => {
    const folder = await mkdtemp(join(workspace.folder, 'decided-'))
    await cp(join(workspace.folder, 'runs'), folder, { recursive: true, verbatimSymlinks: true })
    await writeFile(join(folder, 'decisions.jsonl'), lines.join(''))
    return readHistory(folder, { asOf })
  }

  test('count no money to come for what no run recommends, nor for servers that are in none', async () => {
    const { follow_up: found, notes } = await read([
      decide('calm', 'retire', 'accepted'),
      decide('grows', 'add capacity', 'accepted'),
      decide('grows', 'consolidate', 'accepted'),
      decide('wbe', 'retire', 'accepted'),
    ])
    expect(found).toMatchObject({ accepted: 3, promised_usd: 0, realised_usd: 0, left: [] })
    expect(found.decisions.map(({ server_id }) => server_id)).toEqual(['calm', 'grows', 'grows'])
    expect(notes).toContain('Decisions about servers that are in no run do not count: wbe.')
    expect(notes).toContain(
      'Accepted savings that no run recommends, or whose server was promised capacity, are not still to come: retire calm (the run says keep) and consolidate grows (the run says add capacity).',
    )
  })

  test('are overdue by the day that is stated, never an earlier one than the forecast begins on', async () => {
    const lines = [
      decide('grows', 'add capacity', 'accepted', { until: '2026-02-10' }),
      decide('returns', 'add capacity', 'dismissed', { until: '2026-02-05' }),
    ]
    const [early, between, late] = [await read(lines, '2020-01-01'), await read(lines, '2026-02-10'), await read(lines, '2026-02-11')]
    expect([early, between, late].map(({ as_of: day }) => day)).toEqual(['2026-01-23', '2026-02-10', '2026-02-11'])
    expect([early, between, late].map(({ follow_up: { overdue } }) => overdue.map(({ due }) => due))).toEqual([[], [], ['2026-02-10']])
    // The dismissal has ended, and its order is overdue.
    expect([early, between].map(({ follow_up: { dismissed, expired } }) => [dismissed, expired])).toEqual([
      [1, 0],
      [0, 1],
    ])
    expect([early, between].map(({ overdue_orders: orders }) => orders)).toEqual([1, 2])
    const text = describeHistory(between).replaceAll(/\s+/g, ' ')
    expect(text).toContain('2 orders are overdue as of 2026-02-10: grows (by 2025-12-24), returns (by 2025-12-24).')
    expect(text).toContain('1 accepted, 0 done, 0 dismissed, 1 open again after its dismissal ended.')
    expect(describeHistory(late).replaceAll(/\s+/g, ' ')).toContain(
      '2 orders are overdue as of 2026-02-11: grows (by 2025-12-24), returns (by 2025-12-24). 1 accepted recommendation is past its date: add capacity grows (due 2026-02-10).',
    )
  })

  test('say what was known when they were made, where they hold it', async () => {
    const risk = async (rest: object) =>
      (await read([decide('returns', 'add capacity', 'accepted', { decided_at: '2026-01-12T00:00:00Z', ...rest })])).follow_up.risk[0]!
    expect((await risk({ probability: 0.61 })).before).toBe(0.61)
    expect((await risk({})).before).toBeGreaterThan(0.9)
  })
})

test('a folder without runs is refused', async () => {
  await expect(readHistory(join(workspace.folder, 'runs', 'notes'))).rejects.toMatchObject({
    code: 'run-not-found',
    message: expect.stringMatching(/holds no run folder\.$/),
  })
  await expect(readHistory(join(workspace.folder, 'nowhere'))).rejects.toMatchObject({ code: 'run-not-found' })
  await expect(readHistory(join(workspace.folder, 'runs', 'broken', '..', '2026-01'))).rejects.toMatchObject({ code: 'run-not-found' })
})
