// Measures that a long check has taken, kept in a file: a check that is run again goes on where it was stopped.
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { projectFolder } from '../setup/project-folders.mjs'

/** What the built program consists of, as a hash. @returns {Promise<string>} */
const hashBuild = async () => {
  const folder = join(projectFolder, 'out', 'main')
  /** @type {Record<string, unknown>} */
  const contents = JSON.parse(await readFile(join(folder, 'contents.json'), 'utf8'))
  const hash = createHash('sha256')
  for (const name of Object.keys(contents).toSorted()) hash.update(await readFile(join(folder, name)))
  return hash.digest('hex')
}

/**
 * Measures taken with another build are not used. The app must be built.
 * @param {string} file JSON, created where it is missing
 * @returns {Promise<<T>(name: string, take: () => Promise<T>) => Promise<T>>}
 */
export const keepMeasures = async (file) => {
  const build = await hashBuild()
  /** @type {{ build: string, measures: Record<string, any> }} */
  const kept = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text),
    () => ({ build, measures: {} }),
  )
  const measures = kept.build === build ? kept.measures : {}
  return async (name, take) => {
    if (!(name in measures)) {
      measures[name] = await take()
      await writeFile(file, `${JSON.stringify({ build, measures }, null, 1)}\n`)
    }
    return measures[name]
  }
}
