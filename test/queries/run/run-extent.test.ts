// The times that a run spans: the manifest states those of the selected models; without them the run's rows are read.
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

const extentAsOpened = async (folder: string, manifest: RunManifest): Promise<string[]> => {
  await writeFile(join(folder, runFiles.manifest), JSON.stringify(manifest))
  const run = await openRunFolder(folder)
  try {
    const { startMs, endMs } = run.overview.extent
    return [startMs, endMs].map((timeMs) => new Date(timeMs).toISOString())
  } finally {
    await run.close()
  }
}

test('leaves out times that only other models forecast', async () => {
  // 20 measured days from 1 January, foretold exactly by `near` for five more days; `far` errs by 3 and looks ahead for 40.
  const set = await workspace.writeForecasts('two-models.parquet', [
    ...seriesRows({ server: 's1', model: 'near', actual: times(20, 40), horizon: times(5, 41) }),
    ...seriesRows({ server: 's1', model: 'far', actual: times(20, 40), predicted: times(20, 43), horizon: times(40, 44) }),
  ])
  const { folder, manifest } = await workspace.analyse(set, { model: 'near' })
  expect(manifest.extent).toEqual({ start: '2026-01-01T00:00:00.000Z', end: '2026-01-25T00:00:00.000Z' })
  // The end is that of the last day.
  const spanned = ['2026-01-01T00:00:00.000Z', '2026-01-26T00:00:00.000Z']
  expect(await extentAsOpened(folder, manifest)).toEqual(spanned)
  expect(await extentAsOpened(folder, { ...manifest, extent: null })).toEqual(spanned)
  const other = { start: '2025-12-30T12:00:00.500Z', end: '2026-01-25T00:00:00.000Z' }
  expect((await extentAsOpened(folder, { ...manifest, extent: other }))[0]).toBe(other.start)
})
