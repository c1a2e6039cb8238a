// Answers the calls of the query contract: every request is parsed, every failure becomes a wire error.
import { z } from 'zod'
import { HeadroomError, toWireError } from '../../src-shared/errors.ts'
import { mostListedRows, queryCalls, type QueryAnswer, type QueryReport } from '../../src-shared/query-contract.ts'
import { describeTables, queryRun } from '../queries/query-run.ts'
import { exportQuery } from './export-query.ts'

const memoryLimit = '1GB'

const messageSchema = z.object({ id: z.int(), call: z.string(), payload: z.unknown() })

const answer = async (call: string, payload: unknown): Promise<unknown> => {
  switch (call) {
    case 'query.run': {
      const { folder, sql } = queryCalls[call].request.parse(payload)
      const startedAt = performance.now()
      const { columns, types, rows, more } = await queryRun(folder, sql, { mostRows: mostListedRows, memoryLimit })
      const answered: QueryAnswer = {
        columns: columns.map((name, index) => ({ name, type: types[index] ?? '' })),
        rows: rows.map((row) => [...row]),
        more,
        seconds: (performance.now() - startedAt) / 1000,
      }
      return answered
    }
    case 'query.tables':
      return describeTables(queryCalls[call].request.parse(payload).folder)
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
    return { id, ok: true, value: await answer(call, payload) }
  } catch (thrown) {
    return { id, ok: false, error: toWireError(thrown) }
  }
}
