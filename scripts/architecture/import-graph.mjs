// Which source file imports what: values, types and dynamic imports, read with Vite's parser.
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { parseAst } from 'vite'

/**
 * @typedef {object} Import
 * @property {string} from the importing file, relative to the project
 * @property {string} to the imported file, relative to the project, or the package; every `node:` module counts as `node`
 * @property {boolean} isPackage
 * @property {boolean} isType an import that the compiler removes
 */

/** @typedef {{ specifier: string, isType: boolean }} Specifier */

/** @param {unknown} node @returns {Specifier[]} */
function specifiersBelow(node) {
  if (typeof node !== 'object' || node === null) return []
  if (Array.isArray(node)) return node.flatMap(specifiersBelow)
  const fields = /** @type {Record<string, any>} */ (node)
  const below = Object.values(fields).flatMap(specifiersBelow)
  if (!/^(Import|Export|TSImportType)/.test(String(fields['type'])) || !fields['source']) return below
  const specifier = fields['source'].value
  if (typeof specifier !== 'string') throw new Error('An import names its file by an expression.')
  const isType = fields['type'] === 'TSImportType' || [fields['importKind'], fields['exportKind']].includes('type')
  return [{ specifier, isType }, ...below]
}

/** Everything a file imports or exports from elsewhere. @param {string} code @param {'ts' | 'tsx'} [lang] */
export const importSpecifiers = (code, lang = 'ts') => specifiersBelow(parseAst(code, { lang, sourceType: 'module' }).body)

/** @param {string} specifier */
function packageName(specifier) {
  if (specifier.startsWith('node:')) return 'node'
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** @param {string} file @param {string} code @returns {Import[]} */
export const importsOf = (file, code) =>
  importSpecifiers(code, file.endsWith('.tsx') ? 'tsx' : 'ts').map(({ specifier, isType }) => {
    const isPackage = !specifier.startsWith('.')
    const to = isPackage ? packageName(specifier) : posix.join(posix.dirname(file), specifier.replace(/\?.*$/, ''))
    return { from: file, to, isPackage, isType }
  })

/** Source files of the three sides, without declarations. @param {string} project */
export const sourceFiles = (project) =>
  ['src-main', 'src-renderer', 'src-shared'].flatMap((side) =>
    readdirSync(join(project, side), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.d.ts'))
      .map((name) => posix.join(side, name.replaceAll('\\', '/')))
      .sort(),
  )

/** @param {string} project */
export const readImports = (project) => sourceFiles(project).flatMap((file) => importsOf(file, readFileSync(join(project, file), 'utf8')))

/**
 * Groups of files that reach each other, each sorted: the strongly connected components of more than one file (Tarjan 1972).
 * @param {readonly Import[]} imports
 */
export function importCycles(imports) {
  /** @type {Map<string, string[]>} */
  const importedBy = new Map()
  for (const { from, to, isPackage } of imports) {
    if (!isPackage) importedBy.set(from, [...(importedBy.get(from) ?? []), to])
  }
  /** @type {Map<string, number>} */
  const order = new Map()
  /** @type {string[]} */
  const open = []
  /** @type {string[][]} */
  const cycles = []
  /** The earliest open file that a file reaches. @param {string} file @returns {number} */
  const visit = (file) => {
    const index = order.size
    order.set(file, index)
    open.push(file)
    let earliest = index
    for (const next of importedBy.get(file) ?? []) {
      if (!order.has(next)) earliest = Math.min(earliest, visit(next))
      else if (open.includes(next)) earliest = Math.min(earliest, Number(order.get(next)))
    }
    if (earliest === index) {
      const group = open.splice(open.indexOf(file))
      if (group.length > 1) cycles.push(group.sort())
    }
    return earliest
  }
  for (const file of importedBy.keys()) if (!order.has(file)) visit(file)
  return cycles
}
