// State of the query view: SQL text, execution and result; preserved between views.
import { create } from 'zustand'
import { toWireError, type WireError } from '../../src-shared/run/errors.ts'
import type { queryFormats, QueryResponse } from '../../src-shared/ipc/user-sql.ts'
import { request } from '../ipc/bridge.ts'
import { formatting } from '../theme/formatting.ts'
import { fileNameOf } from './open-path.ts'
import { changeSettings, notify, notifyResult, useWindowState } from './window-state.ts'

export interface QueryState {
  readonly sql: string
  readonly isRunning: boolean
  /** Milliseconds since 1970. */
  readonly startedAtMs: number
  /** Incremented with every result. */
  readonly version: number
  readonly result: QueryResponse | null
  /** The SQL of the result. */
  readonly resultSql: string
  readonly error: WireError | null
}

const defaultQuery = `SELECT server_id, risk_level, horizon_p95, first_breach_at, recommendation
FROM server_risk
WHERE is_at_risk
ORDER BY horizon_p95 DESC`

export const useQueryState = create<QueryState>(() => ({
  sql: defaultQuery,
  isRunning: false,
  startedAtMs: 0,
  version: 0,
  result: null,
  resultSql: '',
  error: null,
}))

const { getState, setState } = useQueryState
const maxHistory = 50

export const setQuery = (sql: string): void => setState({ sql })

const addToHistory = (sql: string): void => {
  const { queryHistory } = useWindowState.getState().settings
  const updatedHistory = [sql, ...queryHistory.filter((other) => other !== sql)].slice(0, maxHistory)
  // A history that cannot be saved must not fail the query.
  void changeSettings({ queryHistory: updatedHistory }).catch(() => undefined)
}

export const runQuery = async (folder: string): Promise<void> => {
  const { sql, isRunning } = getState()
  if (isRunning) return
  setState({ isRunning: true, startedAtMs: Date.now(), error: null })
  try {
    const result = await request('query.run', { folder, sql })
    setState(({ version }) => ({ result, resultSql: sql, version: version + 1 }))
    addToHistory(sql)
  } catch (thrown) {
    const error = toWireError(thrown)
    if (error.code === 'cancelled') notify('Query cancelled.')
    else setState({ error, result: null })
  } finally {
    setState({ isRunning: false })
  }
}

export const cancelQuery = async (): Promise<void> => {
  await request('query.cancel', {})
}

export const exportQuery = async (folder: string, format: (typeof queryFormats)[number]): Promise<void> => {
  const { resultSql } = getState()
  await notifyResult(async () => {
    const saved = await request('query.export', { folder, sql: resultSql, format })
    return saved === null ? null : `Saved ${formatting.count(saved.rows)} rows as ${fileNameOf(saved.path)}.`
  })
}
