// Errors for users: codes, the error class, its JSON form between processes and its exit code.
import { z } from 'zod'
import { describeValidationRule } from '../config/describe-validation-issue.ts'

export const errorCodes = [
  'usage',
  'output-not-empty',
  'config-invalid',
  'input-not-found',
  'input-not-parquet',
  'input-empty',
  'input-column-missing',
  'input-column-type',
  'input-column-reserved',
  'input-column-conflict',
  'input-null-key',
  'input-time-unreadable',
  'input-no-horizon',
  'input-infinite',
  'input-unit-unclear',
  'input-unclear',
  'input-text-unreadable',
  'input-duplicate-rows',
  'input-too-varied',
  'input-changed',
  'input-model-unknown',
  'servers-invalid',
  'events-invalid',
  'table-invalid',
  'scenario-invalid',
  'run-not-found',
  'run-damaged',
  'notes-not-saved',
  'file-not-written',
  'query-refused',
  'query-failed',
  'disk-full',
  'memory-exceeded',
  'engine-crashed',
  'cloud-sign-in',
  'cloud-process-denied',
  'cloud-refused',
  'cloud-setup',
  'cloud-limit',
  'cloud-unreachable',
  'cloud-job-failed',
  'cloud-job-stopped',
  'cloud-incomplete',
  'source-unreachable',
  'source-refused',
  'delivery-failed',
  'cancelled',
  'internal',
] as const

export const errorCodeSchema = z.enum(errorCodes)
export type ErrorCode = z.infer<typeof errorCodeSchema>

export const wireErrorSchema = z.object({
  code: errorCodeSchema,
  /** One plain sentence that names the file and the column where there is one. */
  message: z.string(),
  /** What to do next, one sentence. */
  next: z.string().optional(),
  /** The SQL that failed, if any; shown only under "details". */
  sql: z.string().optional(),
})
export type WireError = z.infer<typeof wireErrorSchema>

export interface HeadroomErrorOptions {
  readonly next?: string
  readonly sql?: string
  readonly cause?: unknown
  /** The message holds the words of a library: no user sees them. */
  readonly isRaw?: boolean
}

/** An error with a code and a sentence for the user. Any other thrown value counts as `internal`. */
export class HeadroomError extends Error {
  readonly code: ErrorCode
  readonly next: string | undefined
  readonly sql: string | undefined
  readonly isRaw: boolean

