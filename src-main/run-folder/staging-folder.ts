// A run folder comes into being whole or not at all: built in a `.partial` folder, moved into place, the manifest last.
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, lstat, mkdir, open, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { filesInManifest, runFiles, type FileEntry, type RunManifest } from '../../src-shared/run/run-manifest.ts'
import { fileSystemTime } from './file-system-time.ts'
import { hashFile } from './hash-file.ts'
import { folderNotMade, makeFolders, tryMakeFolder } from './make-folders.ts'
import { currentOwner, ownerState, parseOwner, type ProcessOwner } from './process-owner.ts'
import { readRegularText } from './regular-file.ts'
import { replaceText, syncFolder, fsyncFile } from './replace-file.ts'

const partialName = '.partial'

const heartbeatMs = 5000
/** A process elsewhere, whose heart has not beaten for so long, is gone or has slept too long to go on. */
const abandonedAfterMs = 60_000
/** One that has made its folder and not yet written its name gets a moment to do so. */
const unnamedGraceMs = 2000
const retryMs = 100

export interface StagingFolder {
  /** Files are written here by their final names. */
  readonly folder: string
  /** What does not fit into memory; not part of the run. */
  readonly spillFolder: string
  /** Hashes a file as soon as its writer is done with it, unless the writer has. */
  readonly seal: (name: string, sha256?: string) => Promise<void>
  /** Writes the manifest and moves everything into place. Throws where a sealed file has changed or another analysis took over. */
  readonly commit: (manifest: Omit<RunManifest, 'files'>) => Promise<RunManifest>
  /** Call it when nothing writes any more: what is left of the work goes, and everything where the run was not committed. */
  readonly close: () => Promise<void>
}

/**
 * Starts a run folder at `outputPath`, which must be absent or empty. What a killed run left there is swept away first.
 * An existing empty folder (a container's mount, which cannot be renamed onto) is filled from a `.partial` inside it.
 *
 * `.partial` belongs to one analysis at a time, and holds its owner and a folder with a random name for the files. Whoever takes an
 * abandoned one over moves it away: the former owner's paths lead nowhere from then on, so that it cannot commit any more.
 */
export const createStagingFolder = async (outputPath: string): Promise<StagingFolder> => {
  const target = resolve(outputPath)
  const exists = existsSync(target)
  if (exists) await assertFolder(target, outputPath)
  else if ((await lstat(target).catch(() => null)) !== null) {
    throw new HeadroomError('output-not-empty', `${outputPath} is a link that leads nowhere.`, { next: 'Name a new folder with --out.' })
  }
  const claim = exists ? join(target, partialName) : `${target}${partialName}`
  const nonce = randomUUID()
  const firstCreatedFolder = await claimOutput(claim, nonce, outputPath)
  const ownerPath = join(claim, ownerFileName(nonce))
  const ownerText = JSON.stringify(currentOwner(nonce))
  const folder = join(claim, nonce)
  const spillFolder = join(claim, `${spillPrefix}${nonce}`)
  activeNonces.add(nonce)
  let heartbeat: NodeJS.Timeout | undefined
  let isCommitted = false
  const close = async (): Promise<void> => {
    clearInterval(heartbeat)
    activeNonces.delete(nonce)
    // A thread that was ended may still be creating a file.
    for (const path of [spillFolder, folder]) await rm(path, { recursive: true, force: true, maxRetries: 10 })
    await rm(ownerPath, { force: true })
    // Fails where another analysis has taken over: its folder stays.
    await rmdir(claim).catch(() => undefined)
    if (!isCommitted && firstCreatedFolder !== undefined) await removeIfEmpty(firstCreatedFolder, dirname(claim))
  }
  try {
    await writeFile(ownerPath, ownerText, { flag: 'wx' })
    await removeAbandonedClaims(claim, exists ? target : undefined)
    if (exists) {
      await removeLeftovers(target)
      await assertEmpty(target, outputPath)
    }
    // Of a folder that existed, its owner has said who may read it.
    await mkdir(folder, exists ? {} : { mode: 0o700 })
    await mkdir(spillFolder, { mode: 0o700 })
  } catch (thrown) {
    await close().catch(() => undefined)
    throw thrown
  }
  heartbeat = setInterval(() => void beat(ownerPath, ownerText).catch(() => undefined), heartbeatMs).unref()
  const sealedFiles = new Map<string, SealedFile>()
  return {
    folder,
    spillFolder,
    seal: async (name, sha256) => void sealedFiles.set(name, await sealFile(folder, name, sha256)),
    commit: async (manifest) => {
      try {
        const files: FileEntry[] = []
        for (const name of filesInManifest) {
          const sealed = sealedFiles.get(name)
          if (sealed === undefined) continue
          await assertSealed(folder, sealed)
          if (!exists) await chmod(join(folder, name), 0o600)
          files.push(sealed.entry)
        }
        const completeManifest: RunManifest = { ...manifest, files }
        await replaceText(join(folder, runFiles.manifest), `${JSON.stringify(completeManifest, null, 2)}\n`, exists ? undefined : 0o600)
        if (!existsSync(ownerPath)) throw outputLostError(outputPath)
        if (exists) await moveIntoPlace(folder, target, ownerPath)
        else await rename(folder, target)
        isCommitted = true
        await syncFolder(exists ? target : dirname(target))
        return completeManifest
      } catch (thrown) {
        throw commitError(thrown, outputPath)
      }
    },
    close,
  }
}

