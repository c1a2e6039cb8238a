// Downloads a run folder into a staging folder, verifies it against its manifest, and then renames it to its final name.
import { readdir, readFile, rename, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { CloudEvent } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { runFiles, runManifestSchema, type RunManifest } from '../../../src-shared/run/run-manifest.ts'
import { toCloudError } from '../account/cloud-error.ts'
import type { Connection } from '../account/connection.ts'
import { forEachAtOnce, maxAtOnce } from '../account/for-each-at-once.ts'
import { downloadObject, removeCompleteState, removeDownloadState } from '../storage/download-object.ts'
import { TransferSlots } from '../storage/transfers.ts'
import { type ListedObject, asFolder, listObjects, parseS3Address } from '../storage/list-objects.ts'
import { localPathsFor } from '../storage/object-keys.ts'

export interface RunDownload {
  /** s3://bucket/prefix of the run. */
  readonly uri: string
  /** Folder to make; absent or empty. */
  readonly folder: string
  /** The expected run; null for any other prefix, such as one of Module 05. */
  readonly runId: string | null
}

export interface DownloadRunOptions {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: CloudEvent) => void) | undefined
}

export interface DownloadedRun {
  readonly folder: string
  /** Whether a manifest was there and every file agrees with it. */
  readonly verified: boolean
  readonly files: number
  readonly bytes: number
  /** Keys that must not become files here, with the reason. */
  readonly refused: readonly { readonly key: string; readonly reason: string }[]
}

interface TargetedObject {
  readonly item: ListedObject
  readonly path: string
  readonly target: string
}

/** Throws cloud-incomplete for an incomplete run, which creates no folder. A later start reuses the downloaded files. */
export const downloadRunFolder = async (
  connection: Connection,
  request: RunDownload,
  options: DownloadRunOptions = {},
): Promise<DownloadedRun> => {
  const folder = resolve(request.folder)
  await assertEmptyFolder(folder, request.folder)
  const staging = join(dirname(folder), `.${basename(folder)}.fetching`)
  try {
    // An object that changes during the download starts it again once.
    const downloaded = await downloadInto(connection, request, staging, options).catch((thrown: unknown) => {
      if (thrown instanceof Error && thrown.name === 'PreconditionFailed') return downloadInto(connection, request, staging, options)
      throw thrown
    })
    await rmdir(folder).catch(() => undefined)
    await rename(staging, folder)
    options.onEvent?.({ type: 'home', folder, verified: downloaded.verified })
    return { ...downloaded, folder }
  } catch (thrown) {
    if (options.signal?.aborted === true)
      throw new HeadroomError('cancelled', 'The download was cancelled.', { next: 'Repeat the command to resume it.' })
    throw toCloudError(thrown, { region: connection.region })
  }
}

const assertEmptyFolder = async (folder: string, givenPath: string): Promise<void> => {
  const names = await readdir(folder).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return []
    throw new HeadroomError('output-not-empty', `${givenPath} is not a folder.`, { next: 'Choose a new folder.', cause: thrown })
  })
  if (names.length > 0) {
    throw new HeadroomError('output-not-empty', `The folder ${givenPath} is not empty.`, {
      next: 'Choose a new folder; runs are never overwritten.',
    })
  }
}

