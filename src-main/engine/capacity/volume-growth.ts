// When a volume is full: robust growth of its used share since the last drop (analysis definition, section 13).
import type { AnalysisConfig } from '../../../src-shared/config/analysis-config.ts'
import { isVolumeMetric } from '../../../src-shared/config/metric-capacity.ts'
import type { TimeZone } from '../../calendar/time-zone.ts'
import type { Database } from '../../database/database.ts'
import { percentileOf } from '../../statistics/percentile.ts'
import { fitTheilSen, lineValueAt } from '../../statistics/theil-sen.ts'
import type { BacktestReader, SeriesBacktest } from '../backtest/scan-backtests.ts'

const dayUs = 86_400_000_000
const maxDays = 90
/** With fewer a slope says nothing. */
const minDays = 10
/** A week on each side tells a drop from a single low value. */
const dropDays = 7
const minDaysAfterDrop = 3
const minDrop = 0.1
const intervalLevel = 0.8
const maxDaysAhead = 5 * 365.25
const full = 100

/** Percent of the capacity per day, and days since 1970. */
export interface VolumeGrowth {
  readonly perDay: number
  /** Null where it does not grow, or only beyond five years. */
  readonly fullDay: number | null
  /** From the limits of the slope's 80 % interval. */
  readonly earliest: number | null
  readonly latest: number | null
}

/** `days` ascending, with a used share each; null with too few since the last drop. */
export const measureGrowth = (days: Float64Array, used: Float64Array): VolumeGrowth | null => {
  const last = days.at(-1)
  if (last === undefined) return null
  const firstOfSpan = days.findIndex((day) => day > last - maxDays)
  const first = Math.max(firstOfSpan, lastDrop(used, firstOfSpan))
  const [times, values] = [days.subarray(first), used.subarray(first)]
  if (times.length < minDays) return null
  const { slope, low, high } = fitTheilSen(times, values, intervalLevel)
  const fullDayBy = (growth: number): number | null => {
    const distance = full - lineValueAt(times, values, growth, last)
    if (distance <= 0) return last
    const day = last + distance / growth
    return growth > 0 && day <= last + maxDaysAhead ? day : null
  }
  return { perDay: slope, fullDay: fullDayBy(slope), earliest: fullDayBy(high), latest: fullDayBy(low) }
}

/**
 * Index of the first value after the last drop: the median of a week lies more than a tenth below that of the week before. Not above `from` where
 * no drop is later.
 */
const lastDrop = (used: Float64Array, from: number): number => {
  const isDrop = (index: number): boolean =>
    medianOfDays(used, index, index + dropDays) < (1 - minDrop) * medianOfDays(used, index - dropDays, index)
  let end = used.length - minDaysAfterDrop
  while (end > from && !isDrop(end)) end--
  // Medians fall on each day around the drop; the steepest is the drop itself.
  let drop = Math.max(0, end)
  for (let index = end; index > 0 && isDrop(index); index--)
    if (used[index]! - used[index - 1]! < used[drop]! - used[drop - 1]!) drop = index
  return drop
}

const daysInOrder = new Float64Array(dropDays)

/** Median of used[from, to), as far as these are there. */
const medianOfDays = (used: Float64Array, from: number, to: number): number => {
  let count = 0
  for (let index = Math.max(0, from); index < Math.min(to, used.length); index++) {
    const value = used[index]!
    let at = count++
    for (; at > 0 && daysInOrder[at - 1]! > value; at--) daysInOrder[at] = daysInOrder[at - 1]!
    daysInOrder[at] = value
  }
  return percentileOf(daysInOrder.subarray(0, count), 0.5)
}

const growthColumns = {
  series_id: 'INTEGER',
  growth_per_day: 'DOUBLE',
  full_day: 'DOUBLE',
  full_earliest_day: 'DOUBLE',
  full_latest_day: 'DOUBLE',
} as const

/** Measures the volumes among the series on the highest value of each day. */
export class VolumeReader implements BacktestReader {
  readonly #isVolume: Uint8Array
  readonly #zone: TimeZone
  readonly #origin: number
  readonly #rows: (number | null)[][] = []

  private constructor(isVolume: Uint8Array, zone: TimeZone, origin: number) {
    this.#isVolume = isVolume
    this.#zone = zone
    this.#origin = origin
  }

  /** Null without volumes. `origin`: the scan's origin in microseconds since 1970. Reads `series`. */
  static async open(database: Database, config: AnalysisConfig, zone: TimeZone, origin: number): Promise<VolumeReader | null> {
    const { metric: metrics } = await database.columns('SELECT metric FROM series ORDER BY series_id', { metric: 'text' })
    const volumes = new Set([...new Set(metrics)].filter((metric) => isVolumeMetric(config, metric)))
    return volumes.size === 0
      ? null
      : new VolumeReader(
          Uint8Array.from(metrics, (metric) => (volumes.has(metric) ? 1 : 0)),
          zone,
          origin,
        )
  }

  read({ id, times, actual }: SeriesBacktest): void {
    if (this.#isVolume[id] !== 1) return
    const days: number[] = []
    const highest: number[] = []
    times.forEach((time, row) => {
      const us = this.#origin + time
      const day = Math.floor((this.#zone.isUtc ? us : this.#zone.toLocal(us / 1000) * 1000) / dayUs)
      if (days.at(-1) === day) highest[highest.length - 1] = Math.max(highest.at(-1)!, actual[row]!)
      else {
        days.push(day)
        highest.push(actual[row]!)
      }
    })
    const growth = measureGrowth(Float64Array.from(days), Float64Array.from(highest))
    if (growth !== null) this.#rows.push([id, growth.perDay, growth.fullDay, growth.earliest, growth.latest])
  }

  rows(): readonly (number | null)[][] {
    return this.#rows
  }
}

/** Creates `volume_growth` (series_id, growth_per_day, full_at, full_earliest, full_latest), a row per volume with enough days. */
export const storeVolumeGrowth = async (database: Database, zone: TimeZone, volumes: VolumeReader | null): Promise<void> => {
  await database.storeRows('volume_days', growthColumns, volumes?.rows() ?? [])
  const instant = (column: string): string => zone.instantSql(`make_timestamp(CAST(round(${column}) * ${dayUs} AS BIGINT))`)
  await database.run(`
    CREATE OR REPLACE TABLE volume_growth AS
    SELECT series_id, growth_per_day,
           ${['full', 'full_earliest', 'full_latest'].map((name) => `CAST(${instant(`${name}_day`)} AS TIMESTAMP) AS ${name === 'full' ? 'full_at' : name}`).join(', ')}
    FROM volume_days ORDER BY series_id;
    DROP TABLE volume_days`)
}
