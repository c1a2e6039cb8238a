// Agreement of two clusterings of the same points, independent of their numbering.

/**
 * Adjusted Rand index (Hubert and Arabie 1985): 1 for equal groups, about 0 for agreement by chance. Clusters are numbered
 * from 0.
 */
export const adjustedRandIndex = (one: Int32Array, other: Int32Array): number => {
  const width = maxOf(other) + 1
  const contingency = new Map<number, number>()
  const oneSizes = new Map<number, number>()
  const otherSizes = new Map<number, number>()
  one.forEach((cluster, index) => {
    count(contingency, cluster * width + other[index]!)
    count(oneSizes, cluster)
    count(otherSizes, other[index]!)
  })
  const pairsInBoth = totalPairs(contingency)
  const pairsInOne = totalPairs(oneSizes)
  const pairsInOther = totalPairs(otherSizes)
  const expectedPairs = one.length < 2 ? 0 : (pairsInOne * pairsInOther) / pairCount(one.length)
  const maxPairs = (pairsInOne + pairsInOther) / 2
  return maxPairs === expectedPairs ? 1 : (pairsInBoth - expectedPairs) / (maxPairs - expectedPairs)
}

const maxOf = (values: Int32Array): number => values.reduce((a, b) => Math.max(a, b), 0)

const count = (counts: Map<number, number>, key: number): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

const pairCount = (members: number): number => (members * (members - 1)) / 2

const totalPairs = (counts: ReadonlyMap<number, number>): number =>
  [...counts.values()].reduce((sum, members) => sum + pairCount(members), 0)
