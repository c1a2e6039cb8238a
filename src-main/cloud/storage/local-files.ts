// Local files to upload: their names, sizes and content hash.
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { basename, join, resolve, sep } from 'node:path'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { listFiles, sortFolder } from '../../forecasts/dataset-files.ts'
import { hashFile } from '../../run-folder/hash-file.ts'

export interface LocalFile {
  readonly path: string
  /** Name below the folder it is mounted in, with slashes. */
  readonly name: string
  readonly bytes: number
}

export interface LocalFiles {
  readonly files: readonly LocalFile[]
  readonly bytes: number
}

export interface FoundLocalFiles extends LocalFiles {
  /** Files of the named folders that are not uploaded, since no reader knows them. */
  readonly leftOut: readonly string[]
}

/** The files that are named, and in folders that are named those of the dataset or those included; in the order of their names. Throws input-not-found. */
export const findLocalFiles = async (paths: readonly string[], isIncluded?: (path: string) => boolean): Promise<FoundLocalFiles> => {
  const files: LocalFile[] = []
  const allLeftOut: string[] = []
  for (const path of paths) {
    const root = resolve(path)
    const stats = await stat(root).catch(() => undefined)
    if (stats === undefined) throw new HeadroomError('input-not-found', `There is no ${path}.`, { next: 'Check the path.' })
    if (stats.isFile()) files.push({ path: root, name: basename(root), bytes: stats.size })
    else {
      const { datasetFiles, leftOut } =
        isIncluded === undefined ? await sortFolder(root) : { datasetFiles: (await listFiles(root)).filter(isIncluded), leftOut: [] }
      allLeftOut.push(...leftOut)
      for (const file of datasetFiles) {
        const filePath = join(root, file)
        files.push({ path: filePath, name: file.split(sep).join('/'), bytes: (await stat(filePath)).size })
      }
    }
  }
  if (files.length === 0) {
    throw new HeadroomError('input-not-found', `${paths.join(', ')} holds no Parquet, CSV or JSON files.`, {
      next: 'Name the folder that the forecasts were written to.',
    })
  }
  const names = files.map(({ name }) => name)
  const duplicate = names.find((name, index) => names.indexOf(name) !== index)
  if (duplicate !== undefined) {
    throw new HeadroomError('usage', `Two of the inputs are called ${duplicate}.`, {
      next: 'Put them into one folder under different names.',
    })
  }
  files.sort((a, b) => (a.name < b.name ? -1 : 1))
  return { files, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0), leftOut: allLeftOut }
}

/** SHA-256 over names and contents; it names the folder of the same files in the bucket. */
export const hashContents = async ({ files }: LocalFiles): Promise<string> => {
  const hash = createHash('sha256')
  for (const { name, path } of files) hash.update(`${await hashFile(path)}  ${name}\n`)
  return hash.digest('hex')
}
