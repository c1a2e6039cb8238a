// How much memory an analysis may take: as the user set it, else a quarter of the machine's.
import { totalmem } from 'node:os'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { parseMemorySize } from '../../src-shared/config/memory-size.ts'

const defaultShare = 1 / 4
/** With less, small machines would spill sets that fit. */
const minDefaultBytes = 512e6
/** The rest is for the arrays beside the database, and for what it takes without counting. */
const databaseShare = 0.65

/** Of the machine, or of the container that this process may not outgrow. */
const machineBytes = (): number => {
  const constrainedBytes = process.constrainedMemory()
  return constrainedBytes > 0 ? Math.min(constrainedBytes, totalmem()) : totalmem()
}

/** Bytes. Throws HeadroomError `usage` for a text that is no size. */
export const parseMemoryLimit = (text: string | undefined): number => {
  if (text === undefined) return Math.max(minDefaultBytes, Math.floor(machineBytes() * defaultShare))
  const bytes = parseMemorySize(text)
  if (Number.isNaN(bytes)) {
    throw new HeadroomError('usage', `"${text}" is no memory size.`, { next: 'A number and a unit are needed, for instance 800MB or 4GB.' })
  }
  return bytes
}

/** Below it DuckDB cannot read a file on several threads. */
const minDatabaseBytes = 128e6

/** The database's part of a limit in bytes, as DuckDB takes it. */
export const databaseMemory = (limit: number): string =>
  `${Math.floor(Math.max(limit * databaseShare, Math.min(limit, minDatabaseBytes)))}B`
