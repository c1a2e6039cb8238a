// One change at a time, also from several processes and hosts: a lock file with its holder, taken over where the holder is gone.
import { randomUUID } from 'node:crypto'
import { link, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { currentOwner, ownerState, parseOwner } from './process-owner.ts'

const retryMs = 20
const longRetryMs = 500
const timeoutMs = 10_000
const heartbeatMs = 5000
/** No change takes so long: its holder is gone, wherever it ran. */
const staleAfterMs = 30_000
/** One that has made the file and not yet written its name gets a moment to do so. */
const unnamedGraceMs = 2000

export interface LongLock {
  /** How long to wait for another holder. */
  readonly waitMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs `work` while no other process holds the lock; its folder must be there. Throws where another holds it for too long.
 * `work` calls `assertHeld` before what cannot be undone: a process that slept for long may have lost the lock.
 * With `long`, work may take any time: the holder gives a sign of life now and then.
 */
export const withFileLock = async <Value>(
  path: string,
  work: (assertHeld: () => Promise<void>) => Promise<Value>,
  long?: LongLock,
): Promise<Value> => {
  const nonce = randomUUID()
  const deadline = performance.now() + (long?.waitMs ?? timeoutMs)
  while (!(await tryAcquire(path, nonce))) {
    long?.signal?.throwIfAborted()
    if (performance.now() > deadline) throw new Error(`${path} is held by another process.`)
    await pause(long === undefined ? retryMs : longRetryMs)
  }
  const isHeld = async (): Promise<boolean> => parseOwner(await readFile(path, 'utf8').catch(() => ''))?.nonce === nonce
  const beat = async (): Promise<void> => {
    if (await isHeld()) await utimes(path, new Date(), new Date())
  }
  const heartbeat = long === undefined ? undefined : setInterval(() => void beat().catch(() => undefined), heartbeatMs).unref()
  try {
    return await work(async () => {
      if (!(await isHeld())) throw new Error(`Another process took over ${path}.`)
    })
  } finally {
    clearInterval(heartbeat)
    if (await isHeld()) await rm(path, { force: true })
  }
}

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
    const holder = await readFile(path, 'utf8').catch(() => '')
    if (await isStale(path, holder)) await removeStale(path, holder, nonce)
    return false
  }
}

const isStale = async (path: string, holder: string): Promise<boolean> => {
  const age = await stat(path).then(
    ({ mtimeMs }) => Math.abs(Date.now() - mtimeMs),
    () => 0,
  )
  if (age > staleAfterMs) return true
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
  if ((await readFile(movedPath, 'utf8').catch(() => holder)) !== holder) await link(movedPath, path).catch(() => undefined)
  await rm(movedPath, { force: true })
}
