// Whether a fetched Electron is the published one: its archive has the pinned checksum, each unpacked file is the archive's, and its fuses can be set.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses'
import { unzipSync } from 'fflate'
import { SetupError } from './setup-error.mjs'

/** @param {Uint8Array} bytes */
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** Where Electron's own downloader keeps archives. @param {NodeJS.ProcessEnv} [env] */
export const archiveFolder = (env = process.env, platform = process.platform) => {
  if (env.electron_config_cache) return env.electron_config_cache
  if (platform === 'win32') return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'electron', 'Cache')
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'electron')
  return join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'electron')
}

/** @param {string} folder @param {string} name @returns {string | undefined} */
export const findArchive = (folder, name) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith(name))
        .map((path) => join(folder, path))
        .at(0)
    : undefined

/**
 * @param {{ packageFolder: string, archives: string, platform?: string, arch?: string }} place packageFolder: of the npm package `electron`
 * @returns {Promise<{ archive: string, checksum: string, files: number, fuses: Record<string, string> }>} fuses by name
 */
export async function verifyElectron({ packageFolder, archives, platform = process.platform, arch = process.arch }) {
  const read = (/** @type {string[]} */ ...path) => readFileSync(join(packageFolder, ...path))
  const { version } = JSON.parse(String(read('package.json')))
  const name = `electron-v${version}-${platform}-${arch}.zip`
  const archive = findArchive(archives, name)
  if (archive === undefined)
    throw new SetupError(`${name} was not fetched; looked in ${archives}. Fetch it: node node_modules/electron/install.js`)
  const bytes = readFileSync(archive)
  const checksum = sha256(bytes)
  const pinned = JSON.parse(String(read('checksums.json')))[name]
  if (checksum !== pinned) throw new SetupError(`${name} is not the published one: its SHA-256 is ${checksum} instead of ${pinned}.`)
  const entries = Object.entries(unzipSync(bytes)).filter(([path]) => !path.endsWith('/'))
  for (const [path, content] of entries) {
    // Links of the macOS bundle are text in the archive.
    if (platform === 'darwin' && content.length < 200) continue
    const unpacked = join(packageFolder, 'dist', path)
    if (!existsSync(unpacked) || sha256(readFileSync(unpacked)) !== sha256(content))
      throw new SetupError(`${unpacked} is not the file of ${name}.`)
  }
  return {
    archive: name,
    checksum,
    files: entries.length,
    fuses: await readFuses(join(packageFolder, 'dist', String(read('path.txt')).trim())),
  }
}

/** As the bytes in the binary state them. @type {Record<number, string>} */
const fuseStates = { 0x30: 'off', 0x31: 'on', 0x72: 'removed' }

/** @param {string} binary */
async function readFuses(binary) {
  const wire = /** @type {Record<string, number | undefined>} */ (/** @type {unknown} */ (await getCurrentFuseWire(binary)))
  /** @type {Record<string, string>} */
  const fuses = {}
  for (const [name, position] of Object.entries(FuseV1Options)) {
    const state = typeof position === 'number' ? wire[position] : undefined
    if (state !== undefined) fuses[name] = fuseStates[state] ?? 'inherited'
  }
  if (fuses.RunAsNode === undefined || fuses.RunAsNode === 'removed') throw new SetupError(`The fuses of ${binary} cannot be set.`)
  return fuses
}
