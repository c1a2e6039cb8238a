// From the paths that a user names to the files of one dataset: files, folders, globs and Hive-partitioned trees.
import { open, stat } from 'node:fs/promises'
import { basename, join, relative, resolve, sep } from 'node:path'
import { z } from 'zod'
import { escapeGlob, literal, type Database } from '../database/database.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { InputFormat } from '../../src-shared/run/input-mapping.ts'
import { folderKeys, sortFolder } from './dataset-files.ts'
import { recogniseText, textHeadBytes, type StatedEncoding, type TextFormat } from './recognise-text.ts'

export interface ForecastFile {
  readonly path: string
  readonly bytes: number
  /** Whether the file is still the one that was opened. */
  readonly modified: string
  /** For messages: the file's name, below the folder that was named where there is one. */
  readonly name: string
  readonly format: InputFormat
  readonly compression: 'none' | 'gzip' | 'zstd'
  /** Of text. */
  readonly encoding: TextFormat['encoding']
}

/** Opened together: a partitioned tree may hold more files than a process may open. */
const maxOpenFiles = 64

const isGlob = (path: string): boolean => /[*?[\]]/.test(path)
const isMissing = (thrown: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes((thrown as NodeJS.ErrnoException).code ?? '')

export interface ForecastFiles {
  /** Sorted by path. Those of Parquet begin and end as it does. */
  readonly files: readonly ForecastFile[]
  /** Other files in the folders that were named, by their paths relative to them. */
  readonly leftOut: readonly string[]
}

export const findForecastFiles = async (
  database: Database,
  inputs: readonly string[],
  encoding?: StatedEncoding,
): Promise<ForecastFiles> => {
  if (inputs.length === 0) throw new HeadroomError('usage', 'Name at least one forecast file or folder.')
  const found: FoundFile[] = []
  const leftOut: string[] = []
  for (const input of inputs) {
    if (input.trim() === '') throw new HeadroomError('usage', 'A forecast file or folder has an empty name.', { next: 'Check the path.' })
    const namedPath = resolve(input)
    const expanded = await expandInput(database, input)
    leftOut.push(...expanded.leftOut)
    for (const path of expanded.paths) {
      const status = await stat(path).catch((cause: unknown) => {
        throw new HeadroomError('input-not-found', `${basename(path)} is gone or cannot be read.`, {
          next: 'Check its permissions.',
          cause,
        })
      })
      const name = path.startsWith(`${namedPath}${sep}`) ? relative(namedPath, path) : basename(path)
      if (!status.isFile()) throw notRegularError(name)
      found.push({ path, bytes: status.size, modified: `${status.ino} ${status.mtimeMs}`, name })
    }
  }
  found.sort((a, b) => (a.path < b.path ? -1 : 1))
  const repeatedFile = found.find((file, index) => found[index + 1]?.path === file.path)
  if (repeatedFile !== undefined) {
    throw new HeadroomError('usage', `${repeatedFile.name} is named twice.`, { next: 'Name each file once.' })
  }
  const files: ForecastFile[] = []
  for (let from = 0; from < found.length; from += maxOpenFiles) {
    files.push(...(await Promise.all(found.slice(from, from + maxOpenFiles).map((file) => recogniseFile(file, encoding)))))
  }
  return { files, leftOut }
}

/** Throws input-changed where a file was written or replaced since it was opened: what was read may be of both. */
export const assertUnchanged = async (files: readonly ForecastFile[]): Promise<void> => {
  for (const { path, bytes, modified, name } of files) {
    const status = await stat(path).catch(() => null)
    if (status !== null && status.size === bytes && `${status.ino} ${status.mtimeMs}` === modified) continue
    throw new HeadroomError('input-changed', `${name} changed while it was read.`, {
      next: 'Analyse it again when it is completely written.',
    })
  }
}

interface ExpandedInput {
  readonly paths: readonly string[]
  readonly leftOut: readonly string[]
}

const expandInput = async (database: Database, input: string): Promise<ExpandedInput> => {
  const path = resolve(input)
  const status = await stat(path).catch((thrown: unknown) => {
    if (isMissing(thrown)) return null
    throw new HeadroomError('input-not-found', `${input} cannot be read.`, { next: 'Check the permissions of its folder.', cause: thrown })
  })
  if (status?.isFile() === true) return { paths: [path], leftOut: [] }
  if (status?.isDirectory() === true) {
    const { datasetFiles, leftOut } = await sortFolder(path).catch((cause: unknown) => {
      if (cause instanceof HeadroomError) throw cause
      throw new HeadroomError('input-not-found', `A file or folder in ${input} cannot be read.`, { next: 'Check its permissions.', cause })
    })
    if (datasetFiles.length > 0) return { paths: datasetFiles.map((file) => join(path, file)), leftOut }
    throw new HeadroomError('input-not-found', `The folder ${input} holds no Parquet, CSV or JSON file.`, {
      next: 'Name the folder that the forecasts were written to.',
    })
  }
  // A pipe would be waited for, a device has no end.
  if (status !== null) throw notRegularError(input)
  if (isGlob(input)) {
    const matches = await globFiles(database, path)
    if (matches.length > 0) return { paths: matches, leftOut: [] }
    throw new HeadroomError('input-not-found', `No file matches ${input}.`, { next: 'Check the pattern.' })
  }
  throw new HeadroomError('input-not-found', `${input} does not exist.`, { next: 'Check the path.' })
}

const notRegularError = (name: string): HeadroomError =>
  new HeadroomError('input-not-parquet', `${name} is not a regular file.`, { next: 'Name files of Parquet, CSV or JSON only.' })

const globFiles = async (database: Database, pattern: string): Promise<string[]> => {
  const rows = await database.rows('SELECT file FROM glob(?) ORDER BY file', z.object({ file: z.string() }), [pattern])
  return rows.map((row) => row.file)
}

const magic = 'PAR1'
/** A file whose footer is encrypted begins and ends with it. */
const encryptedMagic = 'PARE'
/** Length of the footer, four bytes, and the mark at the end. */
const tailBytes = 8

type FoundFile = Omit<ForecastFile, 'format' | 'compression' | 'encoding'>

/** The format by the first bytes. Throws input-empty, input-not-found, input-not-parquet. */
const recogniseFile = async (found: FoundFile, encoding: StatedEncoding): Promise<ForecastFile> => {
  const { path, bytes, name } = found
  if (bytes === 0) throw new HeadroomError('input-empty', `${name} is empty (0 bytes).`, { next: 'Write it again.' })
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new HeadroomError('input-not-found', `${name} cannot be opened for reading.`, { next: 'Check its permissions.', cause })
  })
  try {
    const head = await file.read(Buffer.alloc(textHeadBytes), 0, textHeadBytes, 0)
    const firstBytes = head.buffer.subarray(0, head.bytesRead)
    const headMagic = firstBytes.toString('latin1', 0, magic.length)
    if (headMagic !== magic && headMagic !== encryptedMagic) {
      return { ...found, ...recogniseText(name, firstBytes, encoding) }
    }
    if (headMagic === encryptedMagic) {
      throw new HeadroomError('input-not-parquet', `${name} is an encrypted Parquet file.`, { next: 'Write it without encryption.' })
    }
    const tail = await file.read(Buffer.alloc(tailBytes), 0, tailBytes, Math.max(0, bytes - tailBytes))
    if (bytes < magic.length + tailBytes || tail.buffer.toString('latin1', tailBytes - magic.length) !== magic) {
      throw truncatedFileError(name, 'its footer is missing')
    }
    const footerBytes = tail.buffer.readUInt32LE(0)
    if (footerBytes === 0 || footerBytes > bytes - magic.length - tailBytes) {
      throw truncatedFileError(name, 'its footer does not fit into it')
    }
    return { ...found, format: 'parquet', compression: 'none', encoding: 'utf-8' }
  } finally {
    await file.close()
  }
}

