// Draws and measures the paths of some series: over backtest windows for the calibration, over their horizons for the figures of the fleet.
import { pathMomentColumns } from '../../../src-shared/artefacts/server-risk.ts'
import { calibrate, type Calibration } from '../../statistics/beta-calibration.ts'
import type { DemandLayout, DemandRequest, DemandServer } from '../recommendations/draw-demand.ts'
import { drawHere, type DemandSource } from '../recommendations/joint-demand.ts'
import { findLikelyRaw, findLikelyValue } from '../../statistics/likely-value.ts'
import { exceedanceProbability } from '../../statistics/student-t4.ts'
import { thresholdShares } from './calibration.ts'
import { FleetRecorder, Simulation, type CurveRows, type EventPair, type FleetPaths } from './fleet-paths.ts'
import {
  createHorizonSource,
  createWindowSource,
  horizonMeansOf,
  rangeOf,
  windowForecastOf,
  windowSeedOf,
  type PathBatch,
  type PathTask,
} from './path-batches.ts'
import { JointPaths } from './joint-paths.ts'
import type { StepRange } from './residual-runs.ts'
import type { SentPathTask } from './send-path-task.ts'
import { sumOf } from '../../statistics/percentile.ts'
import { drawPaths, hasResiduals, measureHalves, windowPathCount, type PathSource } from './simulate-paths.ts'
import type { HorizonForecasts } from './horizon-file.ts'

/** What a thread knows from the start. */
export interface PathSetup {
  readonly task: PathTask
  /** Filled in. */
  readonly paths: FleetPaths
}

/** The same as a thread is given it. */
export interface PathThreadSetup extends Omit<PathSetup, 'task'> {
  readonly task: SentPathTask
}

export interface WindowMember {
  /** Index in the batch. */
  readonly s: number
  /** Number of the window, 0 the latest. */
  readonly age: number
  /** Maximum measured value of the series outside of the window; -Infinity without one. */
  readonly maxOutside: number
}

/** A backtest window with the series that have it. */
export interface SampledWindow {
  readonly range: StepRange
  readonly members: readonly WindowMember[]
}

/** The horizons of a batch, or of some of its series, in its order. */
export interface BatchHorizons {
  readonly forecasts: HorizonForecasts
  readonly calibrations: EventPair<Calibration>
}

/** Series of the batch from `from` up to, but without, `to`. */
export interface SeriesShare {
  readonly from: number
  readonly to: number
}

export type PathRequest =
  | { readonly batch: PathBatch }
  | { readonly window: SampledWindow }
  | { readonly horizons: BatchHorizons }
  | { readonly share: SeriesShare }
  /** Over the horizon, of a batch that is the whole fleet: demand to be filled in, or summed by host. */
  | { readonly demand: DemandRequest }
  | { readonly hosts: readonly (readonly DemandServer[])[]; readonly layout: DemandLayout }

export interface PathAnswer {
  /** Raw probabilities by member of the window, then by share of the threshold (`thresholdShares`). */
  readonly raw?: EventPair<Float64Array>
  readonly curve?: CurveRows
  /** Indexes in ThresholdSeries of series without residuals, their own or borrowed: nothing is known of them yet. */
  readonly withoutResiduals?: readonly number[]
  /** Highest values on each path of the sums of each host. */
  readonly maxima?: Float32Array
}

/** Answers for one batch after the other: a request for its windows or series follows that with the batch, and that with its horizons. */
export class PathWork {
  readonly #task: PathTask
  readonly #paths: FleetPaths
  readonly #simulation = new Simulation()
  readonly #windowSimulation = new Simulation(windowPathCount)
  readonly #recorder: FleetRecorder
  #batch: PathBatch | undefined
  #plan: DemandSource | undefined
  #horizons: (BatchHorizons & { readonly source: PathSource; readonly likelyRaw: number }) | undefined

  constructor({ task, paths }: PathSetup) {
    this.#task = task
    this.#paths = paths
    this.#recorder = new FleetRecorder(task, paths, this.#simulation)
  }

