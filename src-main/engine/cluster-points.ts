// K-means with restarts over points in any space: seeded, least inertia wins, clusters renumbered by their first feature.
import { kmeans, kmeansGenerator } from 'ml-kmeans'
import { breathe } from './breathe.ts'
import { adjustedRandIndex } from './cluster-agreement.ts'
import { samplePlaces } from './cluster-silhouette.ts'

export interface Clustering {
  /** Cluster of each point; 0 has the least mean of the first feature. */
  readonly assignment: Int32Array
  /** Centres, clusters x features, means of their members. */
  readonly centres: readonly (readonly number[])[]
  readonly sizes: readonly number[]
  /** Sum of squared distances of points to their centres. */
  readonly inertia: number
  /** Mean adjusted Rand index of this against the other restarts; NULL without any, or with a single cluster. */
  readonly stability: number | null
}

export interface ClusteringOptions {
  readonly clusters: number
  readonly restarts: number
  readonly seed: number
  readonly signal?: AbortSignal | undefined
  /** Points that the restarts work on, at most. */
  readonly mostTried?: number
}

const maximumIterations = 300
/** More points would hardly move the centres that the restarts find; ten times as many take ten times as long. */
const usuallyTried = 100_000

/**
 * k-means++ by ml-kmeans. Fewer distinct points than clusters: as many clusters as distinct points. Of more than `mostTried` points a seeded
 * sample is clustered with all restarts; from its best centres all points are clustered once.
 */
export const clusterPoints = async (
  points: readonly (readonly number[])[],
  { clusters, restarts, seed, signal, mostTried = usuallyTried }: ClusteringOptions,
): Promise<Clustering> => {
  if (points.length > mostTried) {
    const sample = Array.from(samplePlaces(points.length, seed, mostTried), (place) => points[place]!)
    const tried = await clusterPoints(sample, { clusters, restarts, seed, signal, mostTried })
    return { ...byFirstFeature(await clusterFrom(points, tried.centres, signal)), stability: tried.stability }
  }
  const k = Math.min(clusters, countDistinct(points, clusters))
  if (k === 0) return { assignment: new Int32Array(0), centres: [], sizes: [], inertia: 0, stability: null }
  const found: Solution[] = []
  let best: Solution | undefined
  for (let restart = 0; restart < restarts; restart++) {
    const candidate = clusterOnce(points, k, seed + restart)
    // Equal optima differ in their last bits; the first one found stays.
    if (best === undefined || candidate.inertia < best.inertia * (1 - 1e-12)) best = candidate
    found.push(candidate)
    await breathe(signal)
  }
  return { ...byFirstFeature(best!), stability: k < 2 ? null : agreementWith(best!, found) }
}

type Solution = Omit<Clustering, 'stability'>

const agreementWith = (best: Solution, found: readonly Solution[]): number | null => {
  const others = found.filter((solution) => solution !== best)
  if (others.length === 0) return null
  return others.reduce((sum, { assignment }) => sum + adjustedRandIndex(best.assignment, assignment), 0) / others.length
}

/** Distinct points, counted up to `enough`. */
export const countDistinct = (points: readonly (readonly number[])[], enough: number): number => {
  const seen = new Set<string>()
  for (const point of points) {
    seen.add(point.join(' '))
    if (seen.size >= enough) break
  }
  return seen.size
}

const clusterOnce = (points: readonly (readonly number[])[], k: number, seed: number): Solution => {
  // ml-kmeans declares mutable arrays but does not change them.
  const { clusters } = kmeans(points as number[][], k, {
    seed,
    initialization: 'kmeans++',
    maxIterations: maximumIterations,
    tolerance: 0,
  })
  return describe(points, clusters, k)
}

/** Lloyd's steps from given centres until nothing moves. */
const clusterFrom = async (
  points: readonly (readonly number[])[],
  centres: readonly (readonly number[])[],
  signal: AbortSignal | undefined,
): Promise<Solution> => {
  let clusters: readonly number[] = []
  const steps = kmeansGenerator(points as number[][], centres.length, {
    initialization: centres.map((centre) => [...centre]),
    maxIterations: maximumIterations,
    tolerance: 0,
  })
  for (const step of steps) {
    clusters = step.clusters
    await breathe(signal)
  }
  return describe(points, clusters, centres.length)
}

const describe = (points: readonly (readonly number[])[], clusters: readonly number[], k: number): Solution => {
  const assignment = Int32Array.from(clusters)
  const width = points[0]!.length
  const centres = Array.from({ length: k }, () => Array.from({ length: width }, () => 0))
  const sizes = Array.from({ length: k }, () => 0)
  points.forEach((point, index) => {
    const cluster = assignment[index]!
    sizes[cluster]! += 1
    for (let feature = 0; feature < width; feature++) centres[cluster]![feature]! += point[feature]!
  })
  centres.forEach((centre, cluster) => {
    for (let feature = 0; feature < width; feature++) centre[feature]! /= Math.max(1, sizes[cluster]!)
  })
  let inertia = 0
  points.forEach((point, index) => {
    const centre = centres[assignment[index]!]!
    for (let feature = 0; feature < width; feature++) inertia += (point[feature]! - centre[feature]!) ** 2
  })
  return { assignment, centres, sizes, inertia }
}

const byFirstFeature = ({ assignment, centres, sizes, inertia }: Solution): Solution => {
  // Lloyd's steps may empty a cluster.
  const filled = centres.map((_, cluster) => cluster).filter((cluster) => sizes[cluster]! > 0)
  const order = filled.sort((a, b) => centres[a]![0]! - centres[b]![0]! || a - b)
  const place = new Int32Array(centres.length)
  order.forEach((cluster, index) => (place[cluster] = index))
  return {
    assignment: assignment.map((cluster) => place[cluster]!),
    centres: order.map((cluster) => centres[cluster]!),
    sizes: order.map((cluster) => sizes[cluster]!),
    inertia,
  }
}
