// Whether a run is still as it was written: each file is hashed once, and again only after it was written to.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { runFiles, type FileEntry, type FileVerification } from '../../src-shared/run/run-manifest.ts'
import { hashFile } from './hash-file.ts'

/** Every file as the manifest lists it, against its hash. */
export const verifyFiles = (folder: string, entries: readonly FileEntry[]): Promise<FileVerification[]> =>
  Promise.all(entries.map((entry) => verifyFile(folder, entry, hashFile)))

/** Those that differ from the manifest. A file that was hashed before, and not written to since, is not read again. */
export const findChangedFiles = async (folder: string, entries: readonly FileEntry[]): Promise<FileVerification[]> => {
  const files = await Promise.all(entries.map((entry) => verifyFile(folder, entry, hashOnce)))
  return files.filter(({ state }) => state !== 'ok')
}

/** One sentence; null where nothing changed. */
export const describeChangedFiles = (folder: string, changed: readonly FileVerification[]): string | null =>
  changed.length === 0
    ? null
    : `The run in ${folder} was changed after the analysis: ${changed.map(({ name, state }) => `${name} (${state})`).join(', ')}.`

const verifyFile = async (
  folder: string,
  { name, bytes, sha256 }: FileEntry,
  hash: (path: string) => Promise<string>,
): Promise<FileVerification> => {
  const path = join(folder, name)
  const stats = await stat(path).catch(() => null)
  if (stats === null) return { name, state: 'missing' }
  const isUnchanged = stats.isFile() && stats.size === bytes && (await hash(path)) === sha256
  return { name, state: isUnchanged ? 'ok' : 'changed' }
}

/** Of the files that this process has read; the oldest goes first. */
const knownHashes = new Map<string, { readonly mark: string; readonly sha256: string }>()
const maxKnownHashes = 1000

const hashOnce = async (path: string): Promise<string> => {
  const mark = await fileMark(path)
  const known = knownHashes.get(path)
  if (known?.mark === mark) return known.sha256
  const sha256 = await hashFile(path)
  knownHashes.delete(path)
  // Written to meanwhile: the next look reads it again.
  if ((await fileMark(path)) === mark) knownHashes.set(path, { mark, sha256 })
  for (const oldest of [...knownHashes.keys()].slice(0, -maxKnownHashes)) knownHashes.delete(oldest)
  return sha256
}

/** Another value whenever the file was written to or replaced. */
export const fileMark = (path: string): Promise<string> =>
  stat(path, { bigint: true }).then(
    ({ size, ino, mtimeNs, ctimeNs }) => `${size} ${ino} ${mtimeNs} ${ctimeNs}`,
    () => 'missing',
  )

/** Another value whenever one of the run's files was. */
export const runMark = async (folder: string): Promise<string> =>
  (await Promise.all(Object.values(runFiles).map((name) => fileMark(join(folder, name))))).join('\n')
