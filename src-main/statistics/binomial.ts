// How surprising a number of hits is: the binomial distribution, and the upper limit of a small count.

/** Probability of at least `hits` in `trials` independent trials of chance `probability`. */
export const binomialTail = (hits: number, trials: number, probability: number): number => {
  if (hits <= 0) return 1
  if (probability <= 0 || hits > trials) return 0
  if (probability >= 1) return 1
  const odds = Math.log(probability) - Math.log1p(-probability)
  let logTerm = trials * Math.log1p(-probability)
  let below = Math.exp(logTerm)
  for (let count = 1; count < hits; count++) {
    logTerm += Math.log(trials - count + 1) - Math.log(count) + odds
    below += Math.exp(logTerm)
  }
  return Math.max(0, 1 - below)
}

/** Mean above which so few hits are as rare as a value one standard deviation below a normal mean: Poisson, by Gehrels 1986, equation 7. */
export const upperLimitOfCount = (hits: number): number => hits + 1 + Math.sqrt(hits + 0.75)
