// A lock file, so that only one of several starts performs a set-up step.
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** No step takes this long; after it the holder counts as gone even if its process number is in use again. */
const maxStepMs = 30 * 60 * 1000

/** @param {number} pid */
function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM'
  }
}

/** Whether the lock's holder ended without removing it. @param {string} file */
export function isStale(file, now = Date.now()) {
  try {
    if (now - statSync(file).mtimeMs > maxStepMs) return true
    const pid = Number(readFileSync(file, 'utf8'))
    // A holder that has created the file and not yet written its number gets two seconds to do so.
    return pid > 0 ? !isRunning(pid) : now - statSync(file).mtimeMs > 2000
  } catch {
    return false // removed in the meantime: the next attempt to create it decides
  }
}

/** @param {string} file */
function tryLock(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Runs `step` while holding the lock, after waiting for another holder to finish.
 * @template T
 * @param {string} file
 * @param {() => Promise<T>} step
 * @param {{ onWait?: () => void }} [options] onWait is called once if another process has the lock
 * @returns {Promise<T>}
 */
export async function withLock(file, step, { onWait } = {}) {
  mkdirSync(dirname(file), { recursive: true })
  let waited = false
  while (!tryLock(file)) {
    if (isStale(file)) {
      rmSync(file, { force: true })
      continue
    }
    if (!waited) onWait?.()
    waited = true
    await sleep(200)
  }
  const release = () => rmSync(file, { force: true })
  process.on('exit', release)
  try {
    return await step()
  } finally {
    process.off('exit', release)
    release()
  }
}
