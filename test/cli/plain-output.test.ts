// Output of the command line and of the test scripts outside a terminal: no colours and no control codes.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { modulesFolder } from '../../scripts/setup/project-folders.mjs'
import { capture, outputEnvironment } from '../../scripts/setup/run-command.mjs'
import { headroom, headroomDone } from '../fixtures/run-headroom.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-plain-'))
  await headroomDone(['sample', '--end', '2026-11-22', '--servers', '4', '--out', 'fleet.parquet', '--quiet'], { cwd: folder })
})
afterAll(async () => rm(folder, { recursive: true }))

const expectPlain = (text: string): void => expect(stripVTControlCharacters(text)).toBe(text)

/** A continuous integration server, where many programs colour their output. */
const ci = { CI: 'true', FORCE_COLOR: '1', TERM: 'xterm-256color' }

describe('headroom outside a terminal', () => {
  test.each([
    ['an analysis', ['analyze', 'fleet.parquet', '--out', 'run'], 0],
    ['an analysis as JSON', ['analyze', 'fleet.parquet', '--out', 'run-json', '--json'], 0],
    ['the help', ['--help'], 0],
    ['the help of a command', ['analyze', '--help'], 0],
    ['an unknown option', ['analyze', 'fleet.parquet', '--out', 'x', '--colour'], 2],
    ['an unknown command', ['analize'], 2],
    ['a missing file', ['analyze', 'nowhere.parquet', '--out', 'x'], 3],
    ['a missing bucket', ['cloud', 'preflight', 'fleet.parquet'], 2],
  ])('prints %s without control codes', async (_, args, expectedCode) => {
    const { code, stdout, stderr } = await headroom(args, { cwd: folder, env: ci })
    expect(code).toBe(expectedCode)
    expect(`${stdout}${stderr}`).toMatch(/\w/)
    expectPlain(stdout)
    expectPlain(stderr)
  })
})

describe('the test scripts outside a terminal', () => {
  test('switch off colours, whatever the environment asks for', () => {
    expect(outputEnvironment({ ...ci, PATH: '/bin' }, false)).toEqual({
      CI: 'true',
      TERM: 'xterm-256color',
      PATH: '/bin',
      NO_COLOR: '1',
    })
  })

  test('leave the environment of a terminal unchanged', () => {
    expect(outputEnvironment({ FORCE_COLOR: '1' }, true)).toEqual({ FORCE_COLOR: '1' })
  })

  test('print the differences of a failed test without control codes', async () => {
    await writeFile(join(folder, 'sum.test.mjs'), "test('a sum', () => expect({ sum: 3 }).toEqual({ sum: 4 }))\n")
    const args = [join(modulesFolder, 'vitest', 'vitest.mjs'), 'run', '--root', folder, '--globals']
    const { code, output } = await capture(process.execPath, args, {
      cwd: folder,
      env: outputEnvironment({ ...process.env, ...ci }, false),
    })
    expect(code).toBe(1)
    expect(output).toContain('- Expected')
    expectPlain(output)
  })
})
