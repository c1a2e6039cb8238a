// A run folder comes into being whole or not at all: built in a `.partial` folder, moved into place, the manifest last.
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { basename, dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { HeadroomError } from '../../src-shared/errors.ts'
import { manifestedFiles, runFiles, type FileEntry, type RunManifest } from '../../src-shared/run-manifest.ts'

const partialName = '.partial'
const ownerFile = 'owner.json'
const ownerSchema = z.object({ pid: z.int() })

export interface RunFolderDraft {
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
export const draftRunFolder = async (out: string): Promise<RunFolderDraft> => {
  const target = resolve(out)
  const exists = existsSync(target)
  const folder = exists ? join(target, partialName) : join(dirname(target), `${basename(target)}${partialName}`)
  if (exists) await assertEmpty(target, out)
  await sweepAbandoned(folder, out)
  const firstMade = await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new HeadroomError('usage', `The output folder ${out} cannot be made.`, { next: 'Choose a folder that you may write to.', cause })
  })
  await writeFile(join(folder, ownerFile), JSON.stringify({ pid: process.pid }))
  return {
    folder,
    commit: async (manifest) => {
      const files = await Promise.all(
        manifestedFiles.filter((name) => existsSync(join(folder, name))).map(async (name) => fileEntry(folder, name)),
      )
      const complete: RunManifest = { ...manifest, files }
      await writeDurably(join(folder, runFiles.manifest), `${JSON.stringify(complete, null, 2)}\n`)
      await rm(join(folder, ownerFile))
      if (exists) await moveInto(folder, target)
      else await rename(folder, target)
      return complete
    },
    discard: async () => {
      await rm(folder, { recursive: true, force: true })
      if (firstMade !== undefined && firstMade !== folder) await removeIfBare(firstMade, dirname(folder))
    },
  }
}

const assertEmpty = async (target: string, out: string): Promise<void> => {
  if (!(await stat(target)).isDirectory()) {
    throw new HeadroomError('output-not-empty', `${out} is a file, not a folder.`, { next: 'Name a new folder with --out.' })
  }
  const present = (await readdir(target)).filter((name) => name !== partialName)
  if (present.length > 0) {
    throw new HeadroomError('output-not-empty', `The output folder ${out} is not empty.`, {
      next: 'Name a new folder with --out; runs are never overwritten.',
    })
  }
}

/** Removes what a killed process left; refuses where its process still runs. */
const sweepAbandoned = async (folder: string, out: string): Promise<void> => {
  if (!existsSync(folder)) return
  const owner = await readFile(join(folder, ownerFile), 'utf8').then(
    (text) => ownerSchema.safeParse(JSON.parse(text)).data,
    () => undefined,
  )
  if (owner !== undefined && isAlive(owner.pid)) {
    throw new HeadroomError('output-not-empty', `Another analysis is writing ${out} right now.`, {
      next: 'Wait for it, or name another folder with --out.',
    })
  }
  await rm(folder, { recursive: true, force: true })
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const moveInto = async (folder: string, target: string): Promise<void> => {
  const names = (await readdir(folder)).filter((name) => name !== runFiles.manifest)
  for (const name of [...names, runFiles.manifest]) await rename(join(folder, name), join(target, name))
  await rm(folder, { recursive: true })
}

/** Removes the parent folders that this draft made, as long as nothing else lies in them. */
const removeIfBare = async (firstMade: string, deepest: string): Promise<void> => {
  for (let folder = deepest; folder.length >= firstMade.length; folder = dirname(folder)) {
    if (!existsSync(folder) || (await readdir(folder)).length > 0) return
    await rm(folder, { recursive: true })
  }
}

const writeDurably = async (path: string, text: string): Promise<void> => {
  const file = await open(path, 'w')
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

const fileEntry = async (folder: string, name: string): Promise<FileEntry> => ({
  name,
  bytes: (await stat(join(folder, name))).size,
  sha256: await hashFile(join(folder, name)),
})

/** SHA-256 of a file, lower-case hexadecimal. */
export const hashFile = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}
