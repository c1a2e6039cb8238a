// Isotonic regression by pooling adjacent violators: the non-decreasing least-squares fit.

export interface IsotonicFunction {
  /** Ascending x and the function's values there; linear between knots, constant outside. */
  readonly knots: Float64Array
  readonly values: Float64Array
}

/** Barlow, Bartholomew, Bremner and Brunk 1972. Equal x are averaged first. `x` and `y` have the same length; empty arrays give the constant 0. */
export const fitIsotonic = (x: Float64Array, y: Float64Array): IsotonicFunction => {
  const order = Uint32Array.from(x, (_, index) => index).sort((a, b) => x[a]! - x[b]! || a - b)
  const knots: number[] = []
  const sums: number[] = []
  const weights: number[] = []
  for (const index of order) {
    if (knots.length > 0 && knots.at(-1) === x[index]) {
      sums[sums.length - 1]! += y[index]!
      weights[weights.length - 1]! += 1
    } else {
      knots.push(x[index]!)
      sums.push(y[index]!)
      weights.push(1)
    }
  }
  return { knots: Float64Array.from(knots), values: poolViolators(sums, weights) }
}

const poolViolators = (sums: readonly number[], weights: readonly number[]): Float64Array => {
  const blockSums: number[] = []
  const blockWeights: number[] = []
  const blockLengths: number[] = []
  for (let position = 0; position < sums.length; position++) {
    blockSums.push(sums[position]!)
    blockWeights.push(weights[position]!)
    blockLengths.push(1)
    while (blockSums.length > 1) {
      const last = blockSums.length - 1
      if (blockSums[last - 1]! / blockWeights[last - 1]! <= blockSums[last]! / blockWeights[last]!) break
      blockSums[last - 1]! += blockSums.pop()!
      blockWeights[last - 1]! += blockWeights.pop()!
      blockLengths[last - 1]! += blockLengths.pop()!
    }
  }
  const values = new Float64Array(sums.length)
  let position = 0
  blockSums.forEach((sum, block) => {
    values.fill(sum / blockWeights[block]!, position, position + blockLengths[block]!)
    position += blockLengths[block]!
  })
  return values
}

/** The function's value at `x`. */
export const evaluateIsotonic = ({ knots, values }: IsotonicFunction, x: number): number => {
  const last = knots.length - 1
  if (last < 0) return 0
  if (x <= knots[0]!) return values[0]!
  if (x >= knots[last]!) return values[last]!
  let low = 0
  let high = last
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (knots[middle]! <= x) low = middle
    else high = middle
  }
  const share = (x - knots[low]!) / (knots[high]! - knots[low]!)
  return values[low]! + share * (values[high]! - values[low]!)
}
