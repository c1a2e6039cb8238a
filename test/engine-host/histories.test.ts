// The history that the window shows: read once, and again when a run or a decision has changed.
import { appendFile, mkdtemp, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Histories } from '../../src-main/engine-host/histories.ts'
import { historyForWindow } from '../../src-main/engine-host/history-for-window.ts'
import { saveDecisions } from '../../src-main/notes/decisions.ts'
import { fabricateRun } from '../fixtures/fabricated-runs.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-histories-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('is read again after a new run, a changed run, a decision and a failure, and not otherwise', async () => {
  let reads = 0
  const histories = new Histories((request) => {
    reads += 1
    return historyForWindow(request)
  })
  const request = { folder, fleetOf: null }
  await expect(histories.get(request)).rejects.toMatchObject({ code: 'run-not-found' })
  await fabricateRun(join(folder, 'june'))
  const expectReads = async (expected: number): Promise<void> => {
    for (let visit = 0; visit < 2; visit++) expect((await histories.get(request)).runs.length).toBeGreaterThan(0)
    expect(reads).toBe(expected)
  }
  await expectReads(2)
  await fabricateRun(join(folder, 'july'), (manifest) => ({
    ...manifest,
    horizon: { ...manifest.horizon, start: '2026-07-29', end: '2026-08-01' },
  }))
  await expectReads(3)
  expect((await histories.get(request)).runs.map(({ folder: name, path }) => [name, path])).toEqual([
    ['june', join(folder, 'june')],
    ['july', join(folder, 'july')],
  ])
  await utimes(join(folder, 'june', 'manifest.json'), new Date(), new Date(2027, 0, 1))
  await expectReads(4)
  const choice = { server_id: 'charlie', recommendation: 'retire', verdict: 'accepted', reason: '' } as const
  await saveDecisions(join(folder, 'june'), [choice], new Date(), 'ada')
  await expectReads(5)
  await appendFile(join(folder, 'decisions.jsonl'), '')
  await expectReads(6)
  expect(await histories.get({ folder, fleetOf: 'june' })).toMatchObject({ follow_up: { accepted: 1 } })
  expect(reads).toBe(7)
})
