// The highest value so far on each path, and what a share of the paths exceeds: a limit is passed when that curve passes it.
import { selectRank } from './select-rank.ts'

/**
 * For each share: by step, the value that at least this share of the paths has exceeded or reached by then. `paths`: path after path, `steps` values
 * each.
 */
export const exceededByShare = (paths: Float64Array, steps: number, shares: readonly number[]): Float64Array[] => {
  const count = paths.length / steps
  const highest = new Float64Array(count).fill(Number.NEGATIVE_INFINITY)
  const ranks = shares.map((share) => count - Math.max(1, Math.ceil(share * count - 1e-9)))
  const scratch = new Float64Array(count)
  const curves = shares.map(() => new Float64Array(steps))
  for (let step = 0; step < steps; step++) {
    let isHigher = step === 0
    for (let path = 0; path < count; path++) {
      const value = Math.max(highest[path]!, paths[path * steps + step]!)
      isHigher ||= value !== highest[path]
      highest[path] = value
    }
    curves.forEach((curve, index) => {
      if (isHigher) {
        scratch.set(highest)
        curve[step] = selectRank(scratch, ranks[index]!)
      } else curve[step] = curve[step - 1]!
    })
  }
  return curves
}
