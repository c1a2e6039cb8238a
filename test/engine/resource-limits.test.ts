// The memory limit: its text form, its default of a quarter of the machine, the database's share, and the setting.
import { existsSync } from 'node:fs'
import { totalmem, tmpdir } from 'node:os'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  assertMemoryLimit,
  databaseMemory,
  isMemoryShort,
  leastMemoryLimit,
  mustDrawPathsAlone,
  parseMemoryLimit,
} from '../../src-main/engine/resource-limits.ts'
import { Database, literal } from '../../src-main/database/database.ts'
import { analyze } from '../../src-main/engine/analyze.ts'
import { createRun } from '../../src-main/engine/create-run.ts'
import { startPictures } from '../../src-main/engine/pictures/write-pictures.ts'
import { parseMemorySize } from '../../src-shared/config/memory-size.ts'
import { mergeSettings, settingsChangeSchema, defaultSettings } from '../../src-shared/config/settings.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { seriesRows } from '../fixtures/forecast-rows.ts'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'

describe('a memory size', () => {
  test.each([
    ['512MB', 512_000_000],
    ['2 GiB', 2_147_483_648],
    ['1.5gb', 1_500_000_000],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseMemorySize(text)).toBe(bytes)
    expect(parseMemoryLimit(text)).toBe(bytes)
  })

  test.each(['', '2', 'GB', '-1GB', '0MB', '2 XB', '1e3MB'])('refuses "%s"', (text) => {
    expect(parseMemorySize(text)).toBeNaN()
    expect(() => parseMemoryLimit(text)).toThrow(/is not a memory size/)
  })
})

test('the default limit is a quarter of the machine, at least 512 MB', () => {
  const defaultLimit = parseMemoryLimit(undefined)
  const machine = Math.min(totalmem(), process.constrainedMemory() || totalmem())
  const isSmall = machine < 2_048_000_000
  expect(4 * defaultLimit).toBeGreaterThan(isSmall ? 2_047_999_999 : machine - 4)
  expect(4 * defaultLimit).toBeLessThanOrEqual(isSmall ? 2_048_000_000 : machine)
})

test('the database gets half of the limit, but at least 128 MB or the whole limit', () => {
  expect(databaseMemory(1_000_000_000)).toBe('500000000B')
  expect(databaseMemory(512_000_000)).toBe('142000000B')
  expect(databaseMemory(150_000_000)).toBe('128000000B')
  expect(databaseMemory(80_000_000)).toBe('80000000B')
  // Of 100,000 series the arrays outside take 300 MB more, of a million nearly a gigabyte, and less once the paths are drawn.
  expect(databaseMemory(1_000_000_000, 100_000)).toBe('330000000B')
  expect(databaseMemory(2_000_000_000, 1_000_000)).toBe('655000000B')
  expect(databaseMemory(2_000_000_000, 1_000_000, 'tables')).toBe('799000000B')
  expect(databaseMemory(4_000_000_000, 1_000_000)).toBe('2000000000B')
})

test('a run leaves the arrays of its series their share of the limit', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'headroom-limits-'))
  const limits: number[] = []
  const request = { inputs: [], out: join(folder, 'run'), method: 'headroom', config: {}, memoryLimit: '600MB' } as const
  const stages = createRun(request, {}, async ({ database, fitDatabase }) => {
    limits.push(await database.memoryLimit())
    await fitDatabase(20_000)
    limits.push(await database.memoryLimit())
    throw new Error('enough')
  })
  await expect(stages).rejects.toThrow('enough')
  await rm(folder, { recursive: true })
  // 600 - 370 MB, and 60 MB less; DuckDB states its limit to a tenth of a MiB.
  expect(limits.map((limit) => Math.round(limit / 1e6))).toEqual([230, 170])
})

test.each([
  ['512MB', 120, true],
  ['1GB', 10_000, false],
  ['1GB', 30_000, true],
  ['2GB', 100_000, true],
  ['4GB', 100_000, false],
])('a limit of %s is short for %d series: %s', (limit, series, isShort) => {
  expect(isMemoryShort(parseMemoryLimit(limit), series)).toBe(isShort)
})

test.each([
  ['2GB', 300_000, false],
  ['2GB', 1_000_000, true],
  ['4GB', 1_000_000, false],
])('with a limit of %s, the paths of %d series are drawn alone: %s', (limit, series, isAlone) => {
  expect(mustDrawPathsAlone(parseMemoryLimit(limit), series)).toBe(isAlone)
})

