// The last stages of an analysis: measure backtests and horizon, write the artefacts, wait for the flagged file, finalise the folder.
import { join } from 'node:path'
import { z } from 'zod'
import type { PlacementCheck, RecommendationReport } from '../../src-shared/artefacts/recommendations.ts'
import type { GroupCount } from '../../src-shared/artefacts/run-summary.ts'
import type { CapacityReport } from '../../src-shared/artefacts/capacity.ts'
import type { EventReport } from '../../src-shared/artefacts/event-report.ts'
import type { RunCounts, RunWarning } from '../../src-shared/run/run-event.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { zoneClock, type ZoneClock } from '../../src-shared/run/zone-clock.ts'
import { literal, type Database } from '../database/database.ts'
import { collectGarbage } from '../database/result-memory.ts'
import { assertUnchanged } from '../forecasts/forecast-files.ts'
import type { AnalysisResult } from './analysis-request.ts'
import { collectWarnings } from './artefacts/collect-warnings.ts'
import { describeManifest } from './artefacts/describe-manifest.ts'
import { summarizeRun } from './artefacts/summarize-run.ts'
import { writeClusters, writeJson, writeJsonList, writeJsonWithLists } from './artefacts/write-artefacts.ts'
import { writeServerRisk } from './artefacts/write-server-risk.ts'
import { measureBacktests, type MeasuredBacktests } from './backtest/measure-backtests.ts'
import { measureModels } from './backtest/measure-models.ts'
import { readSimulationTask, type SimulationTask } from './breach/path-batches.ts'
import { assessCapacity, readCapacityTables, type CapacityTables } from './capacity/assess-capacity.ts'
import { warnOfUnknownProjects } from './capacity/assess-groups.ts'
import { clusterDemandQuery } from './capacity/assess-groups.ts'
import { readMetricColumns, storeSeriesCapacity } from './capacity/series-capacity.ts'
import { readPreviousPlan } from './recommendations/previous-plan.ts'
import { estimateBreaches, simulateWithin, type BreachFindings, type FleetSimulation } from './breach/estimate-breaches.ts'
import type { PathPool } from './breach/path-pool.ts'
import { countGroups } from './breach/group-counts.ts'
import type { BreachCount } from './breach/joint-breaches.ts'
import type { ClusteredServers } from './clusters/cluster-servers.ts'
import type { Run } from './create-run.ts'
import { assessEvents } from '../forecasts/assess-events.ts'
import type { AssessedFleet } from './fleet-stages.ts'
import { assertFileRows, type FlaggedFileWriting } from './flagged-forecasts/write-flagged-forecasts.ts'
import { planHeatmap } from './pictures/read-heatmap.ts'
import { startPictures, type PictureWriter } from './pictures/write-pictures.ts'
import { besides, startOnce, type OtherWork } from './other-work.ts'
import { isMemoryShort, mustDrawPathsAlone, parseMemoryLimit } from './resource-limits.ts'
import { assignRecommendations, type RecommendedFleet } from './recommendations/assign-recommendations.ts'
import { checkPlacementEarly } from './recommendations/check-placement.ts'
import { describeRecommendations, listRecommendations } from './recommendations/describe-recommendations.ts'
import type { SeasonReport } from '../../src-shared/artefacts/season.ts'

/** Results that go into the summary and the manifest. */
export interface Findings {
  readonly clusteredServers: ClusteredServers
  readonly season: SeasonReport
  readonly report: RecommendationReport
  /** Null without breach probabilities. */
  readonly atRiskCount: BreachCount | null
  readonly groupCounts: readonly GroupCount[] | null
  /** Null without an events table. */
  readonly events: EventReport | null
  readonly warnings: readonly RunWarning[]
}

/** Stages whose work other processes may do; by default this one does it. */
export interface FleetParts {
  readonly measure?: typeof measureBacktests
  readonly simulate?: FleetSimulation
}

