// The planner's decisions about a run's recommendations: its own, or those that the runs of a history share.
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { withCurrentNames } from '../../src-shared/artefacts/renamed-names.ts'
import { decisionSchema, type Decision, type DecisionRequest } from '../../src-shared/ipc/fleet-view.ts'
import type { Database } from '../database/database.ts'
import { appendToDecisionFile, findSharedDecisions, ownDecisionsPath, readDecisionFile } from './decision-file.ts'
import {
  decisionKey,
  describeConflict,
  findStates,
  idOf,
  isExpired,
  mergeDecisions,
  toLine,
  type DecisionLine,
  type DecisionState,
} from './decision-log.ts'
import { readPlannerNote, withNotesFolder } from './planner-notes.ts'

/** Before decisions were lines, a run had them in this file, one per server; some under their old key. */
const earlierFile = 'decisions.json'
const earlierSchema = z.array(z.preprocess(withCurrentNames, decisionSchema))

const readEarlier = async (run: string): Promise<DecisionLine[]> => {
  const decisions = await readPlannerNote(run, earlierFile, earlierSchema, [])
  return decisions.map((decision) => ({ ...decision, id: idOf(JSON.stringify(decision)), replaces: [] }))
}

/** Decisions that lie in the run folder itself. */
export const readOwnDecisions = async (run: string): Promise<DecisionLine[]> =>
  mergeDecisions(await readEarlier(run), (await readDecisionFile(ownDecisionsPath(run))).lines)

/** Those of the run and those of its history, merged. Throws run-damaged. */
export const readDecisionLines = async (run: string): Promise<DecisionLine[]> => {
  const shared = await findSharedDecisions(run)
  return mergeDecisions(await readOwnDecisions(run), shared === null ? [] : (await readDecisionFile(shared)).lines)
}

/** What is decided now, by server; the latest where planners differ. */
export const readDecisions = async (run: string): Promise<Decision[]> =>
  [...findStates(await readDecisionLines(run)).values()].flatMap(({ latest: { verdict, ...decision } }) =>
    verdict === 'withdrawn' ? [] : [decisionSchema.parse({ ...decision, verdict })],
  )

/** `by`: name of the planner. `probabilities`: that each server runs out, as the run states it. Where a request does not say what it replaces, it is all that stands. Throws notes-not-saved, run-damaged. */
export const saveDecisions = (
  run: string,
  requests: readonly DecisionRequest[],
  now: Date,
  by = '',
  probabilities: ReadonlyMap<string, number> = new Map(),
): Promise<void> =>
  addLines(run, (states) =>
    requests.map(({ replaces, ...request }) =>
      makeLine(request, now, by, replaces ?? idsOf(states.get(decisionKey(request))), probabilities.get(request.server_id)),
    ),
  )

/** Opens recommendations again. */
export const withdrawDecisions = (
  run: string,
  withdrawn: readonly Pick<Decision, 'server_id' | 'recommendation'>[],
  now: Date,
  by = '',
): Promise<void> =>
  addLines(run, (states) =>
    withdrawn.flatMap((decision) => {
      const state = states.get(decisionKey(decision))
      if (state === undefined) return []
      return [makeLine({ ...decision, verdict: 'withdrawn', reason: '', until: null }, now, by, idsOf(state))]
    }),
  )

export const makeLine = (
  { server_id, recommendation, verdict, reason, until = null }: Omit<DecisionRequest, 'verdict'> & Pick<DecisionLine, 'verdict'>,
  now: Date,
  by: string,
  replaces: readonly string[],
  probability?: number,
): DecisionLine => ({
  id: randomUUID(),
  decided_at: now.toISOString(),
  decided_by: by,
  server_id,
  recommendation,
  verdict,
  reason,
  until,
  replaces: [...replaces],
  ...(probability === undefined ? {} : { probability }),
})

export const idsOf = (state: DecisionState | undefined): string[] => state?.standing.map(({ id }) => id) ?? []

const addLines = async (run: string, make: (states: ReadonlyMap<string, DecisionState>) => readonly DecisionLine[]): Promise<void> => {
  // What cannot be read is not written over either.
  const own = await readOwnDecisions(run)
  const add = (path: string): Promise<void> => appendToDecisionFile(path, (existing) => make(findStates(mergeDecisions(own, existing))))
  const shared = await findSharedDecisions(run)
  await (shared === null ? withNotesFolder(run, () => add(ownDecisionsPath(run))) : add(shared))
}

/** Carries the decisions of single runs into the file of their history. Repeatable. Returns how many were new. */
export const gatherDecisions = async (sharedPath: string, runs: readonly string[]): Promise<number> => {
  const own = mergeDecisions(...(await Promise.all(runs.map(readOwnDecisions))))
  return own.length === 0 ? 0 : addMissing(sharedPath, own)
}

/** One with the id of another, but other words, is missing too. */
export const missingIn = (existing: readonly DecisionLine[], lines: readonly DecisionLine[]): DecisionLine[] => {
  const there = new Set(existing.map(toLine))
  return lines.filter((line) => !there.has(toLine(line)))
}

/** Adds those that the file does not hold yet. Returns how many they were. */
export const addMissing = async (path: string, lines: readonly DecisionLine[]): Promise<number> => {
  if (missingIn((await readDecisionFile(path)).lines, lines).length === 0) return 0
  let added = 0
  await appendToDecisionFile(path, (existing) => {
    const missing = missingIn(existing, lines)
    added = missing.length
    return missing
  })
  return added
}

/**
 * Table `decisions`: server_id, recommendation, verdict, reason, and who, until when, in which conflict and which decisions these are.
 * `today`, YYYY-MM-DD: a dismissal until that day or an earlier one has ended, its verdict is NULL.
 */
export const createDecisionsTable = async (database: Database, run: string, today: string): Promise<void> => {
  const states = [...findStates(await readDecisionLines(run)).values()]
  const column = 'VARCHAR'
  await database.storeRows(
    'decisions',
    {
      server_id: column,
      recommendation: column,
      verdict: column,
      reason: column,
      decided_by: column,
      until: column,
      conflict: column,
      ids: column,
    },
    states.map((state) => {
      const { server_id, recommendation, verdict, reason, decided_by, until } = state.latest
      const isOpen = verdict === 'withdrawn' || isExpired(state.latest, today)
      return [
        server_id,
        recommendation,
        isOpen ? null : verdict,
        verdict === 'withdrawn' ? null : reason,
        decided_by,
        until,
        state.isConflict ? describeConflict(state) : null,
        idsOf(state).join(' '),
      ]
    }),
  )
}
