// The local Electron in the layout that electron-builder expects: without an application.
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { electronVersionOf } from '../setup/electron-check.mjs'
import { findElectron } from '../setup/electron-runtime.mjs'
import { modulesFolder } from '../setup/project-folders.mjs'
import { SetupError } from '../setup/setup-error.mjs'

/** @param {string} folder where a copy is put @returns {Promise<{ electronVersion: string, electronDist: string }>} */
export async function localRuntime(folder) {
  const { electronBinary } = await findElectron()
  const electronVersion = await electronVersionOf(electronBinary)
  if (electronVersion === undefined) throw new SetupError(`${electronBinary} does not run.`)
  const electronDist = join(folder, `electron-${electronVersion}`)
  if (!existsSync(electronDist)) {
    const stagingFolder = `${electronDist}.partial`
    rmSync(stagingFolder, { recursive: true, force: true })
    cpSync(dirname(electronBinary), stagingFolder, { recursive: true, verbatimSymlinks: true })
    rmSync(join(stagingFolder, 'resources', 'app'), { recursive: true, force: true })
    cpSync(stagingFolder, electronDist, { recursive: true, verbatimSymlinks: true })
    rmSync(stagingFolder, { recursive: true, force: true })
  }
  return { electronVersion, electronDist }
}

/** The version that package.json names, which electron-builder fetches. */
export const namedVersion = () => String(JSON.parse(readFileSync(join(modulesFolder, 'electron', 'package.json'), 'utf8')).version)
