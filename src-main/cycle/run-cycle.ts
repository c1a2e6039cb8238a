// One cycle of a plan: analyse what is new, judge the gates, write and send what the plan names, and remove runs that it does not keep.
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import packageJson from '../../package.json' with { type: 'json' }
import { HeadroomError, toWireError, type WireError } from '../../src-shared/run/errors.ts'
import type { RunEvent } from '../../src-shared/run/run-event.ts'
import { parseConfig } from '../config/parse-config.ts'
import { Database } from '../database/database.ts'
import type { PictureWriter } from '../engine/pictures/write-pictures.ts'
import { analyze } from '../engine/analyze.ts'
import { findForecastFiles, type ForecastFile } from '../forecasts/forecast-files.ts'
import { gatherDecisions } from '../notes/decisions.ts'
import { decisionsFileName } from '../run-folder/read-run-folder.ts'
import { compareRuns } from '../queries/compare/compare-runs.ts'
import { findRuns, type FoundRuns, type RunOfHistory } from '../queries/history/find-runs.ts'
import { withRunFolder } from '../queries/run/open-run-folder.ts'
import type { OpenRun } from '../queries/run/open-run.ts'
import { writeTextfileMetrics } from '../report/textfile-metrics.ts'
import { writeTickets, type WrittenTickets } from '../report/tickets.ts'
import { writeReport } from '../report/write-report.ts'
import { systemUser } from '../run-folder/system-user.ts'
import { today } from '../run-folder/today.ts'
import { makeOutputFolder } from '../run-folder/make-folders.ts'
import { makeTemporaryFolder } from '../run-folder/temporary-folder.ts'
import { withFileLock } from '../run-folder/file-lock.ts'
import { assertNewFiles, isSameFile } from '../run-folder/output-file.ts'
import { removeLeftovers } from '../run-folder/staging-folder.ts'
import { outputKey, type CycleOutput, type CyclePlan } from './cycle-plan.ts'
import { lockPathOf, makeStateFolder, readDelivered, writeDelivered } from './cycle-state.ts'
import { describeCycle } from './describe-cycle.ts'
import { countNewAtRisk, judgeGates, type JudgedGate } from './gates.ts'
import { findExpired, isMadeByCycle, removeRun } from './keep-runs.ts'
import { sendMail } from './mail.ts'
import { assertSameFleet } from './same-fleet.ts'
import type { CycleMessage } from './send-with-tries.ts'
import { readTicketStates } from './ticket-states.ts'
import { fillVariables, type Environment } from './variables.ts'
import { fillUrl, sendWebhook } from './webhook.ts'

export interface CycleWork {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: RunEvent) => void) | undefined
  readonly environment?: Environment
  readonly now?: Date
  /** YYYY-MM-DD: orders of tickets and metrics that were due before it are late; default: the day of `now`. */
  readonly asOf?: string | undefined
  /** Milliseconds before the second try of a message. */
  readonly retryPauseMs?: number
  /** Draws the pictures of a run; tests replace it. */
  readonly writePictures?: PictureWriter
}

export interface CycleResult {
  /** Run of the plan's inputs. */
  readonly run: string
  /** Whether this cycle made it; false where the inputs and the plan were the same before. */
  readonly is_new: boolean
  /** Run before it; null for the first of the history. */
  readonly previous: string | null
  readonly gates: readonly JudgedGate[]
  /** Whether each output went out now, had gone out before, was not due, or failed. */
  readonly outputs: readonly {
    readonly output: string
    readonly state: 'done' | 'done before' | 'not due' | 'failed'
    /** How many tickets were written and left out; null for other outputs. */
    readonly note: string | null
    readonly error: WireError | null
  }[]
  readonly removed: readonly string[]
  /** What is odd about the history; null where nothing is. */
  readonly warning: string | null
}

/** Another plan may work on the same history for so long. */
const waitMs = 6 * 3_600_000

/**
 * Repeatable: the same plan on the same inputs makes no second run and writes nothing twice. After a kill the next cycle goes on where it ended.
 * Throws what an analysis throws; an output that fails is reported, and tried again by the next cycle.
 */
export const runCycle = async (plan: CyclePlan, work: CycleWork = {}): Promise<CycleResult> => {
  for (const output of plan.outputs) {
    if (output.kind === 'webhook') fillUrl(output.url, work.environment ?? {})
    if (output.kind === 'mail') fillVariables(output.password ?? '', work.environment ?? {}, 'mail')
  }
  await makeStateFolder(plan.history)
  try {
    return await withFileLock(lockPathOf(plan.history), (assertHeld) => runLocked(plan, work, assertHeld), { waitMs, signal: work.signal })
  } catch (cause) {
    if (work.signal?.aborted !== true) throw cause
    throw new HeadroomError('cancelled', 'The cycle was cancelled.', { next: 'Run it again: it goes on where it ended.', cause })
  }
}

