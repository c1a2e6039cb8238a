// Which files belong to a dataset: one rule for folders of this machine and for prefixes in S3.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isParquetName } from '../../src-shared/run/parquet-files.ts'

/** Spark and Hadoop leave `_temporary` and `.crc` next to the data. */
const isHidden = (path: string): boolean => path.split(/[\\/]/).some((part) => /^[._]/.test(part))

/** `path`: of a file, relative to the folder or prefix that was named. */
export const belongsToDataset = (path: string): boolean => isParquetName(path) && !isHidden(path)

/** Files below a folder, by their paths relative to it. Links are not followed. */
export const listFiles = async (folder: string, below = ''): Promise<string[]> => {
  // Node 18.15 knows no recursive listing.
  const files: string[] = []
  for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
    const path = join(below, entry.name)
    if (entry.isDirectory()) files.push(...(await listFiles(folder, path)))
    else if (entry.isFile()) files.push(path)
  }
  return files
}

/** Columns that the folders of a partitioned tree add, `metric=cpu` for instance; `path`: of a file, relative to the tree. */
export const partitionColumns = (path: string): string[] =>
  path
    .split(/[\\/]/)
    .slice(0, -1)
    .flatMap((part) => /^([^=]+)=/.exec(part)?.[1] ?? [])