  constructor(code: ErrorCode, message: string, options: HeadroomErrorOptions = {}) {
    super(toPlainSentence(message), options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'HeadroomError'
    this.code = code
    this.next = options.next === undefined ? undefined : toPlainText(options.next)
    this.sql = options.sql
    this.isRaw = options.isRaw ?? false
  }
}

/** What the system says about files, in plain words. */
const systemSentences: ReadonlyMap<string, readonly [code: ErrorCode, sentence: string, next: string]> = new Map([
  ['ENOSPC', ['disk-full', 'The disk is full.', 'Free some space and run again.']],
  ['EDQUOT', ['disk-full', 'The quota of this disk is used up.', 'Free some space and run again.']],
  [
    'EFBIG',
    ['file-not-written', 'A file would become larger than this disk or its limit allows.', 'Choose another disk, or raise the limit.'],
  ],
  ['EMFILE', ['file-not-written', 'This process may not open more files.', 'Raise the limit of open files (ulimit -n) and run again.']],
  ['ENFILE', ['file-not-written', 'The system has too many files open.', 'Close other programs and run again.']],
  ['EIO', ['file-not-written', 'The disk reports an error.', 'Check the disk, or choose another one.']],
  ['EROFS', ['file-not-written', 'This disk can only be read.', 'Choose another disk.']],
  ['EBUSY', ['file-not-written', 'Another program uses a file or folder.', 'Close it and run again.']],
  ['EXDEV', ['file-not-written', 'A file cannot be moved to another disk.', 'Choose a folder on the same disk.']],
  ['EACCES', ['file-not-written', 'The system denies access.', 'Check the permissions.']],
  ['EPERM', ['file-not-written', 'The system denies access.', 'Check the permissions.']],
  ['ENOENT', ['file-not-written', 'A file or folder does not exist.', 'Check the path.']],
  ['ENOTDIR', ['file-not-written', 'A path leads through a file.', 'Check the path.']],
  ['EISDIR', ['file-not-written', 'A folder stands where a file belongs.', 'Name another file.']],
  ['ENAMETOOLONG', ['file-not-written', 'A name is too long for this disk.', 'Choose a shorter name.']],
  ['ELOOP', ['file-not-written', 'Links lead in a circle.', 'Check the path.']],
])

/** A thread that cannot be started carries the system's code in its message only. */
const systemCodeOf = (thrown: Error & { readonly code: unknown }): string | undefined => {
  if (thrown.code === 'ERR_WORKER_INIT_FAILED') return /[A-Z]+$/.exec(thrown.message)?.[0]
  return 'syscall' in thrown ? String(thrown.code) : undefined
}

const systemError = (thrown: unknown): WireError | undefined => {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined
  if (thrown.code === 'ERR_DLOPEN_FAILED') return libraryError(thrown.message)
  const found = systemSentences.get(systemCodeOf(thrown) ?? '')
  if (found === undefined) return undefined
  const [code, sentence, next] = found
  const path = 'path' in thrown && typeof thrown.path === 'string' ? ` (${thrown.path})` : ''
  return { code, message: toPlainSentence(`${sentence.slice(0, -1)}${path}.`), next }
}

/** Of a library of the system that cannot be loaded, such as the database. */
const libraryError = (words: string): WireError => {
  if (words.includes('Too many open files')) {
    const [code, message, next] = systemSentences.get('EMFILE')!
    return { code, message, next }
  }
  return { code: 'internal', message: 'A library of Headroom cannot be loaded.', next: 'Install Headroom again, or free some memory.' }
}

/** Converts a thrown value to its JSON form. */
export const toWireError = (thrown: unknown): WireError => {
  if (thrown instanceof HeadroomError) {
    const { code, sql, isRaw } = thrown
    const message = isRaw ? 'A step of the analysis failed in the database.' : thrown.message
    const next = isRaw ? 'Please report it: HEADROOM_DEBUG=1 prints the details.' : thrown.next
    return { code, message, ...(next === undefined ? {} : { next }), ...(sql === undefined ? {} : { sql }) }
  }
  if (thrown instanceof z.ZodError) {
    return { code: 'internal', message: toPlainSentence(`Headroom met data of another form: ${describeValidationRule(thrown)}.`) }
  }
  return systemError(thrown) ?? { code: 'internal', message: toPlainText(thrown instanceof Error ? thrown.message : String(thrown)) }
}

/** The error of a process or thread that ended for a reason of the system; undefined for any other reason. */
export const systemErrorOf = (thrown: unknown): HeadroomError | undefined => {
  const error = systemError(thrown)
  return error === undefined ? undefined : fromWireError(error)
}

/** Restores an error from another process. */
export const fromWireError = ({ code, message, next, sql }: WireError): HeadroomError =>
  new HeadroomError(code, message, { ...(next === undefined ? {} : { next }), ...(sql === undefined ? {} : { sql }) })

export const exitCodes = { ok: 0, failure: 1, usage: 2, badInput: 3, cloud: 4, gate: 5, interrupted: 130 } as const

/** Exit code of the command line for an error: 2 usage, 3 bad input, 4 cloud or source, 130 interrupted, else 1. A crossed gate is no error: 5. */
export const exitCodeOf = (code: ErrorCode): number => {
  switch (code) {
    case 'usage':
    case 'output-not-empty':
      return exitCodes.usage
    case 'config-invalid':
    case 'input-not-found':
    case 'input-not-parquet':
    case 'input-empty':
    case 'input-column-missing':
    case 'input-column-type':
    case 'input-column-reserved':
    case 'input-column-conflict':
    case 'input-null-key':
    case 'input-time-unreadable':
    case 'input-no-horizon':
    case 'input-infinite':
    case 'input-unit-unclear':
    case 'input-unclear':
    case 'input-text-unreadable':
    case 'input-duplicate-rows':
    case 'input-too-varied':
    case 'input-changed':
    case 'input-model-unknown':
    case 'servers-invalid':
    case 'events-invalid':
    case 'table-invalid':
    case 'scenario-invalid':
    case 'run-not-found':
      return exitCodes.badInput
    case 'cloud-sign-in':
    case 'cloud-process-denied':
    case 'cloud-refused':
    case 'cloud-setup':
    case 'cloud-limit':
    case 'cloud-unreachable':
    case 'cloud-job-failed':
    case 'cloud-job-stopped':
    case 'cloud-incomplete':
    case 'source-unreachable':
    case 'source-refused':
    case 'delivery-failed':
      return exitCodes.cloud
    case 'cancelled':
      return exitCodes.interrupted
    case 'run-damaged':
    case 'notes-not-saved':
    case 'file-not-written':
    case 'query-refused':
    case 'query-failed':
    case 'disk-full':
    case 'memory-exceeded':
    case 'engine-crashed':
    case 'internal':
      return exitCodes.failure
  }
}

/** Control characters except tab and line break, marks of text direction, and line separators. */
const unsafeCharacters = /[^\P{Cc}\t\n]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu

/** Replaces each by U+FFFD, so that it stays visible. */
export const toPlainText = (text: string): string => text.replace(unsafeCharacters, '\ufffd')

/** A drawing as XML: the characters above and those that XML does not know would end its reading. */
export const toPlainXml = (xml: string): string => toPlainText(xml).replace(/[\ufffe\uffff\p{Cs}]/gu, '\ufffd')

const maxSentenceLength = 2000

/** The same on one line, with the middle of a very long text cut out. */
export const toPlainSentence = (text: string): string => {
  const line = toPlainText(text).replace(/[\t\n]+/g, ' ')
  return line.length > maxSentenceLength ? `${line.slice(0, maxSentenceLength / 2)}…${line.slice(-maxSentenceLength / 2)}` : line
}
