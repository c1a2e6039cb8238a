// Contents of a run folder: its kind, manifest and small JSON files, and which files are absent.
import { createReadStream } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { recommendationTotalsSchema, type RecommendationTotals } from '../../../src-shared/artefacts/recommendations.ts'
import { statedSummarySchema, type StatedSummary } from '../../../src-shared/artefacts/run-summary.ts'
import { describeValidationRule } from '../../../src-shared/config/describe-validation-issue.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { runFiles, type RunManifest } from '../../../src-shared/run/run-manifest.ts'
import type { RunKind } from '../../../src-shared/ipc/run-view.ts'
import { modelAccuracyResponseSchema, type ModelAccuracyResponse } from '../../../src-shared/ipc/fleet-view.ts'
import { readRunFolder } from '../../run-folder/read-run-folder.ts'

export interface RunContents {
  readonly folder: string
  readonly kind: RunKind
  readonly manifest: RunManifest | null
  readonly summary: StatedSummary | null
  /** From optimization_recommendations.json, without the list of recommendations. */
  readonly recommendationTotals: RecommendationTotals | null
  /** Names of the run's files that exist. */
  readonly presentFiles: ReadonlySet<string>
}

/** Reads everything but the tables. Throws run-not-found or run-damaged. */
export const readRunContents = async (folder: string): Promise<RunContents> => {
  const run = await readRunFolder(folder)
  const presentFiles = new Set<string>()
  for (const name of Object.values(runFiles)) if (await fileExists(join(folder, name))) presentFiles.add(name)
  if (!presentFiles.has(runFiles.flaggedForecasts)) {
    throw new HeadroomError('run-damaged', `${folder} lacks ${runFiles.flaggedForecasts}.`)
  }
  if (run.kind === 'headroom' && !presentFiles.has(runFiles.serverRisk)) {
    throw new HeadroomError('run-damaged', `${folder} lacks ${runFiles.serverRisk}, which its manifest names.`)
  }
  return {
    folder,
    kind: run.kind,
    manifest: run.kind === 'headroom' ? run.manifest : null,
    summary: presentFiles.has(runFiles.summary)
      ? await readChecked(join(folder, runFiles.summary), async (path) =>
          statedSummarySchema.parse(JSON.parse(await readFile(path, 'utf8'))),
        )
      : null,
    recommendationTotals: presentFiles.has(runFiles.recommendations)
      ? await readChecked(join(folder, runFiles.recommendations), readRecommendationTotals)
      : null,
    presentFiles,
  }
}

/** The list comes last in the engine's file, and grows with the fleet: it is left unread. */
const listStart = '\n  "recommendations": ['

/** A file in another layout, as Module 05 wrote it, is parsed whole. Throws what reading and parsing throw. */
export const readRecommendationTotals = async (path: string): Promise<RecommendationTotals> => {
  let text = ''
  for await (const chunk of createReadStream(path, 'utf8') as AsyncIterable<string>) {
    const searched = Math.max(0, text.length - listStart.length)
    text += chunk
    const end = text.indexOf(listStart, searched)
    if (end >= 0) return recommendationTotalsSchema.parse(JSON.parse(`${text.slice(0, end).replace(/,$/, '')}}`))
  }
  return recommendationTotalsSchema.parse(JSON.parse(text))
}

/** Accuracy of each model and calibration of the probabilities, as model_accuracy.json states them. Throws run-damaged for an invalid file. */
export const queryModelAccuracy = async ({ contents }: { readonly contents: RunContents }): Promise<ModelAccuracyResponse> => {
  if (!contents.presentFiles.has(runFiles.modelAccuracy)) return { accuracy: null }
  const path = join(contents.folder, runFiles.modelAccuracy)
  try {
    return modelAccuracyResponseSchema.parse({ accuracy: JSON.parse(await readFile(path, 'utf8')) })
  } catch (cause) {
    throw new HeadroomError('run-damaged', `${path} cannot be read.`, { next: 'Download or analyse the run again.', cause })
  }
}

const readChecked = async <Value>(path: string, read: (path: string) => Promise<Value>): Promise<Value> => {
  try {
    return await read(path)
  } catch (cause) {
    const reason =
      cause instanceof z.ZodError
        ? describeValidationRule(cause)
        : cause instanceof SyntaxError
          ? 'it is damaged JSON'
          : 'the system does not let it be read'
    throw new HeadroomError('run-damaged', `${path} cannot be read: ${reason}.`, { next: 'Download or analyse the run again.', cause })
  }
}

const fileExists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
