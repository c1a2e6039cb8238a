// The log and the report help to find a fault, without the user's data, accounts, secrets or paths.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DiagnosticLog } from '../../../src-main/shell/diagnostics/diagnostic-log.ts'
import { formatProblemReport } from '../../../src-main/shell/diagnostics/problem-report.ts'
import { redact } from '../../../src-main/shell/diagnostics/redact.ts'
import { defaultSettings } from '../../../src-shared/config/settings.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-log-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('a line loses', () => {
  test.each([
    ['key ids', 'no key AKIAIOSFODNN7EXAMPLE here', 'no key [key id] here'],
    ['secret keys', 'with wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY it', 'with [removed] it'],
    ['named secrets', 'aws_secret_access_key = abc123, next', 'aws_secret_access_key = abc123, next'.replace('abc123', '[removed]')],
    ['tokens', 'got eyJhbGciOi.eyJzdWIi.c2ln back', 'got [token] back'],
    ['accounts', 'account 123456789012.', 'account [account].'],
    ['roles', 'role arn:aws:iam::123456789012:role/Planner is', 'role [arn] is'],
    ['buckets', 'below s3://capacity-data/forecasts/ nothing', 'below [bucket] nothing'],
    ['addresses', 'from https://bank.example/x?X-Amz-Signature=1 on', 'from [address] on'],
    ['people', 'for jane.doe@bank.example now', 'for [mail] now'],
    ['machines', 'at 10.1.2.3 down', 'at [ip] down'],
    ['paths', 'ENOENT: open /data/bank/fleet.parquet', 'ENOENT: open [path]'],
    ['paths of Windows', 'open C:\\Users\\jane\\fleet.parquet', 'open [path]'],
    ['paths in quotation marks', "ENOENT: open '/data/our bank/secret fleet.parquet'", 'ENOENT: open [path]'],
    ['shares', 'open \\\\server\\share\\fleet.parquet', 'open [path]'],
    ['the home', 'in /home/jdoe1 by jdoe1', 'in [path] by [user]'],
  ])('%s', (_, text, clean) => expect(redact(text, '/home/jdoe1')).toBe(clean))

  test('but keeps traces through the app', () => {
    expect(redact('at f (/opt/Headroom/resources/app.asar/out/main/index.cjs:10:3)', '/home/jdoe1')).toBe('at f (app/main/index.cjs:10:3)')
  })
})

test('input errors are logged by code alone, app errors with their message', () => {
  const log = new DiagnosticLog(folder)
  log.writeFailure('run.open', { code: 'input-duplicate-rows', message: 'fleet.parquet has srv-17 twice.', next: 'x', sql: 'SELECT srv' })
  log.writeFailure('run.open', { code: 'internal', message: 'x is undefined' })
  const lines = log
    .read()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object)
  expect(lines).toEqual([
    { at: expect.any(String), what: 'failed', where: 'run.open', code: 'input-duplicate-rows' },
    { at: expect.any(String), what: 'failed', where: 'run.open', code: 'internal', message: 'x is undefined' },
  ])
})

test('the log stays small and keeps the latest entries', async () => {
  const log = new DiagnosticLog(folder)
  for (let line = 0; line < 3000; line++) log.write('line', { line, filler: 'some words '.repeat(150) })
  const names = (await readdir(folder)).sort()
  expect(names).toEqual(['headroom.1.log', 'headroom.2.log', 'headroom.3.log', 'headroom.log'])
  for (const name of names) expect((await stat(join(folder, name))).size).toBeLessThan(505_000)
  const storedLines = [...log.read().matchAll(/"line":(\d+)/g)].map(([, line]) => Number(line))
  expect(storedLines.at(-1)).toBe(2999)
  expect(storedLines).toEqual(Array.from({ length: storedLines.length }, (_, index) => 3000 - storedLines.length + index))
})

test('a log that cannot be written stops no work', () => {
  const log = new DiagnosticLog('/dev/null/nowhere')
  log.write('start')
  expect(log.read()).toBe('')
})

test('the report states its contents, and omits analysis settings and queries', () => {
  const settings = { ...defaultSettings, analysis: { target_metric: 'secret_metric' }, queryHistory: ['SELECT secret'] }
  const report = formatProblemReport({ version: '1.2.3', isPackaged: true, settings, crashFolder: folder, log: '{"what":"start"}\n' })
  expect(report).toContain('This is everything that the report holds.')
  expect(report).toMatch(/== The app\nHeadroom 1\.2\.3\n/)
  expect(report).toContain('== Crash dumps kept on this machine\nnone\n')
  expect(report).toContain('{"what":"start"}')
  expect(report).not.toMatch(/secret/)
})