const truncatedFileError = (name: string, problem: string): HeadroomError =>
  new HeadroomError('input-not-parquet', `${name} is a truncated or damaged Parquet file: ${problem}.`, {
    next: 'Write, copy or download the file again.',
  })

/** Of the values in folder names DuckDB knows numbers and times by itself, but not truth. */
const booleanFolder = /[\\/](is_future)=[^\\/]*(?=[\\/])/i

/** `read_parquet(...)` over the files, united by column name. */
/** `fileColumn`: name of a column for a row's path. */
export const parquetRelationSql = (files: readonly ForecastFile[], keys: 'read' | 'ignored' = 'read', fileColumn?: string): string => {
  const list = files.map((file) => literal(escapeGlob(file.path))).join(', ')
  const source = files.length === 1 ? list : `[${list}], union_by_name = true`
  if (keys === 'ignored') {
    return `read_parquet(${source}, hive_partitioning = false${fileColumn === undefined ? '' : `, filename = ${literal(fileColumn)}`})`
  }
  const booleanFolders = files.map(({ path }) => booleanFolder.exec(path)?.[1])
  const types =
    booleanFolders[0] !== undefined && booleanFolders.every((name) => name === booleanFolders[0])
      ? `, hive_types = {${literal(booleanFolders[0])}: BOOLEAN}`
      : ''
  return `read_parquet(${source}${types})`
}

/** Keys that the folders of every file have. */
export const commonFolderKeys = (files: readonly ForecastFile[]): string[] => {
  const [first = [], ...others] = files.map(({ path }) => folderKeys(path))
  const otherKeys = others.map((keys) => new Set(keys))
  return [...new Set(first)].filter((key) => otherKeys.every((keys) => keys.has(key)))
}

/** SQL for the value of a key in the folders of a row's file, as text. */
export const folderValueSql = (key: string, fileColumn = 'filename'): string => {
  const pattern = `[\\\\/]${key.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}=([^\\\\/]*)[\\\\/]`
  return `nullif(url_decode(regexp_extract(${fileColumn}, ${literal(pattern)}, 1)), '__HIVE_DEFAULT_PARTITION__')`
}
