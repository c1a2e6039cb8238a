// Reads capacity.json of a run.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { capacityReportSchema, type CapacityReport } from '../../../src-shared/artefacts/capacity.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import type { RunContents } from '../run/run-contents.ts'

/** Null for a run of an older version. Throws run-damaged for an invalid file. */
export const readCapacityReport = async ({ folder, presentFiles }: RunContents): Promise<CapacityReport | null> => {
  if (!presentFiles.has(runFiles.capacity)) return null
  const path = join(folder, runFiles.capacity)
  try {
    return capacityReportSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (cause) {
    throw new HeadroomError('run-damaged', `${path} cannot be read.`, { next: 'Download or analyse the run again.', cause })
  }
}
