// One change at a time: others wait, and a lock whose holder is gone is taken over.
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { acquireFileLock, LockHeldError, withFileLock } from '../../src-main/run-folder/file-lock.ts'
import { currentOwner } from '../../src-main/run-folder/process-owner.ts'

let folder: string
let lock: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-lock-'))
  lock = join(folder, 'lock')
})
afterEach(() => rm(folder, { recursive: true }))

test('changes do not overlap, and leave nothing behind', async () => {
  const order: string[] = []
  const change = (name: string) => async (): Promise<void> => {
    order.push(`${name} begins`)
    await pause(30)
    order.push(`${name} ends`)
  }
  await Promise.all(['a', 'b', 'c'].map((name) => withFileLock(lock, change(name))))
  for (let at = 0; at < order.length; at += 2) expect(order[at + 1]).toBe(order[at]!.replace('begins', 'ends'))
  expect(await readdir(folder)).toEqual([])
})

test('a change that fails lets the next one in', async () => {
  await expect(
    withFileLock(lock, async () => {
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  expect(await withFileLock(lock, async () => 7)).toBe(7)
})

const nonce = randomUUID()

test.each([
  ['whose process has ended', JSON.stringify({ ...currentOwner(nonce), pid: 4_194_303 }), 0],
  ['whose number another process has by now', JSON.stringify({ ...currentOwner(nonce), started_at: '1' }), 0],
  ['that was left before it bore a name', '', 3],
  ['that is older than any change takes', JSON.stringify(currentOwner(nonce)), 60],
  ['of another container that is older than any change takes', JSON.stringify({ ...currentOwner(nonce), pid_namespace: 'pid:[1]' }), 60],
])('a lock %s is taken over', async (_, holder, seconds) => {
  await writeFile(lock, holder)
  const then = Date.now() / 1000 - seconds
  await utimes(lock, then, then)
  expect(await withFileLock(lock, async () => 'in')).toBe('in')
})

test.skipIf(process.platform === 'win32').each(['mkfifo', 'mkdir'])(
  'what %s made in place of a lock is not waited for',
  async (command) => {
    execFileSync(command, [lock])
    const then = Date.now() / 1000 - 3
    await utimes(lock, then, then)
    expect(await withFileLock(lock, async () => 'in')).toBe('in')
    expect(await readdir(folder)).toEqual([])
  },
)

test('work of any length gives signs of life by the clock of the file system', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const old = Date.now() / 1000 - 3600
  const held = await acquireFileLock(lock, { waitMs: 0 })
  await utimes(lock, old, old)
  await vi.advanceTimersByTimeAsync(5000)
  await vi.waitFor(async () => expect(Date.now() - (await stat(lock)).mtimeMs).toBeLessThan(60_000))
  vi.useRealTimers()
  await expect(acquireFileLock(lock, { waitMs: 0 })).rejects.toThrow(LockHeldError)
  await held.release()
  expect(await readdir(folder)).toEqual([])
})

test('one that slept until its lock was taken over notices before it changes anything, and leaves the other’s lock alone', async () => {
  const others = JSON.stringify({ ...currentOwner(nonce), pid_namespace: 'pid:[1]' })
  const late = withFileLock(lock, async (assertHeld) => {
    await writeFile(lock, others)
    await assertHeld()
  })
  await expect(late).rejects.toThrow('took over')
  expect(await readFile(lock, 'utf8')).toBe(others)
})
