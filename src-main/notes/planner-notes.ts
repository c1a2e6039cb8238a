// What the planner adds to a run: decisions, in a folder of their own beside the run's files. `verify` looks at none of it.
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { withFileLock } from '../run-folder/file-lock.ts'
import { replaceText } from '../run-folder/replace-file.ts'

/** Folder of the notes inside a run folder. */
const notesFolder = 'headroom-notes'

const notesVersion = 1

/** The note's value, or `otherwise` where there is none. Throws run-damaged for a file that does not fit: it is never overwritten. */
export const readPlannerNote = async <Value>(run: string, name: string, schema: z.ZodType<Value>, fallback: Value): Promise<Value> => {
  const path = join(run, notesFolder, name)
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return null
    throw noteDamaged(path, cause)
  })
  if (text === null) return fallback
  try {
    return z.object({ format_version: z.literal(notesVersion), value: schema }).parse(JSON.parse(text)).value
  } catch (cause) {
    throw noteDamaged(path, cause)
  }
}

const eventsFile = 'events.csv'

/** The ledger as a planner finds it, from the run folder on. */
export const eventsTableName = `${notesFolder}/${eventsFile}`

/** The planner's event ledger: an events table like any other, which `headroom analyze --events` takes. */
export const eventsTablePath = (run: string): string => join(run, notesFolder, eventsFile)

/** Replaces the event ledger in one step. Throws notes-not-saved. */
export const writeEventsTable = (run: string, table: string): Promise<void> =>
  withNotesFolder(run, (folder) => replaceText(join(folder, eventsFile), table))

/** Replaces the note in one step. Throws notes-not-saved where the run folder cannot be written. */
export const writePlannerNote = (run: string, name: string, value: unknown): Promise<void> =>
  withNotesFolder(run, (folder) => write(folder, name, value))

/** Replaces the note by what `change` makes of it; changes of other windows and processes wait. Throws run-damaged, notes-not-saved. */
export const updatePlannerNote = <Value>(
  run: string,
  name: string,
  schema: z.ZodType<Value>,
  fallback: Value,
  update: (value: Value) => unknown,
): Promise<void> =>
  withNotesFolder(run, (folder) =>
    withFileLock(join(folder, `.${name}.lock`), async () =>
      write(folder, name, update(await readPlannerNote(run, name, schema, fallback))),
    ),
  )

const write = (folder: string, name: string, value: unknown): Promise<void> =>
  replaceText(join(folder, name), `${JSON.stringify({ format_version: notesVersion, value }, null, 2)}\n`)

const withNotesFolder = async (run: string, work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = join(run, notesFolder)
  try {
    await mkdir(folder, { recursive: true })
    await work(folder)
  } catch (cause) {
    if (cause instanceof HeadroomError) throw cause
    throw new HeadroomError('notes-not-saved', `The note cannot be kept in ${folder}.`, { cause })
  }
}

const noteDamaged = (path: string, cause: unknown): HeadroomError =>
  new HeadroomError('run-damaged', `${path} cannot be read.`, { next: 'Mend the file, or move it away to begin anew.', cause })
