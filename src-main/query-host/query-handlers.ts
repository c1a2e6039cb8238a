// What the query process does on each of its channels.
import { maxListedBytes, maxListedRows } from '../../src-shared/ipc/user-sql.ts'
import type { ChannelServedBy, Handlers } from '../../src-shared/ipc/ipc-contract.ts'
import { describeRunTables, runUserSql } from '../queries/user-sql/run-user-sql.ts'
import { exportQuery } from '../report/export-query.ts'

const memoryLimit = '1GB'

export const queryHandlers: Handlers<ChannelServedBy<'query'>> = {
  'query.run': async ({ folder, sql }) => {
    const startedAt = performance.now()
    const { columns, types, rows, hasMore } = await runUserSql(folder, sql, {
      maxRows: maxListedRows,
      maxBytes: maxListedBytes,
      memoryLimit,
    })
    return {
      columns: columns.map((name, index) => ({ name, type: types[index] ?? '' })),
      rows: rows.map((row) => [...row]),
      hasMore,
      seconds: (performance.now() - startedAt) / 1000,
    }
  },
  'query-tables.list': ({ folder }) => describeRunTables(folder),
  'query.write': (request) => exportQuery(request, memoryLimit),
}