const commitError = (thrown: unknown, outputPath: string): unknown => {
  if (thrown instanceof HeadroomError) return thrown
  const { code } = thrown as NodeJS.ErrnoException
  if (code === 'ENOENT') return outputLostError(outputPath, thrown)
  if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR') return outputNotEmptyError(outputPath)
  if (code === 'ENOSPC' || code === 'EDQUOT') return thrown
  return new HeadroomError('file-not-written', `The run cannot be moved to ${outputPath}.`, {
    next: 'Name a new folder on this disk with --out.',
    cause: thrown,
  })
}

const spillPrefix = 'spill-'
const ownerFileName = (nonce: string): string => `owner-${nonce}.json`

/** Written, not touched, so that the clock of the file system counts. */
const beat = async (ownerPath: string, ownerText: string): Promise<void> => {
  const file = await open(ownerPath, 'r+')
  try {
    await file.write(ownerText, 0)
  } finally {
    await file.close()
  }
}

/** Makes the `.partial` folder for this analysis alone; returns the first folder that was made on the way to it. */
const claimOutput = async (claim: string, nonce: string, outputPath: string): Promise<string | undefined> => {
  try {
    const firstCreatedFolder = await makeFolders(dirname(claim))
    while (!(await tryMakeFolder(claim))) await waitOrTakeOver(claim, nonce, outputPath)
    return firstCreatedFolder
  } catch (cause) {
    if (cause instanceof HeadroomError) throw cause
    throw folderNotMade(outputPath, cause)
  }
}

/** Refuses where the owner runs, waits where there is none yet, and moves what an ended one left out of the way. */
const waitOrTakeOver = async (claim: string, nonce: string, outputPath: string): Promise<void> => {
  const found = await readClaim(claim)
  if (found === 'gone') return
  if (found === 'foreign') {
    throw new HeadroomError('output-not-empty', `${basename(claim)} is in the way: it is no unfinished run.`, {
      next: 'Move it away, or name another folder with --out.',
    })
  }
  const { owner, age } = found
  if (owner === undefined) {
    if (age < unnamedGraceMs) return pause(retryMs)
  } else {
    const state = ownerState(owner)
    if (state === 'running' && (owner.pid !== process.pid || activeNonces.has(owner.nonce))) throw outputBusyError(outputPath)
    if (state === 'unknown' && age < abandonedAfterMs) throw outputBusyError(outputPath, owner.host)
  }
  const movedClaim = `${claim}-${nonce}`
  try {
    await rename(claim, movedClaim)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return
    throw thrown
  }
  // Another start may have taken it over in between, and gets its own back.
  const moved = await readClaim(movedClaim)
  if (typeof moved === 'string' || moved.owner?.nonce !== owner?.nonce) {
    await rename(movedClaim, claim).catch(() => undefined)
    throw outputBusyError(outputPath)
  }
}

type FoundClaim = 'gone' | 'foreign' | { readonly owner: ProcessOwner | undefined; readonly age: number }

const ownerFilePattern = /^owner-([0-9a-f-]{36})\.json$/

/** `age`: milliseconds since the owner's last sign of life, by the clock of the file system. */
const readClaim = async (claim: string): Promise<FoundClaim> => {
  const stats = await lstat(claim).catch(() => null)
  if (stats === null) return 'gone'
  if (!stats.isDirectory()) return 'foreign'
  const names = await readdir(claim).catch(() => null)
  if (names === null) return 'gone'
  const ownerName = names.find((name) => ownerFilePattern.test(name))
  if (ownerName === undefined && names.some((name) => !stagingFileNames.has(name))) return 'foreign'
  const ownerPath = join(claim, ownerName ?? '')
  const owner = ownerName === undefined ? undefined : parseOwner(await readRegularText(ownerPath).catch(() => ''))
  const seen = await lstat(ownerPath).catch(() => stats)
  return { owner, age: (await fileSystemTime(`${claim}-${randomUUID()}`)) - seen.mtimeMs }
}

/** Claims that were moved out of the way, by this start or by one that was killed; also the files they had moved into place already. */
const removeAbandonedClaims = async (claim: string, target: string | undefined): Promise<void> => {
  for (const name of await readdir(dirname(claim))) {
    if (!isMovedClaim(name, basename(claim))) continue
    const movedClaim = join(dirname(claim), name)
    if (target !== undefined) await removePartlyMovedFiles(movedClaim, target)
    await rm(movedClaim, { recursive: true, force: true })
  }
}

