// Beta calibration of probabilities: a logistic curve in ln p and ln(1 - p), with priors that hold it near another curve; cut to limits.

/** Raw probabilities are read between this and 1 minus this. */
const minRaw = 1e-4
const maxIterations = 50

/** logit p = intercept + slopeLow ln r - slopeHigh ln(1 - r), both slopes >= 0. */
export interface BetaCurve {
  readonly intercept: number
  readonly slopeLow: number
  readonly slopeHigh: number
}

/** Normal distributions about the parameters of a curve. */
export interface BetaPrior {
  readonly curve: BetaCurve
  readonly interceptDeviation: number
  /** Of both slopes. */
  readonly slopeDeviation: number
}

/** Probabilities are right as they are. */
const identityPrior: BetaPrior = { curve: { intercept: 0, slopeLow: 1, slopeHigh: 1 }, interceptDeviation: 1, slopeDeviation: 0.5 }

export const applyBetaCurve = ({ intercept, slopeLow, slopeHigh }: BetaCurve, raw: number): number => {
  const r = Math.min(Math.max(raw, minRaw), 1 - minRaw)
  return logistic(intercept + slopeLow * Math.log(r) - slopeHigh * Math.log(1 - r))
}

/** A curve, and the limits of the probabilities that its sample supports. */
export interface Calibration {
  readonly curve: BetaCurve
  readonly min: number
  readonly max: number
  /** Whether the sample is large enough. */
  readonly isCalibrated: boolean
}

export const calibrate = ({ curve, min, max }: Calibration, raw: number): number => Math.min(Math.max(applyBetaCurve(curve, raw), min), max)

/**
 * The maximum a posteriori curve (Kull, Silva Filho and Flach 2017); slopes are at least 0. Without a prior: intercept ~ N(0, 1), slopes ~ N(1, 0.5^2).
 * `outcomes`: 0 or 1; `weights` >= 0. The arrays share their index. An empty sample gives the curve of the prior.
 */
export const fitBetaCurve = (
  raw: Float64Array,
  outcomes: Uint8Array,
  weights: Float64Array,
  prior: BetaPrior = identityPrior,
): BetaCurve => {
  const low = raw.map((value) => Math.log(Math.min(Math.max(value, minRaw), 1 - minRaw)))
  const high = raw.map((value) => -Math.log(1 - Math.min(Math.max(value, minRaw), 1 - minRaw)))
  const sample: Sample = { low, high, outcomes, weights, prior }
  const isAllowed = ({ curve }: { readonly curve: BetaCurve }): boolean => curve.slopeLow >= 0 && curve.slopeHigh >= 0
  const free = minimise(sample, [true, true])
  if (isAllowed(free)) return free.curve
  // The objective is convex: where a slope would be negative, the best curve has it at 0.
  const candidates = [[false, true] as const, [true, false] as const, [false, false] as const]
  const curves = candidates.map((slopes) => minimise(sample, slopes)).filter(isAllowed)
  return curves.reduce((best, candidate) => (candidate.loss < best.loss ? candidate : best)).curve
}

interface Sample {
  readonly low: Float64Array
  readonly high: Float64Array
  readonly outcomes: Uint8Array
  readonly weights: Float64Array
  readonly prior: BetaPrior
}

