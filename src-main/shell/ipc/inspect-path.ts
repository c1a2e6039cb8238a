// Distinguishes run folders from forecasts, and finds the companion tables of forecasts.
import { access, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { capacityTableKinds, type CapacityTableFiles } from '../../../src-shared/run/capacity-tables.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'

export interface InspectedPath {
  readonly path: string
  readonly kind: 'run' | 'forecast'
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
  return { path, kind: 'forecast' }
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
