// The contents of the engine bundle: Node, the built command line without cloud and collectors, native bindings for Linux, fonts.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { projectFolder } from '../setup/project-folders.mjs'
import { SetupError } from '../setup/setup-error.mjs'
import { containerNode, fetchPackage, lockedPackage } from './fetched-package.mjs'

/** Packages that are not bundled, because they contain or load native code. */
export const nativePackages = [
  '@duckdb/node-bindings',
  '@duckdb/node-bindings-linux-x64',
  '@resvg/resvg-js',
  '@resvg/resvg-js-linux-x64-gnu',
]

/** @typedef {{ name: string, path: string, isProgram: boolean }} BundledFile name: path inside the archive */

const built = join(projectFolder, 'out', 'main')

/** @returns {Record<string, import('./package-contents.mjs').ChunkContents>} */
function builtChunks() {
  return JSON.parse(readFileSync(join(built, 'contents.json'), 'utf8'))
}

/** Chunks of the command line and its worker threads, without what speaks to AWS or to Prometheus. @returns {string[]} */
export function engineChunks(chunks = builtChunks()) {
  const isOfNetwork = (/** @type {string} */ file) =>
    chunks[file]?.sources.some((source) => /^src-main\/(cli\/(cloud|collect)|cloud|sources)\//.test(source)) ?? false
  const seen = new Set()
  const visit = (/** @type {string} */ file) => {
    const chunk = chunks[file]
    if (!chunk || seen.has(file) || isOfNetwork(file)) return
    seen.add(file)
    for (const next of [...chunk.imports, ...chunk.dynamicImports]) visit(next)
  }
  const workers = [
    'background-process.cjs',
    'forecast-worker.cjs',
    'path-worker.cjs',
    'picture-worker.cjs',
    'hash-worker.cjs',
    'cluster-worker.cjs',
    'driver-worker.cjs',
  ]
  for (const entry of ['cli.cjs', ...workers]) visit(entry)
  return [...seen].sort((a, b) => (a < b ? -1 : 1))
}

/** npm packages whose code the bundle contains. @returns {string[]} */
export function bundledPackages(chunks = builtChunks()) {
  return [...new Set([...engineChunks(chunks).flatMap((file) => chunks[file]?.packages ?? []), ...nativePackages])].sort()
}

/** @param {string} folder @param {string} into @param {(path: string) => boolean} [isWanted] @returns {BundledFile[]} */
function folderFiles(folder, into, isWanted = () => true) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter(isWanted)
    .map((path) => ({ name: `${into}/${relative(folder, path).split(sep).join('/')}`, path, isProgram: false }))
}

/** @returns {Promise<BundledFile[]>} in the order of their names */
export async function collectFiles() {
  if (!existsSync(join(built, 'contents.json'))) throw new SetupError('The command line is not built.')
  const node = await fetchPackage(containerNode)
  const natives = await Promise.all(
    nativePackages.map(async (name) =>
      folderFiles(await lockedPackage(name), `engine/app/node_modules/${name}`, (path) => !/\.(d\.ts|map|md)$/.test(path)),
    ),
  )
  const files = [
    { name: 'engine/bin/node', path: join(node, 'bin', 'node'), isProgram: true },
    { name: 'engine/bin/LICENSE', path: join(node, 'LICENSE'), isProgram: false },
    ...engineChunks().map((file) => ({ name: `engine/app/${file}`, path: join(built, file), isProgram: false })),
    ...folderFiles(join(projectFolder, 'resources', 'fonts'), 'engine/app/resources/fonts'),
    { name: 'engine/run.sh', path: join(projectFolder, 'resources', 'engine', 'run.sh'), isProgram: true },
    ...natives.flat(),
  ]
  return files.sort((a, b) => (a.name < b.name ? -1 : 1))
}
