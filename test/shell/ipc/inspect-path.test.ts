// What a dropped or chosen path is: a run, a folder of runs, or forecasts.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { countRuns, inspectPath } from '../../../src-main/shell/ipc/inspect-path.ts'
import { fabricateRun } from '../../fixtures/fabricated-runs.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-inspect-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('a folder with runs is a history, and a run or its file is the run', async () => {
  await fabricateRun(join(folder, 'runs', 'june'))
  await writeFile(join(folder, 'runs', 'decisions.jsonl'), '')
  expect(await inspectPath(join(folder, 'runs'))).toEqual({ path: join(folder, 'runs'), kind: 'history' })
  expect(await inspectPath(join(folder, 'runs', 'june'))).toMatchObject({ kind: 'run' })
  expect(await inspectPath(join(folder, 'runs', 'june', 'manifest.json'))).toEqual({ path: join(folder, 'runs', 'june'), kind: 'run' })
})

test('forecasts next to a run stay forecasts', async () => {
  await fabricateRun(join(folder, 'run'))
  await writeFile(join(folder, 'fleet.parquet'), '')
  expect(await inspectPath(folder)).toEqual({ path: folder, kind: 'forecast' })
})

test('a manifest of another program, a hidden folder and a link make no history', async () => {
  await mkdir(join(folder, 'runs', 'day=1'), { recursive: true })
  await writeFile(join(folder, 'runs', 'day=1', 'manifest.json'), '{"files":[]}')
  await fabricateRun(join(folder, 'runs', '.staging'))
  await fabricateRun(join(folder, 'elsewhere'))
  await symlink(join(folder, 'elsewhere'), join(folder, 'runs', 'latest'), 'junction')
  expect(await inspectPath(join(folder, 'runs'))).toMatchObject({ kind: 'forecast' })
  expect(await countRuns(join(folder, 'runs'), 2)).toBe(0)
})
