// The pages of the project: every named file and folder exists, and every relative link has a target.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const project = join(import.meta.dirname, '..', '..')
const pagesOf = (folder: string, options: { readonly recursive: boolean }): string[] =>
  readdirSync(join(project, folder), { recursive: options.recursive, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))
const pages = [...pagesOf('.', { recursive: false }), ...pagesOf('docs', { recursive: true }), ...pagesOf('test', { recursive: true })]

const projectFolders = ['src-main', 'src-renderer', 'src-shared', 'scripts', 'test', 'docs', 'resources', '.github']
const sourceFolders = projectFolders.filter((folder) => folder !== 'docs' && folder !== '.github')
const fileNames = new Set(
  sourceFolders.flatMap((folder) =>
    readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' }).map((path) => basename(path)),
  ),
)
const inlineCode = (text: string): string[] => [...text.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code ?? '')

/** `{a,b}` as its choices. */
const expandBraces = (path: string): string[] => {
  const [, before = '', choices, after = ''] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(path) ?? []
  return choices === undefined ? [path] : choices.split(',').flatMap((choice) => expandBraces(`${before}${choice}${after}`))
}

/** A last part with a star matches any file of the folder. */
const pathExists = (path: string): boolean => {
  if (!path.includes('*')) return existsSync(join(project, path))
  const folder = join(project, dirname(path))
  const [before = '', after = ''] = basename(path).split('*')
  return existsSync(folder) && readdirSync(folder).some((name) => name.startsWith(before) && name.endsWith(after))
}

test.each(pages)('%s names only files and folders that exist', (page) => {
  const named = inlineCode(readFileSync(join(project, page), 'utf8'))
  const paths = named.filter((code) => projectFolders.some((folder) => code.startsWith(`${folder}/`)) && !/[\s<>]/.test(code))
  const sources = named.filter((code) => /^[\w-]+\.(?:test\.)?(?:ts|tsx|mjs)$/.test(code))
  const missing = [
    ...paths.flatMap(expandBraces).filter((path) => !pathExists(path.replace(/#.*$/, ''))),
    ...sources.filter((name) => !fileNames.has(name)),
  ]
  expect(missing).toEqual([])
})

test.each(pages)('%s links only to files that exist', (page) => {
  const text = readFileSync(join(project, page), 'utf8')
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '')
  const missing = targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? join(project, page) : join(project, dirname(page), path)
    if (!existsSync(file)) return true
    return anchor !== undefined && !headingAnchors(readFileSync(file, 'utf8')).includes(anchor)
  })
  expect(missing).toEqual([])
})

/** Anchors as GitHub derives them from headings. */
const headingAnchors = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

test('docs/relations.md names every table and view of the engine', () => {
  const text = readFileSync(join(project, 'docs', 'relations.md'), 'utf8')
  const files = ['src-main/engine', 'src-main/forecasts', 'src-main/calendar'].flatMap((folder) =>
    readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(project, folder, name), 'utf8')),
  )
  const created = files.flatMap((code) => [
    ...code.matchAll(/CREATE (?:OR REPLACE )?(?:TEMP )?(?:TABLE|VIEW) (\w+)/g),
    ...code.matchAll(/\.storeRows\(\s*'(\w+)'/g),
  ])
  expect(created.length).toBeGreaterThan(30)
  expect([...new Set(created.map(([, name]) => name))].filter((name) => !text.includes(`\`${name}\``))).toEqual([])
})

test('decisions are numbered from 1, each by its own number, which its heading repeats', () => {
  const decisions = pagesOf('docs/decisions', { recursive: false }).sort()
  const headings = decisions.map((page) => /^# (\d+)\. /.exec(readFileSync(join(project, page), 'utf8'))?.[1])
  expect(decisions.map((page) => Number(basename(page).slice(0, 4)))).toEqual(decisions.map((_, index) => index + 1))
  expect(headings).toEqual(decisions.map((_, index) => String(index + 1)))
})
