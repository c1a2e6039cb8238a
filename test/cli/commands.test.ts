// The main commands end to end: sample, inspect, analyze, verify, query; and the refusal of typing errors.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { runEventSchema } from '../../src-shared/run/run-event.ts'
import { runFiles, runManifestSchema } from '../../src-shared/run/run-manifest.ts'
import { headroom, headroomDone } from '../fixtures/run-headroom.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-commands-'))
  await headroomDone(['sample', '--end', '2026-11-22', '--servers', '12', '--out', 'fleet.parquet', '--quiet'], { cwd: folder })
})
afterAll(async () => rm(folder, { recursive: true }))

const inFolder = (name: string): string => join(folder, name)

describe('sample', () => {
  test('writes 12 servers with 3 models, 731 measured and 90 future days each', async () => {
    const output = await headroomDone(['sample', '--end', '2026-11-22', '--servers', '12', '--out', 'again.parquet', '--json'], {
      cwd: folder,
    })
    expect(JSON.parse(output)).toEqual({
      schema_version: 1,
      forecasts: inFolder('again.parquet'),
      servers_table: inFolder('again.servers.csv'),
      rows: 12 * 3 * (731 + 90),
    })
    const [one, two] = [await readFile(inFolder('fleet.parquet')), await readFile(inFolder('again.parquet'))]
    expect(one.equals(two), 'same seed, same bytes').toBe(true)
    await headroomDone(['sample', '--end', '2026-11-22', '--servers', '12', '--out', 'other.parquet', '--seed', '7', '--quiet'], {
      cwd: folder,
    })
    expect((await readFile(inFolder('other.parquet'))).equals(one), 'another seed, other bytes').toBe(false)
    expect((await readFile(inFolder('again.servers.csv'), 'utf8')).trim().split('\n')).toHaveLength(13)
  })

  test('writes hourly forecasts', async () => {
    await headroomDone(
      ['sample', '--end', '2026-11-22', '--servers', '2', '--out', 'hours.parquet', '--granularity', 'hourly', '--quiet'],
      { cwd: folder },
    )
    const inspected = z
      .looseObject({ granularity: z.string() })
      .parse(JSON.parse(await headroomDone(['inspect', 'hours.parquet', '--json'], { cwd: folder })))
    expect(inspected.granularity).toBe('hourly')
  })
})

describe('inspect', () => {
  test('prints rows, servers, times, columns with their roles, and models', async () => {
    const output = await headroomDone(['inspect', 'fleet.parquet'], { cwd: folder })
    expect(output).toMatch(/^29,556 rows in 1 file, 12 servers, 12 series, daily\n/)
    expect(output).toContain('Horizon: 2026-11-23T00:00:00Z to 2027-02-20T00:00:00Z, 90 periods at most')
    expect(output).toMatch(/^yhat_lower {2}DOUBLE +yhat_lower$/m)
    expect(output).toMatch(/^prophet +12 +8,772 +1,080$/m)
  })

  test('writes the same as JSON', async () => {
    const output: unknown = JSON.parse(await headroomDone(['inspect', 'fleet.parquet', '--json'], { cwd: folder }))
    expect(output).toMatchObject({
      granularity: 'daily',
      horizon: { start: '2026-11-23T00:00:00Z', end: '2027-02-20T00:00:00Z', periods: 90 },
      files: [{ name: 'fleet.parquet', path: inFolder('fleet.parquet') }],
    })
  })
})

