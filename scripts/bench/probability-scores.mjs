// Scores of probabilities against what came about, computed apart from the engine's own.

/** @typedef {{ readonly probability: number, readonly outcome: 0 | 1, readonly flag: 0 | 1 }} Prediction */

/** @param {readonly number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Share of pairs of an event and a non-event in the right order, ties half. @param {readonly Prediction[]} predictions */
const areaUnderCurve = (predictions) => {
  const events = predictions.filter(({ outcome }) => outcome === 1).map(({ probability }) => probability)
  const others = predictions.filter(({ outcome }) => outcome === 0).map(({ probability }) => probability)
  const won = events.map((event) => mean(others.map((other) => (event > other ? 1 : event === other ? 0.5 : 0))))
  return mean(won)
}

/** A generator of 0..1 (mulberry32). @param {number} seed */
export const createRandom = (seed) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let hash = Math.imul(state ^ (state >>> 15), state | 1)
    hash ^= hash + Math.imul(hash ^ (hash >>> 7), hash | 61)
    return ((hash ^ (hash >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

/** @param {readonly Prediction[]} predictions */
const brierOf = (predictions) => mean(predictions.map(({ probability, outcome }) => (probability - outcome) ** 2))

/**
 * `interval`: 90 % bootstrap interval of the difference of the Brier scores, base rate minus probability; above 0 is better.
 *
 * @param {readonly Prediction[]} predictions
 */
export const scorePredictions = (predictions) => {
  const events = predictions.filter(({ outcome }) => outcome === 1).length
  const rate = events / predictions.length
  const random = createRandom(1)
  const gains = Array.from({ length: 300 }, () => {
    const sample = predictions.flatMap(() => predictions[Math.floor(random() * predictions.length)] ?? [])
    const share = mean(sample.map(({ outcome }) => outcome))
    return share * (1 - share) - brierOf(sample)
  }).toSorted((a, b) => a - b)
  return {
    n: predictions.length,
    events,
    expected: predictions.reduce((sum, { probability }) => sum + probability, 0),
    brier: brierOf(predictions),
    baseRate: rate * (1 - rate),
    plainFlag: mean(predictions.map(({ flag, outcome }) => (flag - outcome) ** 2)),
    logLoss: -mean(predictions.map(({ probability, outcome }) => Math.log(Math.max(1e-6, outcome === 1 ? probability : 1 - probability)))),
    auc: areaUnderCurve(predictions),
    gain: [gains[15] ?? Number.NaN, gains[284] ?? Number.NaN],
  }
}

/** Continuous 95th percentile. @param {readonly number[]} values */
export const p95 = (values) => {
  const sorted = values.toSorted((a, b) => a - b)
  const position = 0.95 * (sorted.length - 1)
  const low = Math.floor(position)
  return (sorted[low] ?? 0) + (position - low) * ((sorted[low + 1] ?? sorted[low] ?? 0) - (sorted[low] ?? 0))
}
