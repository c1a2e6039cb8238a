// A run folder comes into being whole or not at all: built in a `.partial` folder, moved into place, the manifest last.
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { basename, dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { filesInManifest, runFiles, type FileEntry, type RunManifest } from '../../src-shared/run/run-manifest.ts'
import { isProcessAlive } from './file-lock.ts'
import { replaceText, syncFolder, fsyncFile } from './replace-file.ts'

const partialName = '.partial'
const ownerFile = 'owner.json'
/** Where the engine spills what does not fit into memory. */
const spillName = '.spill'
const ownerSchema = z.object({ pid: z.int() })

export interface StagingFolder {
  /** Files are written here by their final names. */
  readonly folder: string
  /** Hashes what is there, writes the manifest and moves everything into place. */
  readonly commit: (manifest: Omit<RunManifest, 'files'>) => Promise<RunManifest>
  /** Leaves nothing behind. */
  readonly discard: () => Promise<void>
}

/**
 * Starts a run folder at `out`, which must be absent or empty. What a killed run left there is swept away first.
 * An existing empty folder (a container's mount, which cannot be renamed onto) is filled from a `.partial` inside it.
 */
export const createStagingFolder = async (outputPath: string): Promise<StagingFolder> => {
  const target = resolve(outputPath)
  const exists = existsSync(target)
  const folder = exists ? join(target, partialName) : join(dirname(target), `${basename(target)}${partialName}`)
  if (exists) await assertFolder(target, outputPath)
  await removeAbandonedStaging(folder, outputPath)
  if (exists) await assertEmpty(target, outputPath)
  const firstCreatedFolder = await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new HeadroomError('usage', `The output folder ${outputPath} cannot be made.`, {
      next: 'Choose a folder that you may write to.',
      cause,
    })
  })
  if (firstCreatedFolder === undefined) throw outputBusyError(outputPath)
  activeStagingFolders.add(folder)
  await writeFile(join(folder, ownerFile), JSON.stringify({ pid: process.pid }))
  return {
    folder,
    commit: async (manifest) => {
      const files = await Promise.all(
        filesInManifest.filter((name) => existsSync(join(folder, name))).map(async (name) => fileEntry(folder, name)),
      )
      const completeManifest: RunManifest = { ...manifest, files }
      await replaceText(join(folder, runFiles.manifest), `${JSON.stringify(completeManifest, null, 2)}\n`)
      if (exists) {
        await moveIntoPlace(folder, target)
      } else {
        await rm(join(folder, ownerFile))
        await rename(folder, target)
      }
      await syncFolder(exists ? target : dirname(target))
      activeStagingFolders.delete(folder)
      return completeManifest
    },
    discard: async () => {
      activeStagingFolders.delete(folder)
      await rm(folder, { recursive: true, force: true })
      if (firstCreatedFolder !== undefined && firstCreatedFolder !== folder) await removeIfEmpty(firstCreatedFolder, dirname(folder))
    },
  }
}

const assertFolder = async (target: string, outputPath: string): Promise<void> => {
  if ((await stat(target)).isDirectory()) return
  throw new HeadroomError('output-not-empty', `${outputPath} is a file, not a folder.`, { next: 'Name a new folder with --out.' })
}

const assertEmpty = async (target: string, outputPath: string): Promise<void> => {
  const present = await readdir(target)
  if (present.length > 0) {
    throw new HeadroomError('output-not-empty', `The output folder ${outputPath} is not empty.`, {
      next: 'Name a new folder with --out; runs are never overwritten.',
    })
  }
}

/** Files that a staging folder may hold. */
const stagingFileNames = new Set([...filesInManifest, runFiles.manifest, ownerFile, spillName])

/** Folders that this process is filling at the moment. */
const activeStagingFolders = new Set<string>()

/** Removes what a killed process left; refuses where its process still runs. */
const removeAbandonedStaging = async (folder: string, outputPath: string): Promise<void> => {
  if (!existsSync(folder)) return
  const owner = await readFile(join(folder, ownerFile), 'utf8').then(
    (text) => ownerSchema.safeParse(tryParseJson(text)).data,
    () => undefined,
  )
  // In a container every start has the same process number: another process with ours has ended.
  const isBusy = owner !== undefined && (owner.pid === process.pid ? activeStagingFolders.has(folder) : isProcessAlive(owner.pid))
  if (isBusy) throw outputBusyError(outputPath)
  if (owner === undefined && (await readdir(folder)).some((name) => !stagingFileNames.has(name))) {
    throw new HeadroomError('output-not-empty', `${basename(folder)} is in the way: it is no unfinished run.`, {
      next: 'Move it away, or name another folder with --out.',
    })
  }
  await removePartlyMovedFiles(folder)
  await rm(folder, { recursive: true, force: true })
}

/** A process killed while it moved its files into place leaves some of them next to its `.partial`, but no manifest. */
const removePartlyMovedFiles = async (folder: string): Promise<void> => {
  if (basename(folder) !== partialName || !existsSync(join(folder, runFiles.manifest))) return
  for (const name of filesInManifest) await rm(join(dirname(folder), name), { force: true })
}

const outputBusyError = (outputPath: string): HeadroomError =>
  new HeadroomError('output-not-empty', `Another analysis is writing ${outputPath} right now.`, {
    next: 'Wait for it, or name another folder with --out.',
  })

/** The manifest moves last; where a move fails, those before it are undone. */
const moveIntoPlace = async (folder: string, target: string): Promise<void> => {
  const names = (await readdir(folder)).filter((name) => name !== runFiles.manifest && name !== ownerFile)
  const moved: string[] = []
  try {
    for (const name of [...names, runFiles.manifest]) {
      await rename(join(folder, name), join(target, name))
      moved.push(name)
    }
  } catch (thrown) {
    for (const name of moved) await rm(join(target, name), { force: true })
    throw thrown
  }
  await rm(folder, { recursive: true })
}

/** Removes the parent folders created for this staging folder, as long as they are empty. */
const removeIfEmpty = async (firstCreatedFolder: string, deepest: string): Promise<void> => {
  for (let folder = deepest; folder.length >= firstCreatedFolder.length; folder = dirname(folder)) {
    if (!existsSync(folder) || (await readdir(folder)).length > 0) return
    await rm(folder, { recursive: true })
  }
}

const tryParseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The file is on the disk before the manifest speaks for it. */
const fileEntry = async (folder: string, name: string): Promise<FileEntry> => {
  const path = join(folder, name)
  await fsyncFile(path)
  return { name, bytes: (await stat(path)).size, sha256: await hashFile(path) }
}

/** SHA-256 of a file, lower-case hexadecimal. */
export const hashFile = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}
