// The highest value so far on each path, and what a share of the paths exceeds: a limit is passed when that curve passes it.

/**
 * For each share: by step, the value that at least this share of the paths has exceeded or reached by then. `paths`: path after path, `steps` values
 * each.
 */
export const exceededByShare = (paths: Float64Array, steps: number, shares: readonly number[]): Float64Array[] => {
  const count = paths.length / steps
  const highest = new Float64Array(count).fill(Number.NEGATIVE_INFINITY)
  const ranks = shares.map((share) => count - Math.max(1, Math.ceil(share * count - 1e-9)))
  const curves = shares.map(() => new Float64Array(steps))
  for (let step = 0; step < steps; step++) {
    for (let path = 0; path < count; path++) highest[path] = Math.max(highest[path]!, paths[path * steps + step]!)
    const sorted = highest.slice().sort()
    curves.forEach((curve, index) => (curve[step] = sorted[ranks[index]!]!))
  }
  return curves
}
