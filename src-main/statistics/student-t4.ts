// Student's t with four degrees of freedom, and the probability that a simulated figure exceeds a threshold.

/** P(T <= t), T with four degrees of freedom; closed form of Abramowitz and Stegun 1964, 26.7.4. -2 gives 0.0581. */
export const studentT4 = (t: number): number => {
  const scaled = t / Math.sqrt(1 + (t * t) / 4)
  return Math.min(Math.max(0.5 + (3 / 8) * scaled * (1 - (scaled * scaled) / 12), 0), 1)
}

export interface SampleMoments {
  readonly mean: number
  /** Sample standard deviation. */
  readonly deviation: number
}

/** Probability that a figure exceeds the threshold: mean over the halves of its sample of F_t4(mean / deviation) of the margin. */
export const exceedanceProbability = (halves: readonly [SampleMoments, SampleMoments], threshold: number): number => {
  const ofHalf = ({ mean, deviation }: SampleMoments): number => {
    const margin = mean - threshold
    // A sample that lies at the threshold is not above it.
    if (Math.abs(margin) <= 1e-12 * Math.abs(threshold)) return 0
    return studentT4(margin / Math.max(deviation, 1e-9 * Math.abs(threshold)))
  }
  return (ofHalf(halves[0]) + ofHalf(halves[1])) / 2
}
