// headroom query: one SELECT over a run's tables, printed as a table, CSV or JSON.
import { spawn } from 'node:child_process'
import { byteOrderMark, csvLine } from '../../src-shared/artefacts/cell-text.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { runUserSql, streamUserSql, type UserSqlHeader } from '../queries/user-sql/run-user-sql.ts'
import { createTextOutput, indentedJson, jsonText, print, runCancellable, say, tableText } from './terminal.ts'

/** Rows of a table in the terminal; --csv and --json print all rows. */
const maxTableRows = 1000

interface QueryOptions {
  readonly json?: boolean
  readonly csv?: boolean
  readonly bom?: boolean
}

export const runQuery = async (run: string, sql: string, options: QueryOptions): Promise<void> => {
  if (options.bom === true && options.csv !== true) throw new HeadroomError('usage', '--bom applies to --csv only.')
  if (process.env[queryProcess] === undefined) return runCancellable(runInQueryProcess)
  const { json, csv, bom } = options
  if (json === true) await runCancellable((signal) => printJson(run, sql, signal))
  else if (csv === true) await runCancellable((signal) => printCsv(run, sql, bom === true, signal))
  else await runCancellable((signal) => printTable(run, sql, signal))
}

/** Set in the process that runs the query. */
const queryProcess = 'HEADROOM_QUERY_PROCESS'
const interruptGraceMs = 2000

/** DuckDB hears an interrupt between steps only: a query inside one long function is ended together with its process. */
const runInQueryProcess = async (signal: AbortSignal): Promise<void> => {
  const [program, ...args] = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, [queryProcess]: '1' }, windowsHide: true })
  let timer: NodeJS.Timeout | undefined
  signal.addEventListener('abort', () => {
    child.kill('SIGINT')
    timer = setTimeout(() => child.kill('SIGKILL'), interruptGraceMs)
  })
  const exitCode = await new Promise<number | null>((resolve, reject) => void child.once('error', reject).once('close', resolve))
  clearTimeout(timer)
  if (exitCode !== null) {
    process.exitCode = exitCode
    return
  }
  throw signal.aborted
    ? new HeadroomError('cancelled', 'Cancelled.')
    : new HeadroomError('query-failed', 'The query process ended: it needed more memory than this machine has.', {
        next: 'Select less data.',
      })
}

const printTable = async (run: string, sql: string, signal: AbortSignal): Promise<void> => {
  const { columns, rows, hasMore } = await runUserSql(run, sql, { signal, maxRows: maxTableRows })
  const texts = rows.map((row) =>
    row.map((value) => (value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value))),
  )
  print(tableText(columns, texts))
  if (hasMore) say(`Only the first ${maxTableRows.toLocaleString('en-US')} rows are shown; use --csv or --json for all.`)
}

/** One row at a time, whatever their number. */
const printCsv = async (run: string, sql: string, hasByteOrderMark: boolean, signal: AbortSignal): Promise<void> => {
  const output = createTextOutput()
  const onHeader = ({ columns }: UserSqlHeader): void => void output.write(`${hasByteOrderMark ? byteOrderMark : ''}${csvLine(columns)}\n`)
  await streamUserSql(run, sql, { signal }, (row) => output.write(`${csvLine(row)}\n`), onHeader)
  await output.end()
}

/** The document that `jsonText` gives, row by row. */
const printJson = async (run: string, sql: string, signal: AbortSignal): Promise<void> => {
  const output = createTextOutput()
  let columns: readonly string[] = []
  let tail = ''
  let count = 0
  const onHeader = (header: UserSqlHeader): void => {
    columns = header.columns
    const [head, end] = jsonText({ columns, rows: [] }, 2).split(emptyRows)
    tail = end ?? ''
    void output.write(`${head}${rowsStart}`)
  }
  await streamUserSql(
    run,
    sql,
    { signal },
    (row) => {
      const text = indentedJson(Object.fromEntries(columns.map((name, index) => [name, row[index]])))
      return output.write(`${count++ === 0 ? '' : ','}\n    ${text.replaceAll('\n', '\n    ')}`)
    },
    onHeader,
  )
  void output.write(`${count === 0 ? '' : '\n  '}]${tail}\n`)
  await output.end()
}

const rowsStart = '"rows": ['
const emptyRows = `${rowsStart}]`
