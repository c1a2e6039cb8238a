// Checks for enough free disk space before an analysis starts to write.
import { statfs } from 'node:fs/promises'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { ForecastFile } from '../forecasts/forecast-files.ts'

/** A run copies the input's pages, adds flags and figures (about 5 %), and spills to disk while it works. */
const inputSizeFactor = 1.25
/** Pictures, summaries and file system overhead. */
const minBytes = 4_000_000

/** Disk space in bytes that a run of these files may need while it is created. */
export const estimateRunBytes = (files: readonly Pick<ForecastFile, 'bytes'>[]): number =>
  minBytes + Math.ceil(inputSizeFactor * files.reduce((sum, { bytes }) => sum + bytes, 0))

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
