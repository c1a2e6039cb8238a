// The same input, config and seed give the same bytes in every file but the manifest and `analyzed_at`, on any number of threads.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
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
  })
  afterAll(async () => fleet.remove())

  test('two threads, eight threads and a tight memory limit leave the same bytes', async () => {
    const run = async (name: string, ...options: string[]): Promise<string> => {
      const out = join(fleet.folder, name)
      const table = join(fleet.folder, 'fleet.servers.csv')
      await headroomDone(['analyze', fleet.forecasts, '--servers', table, '--out', out, '--quiet', ...options])
      return out
    }
    const two = await run('two', '--threads', '2')
    const others = [await run('eight', '--threads', '8'), await run('tight', '--memory-limit', '150MB')]
    const files = (await readdir(two)).filter((file) => file !== runFiles.manifest)
    expect(files).toHaveLength(11)
    for (const other of others) {
      for (const file of files) {
        const same = (await contentOf(two, file)) === (await contentOf(other, file))
        expect(same, `${file} is the same`).toBe(true)
      }
    }
  }, 180_000)
})
