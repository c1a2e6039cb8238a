// Decisions as lines of JSON that are only ever added: read, merged without order, and the state that they leave.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { decisionSchema, verdicts, type Decision } from '../../src-shared/ipc/fleet-view.ts'
import { hasRepeatedKey, tryParseJson } from '../../src-shared/run/parse-json.ts'

const id = z.string().regex(/^[\w-]{1,64}$/)

/** `withdrawn` opens the recommendation again. */
export const lineVerdicts = [...verdicts, 'withdrawn'] as const

export const decisionLineSchema = decisionSchema.extend({
  id,
  verdict: z.enum(lineVerdicts),
  decided_at: z.iso.datetime({ offset: true }),
  /** Decisions that the planner saw and replaced. */
  replaces: z.array(id).max(100_000).default([]),
  /** That the server runs out, as the planner saw it; absent where no run stated one. */
  probability: z.number().min(0).max(1).optional(),
})
export type DecisionLine = z.infer<typeof decisionLineSchema>

/** What is decided about one recommendation of one server. */
export interface DecisionState {
  /** All decisions about it, in order. */
  readonly lines: readonly DecisionLine[]
  /** The latest decision that no other replaces. */
  readonly latest: DecisionLine
  /** All that no other replaces, in order. */
  readonly standing: readonly DecisionLine[]
  /** Whether they say different things: two planners decided without seeing each other. */
  readonly isConflict: boolean
}

export const toLine = (decision: DecisionLine): string => `${JSON.stringify(decisionLineSchema.parse(decision))}\n`

export interface DecisionLines {
  readonly lines: readonly DecisionLine[]
  /** Numbers of the lines that are no decision, from 1. */
  readonly damaged: readonly number[]
}

/** A line without an `id`, written by hand, gets one from its text. */
export const parseDecisionLines = (text: string): DecisionLines => {
  const lines: DecisionLine[] = []
  const damaged: number[] = []
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (line.trim() === '') continue
    const json = tryParseJson(line)
    const parsed = decisionLineSchema.safeParse(
      typeof json === 'object' && json !== null && !('id' in json) ? { id: idOf(line.trim()), ...json } : json,
    )
    if (parsed.success && !hasRepeatedKey(line)) lines.push(parsed.data)
    else damaged.push(index + 1)
  }
  return { lines, damaged }
}

export const idOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32)

/** The same decisions in the same order, however the lists are ordered: by time, then by id. */
export const mergeDecisions = (...lists: readonly (readonly DecisionLine[])[]): DecisionLine[] => {
  // A line that was copied and changed by hand has the id of another, and counts too.
  const byText = new Map(lists.flat().map((line) => [toLine(line), line]))
  return [...byText]
    .sort(
      ([aText, a], [bText, b]) =>
        Date.parse(a.decided_at) - Date.parse(b.decided_at) || compareTexts(a.id, b.id) || compareTexts(aText, bText),
    )
    .map(([, line]) => line)
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export const decisionKey = ({ server_id, recommendation }: Pick<Decision, 'server_id' | 'recommendation'>): string =>
  JSON.stringify([server_id, recommendation])

/** By `decisionKey`, in the order of servers, then of recommendations. */
export const findStates = (merged: readonly DecisionLine[]): Map<string, DecisionState> => {
  const byKey = new Map<string, DecisionLine[]>()
  for (const line of merged) {
    const key = decisionKey(line)
    const lines = byKey.get(key)
    if (lines === undefined) byKey.set(key, [line])
    else lines.push(line)
  }
  return new Map([...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, lines]) => [key, stateOf(lines)]))
}

const stateOf = (lines: readonly DecisionLine[]): DecisionState => {
  const replaced = new Set(lines.flatMap(({ id: own, replaces }) => replaces.filter((other) => other !== own)))
  const heads = lines.filter((line) => !replaced.has(line.id))
  // Lines that replace each other in a circle are no work of ours.
  const standing = heads.length === 0 ? lines : heads
  const first = standing[0]!
  return {
    lines,
    latest: standing.at(-1)!,
    standing,
    isConflict: standing.some(({ verdict, until }) => verdict !== first.verdict || until !== first.until),
  }
}

/** Whether a dismissal has ended by a day, YYYY-MM-DD: the recommendation is open again. */
export const isExpired = ({ verdict, until }: Pick<DecisionLine, 'verdict' | 'until'>, day: string): boolean =>
  verdict === 'dismissed' && until !== null && until <= day

const verdictTexts = { accepted: 'accepted', dismissed: 'dismissed', done: 'done', withdrawn: 'withdrawn' } as const

/** "Accepted by ada on 2026-03-02, dismissed by ben on 2026-03-03." */
export const describeConflict = ({ standing }: DecisionState): string => {
  const text = standing
    .map(
      ({ verdict, decided_by, decided_at, until }) =>
        `${verdictTexts[verdict]}${until === null ? '' : ` until ${until}`}${decided_by === '' ? '' : ` by ${decided_by}`} on ${decided_at.slice(0, 10)}`,
    )
    .join(', ')
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`
}
