// One change at a time, also from several processes: a lock file with its holder's process number, taken over where the holder is gone.
import { open, readFile, rm, stat } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'

const retryMs = 20
const timeoutMs = 10_000
/** No change takes so long: its holder is gone even if its number is in use again. */
const staleAfterMs = 30_000
const pidGraceMs = 2000

/** Runs `change` while no other process holds the lock; its folder must be there. Throws where another holds it for too long. */
export const withFileLock = async <Value>(path: string, work: () => Promise<Value>): Promise<Value> => {
  const deadline = performance.now() + timeoutMs
  while (!(await tryAcquire(path))) {
    if (performance.now() > deadline) throw new Error(`${path} is held by another process.`)
    await pause(retryMs)
  }
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

const tryAcquire = async (path: string): Promise<boolean> => {
  try {
    const file = await open(path, 'wx')
    await file.writeFile(String(process.pid))
    await file.close()
    return true
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
    if (await isStale(path)) await rm(path, { force: true })
    return false
  }
}

const isStale = async (path: string): Promise<boolean> => {
  const [holder, age] = await Promise.all([
    readFile(path, 'utf8').catch(() => ''),
    stat(path).then(
      ({ mtimeMs }) => Math.abs(Date.now() - mtimeMs),
      () => 0,
    ),
  ])
  if (age > staleAfterMs) return true
  const pid = Number(holder)
  // One that has made the file and not yet written its number gets a moment to do so.
  if (!(pid > 0)) return age > pidGraceMs
  return pid !== process.pid && !isProcessAlive(pid)
}

/** Whether a process of this number runs. */
export const isProcessAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM'
  }
}
