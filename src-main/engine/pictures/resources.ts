// Where the shipped files lie at run time: beside the build, beside the sources, or where HEADROOM_RESOURCES says.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HeadroomError } from '../../../src-shared/errors.ts'

/** Every file above this one is looked through for a `resources` folder that has the wanted file. */
export const resourcePath = (...parts: readonly string[]): string => {
  const override = process.env['HEADROOM_RESOURCES']
  if (override !== undefined && override !== '') return join(override, ...parts)
  let folder = dirname(fileURLToPath(import.meta.url))
  for (;;) {
    const candidate = join(folder, 'resources', ...parts)
    if (existsSync(candidate)) return candidate
    const parent = dirname(folder)
    if (parent === folder) break
    folder = parent
  }
  throw new HeadroomError('internal', `The installation is incomplete: ${parts.join('/')} is missing.`, {
    next: 'Install Headroom again, or set HEADROOM_RESOURCES to its resources folder.',
  })
}
