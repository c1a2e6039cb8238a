// Which column of the servers table holds the capacity behind a metric, and how a metric in absolute units counts against it.
import { z } from 'zod'
import { isPercentMetric, metricWords, nameHoldsWord, turnedMetrics, type MetricUnit, type UnitConfig } from './metric-units.ts'
import { ownValue } from './name-record.ts'

/** Columns of the servers table that hold a capacity. */
export const capacityColumns = ['cores', 'mem_gib', 'disk_gib', 'capacity_units'] as const
export const capacityColumnSchema = z.enum(capacityColumns)
export type CapacityColumn = z.infer<typeof capacityColumnSchema>

/** Names of the units. */
export const capacityUnits: Readonly<Record<CapacityColumn, string>> = {
  cores: 'cores',
  mem_gib: 'GiB',
  disk_gib: 'GiB',
  capacity_units: 'units',
}

export interface CapacityConfig extends UnitConfig {
  /** Column by metric where its name does not say it. */
  readonly metric_capacities: Readonly<Record<string, CapacityColumn>>
}

const resourceWords: readonly (readonly [CapacityColumn, readonly string[]])[] = [
  ['disk_gib', ['disk', 'fs', 'filesystem', 'volume', 'storage', 'datastore', 'pool']],
  ['mem_gib', ['mem', 'memory', 'ram']],
  ['cores', ['cpu', 'vcpu', 'cores', 'core', 'processor']],
]

/** As stated, else by the words of its name; undefined where neither says it. */
export const capacityColumnOf = (
  { metric_capacities: stated }: Pick<CapacityConfig, 'metric_capacities'>,
  metric: string,
): CapacityColumn | undefined =>
  Object.hasOwn(stated, metric) ? stated[metric] : resourceWords.find(([, words]) => nameHoldsWord(metric, words))?.[0]

const gib = 2 ** 30
const bytesByUnit: Partial<Record<MetricUnit, number>> = {
  bytes: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib,
  tib: 2 ** 40,
}
const unitWords: readonly (readonly [MetricUnit, readonly string[]])[] = [
  ['bytes', ['bytes', 'byte']],
  ['kb', ['kb']],
  ['mb', ['mb']],
  ['gb', ['gb']],
  ['tb', ['tb']],
  ['kib', ['kib', 'ki']],
  ['mib', ['mib', 'mi']],
  ['gib', ['gib', 'gi']],
  ['tib', ['tib', 'ti']],
]

/** A metric in absolute units with the capacity that its values are a part of. */
export interface AbsoluteMetric {
  readonly metric: string
  readonly column: CapacityColumn
  /** Units of the capacity column per unit of the metric. */
  readonly factor: number
  /** Whether its values are free, not used. */
  readonly isFree: boolean
}

const amountWords = ['used', 'usage', 'use', 'consumed', ...metricWords.unused]

/**
 * Undefined for percentages, and where capacity or unit is not known. By its name alone a metric is an amount only with a word such as used or free,
 * since rates are in bytes, too. A free amount counts only where a low value is stated to be the risk.
 */
export const describeAbsoluteMetric = (config: CapacityConfig, metric: string): AbsoluteMetric | undefined => {
  const column = capacityColumnOf(config, metric)
  const isStated = Object.hasOwn(config.metric_capacities, metric)
  const unit = ownValue(config.metric_units, metric) ?? unitWords.find(([, words]) => nameHoldsWord(metric, words))?.[0]
  const isFree = turnedMetrics(config).includes(metric)
  if (column === undefined || unit === 'percent' || unit === 'fraction') return undefined
  if (nameHoldsWord(metric, metricWords.unused) && !isFree) return undefined
  if (unit === undefined) return isStated && !isPercentMetric(config, metric) ? { metric, column, factor: 1, isFree } : undefined
  const bytes = bytesByUnit[unit]
  if (bytes === undefined) return isStated ? { metric, column, factor: 1, isFree } : undefined
  const isAmountOfBytes = column === 'mem_gib' || column === 'disk_gib'
  return isAmountOfBytes && (isStated || nameHoldsWord(metric, amountWords)) ? { metric, column, factor: bytes / gib, isFree } : undefined
}

/** Whether a metric is the used share of a disk or a storage pool. */
export const isVolumeMetric = (config: CapacityConfig, metric: string): boolean =>
  capacityColumnOf(config, metric) === 'disk_gib' && isPercentMetric(config, metric)
