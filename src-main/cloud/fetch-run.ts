// A run comes home: downloaded beside its folder, checked against its manifest, and put in place in one step or not at all.
import { readdir, readFile, rename, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { CloudEvent } from '../../src-shared/cloud-job.ts'
import { HeadroomError } from '../../src-shared/errors.ts'
import { runFiles, runManifestSchema, type RunManifest } from '../../src-shared/run-manifest.ts'
import { toCloudError } from './advice.ts'
import type { Connection } from './connection.ts'
import { downloadObject, tidyDownload } from './download-object.ts'
import { listObjects, type ListedObject } from './list-objects.ts'
import { placeKeys } from './object-keys.ts'
import { asFolder, parseS3Address } from './s3-address.ts'

export interface Fetch {
  /** s3://bucket/prefix of the run. */
  readonly uri: string
  /** Folder to make; absent or empty. */
  readonly folder: string
  /** The run that must lie there; null for a prefix of which nothing is known, as the original's. */
  readonly runId: string | null
}

export interface FetchWork {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: CloudEvent) => void) | undefined
}

export interface FetchedRun {
  readonly folder: string
  /** Whether a manifest was there and every file agrees with it. */
  readonly verified: boolean
  readonly files: number
  readonly bytes: number
  /** Keys that must not become files here, with the reason. */
  readonly refused: readonly { readonly key: string; readonly reason: string }[]
}

interface Placed {
  readonly item: ListedObject
  readonly path: string
  readonly target: string
}

/** Throws cloud-incomplete where what is there is no whole run; nothing is put in place then. What has come is kept for a later start. */
export const fetchRun = async (connection: Connection, fetch: Fetch, work: FetchWork = {}): Promise<FetchedRun> => {
  const folder = resolve(fetch.folder)
  await assertFree(folder, fetch.folder)
  const staging = join(dirname(folder), `.${basename(folder)}.fetching`)
  try {
    // An object that changes while it comes makes one new start.
    const fetched = await fetchInto(connection, fetch, staging, work).catch((thrown: unknown) => {
      if (thrown instanceof Error && thrown.name === 'PreconditionFailed') return fetchInto(connection, fetch, staging, work)
      throw thrown
    })
    await rmdir(folder).catch(() => undefined)
    await rename(staging, folder)
    work.onEvent?.({ type: 'home', folder, verified: fetched.verified })
    return { ...fetched, folder }
  } catch (thrown) {
    if (work.signal?.aborted === true)
      throw new HeadroomError('cancelled', 'The download was ended.', { next: 'Give the same command again: it resumes where it was.' })
    throw toCloudError(thrown, { region: connection.region })
  }
}

const assertFree = async (folder: string, named: string): Promise<void> => {
  const names = await readdir(folder).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return []
    throw new HeadroomError('output-not-empty', `${named} is no folder.`, { next: 'Name a new folder.', cause: thrown })
  })
  if (names.length > 0) {
    throw new HeadroomError('output-not-empty', `The folder ${named} is not empty.`, {
      next: 'Name a new folder; runs are never overwritten.',
    })
  }
}

const fetchInto = async (
  connection: Connection,
  { uri, runId }: Fetch,
  staging: string,
  work: FetchWork,
): Promise<Omit<FetchedRun, 'folder'>> => {
  const address = parseS3Address(asFolder(uri))
  const objects = await listObjects(connection.s3, address, { signal: work.signal })
  const { accepted, refused } = placeKeys(objects, address.key, staging)
  const manifestAt = accepted.find(({ path }) => path === runFiles.manifest)
  const nothing = (what: string): HeadroomError =>
    new HeadroomError('cloud-incomplete', `${what} ${contents(accepted)}`, {
      next: 'Read the job’s log; launch again. Such a run is never opened.',
    })
  if (manifestAt === undefined) {
    if (runId !== null) throw nothing('The job wrote no manifest, so its run is incomplete.')
    if (!accepted.some(({ path }) => path === runFiles.flaggedForecasts)) throw nothing(`There is no run below ${uri}.`)
    const total = accepted.reduce((sum, { item }) => sum + item.bytes, 0)
    await download(connection, address.bucket, accepted, total, work)
    for (const { target } of accepted) await tidyDownload(target)
    return { verified: false, files: accepted.length, bytes: total, refused }
  }
  const manifest = await fetchManifest(connection, address.bucket, manifestAt, work.signal)
  if (manifest === undefined || (runId !== null && manifest.run_id !== runId)) {
    await rm(staging, { recursive: true, force: true })
    throw nothing(manifest === undefined ? 'The manifest cannot be read.' : 'The manifest there is another run’s.')
  }
  const wanted = manifest.files.map(({ name, bytes, sha256 }) => {
    const place = accepted.find(({ path }) => path === name)
    if (place === undefined || place.item.bytes !== bytes)
      throw nothing(`${name} ${place === undefined ? 'is missing' : 'has another size'}, so the run is incomplete.`)
    return { ...place, sha256 }
  })
  const total = wanted.reduce((sum, { item }) => sum + item.bytes, 0)
  const hashes = await download(connection, address.bucket, wanted, total, work)
  for (const { path, target, item, sha256 } of wanted) {
    if (hashes.get(path) === sha256) continue
    // A damaged transfer shows itself here; the second copy decides whether the object itself is damaged.
    await removeDownload(target)
    if ((await downloadObject(connection.s3, { bucket: address.bucket, ...item, target }, { signal: work.signal })) !== sha256) {
      await rm(staging, { recursive: true, force: true })
      throw nothing(`${path} does not agree with the manifest, so the run is not opened.`)
    }
  }
  for (const { target } of [...wanted, manifestAt]) await tidyDownload(target)
  return { verified: true, files: wanted.length + 1, bytes: total + manifestAt.item.bytes, refused }
}

const removeDownload = async (target: string): Promise<void> => {
  await rm(target, { force: true })
  await tidyDownload(target)
}

const fetchManifest = async (
  connection: Connection,
  bucket: string,
  { item, target }: Placed,
  signal: AbortSignal | undefined,
): Promise<RunManifest | undefined> => {
  await removeDownload(target)
  await downloadObject(connection.s3, { bucket, ...item, target }, { signal })
  try {
    return runManifestSchema.safeParse(JSON.parse(await readFile(target, 'utf8'))).data
  } catch {
    return undefined
  }
}

/** SHA-256 by path. */
const download = async (
  connection: Connection,
  bucket: string,
  places: readonly Placed[],
  total: number,
  { signal, onEvent }: FetchWork,
): Promise<Map<string, string>> => {
  const hashes = new Map<string, string>()
  let bytes = 0
  for (const { path, item, target } of places) {
    const onBytes = (came: number): void => {
      bytes += came
      onEvent?.({ type: 'download', file: path, bytes: Math.min(bytes, total), total })
    }
    hashes.set(path, await downloadObject(connection.s3, { bucket, ...item, target }, { signal, onBytes }))
  }
  return hashes
}

const mostNames = 6

const contents = (places: readonly Placed[]): string => {
  if (places.length === 0) return 'Nothing is there.'
  const names = places.slice(0, mostNames).map(({ path, item }) => `${path} (${item.bytes} bytes)`)
  return `There ${places.length === 1 ? 'is' : 'are'} ${names.join(', ')}${places.length > mostNames ? ` and ${places.length - mostNames} more` : ''}.`
}
