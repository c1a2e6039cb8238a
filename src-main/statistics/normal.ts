// Quantiles of the standard Normal distribution.

/** z with P(Z <= z) = `share`, which lies between 1e-9 and 1 - 1e-9; by bisection until neighbouring doubles remain. */
export const normalQuantile = (share: number): number => {
  let low = -6
  let high = 6
  for (;;) {
    const middle = (low + high) / 2
    if (middle <= low || middle >= high) return middle
    if (normalProbability(middle) < share) low = middle
    else high = middle
  }
}

/** P(Z <= z) for |z| up to 6; Marsaglia 2004: 1/2 + density x (z + z^3 / 3 + z^5 / (3 x 5) + ...). */
const normalProbability = (z: number): number => {
  let term = z
  let sum = z
  for (let odd = 3; Math.abs(term) > 1e-17 * Math.abs(sum); odd += 2) {
    term *= (z * z) / odd
    sum += term
  }
  return 0.5 + (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI)
}
