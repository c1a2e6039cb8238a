// Why a dataset that was opened cannot be read: files that changed, damage, a Parquet feature that is not supported, or a fault of Headroom.
import { z } from 'zod'
import { readFileFooter } from '../parquet/parquet-footer.ts'
import { ThriftError } from '../parquet/thrift-compact.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { escapeGlob, literal, type Database } from '../database/database.ts'
import { assertUnchanged, type ForecastFile } from './forecast-files.ts'
import { checkPages } from './input-hashes.ts'
import { damagedText } from './readers/compressed-text.ts'
import { unreadableReason } from './unreadable-parquet.ts'

/** What messages say of a dataset. */
interface NamedFiles {
  readonly files: readonly ForecastFile[]
  readonly name: string
}

/**
 * What a failure of a dataset means. A query that failed has words of DuckDB, which no user should see: the files changed meanwhile, one of them
 * cannot be read by itself, a page was altered, a value is of another kind, or else Headroom is at fault. Other failures stay as they are.
 */
export const explainFailure = async (database: Database, { files, name }: NamedFiles, cause: unknown): Promise<unknown> => {
  if (cause instanceof z.ZodError || cause instanceof RangeError) {
    await assertUnchanged(files)
    for (const file of files) await checkPages(file)
    return isTimeFault(cause) ? timeBeyondReason(name, cause) : cause
  }
  if (!(cause instanceof HeadroomError)) return cause
  // Passes that read different things are what a damaged page shows first.
  if (cause.code === 'input-changed') for (const file of files) await checkPages(file)
  if (cause.code !== 'query-failed') return cause
  await assertUnchanged(files)
  const unreadable = await findUnreadable(database, files)
  if (unreadable !== undefined) return unreadable
  for (const file of files) await checkPages(file)
  return damagedFrame(files, cause) ?? outsideStatistics(name, cause) ?? unexpectedValue(name, cause) ?? readingFault(name, cause)
}

/** Words of JavaScript for a date that it cannot hold. */
const isTimeFault = (cause: Error): boolean => cause instanceof RangeError && cause.message === 'Invalid time value'

const timeBeyondReason = (name: string, cause: unknown): HeadroomError =>
  new HeadroomError('input-time-unreadable', `${name} holds times beyond the year 275760.`, {
    next: 'Correct them, or write, copy or download the file again.',
    cause,
  })

/** The first Parquet file that fails without any SQL of an analysis. */
const findUnreadable = async (database: Database, files: readonly ForecastFile[]): Promise<HeadroomError | undefined> => {
  for (const file of files) {
    if (file.format !== 'parquet') continue
    try {
      await database.run(`SELECT max(hash(r)) FROM read_parquet([${literal(escapeGlob(file.path))}], hive_partitioning = false) AS r`)
    } catch (thrown) {
      if (!(thrown instanceof HeadroomError) || thrown.code !== 'query-failed') throw thrown
      return (await footerReason(file)) ?? unreadableFile(file, thrown)
    }
  }
  return undefined
}

/** The reason of a whole file that cannot be read. */
const footerReason = async ({ path, name }: ForecastFile): Promise<HeadroomError | undefined> => {
  try {
    const { metaData } = await readFileFooter(path)
    return unreadableReason(metaData, name)
  } catch (thrown) {
    if (thrown instanceof ThriftError) return undefined
    throw thrown
  }
}

/** DuckDB says so of kinds of Parquet that it does not read. */
const unsupportedPattern = /^Not implemented Error|not (yet )?(supported|implemented)|unsupported/i

const unreadableFile = ({ name }: ForecastFile, cause: HeadroomError): HeadroomError =>
  unsupportedPattern.test(cause.message)
    ? new HeadroomError('input-not-parquet', `${name} uses a kind of Parquet that cannot be read.`, {
        next: 'Write it with plain types and snappy or zstd, for instance by pandas.',
        cause,
      })
    : new HeadroomError('input-not-parquet', `${name} is a damaged Parquet file: its contents cannot be read.`, {
        next: 'Write, copy or download the file again.',
        cause,
      })

/** Words of DuckDB for a frame of Zstandard whose checksum or blocks are wrong. */
const damagedFramePattern = /Restored data doesn't match checksum|ZSTD|corruption detected/i

const damagedFrame = (files: readonly ForecastFile[], cause: HeadroomError): HeadroomError | undefined => {
  const file = files.find(({ compression }) => compression === 'zstd')
  return file !== undefined && damagedFramePattern.test(cause.message) ? damagedText(file.name, cause) : undefined
}

/** The greatest value comes from the files' statistics; the sums of the profile find values outside. */
const outsidePattern =
  /^Out of Range Error: Value -?\d+ is outside of provided min and max range|^Conversion Error: Type DOUBLE with value \S+ can't be cast because the value is out of range/

const outsideStatistics = (name: string, cause: HeadroomError): HeadroomError | undefined =>
  outsidePattern.test(cause.message) ? contradictsStatistics(name, cause) : undefined

export const contradictsStatistics = (name: string, cause?: HeadroomError): HeadroomError =>
  new HeadroomError('input-changed', `The statistics of ${name} contradict its rows: times or values lie outside of them.`, {
    next: 'Write, copy or download the file again.',
    ...(cause === undefined ? {} : { cause }),
  })

const unexpectedValue = (name: string, cause: HeadroomError): HeadroomError | undefined => {
  const [, value] = /^Conversion Error: Could not convert string ['"](.*?)['"] to/.exec(cause.message) ?? []
  return value === undefined
    ? undefined
    : new HeadroomError('input-column-type', `${name} holds "${value}" where numbers or times are expected.`, {
        next: 'Correct the value, or leave it empty.',
        cause,
      })
}

const readingFault = (name: string, cause: HeadroomError): HeadroomError =>
  new HeadroomError('internal', `Headroom failed on ${name} by a fault of its own.`, {
    next: 'Report it with the details and the first lines of the file.',
    cause,
    ...(cause.sql === undefined ? {} : { sql: cause.sql }),
  })
