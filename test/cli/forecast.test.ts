// headroom forecast as users run it: the same bytes on any number of threads, nothing left after a cancel, no file replaced unasked.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Database } from '../../src-main/database/database.ts'
import { hashFile } from '../../src-main/run-folder/hash-file.ts'
import { headroom, headroomDone, startHeadroom } from '../fixtures/run-headroom.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-forecast-'))
  const database = await Database.open()
  // Enough series for several batches.
  await database.run(`COPY (
    SELECT 's' || s AS host, TIMESTAMP '2026-01-01' + to_days(CAST(d AS INTEGER)) AS "time", 30 + s % 40 + d % 7 + hash(s, d) % 100 / 20.0 AS value
    FROM range(220) t(s), range(75) u(d)) TO '${join(folder, 'measured.parquet')}' (FORMAT parquet)`)
  database.close()
})
afterAll(() => rm(folder, { recursive: true }))

const run = (...args: readonly string[]): Promise<string> =>
  headroomDone(['forecast', 'measured.parquet', '--horizon', '7', ...args], { cwd: folder })
const hashOf = (name: string): Promise<string> => hashFile(join(folder, name))

describe('headroom forecast', () => {
  test('says what it did, and writes the same bytes on 1 and 3 threads', async () => {
    expect(await run('--out', 'one.parquet', '--threads', '1')).toBe(
      'Forecast 7 days ahead from daily values.\n' +
        'one.parquet: 64,680 rows of 220 series, models seasonal_naive, flat_median, weekday_median, calendar_trend, theta, median_ensemble, mstl\n',
    )
    await run('--out', 'three.parquet', '--threads', '3')
    expect(await hashOf('three.parquet')).toBe(await hashOf('one.parquet'))
  })

  test('replaces an existing file only with --force', async () => {
    const args = ['forecast', 'measured.parquet', '--horizon', '7', '--model', 'theta', '--out', 'existing.parquet']
    expect((await headroom(args, { cwd: folder })).code).toBe(0)
    expect(await headroom(args, { cwd: folder })).toMatchObject({
      code: 2,
      stderr: 'Error: existing.parquet exists already.\nName a new file, or replace this one with --force.\n',
    })
    expect((await headroom([...args, '--force'], { cwd: folder })).code).toBe(0)
  })

  test('leaves nothing behind when it is cancelled', async () => {
    const before = await readdir(folder)
    const { process: child, result } = startHeadroom(['forecast', 'measured.parquet', '--out', 'cancelled.parquet'], { cwd: folder })
    await expect.poll(async () => (await readdir(folder)).length, { timeout: 20_000, interval: 5 }).toBeGreaterThan(before.length)
    child.kill('SIGINT')
    const { code, stderr } = await result
    expect([code, stderr]).toEqual([130, 'Cancelled. No files remain.\n'])
    expect(await readdir(folder)).toEqual(before)
  })
})
