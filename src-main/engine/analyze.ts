// The analysis from end to end: forecasts in, run folder out. Each step is a file beside this one.
import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { AnalysisConfig } from '../../src-shared/config/analysis-config.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import type { EventReport } from '../../src-shared/artefacts/event-report.ts'
import type { RunCounts, RunWarning } from '../../src-shared/run/run-event.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { Database } from '../database/database.ts'
import { createStagingFolder, type StagingFolder } from '../run-folder/staging-folder.ts'
import type { AnalysisRequest, AnalysisResult, AnalysisWork } from './analysis-request.ts'
import { assessFleet, type AssessedFleet } from './risk/assess-fleet.ts'
import { estimateBreaches } from './breach/estimate-breaches.ts'
import { assessEvents } from '../forecasts/assess-events.ts'
import { assertDiskSpace, estimateRunBytes } from './check-disk-space.ts'
import { clusterServers, type ClusteredServers } from './clusters/cluster-servers.ts'
import { collectWarnings } from './artefacts/collect-warnings.ts'
import { describeManifest } from './artefacts/describe-manifest.ts'
import { explainFailure } from '../forecasts/forecast-dataset.ts'
import { describeRecommendations, listRecommendations, type RecommendationReport } from './recommendations/describe-recommendations.ts'
import { databaseMemory, parseMemoryLimit } from './memory-limit.ts'
import { measureBacktests, type MeasuredBacktests } from './backtest/measure-backtests.ts'
import { measureModels } from './backtest/measure-models.ts'
import { clusterByModule05, countFlaggedRows, module05Savings } from './methods/module05.ts'
import { parseConfig } from './parse-config.ts'
import { readHeatmap } from './pictures/read-heatmap.ts'
import { assignRecommendations } from './recommendations/assign-recommendations.ts'
import { createProgressReporter, type ProgressReporter } from './progress.ts'
import type { SeasonReport } from './season/fleet-season.ts'
import { assertUnchanged } from '../forecasts/forecast-files.ts'
import { summarizeRun } from './artefacts/summarize-run.ts'
import { writeClusters, writeJson, writeJsonList } from './artefacts/write-artefacts.ts'
import { startFlaggedForecasts, type FlaggedFileWriting } from './flagged-forecasts/write-flagged-forecasts.ts'
import { writePictures } from './pictures/write-pictures.ts'
import { writeServerRisk } from './artefacts/write-server-risk.ts'

/**
 * Analyses a forecast set into a run folder. Throws HeadroomError; after a failure or an abort nothing is left at `out`.
 * The same input, configuration and seed give the same bytes in every file but `analyzed_at` and the manifest.
 */
export const analyze = (request: AnalysisRequest, work: AnalysisWork = {}): Promise<AnalysisResult> =>
  createRun(request, work, forecastRunRows)

/** Where a run's rows come from. */
export interface RunInput {
  /** Leaves the tables that `assessFleet` leaves. */
  readonly assess: (run: Run, progress: ProgressReporter) => Promise<AssessedFleet>
  /** Begins to write the flagged file, beside all other work. */
  readonly startFlaggedFile: (run: Run, fleet: AssessedFleet, path: string) => Promise<FlaggedFileWriting>
}

/** The rows of a forecast set, as `analyze` takes them. */
const forecastRunRows: RunInput = {
  assess: ({ request, config, staging, database }, progress) =>
    assessFleet(database, request, config, progress, {
      onOpened: async ({ files }) => assertDiskSpace(staging.folder, request.out, estimateRunBytes(files)),
    }),
  startFlaggedFile: ({ database, spillFolder, work }, fleet, path) =>
    startFlaggedForecasts(database, { ...fleet, rows: fleet.validation.rows, path, spillFolder, signal: work.signal }),
}

/** A run folder from rows of any kind; as `analyze`. */
export const createRun = async (request: AnalysisRequest, work: AnalysisWork, rows: RunInput): Promise<AnalysisResult> => {
  const startedAt = performance.now()
  const config = parseConfig(request.config, request.method)
  const staging = await createStagingFolder(request.out)
  const spillFolder = join(staging.folder, '.spill')
  try {
    await mkdir(spillFolder)
    const memoryLimit = databaseMemory(parseMemoryLimit(request.memoryLimit))
    const database = await Database.open({ threads: request.threads, memoryLimit, spillFolder, signal: work.signal })
    try {
      const runId = request.runId ?? randomUUID()
      work.onEvent?.({ type: 'started', run_id: runId, inputs: [...request.inputs] })
      return await runSteps({ request, work, config, staging, database, runId, spillFolder, startedAt }, rows)
    } finally {
      database.close()
    }
  } catch (thrown) {
    await staging.discard()
    throw isDiskFull(thrown)
      ? new HeadroomError('disk-full', 'The disk is full.', { next: 'Free some space and run again.', cause: thrown })
      : thrown
  }
}

/** As the file system says it; DuckDB has words of its own for it. */
const isDiskFull = (thrown: unknown): boolean => (thrown as NodeJS.ErrnoException).code === 'ENOSPC'

/** What is under way. */
export interface Run {
  readonly request: AnalysisRequest
  readonly work: AnalysisWork
  readonly config: AnalysisConfig
  readonly staging: StagingFolder
  readonly database: Database
  readonly runId: string
  readonly spillFolder: string
  readonly startedAt: number
}

const runSteps = async (run: Run, rows: RunInput): Promise<AnalysisResult> => {
  const progress = createProgressReporter(run.work.onEvent)
  const fleet = await rows.assess(run, progress)
  try {
    return await writeRun(run, rows, fleet, progress)
  } catch (thrown) {
    throw await explainFailure(fleet.dataset, thrown)
  }
}

