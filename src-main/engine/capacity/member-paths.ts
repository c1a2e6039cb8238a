// The paths of members over the times of their clusters: drawn when they are needed, on the same seed as every plan.
import { z } from 'zod'
import type { Database } from '../../database/database.ts'
import type { JointPaths, SeriesForecast } from '../breach/joint-paths.ts'
import type { SimulationTask } from '../breach/path-batches.ts'
import { pathCount } from '../breach/simulate-paths.ts'
import { readHorizonForecasts } from '../breach/horizon-file.ts'
import type { Member } from './host-groups.ts'

/** A time that others have measured already. */
const pastSlot = -1

/** A series of a member; `slots`: places of its times among all, or `pastSlot`. */
export interface MemberForecast extends SeriesForecast {
  readonly slots: Int32Array
}

/** Milliseconds UTC of the last measurement; servers gone silent do not count. */
export const readOrigin = async (database: Database): Promise<number> => {
  const { origin } = await database.row(
    'SELECT coalesce(CAST(epoch_ms(max(last_measured_at)) AS DOUBLE), 0) AS origin FROM series WHERE NOT is_silent',
    z.object({ origin: z.number() }),
  )
  return origin
}

/** The forecasts of members over the times of their clusters. */
export class MemberForecasts {
  /** Milliseconds UTC of all forecasts after the last measurement of the fleet, ascending. */
  readonly times: readonly number[]
  /** By series; absent without paths. */
  readonly #forecasts: ReadonlyMap<number, MemberForecast>

  constructor(times: readonly number[], forecasts: ReadonlyMap<number, MemberForecast>) {
    this.times = times
    this.#forecasts = forecasts
  }

  /** Reads `series`. */
  static async overHorizon(database: Database, task: SimulationTask, members: readonly Member[]): Promise<MemberForecasts> {
    const { seriesIds, isPercent } = task.series
    const positions = new Map(
      [...seriesIds.keys()].filter((position) => isPercent[position] === 1).map((position) => [seriesIds[position]!, position]),
    )
    const ids = Uint32Array.from(
      members.filter(({ seriesId, isSilent }) => !isSilent && positions.has(seriesId)),
      ({ seriesId }) => seriesId,
    )
    const { offsets, predicted, times } = readHorizonForecasts(task, ids)
    const origin = await readOrigin(database)
    const allTimes = [...new Set(times)].filter((time) => time > origin).sort((a, b) => a - b)
    const slotOfTime = new Map(allTimes.map((time, slot) => [time, slot]))
    const forecasts = new Map(
      Array.from(ids, (id, index) => [
        id,
        {
          position: positions.get(id)!,
          forecast: predicted.slice(offsets[index], offsets[index + 1]),
          maxMeasured: task.backtestResiduals.maxMeasured(id),
          slots: Int32Array.from(times.subarray(offsets[index], offsets[index + 1]), (time) => slotOfTime.get(time) ?? pastSlot),
        },
      ]),
    )
    return new MemberForecasts(allTimes, forecasts)
  }

  of(seriesId: number): MemberForecast {
    return this.#forecasts.get(seriesId)!
  }

  /** Of these members alone. */
  pick(members: readonly Member[]): Map<number, MemberForecast> {
    const picked = new Map<number, MemberForecast>()
    for (const { seriesId } of members) {
      const forecast = this.#forecasts.get(seriesId)
      if (forecast !== undefined) picked.set(seriesId, forecast)
    }
    return picked
  }

  readonly isKnown = ({ seriesId, capacity, isSilent }: Member): boolean =>
    !isSilent && !Number.isNaN(capacity) && this.#forecasts.has(seriesId)
}

/** Where the demand of a series is added: path p from `first + p * valuesPerPath` on. */
export interface CollectedDemand {
  readonly values: Float32Array
  readonly first: number
  readonly valuesPerPath: number
}

export class MemberPaths {
  readonly members: MemberForecasts
  readonly #paths: JointPaths
  #demand = new Float64Array(0)

  constructor(paths: JointPaths, members: MemberForecasts) {
    this.#paths = paths
    this.members = members
  }

  /** Hands over the paths of each series, path after path; the array is reused for the next one. */
  draw(seriesIds: readonly number[], onPaths: (seriesId: number, paths: Float64Array) => void): void {
    this.#paths.draw(
      seriesIds.map((id) => this.members.of(id)),
      (index, paths) => onPaths(seriesIds[index]!, paths),
    )
  }

  /**
   * Adds the demand of a series in units to sums of path after path over all times, and to what is collected. A time that it lacks counts with
   * the path's peak.
   */
  addDemand(
    seriesId: number,
    paths: Float64Array,
    unitsPerPercent: number,
    sums: readonly Float64Array[],
    collected: CollectedDemand | undefined,
  ): void {
    const { slots } = this.members.of(seriesId)
    const steps = this.members.times.length
    const isWhole = slots.length === steps && slots.every((slot, step) => slot === step)
    const [first, second] = sums
    if (isWhole && sums.length === 2 && collected !== undefined) {
      addToAll(paths, unitsPerPercent, steps, first!, second!, collected)
      return
    }
    const demand = this.#demandOf(slots, steps, isWhole, paths, unitsPerPercent)
    for (const sum of sums) for (let index = 0; index < sum.length; index++) sum[index]! += demand[index]!
    if (collected === undefined) return
    const { values, first: begin, valuesPerPath } = collected
    for (let path = 0; path < pathCount; path++) {
      const to = begin + path * valuesPerPath
      for (let step = 0; step < steps; step++) values[to + step]! += demand[path * steps + step]!
    }
  }

  /** The array is reused. */
  #demandOf(slots: Int32Array, steps: number, isWhole: boolean, paths: Float64Array, unitsPerPercent: number): Float64Array {
    if (this.#demand.length !== pathCount * steps) this.#demand = new Float64Array(pathCount * steps)
    const demand = this.#demand
    if (isWhole) {
      for (let index = 0; index < demand.length; index++) demand[index] = Math.max(0, paths[index]!) * unitsPerPercent
      return demand
    }
    for (let path = 0; path < pathCount; path++) {
      const [from, base] = [path * slots.length, path * steps]
      let peak = 0
      for (let step = 0; step < slots.length; step++) peak = Math.max(peak, paths[from + step]!)
      demand.fill(peak * unitsPerPercent, base, base + steps)
      for (let step = 0; step < slots.length; step++) {
        if (slots[step] !== pastSlot) demand[base + slots[step]!] = Math.max(0, paths[from + step]!) * unitsPerPercent
      }
    }
    return demand
  }
}

/** The common case in one pass: a member of a host in a cluster that is placed. */
const addToAll = (
  paths: Float64Array,
  unitsPerPercent: number,
  steps: number,
  first: Float64Array,
  second: Float64Array,
  { values, first: begin, valuesPerPath }: CollectedDemand,
): void => {
  for (let path = 0; path < pathCount; path++) {
    let to = begin + path * valuesPerPath
    for (let index = path * steps; index < (path + 1) * steps; index++) {
      const units = Math.max(0, paths[index]!) * unitsPerPercent
      first[index]! += units
      second[index]! += units
      values[to++]! += units
    }
  }
}
