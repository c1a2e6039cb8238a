// Large values of an open run that views keep in memory: beyond a limit those of one view give way to those of the next.
import type { OpenRun } from './open-run.ts'

/** Two views of 100,000 servers fit; of a million servers, one. */
const maxKeptBytes = 400e6

interface Kept {
  readonly bytes: number
  readonly release: () => void
}

const keptByRun = new WeakMap<OpenRun, Map<string, Kept>>()

/** Call it before the values are read. `release` lets go of them; they are read again where they are needed again. */
export const keepLargeValues = (run: OpenRun, view: string, bytes: number, release: () => void): void => {
  const kept = keptByRun.get(run) ?? new Map<string, Kept>()
  keptByRun.set(run, kept)
  kept.delete(view)
  let total = bytes
  for (const other of kept.values()) total += other.bytes
  // The oldest first.
  for (const [name, other] of kept) {
    if (total <= maxKeptBytes) break
    other.release()
    kept.delete(name)
    total -= other.bytes
  }
  kept.set(view, { bytes, release })
}