const isMovedClaim = (name: string, claimName: string): boolean =>
  name.startsWith(`${claimName}-`) && uuidPattern.test(name.slice(claimName.length + 1))

/** Removes what an analysis left next to its run that was killed when the run was whole already. */
export const removeLeftovers = (run: string): Promise<void> => removeEndedClaim(`${resolve(run)}${partialName}`)

const removeEndedClaim = async (claim: string): Promise<void> => {
  const found = await readClaim(claim)
  if (typeof found === 'string' || found.owner === undefined || ownerState(found.owner) !== 'ended') return
  await rm(claim, { recursive: true, force: true })
}

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const assertFolder = async (target: string, outputPath: string): Promise<void> => {
  if ((await stat(target)).isDirectory()) return
  throw new HeadroomError('output-not-empty', `${outputPath} is a file, not a folder.`, { next: 'Name a new folder with --out.' })
}

const assertEmpty = async (target: string, outputPath: string): Promise<void> => {
  if ((await readdir(target)).some((name) => name !== partialName && !isMovedClaim(name, partialName)))
    throw outputNotEmptyError(outputPath)
}

const outputNotEmptyError = (outputPath: string): HeadroomError =>
  new HeadroomError('output-not-empty', `The output folder ${outputPath} is not empty.`, {
    next: 'Name a new folder with --out; runs are never overwritten.',
  })

/** What the `.partial` folder of an older version may hold. */
const stagingFileNames = new Set([...filesInManifest, runFiles.manifest, 'owner.json', '.spill'])

/** Claims that this process holds at the moment. */
const activeNonces = new Set<string>()

/** A process killed while it moved its files into place leaves some of them there, and its manifest in its own folder. */
const removePartlyMovedFiles = async (movedClaim: string, target: string): Promise<void> => {
  if (existsSync(join(target, runFiles.manifest))) return
  // Its owner may have got it back by now; the clock file of another start has such a name too.
  const names = await readdir(movedClaim).catch((): string[] => [])
  const folders = ['', ...names.filter((name) => uuidPattern.test(name))]
  if (!folders.some((name) => existsSync(join(movedClaim, name, runFiles.manifest)))) return
  for (const name of filesInManifest) await rm(join(target, name), { force: true })
}

/** `host`: named where its processes cannot be seen from here. */
const outputBusyError = (outputPath: string, host?: string): HeadroomError =>
  new HeadroomError(
    'output-not-empty',
    `Another analysis is writing ${outputPath} right now${host === undefined ? '' : `, on ${host} or in another container`}.`,
    { next: `Wait for it${host === undefined ? '' : ' (or a minute, if it was killed)'}, or name another folder with --out.` },
  )

const outputLostError = (outputPath: string, cause?: unknown): HeadroomError =>
  new HeadroomError('output-not-empty', `Another analysis has taken over ${outputPath}.`, {
    next: 'Name another folder with --out, and run again.',
    cause,
  })

/** The manifest moves last; where a move fails, those before it are undone, unless the place belongs to another by now. */
const moveIntoPlace = async (folder: string, target: string, ownerPath: string): Promise<void> => {
  const names = (await readdir(folder)).filter((name) => filesInManifest.includes(name))
  const moved: string[] = []
  try {
    for (const name of [...names, runFiles.manifest]) {
      await rename(join(folder, name), join(target, name))
      moved.push(name)
    }
  } catch (thrown) {
    if (existsSync(ownerPath)) for (const name of moved) await rm(join(target, name), { force: true })
    throw thrown
  }
}

/** Removes the parent folders created for this staging folder, as long as they are empty. */
const removeIfEmpty = async (firstCreatedFolder: string, deepest: string): Promise<void> => {
  for (let folder = deepest; folder.length >= firstCreatedFolder.length; folder = dirname(folder)) {
    if (!existsSync(folder) || (await readdir(folder)).length > 0) return
    await rm(folder, { recursive: true })
  }
}

interface SealedFile {
  readonly entry: FileEntry
  readonly inode: bigint
  readonly changedAtNs: bigint
}

/** The file is on the disk before the manifest speaks for it. */
const sealFile = async (folder: string, name: string, sha256?: string): Promise<SealedFile> => {
  const path = join(folder, name)
  await fsyncFile(path)
  const { size, ino, mtimeNs } = await stat(path, { bigint: true })
  return { entry: { name, bytes: Number(size), sha256: sha256 ?? (await hashFile(path)) }, inode: ino, changedAtNs: mtimeNs }
}

const assertSealed = async (folder: string, { entry, inode, changedAtNs }: SealedFile): Promise<void> => {
  const { size, ino, mtimeNs } = await stat(join(folder, entry.name), { bigint: true })
  if (Number(size) === entry.bytes && ino === inode && mtimeNs === changedAtNs) return
  throw new HeadroomError('internal', `Another program changed ${entry.name} while the run was written.`, { next: 'Run again.' })
}
