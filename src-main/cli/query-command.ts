// headroom query: one SELECT over a run's tables, printed as a table, CSV or JSON.
import { byteOrderMark, csvLine } from '../../src-shared/artefacts/cell-text.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { runUserSql } from '../queries/user-sql/run-user-sql.ts'
import { runCancellable, jsonText, print, say, tableText } from './terminal.ts'

/** Rows of a table in the terminal; --csv and --json print all rows. */
const maxTableRows = 1000

interface QueryOptions {
  readonly json?: boolean
  readonly csv?: boolean
  readonly bom?: boolean
}

export const runQuery = async (run: string, sql: string, options: QueryOptions): Promise<void> => {
  if (options.bom === true && options.csv !== true) throw new HeadroomError('usage', '--bom applies to --csv only.')
  const printsAllRows = options.json === true || options.csv === true
  const {
    columns,
    rows,
    hasMore: more,
  } = await runCancellable((signal) => runUserSql(run, sql, { signal, maxRows: printsAllRows ? undefined : maxTableRows }))
  if (options.json === true) {
    print(jsonText({ columns, rows: rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]]))) }, 2))
    return
  }
  if (options.csv === true) {
    print(`${options.bom === true ? byteOrderMark : ''}${csvLine(columns)}`)
    for (const row of rows) print(csvLine(row))
    return
  }
  const texts = rows.map((row) =>
    row.map((value) => (value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value))),
  )
  print(tableText(columns, texts))
  if (more) say(`Only the first ${maxTableRows.toLocaleString('en-US')} rows are shown; use --csv or --json for all.`)
}