describe('analyze', () => {
  test('writes one JSON event per line, and progress never falls', async () => {
    const { code, stdout, stderr } = await headroom(
      ['analyze', 'fleet.parquet', '--servers', 'fleet.servers.csv', '--out', 'run', '--json'],
      { cwd: folder },
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => runEventSchema.parse(JSON.parse(line)))
    expect(events[0]?.type).toBe('started')
    expect(events.at(-1)).toMatchObject({ type: 'finished', folder: 'run', counts: { rows: 29_556, total_servers: 12, models: 3 } })
    const progress = events.flatMap((event) => (event.type === 'step' ? [event.progress] : []))
    expect(progress.length).toBeGreaterThan(8)
    expect(progress).toEqual([...progress].sort((a, b) => a - b))
    expect(progress.at(-1)).toBeLessThanOrEqual(1)
  })

  test('writes the same bytes within a low memory limit on one thread', async () => {
    await headroomDone(['analyze', 'fleet.parquet', '--servers', 'fleet.servers.csv', '--out', 'free', '--quiet'], { cwd: folder })
    const tight = ['--memory-limit', '80MB', '--threads', '1']
    await headroomDone(['analyze', 'fleet.parquet', '--servers', 'fleet.servers.csv', '--out', 'tight', '--quiet', ...tight], {
      cwd: folder,
    })
    for (const file of [runFiles.serverRisk, runFiles.flaggedForecasts, runFiles.recommendations, runFiles.modelAccuracy]) {
      const same = (await readFile(inFolder(join('free', file)))).equals(await readFile(inFolder(join('tight', file))))
      expect(same, `${file} is the same`).toBe(true)
    }
  })

  test('selects --model for every series, and the manifest records the settings', async () => {
    await headroomDone(
      [
        'analyze',
        'fleet.parquet',
        '--out',
        'forced',
        '--model',
        'seasonal_naive',
        '--seed',
        '5',
        '--set',
        'high_risk_threshold=70',
        '--quiet',
      ],
      { cwd: folder },
    )
    const manifest = runManifestSchema.parse(JSON.parse(await readFile(inFolder('forced/manifest.json'), 'utf8')))
    expect(manifest.config).toMatchObject({ high_risk_threshold: 70, seed: 5 })
    const output = await headroomDone(['query', 'forced', 'SELECT DISTINCT model FROM server_risk', '--csv'], { cwd: folder })
    expect(output.trim().split(/\r?\n/)).toEqual(['model', 'seasonal_naive'])
  })
})

describe('verify', () => {
  test('lists changed files and ends with exit code 1', async () => {
    await headroomDone(['analyze', 'fleet.parquet', '--out', 'touched', '--quiet'], { cwd: folder })
    expect(await headroomDone(['verify', 'touched'], { cwd: folder })).toContain('All 11 files agree with the manifest.')
    await writeFile(inFolder('touched/server_clusters.csv'), 'server_id,cluster\n')
    const { code, stdout } = await headroom(['verify', 'touched'], { cwd: folder })
    expect(code).toBe(1)
    expect(stdout).toMatch(/server_clusters\.csv/)
  })
})

describe('a typing error in', () => {
  test.each([
    ['a command', ['analize', 'fleet.parquet'], 2, /unknown command 'analize'\n\(Did you mean analyze\?\)/],
    [
      'an option',
      ['analyze', 'fleet.parquet', '--out', 'x', '--thread', '2'],
      2,
      /unknown option '--thread'\n\(Did you mean --threads\?\)/,
    ],
    ['a number of servers', ['sample', '--end', '2026-11-22', '--servers', '0', '--out', 'x.parquet'], 2, /A whole number from 1 to/],
    ['a memory size', ['analyze', 'fleet.parquet', '--out', 'x', '--memory-limit', 'lots'], 2, /A number and a unit are needed/],
    [
      'a key',
      ['analyze', 'fleet.parquet', '--out', 'x', '--set', 'high_risk_treshold=70'],
      3,
      /no key high_risk_treshold\.\nDid you mean high_risk_threshold\?/,
    ],
    [
      'a model',
      ['analyze', 'fleet.parquet', '--out', 'x', '--model', 'prophe'],
      3,
      /no forecasts by "prophe"\.\nUse one of prophet, seasonal_naive, xgboost\./,
    ],
  ])('%s is refused with a suggestion', async (_, args, code, sentence) => {
    const result = await headroom(args, { cwd: folder })
    expect(result.code).toBe(code)
    expect(result.stderr).toMatch(sentence)
    expect(result.stdout).toBe('')
    expect(existsSync(inFolder('x'))).toBe(false)
  })
})
