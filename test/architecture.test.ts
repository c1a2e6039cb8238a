// Who may import whom, what the built processes may hold, and how source files begin.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { importCycles, importsOf, importSpecifiers, readImports, sourceFiles } from '../scripts/architecture/import-graph.mjs'
import { moduleOf, modules, objectionTo, withImportTable } from '../scripts/architecture/import-table.mjs'

const project = join(import.meta.dirname, '..')
const built = join(project, 'out', 'main')

/** Code of an entry and of every chunk it reaches, without the chunks in `excluded`. */
const reachableCode = (entry: string, excluded: readonly string[] = []): string => {
  const seen = new Map<string, string>()
  const visit = (file: string): void => {
    if (seen.has(file) || excluded.includes(file)) return
    const code = readFileSync(join(built, file), 'utf8')
    seen.set(file, code)
    for (const [, name] of code.matchAll(/require\("\.\/(?:chunks\/)?([\w.-]+\.cjs)"\)/g)) {
      visit(readdirSync(join(built, 'chunks')).includes(name!) ? join('chunks', name!) : name!)
    }
  }
  visit(entry)
  return [...seen.values()].join('\n')
}

/** Chunks that load together with `chunk`: its requires at the beginning of a line, and theirs. */
const chunksAtStart = (chunk: string, seen = new Set<string>()): Set<string> => {
  if (seen.has(chunk)) return seen
  seen.add(chunk)
  const code = readFileSync(join(built, 'chunks', chunk), 'utf8')
  for (const [, name] of code.matchAll(/^(?:const \w+ = )?require\("\.\/([\w.-]+\.cjs)"\)/gm)) chunksAtStart(name!, seen)
  return seen
}

const sources = sourceFiles(project)

describe('imports', () => {
  const imports = readImports(project)

  test('every source file belongs to a module, and every module has files', () => {
    const found = new Map(sourceFiles(project).map((file) => [file, moduleOf(file)]))
    expect([...found].filter(([, module]) => module === undefined).map(([file]) => file)).toEqual([])
    expect(new Set(found.values())).toEqual(new Set(Object.keys(modules)))
  })
  test('a module imports nothing but what the table allows', () => {
    expect(imports.map(objectionTo).filter((objection) => objection !== undefined)).toEqual([])
  })
  test('no files import each other in a cycle, types included', () => {
    expect(importCycles(imports)).toEqual([])
  })
  test('every imported source file exists', () => {
    const files = new Set(sourceFiles(project))
    const missing = imports.filter(({ to, isPackage }) => !isPackage && to.startsWith('src-') && /\.tsx?$/.test(to) && !files.has(to))
    expect(missing).toEqual([])
  })
  test('docs/ARCHITECTURE.md shows the table (npm run docs:architecture)', () => {
    const page = readFileSync(join(project, 'docs', 'ARCHITECTURE.md'), 'utf8')
    expect(page).toBe(withImportTable(page))
  })

  test.each([
    ["import { a } from './a.ts'", './a.ts', false],
    ["import type { A } from './a.ts'", './a.ts', true],
    ["import './a.css'", './a.css', false],
    ["export { a } from './a.ts'", './a.ts', false],
    ["export type { A } from './a.ts'", './a.ts', true],
    ["export * from './a.ts'", './a.ts', false],
    ["const load = async () => (await import('./a.ts')).a", './a.ts', false],
    ["type A = import('./a.ts').A", './a.ts', true],
    ["type A = typeof import('./a.ts')", './a.ts', true],
  ])('%s is seen', (code, specifier, isType) => {
    expect(importSpecifiers(code)).toEqual([{ specifier, isType }])
  })
  test('an import that is only mentioned is none, and one by an expression is refused', () => {
    expect(importSpecifiers("// import './a.ts'\nconst text = \"import './b.ts'\"\nexport { text }")).toEqual([])
    expect(() => importSpecifiers('export const load = (name: string) => import(name)')).toThrow('expression')
  })

  const objections = (file: string, code: string): string[] => importsOf(file, code).flatMap((found) => objectionTo(found) ?? [])
  test.each([
    ['src-main/engine/analyze.ts', "import { writeReport } from '../report/write-report.ts'", 'engine may not import report'],
    ['src-main/engine/analyze.ts', "type A = import('../report/write-report.ts').A", 'engine may not import report'],
    ['src-main/cli/cli.ts', "export const load = () => import('../shell/ipc/x.ts')", 'cli may not import shell'],
    ['src-main/queries/run/a.ts', "import type { A } from '../../engine/analyze.ts'", 'queries may not import engine'],
    ['src-main/engine-host/a.ts', "import type { App } from 'electron'", 'engine-host may not import electron'],
    ['src-main/sample/a.ts', "import { S3 } from '@aws-sdk/client-s3'", 'sample may not import @aws-sdk/client-s3'],
    ['src-main/statistics/a.ts', "import { join } from 'node:path'", 'statistics may not import node'],
    ['src-shared/run/a.ts', "import { init } from 'echarts/core'", 'shared may not import echarts'],
    ['src-shared/run/a.ts', "import type { A } from '../../src-main/engine/a.ts'", 'shared may not import engine'],
    ['src-renderer/views/a/a.tsx', "import { bridge } from '../../ipc/bridge.ts'", 'renderer/views may not import renderer/ipc'],
    ['src-renderer/state/a.ts', "import { join } from 'node:path'", 'renderer/state may not import node'],
    ['src-main/cli/cli.ts', "import { main } from '../../scripts/start.mjs'", 'cli may not import scripts/start.mjs'],
    ['src-main/new/a.ts', "import { z } from 'zod'", 'src-main/new/a.ts belongs to no module'],
    ['src-main/new.ts', "import { z } from 'zod'", 'src-main/new.ts belongs to no module'],
    ['src-renderer/new/a.ts', "import { z } from 'zod'", 'src-renderer/new/a.ts belongs to no module'],
  ])('%s: %s is refused', (file, code, objection) => {
    expect(objections(file, code)).toEqual([expect.stringContaining(objection)])
  })
  test.each([
    ['src-main/queries/run/a.ts', "import { a } from '../../engine/methods/a.ts'"],
    ['src-main/cloud/jobs/a.ts', "import { S3 } from '@aws-sdk/client-s3'"],
    ['src-shared/run/a.ts', "import type { EChartsOption } from 'echarts'"],
    ['src-main/cli/cli.ts', "import { version } from '../../package.json'"],
    ['src-renderer/app.tsx', "import { View } from './views/a/a.tsx'"],
  ])('%s: %s is allowed', (file, code) => {
    expect(objections(file, code)).toEqual([])
  })
  test('a cycle is found through types, and only its files are named', () => {
    const cycle = [
      ...importsOf('a.ts', "import { b } from './b.ts'"),
      ...importsOf('b.ts', "import type { C } from './c.ts'"),
      ...importsOf('c.ts', "export const load = () => import('./a.ts')"),
      ...importsOf('d.ts', "import { a } from './a.ts'"),
    ]
    expect(importCycles(cycle)).toEqual([['a.ts', 'b.ts', 'c.ts']])
    expect(importCycles(cycle.slice(1))).toEqual([])
  })
})

