// How much memory an analysis may take: as the user set it, else a quarter of the machine's.
import { totalmem } from 'node:os'
import { HeadroomError } from '../../src-shared/errors.ts'
import { memoryBytes } from '../../src-shared/memory-size.ts'

const usualShare = 1 / 4
/** With less, small machines would spill sets that fit. */
const leastUsual = 512e6
/** The rest is for the arrays beside the database, and for what it takes without counting. */
const databaseShare = 0.65

/** Of the machine, or of the container that this process may not outgrow. */
const machineBytes = (): number => {
  const allowed = process.constrainedMemory()
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem()
}

/** Bytes. Throws HeadroomError `usage` for a text that is no size. */
export const memoryLimitOf = (text: string | undefined): number => {
  if (text === undefined) return Math.max(leastUsual, Math.floor(machineBytes() * usualShare))
  const bytes = memoryBytes(text)
  if (Number.isNaN(bytes)) {
    throw new HeadroomError('usage', `"${text}" is no memory size.`, { next: 'A number and a unit are needed, for instance 800MB or 4GB.' })
  }
  return bytes
}

/** Below it DuckDB cannot read a file on several threads. */
const leastDatabase = 128e6

/** The database's part of a limit in bytes, as DuckDB takes it. */
export const databaseMemory = (limit: number): string => `${Math.floor(Math.max(limit * databaseShare, Math.min(limit, leastDatabase)))}B`