const logistic = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))
/** ln(1 + e^x) without overflow. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))

const lossOf = ({ low, high, outcomes, weights, prior }: Sample, { intercept, slopeLow, slopeHigh }: BetaCurve): number => {
  const { curve, interceptDeviation, slopeDeviation } = prior
  let loss =
    (((intercept - curve.intercept) / interceptDeviation) ** 2 +
      ((slopeLow - curve.slopeLow) / slopeDeviation) ** 2 +
      ((slopeHigh - curve.slopeHigh) / slopeDeviation) ** 2) /
    2
  for (let i = 0; i < low.length; i++) {
    if (weights[i] === 0) continue
    const score = intercept + slopeLow * low[i]! + slopeHigh * high[i]!
    loss += weights[i]! * (softplus(score) - (outcomes[i] === 1 ? score : 0))
  }
  return loss
}

/** Newton's method with halved steps; a slope that is not free stays at 0. */
const minimise = (sample: Sample, [lowFree, highFree]: readonly [boolean, boolean]): { curve: BetaCurve; loss: number } => {
  const { low, high, outcomes, weights, prior } = sample
  const centre = prior.curve
  const [interceptPrecision, slopePrecision] = [1 / prior.interceptDeviation ** 2, 1 / prior.slopeDeviation ** 2]
  let curve: BetaCurve = {
    intercept: centre.intercept,
    slopeLow: lowFree ? centre.slopeLow : 0,
    slopeHigh: highFree ? centre.slopeHigh : 0,
  }
  let loss = lossOf(sample, curve)
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    // Typed arrays: as elements of others, each sum would be an object on its own.
    const gradient = Float64Array.of(
      interceptPrecision * (curve.intercept - centre.intercept),
      slopePrecision * (curve.slopeLow - centre.slopeLow),
      slopePrecision * (curve.slopeHigh - centre.slopeHigh),
    )
    const hessian = Float64Array.of(interceptPrecision, 0, 0, slopePrecision, 0, slopePrecision) // of (0,0), (0,1), (0,2), (1,1), (1,2), (2,2)
    for (let i = 0; i < low.length; i++) {
      if (weights[i] === 0) continue
      const x = low[i]!
      const y = high[i]!
      const p = logistic(curve.intercept + curve.slopeLow * x + curve.slopeHigh * y)
      const error = weights[i]! * (p - outcomes[i]!)
      const curvature = weights[i]! * p * (1 - p)
      gradient[0]! += error
      gradient[1]! += error * x
      gradient[2]! += error * y
      hessian[0]! += curvature
      hessian[1]! += curvature * x
      hessian[2]! += curvature * y
      hessian[3]! += curvature * x * x
      hessian[4]! += curvature * x * y
      hessian[5]! += curvature * y * y
    }
    const step = solve(hessian, gradient, lowFree, highFree)
    const next = halveUntilBetter(sample, curve, loss, step)
    if (next === undefined) break
    const gain = loss - next.loss
    ;({ curve, loss } = next)
    if (gain <= 1e-12 * Math.abs(loss)) break
  }
  return { curve, loss }
}

const halveUntilBetter = (
  sample: Sample,
  curve: BetaCurve,
  loss: number,
  [a, b, c]: readonly [number, number, number],
): { curve: BetaCurve; loss: number } | undefined => {
  for (let share = 1; share > 1e-6; share /= 2) {
    const next = { intercept: curve.intercept - share * a, slopeLow: curve.slopeLow - share * b, slopeHigh: curve.slopeHigh - share * c }
    const nextLoss = lossOf(sample, next)
    if (nextLoss < loss) return { curve: next, loss: nextLoss }
  }
  return undefined
}

/** Solves the symmetric 3 x 3 system by Cramer's rule; rows of slopes that are not free become the identity. */
const solve = (hessian: Float64Array, gradient: Float64Array, lowFree: boolean, highFree: boolean): [number, number, number] => {
  const a = hessian[0]!
  const b = lowFree ? hessian[1]! : 0
  const c = highFree ? hessian[2]! : 0
  const d = lowFree ? hessian[3]! : 1
  const e = lowFree && highFree ? hessian[4]! : 0
  const f = highFree ? hessian[5]! : 1
  const [x, y, z] = [gradient[0]!, lowFree ? gradient[1]! : 0, highFree ? gradient[2]! : 0]
  const determinant = a * (d * f - e * e) - b * (b * f - c * e) + c * (b * e - c * d)
  return [
    (x * (d * f - e * e) - b * (y * f - e * z) + c * (y * e - d * z)) / determinant,
    (a * (y * f - e * z) - x * (b * f - e * c) + c * (b * z - y * c)) / determinant,
    (a * (d * z - y * e) - b * (b * z - y * c) + x * (b * e - d * c)) / determinant,
  ]
}