const downloadInto = async (
  connection: Connection,
  { uri, runId }: RunDownload,
  staging: string,
  options: DownloadRunOptions,
): Promise<Omit<DownloadedRun, 'folder'>> => {
  const address = parseS3Address(asFolder(uri))
  const objects = await listObjects(connection.s3, address, { signal: options.signal })
  const { accepted, refused } = localPathsFor(objects, address.key, staging)
  const manifestObject = accepted.find(({ path }) => path === runFiles.manifest)
  const incompleteRun = (what: string): HeadroomError =>
    new HeadroomError('cloud-incomplete', `${what} ${describeContents(accepted)}`, {
      next: 'Read the job’s log and launch again. An incomplete run is not opened.',
    })
  if (manifestObject === undefined) {
    if (runId !== null) throw incompleteRun('The job wrote no manifest, so its run is incomplete.')
    if (!accepted.some(({ path }) => path === runFiles.flaggedForecasts)) throw incompleteRun(`There is no run below ${uri}.`)
    const total = accepted.reduce((sum, { item }) => sum + item.bytes, 0)
    await downloadObjects(connection, address.bucket, accepted, total, options)
    await forEachAtOnce(accepted, ({ target }) => removeCompleteState(target))
    return { verified: false, files: accepted.length, bytes: total, refused }
  }
  const manifest = await downloadManifest(connection, address.bucket, manifestObject, options.signal)
  if (manifest === undefined || (runId !== null && manifest.run_id !== runId)) {
    await rm(staging, { recursive: true, force: true })
    throw incompleteRun(manifest === undefined ? 'The manifest cannot be read.' : 'The manifest belongs to another run.')
  }
  const expected = manifest.files.map(({ name, bytes, sha256 }) => {
    const match = accepted.find(({ path }) => path === name)
    if (match === undefined || match.item.bytes !== bytes)
      throw incompleteRun(`${name} ${match === undefined ? 'is missing' : 'has another size'}, so the run is incomplete.`)
    return { ...match, sha256 }
  })
  const total = expected.reduce((sum, { item }) => sum + item.bytes, 0)
  const hashes = await downloadObjects(connection, address.bucket, expected, total, options)
  for (const { path, target, item, sha256 } of expected) {
    if (hashes.get(path) === sha256) continue
    // A second download decides whether the transfer or the object is damaged.
    await removeDownload(target)
    if (
      (await downloadObject(connection.s3, { bucket: address.bucket, ...item, target }, new TransferSlots(), {
        signal: options.signal,
      })) !== sha256
    ) {
      await rm(staging, { recursive: true, force: true })
      throw incompleteRun(`${path} differs from the manifest, so the run is not opened.`)
    }
  }
  await forEachAtOnce([...expected, manifestObject], ({ target }) => removeCompleteState(target))
  return { verified: true, files: expected.length + 1, bytes: total + manifestObject.item.bytes, refused }
}

const removeDownload = async (target: string): Promise<void> => {
  await rm(target, { force: true })
  await removeDownloadState(target)
}

const downloadManifest = async (
  connection: Connection,
  bucket: string,
  { item, target }: TargetedObject,
  signal: AbortSignal | undefined,
): Promise<RunManifest | undefined> => {
  await removeDownload(target)
  await downloadObject(connection.s3, { bucket, ...item, target }, new TransferSlots(), { signal })
  try {
    return runManifestSchema.safeParse(JSON.parse(await readFile(target, 'utf8'))).data
  } catch {
    return undefined
  }
}

/** SHA-256 by path. */
const downloadObjects = async (
  connection: Connection,
  bucket: string,
  targets: readonly TargetedObject[],
  total: number,
  { signal, onEvent }: DownloadRunOptions,
): Promise<Map<string, string>> => {
  const hashes = new Map<string, string>()
  const slots = new TransferSlots()
  let bytes = 0
  // Twice as many files as requests, so that the disk does not hold up the network.
  const filesAtOnce = 2 * maxAtOnce
  const download = async ({ path, item, target }: TargetedObject): Promise<void> => {
    const onBytes = (received: number): void => {
      bytes += received
      onEvent?.({ type: 'download', file: path, bytes: Math.min(bytes, total), total })
    }
    hashes.set(path, await downloadObject(connection.s3, { bucket, ...item, target }, slots, { signal, onBytes }))
  }
  await forEachAtOnce(targets, download, filesAtOnce)
  return hashes
}

const maxNames = 6

const describeContents = (targets: readonly TargetedObject[]): string => {
  if (targets.length === 0) return 'The prefix is empty.'
  const names = targets.slice(0, maxNames).map(({ path, item }) => `${path} (${item.bytes} bytes)`)
  return `There ${targets.length === 1 ? 'is' : 'are'} ${names.join(', ')}${targets.length > maxNames ? ` and ${targets.length - maxNames} more` : ''}.`
}
