// Decisions that planners share: merged without order, added by several processes at once, to a file and to S3.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appendToDecisionFile, readDecisionFile } from '../../src-main/notes/decision-file.ts'
import {
  describeConflict,
  findStates,
  mergeDecisions,
  parseDecisionLines,
  toLine,
  type DecisionLine,
} from '../../src-main/notes/decision-log.ts'
import { addMissing, gatherDecisions, readDecisions, saveDecisions } from '../../src-main/notes/decisions.ts'
import { buildProgram } from '../fixtures/build-program.ts'
import { openCloudWorkspace, workspaceBucket, type CloudWorkspace } from '../fixtures/cloud-workspace.ts'
import { fabricateRun } from '../fixtures/fabricated-runs.ts'
import { seededRandom } from '../fixtures/seeded-random.ts'
import { rounds, tally } from '../fixtures/torture.ts'

let cloud: CloudWorkspace
beforeAll(async () => {
  cloud = await openCloudWorkspace()
})
afterAll(() => cloud.close())

const line = (id: string, day: number, change: Partial<DecisionLine> = {}): DecisionLine => ({
  id,
  decided_at: `2026-03-0${day}T08:00:00.000Z`,
  decided_by: 'ada',
  server_id: 'web',
  recommendation: 'retire',
  verdict: 'accepted',
  reason: '',
  until: null,
  replaces: [],
  ...change,
})

describe('a merge', () => {
  const lines = [
    line('a', 1),
    line('b', 2, { verdict: 'dismissed', reason: 'spare', replaces: ['a'] }),
    line('c', 3, { decided_by: 'ben' }),
    line('d', 1, { server_id: 'app' }),
    line('e', 3, { recommendation: 'add capacity' }),
  ]

  test('is the same for every order and every split of its lists', () => {
    const random = seededRandom(1)
    const expected = mergeDecisions(lines)
    expect(expected.map(({ id }) => id)).toEqual(['a', 'd', 'b', 'c', 'e'])
    for (let round = 0; round < 50; round++) {
      const mixed = [...lines, ...lines].map((each) => [random(), each] as const).sort(([a], [b]) => a - b)
      const cut = Math.floor(random() * mixed.length)
      const parts = [mixed.slice(0, cut), mixed.slice(cut)].map((part) => part.map(([, each]) => each))
      expect(mergeDecisions(...parts)).toEqual(expected)
    }
    const changed = { ...lines[0]!, reason: 'changed by hand' }
    expect(mergeDecisions([changed], lines)).toEqual(mergeDecisions(lines, [changed]))
  })

  test('leaves what no other decision replaces, and shows where that differs', () => {
    const states = [...findStates(mergeDecisions(lines)).values()]
    expect(states.map(({ latest, isConflict }) => [latest.server_id, latest.recommendation, latest.id, isConflict])).toEqual([
      ['app', 'retire', 'd', false],
      ['web', 'add capacity', 'e', false],
      ['web', 'retire', 'c', true],
    ])
    expect(describeConflict(states[2]!)).toBe('Dismissed by ada on 2026-03-02, accepted by ben on 2026-03-03.')
    const settled = mergeDecisions(lines, [line('f', 4, { replaces: ['b', 'c'] })])
    expect([...findStates(settled).values()][2]).toMatchObject({ latest: { id: 'f' }, isConflict: false })
    const circle = [line('a', 1, { replaces: ['b'] }), line('b', 2, { replaces: ['a'] })]
    expect([...findStates(circle).values()]).toMatchObject([{ latest: { id: 'b' } }])
  })

  test('counts a copied line that was changed by hand, though it has the id of the other', () => {
    const other = line('a', 1, { server_id: 'db' })
    const changed = line('a', 1, { verdict: 'dismissed', reason: 'spare' })
    for (const given of [
      [line('a', 1), other, changed],
      [changed, other, line('a', 1)],
    ]) {
      const merged = mergeDecisions(given, given)
      expect(merged).toHaveLength(3)
      const states = [...findStates(merged).values()]
      expect(states.map(({ latest, isConflict }) => [latest.server_id, isConflict])).toEqual([
        ['db', false],
        ['web', true],
      ])
    }
  })

  test('skips a line with a key twice, of which readers take one, and reads one behind a byte order mark', () => {
    const text = JSON.stringify(line('a', 1))
    const twice = text.replace('"verdict":"accepted"', '"verdict":"accepted","verdict":"done"')
    const nested = text.replace('{', '{"note":[{"a":"\\"b\\":","b":{"c":1,"c":2}}],')
    const plain = text.replace('{', '{"note":[{"a":"\\"b\\":","b":{"c":1,"d":[{"c":2},{"c":3}]}}],')
    expect(parseDecisionLines(`\uFEFF${text}\r\n${twice}\n${nested}\n${plain}`)).toEqual({
      lines: [line('a', 1), line('a', 1)],
      damaged: [2, 3],
    })
  })

  test('skips lines that are no decision, and numbers one that was written by hand', () => {
    const byHand = '{"decided_at":"2026-03-01T08:00:00Z","server_id":"web","recommendation":"retire","verdict":"done","reason":""}'
    const text = `${toLine(lines[0]!)}{"id":"x"\n\n[]\n${byHand}\r\n`
    const parsed = parseDecisionLines(text)
    expect(parsed.damaged).toEqual([2, 4])
    expect(parsed.lines[1]).toMatchObject({ verdict: 'done', decided_by: '', until: null })
    expect(parseDecisionLines(text).lines[1]!.id).toBe(parsed.lines[1]!.id)
  })
})

