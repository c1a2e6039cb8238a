// Names clusters by rule: level, direction and seasonality of their centre.
import type { ClusterFeature } from '../../../src-shared/config/analysis-config.ts'

export type ClusterCentre = Readonly<Record<ClusterFeature, number>>

/** Minimum change of the fitted line over the horizon for rising or falling, in points. */
const minTrendPoints = 5

/** Minimum quarter-end uplift in points, and as a share of the mean. */
const minUpliftPoints = 5
const minUpliftShare = 0.15

/** Weekend over weekday mean: weekday heavy up to the first, weekend heavy from the second. */
const maxWeekdayRatio = 0.75
const minWeekendRatio = 1.1

/** Minimum peak-to-mean ratio of a spiky cluster. */
const minSpikyPeakToMean = 1.3

/**
 * Level by mean utilisation, then direction and seasonality; without these spiky, variable (standard deviation above a quarter of
 * the mean) or steady. An undefined feature (NaN) is ignored.
 */
export const nameCluster = (centre: ClusterCentre, horizonDays: number): string => {
  const traits = [directionOf(centre, horizonDays), ...seasonsOf(centre)].filter((trait) => trait !== undefined)
  return [levelOf(centre.mean), ...(traits.length > 0 ? traits : [variabilityOf(centre)])].join(', ')
}

const levelOf = (mean: number): string => {
  if (mean < 15) return 'idle'
  if (mean < 40) return 'quiet'
  if (mean < 60) return 'moderate'
  return mean < 80 ? 'busy' : 'full'
}

const directionOf = ({ trend_per_30_days }: ClusterCentre, horizonDays: number): string | undefined => {
  const trendPoints = (trend_per_30_days * horizonDays) / 30
  if (trendPoints >= minTrendPoints) return 'rising'
  return trendPoints <= -minTrendPoints ? 'falling' : undefined
}

const seasonsOf = ({ mean, eoq_uplift, weekend_ratio }: ClusterCentre): (string | undefined)[] => [
  eoq_uplift >= minUpliftPoints && eoq_uplift >= minUpliftShare * mean ? 'quarter-end heavy' : undefined,
  weekend_ratio <= maxWeekdayRatio ? 'weekday heavy' : weekend_ratio >= minWeekendRatio ? 'weekend heavy' : undefined,
]

const variabilityOf = ({ mean, std, peak_to_mean }: ClusterCentre): string => {
  if (peak_to_mean >= minSpikyPeakToMean) return 'spiky'
  return std > 0.25 * mean ? 'variable' : 'steady'
}

/** Adds the mean to clusters with the same name, and the number if the means are equal too. */
export const uniqueClusterNames = (centres: readonly ClusterCentre[], horizonDays: number): string[] => {
  const names = centres.map((centre) => nameCluster(centre, horizonDays))
  const isUnique = (name: string, candidates: readonly string[]): boolean => candidates.filter((other) => other === name).length === 1
  const withMeans = names.map((name, index) => (isUnique(name, names) ? name : `${name}, mean ${centres[index]!.mean.toFixed(1)}`))
  return withMeans.map((name, index) => (isUnique(name, withMeans) ? name : `${name}, no. ${index}`))
}
