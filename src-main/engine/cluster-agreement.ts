// How far two clusterings of the same points agree, whatever their numbering.

/**
 * Adjusted Rand index (Hubert and Arabie 1985): 1 for the same groups, about 0 for groups that agree by chance alone. Clusters are
 * numbered from 0.
 */
export const adjustedRandIndex = (one: Int32Array, other: Int32Array): number => {
  const width = greatestOf(other) + 1
  const both = new Map<number, number>()
  const ones = new Map<number, number>()
  const others = new Map<number, number>()
  one.forEach((cluster, index) => {
    count(both, cluster * width + other[index]!)
    count(ones, cluster)
    count(others, other[index]!)
  })
  const together = pairsOf(both)
  const inOne = pairsOf(ones)
  const inOther = pairsOf(others)
  const byChance = one.length < 2 ? 0 : (inOne * inOther) / pairs(one.length)
  const greatest = (inOne + inOther) / 2
  return greatest === byChance ? 1 : (together - byChance) / (greatest - byChance)
}

const greatestOf = (values: Int32Array): number => values.reduce((a, b) => Math.max(a, b), 0)

const count = (counts: Map<number, number>, key: number): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

const pairs = (members: number): number => (members * (members - 1)) / 2

const pairsOf = (counts: ReadonlyMap<number, number>): number => [...counts.values()].reduce((sum, members) => sum + pairs(members), 0)
