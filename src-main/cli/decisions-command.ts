// headroom decisions: lists, adds and merges the decisions of a history, a run, a file or an object in S3.
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { decisionSchema, type DecisionRequest } from '../../src-shared/ipc/fleet-view.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { HeadroomError, toPlainSentence } from '../../src-shared/run/errors.ts'
import { appendToDecisionFile, findSharedDecisions, ownDecisionsPath, readDecisionFile } from '../notes/decision-file.ts'
import { describeConflict, findStates, decisionKey, isExpired, mergeDecisions, type DecisionLine } from '../notes/decision-log.ts'
import { idsOf, makeLine, missingIn, readDecisionLines } from '../notes/decisions.ts'
import { withNotesFolder } from '../notes/planner-notes.ts'
import { decisionsFileName } from '../run-folder/read-run-folder.ts'
import { findRuns } from '../queries/history/find-runs.ts'
import { readStatedRisks, type StatedRisk } from '../queries/recommendations/stated-risks.ts'
import { withRunFolder } from '../queries/run/open-run-folder.ts'
import { systemUser } from '../run-folder/system-user.ts'
import { today } from '../run-folder/today.ts'
import type { ConnectionOptions } from './cloud/launch-options.ts'
import type { DecisionStore } from './cloud/decision-object.ts'
import { countText, firstRowsTable, wrapText } from './report-text.ts'
import { jsonText, print, say } from './terminal.ts'

const openStore = async (place: string, options: ConnectionOptions): Promise<DecisionStore> => {
  if (place.startsWith('s3://')) return (await import('./cloud/decision-object.ts')).openDecisionObject(place, options)
  const path = resolve(place)
  const status = await stat(path).catch(() => null)
  if (place.endsWith('.jsonl') && !(status?.isDirectory() ?? false)) return fileStore(path)
  if (!(status?.isDirectory() ?? false))
    throw new HeadroomError('run-not-found', `${place} is no folder.`, {
      next: 'Name a history, a run folder or a file that ends with .jsonl.',
    })
  if (!(await isRunFolder(path))) return fileStore(join(path, decisionsFileName))
  const shared = await findSharedDecisions(path)
  const store = fileStore(shared ?? ownDecisionsPath(path))
  return {
    ...store,
    read: async () => ({ lines: await readDecisionLines(path), damaged: (await store.read()).damaged }),
    append: (make) => (shared === null ? withNotesFolder(path, () => store.append(make)) : store.append(make)),
  }
}

const isRunFolder = async (path: string): Promise<boolean> => {
  const found = await Promise.all([runFiles.manifest, runFiles.flaggedForecasts].map((name) => stat(join(path, name)).catch(() => null)))
  return found.some((status) => status !== null)
}

/** What the run, or the latest of the history, says of the server; null where no run is at hand to ask, undefined where it lacks the server. */
const readStated = async (place: string, server: string): Promise<StatedRisk | null | undefined> => {
  if (place.startsWith('s3://') || place.endsWith('.jsonl')) return null
  const runs = (await isRunFolder(place))
    ? [place]
    : await findRuns(place).then(
        ({ runs: found }) => found.map(({ folder }) => folder),
        () => [],
      )
  const latest = runs.at(-1)
  if (latest === undefined) return null
  // A run that cannot be read is none to ask: the decision counts all the same.
  return withRunFolder(latest, ({ database }) => readStatedRisks(database, [server])).then(
    (stated) => stated.get(server),
    () => null,
  )
}

/** Null where the run recommends what is decided about. */
const describeStated = (stated: StatedRisk | null | undefined, server: string, recommendation: string): string | null => {
  if (stated === null) return null
  if (stated === undefined) return `Note: The latest run has no server ${server}.`
  if (stated.recommendation === recommendation) return null
  return `Note: The latest run does not recommend ${recommendation} for ${server}, but ${stated.recommendation ?? 'nothing'}.`
}

const fileStore = (path: string): DecisionStore => ({
  name: path,
  read: () => readDecisionFile(path),
  append: (make) => appendToDecisionFile(path, make),
})

export interface ListOptions extends ConnectionOptions {
  /** YYYY-MM-DD: dismissals until that day have ended. */
  readonly asOf?: string
}

