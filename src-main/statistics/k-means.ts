// Seeded k-means with restarts; the solution with the least inertia wins, and clusters are numbered by their first feature.
import { kmeans, kmeansGenerator } from 'ml-kmeans'
import { Random } from 'ml-random'
import { yieldToEventLoop } from './yield-to-event-loop.ts'
import { adjustedRandIndex } from './adjusted-rand-index.ts'
import { drawSampleIndices } from './silhouette.ts'

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
  /** Maximum points for the restarts. */
  readonly maxSample?: number
}

const maximumIterations = 300
/** More points hardly change the centres, but the time grows in proportion. */
const defaultMaxSample = 100_000

/**
 * k-means++ by ml-kmeans, with at most as many clusters as distinct points. Above `maxSample` points, a seeded sample is clustered with all
 * restarts; its best centres then start a single run over all points.
 */
export const runKMeans = async (
  points: readonly (readonly number[])[],
  { clusters, restarts, seed, signal, maxSample = defaultMaxSample }: ClusteringOptions,
): Promise<Clustering> => {
  if (points.length > maxSample) {
    const sample = Array.from(drawSampleIndices(points.length, seed, maxSample), (newNumber) => points[newNumber]!)
    const sampleClustering = await runKMeans(sample, { clusters, restarts, seed, signal, maxSample })
    return {
      ...renumberByFirstFeature(await runFromCentres(points, sampleClustering.centres, signal)),
      stability: sampleClustering.stability,
    }
  }
  const k = Math.min(clusters, countDistinct(points, clusters))
  if (k === 0) return { assignment: new Int32Array(0), centres: [], sizes: [], inertia: 0, stability: null }
  const solutions: Solution[] = []
  let best: Solution | undefined
  for (let restart = 0; restart < restarts; restart++) {
    const candidate = runOnce(points, k, seed + restart)
    // Equal optima differ in their last bits; the first one wins.
    if (best === undefined || candidate.inertia < best.inertia * (1 - 1e-12)) best = candidate
    solutions.push(candidate)
    await yieldToEventLoop(signal)
  }
  return { ...renumberByFirstFeature(best!), stability: k < 2 ? null : meanAgreement(best!, solutions) }
}

type Solution = Omit<Clustering, 'stability'>

const meanAgreement = (best: Solution, solutions: readonly Solution[]): number | null => {
  const others = solutions.filter((solution) => solution !== best)
  if (others.length === 0) return null
  return others.reduce((sum, { assignment }) => sum + adjustedRandIndex(best.assignment, assignment), 0) / others.length
}

/** Number of distinct points, counted up to `limit`. */
export const countDistinct = (points: readonly (readonly number[])[], limit: number): number => {
  const seen = new Set<string>()
  for (const point of points) {
    seen.add(point.join(' '))
    if (seen.size >= limit) break
  }
  return seen.size
}

const runOnce = (points: readonly (readonly number[])[], k: number, seed: number): Solution => {
  // ml-kmeans declares mutable arrays but does not change them.
  const { clusters } = kmeans(points as number[][], k, {
    initialization: chooseCentres(points, k, seed),
    maxIterations: maximumIterations,
    tolerance: 0,
  })
  return toSolution(points, clusters, k)
}

/**
 * First centres by greedy k-means++ (Arthur and Vassilvitskii 2007): the same, to the last bit, as those that ml-kmeans chooses on its own with this
 * seed, without two arrays per distance. Exported for its test.
 */
export const chooseCentres = (points: readonly (readonly number[])[], k: number, seed: number): number[][] => {
  const count = points.length
  const random = new Random(seed)
  const trials = 2 + Math.floor(Math.log(k))
  const centres = [[...points[random.randInt(count)]!]]
  let closest = Float64Array.from(points, (point) => squaredDistance(point, centres[0]!))
  while (centres.length < k) {
    let sum = closest[0]!
    for (let index = 1; index < count; index++) sum += closest[index]!
    const scale = 1 / sum
    const candidates = random.choice(count, { replace: true, size: trials, probabilities: Array.from(closest, (value) => value * scale) })
    let best = { candidate: -1, total: Number.POSITIVE_INFINITY, closest }
    for (const candidate of candidates) {
      const centre = points[candidate]!
      const nearer = new Float64Array(count)
      let total = 0
      for (let index = 0; index < count; index++)
        total += nearer[index] = Math.min(closest[index]!, squaredDistance(points[index]!, centre))
      if (total < best.total) best = { candidate, total, closest: nearer }
    }
    centres.push([...points[best.candidate]!])
    closest = best.closest
  }
  return centres
}

const squaredDistance = (point: readonly number[], other: readonly number[]): number => {
  let sum = 0
  for (let feature = 0; feature < point.length; feature++) sum += (point[feature]! - other[feature]!) * (point[feature]! - other[feature]!)
  return sum
}

/** Lloyd's algorithm from given centres until convergence. */
const runFromCentres = async (
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
    await yieldToEventLoop(signal)
  }
  return toSolution(points, clusters, centres.length)
}

const toSolution = (points: readonly (readonly number[])[], clusters: readonly number[], k: number): Solution => {
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

const renumberByFirstFeature = ({ assignment, centres, sizes, inertia }: Solution): Solution => {
  // Lloyd's algorithm may empty a cluster.
  const nonEmpty = centres.map((_, cluster) => cluster).filter((cluster) => sizes[cluster]! > 0)
  const clusterOrder = nonEmpty.sort((a, b) => centres[a]![0]! - centres[b]![0]! || a - b)
  const newNumber = new Int32Array(centres.length)
  clusterOrder.forEach((cluster, index) => (newNumber[cluster] = index))
  return {
    assignment: assignment.map((cluster) => newNumber[cluster]!),
    centres: clusterOrder.map((cluster) => centres[cluster]!),
    sizes: clusterOrder.map((cluster) => sizes[cluster]!),
    inertia,
  }
}
