// Probabilities for readers: in words, and in whole percent that never say 0 or 100.

export const likelihoods = ['certain', 'likely', 'possible', 'unlikely'] as const
export type Likelihood = (typeof likelihoods)[number]

/** A sustained breach that is likely puts a server at risk, one that is possible is worth watching. */
export const likelyProbability = 0.5
export const certainProbability = 0.9
export const possibleProbability = 0.2

export const likelihoodOf = (probability: number): Likelihood => {
  if (probability >= certainProbability) return 'certain'
  if (probability > likelyProbability) return 'likely'
  return probability > possibleProbability ? 'possible' : 'unlikely'
}

/** "< 1 %", "37 %", "> 99 %"; `writePercent` writes a number of percent in the reader's locale. */
export const probabilityText = (probability: number, writePercent = (percent: number): string => `${percent} %`): string => {
  if (probability < 0.01) return `< ${writePercent(1)}`
  if (probability > 0.99) return `> ${writePercent(99)}`
  return writePercent(Math.round(probability * 100))
}
