// Notes are written into a run's own folder: nowhere else, and not through a link.
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSavedScenarios, saveScenarios } from '../../src-main/notes/planner-notes.ts'
import { fabricateRun } from '../fixtures/fabricated-runs.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-notes-folder-'))
  await fabricateRun(join(folder, 'run'))
})
afterAll(() => rm(folder, { recursive: true }))

test('a run takes notes', async () => {
  await saveScenarios(join(folder, 'run'), [])
  expect(await readSavedScenarios(join(folder, 'run'))).toEqual([])
})

test('a folder that is no run gets none, and is not made', async () => {
  await mkdir(join(folder, 'documents'))
  await expect(saveScenarios(join(folder, 'documents'), [])).rejects.toMatchObject({ code: 'run-not-found' })
  await expect(saveScenarios(join(folder, 'new', 'deep'), [])).rejects.toMatchObject({ code: 'run-not-found' })
  expect((await readdir(folder)).sort()).toEqual(['documents', 'run'])
  expect(await readdir(join(folder, 'documents'))).toEqual([])
})

test('a link in the place of the notes is not written through', async () => {
  await cp(join(folder, 'run'), join(folder, 'linked'), { recursive: true })
  await rm(join(folder, 'linked', 'headroom-notes'), { recursive: true, force: true })
  await mkdir(join(folder, 'elsewhere'))
  await symlink(join(folder, 'elsewhere'), join(folder, 'linked', 'headroom-notes'))
  await expect(saveScenarios(join(folder, 'linked'), [])).rejects.toMatchObject({ code: 'notes-not-saved' })
  expect(await readdir(join(folder, 'elsewhere'))).toEqual([])
})
