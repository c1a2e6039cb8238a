// headroom query: one SELECT over a run's tables, printed as a table, CSV or JSON.
import { spawn } from 'node:child_process'
import { byteOrderMark, csvLine } from '../../src-shared/artefacts/cell-text.ts'
import { parseMemorySize } from '../../src-shared/config/memory-size.ts'
import { isNumericType } from '../../src-shared/ipc/user-sql.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { runUserSql, streamUserSql, type UserSqlHeader, type UserSqlOptions } from '../queries/user-sql/run-user-sql.ts'
import { withChangeWarnings } from './changed-runs.ts'
import { residentBytes } from './resident-memory.ts'
import { createTextOutput, indentedJson, jsonText, print, runCancellable, say, tableText } from './terminal.ts'

/** Rows of a table in the terminal; --csv and --json print all rows. */
const maxTableRows = 1000
const maxTableBytes = 64e6

interface QueryOptions {
  readonly json?: boolean
  readonly csv?: boolean
  readonly bom?: boolean
  readonly memoryLimit: string
}

export const runQuery = async (run: string, sql: string, options: QueryOptions): Promise<void> => {
  if (options.bom === true && options.csv !== true) throw new HeadroomError('usage', '--bom applies to --csv only.')
  const { json, csv, bom, memoryLimit } = options
  if (process.env[queryProcess] === undefined) return runCancellable((signal) => runInQueryProcess(memoryLimit, signal))
  endWithParent()
  await runCancellable((signal) =>
    withChangeWarnings([run], () => {
      const limits = { signal, memoryLimit }
      if (json === true) return printJson(run, sql, limits)
      return csv === true ? printCsv(run, sql, bom === true, limits) : printTable(run, sql, limits)
    }),
  )
}

/** Set in the process that runs the query. */
const queryProcess = 'HEADROOM_QUERY_PROCESS'
const interruptGraceMs = 2000
const memoryCheckMs = 100
/** DuckDB's own limit leaves out what single functions take. */
const residentShare = 1.5

/** A query whose parent was killed has nobody left who watches its memory. */
const endWithParent = (): void => {
  const end = (): void => void process.kill(process.pid, 'SIGKILL')
  process.once('disconnect', end)
  if (process.channel !== undefined && !process.connected) end()
  process.channel?.unref()
}

/** DuckDB hears an interrupt between steps only: a query inside one long function is ended together with its process. */
const runInQueryProcess = async (memoryLimit: string, signal: AbortSignal): Promise<void> => {
  const [program, ...args] = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const child = spawn(program, args, {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [queryProcess]: '1' },
    windowsHide: true,
  })
  let timer: NodeJS.Timeout | undefined
  signal.addEventListener('abort', () => {
    child.kill('SIGINT')
    timer = setTimeout(() => child.kill('SIGKILL'), interruptGraceMs)
  })
  const maxBytes = parseMemorySize(memoryLimit) * residentShare
  let isTooLarge = false
  const checkMemory = async (): Promise<void> => {
    if ((await residentBytes(child.pid ?? 0)) <= maxBytes) return
    isTooLarge = true
    child.kill('SIGKILL')
  }
  const memoryTimer = setInterval(() => void checkMemory(), memoryCheckMs)
  const exitCode = await new Promise<number | null>((resolve, reject) => void child.once('error', reject).once('close', resolve))
  clearTimeout(timer)
  clearInterval(memoryTimer)
  if (exitCode !== null) {
    process.exitCode = exitCode
    return
  }
  if (signal.aborted && !isTooLarge) throw new HeadroomError('cancelled', 'Cancelled.')
  throw new HeadroomError(
    'query-failed',
    isTooLarge
      ? `The query was stopped: it took more than ${residentShare} times its memory limit of ${memoryLimit}.`
      : 'The query process ended: it needed more memory than this machine has.',
    { next: 'Select less data, or allow more with --memory-limit.' },
  )
}

type QueryLimits = Pick<UserSqlOptions, 'signal' | 'memoryLimit'>

const printTable = async (run: string, sql: string, limits: QueryLimits): Promise<void> => {
  const { columns, rows, hasMore } = await runUserSql(run, sql, { ...limits, maxRows: maxTableRows, maxBytes: maxTableBytes })
  const texts = rows.map((row) =>
    row.map((value) => (value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value))),
  )
  print(tableText(columns, texts))
  if (hasMore) say(`Only the first ${maxTableRows.toLocaleString('en-US')} rows are shown; use --csv or --json for all.`)
}

/** One row at a time, whatever their number. */
const printCsv = async (run: string, sql: string, hasByteOrderMark: boolean, limits: QueryLimits): Promise<void> => {
  const output = createTextOutput()
  let isNumber: readonly boolean[] = []
  const onHeader = ({ columns, types }: UserSqlHeader): void => {
    isNumber = types.map(isNumericType)
    void output.write(`${hasByteOrderMark ? byteOrderMark : ''}${csvLine(columns)}\n`)
  }
  await streamUserSql(run, sql, limits, (row) => output.write(`${csvLine(row, isNumber)}\n`), onHeader)
  await output.end()
}

/** The document that `jsonText` gives, row by row. */
const printJson = async (run: string, sql: string, limits: QueryLimits): Promise<void> => {
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
    limits,
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
