// What the built processes may hold, and how source files begin and end. Imports between folders are oxlint's business.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const project = join(import.meta.dirname, '..')
const built = join(project, 'out', 'main')

/** Code of an entry and of every chunk it reaches, but for chunks that are `left`. */
const reachableCode = (entry: string, left: readonly string[] = []): string => {
  const seen = new Map<string, string>()
  const visit = (file: string): void => {
    if (seen.has(file) || left.includes(file)) return
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
  // What `headroom cloud` does is a chunk of its own, loaded when one of its commands is given.
  test.each([
    ['cli.cjs', ['chunks/cloud-actions.cjs']],
    ['engine-host.cjs', []],
  ])('%s reaches neither Electron nor the AWS SDK', (entry, left) => {
    const code = reachableCode(entry, left)
    expect(code).toContain('@duckdb/node-api')
    expect(code).not.toMatch(/require\("electron"\)|x-amz-/)
  })
  test('the cloud commands do reach the AWS SDK, and nothing of Electron', () => {
    const code = reachableCode('cli.cjs')
    expect(code).toMatch(/x-amz-/)
    expect(code).not.toMatch(/require\("electron"\)/)
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
