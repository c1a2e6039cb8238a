// Finds the Electron that opens the window: the one named by the user, the electron package, or the fallback package.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { electronVersionOf, findMissingLibraries } from './electron-check.mjs'
import { electronFromFallback, hasFallbackElectron } from './electron-fallback.mjs'
import { electronFromPackage } from './electron-package.mjs'
import { capture } from './run-command.mjs'
import { printLine, SetupError } from './setup-error.mjs'
import { ensureSystemPackages } from './system-packages.mjs'

/** @typedef {{ electronBinary: string, args: string[] }} ElectronRuntime */

/**
 * @param {string} binary
 * @param {boolean} needsDisplay
 * @returns {Promise<boolean>} whether it runs, after missing system libraries were installed
 */
async function makeRunnable(binary, needsDisplay) {
  await ensureSystemPackages({ missingLibraries: await findMissingLibraries(binary), needsDisplay })
  return (await electronVersionOf(binary)) !== undefined
}

/** @param {boolean} needsDisplay @returns {Promise<string>} */
async function findBinary(needsDisplay) {
  const named = process.env.HEADROOM_ELECTRON
  if (named) {
    const binary = resolve(named)
    if (existsSync(binary) && (await makeRunnable(binary, needsDisplay))) return binary
    throw new SetupError(`HEADROOM_ELECTRON names ${binary}, which does not run as Electron.`)
  }
  const { binary, refusal } = await electronFromPackage({ hasFallback: hasFallbackElectron })
  if (binary && (await makeRunnable(binary, needsDisplay))) return binary
  if (hasFallbackElectron) {
    const fallback = await electronFromFallback()
    if (await makeRunnable(fallback, needsDisplay)) return fallback
    throw new SetupError(`Electron does not run on this machine (tried ${fallback}).`)
  }
  throw new SetupError(
    `Electron could not be downloaded (${refusal ?? 'the download does not run'}); ` +
      'set HEADROOM_ELECTRON to an Electron binary, or use the command line: npm run -s headroom -- --help',
  )
}

/** Whether Chromium can build its sandbox: from user namespaces, or with its setuid helper. @param {string} binary */
async function canSandbox(binary) {
  const helper = statSync(join(dirname(binary), 'chrome-sandbox'), { throwIfNoEntry: false })
  if (helper?.uid === 0 && (helper.mode & 0o4000) !== 0) return true
  return (await capture('unshare', ['-Ur', 'true'])).code === 0
}

function hasGraphicsCard() {
  return existsSync('/dev/dri') && readdirSync('/dev/dri').some((name) => /^(card|renderD)/.test(name))
}

/**
 * Chromium refuses to start as root, or without namespaces, unless its sandbox is off: that is said.
 * @param {{ isRoot: boolean, hasNamespaces: boolean }} machine
 * @param {(line: string) => void} say
 */
export function sandboxSwitches({ isRoot, hasNamespaces }, say) {
  if (isRoot) say("Root gets no sandbox for the window's pages; start it as another user to have one.")
  else if (!hasNamespaces) say("This system offers no sandbox for the window's pages; opening it without one.")
  return isRoot || !hasNamespaces ? ['--no-sandbox'] : []
}

/** The switches Electron needs on this machine. @param {string} binary @returns {Promise<string[]>} */
async function electronSwitches(binary) {
  if (process.platform !== 'linux') return []
  const machine = { isRoot: process.getuid?.() === 0, hasNamespaces: await canSandbox(binary) }
  return [...sandboxSwitches(machine, printLine), ...(hasGraphicsCard() ? [] : ['--disable-gpu'])]
}

/**
 * @param {{ needsDisplay?: boolean }} [options] needsDisplay: Xvfb has to be there too
 * @returns {Promise<ElectronRuntime>} a binary that runs here, and the switches to start it with
 */
export async function findElectron({ needsDisplay = false } = {}) {
  const electronBinary = await findBinary(needsDisplay)
  return { electronBinary, args: await electronSwitches(electronBinary) }
}
