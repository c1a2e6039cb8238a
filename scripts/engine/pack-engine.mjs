// Packs the engine bundle: one archive, the same bytes wherever and whenever it is packed from the same sources.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'fflate'
import { pack } from 'tar-stream'
import { projectFolder } from '../setup/project-folders.mjs'
import { billOfMaterials } from './bill-of-materials.mjs'
import { collectFiles } from './collect-files.mjs'

export const archiveName = 'headroom-engine.tar.gz'

/** Files with LF line ends in the container, whatever the checkout has. */
const isText = (/** @type {string} */ name) => /\.(sh|cjs|js|json)$/.test(name)

/** @param {{ name: string, path: string, isProgram: boolean }} file */
function contentOf({ name, path }) {
  const content = readFileSync(path)
  return isText(name) ? Buffer.from(content.toString('utf8').replaceAll('\r\n', '\n')) : content
}

/** @param {readonly { name: string, content: Buffer, isProgram: boolean }[]} files @returns {Promise<Buffer>} */
async function archive(files) {
  const stream = pack()
  /** @type {Buffer[]} */
  const pieces = []
  const done = (async () => {
    for await (const piece of stream) pieces.push(piece)
  })()
  for (const { name, content, isProgram } of files) {
    stream.entry({ name, mode: isProgram ? 0o755 : 0o644, mtime: new Date(0), uid: 0, gid: 0 }, content)
  }
  stream.finalize()
  await done
  return Buffer.concat(pieces)
}

/**
 * Writes archive, run.sh, bill of materials and engine.json, which states the archive's SHA-256, into a folder.
 * @param {string} folder replaced if it exists
 * @returns {Promise<{ sha256: string, bytes: number, version: string }>}
 */
export async function packEngine(folder) {
  const { version } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8'))
  const bill = `${JSON.stringify(billOfMaterials(), null, 2)}\n`
  const collected = (await collectFiles()).map((file) => ({ ...file, content: contentOf(file) }))
  const files = [
    ...collected,
    { name: 'engine/VERSION', content: Buffer.from(version), isProgram: false },
    { name: 'engine/app/package.json', content: Buffer.from('{ "type": "commonjs" }\n'), isProgram: false },
    { name: 'engine/sbom.cdx.json', content: Buffer.from(bill), isProgram: false },
  ].sort((a, b) => (a.name < b.name ? -1 : 1))
  // Not Node's zlib: its output changes from one Node to the next. Level 6 takes half as long again for 2 % fewer bytes.
  const packed = gzipSync(await archive(files), { level: 3, mtime: 0 })
  const engine = { sha256: createHash('sha256').update(packed).digest('hex'), bytes: packed.length, version }
  const stagingFolder = `${folder}.partial`
  rmSync(stagingFolder, { recursive: true, force: true })
  mkdirSync(stagingFolder, { recursive: true })
  writeFileSync(join(stagingFolder, archiveName), packed)
  writeFileSync(join(stagingFolder, 'run.sh'), collected.find(({ name }) => name === 'engine/run.sh')?.content ?? '')
  writeFileSync(join(stagingFolder, 'sbom.cdx.json'), bill)
  writeFileSync(join(stagingFolder, 'engine.json'), `${JSON.stringify(engine, null, 2)}\n`)
  rmSync(folder, { recursive: true, force: true })
  renameSync(stagingFolder, folder)
  return engine
}
