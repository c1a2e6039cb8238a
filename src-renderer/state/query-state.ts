// The user's own question: its text, how it is going and what came back; kept while other views are up.
import { create } from 'zustand'
import { toWireError, type WireError } from '../../src-shared/errors.ts'
import type { queryFormats, QueryAnswer } from '../../src-shared/query-contract.ts'
import { request } from '../bridge.ts'
import { changeSettings, notify, tell } from './errands.ts'
import { lastPartOf } from './open-path.ts'
import { useWindowState } from './window-state.ts'

export interface QueryState {
  readonly sql: string
  readonly isRunning: boolean
  /** Milliseconds since 1970. */
  readonly startedAtMs: number
  /** Raised with every answer. */
  readonly version: number
  readonly answer: QueryAnswer | null
  /** The text that the answer belongs to. */
  readonly answered: string
  readonly error: WireError | null
}

const firstQuestion = `SELECT server_id, risk_level, horizon_p95, first_breach_at, disposition
FROM server_risk
WHERE is_at_risk
ORDER BY horizon_p95 DESC`

export const useQueryState = create<QueryState>(() => ({
  sql: firstQuestion,
  isRunning: false,
  startedAtMs: 0,
  version: 0,
  answer: null,
  answered: '',
  error: null,
}))

const { getState, setState } = useQueryState
const keptQueries = 50

export const writeQuery = (sql: string): void => setState({ sql })

const remember = (sql: string): void => {
  const { queryHistory } = useWindowState.getState().settings
  const kept = [sql, ...queryHistory.filter((other) => other !== sql)].slice(0, keptQueries)
  // A question that is not remembered is no failure of its own.
  void changeSettings({ queryHistory: kept }).catch(() => undefined)
}

export const runQuery = async (folder: string): Promise<void> => {
  const { sql, isRunning } = getState()
  if (isRunning) return
  setState({ isRunning: true, startedAtMs: Date.now(), error: null })
  try {
    const answer = await request('query.run', { folder, sql })
    setState(({ version }) => ({ answer, answered: sql, version: version + 1 }))
    remember(sql)
  } catch (thrown) {
    const error = toWireError(thrown)
    if (error.code === 'cancelled') notify('The query was cancelled.')
    else setState({ error, answer: null })
  } finally {
    setState({ isRunning: false })
  }
}

export const cancelQuery = async (): Promise<void> => {
  await request('query.cancel', {})
}

export const exportQuery = async (folder: string, format: (typeof queryFormats)[number]): Promise<void> => {
  const { answered } = getState()
  await tell(async () => {
    const written = await request('query.export', { folder, sql: answered, format })
    return written === null ? null : `Saved ${written.rows.toLocaleString()} rows as ${lastPartOf(written.path)}.`
  })
}
