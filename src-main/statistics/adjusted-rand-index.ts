// Agreement of two clusterings of the same points, independent of their numbering.

/**
 * Adjusted Rand index (Hubert and Arabie 1985): 1 for equal groups, about 0 for agreement by chance. Clusters are numbered
 * from 0.
 */
export const adjustedRandIndex = (one: Int32Array, other: Int32Array): number => {
  const width = maxOf(other) + 1
  const oneSizes = new Float64Array(maxOf(one) + 1)
  const otherSizes = new Float64Array(width)
  const contingency = new Float64Array(oneSizes.length * width)
  one.forEach((cluster, index) => {
    contingency[cluster * width + other[index]!]! += 1
    oneSizes[cluster]! += 1
    otherSizes[other[index]!]! += 1
  })
  const pairsInBoth = totalPairs(contingency)
  const pairsInOne = totalPairs(oneSizes)
  const pairsInOther = totalPairs(otherSizes)
  const expectedPairs = one.length < 2 ? 0 : (pairsInOne * pairsInOther) / pairCount(one.length)
  const maxPairs = (pairsInOne + pairsInOther) / 2
  return maxPairs === expectedPairs ? 1 : (pairsInBoth - expectedPairs) / (maxPairs - expectedPairs)
}

const maxOf = (values: Int32Array): number => values.reduce((a, b) => Math.max(a, b), 0)

const pairCount = (members: number): number => (members * (members - 1)) / 2

const totalPairs = (counts: Float64Array): number => counts.reduce((sum, members) => sum + pairCount(members), 0)