const runLocked = async (plan: CyclePlan, work: CycleWork, assertHeld: () => Promise<void>): Promise<CycleResult> => {
  const files = await findInputs(plan)
  await assertOutputFiles(plan, files)
  const fingerprint = await fingerprintOf(plan, files)
  const before = await findKnownRuns(plan.history)
  const known = [...before.runs, ...before.replaced].find(({ name }) => name.endsWith(`-${fingerprint}`))
  const name = known?.name ?? `${(work.now ?? new Date()).toISOString().slice(0, 10)}-${fingerprint}`
  if (known === undefined) await analyseInputs(plan, name, before, work)
  else await removeLeftovers(join(plan.history, name))
  await assertHeld()
  const { runs, replaced } = await findRuns(plan.history)
  await gatherDecisions(
    join(plan.history, decisionsFileName),
    [...runs, ...replaced].map((found) => found.folder),
  )
  const folder = join(plan.history, name)
  const run = [...runs, ...replaced].find((candidate) => candidate.name === name)
  if (run === undefined) throw new HeadroomError('run-damaged', `${folder} cannot be read.`, { next: 'Move it away and run again.' })
  const previous = [...runs].reverse().find(({ manifest }) => Date.parse(manifest.horizon.start) < Date.parse(run.manifest.horizon.start))
  const comparison = previous === undefined ? null : await compareRuns(join(plan.history, previous.name), folder, { signal: work.signal })
  const gates = judgeGates(plan.gates, run.manifest.counts, comparison === null ? null : countNewAtRisk(comparison))
  const outputs = await withRunFolder(
    folder,
    async (open) =>
      deliverAll(
        plan,
        run,
        open,
        await describeCycle(plan.name, open, comparison, gates, work.asOf ?? today(work.now)),
        gates,
        work,
        assertHeld,
      ),
    work.signal,
  )
  await assertHeld()
  // Renamed servers, or two plans with fleets of their own: the runs of the other one are none to remove.
  const isOtherFleet = previous !== undefined && comparison?.servers.removed === previous.manifest.counts.total_servers
  const removed =
    plan.keep === undefined || isOtherFleet
      ? []
      : findExpired(
          runs
            .filter((found) => isMadeByCycle(found.name))
            .map(({ name: own, manifest }) => ({ name: own, start: manifest.horizon.start })),
          plan.keep,
        ).filter((expired) => expired !== name)
  for (const expired of removed) await removeRun(plan.history, expired)
  const warning = isOtherFleet
    ? `No server of ${name} is in ${previous.name}: a history holds the runs of one fleet. No run was removed.`
    : null
  return { run: name, is_new: known === undefined, previous: previous?.name ?? null, gates, outputs, removed, warning }
}

/** None in a new history. */
const findKnownRuns = async (history: string): Promise<Pick<FoundRuns, 'runs' | 'replaced'>> => {
  try {
    return await findRuns(history)
  } catch (error) {
    if (error instanceof HeadroomError && error.code === 'run-not-found') return { runs: [], replaced: [] }
    throw error
  }
}

const findInputs = async ({ inputs, settings, method }: CyclePlan): Promise<readonly ForecastFile[]> => {
  const database = await Database.open()
  try {
    return (await findForecastFiles(database, inputs, parseConfig(settings, method).encoding)).files
  } finally {
    database.close()
  }
}

const tablesOf = ({ servers, events, projects, drivers, catalogue }: CyclePlan): readonly (string | undefined)[] => [
  servers,
  events,
  projects,
  drivers,
  catalogue,
]

/** The same for the same files, settings and version of Headroom. */
const fingerprintOf = async (plan: CyclePlan, files: readonly ForecastFile[]): Promise<string> => {
  const { method, model, settings } = plan
  const stated = {
    version: packageJson.version,
    files: files.map(({ path, bytes, modified }) => [path, bytes, modified]),
    tables: await Promise.all(tablesOf(plan).map(describeFile)),
    method,
    model,
    settings,
  }
  return createHash('sha256').update(JSON.stringify(stated)).digest('hex').slice(0, 12)
}

/** Outputs are replaced every night: none may be what the plan reads, what the cycle keeps, or another output. Throws config-invalid. */
const assertOutputFiles = async (plan: CyclePlan, files: readonly ForecastFile[]): Promise<void> => {
  const read = [plan.file, ...tablesOf(plan).filter((table) => table !== undefined), ...files.map(({ path }) => path)]
  const given = plan.outputs.flatMap((output) => ('file' in output ? [output.file] : []))
  for (const [index, file] of given.entries()) {
    const refuse = (problem: string): HeadroomError =>
      new HeadroomError('config-invalid', `The plan's output ${file} ${problem}.`, { next: 'Name another file in the plan.' })
    for (const other of read) if (await isSameFile(file, other)) throw refuse('is a file that it reads')
    if (dirname(file) === dirname(lockPathOf(plan.history)) || file === join(plan.history, decisionsFileName))
      throw refuse('lies among the files of the cycle itself')
    if (given.indexOf(file) < index) throw refuse('is named twice')
  }
}

