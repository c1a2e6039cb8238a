// Reads capacity.json of a run, once for all questions about it.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import {
  capacityGroupSchema,
  capacitySummarySchema,
  type CapacityGroup,
  type CapacitySummary,
} from '../../../src-shared/artefacts/capacity.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import type { RunContents } from '../run/run-contents.ts'

interface CapacityFile {
  readonly summary: CapacitySummary
  /** With the curves of their demand. */
  readonly clusters: readonly CapacityGroup[]
}

const groupsSchema = z.object({ groups: z.array(z.object({ kind: z.string() }).loose()) })

const readCapacityFile = async (path: string): Promise<CapacityFile> => {
  try {
    const content: unknown = JSON.parse(await readFile(path, 'utf8'))
    const clusters = groupsSchema.parse(content).groups.filter(({ kind }) => kind === 'cluster')
    return { summary: capacitySummarySchema.parse(content), clusters: z.array(capacityGroupSchema).parse(clusters) }
  } catch (cause) {
    throw new HeadroomError('run-damaged', `${path} cannot be read.`, { next: 'Download or analyse the run again.', cause })
  }
}

const files = new WeakMap<RunContents, Promise<CapacityFile>>()

/** Null for a run of an older version. Throws run-damaged for an invalid file. */
const capacityFileOf = async (contents: RunContents): Promise<CapacityFile | null> => {
  if (!contents.presentFiles.has(runFiles.capacity)) return null
  const file = files.get(contents) ?? readCapacityFile(join(contents.folder, runFiles.capacity))
  files.set(contents, file)
  return file
}

/** Null and errors as above. */
export const readCapacityReport = async (contents: RunContents): Promise<CapacitySummary | null> =>
  (await capacityFileOf(contents))?.summary ?? null

/** The clusters of the report; errors as above. */
export const readClusters = async (contents: RunContents): Promise<readonly CapacityGroup[]> =>
  (await capacityFileOf(contents))?.clusters ?? []
