// Distinguishes run folders, folders of runs and forecasts, and finds the companion tables of forecasts.
import { access, readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { capacityTableKinds, type CapacityTableFiles } from '../../../src-shared/run/capacity-tables.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { parquetExtensions, textExtensions } from '../../../src-shared/run/parquet-files.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { decisionsFileName, readManifest } from '../../run-folder/read-run-folder.ts'

export interface InspectedPath {
  readonly path: string
  readonly kind: 'run' | 'history' | 'forecast'
}

/** Any of these makes a folder a run, also one of the Python job. */
const runMarkerFiles: readonly string[] = [runFiles.manifest, runFiles.flaggedForecasts, runFiles.summary]

/** A file in a run folder means the run. Throws `input-not-found`. */
export const inspectPath = async (path: string): Promise<InspectedPath> => {
  const stats = await stat(path).catch((cause: unknown) => {
    throw new HeadroomError('input-not-found', `There is nothing at ${path}.`, { cause })
  })
  const folder = stats.isDirectory() ? path : dirname(path)
  if (stats.isDirectory() || Object.values<string>(runFiles).includes(basename(path))) {
    const markersPresent = await Promise.all(runMarkerFiles.map((name) => fileExists(join(folder, name))))
    if (markersPresent.includes(true)) return { path: folder, kind: 'run' }
  }
  return { path, kind: stats.isDirectory() && (await isHistory(path)) ? 'history' : 'forecast' }
}

const dataExtensions: ReadonlySet<string> = new Set([...parquetExtensions, ...textExtensions])

/** A folder with runs in it and no forecasts next to them. */
const isHistory = async (folder: string): Promise<boolean> => {
  const entries = await readdir(folder, { withFileTypes: true })
  const isData = (name: string): boolean => name !== decisionsFileName && dataExtensions.has(extname(name).slice(1).toLowerCase())
  if (entries.some((entry) => entry.isFile() && isData(entry.name))) return false
  return (await countRuns(folder, 1)) > 0
}

/** Runs directly inside a folder, counted up to `enough`. Links and hidden folders do not count. */
export const countRuns = async (folder: string, enough: number): Promise<number> => {
  let count = 0
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (count === enough) break
    if (!entry.isDirectory() || entry.name.startsWith('.') || !(await fileExists(join(folder, entry.name, runFiles.manifest)))) continue
    const isRun = await readManifest(join(folder, entry.name)).then(
      () => true,
      () => false,
    )
    if (isRun) count += 1
  }
  return count
}

/** "fleet" of /data/fleet.parquet and of /data/fleet. */
export const inputName = (path: string): string => basename(path, extname(path)) || 'forecast'

/** `<name>.servers.csv` or `<name>.events.csv` in the folder of the forecasts, else the same as XLSX. */
export const findCompanionTable = async (path: string, kind: 'servers' | 'events'): Promise<string | null> => {
  for (const ending of ['csv', 'xlsx']) {
    const table = join(dirname(path), `${inputName(path)}.${kind}.${ending}`)
    if (await fileExists(table)) return table
  }
  return null
}

/** Companion tables about capacity: CSV alone. */
export const findCapacityTables = async (path: string): Promise<CapacityTableFiles> => {
  const found: { [Kind in keyof CapacityTableFiles]: string } = {}
  for (const kind of capacityTableKinds) {
    const table = join(dirname(path), `${inputName(path)}.${kind}.csv`)
    if (await fileExists(table)) found[kind] = table
  }
  return found
}

export const fileExists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
