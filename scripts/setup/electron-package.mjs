// The binary of the `electron` package: found if it was downloaded before, downloaded if its source can be reached.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { withLock } from './lock-file.mjs'
import { cacheFolder, modulesFolder, projectFolder } from './project-folders.mjs'
import { capture } from './run-command.mjs'
import { printLine } from './setup-error.mjs'

const dayMs = 24 * 60 * 60 * 1000
/** A download without data for this time has failed. */
const stallMs = 25_000
const failureFile = () => join(cacheFolder(), 'electron-download-refused.json')

/** @param {string} file */
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'))

/** The downloaded binary, if it belongs to the installed version of the package. @param {string} [folder] of the package */
export function installedElectron(folder = join(modulesFolder, 'electron')) {
  try {
    const { version } = readJson(join(folder, 'package.json'))
    if (
      readFileSync(join(folder, 'dist', 'version'), 'utf8')
        .trim()
        .replace(/^v/, '') !== version
    )
      return undefined
    const binary = join(folder, 'dist', readFileSync(join(folder, 'path.txt'), 'utf8').trim())
    return existsSync(binary) ? binary : undefined
  } catch {
    return undefined
  }
}

/** Whether a download of this version failed within the last day. @param {string} version */
export function hasRecentFailure(version, file = failureFile(), now = Date.now()) {
  try {
    const refusal = readJson(file)
    return refusal.version === version && now - refusal.at < dayMs && now >= refusal.at
  } catch {
    return false
  }
}

/** @param {string} version @param {string} reason */
export function recordFailure(version, reason, file = failureFile(), now = Date.now()) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify({ version, at: now, reason })}\n`)
}

/** Bytes below a folder. @param {string} folder @returns {number} */
function sizeOf(folder) {
  let size = 0
  for (const name of readdirSync(folder)) {
    const entry = statSync(join(folder, name), { throwIfNoEntry: false })
    size += entry?.isDirectory() ? sizeOf(join(folder, name)) : (entry?.size ?? 0)
  }
  return size
}

/**
 * Runs the package's installer and stops it when no more data arrives.
 * @param {string} folder of the package
 * @returns {Promise<string | undefined>} why it failed, undefined when it worked
 */
async function download(folder) {
  const downloads = mkdtempSync(join(tmpdir(), 'headroom-electron-'))
  const env = { ...process.env, TMPDIR: downloads, TEMP: downloads, TMP: downloads }
  let lastSize = -1
  let lastGrowth = Date.now()
  /** @type {NodeJS.Timeout | undefined} */
  let watch
  const { code, output } = await capture(process.execPath, [join(folder, 'install.js')], {
    env,
    onChild: (child) => {
      watch = setInterval(() => {
        const size = sizeOf(downloads)
        if (size > lastSize) lastGrowth = Date.now()
        lastSize = size
        // Unpacking the finished download takes seconds and leaves the folder as it is, so it stays within the limit.
        if (Date.now() - lastGrowth > stallMs) child.kill('SIGKILL')
      }, 1000)
    },
  })
  clearInterval(watch)
  rmSync(downloads, { recursive: true, force: true })
  if (code === 0) return undefined
  return (
    output
      .split('\n')
      .find((line) => /error|fail/i.test(line))
      ?.trim() ?? `the download stopped (exit code ${code})`
  )
}

/**
 * @param {{ hasFallback: boolean }} options if there is a fallback, a failed download is not tried again for a day
 * @returns {Promise<{ binary?: string, refusal?: string }>} the binary, or why there is none
 */
export async function electronFromPackage({ hasFallback }) {
  const folder = join(modulesFolder, 'electron')
  const present = installedElectron(folder)
  if (present) return { binary: present }
  const version = String(readJson(join(folder, 'package.json')).version)
  const shouldSkipDownload = () => hasFallback && hasRecentFailure(version)
  if (shouldSkipDownload()) return { refusal: 'the download failed within the last day' }
  return withLock(join(projectFolder, '.headroom', 'electron.lock'), async () => {
    const fetchedMeanwhile = installedElectron(folder)
    if (fetchedMeanwhile) return { binary: fetchedMeanwhile }
    if (shouldSkipDownload()) return { refusal: 'the download failed within the last day' }
    printLine(`Downloading Electron ${version} ...`)
    const failure = await download(folder)
    const binary = installedElectron(folder)
    if (binary) return { binary }
    const refusal = failure ?? 'the installer left no binary'
    recordFailure(version, refusal)
    return { refusal }
  })
}