const writeRun = async (run: Run, rows: RunInput, fleet: AssessedFleet, progress: ProgressReporter): Promise<AnalysisResult> => {
  const { request, work, config, staging, database } = run
  // The flagged file takes the longest and needs nothing that follows, so it is written beside it.
  const flagged = await rows.startFlaggedFile(run, fleet, join(staging.folder, runFiles.flaggedForecasts))
  const { clusteredServers, season, report, events, warnings } = await finishOtherWork(flagged, async () => {
    progress.start('season')
    return writeFindings(run, fleet, await measureBacktests(database, config, fleet), progress)
  })
  progress.start('write')
  await awaitFlaggedFile(flagged, progress)

  progress.start('seal')
  const counts = await countFleet(database, fleet.validation.rows)
  const analyzedAt = new Date()
  await writeJson(
    staging.folder,
    runFiles.summary,
    await summarizeRun(database, {
      analyzedAt,
      counts,
      clusteredServers,
      season,
      report,
      events,
      rowCounts: request.method === 'module05' ? await countFlaggedRows(database, fleet.calendar) : null,
    }),
  )
  await rm(run.spillFolder, { recursive: true, force: true })
  await assertUnchanged(fleet.dataset.files)
  const manifest = await staging.commit(
    await describeManifest(database, { ...run, fleet, counts, warnings, analyzedAt, timings: progress.timings() }),
  )
  work.onEvent?.({
    type: 'finished',
    folder: request.out,
    counts,
    seconds: Math.round(performance.now() - run.startedAt) / 1000,
  })
  return { folder: request.out, manifest, events }
}

interface Findings {
  readonly clusteredServers: ClusteredServers
  readonly season: SeasonReport
  readonly report: RecommendationReport
  /** Null without an events table. */
  readonly events: EventReport | null
  readonly warnings: readonly RunWarning[]
}

/** Everything but the flagged forecasts and the summary. */
const writeFindings = async (
  run: Run,
  fleet: AssessedFleet,
  { season, backtestResiduals, events }: MeasuredBacktests,
  progress: ProgressReporter,
): Promise<Findings> => {
  const { request, config, staging, database, work } = run
  progress.start('clusters')
  const clusteredServers =
    request.method === 'module05'
      ? await clusterByModule05(database, config, fleet.validation.fixedPoint, work.signal)
      : await clusterServers(database, config, fleet.primaryMetric, work.signal)
  await writeClusters(staging.folder, clusteredServers)

  progress.start('breaches')
  const breaches = await estimateBreaches(database, config, fleet.grid, backtestResiduals, work.signal)

  const appliedEvents = events === null ? null : await assessEvents(database, config, fleet.grid, events)

  progress.start('recommend')
  const recommended = await assignRecommendations(database, config)
  const baseReport = await describeRecommendations(recommended)
  const report =
    request.method === 'module05'
      ? {
          ...baseReport,
          total_savings_usd: module05Savings(clusteredServers.clusters[0]?.size ?? 0, config),
          underutilized_count: clusteredServers.clusters[0]?.size ?? 0,
        }
      : baseReport
  const recommendations = listRecommendations(recommended, config, (role) => fleet.dataset.columns[role]?.column)
  await writeJsonList(staging.folder, runFiles.recommendations, report, 'recommendations', recommendations)
  await writeServerRisk(database, clusteredServers, recommended, join(staging.folder, runFiles.serverRisk))
  const { accuracy, warnings: accuracyWarnings } = await measureModels(database, config)
  await writeJson(staging.folder, runFiles.modelAccuracy, { ...accuracy, ...breaches })
  const warnings = [
    ...(await collectWarnings(database, config, fleet.grid, new Date())),
    ...clusteredServers.warnings,
    ...accuracyWarnings,
    ...(appliedEvents?.warnings ?? []),
  ]
  warnings.forEach(progress.warn)

  progress.start('pictures')
  const heatmap = await readHeatmap(database, config, fleet.primaryMetric, fleet.calendar, fleet.grid)
  await writePictures(staging.folder, heatmap, clusteredServers, config.underutilized_threshold)
  return { clusteredServers, season, report, events: appliedEvents?.report ?? null, warnings }
}

const progressInterval = 100

/** Runs other work meanwhile; where that fails, the writing is stopped before the failure goes on. */
const finishOtherWork = async <T>(flaggedWriting: FlaggedFileWriting, otherWork: () => Promise<T>): Promise<T> => {
  try {
    return await otherWork()
  } catch (thrown) {
    await flaggedWriting.stop()
    throw thrown
  }
}

const awaitFlaggedFile = async (flaggedWriting: FlaggedFileWriting, progress: ProgressReporter): Promise<void> => {
  const timer = setInterval(() => progress.advance(flaggedWriting.progress()), progressInterval)
  try {
    await flaggedWriting.finished
  } finally {
    clearInterval(timer)
  }
}

const countFleet = async (database: Database, rows: number): Promise<RunCounts> => {
  const counts = await database.row(
    `SELECT CAST(count(DISTINCT server_id) AS DOUBLE) AS total_servers,
            CAST(count(DISTINCT server_id) FILTER (WHERE is_at_risk) AS DOUBLE) AS at_risk_servers,
            CAST(count(DISTINCT server_id) FILTER (WHERE is_underutilized) AS DOUBLE) AS underutilized_servers,
            CAST(count(*) AS DOUBLE) AS series,
            (SELECT CAST(count(DISTINCT model) AS DOUBLE) FROM series_models) AS models
     FROM series_risk`,
    z.object({
      total_servers: z.number(),
      at_risk_servers: z.number(),
      underutilized_servers: z.number(),
      series: z.number(),
      models: z.number(),
    }),
  )
  return { rows, ...counts }
}
