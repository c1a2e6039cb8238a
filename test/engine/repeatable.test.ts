// The same input, config and seed give the same bytes in every file but the manifest and `analyzed_at`, on any number of threads.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runFiles } from '../../src-shared/run-manifest.ts'
import { headroomDone } from '../fixtures/run-headroom.ts'
import { makeSampleFleet, type SampleRun } from '../fixtures/sample-run.ts'

/** A file's bytes as text, without the time of the analysis. */
const contentOf = async (run: string, file: string): Promise<string> => {
  const bytes = await readFile(join(run, file))
  return file === runFiles.summary
    ? bytes.toString('utf8').replace(/"analyzed_at": "[^"]*"/, '"analyzed_at": ""')
    : bytes.toString('latin1')
}

describe.each([120, 1000])('%i servers', (servers) => {
  let fleet: SampleRun
  beforeAll(async () => {
    fleet = await makeSampleFleet(servers)
  }, 60_000)
  afterAll(async () => fleet.remove())

  test('two threads and eight threads leave the same bytes', async () => {
    const run = async (threads: string): Promise<string> => {
      const out = join(fleet.folder, `run-${threads}`)
      const table = join(fleet.folder, 'fleet.servers.csv')
      await headroomDone(['analyze', fleet.forecasts, '--servers', table, '--out', out, '--threads', threads, '--quiet'])
      return out
    }
    const [two, eight] = [await run('2'), await run('8')]
    const files = (await readdir(two)).filter((file) => file !== runFiles.manifest)
    expect(files).toHaveLength(8)
    for (const file of files) {
      const same = (await contentOf(two, file)) === (await contentOf(eight, file))
      expect(same, `${file} is the same`).toBe(true)
    }
  }, 120_000)
})