/** The last stage that reads the forecasts of most series. */
export const measureHistory = async (
  { database, progress, staging }: Run,
  fleet: AssessedFleet,
  measure = measureBacktests,
): Promise<MeasuredBacktests> => {
  progress.start('season')
  const measured = await measure(database, fleet.config, fleet, join(staging.folder, runFiles.selectedSeries))
  await staging.seal(runFiles.selectedSeries)
  return measured
}

/** Writes every file except series, flagged forecasts, summary and manifest. */
export const measureFleet = async (
  run: Run,
  fleet: AssessedFleet,
  measured: MeasuredBacktests,
  otherWriting: Pick<FlaggedFileWriting, 'pause' | 'resume'>,
  simulate?: FleetSimulation,
): Promise<Findings> => {
  const limit = parseMemoryLimit(run.request.memoryLimit)
  const series = await countSeries(run.database)
  const isShort = isMemoryShort(limit, series)
  // Its thread loads while paths are drawn.
  const started = run.work.writePictures !== undefined || isShort ? undefined : startPictures()
  const painting = { write: run.work.writePictures ?? started?.write ?? writeInTurn, isLast: isShort }
  const drawn: DrawnPaths = { pool: null, isAlone: mustDrawPathsAlone(limit, series) }
  // A thread of paths takes as much memory as a tenth of the smallest limits; of a large fleet the paths take longest.
  const within = isShort
    ? simulateWithin(limit < leastLimitOfThreads ? 1 : undefined)
    : simulateWithin(undefined, (pool) => (drawn.pool = pool))
  try {
    return await measureWithPictures(run, fleet, measured, otherWriting, painting, simulate ?? within, drawn)
  } finally {
    await Promise.all([started?.close(), closePool(drawn)])
  }
}

/** A thread takes 40 MB. */
const leastLimitOfThreads = 1.5e9

/** What holds the whole fleet once its paths were drawn, threads or this one; null again when it is not needed any more. */
interface DrawnPaths {
  pool: PathPool | null
  /** Whether other work waits until they are drawn. */
  readonly isAlone: boolean
}

const closePool = async (drawn: DrawnPaths): Promise<void> => {
  const { pool } = drawn
  drawn.pool = null
  await pool?.close()
}

/** `isLast`: after the recommendations, not next to them. */
interface Painting {
  readonly write: PictureWriter
  readonly isLast: boolean
}

/** Draws in a thread that is started now and ended afterwards. */
const writeInTurn: PictureWriter = async (...task) => {
  const pictures = startPictures()
  try {
    await pictures.write(...task)
  } finally {
    await pictures.close()
  }
}

/** Of the run's dataset. Reads `series`. */
export const countSeries = async (database: Database): Promise<number> => {
  const { series } = await database.row('SELECT CAST(count(*) AS DOUBLE) AS series FROM series', z.object({ series: z.number() }))
  return series
}

const measureWithPictures = async (
  run: Run,
  fleet: AssessedFleet,
  measured: MeasuredBacktests,
  otherWriting: Pick<FlaggedFileWriting, 'pause' | 'resume'>,
  painting: Painting,
  simulate: FleetSimulation,
  drawn: DrawnPaths,
): Promise<Findings> => {
  const { pictures, ...findings } = await measurePaths(run, fleet, measured, otherWriting, painting, simulate, drawn)
  const { progress } = run
  progress.start('pictures')
  // The residuals that paths were drawn from are not referred to any more.
  if (painting.isLast) collectGarbage()
  await pictures.start()
  findings.warnings.forEach(progress.warn)
  return findings
}

