// Which files belong to a dataset: one rule for folders of this machine and for prefixes in S3.
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isFlagColumn } from './forecast-columns.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { InputFormat } from '../../src-shared/run/input-mapping.ts'
import { isParquetName } from '../../src-shared/run/parquet-files.ts'

/** Spark and Hadoop leave `_temporary` and `.crc` next to the data. */
const isHidden = (path: string): boolean => path.split(/[\\/]/).some((part) => /^[._]/.test(part)) || /\.crc$/i.test(path)

/** "PARE": the footer is encrypted. */
const parquetHeads = new Set(['PAR1', 'PARE'])
export const headBytes = 4

/** What is in a folder or below a prefix, by paths relative to it. */
export interface FolderContents<File> {
  readonly datasetFiles: readonly File[]
  /** Files that a user may have meant, but that no reader knows. */
  readonly leftOut: readonly File[]
}

/** So many files are named in a message. */
export const maxNamed = 3
/** So many heads are read at the same time. */
const maxReads = 32

const textNames: readonly (readonly [InputFormat, RegExp])[] = [
  ['csv', /\.(csv|tsv|tab)(\.(gz|zst))?$/i],
  ['json', /\.(json|jsonl|ndjson)(\.(gz|zst))?$/i],
]

/** By its name alone; SageMaker's batch transform adds `.out`. */
export const textFormatOf = (path: string): Exclude<InputFormat, 'parquet'> | undefined => {
  const found = textNames.find(([, pattern]) => pattern.test(path.replace(/\.out$/i, '')))?.[0]
  return found === 'parquet' ? undefined : found
}

/**
 * A file belongs by its name or its first bytes: Hive, Trino and Athena write names without an ending. Throws input-unclear where files of
 * two formats could be meant.
 */
export const sortFolderContents = async <File>(
  files: readonly File[],
  pathOf: (file: File) => string,
  readHead: (file: File) => Promise<Uint8Array>,
): Promise<FolderContents<File>> => {
  const visible = files.filter((file) => !isHidden(pathOf(file)))
  const formats: (InputFormat | undefined)[] = []
  for (let from = 0; from < visible.length; from += maxReads) {
    const batch = visible.slice(from, from + maxReads)
    formats.push(
      ...(await Promise.all(
        batch.map(async (file) =>
          isParquetName(pathOf(file)) || isParquetHead(await readHead(file)) ? ('parquet' as const) : textFormatOf(pathOf(file)),
        ),
      )),
    )
  }
  assertOneFormat(visible.map(pathOf), formats)
  return {
    datasetFiles: visible.filter((_, index) => formats[index] !== undefined),
    leftOut: visible.filter((_, index) => formats[index] === undefined),
  }
}

const assertOneFormat = (paths: readonly string[], formats: readonly (InputFormat | undefined)[]): void => {
  const first = formats.findIndex((format) => format !== undefined)
  const other = formats.findIndex((format) => format !== undefined && format !== formats[first])
  if (other === -1) return
  throw new HeadroomError('input-unclear', `The folder holds files of two formats: ${paths[first]} and ${paths[other]}.`, {
    next: 'Name the files of one format, for instance with a pattern such as folder/*.parquet.',
  })
}

/** One sentence that names the first of the files. */
export const describeLeftOut = (leftOut: readonly string[]): string => {
  const named = [...leftOut].sort().slice(0, maxNamed)
  const names = `${named.join(', ')}${leftOut.length > named.length ? ', ...' : ''}`
  return leftOut.length === 1
    ? `1 file is left out, since it is not Parquet, CSV or JSON: ${names}.`
    : `${leftOut.length.toLocaleString('en-US')} files are left out, since they are not Parquet, CSV or JSON: ${names}.`
}

export const isParquetHead = (head: Uint8Array): boolean => parquetHeads.has(Buffer.from(head).toString('latin1'))

/** Sorts the files below a local folder; links are not followed. */
export const sortFolder = async (folder: string): Promise<FolderContents<string>> =>
  sortFolderContents(
    await listFiles(folder),
    (path) => path,
    (path) => readFileHead(join(folder, path)),
  )

const readFileHead = async (path: string): Promise<Uint8Array> => {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

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

/** Keys of the folders of a partitioned tree, `metric` of `metric=cpu` for instance; `path`: of a file. */
export const folderKeys = (path: string): string[] =>
  path
    .split(/[\\/]/)
    .slice(0, -1)
    .flatMap((part) => /^([^=]+)=/.exec(part)?.[1] ?? [])

/**
 * Which of the folders' keys are columns: not those that the files hold too, since the file knows better (`date=` is often the day of the
 * run), and not those with the name of a flag column, which the user may be unable to rename (`month=`).
 */
export const sortFolderKeys = (keys: readonly string[], fileColumns: readonly string[]): { added: string[]; repeated: string[] } => {
  const names = new Set(fileColumns.map((column) => column.toLowerCase()))
  const isRepeated = (key: string): boolean => names.has(key.toLowerCase())
  return {
    added: keys.filter((key) => !isRepeated(key) && !isFlagColumn({ column: key })),
    repeated: keys.filter(isRepeated),
  }
}