export const listDecisions = async (place: string, options: ListOptions): Promise<void> => {
  const { asOf = today() } = options
  const store = await openStore(place, options)
  const { lines, damaged } = await store.read()
  const states = [...findStates(mergeDecisions(lines)).values()]
  if (options.json === true) {
    print(
      jsonText(
        {
          decisions: states.map(({ latest, standing, isConflict }) => ({
            ...latest,
            is_conflict: isConflict,
            is_expired: isExpired(latest, asOf),
            standing,
          })),
          lines: lines.length,
          damaged_lines: damaged,
        },
        2,
      ),
    )
    return
  }
  for (const number of damaged) say(`Note: Line ${number} of ${store.name} is no decision and does not count.`)
  const conflicts = states.filter(({ isConflict }) => isConflict)
  print(
    [
      states.length === 0
        ? 'Nothing is decided yet.'
        : firstRowsTable(states, ['server', 'recommendation', 'decision', 'until', 'by', 'on', 'reason'], ({ latest, isConflict }) => [
            toPlainSentence(latest.server_id),
            latest.recommendation,
            `${isExpired(latest, asOf) ? 'was dismissed' : latest.verdict}${isConflict ? ' (conflict)' : ''}`,
            latest.until ?? '',
            toPlainSentence(latest.decided_by),
            latest.decided_at.slice(0, 10),
            toPlainSentence(latest.reason),
          ]),
      ...conflicts.map((state) =>
        wrapText(
          toPlainSentence(`Planners differ on ${state.latest.recommendation} ${state.latest.server_id}: ${describeConflict(state)}`),
        ),
      ),
    ].join('\n\n'),
  )
}

export interface AddOptions extends ConnectionOptions, Pick<DecisionRequest, 'recommendation'> {
  readonly server: string
  readonly decision: DecisionLine['verdict']
  readonly reason: string
  readonly until?: string
  readonly by?: string
}

export const addDecision = async (place: string, options: AddOptions): Promise<void> => {
  const { server, recommendation, decision: verdict, until, by = systemUser() } = options
  const reason = options.reason.trim()
  if (verdict === 'dismissed' && reason === '')
    throw new HeadroomError('usage', 'A dismissal needs a reason.', { next: 'State it with --reason.' })
  if (!decisionSchema.shape.reason.safeParse(reason).success || !decisionSchema.shape.decided_by.safeParse(by).success)
    throw new HeadroomError('usage', 'The reason has more than 2,000 characters, or the name more than 320.', { next: 'Shorten it.' })
  const store = await openStore(place, options)
  const stated = await readStated(place, server)
  const now = new Date()
  const { id } = makeLine({ server_id: server, recommendation, verdict, reason, until }, now, by, [])
  let line: DecisionLine | undefined
  await store.append((existing) => {
    // The first try may have arrived although its answer was lost.
    if (existing.some((other) => other.id === id)) return []
    const state = findStates(mergeDecisions(existing)).get(decisionKey({ server_id: server, recommendation }))
    line = {
      ...makeLine({ server_id: server, recommendation, verdict, reason, until }, now, by, idsOf(state), stated?.probability ?? undefined),
      id,
    }
    return [line]
  })
  if (options.json === true) print(jsonText({ decision: line ?? null, stored_in: store.name }))
  else print(toPlainSentence(`${recommendation} ${server}: ${verdict}. Added to ${store.name}.`))
  const note = describeStated(stated, server, recommendation)
  if (note !== null) say(toPlainSentence(note))
}

export const mergeIntoDecisions = async (place: string, others: readonly string[], options: ConnectionOptions): Promise<void> => {
  const store = await openStore(place, options)
  const read = await Promise.all(others.map(async (other) => (await openStore(other, options)).read()))
  for (const [index, { damaged }] of read.entries()) {
    if (damaged.length > 0)
      say(
        toPlainSentence(
          `Note: ${countText(damaged.length, 'line')} of ${others[index]!} ${damaged.length === 1 ? 'holds' : 'hold'} no decision; line ${damaged[0]!} is the first.`,
        ),
      )
  }
  const lines = mergeDecisions(...read.map((one) => one.lines))
  let added = 0
  await store.append((existing) => {
    const missing = missingIn(existing, lines)
    added = missing.length
    return missing
  })
  if (options.json === true) print(jsonText({ added, stored_in: store.name }))
  else print(`${countText(added, 'decision')} added to ${store.name}.`)
}