/** All but the pictures, which are begun unless they are last. */
const measurePaths = async (
  run: Run,
  fleet: AssessedFleet,
  { season, measures, events, drivers }: MeasuredBacktests,
  otherWriting: Pick<FlaggedFileWriting, 'pause' | 'resume'>,
  painting: Painting,
  simulate: FleetSimulation,
  drawn: DrawnPaths,
): Promise<Findings & { readonly pictures: OtherWork<void> }> => {
  const { database, progress, work } = run
  // With the level of the bounds that the dataset states.
  const { config } = fleet
  progress.start('breaches')
  otherWriting.pause()
  const task = await readSimulationTask(database, config, fleet.grid, measures)
  const otherWork = startOnce(() => computeBesidePaths(run, fleet, task))
  const { scores, atRiskCount, sustainedBreaches, appliedEvents } = await besides(otherWork, async () => ({
    ...(await estimateBreaches(database, config, task, work.signal, () => void (drawn.isAlone || otherWork.start()), simulate)),
    appliedEvents: events === null ? null : await assessEvents(database, config, fleet.grid, events),
  }))
  otherWriting.resume()
  progress.start('clusters')
  if (drawn.isAlone) {
    collectGarbage()
    await run.fitDatabase(await countSeries(database), 'tables')
  }
  const { clusteredServers, earlyCheck } = await otherWork.start()
  const groupCounts = sustainedBreaches === null ? null : await countGroups(database, sustainedBreaches, clusteredServers)

  progress.start('recommend')
  // The recommendations compute on this thread; the others need the database and the renderer, and memory that a tight limit lacks.
  const pictures = picturesOf(run, fleet, clusteredServers, painting)
  const review = startOnce(() => reviewFleet(run, fleet))
  if (painting.isLast) collectGarbage()
  else for (const work of [pictures, review]) void work.start()
  const simulated = { task, drawn, earlyCheck, scores, drivers }
  const { report, warnings } = await besides(pictures, () =>
    besides(review, () => recommendFleet(run, fleet, clusteredServers, simulated, review.start, painting.isLast)),
  )
  const allWarnings = [...warnings, ...(appliedEvents?.warnings ?? [])]
  return {
    clusteredServers,
    season,
    report,
    atRiskCount,
    groupCounts,
    events: appliedEvents?.report ?? null,
    warnings: allWarnings,
    pictures,
  }
}

/** A function of its own: where it is written, all variables of its scope stay in memory as long as it does. */
const picturesOf = (run: Run, fleet: AssessedFleet, clusteredServers: ClusteredServers, { write }: Painting): OtherWork<void> =>
  startOnce(() => paintPictures(run, fleet, clusteredServers, write))

/** What needs neither probabilities nor their threads. Writes the clusters. */
const computeBesidePaths = async (
  { method, staging, database, work }: Run,
  { config, primaryMetric, validation }: AssessedFleet,
  task: SimulationTask | null,
): Promise<{ readonly clusteredServers: ClusteredServers; readonly earlyCheck: PlacementCheck | null }> => {
  const clusteredServers = await method.cluster(database, config, {
    primaryMetric,
    fixedPoint: validation.fixedPoint,
    signal: work.signal,
  })
  await writeClusters(staging.folder, clusteredServers)
  await staging.seal(runFiles.clusters)
  return { clusteredServers, earlyCheck: task === null ? null : await checkPlacementEarly(database, task, config, work.signal) }
}

/** What the simulation leaves to the recommendations. */
interface Simulated {
  readonly task: SimulationTask | null
  readonly drawn: DrawnPaths
  /** Null where it was not checked yet. */
  readonly earlyCheck: PlacementCheck | null
  readonly scores: BreachFindings['scores']
  readonly drivers: MeasuredBacktests['drivers']
}

