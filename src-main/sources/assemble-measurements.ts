// The parts of a collect become one measurements file and its servers table, sorted; an earlier file is merged.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { escapeFormula } from '../../src-shared/artefacts/cell-text.ts'
import { ownValue } from '../../src-shared/config/name-record.ts'
import type { CollectedMeasurements } from '../../src-shared/sources/source-requests.ts'
import type { AssembleCall } from '../../src-shared/ipc/sources-contract.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { escapeGlob, literal, Database } from '../database/database.ts'
import { readServerCells } from '../forecasts/servers-table.ts'
import { replaceFile, replaceText } from '../run-folder/replace-file.ts'
import { quoteCsv, readParts } from './collection.ts'
import { sourceKey } from './measurements-source.ts'
import { serversTableOf } from './output-names.ts'

export interface AssembleRequest extends AssembleCall {
  /** Database memory in DuckDB's notation. */
  readonly memoryLimit?: string | undefined
}

/** Replaces `out` and its servers table. Throws input-empty, input-duplicate-rows. */
export const assembleMeasurements = async (
  { folder, parts, out, extends: isExtension, source, memoryLimit }: AssembleRequest,
  signal?: AbortSignal,
): Promise<CollectedMeasurements> => {
  const { paths, details } = await readParts(folder, parts)
  const database = await Database.open({ spillFolder: join(folder, 'spill'), memoryLimit, signal })
  try {
    await database.run(
      `CREATE TABLE collected AS
       SELECT server_id, make_timestamp(seconds * 1000000) AS "timestamp", metric, value AS actual
       FROM read_csv([${paths.map((path) => literal(escapeGlob(path))).join(', ')}], header = false, auto_detect = false, quote = '"', escape = '"', delim = ',',
         columns = {server_id: 'VARCHAR', metric: 'VARCHAR', seconds: 'BIGINT', value: 'DOUBLE'})`,
    )
    await assertDistinct(database)
    const earlier = isExtension && existsSync(out)
    if (earlier) {
      await database.run(
        `INSERT INTO collected SELECT server_id, "timestamp", metric, actual
         FROM read_parquet(${literal(escapeGlob(out))}) ANTI JOIN collected USING (server_id, metric, "timestamp")`,
      )
    }
    const totals = await database.row(
      `SELECT CAST(count(*) AS DOUBLE) AS rows, CAST(count(DISTINCT server_id) AS DOUBLE) AS servers,
              coalesce(list_sort(list(DISTINCT metric)), []) AS metrics FROM collected`,
      z.object({ rows: z.number(), servers: z.number(), metrics: z.array(z.string()) }),
    )
    const span = { from: new Date(source.from * 1000).toISOString(), until: new Date(source.until * 1000).toISOString() }
    if (totals.rows === 0) {
      throw new HeadroomError('input-empty', `The source holds no value from ${span.from} to ${span.until}.`, {
        next: 'Check the query, the metrics and the days.',
      })
    }
    const serversTable = await writeServersTable(
      database,
      out,
      details.map(({ servers }) => servers),
      earlier,
    )
    await replaceFile(out, (path) =>
      database.run(
        `COPY (SELECT server_id, "timestamp", metric, actual FROM collected ORDER BY server_id, metric, "timestamp")
         TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd, KV_METADATA {${literal(sourceKey)}: ${literal(JSON.stringify(source))}})`,
      ),
    )
    const unusable = details.reduce((sum, part) => sum + part.unusable, 0)
    return {
      file: out,
      serversTable,
      ...totals,
      ...span,
      notes: [
        ...new Set(details.flatMap(({ notes }) => notes)),
        ...(unusable === 0 ? [] : [`${unusable.toLocaleString('en-US')} values are no finite number and are left out.`]),
      ],
    }
  } finally {
    database.close()
  }
}

const assertDistinct = async (database: Database): Promise<void> => {
  const [repeated] = await database.rows(
    'SELECT server_id, metric FROM collected GROUP BY server_id, metric, "timestamp" HAVING count(*) > 1 ORDER BY ALL LIMIT 1',
    z.object({ server_id: z.string(), metric: z.string() }),
  )
  if (repeated === undefined) return
  throw new HeadroomError('input-duplicate-rows', `Several series of ${repeated.metric} belong to the server ${repeated.server_id}.`, {
    next: 'Aggregate them in the query, or name another label with --label.',
  })
}

/** Servers that the table names already keep their cells: a planner may have changed them. Columns that it lacks are added. */
const writeServersTable = async (
  database: Database,
  out: string,
  parts: readonly Readonly<Record<string, Readonly<Record<string, string>>>>[],
  isExtension: boolean,
): Promise<string> => {
  const path = serversTableOf(out)
  const measured = await database.columns('SELECT DISTINCT server_id FROM collected ORDER BY server_id', { server_id: 'text' })
  const attributes = new Map<string, Readonly<Record<string, string>>>()
  // Later parts are of later days.
  for (const servers of parts) for (const [server, named] of Object.entries(servers)) attributes.set(server, named)
  const lines = new Map(
    measured.server_id.map((server): [string, Readonly<Record<string, string>>] => [server, attributes.get(server) ?? {}]),
  )
  if (isExtension && existsSync(path)) {
    const existing = await readServerCells(database, path)
    const isNew = new Set(lines.keys())
    for (const [server, cells] of existing) {
      isNew.delete(server)
      lines.set(server, { ...lines.get(server), ...cells })
    }
    const given = new Set([...existing.values()].flatMap((cells) => Object.keys(cells)))
    if (isNew.size === 0 && [...lines.values()].every((cells) => Object.keys(cells).every((column) => given.has(column)))) return path
  }
  const columns = [...new Set([...lines.values()].flatMap((cells) => Object.keys(cells)))].sort()
  const rows = [...lines]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([server, cells]) => [server, ...columns.map((column) => ownValue(cells, column) ?? '')])
  await replaceText(
    path,
    [['server_id', ...columns], ...rows].map((cells) => `${cells.map((cell) => quoteCsv(escapeFormula(cell))).join(',')}\n`).join(''),
  )
  return path
}