  async answer(request: PathRequest): Promise<PathAnswer> {
    if ('window' in request) return { raw: this.#sampleWindow(request.window) }
    if ('share' in request) return this.#simulateSeries(request.share)
    if ('hosts' in request) return { maxima: await this.#planSource().sumHosts(request.hosts, request.layout) }
    if ('demand' in request) await this.#planSource().draw(request.demand)
    else if ('batch' in request) {
      this.#batch = request.batch
      this.#horizons = undefined
      this.#plan = undefined
    } else {
      const { calibrations } = request.horizons
      // The horizons of a batch may come some series at a time; what all of them draw from is the same.
      const source = this.#horizons?.source ?? createHorizonSource(this.#task, this.#batch!, this.#task.config.seed)
      this.#horizons = { ...request.horizons, source, likelyRaw: findLikelyRaw(calibrations.sustained) }
    }
    return {}
  }

  #planSource(): DemandSource {
    return (this.#plan ??= drawHere(JointPaths.ofLoaded({ task: this.#task, batches: [this.#batch!] }, null), undefined))
  }

  #sampleWindow({ range, members }: SampledWindow): EventPair<Float64Array> {
    const [task, batch] = [this.#task, this.#batch!]
    const { series } = task
    const forecastOf = ({ s, age }: WindowMember): Float64Array => windowForecastOf(batch.residuals, s, batch.windowRows[s]!, age)
    const means = horizonMeansOf(task, batch)
    for (const member of members) {
      const forecast = forecastOf(member)
      means[member.s] = sumOf(forecast) / forecast.length
    }
    const windowSeed = windowSeedOf(task.config.seed, range)
    const source = createWindowSource(task, batch, range, means, windowSeed)
    const size = members.length * thresholdShares.length
    const raw = { sustained: new Float64Array(size), any: new Float64Array(size) }
    members.forEach((member, index) => {
      const position = batch.positions[member.s]!
      const threshold = series.thresholds[position]!
      const key = { seed: windowSeed, metric: series.metrics[position]! }
      const forecast = forecastOf(member)
      const pathRange = rangeOf(task, position, member.maxOutside)
      const figures = this.#windowSimulation.run(forecast.length, threshold, (out) =>
        drawPaths(source, member.s, forecast, pathRange, key, out),
      )
      const [p95Halves, peakHalves] = [measureHalves(figures.p95), measureHalves(figures.maxima)]
      thresholdShares.forEach((share, level) => {
        raw.sustained[index * thresholdShares.length + level] = exceedanceProbability(p95Halves, share * threshold)
        raw.any[index * thresholdShares.length + level] = exceedanceProbability(peakHalves, share * threshold)
      })
    })
    return raw
  }

  #simulateSeries({ from, to }: SeriesShare): PathAnswer {
    const withoutResiduals: number[] = []
    for (let s = from; s < to; s++) {
      if (hasResiduals(this.#horizons!.source, s)) this.#simulateHorizon(s)
      else withoutResiduals.push(this.#batch!.positions[s]!)
    }
    return { curve: this.#recorder.takeCurve(), withoutResiduals }
  }

  #simulateHorizon(s: number): void {
    const paths = this.#paths
    const { series, config } = this.#task
    const { source, likelyRaw, calibrations, forecasts } = this.#horizons!
    const { positions, maxMeasured } = this.#batch!
    const position = positions[s]!
    const [from, to] = [forecasts.offsets[s]!, forecasts.offsets[s + 1]!]
    const threshold = series.thresholds[position]!
    const key = { seed: config.seed, metric: series.metrics[position]! }
    const range = rangeOf(this.#task, position, maxMeasured[s]!)
    const forecast = forecasts.predicted.subarray(from, to)
    const figures = this.#simulation.run(to - from, threshold, (out) => drawPaths(source, s, forecast, range, key, out))
    const p95Halves = measureHalves(figures.p95)
    const peakHalves = measureHalves(figures.maxima)
    const moments = [...p95Halves, ...peakHalves].flatMap(({ mean, deviation }) => [mean, deviation])
    pathMomentColumns.forEach((column, index) => (paths.moments[column][position] = moments[index]!))
    const rawSustained = exceedanceProbability(p95Halves, threshold)
    const rawAny = exceedanceProbability(peakHalves, threshold)
    const sustained = calibrate(calibrations.sustained, rawSustained)
    paths.p95.likely[position] = findLikelyValue(p95Halves, likelyRaw)
    // The curve of the high threshold serves both, so that the very high one is never exceeded more probably.
    const veryHigh = calibrate(calibrations.sustained, exceedanceProbability(p95Halves, series.veryHighThresholds[position]!))
    // A sustained breach is a breach, whatever two separate curves say.
    const any = Math.max(calibrate(calibrations.any, rawAny), sustained)
    paths.raw.sustained[position] = rawSustained
    paths.raw.any[position] = rawAny
    this.#recorder.record(position, forecasts.times.subarray(from, to), figures, { sustained, veryHigh, any })
  }
}
