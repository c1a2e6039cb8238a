// The planner's notes: saved scenarios, and the files of all notes, in a folder inside the run folder that `verify` ignores.
import { lstat, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { savedScenariosSchema, type SavedScenario } from '../../src-shared/ipc/what-if.ts'
import { eventsTablePath, notesFolder, readRunFolder } from '../run-folder/read-run-folder.ts'
import { readRegularText } from '../run-folder/regular-file.ts'
import { replaceText } from '../run-folder/replace-file.ts'

const notesVersion = 1

/** The note's value, or `fallback` where there is none. Throws run-damaged for an invalid file, which is never overwritten. */
export const readPlannerNote = async <Value>(run: string, name: string, schema: z.ZodType<Value>, fallback: Value): Promise<Value> => {
  const path = join(run, notesFolder, name)
  const text = await readRegularText(path).catch((cause: unknown) => {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw noteDamaged(path, cause)
  })
  if (text === null) return fallback
  try {
    return z.object({ format_version: z.literal(notesVersion), value: schema }).parse(JSON.parse(text)).value
  } catch (cause) {
    throw noteDamaged(path, cause)
  }
}

/** Replaces the events table in one step. Throws notes-not-saved. */
export const writeEventsTable = (run: string, table: string): Promise<void> =>
  withNotesFolder(run, () => replaceText(eventsTablePath(run), table))

const scenariosFile = 'scenarios.json'

export const readSavedScenarios = (run: string): Promise<SavedScenario[]> => readPlannerNote(run, scenariosFile, savedScenariosSchema, [])

/** Replaces all saved scenarios in one step. Throws notes-not-saved. */
export const saveScenarios = (run: string, scenarios: readonly SavedScenario[]): Promise<void> =>
  withNotesFolder(run, (folder) => write(folder, scenariosFile, scenarios))

const write = (folder: string, name: string, value: unknown): Promise<void> =>
  replaceText(join(folder, name), `${JSON.stringify({ format_version: notesVersion, value }, null, 2)}\n`)

/** Runs `work` with the notes folder of the run, which it makes where it is missing. Throws notes-not-saved, run-not-found. */
export const withNotesFolder = async (run: string, work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = join(run, notesFolder)
  // The page names the folder: it may not make one elsewhere, nor write through a link.
  await readRunFolder(run)
  try {
    if (!(await lstat(folder).catch(() => null))?.isDirectory()) await mkdir(folder)
    await work(folder)
  } catch (cause) {
    if (cause instanceof HeadroomError) throw cause
    throw new HeadroomError('notes-not-saved', `The note cannot be saved in ${folder}.`, { cause })
  }
}

const noteDamaged = (path: string, cause: unknown): HeadroomError =>
  new HeadroomError('run-damaged', `${path} cannot be read.`, { next: 'Fix the file, or move it away to start again.', cause })