describe('the least limit', () => {
  test.each([
    [0, 0],
    [120, 0],
    [1000, 0],
    [10_000, 500_000_000],
    [100_000, 900_000_000],
    [300_000, 1_150_000_000],
    [1_000_000, 2_100_000_000],
    [2_000_000, 3_450_000_000],
  ])('of %d series is %d bytes', (series, least) => {
    expect(leastMemoryLimit(series)).toBe(least)
  })
  test('never falls with the series', () => {
    const limits = Array.from({ length: 400 }, (_, index) => leastMemoryLimit(index * 5000))
    expect(limits).toEqual([...limits].sort((a, b) => a - b))
  })
  test('refuses a lower one that was set', () => {
    expect(() => assertMemoryLimit('512MB', 10_000)).not.toThrow()
    expect(() => assertMemoryLimit('900MB', 100_000)).not.toThrow()
    expect(() => assertMemoryLimit('512MB', 100_000)).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: 'The memory limit of 512MB is too low for 100,000 series.',
        next: 'Use --memory-limit 900MB or more (in the window: Settings), or analyse the servers in parts.',
      }),
    )
  })
  test('does not refuse the default', () => {
    expect(() => assertMemoryLimit(undefined, 100_000_000)).not.toThrow()
  })
})

test('a limit that cannot be kept is refused before anything is written', async () => {
  const workspace = await ForecastWorkspace.open()
  try {
    // Two steps of a horizon, each server with its own.
    const dataset = join(workspace.folder, 'many.parquet')
    const database = await Database.open()
    await database.run(`COPY (SELECT 'server ' || s AS server_id, 'cpu' AS metric_name, TIMESTAMP '2026-01-01' + INTERVAL (t) DAY AS ds,
      CAST(CASE WHEN t < 2 THEN 20 END AS DOUBLE) AS y, CAST(20 AS DOUBLE) AS predicted, 'flat' AS model_name, t >= 2 AS is_future
      FROM range(20000) a(s), range(4) b(t) ORDER BY s, t) TO ${literal(dataset)} (FORMAT parquet)`)
    database.close()
    const out = join(workspace.folder, 'refused')
    const request = { inputs: [dataset], method: 'headroom', config: {}, out, memoryLimit: '500MB' } as const
    await expect(analyze(request)).rejects.toMatchObject({
      code: 'usage',
      message: 'The memory limit of 500MB is too low for 20,000 series.',
    })
    expect(existsSync(out)).toBe(false)
  } finally {
    await workspace.close()
  }
})

test('with little memory the pictures are drawn after the recommendations, and are the same', async () => {
  const workspace = await ForecastWorkspace.open()
  try {
    const dataset = await workspace.writeForecasts('few', seriesRows({ server: 'a', actual: [10, 20, 30, 20, 10], horizon: [20, 30] }))
    const runWith = async (memoryLimit: string): Promise<{ readonly folder: string; readonly wasLast: boolean }> => {
      let wasLast = false
      const pictures = startPictures()
      const { folder } = await analyze(
        { inputs: [dataset], method: 'headroom', config: {}, out: join(workspace.folder, memoryLimit), memoryLimit },
        {
          writePictures: async (target, ...task) => {
            // The last file of the recommendations.
            wasLast = existsSync(join(target, runFiles.modelAccuracy))
            await pictures.write(target, ...task)
          },
        },
      )
      await pictures.close()
      return { folder, wasLast }
    }
    const short = await runWith('512MB')
    const ample = await runWith('4GB')
    expect(short.wasLast).toBe(true)
    for (const name of [runFiles.heatmapPicture, runFiles.clustersPicture])
      expect((await readFile(join(short.folder, name))).equals(await readFile(join(ample.folder, name)))).toBe(true)
  } finally {
    await workspace.close()
  }
})

test('the settings store a memory size and refuse other text', () => {
  expect(mergeSettings(defaultSettings, { memoryLimit: '4GB' }).memoryLimit).toBe('4GB')
  expect(mergeSettings(defaultSettings, { memoryLimit: null }).memoryLimit).toBeNull()
  expect(settingsChangeSchema.safeParse({ memoryLimit: 'plenty' }).success).toBe(false)
})
