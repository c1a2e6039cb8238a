// Runs analyses for the window: forecasts or a new sample fleet, with progress, cancel and one final event.
import { rm } from 'node:fs/promises'
import type { AnalysisResult } from '../engine/analysis-request.ts'
import type { AnalyzeCall } from '../../src-shared/ipc/ipc-contract.ts'
import { toWireError } from '../../src-shared/run/errors.ts'
import { earlierRunFolder } from '../../src-shared/run/sample-runs.ts'
import type { RunEvent } from '../../src-shared/run/run-event.ts'

/** Share of the whole that writing the sample takes. */
const sampleShare = 0.1
const dayMs = 86_400_000
/** At the default size its fleet has every kind of recommendation. */
const sampleSeed = 7

export class AnalysisRunner {
  readonly #report: (analysisId: string, event: RunEvent) => void
  readonly #running = new Map<string, AbortController>()

  constructor(report: (analysisId: string, event: RunEvent) => void) {
    this.#report = report
  }

  /** Ends after its outcome was reported as an event; failing and cancelling are outcomes too. */
  async run(call: AnalyzeCall): Promise<void> {
    const { analysisId } = call
    const controller = new AbortController()
    this.#running.set(analysisId, controller)
    const startedAt = performance.now()
    const report = (event: RunEvent): void => this.#report(analysisId, event)
    try {
      const { folder, manifest } = await runAnalysis(call, controller.signal, report)
      const seconds = (performance.now() - startedAt) / 1000
      report({ type: 'finished', folder, counts: manifest.counts, seconds })
    } catch (thrown) {
      const error = toWireError(thrown)
      const isCancelled = controller.signal.aborted || error.code === 'cancelled'
      report(isCancelled ? { type: 'cancelled' } : { type: 'failed', error })
    } finally {
      this.#running.delete(analysisId)
    }
  }

  /** An analysis that has ended by now is left as it is. */
  cancel(analysisId: string): void {
    this.#running.get(analysisId)?.abort()
  }
}

const runAnalysis = async (
  { source, out, config, memoryLimit }: AnalyzeCall,
  signal: AbortSignal,
  report: (event: RunEvent) => void,
): Promise<AnalysisResult> => {
  const { analyze } = await import('../engine/analyze.ts')
  const request = { out, method: 'headroom', config, memoryLimit: memoryLimit ?? undefined } as const
  if (source.kind === 'forecast') {
    const serversTable = source.serversTable ?? undefined
    const eventsTable = source.eventsTable ?? undefined
    const model = source.model ?? undefined
    const { projects: projectsTable, drivers: driversTable, catalogue } = source.capacityTables
    const tables = { serversTable, eventsTable, projectsTable, driversTable, catalogue }
    return analyze({ ...request, inputs: source.paths, ...tables, model }, { signal, onEvent: forwardSteps(report, 0, 1) })
  }
  const { writeSampleFleet } = await import('../sample/write-sample-fleet.ts')
  const { yesterday } = await import('../sample/sample-calendar.ts')
  const { servers, isComplete } = source
  const end = source.end ?? yesterday(Date.now())
  const contents = isComplete ? 'complete' : 'forecasts'
  const sample = await writeSampleFleet(
    { servers, out: source.forecasts, granularity: 'daily', end, seed: sampleSeed, contents },
    { signal, onEvent: ({ label, progress }) => report({ type: 'step', label, progress: progress * sampleShare }) },
  )
  const { forecasts, serversTable, eventsTable, earlier = [] } = sample
  const share = (1 - sampleShare) / (earlier.length + 1)
  // The morning after the last measured day.
  const analyzedAt = (weeks: number): Date => new Date(Date.parse(end) + (1 - 7 * weeks) * dayMs)
  try {
    for (const [index, { weeks, forecasts: earlierForecasts }] of earlier.entries()) {
      const folder = earlierRunFolder(out, weeks)
      await rm(folder, { recursive: true, force: true })
      const past = { ...request, inputs: [earlierForecasts], serversTable, out: folder, analyzedAt: analyzedAt(weeks) }
      const onEvent = forwardSteps(report, sampleShare + index * share, share, `Run of ${weeks} weeks ago: `)
      await analyze(past, { signal, onEvent })
    }
    return await analyze(
      { ...request, inputs: [forecasts], serversTable, eventsTable, analyzedAt: analyzedAt(0) },
      { signal, onEvent: forwardSteps(report, 1 - share, share) },
    )
  } catch (error) {
    const files = [forecasts, serversTable, ...(eventsTable === undefined ? [] : [eventsTable]), ...earlier.map((past) => past.forecasts)]
    const folders = earlier.map(({ weeks }) => earlierRunFolder(out, weeks))
    await Promise.all([...files, ...folders].map((path) => rm(path, { recursive: true, force: true })))
    throw error
  }
}

/** Passes steps and warnings on; this process reports the end, once. */
const forwardSteps =
  (report: (event: RunEvent) => void, from: number, share: number, prefix = '') =>
  (event: RunEvent): void => {
    if (event.type === 'step') report({ ...event, label: `${prefix}${event.label}`, progress: from + event.progress * share })
    else if (event.type === 'started' || event.type === 'warning') report(event)
  }
