// Writes the server list to a file: CSV, Parquet and JSON by DuckDB itself, XLSX by a library; whole or not at all.
import { z } from 'zod'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { ExportRowsCall } from '../../src-shared/ipc/export-rows.ts'
import { cellSchema } from '../../src-shared/ipc/fleet-view.ts'
import { serverColumns } from '../../src-shared/artefacts/server-columns.ts'
import { identifier, literal } from '../database/database.ts'
import { requireMetricUnit, type OpenRun } from '../queries/run/open-run.ts'
import { cellExpression, orderExpression, serversCondition } from '../queries/servers/servers-query.ts'
import { replaceFile } from '../run-folder/replace-file.ts'
import { byteOrderMark, csvCellTextSql } from '../../src-shared/artefacts/cell-text.ts'
import { assertSheetSizes, writeSheets } from './write-sheets.ts'

const textKinds = new Set(['text', 'risk'])

const csvExpression = (name: string, zone: OpenRun['zone']): string => {
  const kind = serverColumns.find((column) => column.name === name)?.kind ?? 'text'
  const cell = cellExpression(name, zone)
  return textKinds.has(kind) ? csvCellTextSql(`CAST(${cell} AS VARCHAR)`) : cell
}

export const exportRows = async (run: OpenRun, call: ExportRowsCall): Promise<{ path: string; rows: number }> => {
  requireMetricUnit(run, call.metric)
  const { where, parameters } = serversCondition(call, run.zone)
  const from = `FROM server_risk WHERE metric = $1 AND (${where})`
  const { rows } = await run.database.row(`SELECT CAST(count(*) AS INTEGER) AS rows ${from}`, z.object({ rows: z.int() }), parameters)
  if (call.format === 'xlsx') assertSheetSizes([{ rows, columns: call.columns.length }])
  const expression = call.format === 'csv' ? csvExpression : call.format === 'parquet' ? identifier : cellExpression
  const start = call.format === 'csv' && call.hasByteOrderMark ? byteOrderMark : ''
  const select = `SELECT ${call.columns.map((name, index) => `${expression(name, run.zone)} AS ${identifier(index === 0 ? start + name : name)}`).join(', ')}
    FROM (SELECT * ${from} ORDER BY ${orderExpression(call.sort)})`
  const write = async (stagingPath: string): Promise<void> => {
    if (call.format === 'xlsx') {
      const found = await run.database.rows(select, z.record(z.string(), cellSchema), parameters)
      await writeSheets(stagingPath, [
        { name: 'Servers', columns: call.columns, rows: found.map((row) => call.columns.map((name) => row[name])) },
      ])
    } else {
      const options = { csv: "FORMAT csv, HEADER, NULL ''", parquet: 'FORMAT parquet', json: 'FORMAT json, ARRAY true' }[call.format]
      await run.database.run(`COPY (${select}) TO ${literal(stagingPath)} (${options})`, parameters)
    }
  }
  try {
    await replaceFile(call.path, write)
  } catch (cause) {
    if (cause instanceof HeadroomError && cause.code !== 'query-failed') throw cause
    throw new HeadroomError('file-not-written', `${call.path} cannot be written.`, { cause })
  }
  return { path: call.path, rows }
}
