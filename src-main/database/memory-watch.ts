// Gives memory that nobody uses any more back to the system while a process is near its memory limit.
// The allocators of V8, DuckDB and the system each keep freed memory for later; none of them knows of the others.
import type { Database } from './database.ts'
import { collectGarbage } from './result-memory.ts'

/** Shares of the limit from which freed memory is given back, and from which arrays that nobody holds are looked for. */
const releaseShare = 0.6
const collectShare = 0.85
/** Milliseconds from one look to the next. */
const lookInterval = 50
const minReleasePause = 200
const minCollectPause = 1000
/** Either takes at most about this share of the time. */
const maxTimeShare = 0.1

/** The system tells it in a file: a process that may open no more files learns nothing, and its work goes on. */
const usedOrNone = (used: () => number): number => {
  try {
    return used()
  } catch {
    return 0
  }
}

export interface MemoryWatch {
  /** Nothing is under way on the database afterwards. */
  readonly stop: () => Promise<void>
}

export interface WatchedMemory {
  /** Bytes that the process may take. */
  readonly limit: number
  /** Bytes that it takes. */
  readonly used?: () => number
  readonly collect?: () => void
}

/** `databaseLimit`: that of the database, as it is just now. Stop the watch before the database is closed. */
export const watchMemory = async (
  database: Database,
  databaseLimit: () => string,
  { limit, used = () => process.memoryUsage.rss(), collect = collectGarbage }: WatchedMemory,
): Promise<MemoryWatch> => {
  const connection = await database.openConnection()
  let releasing: Promise<void> | undefined
  let nextRelease = 0
  let nextCollection = 0
  const release = async (): Promise<void> => {
    const startedAt = performance.now()
    // DuckDB gives everything back when it is told its limit, as also the C library then does; there is no other statement for it.
    // An analysis that ends meanwhile fails here, too.
    await connection.run(`SET GLOBAL memory_limit = '${databaseLimit()}'`).catch(() => undefined)
    const endedAt = performance.now()
    nextRelease = endedAt + Math.max(minReleasePause, (endedAt - startedAt) / maxTimeShare)
    releasing = undefined
  }
  const look = (): void => {
    const now = performance.now()
    const share = usedOrNone(used) / limit
    if (share < releaseShare) return
    if (share >= collectShare && now >= nextCollection) {
      collect()
      const collectedAt = performance.now()
      nextCollection = collectedAt + Math.max(minCollectPause, (collectedAt - now) / maxTimeShare)
    }
    if (releasing === undefined && now >= nextRelease) releasing = release()
  }
  const timer = setInterval(look, lookInterval)
  timer.unref()
  return {
    stop: async () => {
      clearInterval(timer)
      await releasing
      connection.close()
    },
  }
}
