// headroom analyze --events end to end: printed effects, the manifest, and the refusal of a wrong line.
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareRuns } from '../../src-main/queries/compare/compare-runs.ts'
import { runManifestSchema } from '../../src-shared/run/run-manifest.ts'
import { headroom, headroomDone } from '../fixtures/run-headroom.ts'
import { makeSampleRun, type SampleRun } from '../fixtures/sample-run.ts'

let sample: SampleRun
beforeAll(async () => void (sample = await makeSampleRun(40)))
afterAll(async () => sample.remove())

const analyze = (events: string, out: string): string[] => ['analyze', sample.forecasts, '--events', events, '--out', out, '--quiet']

describe('headroom analyze --events', () => {
  test('prints the effect of the events, and the manifest names their table', async () => {
    const { horizon } = runManifestSchema.parse(JSON.parse(await readFile(join(sample.run, 'manifest.json'), 'utf8')))
    const [first, last] = [horizon.start.slice(0, 10), horizon.end.slice(0, 10)]
    const before = new Date(Date.parse(first) - 20 * 86_400_000).toISOString().slice(0, 10)
    const events = join(sample.folder, 'events.csv')
    await writeFile(events, `from,to,servers,effect,note\n${first},${last},*,60 %,Merger\n${before},${before},*,,Fair\n`)
    const out = join(sample.folder, 'with-events')
    const text = await headroomDone(analyze(events, out))
    expect(text).toMatch(/^With future events \d+ at risk: \d+ servers newly at risk, 0 no longer at risk$/m)
    // 40 servers, one day each.
    expect(text).toMatch(/^1 past event left out of errors and season \(40 rows\)$/m)
    const manifest = runManifestSchema.parse(JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8')))
    expect(manifest.events_table).toMatchObject({ path: events, rows: 2 })
    const { notes } = await compareRuns(sample.run, out)
    expect(notes.map(({ code }) => code)).toContain('events-table')
  })

  test('refuses a wrong line by its number and leaves no files', async () => {
    const events = join(sample.folder, 'wrong.csv')
    await writeFile(events, 'from,to,servers,effect\n2026-11-27,2026-11-30,*,15\n')
    const out = join(sample.folder, 'never')
    const { code, stderr } = await headroom(analyze(events, out))
    expect(code).toBe(3)
    expect(stderr).toContain('Line 2, column effect of the events table wrong.csv holds "15", which is no effect.\nWrite 12 points or -5 %')
    expect(existsSync(out)).toBe(false)
  })
})
