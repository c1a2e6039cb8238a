// Queries made to hurt: millions of rows, values of a gigabyte, functions that hear no interrupt.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { handleRequest } from '../../src-main/ipc/serve-requests.ts'
import { queryHandlers } from '../../src-main/query-host/query-handlers.ts'
import { peakBytesOf } from '../fixtures/engine-child.ts'
import { startHeadroom } from '../fixtures/run-headroom.ts'
import { makeSampleRun, type SampleRun } from '../fixtures/sample-run.ts'
import { rounds, tally } from '../fixtures/torture.ts'

const cli = resolve(import.meta.dirname, '..', '..', 'out', 'main', 'cli.cjs')
let sample: SampleRun
beforeAll(async () => {
  sample = await makeSampleRun(6)
})
afterAll(() => sample.remove())

/** The command line runs a query in a process of its own. */
const childrenOf = (pid: number | undefined): number[] =>
  readFileSync(`/proc/${pid ?? 0}/task/${pid ?? 0}/children`, 'utf8')
    .split(' ')
    .filter((text) => text !== '')
    .map(Number)

/** Lines and bytes of what a query prints, and the highest memory of its process. */
const measure = async (sql: string, format: string): Promise<{ lines: number; start: string; code: number | null; peakBytes: number }> => {
  const child = spawn(process.execPath, [cli, 'query', sample.run, sql, format], { stdio: ['ignore', 'pipe', 'inherit'] })
  let [lines, start, peakBytes] = [0, '', 0]
  child.stdout.on('data', (piece: Buffer) => {
    if (start.length < 100) start += piece.toString('utf8', 0, 100)
    for (const byte of piece) if (byte === 10) lines += 1
    peakBytes = Math.max(peakBytes, ...childrenOf(child.pid).map(peakBytesOf))
  })
  const code = await new Promise<number | null>((finish) => void child.once('close', finish))
  return { lines, start, code, peakBytes }
}

test.skipIf(process.platform !== 'linux').each(['--csv', '--json'])(
  'millions of rows are printed with %s within 500 MB',
  { timeout: 1_200_000 },
  async (format) => {
    const rows = rounds(300_000, 24_600_000)
    const sql = `SELECT 'srv-' || range AS server, 1.5 * range AS load FROM range(${rows})`
    const { lines, start, code, peakBytes } = await measure(sql, format)
    expect({ lines, code }).toEqual({ lines: format === '--csv' ? rows + 1 : rows * 4 + 9, code: 0 })
    expect(start).toMatch(
      format === '--csv' ? /^server,load\nsrv-0,0\n/ : /^\{\n {2}"columns": \[\n {4}"server",\n {4}"load"\n {2}\],\n {2}"rows": \[\n/,
    )
    expect(peakBytes).toBeLessThan(500e6)
    tally('rows of a query printed within 500 MB', rows)
  },
)

test.each([
  ['many rows of long text', `SELECT repeat('x', 100000) AS a FROM range(20000)`],
  ['nested values', `SELECT list_resize([1], 20000, 1) AS a FROM range(2000)`],
])('an answer with %s is refused at 64 MB', async (_, sql) => {
  const response = await handleRequest(queryHandlers, 'query.run', { folder: sample.run, sql })
  expect(response).toMatchObject({ ok: false, error: { code: 'query-failed', message: 'The result is larger than 64 MB.' } })
})

// DuckDB's own limit leaves out what its functions take.
test.skipIf(process.platform === 'win32')('a query that takes more memory than half as much again as its limit is stopped', async () => {
  const running = startHeadroom(['query', sample.run, `SELECT length(repeat('x', 900000000))`, '--csv', '--memory-limit', '128MB'])
  const { code, stdout, stderr } = await running.result
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toBe(
    'Error: The query was stopped: it took more than 1.5 times its memory limit of 128MB.\nSelect less data, or allow more with --memory-limit.\n',
  )
})

test.skipIf(process.platform === 'win32')('a query inside one long function ends on Ctrl-C', async () => {
  const running = startHeadroom([
    'query',
    sample.run,
    `SELECT levenshtein(repeat('a', 90000), repeat('b', 90000 + CAST(range AS INTEGER))) FROM range(2)`,
  ])
  await pause(3000)
  const startedAt = performance.now()
  running.process.kill('SIGINT')
  const { code, stdout } = await running.result
  expect([code, stdout]).toEqual([130, ''])
  expect(performance.now() - startedAt).toBeLessThan(10_000)
})

test.skipIf(process.platform !== 'linux')('a query ends with its command, also where that is killed', async () => {
  const running = startHeadroom(['query', sample.run, 'SELECT count(*) FROM range(100000000000)'])
  let children: number[] = []
  while (children.length === 0) {
    await pause(20)
    children = childrenOf(running.process.pid)
  }
  // The query's process listens as soon as it has loaded the command.
  await pause(1500)
  running.process.kill('SIGKILL')
  await running.result
  const isRunning = (pid: number): boolean =>
    existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  await vi.waitFor(() => expect(children.filter(isRunning)).toEqual([]), 10_000)
})