/** Writes recommendations, risk, capacity and accuracy. */
const recommendFleet = async (
  run: Run,
  fleet: AssessedFleet,
  clusteredServers: ClusteredServers,
  { task, drawn, earlyCheck, scores, drivers }: Simulated,
  review: () => Promise<FleetReview>,
  isShort: boolean,
): Promise<Pick<Findings, 'report' | 'warnings'>> => {
  const { method, staging, database, request, work } = run
  const { config } = fleet
  const clock = zoneClock(fleet.zone.name)
  const previous = request.previousRun === undefined ? null : await readPreviousPlan(database, request.previousRun)
  const {
    fleet: recommended,
    readPlacement,
    warnings: placementWarnings,
  } = await assignRecommendations(
    database,
    config,
    task === null ? null : { task, pool: drawn.pool },
    earlyCheck,
    previous,
    clock,
    work.signal,
  )
  const capacityTables = fleet.capacityTables ?? (await readCapacityTables({}, config, fleet.zone.name))
  const groups = await describeRecommendations(recommended)
  // The database writes these while this thread writes the texts of the recommendations; in turn where memory is tight, as both take as much.
  const tables = startOnce(() => writeTables(run, fleet, clusteredServers, { recommended, capacityTables, task, drivers, clock }))
  if (isShort) {
    await tables.start()
    collectGarbage()
  } else void tables.start()
  const report = await besides(tables, async () => {
    const placement = await readPlacement()
    await closePool(drawn)
    const described = method.withSavings({ ...groups, placement }, clusteredServers, config)
    const recommendations = listRecommendations(recommended, config, (role) => fleet.dataset.columns[role]?.column, clock)
    await writeJsonList(staging.folder, runFiles.recommendations, described, 'recommendations', recommendations)
    await staging.seal(runFiles.recommendations)
    return described
  })
  const capacity = await tables.start()
  const { accuracy, warnings: reviewWarnings } = await review()
  await writeJson(staging.folder, runFiles.modelAccuracy, { ...accuracy, ...scores })
  await staging.seal(runFiles.modelAccuracy)
  const warnings = [
    ...(request.configWarnings ?? []),
    ...basisWarnings(run),
    ...fleet.dataset.warnings,
    ...fleet.timeWarnings,
    ...(fleet.tableWarnings ?? []),
    ...reviewWarnings.fleet,
    ...clusteredServers.warnings,
    ...reviewWarnings.models,
    ...placementWarnings,
    ...warnOfUnknownProjects(capacityTables.projects, capacity.groups),
  ]
  return { report, warnings }
}

/** What the tables are written from. */
interface TablesInput extends Pick<Simulated, 'task' | 'drivers'> {
  readonly recommended: RecommendedFleet
  readonly capacityTables: CapacityTables
  readonly clock: ZoneClock
}

/** Writes the risk of the servers and their capacity, which it returns. */
const writeTables = async (
  { staging, database, work }: Run,
  { config }: AssessedFleet,
  clusteredServers: ClusteredServers,
  { recommended, capacityTables, task, drivers, clock }: TablesInput,
): Promise<CapacityReport> => {
  const capacityColumns = await readMetricColumns(database, config)
  await storeSeriesCapacity(database, capacityColumns)
  await writeServerRisk(database, clusteredServers, recommended, join(staging.folder, runFiles.serverRisk))
  await staging.seal(runFiles.serverRisk)
  const capacity = await assessCapacity(database, config, capacityColumns, capacityTables, drivers, clock, task, work.signal)
  await writeJsonWithLists(staging.folder, runFiles.capacity, capacity)
  await staging.seal(runFiles.capacity)
  await database.run(
    `COPY (${clusterDemandQuery}) TO ${literal(join(staging.folder, runFiles.clusterDemand))} (FORMAT parquet, COMPRESSION zstd)`,
  )
  await staging.seal(runFiles.clusterDemand)
  return capacity
}

interface FleetReview {
  readonly accuracy: Awaited<ReturnType<typeof measureModels>>['accuracy']
  readonly warnings: { readonly fleet: readonly RunWarning[]; readonly models: readonly RunWarning[] }
}

/** The accuracy of the models, and what the figures warn of. On a connection of its own: the recommendations compute meanwhile. */
const reviewFleet = async ({ database }: Run, { config, grid, grids, zone }: AssessedFleet): Promise<FleetReview> => {
  const connection = await database.openConnection()
  try {
    const { accuracy, warnings: models } = await measureModels(connection, config)
    const clock = zoneClock(zone.name)
    const fleet = await collectWarnings(connection, config, { grid, grids, clock, now: new Date(), stages: 'complete' })
    return { accuracy, warnings: { fleet, models } }
  } finally {
    connection.close()
  }
}

