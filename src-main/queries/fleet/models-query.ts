// Accuracy of each model and calibration of the breach probabilities, as stated in model_accuracy.json.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { modelAccuracyResponseSchema, type ModelAccuracyResponse } from '../../../src-shared/ipc/fleet-view.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import type { OpenRun } from '../run/open-run.ts'

/** Throws run-damaged where the file is there and does not fit. */
export const queryModelAccuracy = async ({ contents }: OpenRun): Promise<ModelAccuracyResponse> => {
  if (!contents.presentFiles.has(runFiles.modelAccuracy)) return { accuracy: null }
  const path = join(contents.folder, runFiles.modelAccuracy)
  try {
    return modelAccuracyResponseSchema.parse({ accuracy: JSON.parse(await readFile(path, 'utf8')) })
  } catch (cause) {
    throw new HeadroomError('run-damaged', `${path} cannot be read.`, { next: 'Download or analyse the run again.', cause })
  }
}