describe('the built processes', () => {
  // Each command of `headroom cloud` has its own chunk, which loads when the command runs; so has the one that collects from CloudWatch.
  const isCloudCommand = ({ sources }: { sources: readonly string[] }): boolean =>
    sources.some((source) => source.startsWith('src-main/cli/cloud/') || source === 'src-main/cli/collect/collect-cloudwatch-command.ts')
  test.each(['cli.cjs', 'engine-host.cjs'])('%s reaches neither Electron nor the AWS SDK', (entry) => {
    const chunks = JSON.parse(readFileSync(join(built, 'contents.json'), 'utf8')) as Record<string, { sources: readonly string[] }>
    const cloudCommands = Object.keys(chunks).filter((file) => isCloudCommand(chunks[file]!))
    expect(cloudCommands.length).toBeGreaterThanOrEqual(10)
    const code = reachableCode(entry, cloudCommands)
    expect(code).toContain('@duckdb/node-bindings')
    expect(code).not.toMatch(/require\("electron"\)|x-amz-/)
  })
  test('the cloud commands do reach the AWS SDK, and nothing of Electron', () => {
    const code = reachableCode('cli.cjs')
    expect(code).toMatch(/x-amz-/)
    expect(code).not.toMatch(/require\("electron"\)/)
  })
  test.each(['forecast-worker.cjs', 'path-worker.cjs', 'cluster-worker.cjs', 'driver-worker.cjs'])(
    'the thread of %s holds arithmetic alone',
    (worker) => {
      expect(reachableCode(worker)).not.toMatch(/@duckdb|require\("electron"\)|x-amz-/)
    },
  )
  test.each(['picture-worker.cjs', 'hash-worker.cjs'])('the thread of %s reaches neither the database nor Electron nor AWS', (worker) => {
    expect(reachableCode(worker)).not.toMatch(/@duckdb|require\("electron"\)|x-amz-/)
  })
  test('an analysis begins without the library of holidays, which loads while the database opens', () => {
    const chunks = JSON.parse(readFileSync(join(built, 'contents.json'), 'utf8')) as Record<string, { sources: readonly string[] }>
    const atStart = [...chunksAtStart('analyze-command.cjs')].flatMap((chunk) => chunks[`chunks/${chunk}`]!.sources)
    expect(atStart).toContain('src-main/engine/analyze.ts')
    expect(atStart).not.toContain('src-main/calendar/holidays.ts')
    expect(Object.values(chunks).flatMap((chunk) => chunk.sources)).toContain('src-main/calendar/holidays.ts')
  })
  test('the process of lower priority holds the database, and reaches neither Electron nor AWS', () => {
    const code = reachableCode('background-process.cjs')
    expect(code).toContain('@duckdb/node-bindings')
    expect(code).not.toMatch(/require\("electron"\)|x-amz-/)
  })
  test('the main process of the window holds no DuckDB', () => {
    const code = reachableCode('index.cjs')
    expect(code).toContain('require("electron")')
    expect(code).not.toContain('@duckdb/node-bindings')
  })
})

/** Besides these, git ignores what the project's own scripts leave behind. */
const topLevel = new Set(
  `package.json electron.vite.config.ts src-main src-renderer src-shared resources test
   scripts docs README.md CHANGELOG.md CONTRIBUTING.md package-lock.json tsconfig.base.json vitest.config.ts
   knip.json .npmrc .oxfmtrc.json .oxlintrc.json .gitignore .git .github .ci`.split(/\s+/),
)

test('nothing else lies at the top of the project', () => {
  const ignored = readFileSync(join(project, '.gitignore'), 'utf8').trim().split('\n')
  const isIgnored = (name: string): boolean =>
    ignored.some((pattern) => (pattern.startsWith('*') ? name.endsWith(pattern.slice(1)) : name === pattern.replace(/\/$/, '')))
  expect(readdirSync(project).filter((name) => !topLevel.has(name) && !isIgnored(name))).toEqual([])
})

describe('source files', () => {
  test('there are some', () => expect(sources.length).toBeGreaterThan(100))
  test('each begins with a sentence', () => {
    const withoutSentence = sources.filter(
      (file) => !/^\/\/ \S.*[.!?]$/m.test(readFileSync(join(project, file), 'utf8').split('\n', 1)[0]!),
    )
    expect(withoutSentence).toEqual([])
  })
})
