// Limits of Student's t distribution for confidence intervals, with a whole number of degrees of freedom.

const limits = new Map<string, number>()

/** t with P(|T| <= t) = `level`: the factor of a two-sided interval. `level`: above 0 and below 1; `degreesOfFreedom`: at least 1. */
export const studentTLimit = (level: number, degreesOfFreedom: number): number => {
  const key = `${level} ${degreesOfFreedom}`
  let limit = limits.get(key)
  if (limit === undefined) {
    limit = findLimit(level, degreesOfFreedom)
    limits.set(key, limit)
  }
  return limit
}

/** Bisection over the angle atan(t / sqrt(degreesOfFreedom)), which is bounded, until neighbouring doubles remain. */
const findLimit = (level: number, degreesOfFreedom: number): number => {
  let low = 0
  let high = Math.PI / 2
  for (;;) {
    const angle = (low + high) / 2
    if (angle <= low || angle >= high) return Math.tan(angle) * Math.sqrt(degreesOfFreedom)
    if (probabilityWithin(angle, degreesOfFreedom) < level) low = angle
    else high = angle
  }
}

/** P(|T| <= sqrt(degreesOfFreedom) tan(angle)); the finite sums of Abramowitz and Stegun 1964, 26.7.3 and 26.7.4. */
const probabilityWithin = (angle: number, degreesOfFreedom: number): number => {
  const isOdd = degreesOfFreedom % 2 === 1
  // From the tangent: the last digit of Math.cos and Math.sin differs between Electron and Node.
  const tangent = Math.tan(angle)
  const cosine = 1 / Math.sqrt(1 + tangent * tangent)
  const sine = tangent * cosine
  let sum = 0
  let term = isOdd ? cosine : 1
  for (let power = isOdd ? 1 : 0; power <= degreesOfFreedom - 2; power += 2) {
    sum += term
    term *= (cosine * cosine * (power + 1)) / (power + 2)
  }
  return isOdd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum
}
