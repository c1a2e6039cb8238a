// The memory limit of an analysis: the user's setting, otherwise a quarter of the machine's memory.
import { totalmem } from 'node:os'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { parseMemorySize } from '../../src-shared/config/memory-size.ts'

const defaultShare = 1 / 4
/** A lower limit would make small machines spill forecasts that fit into memory. */
const minDefaultBytes = 512e6
/** The rest is for arrays outside the database, and for memory that DuckDB does not count. */
const databaseShare = 0.65

/** Memory of the machine, or the limit of the container. */
const machineBytes = (): number => {
  const constrainedBytes = process.constrainedMemory()
  return constrainedBytes > 0 ? Math.min(constrainedBytes, totalmem()) : totalmem()
}

/** Bytes. Throws HeadroomError `usage` if the text is not a memory size. */
export const parseMemoryLimit = (text: string | undefined): number => {
  if (text === undefined) return Math.max(minDefaultBytes, Math.floor(machineBytes() * defaultShare))
  const bytes = parseMemorySize(text)
  if (Number.isNaN(bytes)) {
    throw new HeadroomError('usage', `"${text}" is not a memory size.`, { next: 'Use a number and a unit, such as 800MB or 4GB.' })
  }
  return bytes
}

/** With less, DuckDB cannot read a file on several threads. */
const minDatabaseBytes = 128e6

/** The database's share of a limit in bytes, in DuckDB's notation. */
export const databaseMemory = (limit: number): string =>
  `${Math.floor(Math.max(limit * databaseShare, Math.min(limit, minDatabaseBytes)))}B`
