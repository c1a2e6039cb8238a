// Downloads the runs of a history in S3 that are not in a local folder yet; each is verified, and none is written over.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import type { Connection } from '../account/connection.ts'
import { asFolder, listObjects, parseS3Address } from '../storage/list-objects.ts'
import { findKeyProblem } from '../storage/object-keys.ts'
import { downloadRunFolder, type DownloadRunOptions } from './download-run-folder.ts'

export interface DownloadedHistory {
  /** Runs that were downloaded now. */
  readonly downloaded: readonly string[]
  /** A sentence for each run that is incomplete or has no possible name here. */
  readonly notes: readonly string[]
}

/** A run is a prefix directly below `uri` that holds a manifest. Throws run-not-found where there is none. */
export const downloadHistory = async (
  connection: Connection,
  uri: string,
  folder: string,
  options: DownloadRunOptions = {},
): Promise<DownloadedHistory> => {
  const { bucket, key: prefix } = parseS3Address(asFolder(uri))
  const objects = await listObjects(connection.s3, { bucket, key: prefix }, options)
  const names = objects
    .map(({ key }) => key.slice(prefix.length).split('/'))
    .flatMap(([name, file, ...rest]) => (name !== undefined && file === runFiles.manifest && rest.length === 0 ? [name] : []))
  if (names.length === 0)
    throw new HeadroomError('run-not-found', `${uri} holds no run.`, { next: 'Name the prefix below which each run has its own.' })
  const downloaded: string[] = []
  const notes: string[] = []
  for (const name of names) {
    const problem = findKeyProblem(name) ?? (name.startsWith('.') ? 'it begins with a dot' : undefined)
    if (problem !== undefined) {
      notes.push(`${JSON.stringify(name)} does not count: ${problem}.`)
      continue
    }
    const target = join(folder, name)
    if ((await stat(join(target, runFiles.manifest)).catch(() => null)) !== null) continue
    try {
      await downloadRunFolder(connection, { uri: `s3://${bucket}/${prefix}${name}/`, folder: target, runId: null }, options)
      downloaded.push(name)
    } catch (error) {
      if (!(error instanceof HeadroomError) || error.code !== 'cloud-incomplete') throw error
      notes.push(`${name} does not count: ${error.message}`)
    }
  }
  return { downloaded, notes }
}
