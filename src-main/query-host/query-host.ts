// Entry of the process for the user's own SQL: it reads one run's tables and is ended when a question takes too long or is cancelled.
import { z } from 'zod'
import { HeadroomError, toWireError } from '../../src-shared/errors.ts'
import { mostListedRows, queryCalls, type QueryAnswer } from '../../src-shared/query-contract.ts'
import { describeTables, queryRun } from '../queries/query-run.ts'
import { exportQuery } from './export-query.ts'

/** The part of Electron's parent port that is used; this process imports nothing of Electron. */
interface ParentPort {
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void
  postMessage(message: unknown): void
}

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

const serve = async (message: unknown): Promise<void> => {
  const { id, call, payload } = messageSchema.parse(message)
  try {
    parentPort.postMessage({ id, ok: true, value: await answer(call, payload) })
  } catch (thrown) {
    parentPort.postMessage({ id, ok: false, error: toWireError(thrown) })
  }
}

const { parentPort } = process as unknown as { readonly parentPort: ParentPort }
// Not at once: as in the engine's process.
parentPort.on('message', ({ data }) => setImmediate(() => void serve(data)))
