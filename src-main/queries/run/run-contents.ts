// What lies in a run folder: its kind, manifest and small JSON files, and which files are absent.
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { runFiles, type RunManifest } from '../../../src-shared/run/run-manifest.ts'
import type { RunKind } from '../../../src-shared/ipc/run-view.ts'
import { readRunFolder } from '../../run-folder/read-run-folder.ts'
import { readRecommendationsFile, type RecommendationEntries } from '../../run-folder/recommendations-file.ts'

/** The Python job's summary; every key may be absent. */
const looseSummarySchema = z.looseObject({
  analyzed_at: z.string().optional(),
  total_servers: z.number().optional(),
  at_risk_servers: z.number().optional(),
  underutilized_servers: z.number().optional(),
  optimization_savings_usd: z.number().optional(),
})
const looseRecommendationsSchema = z.looseObject({ total_savings_usd: z.number().optional() })

export interface RunContents {
  readonly folder: string
  readonly kind: RunKind
  readonly manifest: RunManifest | null
  readonly summary: z.infer<typeof looseSummarySchema> | null
  /** Without the list where the file is too long to be read whole. */
  readonly recommendations: z.infer<typeof looseRecommendationsSchema> | null
  /** The list of such a file. */
  readonly recommendationEntries: RecommendationEntries | null
  /** Names of the run's files that are there. */
  readonly presentFiles: ReadonlySet<string>
}

/** Reads everything but the tables. `mostWhole`: bytes of recommendations that are read whole. Throws `run-not-found` or `run-damaged`. */
export const readRunContents = async (folder: string, maxWholeBytes?: number): Promise<RunContents> => {
  const run = await readRunFolder(folder)
  const presentFiles = new Set<string>()
  for (const name of Object.values(runFiles)) if (await fileExists(join(folder, name))) presentFiles.add(name)
  if (!presentFiles.has(runFiles.flaggedForecasts)) {
    throw new HeadroomError('run-damaged', `${folder} lacks ${runFiles.flaggedForecasts}.`)
  }
  if (run.kind === 'headroom' && !presentFiles.has(runFiles.serverRisk)) {
    throw new HeadroomError('run-damaged', `${folder} lacks ${runFiles.serverRisk}, which its manifest names.`)
  }
  const recommendations = presentFiles.has(runFiles.recommendations)
    ? await readChecked(join(folder, runFiles.recommendations), async (path) => {
        // The Python job's lists are laid out otherwise.
        const { head, entries } = await readRecommendationsFile(path, run.kind === 'headroom' ? maxWholeBytes : Number.POSITIVE_INFINITY)
        return { stated: looseRecommendationsSchema.parse(head), entries }
      })
    : null
  return {
    folder,
    kind: run.kind,
    manifest: run.kind === 'headroom' ? run.manifest : null,
    summary: presentFiles.has(runFiles.summary)
      ? await readChecked(join(folder, runFiles.summary), async (path) =>
          looseSummarySchema.parse(JSON.parse(await readFile(path, 'utf8'))),
        )
      : null,
    recommendations: recommendations?.stated ?? null,
    recommendationEntries: recommendations?.entries ?? null,
    presentFiles,
  }
}

const readChecked = async <Value>(path: string, read: (path: string) => Promise<Value>): Promise<Value> => {
  try {
    return await read(path)
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : cause instanceof Error ? cause.message : String(cause)
    throw new HeadroomError('run-damaged', `${path} cannot be read: ${reason}`, { cause })
  }
}

const fileExists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
