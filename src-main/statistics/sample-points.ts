// Scatter points: a sample for drawing, and the points inside a polygon.

export interface ScatterPoints {
  readonly x: Float64Array
  readonly y: Float64Array
  /** Cluster of each point, from 0. */
  readonly cluster: Int32Array
}

/** Points that a scatter draws, in the window and in the picture; more of them would overlap. */
const maxDrawnPoints = 20_000
/** Cells per side of the sampling grid. */
const gridSide = 160
/** Minimum points of every cluster in the sample, if it has as many. */
const minPointsPerCluster = 50

/**
 * Ascending indexes of about `maxPoints` points. Every cluster gets its share: first one point of each grid cell that it covers, then
 * a second, and so on. This drops overlapping points, preserves outliers and is deterministic.
 */
export const samplePoints = ({ x, y, cluster }: ScatterPoints, maxPoints = maxDrawnPoints): Int32Array => {
  const count = cluster.length
  if (count <= maxPoints) return Int32Array.from(cluster.keys())
  const clusters = maxOf(cluster) + 1
  const cellOf = createGrid(x, y)
  const inCell = new Int32Array(clusters * gridSide * gridSide)
  const inCluster = new Int32Array(clusters)
  const rank = new Int32Array(count)
  for (let mark = 0; mark < count; mark++) {
    const clusterIndex = cluster[mark]!
    const cell = clusterIndex * gridSide * gridSide + cellOf(mark)
    rank[mark] = inCell[cell]!
    inCell[cell]!++
    inCluster[clusterIndex]!++
  }
  const quotas = Array.from(inCluster, (size) => Math.max(Math.min(size, minPointsPerCluster), Math.floor((maxPoints * size) / count)))
  const layers = quotas.map((quota, clusterIndex) => findLastLayer(cluster, rank, clusterIndex, quota))
  const takenFromLayer = layers.map(() => 0)
  const sampled: number[] = []
  for (let mark = 0; mark < count; mark++) {
    const { layer, size, remaining } = layers[cluster[mark]!]!
    if (rank[mark]! < layer) sampled.push(mark)
    // The last layer is sampled evenly.
    else if (rank[mark] === layer) {
      const position = takenFromLayer[cluster[mark]!]!++
      if (Math.floor(((position + 1) * remaining) / size) > Math.floor((position * remaining) / size)) sampled.push(mark)
    }
  }
  return Int32Array.from(sampled)
}

/** The points at these indexes. */
export const takePoints = ({ x, y, cluster }: ScatterPoints, indexes: Int32Array): ScatterPoints => ({
  x: Float64Array.from(indexes, (index) => x[index]!),
  y: Float64Array.from(indexes, (index) => y[index]!),
  cluster: Int32Array.from(indexes, (index) => cluster[index]!),
})

/** The first layer of a cluster that exceeds its quota: how many points it has, and how many of them fit. */
const findLastLayer = (
  cluster: Int32Array,
  rank: Int32Array,
  clusterIndex: number,
  quota: number,
): { readonly layer: number; readonly size: number; readonly remaining: number } => {
  const sizes: number[] = []
  cluster.forEach((pointCluster, mark) => {
    if (pointCluster === clusterIndex) sizes[rank[mark]!] = (sizes[rank[mark]!] ?? 0) + 1
  })
  let remaining = quota
  for (const [layer, size] of sizes.entries()) {
    if (size > remaining) return { layer, size, remaining }
    remaining -= size
  }
  return { layer: sizes.length, size: 1, remaining: 0 }
}

const maxOf = (values: Int32Array): number => values.reduce((max, value) => Math.max(max, value), 0)

const createGrid = (x: Float64Array, y: Float64Array): ((mark: number) => number) => {
  const [column, row] = [createBins(x), createBins(y)]
  return (mark) => row(mark) * gridSide + column(mark)
}

const createBins = (values: Float64Array): ((mark: number) => number) => {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (value < min) min = value
    if (value > max) max = value
  }
  const scale = max > min ? gridSide / (max - min) : 0
  return (mark) => Math.min(gridSide - 1, Math.floor((values[mark]! - min) * scale))
}

export type PolygonPoint = readonly [x: number, y: number]

/** Even-odd rule; a polygon of fewer than three corners contains nothing. */
export const isPointInPolygon = (x: number, y: number, polygon: readonly PolygonPoint[]): boolean => {
  let inside = false
  let [lastX, lastY] = polygon.at(-1) ?? [0, 0]
  for (const [cornerX, cornerY] of polygon) {
    if (cornerY > y !== lastY > y && x < ((lastX - cornerX) * (y - cornerY)) / (lastY - cornerY) + cornerX) inside = !inside
    lastX = cornerX
    lastY = cornerY
  }
  return inside
}
