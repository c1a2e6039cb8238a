// The diagnostic log, for finding faults: lines of JSON in a few files of bounded size, on this machine alone.
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { WireError } from '../../../src-shared/run/errors.ts'
import { redact } from './redact.ts'

const maxBytes = 500_000
const maxFiles = 4
const maxLineLength = 4000

type LogFields = Readonly<Record<string, string | number | boolean | null>>

/** Codes whose message describes the app; messages about inputs name servers, files and values. */
const safeMessageCodes: ReadonlySet<string> = new Set([
  'internal',
  'engine-crashed',
  'memory-exceeded',
  'disk-full',
  'cancelled',
  'file-not-written',
])

export class DiagnosticLog {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Never fails: a log that cannot be written is left. */
  write(what: string, fields: LogFields = {}): void {
    const clean = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? redact(value) : value]),
    )
    const line = JSON.stringify({ at: new Date().toISOString(), what, ...clean }).slice(0, maxLineLength)
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
      this.#rotate()
      appendFileSync(this.#path(0), `${line}\n`, { mode: 0o600 })
    } catch {
      // Nothing depends on it.
    }
  }

  /** An error by its code; by its sentence only where that can hold nothing of the user's data. */
  writeFailure(where: string, error: WireError): void {
    this.write('failed', { where, code: error.code, ...(safeMessageCodes.has(error.code) ? { message: error.message } : {}) })
  }

  /** All saved entries, oldest first. */
  read(): string {
    return Array.from({ length: maxFiles }, (_, index) => this.#path(maxFiles - 1 - index))
      .map((path) => {
        try {
          return readFileSync(path, 'utf8')
        } catch {
          return ''
        }
      })
      .join('')
  }

  #path(age: number): string {
    return join(this.#folder, age === 0 ? 'headroom.log' : `headroom.${age}.log`)
  }

  #rotate(): void {
    const size = statSync(this.#path(0), { throwIfNoEntry: false })?.size ?? 0
    if (size < maxBytes) return
    rmSync(this.#path(maxFiles - 1), { force: true })
    for (let age = maxFiles - 2; age >= 0; age--) {
      if (statSync(this.#path(age), { throwIfNoEntry: false }) !== undefined) renameSync(this.#path(age), this.#path(age + 1))
    }
  }
}
