// Output of the command line: data on stdout, messages on stderr, JSON with sorted keys, a progress bar on terminals only.
import { setMaxListeners } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { inspect } from 'node:util'
import { SingleBar } from 'cli-progress'
import { exitCodes, toPlainText, toWireError, type WireError } from '../../src-shared/run/errors.ts'
import type { RunEvent } from '../../src-shared/run/run-event.ts'
import { removeActiveStagingFiles } from '../run-folder/replace-file.ts'

/** Increase it when a field of the JSON output changes its meaning or is removed. */
const jsonVersion = 1

/** One line of JSON with sorted keys, or an indented document. */
export const jsonText = (value: Readonly<Record<string, unknown>>, indent?: number): string =>
  JSON.stringify(sortKeys({ schema_version: jsonVersion, ...value }), null, indent)

/** A part of such a document. */
export const indentedJson = (value: unknown): string => JSON.stringify(sortKeys(value), null, 2)

const sortKeys = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  )
}

let isOutputLost = false

/** Whether stdout could not be written; the failure has been reported then. */
export const hasLostOutput = (): boolean => isOutputLost

/** A closed pipe (`| head`) or a full disk stops the work: nobody would see its result. */
process.stdout.on('error', (thrown: NodeJS.ErrnoException) => {
  if (isOutputLost) return
  isOutputLost = true
  process.exitCode = exitCodes.failure
  say(
    thrown.code === 'EPIPE'
      ? 'Stopped: the output was closed before its end.'
      : `Error: The output cannot be written. ${toWireError(thrown).message}`,
  )
  for (const cancel of runningWork) cancel()
})
// Nowhere is left to report it.
process.stderr.on('error', () => undefined)

/** Pipes get data unchanged; terminals get plain text, because names in files may contain control codes. */
export const print = (text: string): void => void process.stdout.write(`${process.stdout.isTTY ? toPlainText(text) : text}\n`)
export const say = (text: string): void => void process.stderr.write(`${toPlainText(text)}\n`)

/** Characters that are gathered before they are written. */
const outputChunkLength = 64_000

export interface TextOutput {
  /** Whether it still makes sense to go on; waits where the reader is slow. */
  readonly write: (text: string) => boolean | Promise<boolean>
  readonly end: () => Promise<boolean>
}

/** Long output to stdout, as plain as `print`, with as little of it in memory as the reader allows. */
export const createTextOutput = (): TextOutput => {
  let pending = ''
  const flush = (): boolean | Promise<boolean> => {
    const text = process.stdout.isTTY ? toPlainText(pending) : pending
    pending = ''
    if (process.stdout.write(text)) return !isOutputLost
    return new Promise((resume) => {
      const goOn = (): void => {
        process.stdout.off('drain', goOn).off('error', goOn)
        resume(!isOutputLost)
      }
      process.stdout.on('drain', goOn).on('error', goOn)
    })
  }
  return {
    write: (text) => {
      pending += text
      return pending.length < outputChunkLength ? !isOutputLost : flush()
    },
    end: async () => flush(),
  }
}

export const reportFailure = (thrown: unknown, json: boolean): WireError => {
  const error = toWireError(thrown)
  if (json) print(jsonText(error.code === 'cancelled' ? { type: 'cancelled' } : { type: 'failed', error }))
  else if (error.code === 'cancelled' && error.next === undefined) say('Cancelled. No files remain.')
  else say(`Error: ${error.message}${error.next === undefined ? '' : `\n${error.next}`}`)
  if (process.env['HEADROOM_DEBUG'] !== undefined) say(inspect(thrown))
  return error
}

/** Bytes of the exit message that SageMaker reads, as UTF-8. */
const maxExitMessageBytes = 1024

/** Writes a failure to the file that HEADROOM_EXIT_MESSAGE names: SageMaker shows it as the job's exit message. */
export const writeExitMessage = ({ message, next }: WireError): void => {
  const file = process.env['HEADROOM_EXIT_MESSAGE'] ?? ''
  if (file === '') return
  const text = next === undefined ? message : `${message} ${next}`
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, truncateToBytes(text, maxExitMessageBytes))
  } catch {
    // The log contains the same message.
  }
}

/** Cuts between characters, never inside one. */
const truncateToBytes = (text: string, limit: number): Buffer => {
  const bytes = Buffer.from(text)
  if (bytes.length <= limit) return bytes
  let end = limit
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end -= 1
  return bytes.subarray(0, end)
}

export interface ProgressView {
  readonly show: (event: RunEvent) => void
  readonly end: () => void
}

/** A bar on a terminal, JSON lines with `json`; otherwise only warnings, at the end. */
export const createProgressView = (options: {
  readonly json?: boolean | undefined
  readonly quiet?: boolean | undefined
}): ProgressView => {
  if (options.json === true) return { show: (event) => print(jsonText(withMemory(event))), end: () => undefined }
  if (options.quiet === true) return { show: () => undefined, end: () => undefined }
  const bar = process.stderr.isTTY
    ? new SingleBar({
        format: '{bar} {percentage} %  {label}',
        barCompleteChar: '█',
        barIncompleteChar: '░',
        barsize: 24,
        hideCursor: true,
        clearOnComplete: true,
        stream: process.stderr,
        gracefulExit: false,
      })
    : undefined
  const warnings: string[] = []
  let started = false
  return {
    show: (event) => {
      if (event.type === 'warning') warnings.push(event.warning.message)
      if (event.type !== 'step' || bar === undefined) return
      if (!started) bar.start(100, 0, { label: event.label })
      started = true
      bar.update(Math.floor(event.progress * 100), { label: event.label })
    },
    end: () => {
      if (started) bar?.stop()
      for (const warning of warnings) say(`Warning: ${warning}`)
    },
  }
}

/** Adds peak memory to steps: if a job is killed for its memory, only its log can show this. */
const withMemory = (event: RunEvent): Readonly<Record<string, unknown>> =>
  event.type === 'step' ? { ...event, peak_memory_bytes: process.resourceUsage().maxRSS * 1024 } : event

const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

/** Work under way that can be cancelled. */
const runningWork = new Set<() => void>()

/** The signals cancel the work under way, which cleans up; without any, the process ends and takes along the file that it writes. */
export const endOnSignals = (): void => {
  // Of a file that outgrows its limit: with a listener, the write fails instead and is reported.
  if (process.platform !== 'win32') process.on('SIGXFSZ', () => undefined)
  for (const signal of endingSignals) {
    process.on(signal, () => {
      for (const cancel of runningWork) cancel()
      if (runningWork.size > 0) return
      removeActiveStagingFiles()
      process.exit(exitCodes.interrupted)
    })
  }
}

/** Of a signal: requests under way at once have several each. Node warns of more than ten. */
const maxListeners = 200

/** Runs work that the signals and a lost output cancel. Further signals are ignored while the work cleans up. */
export const runCancellable = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const controller = new AbortController()
  setMaxListeners(maxListeners, controller.signal)
  const cancel = (): void => controller.abort()
  runningWork.add(cancel)
  try {
    return await work(controller.signal)
  } finally {
    runningWork.delete(cancel)
  }
}

/** An aligned table; numbers are right-aligned. */
export const tableText = (columns: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = columns.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index]!.length)))
  const isNumeric = columns.map((_, index) => rows.every((row) => row[index] === '' || /^-?[\d.,]+(e[+-]?\d+)?$/i.test(row[index]!)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => (isNumeric[index] ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!)))
      .join('  ')
      .trimEnd()
  return [line(columns), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