/** Null also for what is not there: the analysis refuses it with a sentence. */
const describeFile = async (path: string | undefined): Promise<readonly unknown[] | null> => {
  const status = path === undefined ? null : await stat(path).catch(() => null)
  return status === null ? null : [path, status.size, status.mtimeMs]
}

const analyseInputs = async (
  plan: CyclePlan,
  name: string,
  { runs, replaced }: Pick<FoundRuns, 'runs' | 'replaced'>,
  { signal, onEvent, writePictures }: CycleWork,
): Promise<void> => {
  await analyze(
    {
      inputs: plan.inputs,
      out: join(plan.history, name),
      method: plan.method,
      config: plan.settings,
      serversTable: plan.servers,
      eventsTable: plan.events,
      projectsTable: plan.projects,
      driversTable: plan.drivers,
      catalogue: plan.catalogue,
      model: plan.model,
      previousRun: runs.at(-1)?.folder,
      threads: plan.threads,
      memoryLimit: plan.memory_limit,
    },
    {
      signal,
      writePictures,
      ...(onEvent === undefined ? {} : { onEvent }),
      ...(plan.accept_new_fleet ? {} : { checkServers: (servers) => assertSameFleet(servers, [...replaced, ...runs], plan.history) }),
    },
  )
}

const deliverAll = async (
  plan: CyclePlan,
  { manifest }: RunOfHistory,
  open: OpenRun,
  message: Omit<CycleMessage, 'id'>,
  gates: readonly JudgedGate[],
  work: CycleWork,
  assertHeld: () => Promise<void>,
): Promise<CycleResult['outputs'][number][]> => {
  const delivered = await readDelivered(plan.history, plan.name)
  const results: CycleResult['outputs'][number][] = []
  for (const output of plan.outputs) {
    const key = outputKey(output)
    const report = (state: CycleResult['outputs'][number]['state'], error: WireError | null = null, note: string | null = null): void =>
      void results.push({ output: describeOutput(output), state, note, error })
    if (delivered.get(key) === manifest.run_id) {
      report('done before')
      continue
    }
    if ('when' in output && output.when === 'gate' && !gates.some(({ is_crossed }) => is_crossed)) {
      report('not due')
      continue
    }
    try {
      await assertHeld()
      const note = await deliver(output, open, { ...message, id: `${manifest.run_id}-${key}` }, work)
      delivered.set(key, manifest.run_id)
      await writeDelivered(plan.history, plan.name, delivered)
      report('done', null, note)
    } catch (error) {
      work.signal?.throwIfAborted()
      report('failed', toWireError(error))
    }
  }
  return results
}

/** Never shows an address with its secret. */
export const describeOutput = (output: CycleOutput): string => {
  if (output.kind === 'webhook') return `${output.service} webhook ${new URL(output.url.replaceAll(/\$\{\w+\}/g, 'x')).host}`
  if (output.kind === 'mail') return `mail to ${output.to} by ${output.host}`
  return `${output.kind === 'metrics' ? 'metrics' : `${output.format} ${output.kind}`} ${output.file}`
}

const deliver = async (
  output: CycleOutput,
  open: OpenRun,
  message: CycleMessage,
  { signal, environment = {}, retryPauseMs, now, asOf = today(now) }: CycleWork,
): Promise<string | null> => {
  const options = { signal, pauseMs: retryPauseMs }
  if (output.kind === 'webhook') {
    await sendWebhook(fillUrl(output.url, environment), output.service, message, options)
    return null
  }
  if (output.kind === 'mail') {
    await withReport(open, output.attach, (report) =>
      sendMail(output, fillVariables(output.password ?? '', environment, 'mail'), message, report, options),
    )
    return null
  }
  await makeOutputFolder(dirname(output.file))
  await assertNewFiles([output.file], { force: true })
  const target = { path: output.file, hasByteOrderMark: false }
  if (output.kind === 'metrics') await writeTextfileMetrics(open, output.file, asOf)
  else if (output.kind === 'report') await writeReport(open, output.format, target, systemUser())
  else {
    const known = output.states === undefined ? undefined : await readTicketStates(output.states)
    return describeTickets(await writeTickets(open, output.format, target, known, asOf))
  }
  return null
}

/** "2 written; left out: 3 with an open ticket, 1 with a closed one". */
const describeTickets = ({ written, open, closed }: WrittenTickets): string => {
  const left = [...(open > 0 ? [`${open} with an open ticket`] : []), ...(closed > 0 ? [`${closed} with a closed one`] : [])]
  return `${written} written${left.length === 0 ? '' : `; left out: ${left.join(', ')}`}`
}

/** The report for the length of an action, under the run's name. */
const withReport = async (open: OpenRun, format: 'html' | 'pdf' | 'none', act: (path: string | null) => Promise<void>): Promise<void> => {
  if (format === 'none') return act(null)
  const { path: folder, remove } = await makeTemporaryFolder('mail')
  try {
    const path = join(folder, `${basename(open.overview.folder)}.${format}`)
    await writeReport(open, format, { path, hasByteOrderMark: false }, systemUser())
    await act(path)
  } finally {
    await remove()
  }
}
