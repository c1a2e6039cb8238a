// The analysis from end to end, stage by stage: forecasts in, run folder out.
import { join } from 'node:path'
import { z } from 'zod'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import type { Database } from '../database/database.ts'
import { explainFailure } from '../forecasts/dataset-failures.ts'
import { hasForecasts, type ForecastDataset } from '../forecasts/forecast-dataset.ts'
import type { ForecastFile } from '../forecasts/forecast-files.ts'
import { hashInputs } from '../forecasts/input-hashes.ts'
import { assertClearUnits } from '../forecasts/unclear-units.ts'
import type { AnalysisRequest, AnalysisResult, AnalysisWork } from './analysis-request.ts'
import {
  assertDiskSpace,
  assertMemoryLimit,
  estimateConvertedBytes,
  estimateRunBytes,
  isMemoryShort,
  parseMemoryLimit,
} from './resource-limits.ts'
import { createRun, type Run } from './create-run.ts'
import { toPercentOfCapacity } from './capacity/percent-of-capacity.ts'
import { addBaselines } from './baselines.ts'
import { forecastFleet } from './forecast-fleet.ts'
import {
  assessFleetRisk,
  openFleet,
  profileFleet,
  selectFleetModels,
  validateFleet,
  withStatedLevel,
  type AssessedFleet,
  type FleetOptions,
  type FleetRequest,
  type FleetWork,
} from './fleet-stages.ts'
import { backgroundBytes } from './flagged-forecasts/flag-writers.ts'
import { startFlaggedForecasts, type FlaggedFileWriting } from './flagged-forecasts/write-flagged-forecasts.ts'
import { awaitFlaggedFile, countSeries, finaliseRun, measureFleet, measureHistory, type FleetParts } from './run-stages.ts'

/**
 * Analyses forecasts into a run folder. Throws HeadroomError; after a failure or an abort nothing is left at `out`.
 * Equal input, configuration and seed give equal bytes, except for `analyzed_at` and the manifest.
 */
export const analyze = (request: AnalysisRequest, work: AnalysisWork = {}): Promise<AnalysisResult> =>
  createRun(request, work, async (run) => {
    const hashing = new AbortController()
    let inputHashes: AssessedFleet['inputHashes'] | undefined
    const startHashing = (files: readonly ForecastFile[]): void => {
      inputHashes ??= hashInputs(files, hashing.signal)
      // A failure ends the run where the hashes are awaited.
      inputHashes.catch(() => undefined)
    }
    try {
      const given = await openFleet(run, request, {
        conversionFolder: run.spillFolder,
        measurements: request.method === 'headroom' ? 'accepted' : 'refused',
        onOpened: async (files, isConverted) => {
          await assertDiskSpace(run.staging.folder, request.out, isConverted ? estimateConvertedBytes(files) : estimateRunBytes(files))
          startHashing(files)
        },
      })
      const scaled =
        request.method === 'headroom' ? await toPercentOfCapacity(run, given, request.serversTable) : { dataset: given, config: run.config }
      const percentRun = { ...run, config: scaled.config }
      const dataset = !hasForecasts(scaled.dataset)
        ? await forecastFleet(percentRun, scaled.dataset)
        : run.config.with_baselines
          ? await addBaselines(percentRun, scaled.dataset)
          : scaled.dataset
      const fleet = await assessDataset({ ...percentRun, config: withStatedLevel(scaled.config, dataset) }, request, dataset, {
        onProfiled: async () => {
          const series = await countSeries(run.database)
          assertMemoryLimit(request.memoryLimit, series)
          await run.fitDatabase(series)
        },
        checkServers: work.checkServers,
      })
      const limit = parseMemoryLimit(request.memoryLimit)
      const series = await countSeries(run.database)
      return await completeRun(run, { ...fleet, ...(inputHashes === undefined ? {} : { inputHashes }) }, (path) =>
        startFlaggedForecasts(run.database, {
          ...fleet,
          rows: fleet.validation.rows,
          path,
          spillFolder: run.spillFolder,
          hasRoomForProcess: !isMemoryShort(limit - backgroundBytes, series),
          isMemoryShort: isMemoryShort(limit, series),
          signal: work.signal,
        }),
      )
    } finally {
      hashing.abort()
      await inputHashes?.catch(() => undefined)
    }
  })

