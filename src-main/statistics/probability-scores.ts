// Scores of predicted probabilities against outcomes: Brier, log loss, area under the ROC curve, and the interval of a skill.
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { percentileOf } from './percentile.ts'

/** Mean squared difference (Brier 1950). NaN without an entry. */
export const brierScore = (predicted: ArrayLike<number>, outcomes: Uint8Array): number => {
  let sum = 0
  for (let i = 0; i < outcomes.length; i++) sum += (predicted[i]! - outcomes[i]!) ** 2
  return sum / outcomes.length
}

/** Mean of -ln of the probability given to what happened; 0 and 1 count as 1e-6 from the end. */
export const logLoss = (predicted: ArrayLike<number>, outcomes: Uint8Array): number => {
  let sum = 0
  for (let i = 0; i < outcomes.length; i++) {
    const p = Math.min(Math.max(predicted[i]!, 1e-6), 1 - 1e-6)
    sum -= Math.log(outcomes[i] === 1 ? p : 1 - p)
  }
  return sum / outcomes.length
}

/** Share of pairs of an event and a non-event in which the event has the higher probability, ties half (Mann and Whitney 1947). NaN without a pair. */
export const areaUnderCurve = (predicted: ArrayLike<number>, outcomes: Uint8Array): number => {
  const order = Uint32Array.from({ length: outcomes.length }, (_, index) => index).sort((a, b) => predicted[a]! - predicted[b]!)
  let events = 0
  let rankSum = 0
  for (let from = 0; from < order.length;) {
    let to = from
    let tied = 0
    while (to < order.length && predicted[order[to]!] === predicted[order[from]!]) tied += outcomes[order[to++]!]!
    rankSum += tied * ((from + to + 1) / 2)
    events += tied
    from = to
  }
  return (rankSum - (events * (events + 1)) / 2) / (events * (outcomes.length - events))
}

/**
 * 90 % bootstrap interval (Efron 1979) of the skill 1 - Brier / Brier of the base rate. Entries of one group are drawn together; `groups`
 * numbers them from 0. Null where no resample has both outcomes.
 */
export const skillInterval = (
  predicted: Float64Array,
  outcomes: Uint8Array,
  groups: Uint32Array,
  seed: number,
  resamples = 400,
): [low: number, high: number] | null => {
  const groupCount = groups.reduce((maximum, group) => Math.max(maximum, group + 1), 0)
  const [errors, events, sizes] = [new Float64Array(groupCount), new Float64Array(groupCount), new Float64Array(groupCount)]
  groups.forEach((group, i) => {
    errors[group]! += (predicted[i]! - outcomes[i]!) ** 2
    events[group]! += outcomes[i]!
    sizes[group]! += 1
  })
  const random = xoroshiro128plus(seed)
  const skills: number[] = []
  for (let resample = 0; resample < resamples; resample++) {
    let [error, event, size] = [0, 0, 0]
    for (let draw = 0; draw < groupCount; draw++) {
      const group = Math.floor(((random.next() >>> 0) / 0x1_0000_0000) * groupCount)
      error += errors[group]!
      event += events[group]!
      size += sizes[group]!
    }
    const rate = event / size
    if (rate > 0 && rate < 1) skills.push(1 - error / size / (rate * (1 - rate)))
  }
  if (skills.length === 0) return null
  const sorted = Float64Array.from(skills).sort()
  return [percentileOf(sorted, 0.05), percentileOf(sorted, 0.95)]
}
