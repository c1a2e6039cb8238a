// Answers the calls of the query contract: every request is parsed, every failure becomes a wire error.
import { z } from 'zod'
import { HeadroomError, toWireError } from '../../src-shared/run/errors.ts'
import { maxListedRows, queryCalls, type QueryResponse, type QueryReport } from '../../src-shared/ipc/query-contract.ts'
import { describeRunTables, runUserSql } from '../queries/user-sql/run-user-sql.ts'
import { exportQuery } from '../report/export-query.ts'

const memoryLimit = '1GB'

const messageSchema = z.object({ id: z.int(), call: z.string(), payload: z.unknown() })

const handleCall = async (call: string, payload: unknown): Promise<unknown> => {
  switch (call) {
    case 'query.run': {
      const { folder, sql } = queryCalls[call].request.parse(payload)
      const startedAt = performance.now()
      const { columns, types, rows, hasMore: more } = await runUserSql(folder, sql, { maxRows: maxListedRows, memoryLimit })
      const response: QueryResponse = {
        columns: columns.map((name, index) => ({ name, type: types[index] ?? '' })),
        rows: rows.map((row) => [...row]),
        hasMore: more,
        seconds: (performance.now() - startedAt) / 1000,
      }
      return response
    }
    case 'query-tables.list':
      return describeRunTables(queryCalls[call].request.parse(payload).folder)
    case 'query.export':
      return exportQuery(queryCalls[call].request.parse(payload), memoryLimit)
    default:
      throw new HeadroomError('internal', `The query process knows no call "${call}".`)
  }
}

/** One message to its report; never throws for what the user asked. */
export const serveQuery = async (message: unknown): Promise<QueryReport> => {
  const { id, call, payload } = messageSchema.parse(message)
  try {
    return { id, ok: true, value: await handleCall(call, payload) }
  } catch (thrown) {
    return { id, ok: false, error: toWireError(thrown) }
  }
}
