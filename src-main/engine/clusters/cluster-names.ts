// Clusters in words: level, direction and season of their centre, by rule.
import type { ClusterFeature } from '../../../src-shared/config/analysis-config.ts'

export type ClusterCentre = Readonly<Record<ClusterFeature, number>>

/** Points that the fitted line must move over the horizon to be called rising or falling. */
const minTrendPoints = 5

/** Points that quarter ends must add, and the share of the mean that these must be. */
const minUpliftPoints = 5
const minUpliftShare = 0.15

/** Weekend over weekday mean: below the one the load is a weekday's, above the other a weekend's. */
const maxWeekdayRatio = 0.75
const minWeekendRatio = 1.1

/** Peaks this many times the mean are called spikes. */
const minSpikyPeakToMean = 1.3

/**
 * Level by mean utilisation, then direction and season; without either, spikes, variability (standard deviation above a quarter of
 * the mean) or steadiness. A feature that is undefined (NaN) says nothing.
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

/** Clusters that share a name also state their mean, and their number where even that is shared. */
export const uniqueClusterNames = (centres: readonly ClusterCentre[], horizonDays: number): string[] => {
  const names = centres.map((centre) => nameCluster(centre, horizonDays))
  const isUnique = (name: string, candidates: readonly string[]): boolean => candidates.filter((other) => other === name).length === 1
  const withMeans = names.map((name, index) => (isUnique(name, names) ? name : `${name}, mean ${centres[index]!.mean.toFixed(1)}`))
  return withMeans.map((name, index) => (isUnique(name, withMeans) ? name : `${name}, no. ${index}`))
}
