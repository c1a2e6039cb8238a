// A Vite plugin that records the packages of each chunk, so that the engine bundle's bill of materials matches the build.
import { relative, sep } from 'node:path'
import { projectFolder } from '../setup/project-folders.mjs'

/**
 * @typedef {object} ChunkContents
 * @property {readonly string[]} imports chunks it needs at once
 * @property {readonly string[]} dynamicImports chunks it loads when asked
 * @property {readonly string[]} packages npm packages whose code it contains
 * @property {readonly string[]} sources our source files whose code it contains
 */

/** @param {string} id path of a module */
function packageOf(id) {
  const [, name] = /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(id) ?? []
  return name?.replaceAll('\\', '/')
}

/** @param {readonly string[]} ids @param {(id: string) => string | undefined} nameOf */
function distinct(ids, nameOf) {
  return [...new Set(ids.flatMap((id) => nameOf(id) ?? []))].sort()
}

/** @returns {import('vite').Plugin} */
export function packageContents() {
  return {
    name: 'headroom-package-contents',
    generateBundle(_options, bundle) {
      /** @type {Record<string, ChunkContents>} */
      const chunks = {}
      for (const [file, output] of Object.entries(bundle)) {
        if (output.type !== 'chunk') continue
        const ids = Object.keys(output.modules).filter((id) => !id.startsWith('\0'))
        const source = (/** @type {string} */ id) =>
          packageOf(id) === undefined ? relative(projectFolder, id).split(sep).join('/') : undefined
        chunks[file] = {
          imports: output.imports.filter((name) => name in bundle),
          dynamicImports: output.dynamicImports,
          packages: distinct(ids, packageOf),
          sources: distinct(ids, source),
        }
      }
      this.emitFile({ type: 'asset', fileName: 'contents.json', source: `${JSON.stringify(chunks, null, 1)}\n` })
    },
  }
}
