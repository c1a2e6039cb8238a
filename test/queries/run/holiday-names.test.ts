// Names of holidays: the manifest states them; those of older runs are computed, and both are the same.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openRunFolder } from '../../../src-main/queries/run/open-run-folder.ts'
import { runFiles, type RunManifest } from '../../../src-shared/run/run-manifest.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'
import { seriesRows, times } from '../../fixtures/forecast-rows.ts'

let workspace: ForecastWorkspace

beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(() => workspace.close())

const namesAsOpened = async (folder: string, manifest: RunManifest): Promise<ReadonlyMap<string, string>> => {
  await writeFile(join(folder, runFiles.manifest), JSON.stringify(manifest))
  const run = await openRunFolder(folder)
  try {
    return await run.holidayNames()
  } finally {
    await run.close()
  }
}

test('are read from the manifest, and computed where it states none', async () => {
  const set = await workspace.writeForecasts('holidays.parquet', seriesRows({ server: 's1', actual: times(20, 40), horizon: times(5, 41) }))
  const { folder, manifest } = await workspace.analyse(set, {})
  expect(manifest.holidays).toContainEqual({ day: '2026-07-03', name: 'Independence Day (substitute day)' })
  const stated = await namesAsOpened(folder, manifest)
  const computed = await namesAsOpened(folder, { ...manifest, holidays: null })
  expect(computed.size).toBeGreaterThan(9)
  for (const [day, name] of computed) expect(stated.get(day)).toBe(name)
  // What the manifest says counts.
  expect(await namesAsOpened(folder, { ...manifest, holidays: [{ day: '2026-01-01', name: 'A day' }] })).toEqual(
    new Map([['2026-01-01', 'A day']]),
  )
})
