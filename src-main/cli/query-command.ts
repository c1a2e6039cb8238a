// headroom query: one SELECT over a run's tables, printed as a table, CSV or JSON.
import { csvField } from '../../src-shared/artefacts/cell-text.ts'
import { runUserSql } from '../queries/user-sql/run-user-sql.ts'
import { runCancellable, jsonText, print, say, tableText } from './terminal.ts'

/** Rows of a table in the terminal; --csv and --json print all rows. */
const maxTableRows = 1000

export const runQuery = async (run: string, sql: string, options: { readonly json?: boolean; readonly csv?: boolean }): Promise<void> => {
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
  const texts = rows.map((row) =>
    row.map((value) => (value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value))),
  )
  if (options.csv === true) {
    for (const row of [columns, ...texts]) print(row.map(csvField).join(','))
    return
  }
  print(tableText(columns, texts))
  if (more) say(`Only the first ${maxTableRows.toLocaleString('en-US')} rows are shown; use --csv or --json for all.`)
}
