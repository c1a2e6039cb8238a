// The folder of the shipped files at run time: next to the build, next to the sources, or the one that HEADROOM_RESOURCES names.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HeadroomError } from '../../src-shared/run/errors.ts'

/** The `resources` folders next to this file and next to each folder above it, the nearest first. */
const resourceFolders = (): readonly string[] => {
  const override = process.env['HEADROOM_RESOURCES'] ?? ''
  if (override !== '') return [override]
  const candidates: string[] = []
  let folder = dirname(fileURLToPath(import.meta.url))
  while (folder !== dirname(folder)) {
    candidates.push(join(folder, 'resources'))
    folder = dirname(folder)
  }
  return candidates
}

/** Path of a shipped file. Throws `internal` where the installation lacks it. */
export const resourcePath = (...parts: readonly string[]): string => {
  const path = resourceFolders()
    .map((folder) => join(folder, ...parts))
    .find((candidate) => existsSync(candidate))
  if (path !== undefined) return path
  throw new HeadroomError('internal', `The installation is incomplete: ${parts.join('/')} is missing.`, {
    next: 'Install Headroom again, or set HEADROOM_RESOURCES to its resources folder.',
  })
}
