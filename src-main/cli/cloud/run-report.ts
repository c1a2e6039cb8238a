// What a followed launch ends with: one report on the terminal, and the user's command.
import { spawn } from 'node:child_process'
import { costOfRun, type CloudEvent, type CloudRun, type LogLine } from '../../../src-shared/cloud/cloud-job.ts'
import type { DownloadedRun } from '../../cloud/download/download-run-folder.ts'
import { parseEngineEvent } from '../../cloud/jobs/follow-job.ts'
import { toWireError } from '../../../src-shared/run/errors.ts'
import { listFiles } from '../../forecasts/dataset-files.ts'
import { say } from '../terminal.ts'
import { costText, elapsedText } from './progress-report.ts'

const maxHighlights = 10
const maxLastLines = 3
const maxArtefacts = 20

/** Lines of the log that a reader looks for, and its last ones. */
export class LogHighlights {
  readonly #found: string[] = []
  readonly #last: string[] = []
  #count = 0

  add(event: CloudEvent): void {
    if (event.type !== 'log' || parseEngineEvent(event.line) !== undefined) return
    const { text }: LogLine = event.line
    if (/\b(error|warn(ing)?|exception|traceback|fail(ed|ure)?|critical)\b/i.test(text)) {
      this.#count += 1
      if (this.#found.length < maxHighlights) this.#found.push(text)
    }
    this.#last.push(text)
    if (this.#last.length > maxLastLines) this.#last.shift()
  }

  lines(): string[] {
    const left = this.#count - this.#found.length
    return [
      ...this.#found.map((text) => `! ${text}`),
      ...(left === 0 ? [] : [`  ${left} more lines with errors or warnings`]),
      ...this.#last.filter((text) => !this.#found.includes(text)).map((text) => `  ${text}`),
    ]
  }
}

/** Job, console, times, cost, log and artefacts. */
export const describeEnd = async (
  cloudRun: CloudRun,
  downloaded: DownloadedRun | undefined,
  highlights: LogHighlights,
): Promise<string> => {
  const { runId, jobName, job, mostUsd, outputUri } = cloudRun
  const usd = costOfRun(cloudRun)
  const estimate = mostUsd === null ? '' : ` (estimate: up to ${mostUsd.toFixed(2)} USD)`
  const rows: [string, string][] = [
    ['Run', runId],
    ['Job', `${jobName}: ${job?.status ?? 'unknown'}`],
    ['Console', job?.consoleUrl ?? ''],
    ['Instances', `${job?.instances ?? 1} × ${job?.instanceType ?? cloudRun.instanceType}`],
    [
      'Duration',
      elapsedText(job?.startedAt ?? null, job?.endedAt ?? null).replace(' after ', '') +
        elapsedText(job?.createdAt ?? null, job?.startedAt ?? null).replace(' after ', ', after waiting '),
    ],
    ['Cost', usd === null ? `unknown, no price of the instance type${estimate}` : `${costText(usd)}${estimate}`],
    ['Output', outputUri],
  ]
  const artefacts = downloaded === undefined ? [] : await listFiles(downloaded.folder)
  const left = artefacts.length - maxArtefacts
  return [
    ...rows.map(([name, text]) => `${name.padEnd(11)}${text}`),
    ...block('Artefacts', [...artefacts.slice(0, maxArtefacts).map((name) => `  ${name}`), ...(left > 0 ? [`  ${left} more`] : [])]),
    ...block('Log', highlights.lines()),
  ].join('\n')
}

const block = (title: string, lines: readonly string[]): string[] => (lines.length === 0 ? [] : [title, ...lines])

export interface EndOfRun {
  readonly cloudRun: CloudRun
  readonly folder: string | undefined
  readonly failure: unknown
}

/** Runs the command in the system's shell; the variables say how the run ended. A failure of the command is a note. */
export const runOnEnd = async (command: string, { cloudRun, folder, failure }: EndOfRun): Promise<void> => {
  const usd = costOfRun(cloudRun)
  const variables = {
    HEADROOM_RUN_ID: cloudRun.runId,
    HEADROOM_JOB_NAME: cloudRun.jobName,
    HEADROOM_STATUS: failure === undefined ? (folder === undefined ? 'completed' : 'downloaded') : 'failed',
    HEADROOM_ERROR: failure === undefined ? '' : toWireError(failure).message,
    HEADROOM_FOLDER: folder ?? '',
    HEADROOM_OUTPUT: cloudRun.outputUri,
    HEADROOM_CONSOLE_URL: cloudRun.job?.consoleUrl ?? '',
    HEADROOM_COST_USD: usd === null ? '' : usd.toFixed(4),
  }
  const problem = await new Promise<string | undefined>((resolve) => {
    const child = spawn(command, { shell: true, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...variables } })
    child.once('error', ({ message }) => resolve(message))
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : `it ended with ${code ?? signal}`))
  })
  if (problem !== undefined) say(`Note: the command of --on-end failed: ${problem}.`)
}
