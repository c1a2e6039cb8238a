// Mean silhouette of clusterings, and the seeded sample that bounds its cost.
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { yieldToEventLoop } from './yield-to-event-loop.ts'

/** Two million pairs; the standard error of the mean is about 0.01. */
const defaultSampleSize = 2000
/** Points between two checks of the abort signal. */
const pointsPerYield = 250

/** Ascending indexes of at most `sampleSize` of `count` points. Selection sampling (Knuth, algorithm S). */
export const drawSampleIndices = (count: number, seed: number, sampleSize = defaultSampleSize): Int32Array => {
  const chosen = new Int32Array(Math.min(count, sampleSize))
  if (count <= sampleSize) return chosen.map((_, index) => index)
  const random = xoroshiro128plus(seed)
  let takenCount = 0
  for (let index = 0; takenCount < sampleSize; index++) {
    const share = (random.next() >>> 0) / 2 ** 32
    if (share * (count - index) < sampleSize - takenCount) chosen[takenCount++] = index
  }
  return chosen
}

/**
 * Mean silhouette of each of several clusterings of the same points (Rousseeuw 1987), by Euclidean distance; a point alone in its
 * cluster counts 0. NULL if a clustering has fewer than two clusters. `clusterings`: the cluster of each point, from 0. Distances
 * are computed once for all clusterings.
 */
export const meanSilhouettes = async (
  points: readonly (readonly number[])[],
  clusterings: readonly Int32Array[],
  signal?: AbortSignal,
): Promise<(number | null)[]> => {
  const count = points.length
  const width = points[0]?.length ?? 0
  const flat = Float64Array.from(points.flat())
  const sizes = clusterings.map(sizesOf)
  const sums = sizes.map(({ length }) => new Float64Array(length))
  const totals = new Float64Array(clusterings.length)
  const distances = new Float64Array(count)
  for (let point = 0; point < count; point++) {
    if (point % pointsPerYield === 0) await yieldToEventLoop(signal)
    measureDistances(flat, width, point, distances)
    clusterings.forEach((clustering, index) => {
      sumByCluster(distances, clustering, sums[index]!)
      totals[index]! += silhouetteOf(sums[index]!, sizes[index]!, clustering[point]!)
    })
  }
  return sizes.map((members, index) => (members.filter((size) => size > 0).length < 2 ? null : totals[index]! / count))
}

/** Of one point to all. Apart from the async function, in which each sum was an object. */
const measureDistances = (flat: Float64Array, width: number, point: number, distances: Float64Array): void => {
  for (let other = 0; other < distances.length; other++) {
    let squares = 0
    for (let feature = 0; feature < width; feature++) {
      const distance = flat[point * width + feature]! - flat[other * width + feature]!
      squares += distance * distance
    }
    distances[other] = Math.sqrt(squares)
  }
}

const sumByCluster = (distances: Float64Array, clustering: Int32Array, sums: Float64Array): void => {
  sums.fill(0)
  for (let point = 0; point < distances.length; point++) sums[clustering[point]!]! += distances[point]!
}

/** From the summed distances of one point to the members of each cluster. */
const silhouetteOf = (sums: Float64Array, sizes: Int32Array, pointCluster: number): number => {
  if (sizes[pointCluster]! < 2) return 0
  const meanInside = sums[pointCluster]! / (sizes[pointCluster]! - 1)
  let meanNearest = Number.POSITIVE_INFINITY
  for (let cluster = 0; cluster < sizes.length; cluster++) {
    if (cluster !== pointCluster && sizes[cluster]! > 0) meanNearest = Math.min(meanNearest, sums[cluster]! / sizes[cluster]!)
  }
  const maximum = Math.max(meanInside, meanNearest)
  return maximum === 0 ? 0 : (meanNearest - meanInside) / maximum
}

const sizesOf = (clustering: Int32Array): Int32Array => {
  const sizes = new Int32Array(clustering.reduce((a, b) => Math.max(a, b), 0) + 1)
  for (const cluster of clustering) sizes[cluster]! += 1
  return sizes
}
