// Memory and disk space of an analysis: the memory limit, and the check for free space before anything is written.
import { statfs } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { parseMemorySize } from '../../src-shared/config/memory-size.ts'
import type { ForecastFile } from '../forecasts/forecast-files.ts'

const defaultShare = 1 / 4
/** A lower limit would make small machines spill forecasts that fit into memory. */
const minDefaultBytes = 512e6
/** The rest is for arrays outside the database, and for memory that DuckDB does not count. */
const databaseShare = 0.5
/** Of that rest; the program itself takes half of it. */
const minRestBytes = 370e6

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

/** What an analysis may take with any limit. */
export const leastPeakBytes = 400e6

/** What arrays of a series take outside the database: of the first ones, and of those beyond. Their parts are read some at a time. */
const restPerSeries = 3000
/** While paths are drawn from the errors of whole bins, and when tables are made of what was found. */
const restPerFurtherSeries = { paths: 750, tables: 590 } as const
const firstSeries = 100_000

/** The database's share of a limit in bytes, in DuckDB's notation. `series`: as many as are known. */
export const databaseMemory = (limit: number, series = 0, stage: keyof typeof restPerFurtherSeries = 'paths'): string => {
  const rest =
    minRestBytes + restPerSeries * Math.min(firstSeries, series) + restPerFurtherSeries[stage] * Math.max(0, series - firstSeries)
  return `${Math.floor(Math.max(Math.min(limit * databaseShare, limit - rest), Math.min(limit, minDatabaseBytes)))}B`
}

/** What an analysis takes at the least, and for each series, measured: at 10,000 and 100,000 servers of one metric. */
const leastBytes = 600e6
const bytesPerSeries = 15_000

/** Whether stages that could run at once should run one after the other, to stay within the limit. */
export const isMemoryShort = (limit: number, series: number): boolean => limit < leastBytes + bytesPerSeries * series

/** What a series takes while its fleet is clustered next to the paths, for which the limit of a large fleet has no room. */
const bytesBesidePaths = 3500

/** Whether nothing but the paths should be in memory while they are drawn. */
export const mustDrawPathsAlone = (limit: number, series: number): boolean => limit < bytesBesidePaths * series

/** Of a limit, what an analysis may take at most. */
const maxOverLimit = 1.15
const limitStep = 50e6

/**
 * Peak bytes by series of one metric, as measured: 120 servers with the default limit and 10,000 within 512 MB, of 2,463 rows each; 100,000
 * within 1 GB and a million within 2 GB, of 210 rows each. The last one took
 * 2,353 MB, and takes more with a higher limit, of which the database gets a part.
 */
const measuredPeaks = [
  { series: 120, bytes: 376e6 },
  { series: 10_000, bytes: 560e6 },
  { series: 100_000, bytes: 992e6 },
  { series: 1_000_000, bytes: 2400e6 },
] as const

/** The least limit in bytes, in steps of 50 MB, that an analysis of so many series keeps to: on straight lines through the peaks that were measured; 0 where it keeps to any. */
export const leastMemoryLimit = (series: number): number => {
  const found = measuredPeaks.findIndex((point) => series <= point.series)
  const end = found === -1 ? measuredPeaks.length - 1 : Math.max(1, found)
  const [from, to] = [measuredPeaks[end - 1]!, measuredPeaks[end]!]
  const peak = from.bytes + ((to.bytes - from.bytes) * (series - from.series)) / (to.series - from.series)
  return peak <= leastPeakBytes ? 0 : Math.ceil(peak / maxOverLimit / limitStep) * limitStep
}

/** Throws HeadroomError `usage` where a limit that was set cannot be kept. `text`: as it was set; undefined where it was not. */
export const assertMemoryLimit = (text: string | undefined, series: number): void => {
  const least = leastMemoryLimit(series)
  if (text === undefined || parseMemoryLimit(text) >= least) return
  const enough = `${least / 1e6}MB`
  throw new HeadroomError('usage', `The memory limit of ${text} is too low for ${series.toLocaleString('en-US')} series.`, {
    next: `Use --memory-limit ${enough} or more (in the window: Settings), or analyse the servers in parts.`,
  })
}

/** A run copies the input's pages, adds flags and figures (about 5 %) and series, and spills to disk while it works. Series: 11 % of three models; up to 130 % of one with repeated values, which this leaves out. */
const inputSizeFactor = 1.5
/** Pictures, summaries and file system overhead. */
const minBytes = 4_000_000

/** Disk space in bytes that a run of these files may need while it is created. */
export const estimateRunBytes = (files: readonly Pick<ForecastFile, 'bytes'>[]): number =>
  minBytes + Math.ceil(inputSizeFactor * files.reduce((sum, { bytes }) => sum + bytes, 0))

/** Of text, Parquet takes about half; of compressed text four times as much. Leaving out earlier cut-offs writes it once more. */
const conversionFactors: Readonly<Record<ForecastFile['compression'], number>> = { none: 1, gzip: 8, zstd: 8 }

/** Disk space in bytes for the conversion of files and the run of the result. */
export const estimateConvertedBytes = (files: readonly Pick<ForecastFile, 'bytes' | 'compression'>[]): number => {
  const bytes = files.reduce((sum, file) => sum + file.bytes * conversionFactors[file.compression], 0)
  return Math.ceil(bytes) + estimateRunBytes([{ bytes: Math.ceil(bytes / 2) }])
}

/** Throws HeadroomError `disk-full` if the disk of `folder` has fewer than `requiredBytes` free. `out`: the path as the user typed it. */
export const assertDiskSpace = async (folder: string, out: string, requiredBytes: number): Promise<void> => {
  const { bavail, bsize } = await statfs(folder)
  const freeBytes = bavail * bsize
  if (freeBytes >= requiredBytes) return
  throw new HeadroomError(
    'disk-full',
    `The disk of ${out} has ${formatBytes(freeBytes)} free, but this run needs about ${formatBytes(requiredBytes)}.`,
    {
      next: 'Free some space, or name a folder on another disk with --out.',
    },
  )
}

/** "3.9 GB", "12 MB". */
const formatBytes = (bytes: number): string => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`)
