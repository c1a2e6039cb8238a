// Installs the packages of package-lock.json, and knows when they are installed already.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withLock } from './lock-file.mjs'
import { modulesFolder, projectFolder } from './project-folders.mjs'
import { capture, npmCommand } from './run-command.mjs'
import { printLine, SetupError } from './setup-error.mjs'

/** @typedef {{ version?: string, optional?: boolean, link?: boolean, inBundle?: boolean }} LockedPackage */

/** @param {string} file */
function readOrUndefined(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** The stamp that says which lock file the installed packages came from, and for which kind of machine. @param {string} lock */
export function dependencyStamp(lock, platform = `${process.platform}-${process.arch}`) {
  return JSON.stringify({ lock: createHash('sha256').update(lock).digest('hex'), platform })
}

/**
 * Whether npm's record of installed packages matches the lock file, as after the user's
 * `npm install`. Optional packages may be absent: most belong to other platforms.
 * @param {string} lock text of package-lock.json
 * @param {string} installed text of node_modules/.package-lock.json
 */
export function matchesLock(lock, installed) {
  /** @type {Record<string, LockedPackage>} */
  const wanted = JSON.parse(lock).packages
  /** @type {Record<string, LockedPackage>} */
  const present = JSON.parse(installed).packages
  const names = Object.keys(wanted).filter((name) => name !== '')
  return (
    names.every((name) => present[name]?.version === wanted[name]?.version || (!present[name] && wanted[name]?.optional)) &&
    Object.keys(present).every((name) => wanted[name])
  )
}

/**
 * 'installed' when the stamp agrees, 'unstamped' when npm's record does, otherwise 'missing'.
 * @param {string} [folder] node_modules
 * @param {string} [lock] text of package-lock.json
 * @returns {'installed' | 'unstamped' | 'missing'}
 */
export function dependencyState(folder = modulesFolder, lock = readFileSync(join(projectFolder, 'package-lock.json'), 'utf8')) {
  const stamp = readOrUndefined(join(folder, '.headroom-setup.json'))
  if (stamp === dependencyStamp(lock)) return 'installed'
  const installed = readOrUndefined(join(folder, '.package-lock.json'))
  const samePlatform = !stamp || stamp.includes(`"${process.platform}-${process.arch}"`)
  return installed && samePlatform && matchesLock(lock, installed) ? 'unstamped' : 'missing'
}

function writeStamp() {
  const lock = readFileSync(join(projectFolder, 'package-lock.json'), 'utf8')
  writeFileSync(join(modulesFolder, '.headroom-setup.json'), dependencyStamp(lock))
}

/** Runs `npm ci` unless the packages of package-lock.json are installed. Throws npm's output when it fails. */
export async function installDependencies() {
  if (dependencyState() === 'installed') return
  await withLock(join(projectFolder, '.headroom', 'install.lock'), async () => {
    const state = dependencyState()
    if (state === 'missing') {
      printLine('Installing packages (the first time takes a minute) ...')
      // Electron's installer declares a newer Node than it needs, which npm would warn about under Node 20.
      // Each package has its hash in the lock file, so what npm's cache holds is right, and no registry is asked about it.
      const npm = npmCommand(['ci', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'])
      const { code, output } = await capture(npm.command, npm.args, { ...npm.options, cwd: projectFolder })
      if (code !== 0) throw new SetupError(`${output.trimEnd()}\nThe packages could not be installed; npm says why above.`)
    }
    if (state !== 'installed') writeStamp()
  })
}
