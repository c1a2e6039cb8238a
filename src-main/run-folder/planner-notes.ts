// What the planner adds to a run: decisions, in a folder of their own beside the run's files. `verify` looks at none of it.
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { HeadroomError } from '../../src-shared/errors.ts'

/** Folder of the notes inside a run folder. */
const notesFolder = 'headroom-notes'

const notesVersion = 1

/** The note's value, or `otherwise` where there is none. Throws run-damaged for a file that does not fit: it is never overwritten. */
export const readPlannerNote = async <Value>(run: string, name: string, schema: z.ZodType<Value>, otherwise: Value): Promise<Value> => {
  const path = join(run, notesFolder, name)
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return null
    throw damaged(path, cause)
  })
  if (text === null) return otherwise
  try {
    return z.object({ format_version: z.literal(notesVersion), value: schema }).parse(JSON.parse(text)).value
  } catch (cause) {
    throw damaged(path, cause)
  }
}

const ledgerFile = 'events.csv'

/** The planner's event ledger: an events table like any other, which `headroom analyze --events` takes. */
export const eventLedgerPath = (run: string): string => join(run, notesFolder, ledgerFile)

/** Replaces the event ledger in one step. Throws notes-not-saved. */
export const writeEventLedger = (run: string, table: string): Promise<void> => writeNote(run, ledgerFile, table)

/** Replaces the note in one step. Throws notes-not-saved where the run folder cannot be written. */
export const writePlannerNote = (run: string, name: string, value: unknown): Promise<void> =>
  writeNote(run, name, `${JSON.stringify({ format_version: notesVersion, value }, null, 2)}\n`)

const writeNote = async (run: string, name: string, text: string): Promise<void> => {
  const folder = join(run, notesFolder)
  const draft = join(folder, `.${name}.${randomUUID()}`)
  try {
    await mkdir(folder, { recursive: true })
    await writeFile(draft, text)
    await rename(draft, join(folder, name))
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined)
    throw new HeadroomError('notes-not-saved', `The note cannot be kept in ${folder}.`, { cause })
  }
}

const damaged = (path: string, cause: unknown): HeadroomError =>
  new HeadroomError('run-damaged', `${path} cannot be read.`, { next: 'Mend the file, or move it away to begin anew.', cause })
