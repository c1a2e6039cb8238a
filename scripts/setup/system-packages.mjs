// The system packages that a window needs on Linux: which are missing, how to get them.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { capture } from './run-command.mjs'
import { displayServer } from './virtual-display.mjs'
import { printLine, SetupError } from './setup-error.mjs'

/** Each with the names it has on different releases of Debian and Ubuntu, newest first. */
const libraryPackages = [['libgtk-3-0t64', 'libgtk-3-0'], ['libnss3'], ['libasound2t64', 'libasound2'], ['libgbm1']]
const displayPackages = [['xvfb']]

/** @param {string} program */
function isOnPath(program, path = process.env.PATH ?? '') {
  return path.split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, program)))
}

/** Package names that `apt-cache policy NAMES` reports as installable. @param {string} policy its output in English */
export function installableNames(policy) {
  return [...policy.matchAll(/^(\S+):\n {2}Installed: .*\n {2}Candidate: (.+)$/gm)]
    .filter((match) => match[2] !== '(none)')
    .map((match) => match[1] ?? '')
}

/** @param {readonly (readonly string[])[]} alternatives @param {readonly string[]} installable */
export function pickNames(alternatives, installable) {
  return alternatives.map((names) => names.find((name) => installable.includes(name)) ?? String(names.at(-1)))
}

/** @param {readonly string[]} reasons @param {readonly (readonly string[])[]} wanted */
async function installPackages(reasons, wanted) {
  const names = wanted.map((alternatives) => String(alternatives.at(-1)))
  const missing = `The window needs system libraries that are missing here (${reasons.join(', ')})`
  if (process.getuid?.() !== 0 || !isOnPath('apt-get')) {
    throw new SetupError(
      isOnPath('apt-get')
        ? `${missing}; install them with: sudo apt-get install -y ${names.join(' ')}`
        : `${missing}; install your system's packages for GTK 3, NSS, ALSA, GBM${reasons.includes('Xvfb') ? ' and Xvfb' : ''}.`,
    )
  }
  printLine(`Installing system packages (${names.join(', ')}) ...`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }
  const update = await capture('apt-get', ['update'], { env })
  const policy = await capture('apt-cache', ['policy', ...wanted.flat()], { env })
  const chosen = pickNames(wanted, installableNames(policy.stdout))
  const install = await capture('apt-get', ['install', '-y', '--no-install-recommends', ...chosen], { env })
  if (install.code !== 0) {
    throw new SetupError(`${update.output}${install.output}\n${missing}; apt-get could not install ${chosen.join(' ')}.`)
  }
}

/**
 * Installs what is missing where that is possible (Debian and its relatives, as root), otherwise throws one sentence that
 * names the packages.
 * @param {{ missingLibraries: readonly string[], needsDisplay: boolean }} needs needsDisplay: for windows without a display
 */
export async function ensureSystemPackages({ missingLibraries, needsDisplay }) {
  const lacksDisplay = needsDisplay && !isOnPath(displayServer)
  if (missingLibraries.length === 0 && !lacksDisplay) return
  await installPackages(
    [...missingLibraries, ...(lacksDisplay ? ['Xvfb'] : [])],
    [...(missingLibraries.length > 0 ? libraryPackages : []), ...(lacksDisplay ? displayPackages : [])],
  )
}
