// Chooses the number of clusters with the best mean silhouette.
import { runKMeans, countDistinct } from '../../statistics/k-means.ts'
import { meanSilhouettes, drawSampleIndices } from '../../statistics/silhouette.ts'

const minClusters = 2
const maxClusters = 8

export interface ClusterCountChoice {
  readonly clusters: number
  /** Number of clusters -> mean silhouette. */
  readonly silhouettes: Readonly<Record<string, number>>
}

/** Tries 2 to 8 clusters on a seeded sample; the smaller number wins a tie. One cluster if all points are equal. */
export const chooseClusterCount = async (
  points: readonly (readonly number[])[],
  { restarts, seed, signal }: { readonly restarts: number; readonly seed: number; readonly signal?: AbortSignal | undefined },
): Promise<ClusterCountChoice> => {
  const sample = Array.from(drawSampleIndices(points.length, seed), (sampleIndex) => points[sampleIndex]!)
  const largestCount = Math.min(maxClusters, countDistinct(sample, maxClusters))
  const counts = Array.from({ length: Math.max(0, largestCount - minClusters + 1) }, (_, index) => index + minClusters)
  const clusterings: Int32Array[] = []
  for (const clusters of counts) clusterings.push((await runKMeans(sample, { clusters, restarts, seed, signal })).assignment)
  const silhouettes = await meanSilhouettes(sample, clusterings, signal)
  let best: { clusters: number; silhouette: number } | undefined
  counts.forEach((clusters, index) => {
    const silhouette = silhouettes[index] ?? -1
    if (best === undefined || silhouette > best.silhouette + 1e-12) best = { clusters, silhouette }
  })
  return {
    clusters: best?.clusters ?? 1,
    silhouettes: Object.fromEntries(counts.map((clusters, index) => [clusters, silhouettes[index] ?? -1])),
  }
}
