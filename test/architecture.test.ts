// What the built processes may hold, and how source files begin and end. Imports between folders are oxlint's business.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const project = join(import.meta.dirname, '..')
const built = join(project, 'out', 'main')

/** Code of an entry and of every chunk it reaches. */
const reachableCode = (entry: string): string => {
  const seen = new Map<string, string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    const code = readFileSync(join(built, file), 'utf8')
    seen.set(file, code)
    for (const [, name] of code.matchAll(/require\("\.\/(?:chunks\/)?([\w.-]+\.cjs)"\)/g)) {
      visit(readdirSync(join(built, 'chunks')).includes(name!) ? join('chunks', name!) : name!)
    }
  }
  visit(entry)
  return [...seen.values()].join('\n')
}

const sources = ['src-shared', 'src-main', 'src-renderer'].flatMap((side) =>
  readdirSync(join(project, side), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))
    .map((file) => join(side, file)),
)

describe('the built processes', () => {
  test.each(['cli.cjs', 'engine-host.cjs'])('%s reaches neither Electron nor the AWS SDK', (entry) => {
    const code = reachableCode(entry)
    expect(code).toContain('@duckdb/node-api')
    expect(code).not.toMatch(/require\("electron"\)|@aws-sdk\//)
  })
  test('the main process of the window holds no DuckDB', () => {
    const code = reachableCode('index.cjs')
    expect(code).toContain('require("electron")')
    expect(code).not.toContain('@duckdb/node-api')
  })
})

describe('source files', () => {
  test('there are some', () => expect(sources.length).toBeGreaterThan(100))
  test.each(sources)('%s begins with a sentence and stays below 300 lines', (file) => {
    const lines = readFileSync(join(project, file), 'utf8').split('\n')
    expect(lines[0]).toMatch(/^\/\/ \S/)
    expect(lines.length).toBeLessThanOrEqual(301)
  })
})