describe('a file', () => {
  test('whose last line is torn takes the next decision on a line of its own', async () => {
    const path = join(cloud.folder, 'torn.jsonl')
    await appendToDecisionFile(path, () => [line('a', 1)])
    await appendFile(path, toLine(line('b', 2)).slice(0, 30))
    await appendToDecisionFile(path, () => [line('c', 3)])
    const { lines, damaged } = await readDecisionFile(path)
    expect(lines.map(({ id }) => id)).toEqual(['a', 'c'])
    expect(damaged).toEqual([2])
    expect(await addMissing(path, [line('a', 1), line('b', 2)])).toBe(1)
    expect(await addMissing(path, [line('a', 1), line('b', 2)])).toBe(0)
  })

  test.skipIf(process.platform === 'win32')('that is a link is left alone', async () => {
    const target = join(cloud.folder, 'elsewhere.txt')
    await writeFile(target, 'mine\n')
    await symlink(target, join(cloud.folder, 'link.jsonl'))
    await expect(appendToDecisionFile(join(cloud.folder, 'link.jsonl'), () => [line('a', 1)])).rejects.toMatchObject({
      code: 'notes-not-saved',
      message: `${join(cloud.folder, 'link.jsonl')} is a link, and decisions are not written through one.`,
    })
    expect(await readFile(target, 'utf8')).toBe('mine\n')
  })

  test('whose lines are in another encoding has decisions in the others alone', async () => {
    const path = join(cloud.folder, 'latin.jsonl')
    await writeFile(
      path,
      Buffer.concat([Buffer.from(toLine(line('a', 1, { server_id: 'M\u00FCnch' })), 'latin1'), Buffer.from(toLine(line('b', 2)))]),
    )
    expect(await readDecisionFile(path)).toEqual({ lines: [line('b', 2)], damaged: [1] })
  })

  test('that is a folder or cannot be written is refused with a sentence', async () => {
    await mkdir(join(cloud.folder, 'folder.jsonl'))
    await expect(appendToDecisionFile(join(cloud.folder, 'folder.jsonl'), () => [line('a', 1)])).rejects.toMatchObject({
      code: 'run-damaged',
    })
    await expect(appendToDecisionFile(join(cloud.folder, 'none', 'a.jsonl'), () => [line('a', 1)])).rejects.toMatchObject({
      code: 'notes-not-saved',
      message: `The decision cannot be saved in ${join(cloud.folder, 'none', 'a.jsonl')}.`,
    })
  })
})

test('runs of a history share their decisions; those of single runs are gathered once', async () => {
  const history = join(cloud.folder, 'history')
  const runs = ['january', 'february'].map((name) => join(history, name))
  await mkdir(history)
  for (const run of runs) await fabricateRun(run)
  const web = { server_id: 'web', recommendation: 'retire', verdict: 'accepted', reason: '' } as const
  await saveDecisions(runs[0]!, [web], new Date(0), 'ada')
  expect(await readDecisions(runs[1]!)).toEqual([])
  const shared = join(history, 'decisions.jsonl')
  expect(await gatherDecisions(shared, runs)).toBe(1)
  expect(await gatherDecisions(shared, runs)).toBe(0)
  expect(await readDecisions(runs[1]!)).toMatchObject([{ ...web, decided_by: 'ada' }])
  await saveDecisions(runs[1]!, [{ ...web, verdict: 'done' }], new Date(1000), 'ben')
  expect(await readDecisions(runs[0]!)).toMatchObject([{ server_id: 'web', verdict: 'done', decided_by: 'ben' }])
  expect((await readFile(shared, 'utf8')).trim().split('\n')).toHaveLength(2)
})

describe('eight processes at once lose nothing', () => {
  const writers = 8
  const each = rounds(25, 125)
  let writer: string
  beforeAll(async () => {
    writer = await buildProgram('decision-writer', cloud.folder)
  }, 60_000)
  const names = Array.from({ length: writers }, (_, index) => `planner${index}`)
  const expected = names.flatMap((name) => Array.from({ length: each }, (_, number) => `${name}-${number}`)).sort()

  const writeAll = async (target: string): Promise<void> => {
    const codes = names.map(async (name) => {
      const child = spawn(process.execPath, [writer, target, name, String(each)], { stdio: ['ignore', 'ignore', 'inherit'] })
      return (await once(child, 'close')) as [number]
    })
    expect((await Promise.all(codes)).map(([code]) => code)).toEqual(names.map(() => 0))
    tally('decisions added at once', writers * each)
  }

  test('in a file', { timeout: rounds(120_000, 600_000) }, async () => {
    const path = join(cloud.folder, 'crowded.jsonl')
    await writeFile(path, '')
    await writeAll(path)
    const { lines, damaged } = await readDecisionFile(path)
    expect(damaged).toEqual([])
    expect(lines.map(({ server_id }) => server_id).sort()).toEqual(expected)
  })

  test('in S3, by conditional writes', { timeout: rounds(120_000, 600_000) }, async () => {
    await writeAll(`s3://${workspaceBucket}/runs/decisions.jsonl`)
    const { lines, damaged } = parseDecisionLines(cloud.bucket.objects.get('runs/decisions.jsonl')!.body.toString())
    expect(damaged).toEqual([])
    expect(lines.map(({ server_id }) => server_id).sort()).toEqual(expected)
  })
})
