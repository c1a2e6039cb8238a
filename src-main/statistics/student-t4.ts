// Distribution function of Student's t with four degrees of freedom.

/** P(T <= t), T with four degrees of freedom; closed form of Abramowitz and Stegun 1964, 26.7.4. -2 gives 0.0581. */
export const studentT4 = (t: number): number => {
  const scaled = t / Math.sqrt(1 + (t * t) / 4)
  return Math.min(Math.max(0.5 + (3 / 8) * scaled * (1 - (scaled * scaled) / 12), 0), 1)
}
