// Builds a chain: each step leads from one set of servers to the next, and shows what moved.
import { z } from 'zod'
import type { Figure, ReconciliationChain, ReconciliationStep, StepExample } from '../../../src-shared/ipc/reconciliation.ts'
import type { Database } from '../../database/database.ts'

export interface StepText {
  readonly key: string
  readonly title: string
  readonly sentence: string
}

export interface TransitionStep extends StepText {
  /** Table with `server_id` and a BOOLEAN column per stage. */
  readonly table: string
  readonly from: string
  readonly to: string
  /** SQL over the table: an example's figures in words, and its weight (highest first). */
  readonly detail: string
  readonly weight: string
}

const maxExamples = 3
const exampleSchema = z.object({ subject: z.string(), change: z.enum(['entered', 'left', 'counted']), detail: z.string() })

/** From the servers of one stage to those of the next. */
export const countTransition = async (
  database: Database,
  { table, from, to, detail, weight, ...text }: TransitionStep,
): Promise<ReconciliationStep> => {
  const counts = await database.row(
    `SELECT CAST(count_if(${from}) AS INTEGER) AS before, CAST(count_if(${to}) AS INTEGER) AS after,
            CAST(count_if(${to} AND NOT ${from}) AS INTEGER) AS entered, CAST(count_if(${from} AND NOT ${to}) AS INTEGER) AS "left"
     FROM ${table}`,
    z.object({ before: z.int(), after: z.int(), entered: z.int(), left: z.int() }),
  )
  const examples = await readExamples(
    database,
    `SELECT server_id AS subject, CASE WHEN ${to} THEN 'entered' ELSE 'left' END AS change, ${detail} AS detail
     FROM ${table} WHERE ${from} <> ${to} ORDER BY ${weight} DESC NULLS LAST, server_id`,
  )
  return {
    ...text,
    before: servers(counts.before),
    after: servers(counts.after),
    moved: { entered: counts.entered, left: counts.left, unit: 'servers' },
    examples,
  }
}

export interface CountStep extends StepText {
  readonly table: string
  /** Stage whose servers are counted, and SQL for the rows that each of them was counted with. */
  readonly stage: string
  readonly rows: string
  readonly detail: string
}

/** From rows to the servers that they belong to. */
export const rowsToServers = async (
  database: Database,
  { table, stage, rows, detail, ...text }: CountStep,
): Promise<ReconciliationStep> => {
  const counts = await database.row(
    `SELECT CAST(coalesce(sum(${rows}) FILTER (${stage}), 0) AS DOUBLE) AS rows, CAST(count_if(${stage}) AS DOUBLE) AS servers FROM ${table}`,
    z.object({ rows: z.number(), servers: z.number() }),
  )
  const examples = await readExamples(
    database,
    `SELECT server_id AS subject, 'counted' AS change, ${detail} AS detail FROM ${table} WHERE ${stage} ORDER BY ${rows} DESC, server_id`,
  )
  return {
    ...text,
    before: { value: counts.rows, unit: 'rows' },
    after: servers(counts.servers),
    moved: { entered: 0, left: counts.rows - counts.servers, unit: 'rows' },
    examples,
  }
}

/** At most three; `query` yields `subject`, `change`, `detail`, the one of highest weight first. */
export const readExamples = async (database: Database, query: string): Promise<StepExample[]> =>
  database.rows(`${query} LIMIT ${maxExamples}`, exampleSchema)

export const servers = (value: number): Figure => ({ value, unit: 'servers' })

/** A chain from its steps; one without a step has the same figure at both ends. */
export const createChain = (key: string, title: string, steps: readonly ReconciliationStep[], unchanged: Figure): ReconciliationChain => ({
  key,
  title,
  original: steps[0]?.before ?? unchanged,
  own: steps.at(-1)?.after ?? unchanged,
  steps: [...steps],
})

/** SQL for a number with one decimal, as text. */
export const decimalText = (value: string): string => `coalesce(printf('%.1f', ${value}), 'nothing')`

/** Whether the run has servers that were last measured long before the others. Reads `server_risk`. */
export const hasSilentServers = async (database: Database): Promise<boolean> =>
  (await database.row('SELECT coalesce(bool_or(is_silent), false) AS found FROM server_risk', z.object({ found: z.boolean() }))).found
