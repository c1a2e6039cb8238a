// Which of a million marks are drawn: as many as a picture can show, from every cluster, and none of those that stand alone is missing.

export interface MarkPlaces {
  readonly x: Float64Array
  readonly y: Float64Array
  /** Cluster of each mark, from 0. */
  readonly cluster: Int32Array
}

/** Cells a side of the grid on which marks are told apart. */
const gridSide = 160
/** Of every cluster that has so many. */
const fewestOfCluster = 50

/**
 * Places of about `most` marks, ascending; all where there are no more. Every cluster has its share, first one mark of each cell of the
 * grid that it lies in, then a second one, and so on: where marks lie on each other some are left out, and outliers stay. Nothing is drawn by lot.
 */
export const sampleMarks = ({ x, y, cluster }: MarkPlaces, most: number): Int32Array => {
  const count = cluster.length
  if (count <= most) return Int32Array.from(cluster.keys())
  const clusters = greatestOf(cluster) + 1
  const cellOf = gridOf(x, y)
  const inCell = new Int32Array(clusters * gridSide * gridSide)
  const inCluster = new Int32Array(clusters)
  const rank = new Int32Array(count)
  for (let mark = 0; mark < count; mark++) {
    const own = cluster[mark]!
    const cell = own * gridSide * gridSide + cellOf(mark)
    rank[mark] = inCell[cell]!
    inCell[cell]!++
    inCluster[own]!++
  }
  const wanted = Array.from(inCluster, (size) => Math.max(Math.min(size, fewestOfCluster), Math.floor((most * size) / count)))
  const layers = wanted.map((quota, own) => lastLayer(cluster, rank, own, quota))
  const taken = layers.map(() => 0)
  const chosen: number[] = []
  for (let mark = 0; mark < count; mark++) {
    const { layer, size, room } = layers[cluster[mark]!]!
    if (rank[mark]! < layer) chosen.push(mark)
    // Evenly through the last layer, which is taken in part.
    else if (rank[mark] === layer) {
      const place = taken[cluster[mark]!]!++
      if (Math.floor(((place + 1) * room) / size) > Math.floor((place * room) / size)) chosen.push(mark)
    }
  }
  return Int32Array.from(chosen)
}

/** The first layer of a cluster that does not fit as a whole: how many marks it has, and how many of them fit. */
const lastLayer = (
  cluster: Int32Array,
  rank: Int32Array,
  own: number,
  quota: number,
): { readonly layer: number; readonly size: number; readonly room: number } => {
  const sizes: number[] = []
  cluster.forEach((of, mark) => {
    if (of === own) sizes[rank[mark]!] = (sizes[rank[mark]!] ?? 0) + 1
  })
  let room = quota
  for (const [layer, size] of sizes.entries()) {
    if (size > room) return { layer, size, room }
    room -= size
  }
  return { layer: sizes.length, size: 1, room: 0 }
}

const greatestOf = (values: Int32Array): number => values.reduce((most, value) => Math.max(most, value), 0)

const gridOf = (x: Float64Array, y: Float64Array): ((mark: number) => number) => {
  const [column, row] = [binsOf(x), binsOf(y)]
  return (mark) => row(mark) * gridSide + column(mark)
}

const binsOf = (values: Float64Array): ((mark: number) => number) => {
  let least = Number.POSITIVE_INFINITY
  let greatest = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (value < least) least = value
    if (value > greatest) greatest = value
  }
  const scale = greatest > least ? gridSide / (greatest - least) : 0
  return (mark) => Math.min(gridSide - 1, Math.floor((values[mark]! - least) * scale))
}
