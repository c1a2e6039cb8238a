// Closed pipes, full outputs, signals and limits of the system: the work stops, nothing is left, one sentence, and an exit code that is not 0.
import { execFileSync, spawn } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { headroom, startHeadroom } from '../fixtures/run-headroom.ts'
import { makeSampleFleet, makeSampleRun, type SampleRun } from '../fixtures/sample-run.ts'

const cli = resolve(import.meta.dirname, '..', '..', 'out', 'main', 'cli.cjs')
let sample: SampleRun
/** Two servers: how many files an analysis opens does not depend on their number. */
let few: SampleRun
let folder: string
let present: string[]
beforeAll(async () => {
  sample = await makeSampleRun(60)
  few = await makeSampleFleet(2)
  folder = join(sample.run, '..')
  present = (await readdir(folder)).sort()
})
afterAll(async () => {
  await sample.remove()
  await few.remove()
})

/** `headroom` in a script stands for the command line; the exit code is that of the first command of a pipe. */
const shell = (script: string): Promise<{ code: number | null; stderr: string }> => {
  const text = `headroom() { '${process.execPath}' '${cli}' "$@"; }; ${script}`
  const child = spawn('bash', ['-c', text], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  return new Promise((finish) => {
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (piece: string) => (stderr += piece))
    child.on('close', (code) => finish({ code, stderr }))
  })
}
const names = async (): Promise<string[]> => (await readdir(folder)).sort()

describe.skipIf(process.platform !== 'linux')('stops', () => {
  test('where the reader of its events goes away', async () => {
    const { code, stderr } = await shell(`headroom analyze '${sample.forecasts}' --out piped --json | head -n 1; exit "\${PIPESTATUS[0]}"`)
    expect([code, stderr]).toEqual([1, 'Stopped: the output was closed before its end.\n'])
    expect(await names()).toEqual(present)
  })

  test.each([
    ['analyze', `analyze forecasts --out full --json`],
    ['query', `query run 'SELECT * FROM server_risk' --csv`],
    ['verify', 'verify run'],
  ])('%s where its output is full', async (_, command) => {
    const args = command.replace('forecasts', `'${sample.forecasts}'`).replace(' run', ` '${sample.run}'`)
    const { code, stderr } = await shell(`headroom ${args} > /dev/full`)
    expect([code, stderr]).toEqual([1, 'Error: The output cannot be written. The disk is full.\n'])
    expect(await names()).toEqual(present)
  })

  const analyseWithin = (limit: string, forecasts = sample.forecasts) =>
    shell(`${limit}; headroom analyze '${forecasts}' --out limited --quiet`)

  test('at the limit of open files', async () => {
    // How many files an analysis opens at once depends on the machine.
    let limit = 30
    let result = await analyseWithin(`ulimit -n ${limit}`, few.forecasts)
    while (result.code === 0 && limit > 14) {
      await rm(join(folder, 'limited'), { recursive: true })
      limit -= 2
      result = await analyseWithin(`ulimit -n ${limit}`, few.forecasts)
    }
    const { code, stderr } = result
    const sentence = /^Error: (This process may not open more files|The system reports: too many open files)/
    expect([code, stderr.trimEnd().split('\n').length, stderr]).toEqual([1, 2, expect.stringMatching(sentence)])
    expect(await names()).toEqual(present)
  })

  test('at the limit of the size of a file', async () => {
    const { code, stderr } = await analyseWithin('ulimit -f 100')
    const sentence = /^Error: (A file would become larger|The system reports: file too large)/
    expect([code, stderr.trimEnd().split('\n').length, stderr]).toEqual([1, 2, expect.stringMatching(sentence)])
    expect(await names()).toEqual(present)
  })

  test.each(['SIGHUP', 'SIGQUIT', 'SIGTERM', 'SIGINT'] as const)('on %s', async (signal) => {
    const running = startHeadroom(['analyze', sample.forecasts, '--out', join(folder, signal), '--quiet'])
    while (!(await names()).includes(`${signal}.partial`)) await new Promise((next) => setTimeout(next, 5))
    running.process.kill(signal)
    expect(await running.result).toEqual({ code: 130, stdout: '', stderr: 'Cancelled. No files remain.\n' })
    expect(await names()).toEqual(present)
  })

  test('an export on SIGTERM, without its unfinished file', async () => {
    const running = startHeadroom(['export', sample.run, '--format', 'pdf', '--out', join(folder, 'report.pdf')])
    while (!(await names()).some((name) => name.startsWith('.report.pdf')) && running.process.exitCode === null) {
      await new Promise((next) => setImmediate(next))
    }
    running.process.kill('SIGTERM')
    const { code } = await running.result
    const left = (await names()).filter((name) => !present.includes(name))
    // A signal after the last byte finds the whole report in place.
    const ends = await Promise.all(left.map(async (name) => [name, (await readFile(join(folder, name), 'latin1')).trimEnd().slice(-5)]))
    expect([0, 130]).toContain(code)
    expect(ends).toEqual(code === 0 || left.length > 0 ? [['report.pdf', '%%EOF']] : [])
    await rm(join(folder, 'report.pdf'), { force: true })
  })

  test.each(['analyze', 'plan'])('%s at a folder that cannot hold one', async (command) => {
    const { code, stderr } = await headroom([command, sample.forecasts, '--out', '/proc/x/y'])
    expect([code, stderr]).toEqual([2, 'Error: The output folder /proc/x/y cannot be made.\nChoose a folder that you may write to.\n'])
  })

  test.each([
    ['sample', '--servers', '2', '--quiet'],
    ['forecast', 'MEASUREMENTS', '--quiet'],
  ])('%s into a folder that cannot be written', async (...args) => {
    const measurements = join(folder, 'measurements.csv')
    await writeFile(measurements, 'server_id,timestamp,actual\na,2026-01-01,1\na,2026-01-02,2\n')
    const command = args.map((arg) => (arg === 'MEASUREMENTS' ? measurements : arg))
    const { code, stderr } = await headroom([...command, '--out', '/proc/1/x.parquet'])
    await rm(measurements)
    expect([code, stderr]).toEqual([2, 'Error: The folder /proc/1 cannot be written to.\nChoose a folder that you may write to.\n'])
  })
})

describe.skipIf(process.platform === 'win32')('pipes and devices', () => {
  test.each([runFiles.manifest, runFiles.serverRisk, runFiles.flaggedForecasts, runFiles.summary, runFiles.recommendations])(
    'as %s of a run are not waited for',
    async (name) => {
      const run = join(folder, 'pipe-run')
      await cp(sample.run, run, { recursive: true })
      await rm(join(run, name))
      execFileSync('mkfifo', [join(run, name)])
      const { code, stderr } = await headroom(['query', run, 'SELECT 1'])
      expect([code, stderr]).toEqual([
        1,
        `Error: ${join(run, name)} is not a regular file.\nReplace the pipe, device or folder by the file.\n`,
      ])
      expect((await headroom(['verify', run])).code).toBe(1)
      await rm(run, { recursive: true })
    },
  )

  test.each(['--servers', '--events'])('as the table of %s are refused', async (option) => {
    await mkdir(join(folder, 'pipes'))
    execFileSync('mkfifo', [join(folder, 'pipes', 'table.csv')])
    const { code, stderr } = await headroom([
      'analyze',
      sample.forecasts,
      option,
      join(folder, 'pipes', 'table.csv'),
      '--out',
      join(folder, 'no-run'),
    ])
    expect([code, stderr.split('\n')[0]]).toEqual([3, expect.stringMatching(/ is not a regular file\.$/)])
    await rm(join(folder, 'pipes'), { recursive: true })
  })
})
