// Runs analyses for the window: forecasts or a new sample fleet, with progress, cancel and one final event.
import { rm } from 'node:fs/promises'
import type { AnalysisResult } from '../engine/analysis-request.ts'
import type { AnalyzeCall } from '../../src-shared/ipc/ipc-contract.ts'
import { toWireError } from '../../src-shared/run/errors.ts'
import type { RunEvent } from '../../src-shared/run/run-event.ts'

/** Share of the whole that writing the sample takes. */
const sampleShare = 0.25
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
    return analyze({ ...request, inputs: source.paths, ...tables, model }, { signal, onEvent: forwardSteps(report, 0) })
  }
  const { writeSampleFleet } = await import('../sample/write-sample-fleet.ts')
  const { yesterday } = await import('../sample/sample-calendar.ts')
  const { forecasts, serversTable } = await writeSampleFleet(
    { servers: source.servers, out: source.forecasts, granularity: 'daily', end: source.end ?? yesterday(Date.now()), seed: sampleSeed },
    { signal, onEvent: ({ label, progress }) => report({ type: 'step', label, progress: progress * sampleShare }) },
  )
  try {
    return await analyze({ ...request, inputs: [forecasts], serversTable }, { signal, onEvent: forwardSteps(report, sampleShare) })
  } catch (error) {
    await Promise.all([forecasts, serversTable].map((file) => rm(file, { force: true })))
    throw error
  }
}

/** Passes steps and warnings on; this process reports the end, once. */
const forwardSteps =
  (report: (event: RunEvent) => void, from: number) =>
  (event: RunEvent): void => {
    if (event.type === 'step') report({ ...event, progress: from + event.progress * (1 - from) })
    else if (event.type === 'started' || event.type === 'warning') report(event)
  }