/** Reads the inputs and assesses the risk of every series. The tables of each stage stay in the database. */
export const assessFleet = async (work: FleetWork, request: FleetRequest, options: FleetOptions = {}): Promise<AssessedFleet> => {
  const dataset = await openFleet(work, request, options)
  return assessDataset({ ...work, config: withStatedLevel(work.config, dataset) }, request, dataset, options)
}

/** The same for a dataset that is open; `work` has its interval level. */
export const assessDataset = async (
  work: FleetWork,
  request: Omit<FleetRequest, 'inputs'>,
  dataset: ForecastDataset,
  { flags = 'rejected', onProfiled, checkServers }: Pick<FleetOptions, 'flags' | 'onProfiled'> & Pick<AnalysisWork, 'checkServers'> = {},
): Promise<AssessedFleet> => {
  try {
    const validated = await validateFleet(work, request, dataset)
    const profiled = await profileFleet(work, validated)
    await onProfiled?.()
    await checkServers?.(await readServerNames(work.database))
    // A result that is opened again was judged when it was written.
    if (flags !== 'ignored') await assertClearUnits(work.database, dataset, work.config)
    const selected = await selectFleetModels(work, profiled, request.model)
    return await assessFleetRisk(work, selected)
  } catch (thrown) {
    throw await explainFailure(work.database, dataset, thrown)
  }
}

const readServerNames = async (database: Database): Promise<string[]> => {
  const rows = await database.rows('SELECT DISTINCT server_id FROM series ORDER BY server_id', z.object({ server_id: z.string() }))
  return rows.map(({ server_id }) => server_id)
}

/**
 * Turns the assessed fleet into a run folder. `startFlaggedFile` starts writing the flagged file in parallel with the stages that compute mostly
 * on one thread; it waits while the paths are drawn, which take all. `parts`: work that other processes have done.
 */
export const completeRun = async (
  given: Run,
  fleet: AssessedFleet,
  startFlaggedFile: (path: string) => Promise<FlaggedFileWriting>,
  parts: FleetParts = {},
): Promise<AnalysisResult> => {
  const run = { ...given, config: fleet.config }
  try {
    const flaggedFile = sealedWriting(run, await startFlaggedFile(join(run.staging.folder, runFiles.flaggedForecasts)))
    const findings = await stopOnFailure(flaggedFile, async () =>
      measureFleet(run, fleet, await measureHistory(run, fleet, parts.measure), flaggedFile, parts.simulate),
    )
    await awaitFlaggedFile(run, flaggedFile)
    return await finaliseRun(run, fleet, findings)
  } catch (thrown) {
    throw await explainFailure(run.database, fleet.dataset, thrown)
  }
}

/** The file is sealed as soon as it is written. */
const sealedWriting = ({ staging }: Run, writing: FlaggedFileWriting): FlaggedFileWriting => {
  const seal = async (): Promise<string | undefined> => {
    const sha256 = await writing.finished
    await staging.seal(runFiles.flaggedForecasts, sha256)
    return sha256
  }
  const finished = seal()
  // Awaited at the end; until then a failure must not count as unhandled.
  finished.catch(() => undefined)
  return {
    ...writing,
    finished,
    stop: async () => {
      await writing.stop()
      await finished.catch(() => undefined)
    },
  }
}

/** Stops writing the file when the other work fails. */
const stopOnFailure = async <T>(flaggedFile: FlaggedFileWriting, otherWork: () => Promise<T>): Promise<T> => {
  try {
    return await otherWork()
  } catch (thrown) {
    await flaggedFile.stop()
    throw thrown
  }
}
