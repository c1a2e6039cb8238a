// A full disk: refused before an analysis starts, and cleaned up during one. Needs root to mount a small file system.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, statfsSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { analyze } from '../../src-main/engine/analyze.ts'
import { assertDiskSpace, estimateRunBytes } from '../../src-main/engine/resource-limits.ts'
import type { RunEvent } from '../../src-shared/run/run-event.ts'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'

const diskBytes = 24_000_000
const disk = mkdtempSync(join(tmpdir(), 'headroom-small-disk-'))

const mountSmallDisk = (): boolean => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', disk], { stdio: 'ignore' })
    return true
  } catch {
    console.warn('Skipped: no small file system can be mounted here, so no disk runs full.')
    return false
  }
}
const isMounted = mountSmallDisk()

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => {
  await workspace.close()
  if (isMounted) execFileSync('umount', [disk])
  await rm(disk, { recursive: true })
})

/** 400 servers, 100 backtest days and 30 days of horizon; each row with so many times 32 letters that do not compress: 1.7 MB each. */
const fleet = (notes: number): string => `
  SELECT 'server ' || lpad(CAST(i // 130 AS VARCHAR), 3, '0') AS server_id, TIMESTAMP '2026-01-01' + to_days(CAST(i % 130 AS INTEGER)) AS "timestamp",
         CASE WHEN i % 130 < 100 THEN CAST(hash(i) % 100 AS DOUBLE) END AS actual, CAST(hash(i + 1) % 100 AS DOUBLE) AS predicted,
         ${Array.from({ length: notes }, (_, note) => `md5('${note} ' || i)`).join(' || ')} AS note
  FROM range(52000) t(i)`

describe('before an analysis starts', () => {
  test('estimateRunBytes is 1.5 times the input plus 4 MB', () => {
    // 1.5 x (10 MB + 30 MB) + 4 MB.
    expect(estimateRunBytes([{ bytes: 10e6 }, { bytes: 30e6 }])).toBe(64e6)
  })

  test('assertDiskSpace accepts exactly the required bytes and refuses one byte less', async () => {
    const { bavail, bsize } = statfsSync(disk)
    const free = bavail * bsize
    // Other processes may write meanwhile where the disk is not our own.
    const margin = isMounted ? 0 : 1e9
    await assertDiskSpace(disk, 'run', free - margin)
    await expect(assertDiskSpace(disk, 'run', free + margin + 1)).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringMatching(/^The disk of run has \d+(\.\d)? [MG]B free, but this run needs about \d+(\.\d)? [MG]B\.$/),
      next: 'Free some space, or name a folder on another disk with --out.',
    })
  })
})

describe.runIf(isMounted)('on a disk of 24 MB', () => {
  test('a dataset of 20 MB is refused before its rows are read', async () => {
    const set = await workspace.writeQuery('large.parquet', fleet(12))
    const labels: string[] = []
    const onEvent = (event: RunEvent): void => void (event.type === 'step' && labels.push(event.label))
    const out = join(disk, 'run')
    await expect(analyze({ inputs: [set], out, method: 'headroom', config: {} }, { onEvent })).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringMatching(/ has 24 MB free, but this run needs about \d\d MB\.$/),
    })
    expect(labels).toEqual(['Opening forecasts'])
    expect(await readdir(disk)).toEqual([])
  })

  test.each([
    ['whose pages are copied', 'snappy'],
    ['that is rewritten', 'zstd'],
  ])('a dataset %s leaves no files or folders if the disk fills up during the analysis', async (_, codec) => {
    const set = await workspace.writeQuery(`under-way-${codec}.parquet`, fleet(6), `, COMPRESSION ${codec}`)
    const filler = join(disk, 'somebody else.bin')
    let filled = Promise.resolve()
    const onEvent = (event: RunEvent): void => {
      if (event.type !== 'step' || event.label !== 'Selecting models') return
      const { bavail, bsize } = statfsSync(disk)
      // A megabyte is left: less than the forecasts take.
      filled = writeFile(filler, new Uint8Array(bavail * bsize - 1_000_000))
    }
    const out = join(disk, 'above', 'run')
    const running = analyze({ inputs: [set], out, method: 'headroom', config: {} }, { onEvent })
    await expect(running).rejects.toMatchObject({ code: 'disk-full', message: 'The disk is full.' })
    await filled
    expect(await readdir(disk)).toEqual(['somebody else.bin'])
    await rm(filler)
    await mkdir(join(disk, 'above'))
    await analyze({ inputs: [set], out, method: 'headroom', config: {} })
    expect(await readdir(out)).toHaveLength(12)
    await rm(join(disk, 'above'), { recursive: true })
  })
})
