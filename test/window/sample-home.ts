// A HEADROOM_HOME in which the sample fleet was opened before: an app makes it once for all test files, each of which gets a copy.
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { sharedFolder } from '../fixtures/shared-fixtures.ts'
import { waitForHeatmap } from './chart-locators.ts'
import { launchApp } from './launch-app.ts'

/** Where the app made it: the folder is renamed later. */
const placeFile = 'made-in'

const openSample = async (home: string): Promise<void> => {
  const window = await launchApp({ args: ['--sample'], home })
  try {
    await waitForHeatmap(window.page)
  } finally {
    await window.close()
  }
}

/** The runs name the files that they were made from. */
const moveInputs = async (runs: string, from: string, to: string): Promise<void> => {
  const textOf = (place: string): string => JSON.stringify(place).slice(1, -1)
  for (const run of await readdir(runs)) {
    const path = join(runs, run, runFiles.manifest)
    const manifest = await readFile(path, 'utf8')
    if (!manifest.includes(textOf(from))) throw new Error(`${path} names no file of ${from}.`)
    await writeFile(
      path,
      manifest.replaceAll(textOf(from), () => textOf(to)),
    )
  }
}

/** Puts the sample fleet and its runs into `home`, so that an app opens them at once; nothing else of the home is there. */
export const prepareSampleHome = async (home: string): Promise<void> => {
  const shared = await sharedFolder('sample-home', async (own) => {
    await openSample(own)
    await writeFile(join(own, placeFile), own)
  })
  if (shared === undefined) return
  for (const name of ['runs', 'samples']) await cp(join(shared, name), join(home, name), { recursive: true, preserveTimestamps: true })
  await moveInputs(join(home, 'runs'), await readFile(join(shared, placeFile), 'utf8'), home)
}
