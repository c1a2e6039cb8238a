// One change at a time, also from several processes and hosts: a lock file with its holder, taken over where the holder is gone.
import { randomUUID } from 'node:crypto'
import { link, open, rename, rm, stat } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { fileSystemTime } from './file-system-time.ts'
import { currentOwner, ownerState, parseOwner } from './process-owner.ts'
import { readRegularText } from './regular-file.ts'

const retryMs = 20
const longRetryMs = 500
const heartbeatMs = 5000
/** No change takes so long: its holder is gone, wherever it ran. */
const staleAfterMs = 30_000
/** Longer than a holder that is gone elsewhere keeps the file, and long enough for many writers on a busy machine. */
const timeoutMs = 45_000
/** One that has made the file and not yet written its name gets a moment to do so. */
const unnamedGraceMs = 2000

export interface LongLock {
  /** How long to wait for another holder. */
  readonly waitMs: number
  readonly signal?: AbortSignal | undefined
}

/** Throws where another process took the lock over: call it before what cannot be undone. A process that slept for long may have lost it. */
type AssertHeld = () => Promise<void>

/** Runs `work` while no other process holds the lock; its folder must be there. Throws LockHeldError. With `long`, work may take any time. */
export const withFileLock = async <Value>(
  path: string,
  work: (assertHeld: AssertHeld) => Promise<Value>,
  long?: LongLock,
): Promise<Value> => {
  const { assertHeld, release } = await acquireFileLock(path, long)
  try {
    return await work(assertHeld)
  } finally {
    await release()
  }
}

export interface HeldLock {
  readonly assertHeld: AssertHeld
  readonly release: () => Promise<void>
}

/** Another process holds the lock, and has for as long as this one waited. */
export class LockHeldError extends Error {}

/** As `withFileLock`, for work with an end elsewhere. With `long`, the holder gives a sign of life now and then. */
export const acquireFileLock = async (path: string, long?: LongLock): Promise<HeldLock> => {
  const nonce = randomUUID()
  const deadline = performance.now() + (long?.waitMs ?? timeoutMs)
  // What its holder left behind is removed first.
  while (!(await tryAcquire(path, nonce)) && !(await tryAcquire(path, nonce))) {
    long?.signal?.throwIfAborted()
    if (performance.now() > deadline) throw new LockHeldError(`${path} is held by another process.`)
    await pause(long === undefined ? retryMs : longRetryMs)
  }
  const isHeld = async (): Promise<boolean> => parseOwner(await readHolder(path))?.nonce === nonce
  const heartbeat = long === undefined ? undefined : setInterval(() => void beat(path, nonce).catch(() => undefined), heartbeatMs).unref()
  return {
    assertHeld: async () => {
      if (!(await isHeld())) throw new Error(`Another process took over ${path}.`)
    },
    release: async () => {
      clearInterval(heartbeat)
      if (await isHeld()) await rm(path, { force: true })
    },
  }
}

/** Written, not touched, so that the clock of the file system counts; into the opened file, which may have been moved meanwhile. */
const beat = async (path: string, nonce: string): Promise<void> => {
  const file = await open(path, 'r+')
  try {
    const text = await file.readFile('utf8')
    if (parseOwner(text)?.nonce === nonce) await file.write(text, 0)
  } finally {
    await file.close()
  }
}

/** A folder or pipe in place of the lock has no holder, and is not waited for. */
const readHolder = (path: string): Promise<string> => readRegularText(path).catch(() => '')

const tryAcquire = async (path: string, nonce: string): Promise<boolean> => {
  try {
    const file = await open(path, 'wx')
    try {
      await file.writeFile(JSON.stringify(currentOwner(nonce)))
    } finally {
      await file.close()
    }
    return true
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
    const holder = await readHolder(path)
    if (await isStale(path, holder, nonce)) await removeStale(path, holder, nonce)
    return false
  }
}

const isStale = async (path: string, holder: string, nonce: string): Promise<boolean> => {
  const writtenAt = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  )
  if (writtenAt === undefined) return false
  const age = Math.abs(Date.now() - writtenAt)
  if (age > staleAfterMs && Math.abs((await fileSystemTime(`${path}.${nonce}`)) - writtenAt) > staleAfterMs) return true
  const owner = parseOwner(holder)
  return owner === undefined ? age > unnamedGraceMs : ownerState(owner) === 'ended'
}

/** Moved first, then looked at: another process may have taken the stale lock over already, and gets its own lock back. */
const removeStale = async (path: string, holder: string, nonce: string): Promise<void> => {
  const movedPath = `${path}.${nonce}`
  try {
    await rename(path, movedPath)
  } catch {
    return
  }
  if ((await readRegularText(movedPath).catch(() => holder)) !== holder) await link(movedPath, path).catch(() => undefined)
  await rm(movedPath, { recursive: true, force: true })
}
