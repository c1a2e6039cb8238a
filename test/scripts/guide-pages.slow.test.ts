// The pages "From X to Headroom": five lines each, and every command of theirs for which a file is at hand does what it says.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { headroom } from '../fixtures/run-headroom.ts'

const project = resolve(import.meta.dirname, '..', '..')
const guide = join(project, 'docs', 'guide')
/** Small files in the shapes that the tools write. */
const shapes = resolve(project, '..', 'shared', 'data', 'shapes')
const areShapesAvailable = existsSync(shapes)

const pages = readdirSync(guide)
  .filter((name) => name.startsWith('from-'))
  .map((name) => ({ name, text: readFileSync(join(guide, name), 'utf8') }))

/** The commands in a page, by their arguments. */
const commandsIn = (text: string): string[][] =>
  [...text.matchAll(/`headroom (analyze [^`]+)`/g)].map(([, command = '']) => command.split(' '))

const isDataFile = (argument: string): boolean => /\.(parquet|csv|jsonl|out)$/.test(argument)

const commands = pages.flatMap(({ name, text }) => commandsIn(text).map((args) => ({ name, args, command: args.join(' ') })))
const runnable = commands.filter(({ args }) => args.filter(isDataFile).every((file) => existsSync(join(shapes, file))))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-guide-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('a page per tool', () => {
  test('stands in the list of the user guide', () => {
    const list = readFileSync(join(project, 'docs', 'user-guide.md'), 'utf8')
    expect(pages.length).toBeGreaterThan(10)
    expect(pages.map(({ name }) => name).filter((name) => !list.includes(`(guide/${name})`))).toEqual([])
  })

  test.each(pages)('$name has a title, five lines and a command', ({ text }) => {
    const [title, ...lines] = text.split('\n').filter((line) => line !== '')
    expect(title).toMatch(/^# From .+ to Headroom$/)
    expect(lines.map((line) => line.slice(0, 3))).toEqual(['1. ', '2. ', '3. ', '4. ', '5. '])
    expect(commandsIn(text).length).toBeGreaterThan(0)
  })
})

describe.skipIf(!areShapesAvailable)(
  `commands of the pages${areShapesAvailable ? '' : ' (skipped: the folder ../shared/data is missing)'}`,
  () => {
    test('are there for most tools', () => {
      expect(new Set(runnable.map(({ name }) => name)).size).toBeGreaterThanOrEqual(8)
    })

    test.each(runnable)('headroom $command', async ({ args }) => {
      const out = join(folder, `run-${runnable.findIndex((entry) => entry.args === args)}`)
      const inputs = args.map((argument) => (isDataFile(argument) ? join(shapes, argument) : argument === 'run' ? out : argument))
      const { code, stdout, stderr } = await headroom(inputs, { cwd: folder })
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toContain(`Run folder: ${out}`)
    })
  },
)
