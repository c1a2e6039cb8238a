// What a folder is: a run with its manifest, a Module 05 folder, or neither; and whether a run is as it was written.
import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import {
  runFiles,
  runFormatVersion,
  runManifestSchema,
  type FileVerification,
  type RunManifest,
} from '../../src-shared/run/run-manifest.ts'
import { verifyFiles } from './changed-files.ts'
import { assertRegularFiles, readRegularText } from './regular-file.ts'
import { tryParseJson } from '../../src-shared/run/parse-json.ts'

export type RunFolder =
  | { readonly kind: 'headroom'; readonly folder: string; readonly manifest: RunManifest }
  | { readonly kind: 'python-original'; readonly folder: string }

/** Distinguishes the two kinds. A folder without either's files is refused with run-not-found; pipes and devices among them with run-damaged. */
export const readRunFolder = async (path: string): Promise<RunFolder> => {
  const run = await findRunFolder(path)
  await assertRegularFiles(Object.values(runFiles).map((name) => join(run.folder, name)))
  return run
}

const findRunFolder = async (path: string): Promise<RunFolder> => {
  const folder = resolve(path)
  const stats = await stat(folder).catch(() => null)
  if (stats === null || !stats.isDirectory()) {
    throw new HeadroomError('run-not-found', `${path} is not a folder.`, { next: 'Name the folder that an analysis wrote.' })
  }
  if (existsSync(join(folder, runFiles.manifest))) {
    return { kind: 'headroom', folder, manifest: await readManifest(folder) }
  }
  if (existsSync(join(folder, runFiles.flaggedForecasts))) return { kind: 'python-original', folder }
  throw new HeadroomError(
    'run-not-found',
    `${path} is no run folder: it holds neither ${runFiles.manifest} nor ${runFiles.flaggedForecasts}.`,
    { next: 'Name the folder that an analysis wrote.' },
  )
}

export const readManifest = async (folder: string): Promise<RunManifest> => {
  const path = join(folder, runFiles.manifest)
  const json = await readRegularText(path).then(tryParseJson, (cause: unknown) => {
    if (cause instanceof HeadroomError) throw cause
    throw new HeadroomError('run-not-found', `${path} cannot be read.`, { cause })
  })
  const next = 'Open it with the Headroom that wrote it, or analyse the forecasts again.'
  // A newer format may have another schema, so its version comes first.
  const stated = runManifestSchema.pick({ format_version: true }).safeParse(json)
  if (stated.success && stated.data.format_version > runFormatVersion) {
    throw new HeadroomError(
      'run-damaged',
      `${path} has format version ${stated.data.format_version}; this Headroom reads up to ${runFormatVersion}.`,
      { next },
    )
  }
  const parsed = runManifestSchema.safeParse(json)
  if (parsed.success) return parsed.data
  throw new HeadroomError('run-damaged', `${path} is not a manifest that this Headroom understands.`, { next, cause: parsed.error })
}

/** Compares every file with the manifest's hashes; the planner's notes in the folder do not count. */
export const verifyRunFolder = async (path: string): Promise<{ manifest: RunManifest; files: FileVerification[] }> => {
  const run = await findRunFolder(path)
  if (run.kind !== 'headroom') {
    throw new HeadroomError('run-not-found', `${path} has no ${runFiles.manifest}, so there is nothing to verify it against.`, {
      next: 'A Module 05 folder can be opened, but not verified.',
    })
  }
  return { manifest: run.manifest, files: await verifyFiles(run.folder, run.manifest.files) }
}

/** Folder of the planner's notes inside a run folder. */
export const notesFolder = 'headroom-notes'

/** File of a history's decisions in its folder, and of a run's own in its notes. */
export const decisionsFileName = 'decisions.jsonl'

/** Path of the planner's events table inside the run folder, for messages. */
export const eventsTableName = `${notesFolder}/events.csv`

/** The planner's events table, which `headroom analyze --events` accepts like any other. */
export const eventsTablePath = (run: string): string => join(run, eventsTableName)
