// The runs in a folder that make up a history: one per start of the horizon, the earliest first.
import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { runFiles, type RunManifest } from '../../../src-shared/run/run-manifest.ts'
import { findChangedFiles } from '../../run-folder/changed-files.ts'
import { readRunContents, type RunContents } from '../run/run-contents.ts'

export interface RunOfHistory extends RunContents {
  /** Name of the run's folder in the history. */
  readonly name: string
  readonly manifest: RunManifest
}

export interface RunsOfFolder {
  readonly folder: string
  /** By start of the horizon, then by the time of the analysis. */
  readonly runs: readonly RunOfHistory[]
  /** A sentence for each folder with a manifest that does not count. */
  readonly notes: readonly string[]
}

export interface FoundRuns extends RunsOfFolder {
  /** Runs that were made again later for the same horizon. */
  readonly replaced: readonly RunOfHistory[]
}

/** Throws run-not-found where the folder holds no run. */
export const findRuns = async (path: string): Promise<FoundRuns> => dropReplaced(await readRunsOf(path))

/** Every run in the folder, the replaced ones as well. Throws run-not-found where it holds none. */
export const readRunsOf = async (path: string): Promise<RunsOfFolder> => {
  const folder = resolve(path)
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new HeadroomError('run-not-found', `${path} is no folder that can be read.`, {
      next: 'Name the folder that holds the runs.',
      cause,
    })
  })
  const notes: string[] = []
  const found: RunOfHistory[] = []
  const isShown = ({ name }: Dirent): boolean => !name.startsWith('.')
  for (const entry of entries.filter(isShown).sort(byName)) {
    const { name } = entry
    if ((await stat(join(folder, name, runFiles.manifest)).catch(() => null)) === null) continue
    // Usually to a run that is here already, such as the latest.
    if (entry.isSymbolicLink()) {
      notes.push(`${name} does not count: it is a link.`)
      continue
    }
    try {
      const contents = await readRunContents(join(folder, name))
      const { manifest } = contents
      if (manifest === null) continue
      const damaged = await findDamagedFile(contents.folder, manifest)
      if (damaged === null) found.push({ ...contents, name, manifest })
      else notes.push(`${name} does not count: its ${damaged} is damaged.`)
    } catch (error) {
      if (!(error instanceof HeadroomError)) throw error
      notes.push(`${name} does not count: ${error.message}`)
    }
  }
  if (found.length === 0) {
    throw new HeadroomError('run-not-found', notes[0] ?? `${path} holds no run folder.`, {
      next: 'Name a folder whose folders are runs, such as one that nightly runs are written to.',
    })
  }
  const runs = [...found].sort(
    (a, b) =>
      Date.parse(a.manifest.horizon.start) - Date.parse(b.manifest.horizon.start) ||
      Date.parse(a.manifest.analyzed_at) - Date.parse(b.manifest.analyzed_at),
  )
  return { folder, runs, notes }
}

/** The first file with figures that is not as the analysis wrote it; of the large one the size alone is compared. */
const findDamagedFile = async (folder: string, { files }: RunManifest): Promise<string | null> => {
  const entryOf = (name: string) => files.filter((entry) => entry.name === name)
  const [changed] = await findChangedFiles(folder, entryOf(runFiles.serverRisk))
  if (changed !== undefined) return changed.name
  for (const { name, bytes } of entryOf(runFiles.flaggedForecasts)) {
    const size = await stat(join(folder, name)).then(
      (status) => status.size,
      () => null,
    )
    if (size !== bytes) return name
  }
  return null
}

/** Of the runs for one horizon the last counts. */
export const dropReplaced = ({ folder, runs, notes }: RunsOfFolder): FoundRuns => {
  const nextOfSameHorizon = (index: number): RunOfHistory | undefined => {
    const next = runs[index + 1]
    return next?.manifest.horizon.start === runs[index]!.manifest.horizon.start ? next : undefined
  }
  return {
    folder,
    runs: runs.filter((_, index) => nextOfSameHorizon(index) === undefined),
    replaced: runs.filter((_, index) => nextOfSameHorizon(index) !== undefined),
    notes: [
      ...notes,
      ...runs.flatMap(({ name }, index) => {
        const next = nextOfSameHorizon(index)
        return next === undefined ? [] : [`${name} does not count: ${next.name} is a later run for the same horizon.`]
      }),
    ],
  }
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1)