/** Reads the heatmap on a connection of its own. */
const paintPictures = async (
  { database, staging }: Run,
  fleet: AssessedFleet,
  clusteredServers: ClusteredServers,
  writePictures: PictureWriter,
): Promise<void> => {
  const { config, primaryMetric, calendar, grid, zone } = fleet
  const connection = await database.openConnection()
  try {
    const heatmap = await planHeatmap(connection, config, primaryMetric, calendar, grid)
    await writePictures(staging.folder, heatmap, clusteredServers, config.underutilized_threshold, zoneClock(zone.name))
    for (const name of [runFiles.heatmapPicture, runFiles.clustersPicture]) await staging.seal(name)
  } finally {
    connection.close()
  }
}

/** A basis that the settings do not state is `probable`. */
const basisWarnings = ({ request, config, method }: Run): RunWarning[] =>
  method.name === 'headroom' && !config.breach_probability && (request.config['basis'] ?? 'probable') === 'probable'
    ? [{ code: 'basis-expected', message: "Breach probabilities are turned off: the forecast's P95 decides about risk (basis expected)." }]
    : []

const progressInterval = 100
/** How long the writing may go on by itself when nothing else is left to do. */
const maxWait = 1000

/** Waits until the flagged file is written; throws if that fails. */
export const awaitFlaggedFile = async ({ progress }: Run, flaggedFile: FlaggedFileWriting): Promise<void> => {
  progress.start('write')
  const timer = setInterval(() => progress.advance(flaggedFile.progress()), progressInterval)
  const waiting = setTimeout(() => flaggedFile.hurry(), maxWait)
  try {
    await flaggedFile.finished
  } finally {
    clearInterval(timer)
    clearTimeout(waiting)
  }
}

/** Writes summary and manifest, and turns the staging folder into the run folder. */
export const finaliseRun = async (run: Run, fleet: AssessedFleet, { warnings, ...findings }: Findings): Promise<AnalysisResult> => {
  const { request, work, staging, database, method, progress } = run
  progress.start('seal')
  const counts = await countFleet(database, fleet.validation.rows)
  const analyzedAt = request.analyzedAt ?? new Date()
  const rowCounts = await method.countRows(database, fleet.calendar)
  const summary = await summarizeRun(database, { ...findings, method: method.name, analyzedAt, counts, rowCounts })
  await writeJson(staging.folder, runFiles.summary, summary)
  await staging.seal(runFiles.summary)
  await assertUnchanged(fleet.dataset.files)
  await assertFileRows(database, join(staging.folder, runFiles.flaggedForecasts), counts.rows)
  for (const name of [runFiles.serverRisk, runFiles.selectedSeries])
    await assertFileRows(database, join(staging.folder, name), counts.series)
  const previousRun = findings.report.placement?.previous_run ?? null
  const manifest = await staging.commit(
    await describeManifest(database, { ...run, fleet, counts, warnings, analyzedAt, previousRun, timings: progress.timings() }),
  )
  const seconds = Math.round(performance.now() - run.startedAt) / 1000
  work.onEvent?.({ type: 'finished', folder: request.out, counts, seconds })
  return { folder: request.out, manifest, events: findings.events }
}

const countFleet = async (database: Database, rows: number): Promise<RunCounts> => {
  const counts = await database.row(
    `SELECT CAST(count(DISTINCT server_id) AS DOUBLE) AS total_servers,
            (SELECT CAST(count(*) FILTER (WHERE is_server_at_risk) AS DOUBLE) FROM server_verdicts) AS at_risk_servers,
            CAST(count(DISTINCT server_id) FILTER (WHERE is_underutilized) AS DOUBLE) AS underutilized_servers,
            (SELECT CAST(count(DISTINCT server_id) AS DOUBLE) FROM series WHERE is_silent) AS silent_servers,
            CAST(count(*) AS DOUBLE) AS series,
            (SELECT CAST(count(DISTINCT model) AS DOUBLE) FROM series_models) AS models
     FROM series_risk`,
    z.object({
      total_servers: z.number(),
      at_risk_servers: z.number(),
      underutilized_servers: z.number(),
      silent_servers: z.number(),
      series: z.number(),
      models: z.number(),
    }),
  )
  return { rows, ...counts }
}
