// A Vite plugin that builds each schema of a module when it is first used: a process needs few of them, and all take longer than its first view.
import { fileURLToPath } from 'node:url'

const helper = fileURLToPath(new URL('later.mjs', import.meta.url))

/** @typedef {{ type: string, start: number, end: number, [key: string]: any }} Node */

/** The identifier that a chain such as z.object({}).nullable() begins with. @param {Node} node @returns {string | undefined} */
function rootOf(node) {
  if (node.type === 'CallExpression') return rootOf(node.callee)
  if (node.type === 'MemberExpression') return rootOf(node.object)
  return node.type === 'Identifier' ? node.name : undefined
}

/** Values of `request` and `response` anywhere in an expression: the entries of a table of channels. @param {any} node @param {Node[]} found */
function findEntries(node, found) {
  if (node === null || typeof node !== 'object') return
  if (Array.isArray(node)) return node.forEach((child) => findEntries(child, found))
  if (/Function/.test(node.type)) return
  if (node.type === 'Property' && !node.computed && /^(request|response)$/.test(node.key.name ?? '')) found.push(node.value)
  else for (const value of Object.values(node)) findEntries(value, found)
}

/** The code with every schema at the top of the module wrapped. @param {string} code @param {(code: string) => Node} parse */
export function laterSchemas(code, parse) {
  /** @type {Node[]} */
  const statements = parse(code).body
  const schemas = new Set(
    statements
      .filter(({ type, source }) => type === 'ImportDeclaration' && source.value === 'zod')
      .flatMap(({ specifiers }) => specifiers.map((/** @type {Node} */ { local }) => local.name)),
  )
  if (schemas.size === 0) return code
  const isSchema = (/** @type {Node} */ node) => {
    const root = node.type === 'CallExpression' ? rootOf(node) : undefined
    return root !== undefined && (schemas.has(root) || root.endsWith('Schema')) && !isPlain(node)
  }
  /** @type {Node[]} */
  const wrapped = []
  for (const statement of statements) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    if (declaration?.type !== 'VariableDeclaration') continue
    for (const { id, init } of declaration.declarations) {
      if (init === null) continue
      if (id.type === 'Identifier' && isSchema(init)) {
        schemas.add(id.name)
        wrapped.push(init)
      } else {
        /** @type {Node[]} */
        const entries = []
        findEntries(init, entries)
        wrapped.push(...entries.filter(isSchema))
      }
    }
  }
  let changed = code
  for (const { start, end } of wrapped.toSorted((a, b) => b.start - a.start)) {
    changed = `${changed.slice(0, start)}later(() => ${changed.slice(start, end)})${changed.slice(end)}`
  }
  return wrapped.length === 0 ? code : `import { later } from ${JSON.stringify(helper)}\n${changed}`
}

/** Whether the last call of a chain returns no schema. @param {Node} node */
const isPlain = ({ callee }) => /^(parse|safeParse|toJSONSchema)$/.test(callee.property?.name ?? '')

/** @returns {import('vite').Plugin} */
export function buildSchemasLater() {
  return {
    name: 'headroom-later-schemas',
    enforce: 'post',
    transform: {
      filter: { id: /[\\/]src-(main|shared|renderer)[\\/].*\.tsx?$/, code: /['"]zod['"]/ },
      handler(code) {
        return { code: laterSchemas(code, (text) => this.parse(text)), map: null }
      },
    },
  }
}
