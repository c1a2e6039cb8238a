// Seeded k-means with restarts; the solution with the least inertia wins, and clusters are numbered by their first feature.
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
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
/** Assigned points between two checks of the abort signal. */
const pointsPerYield = 200_000
/** More points hardly change the centres, but the time grows in proportion. */
const defaultMaxSample = 100_000

/**
 * Lloyd's algorithm from k-means++ (Arthur and Vassilvitskii 2007), with at most as many clusters as distinct points. Above `maxSample` points, a seeded sample is clustered with all
 * restarts; its best centres then start a single run over all points.
 */
export const runKMeans = async (
  points: readonly (readonly number[])[],
  { clusters, restarts, seed, signal, maxSample = defaultMaxSample }: ClusteringOptions,
): Promise<Clustering> => {
  if (points.length > maxSample) {
    const sample = Array.from(drawSampleIndices(points.length, seed, maxSample), (newNumber) => points[newNumber]!)
    const sampleClustering = await runKMeans(sample, { clusters, restarts, seed, signal, maxSample })
    const lloyd = new Lloyd(points)
    await lloyd.runFrom(Float64Array.from(sampleClustering.centres.flat()), signal)
    return {
      ...renumberByFirstFeature(toSolution(points, lloyd.assignment, sampleClustering.centres.length)),
      stability: sampleClustering.stability,
    }
  }
  const k = Math.min(clusters, countDistinct(points, clusters))
  if (k === 0) return { assignment: new Int32Array(0), centres: [], sizes: [], inertia: 0, stability: null }
  const lloyd = new Lloyd(points)
  // One sequence for all restarts: the first numbers of neighbouring seeds are alike.
  const generator = xoroshiro128plus(seed)
  const random = (): number => (generator.next() >>> 0) / 2 ** 32
  const solutions: Solution[] = []
  let best: Solution | undefined
  for (let restart = 0; restart < restarts; restart++) {
    await lloyd.runFrom(lloyd.drawCentres(k, random), signal)
    const candidate = toSolution(points, lloyd.assignment, k)
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

/**
 * Lloyd's algorithm over one set of points; its arrays serve all restarts. Bounds on distances (Hamerly 2010) spare most of them: points
 * far from other centres keep their cluster.
 */
class Lloyd {
  /** Cluster of each point after the last run. Copied by `toSolution`. */
  readonly assignment: Int32Array
  readonly #count: number
  readonly #width: number
  /** By point, then feature. */
  readonly #values: Float64Array
  /** At least each point's distance to its centre; squared distances to the nearest drawn centre in `drawCentres`. */
  readonly #upper: Float64Array
  /** At most each point's distance to every other centre. */
  readonly #lower: Float64Array

  constructor(points: readonly (readonly number[])[]) {
    this.#count = points.length
    this.#width = points[0]!.length
    this.#values = Float64Array.from(points.flat())
    this.#upper = new Float64Array(this.#count)
    this.#lower = new Float64Array(this.#count)
    this.assignment = new Int32Array(this.#count)
  }

  /** k-means++: each further centre is a point, drawn in proportion to its squared distance from the nearest centre so far. */
  drawCentres(k: number, random: () => number): Float64Array {
    const values = this.#values
    const width = this.#width
    const distances = this.#upper.fill(Number.POSITIVE_INFINITY)
    const centres = new Float64Array(k * width)
    let chosen = Math.floor(random() * this.#count)
    for (let cluster = 0; ; cluster++) {
      centres.set(values.subarray(chosen * width, (chosen + 1) * width), cluster * width)
      if (cluster === k - 1) return centres
      let total = 0
      for (let point = 0; point < distances.length; point++) {
        const distance = squaredDistance(values, point * width, centres, cluster * width, width)
        if (distance < distances[point]!) distances[point] = distance
        total += distances[point]!
      }
      let left = random() * total
      // A point at distance 0 is a centre already.
      for (let point = 0; point < distances.length; point++) {
        if (distances[point] === 0) continue
        chosen = point
        left -= distances[point]!
        if (left < 0) break
      }
    }
  }

  /** Assigns points to the nearest centre and centres to the mean of their points, until no point moves. Changes `centres`. */
  async runFrom(centres: Float64Array, signal: AbortSignal | undefined): Promise<void> {
    const members = { sums: new Float64Array(centres.length), sizes: new Int32Array(centres.length / this.#width) }
    this.assignment.fill(-1)
    this.#upper.fill(Number.POSITIVE_INFINITY)
    this.#lower.fill(0)
    let sinceYield = 0
    for (let iteration = 0; iteration < maximumIterations && this.#assign(centres, members); iteration++) {
      this.#moveCentres(centres, members)
      sinceYield += this.#count
      if (sinceYield < pointsPerYield) continue
      await yieldToEventLoop(signal)
      sinceYield = 0
    }
  }

  /** Whether a point changed its cluster. */
  #assign(centres: Float64Array, members: Members): boolean {
    const values = this.#values
    const width = this.#width
    const upper = this.#upper
    const lower = this.#lower
    const assignment = this.assignment
    const k = centres.length / width
    const halfGaps = halfGapsOf(centres, k, width)
    let hasMoved = false
    for (let point = 0; point < assignment.length; point++) {
      const previous = assignment[point]!
      if (previous >= 0) {
        const bound = Math.max(halfGaps[previous]!, lower[point]!)
        if (upper[point]! <= bound) continue
        upper[point] = Math.sqrt(squaredDistance(values, point * width, centres, previous * width, width))
        if (upper[point]! <= bound) continue
      }
      let nearest = 0
      let least = Number.POSITIVE_INFINITY
      let second = Number.POSITIVE_INFINITY
      for (let cluster = 0; cluster < k; cluster++) {
        const distance = squaredDistance(values, point * width, centres, cluster * width, width)
        if (distance >= second) continue
        if (distance >= least) {
          second = distance
          continue
        }
        second = least
        least = distance
        nearest = cluster
      }
      upper[point] = Math.sqrt(least)
      lower[point] = Math.sqrt(second)
      if (nearest === previous) continue
      assignment[point] = nearest
      hasMoved = true
      moveMember(members, values, point * width, width, previous, nearest)
    }
    return hasMoved
  }

  #moveCentres(centres: Float64Array, { sums, sizes }: Members): void {
    const width = this.#width
    const shifts = new Float64Array(sizes.length)
    for (let cluster = 0; cluster < sizes.length; cluster++) {
      const from = cluster * width
      const moved =
        sizes[cluster] === 0 ? this.#farthestPoint(centres) : sums.subarray(from, from + width).map((sum) => sum / sizes[cluster]!)
      shifts[cluster] = Math.sqrt(squaredDistance(moved, 0, centres, from, width))
      centres.set(moved, from)
    }
    const maxShift = shifts.reduce((a, b) => Math.max(a, b), 0)
    for (let point = 0; point < this.#count; point++) {
      this.#upper[point]! += shifts[this.assignment[point]!]!
      this.#lower[point]! -= maxShift
    }
  }

  /** An empty cluster starts again at the point that lies farthest from its own centre. */
  #farthestPoint(centres: Float64Array): Float64Array {
    const width = this.#width
    const distances = Float64Array.from(this.assignment, (cluster, point) =>
      squaredDistance(this.#values, point * width, centres, cluster * width, width),
    )
    const farthest = distances.reduce((best, distance, point) => (distance > distances[best]! ? point : best), 0)
    return this.#values.slice(farthest * width, (farthest + 1) * width)
  }
}

/** Sums of the features, and number of the members, of each cluster. */
interface Members {
  readonly sums: Float64Array
  readonly sizes: Int32Array
}

/** `previous` -1: the point had no cluster. */
const moveMember = ({ sums, sizes }: Members, values: Float64Array, from: number, width: number, previous: number, next: number): void => {
  sizes[next]! += 1
  for (let feature = 0; feature < width; feature++) sums[next * width + feature]! += values[from + feature]!
  if (previous < 0) return
  sizes[previous]! -= 1
  for (let feature = 0; feature < width; feature++) sums[previous * width + feature]! -= values[from + feature]!
}

/** Half of each centre's distance to the nearest other centre. */
const halfGapsOf = (centres: Float64Array, k: number, width: number): Float64Array => {
  const least = new Float64Array(k).fill(Number.POSITIVE_INFINITY)
  for (let a = 0; a < k; a++) {
    for (let b = 0; b < a; b++) {
      const squares = squaredDistance(centres, a * width, centres, b * width, width)
      least[a] = Math.min(least[a]!, squares)
      least[b] = Math.min(least[b]!, squares)
    }
  }
  return least.map((squares) => Math.sqrt(squares) / 2)
}

const squaredDistance = (a: Float64Array, fromA: number, b: Float64Array, fromB: number, width: number): number => {
  let squares = 0
  for (let feature = 0; feature < width; feature++) {
    const distance = a[fromA + feature]! - b[fromB + feature]!
    squares += distance * distance
  }
  return squares
}

const toSolution = (points: readonly (readonly number[])[], clusters: Int32Array, k: number): Solution => {
  const assignment = clusters.slice()
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
  // After the maximum of iterations a cluster may be empty.
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
