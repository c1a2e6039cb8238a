// The truth of a sample: what each server's utilisation is at every step, measured or still to come.
import type { Cadence } from './sample-calendar.ts'
import { drawTags, withColumns } from './sample-draws.ts'
import type { SlowNoise } from './sample-steps.ts'

/** Shares of the noise that are new at each step and carried over from the step before; the squares add up to 1. */
const newShare = 0.6
const slowShare = 0.8

/** Share of blocks with a burst, which lasts one step (daily) or three (hourly) and stays below `max_burst` points. */
const burstProbability = 0.008

const slowKey = `xor(key, ${drawTags.slowNoise})`

export const utilisationNoises = (cadence: Cadence): SlowNoise[] => [
  { name: 'wander', key: slowKey, lagParts: 0, blockShare: 0.75 },
  { name: 'past_wander', key: slowKey, lagParts: cadence.lagParts, blockShare: 0.75 },
]

export const utilisationBlockColumns = (cadence: Cadence): string[] => {
  const lagBlocks = (cadence.lagParts * cadence.partSteps) / cadence.blockSteps
  const burst = (name: string, block: string) => `
      CASE WHEN uniform(xor(key, ${drawTags.burst}), ${block}) < ${burstProbability}
        THEN (0.25 + 0.35 * uniform(xor(key, ${drawTags.burstSize}), ${block})) * least(level, 40, max_burst) ELSE 0 END AS ${name}_size,
      key_at(xor(key, ${drawTags.burstAt}), ${block}) % ${cadence.blockSteps} AS ${name}_at`
  return [burst('burst', 'block'), burst('past_burst', `block - ${lagBlocks}`)]
}

/**
 * Adds to steps of servers their true `actual`, in percent; `past_actual`, the same `lagParts` earlier; and `expected`, `actual`
 * without its noise.
 */
export const utilisationSql = (steps: string, cadence: Cadence): string => {
  const burstSteps = cadence.stepHours === 24 ? 1 : 3
  const lagSteps = cadence.lagParts * cadence.partSteps
  const expected = (past: string) => `
    level + slope * ${past}years + week_swing * ${past}week_wave + day_swing * ${past}day_wave + year_swing * ${past}year_wave
      + quarter_end_swing * ${past}quarter_end + month_end_swing * ${past}month_end - holiday_dip * ${past}holiday`
  const noise = (past: string, step: string) => `
    sigma * (${newShare} * normal_at(xor(key, ${drawTags.newNoise}), ${step}) + ${slowShare} * ${past}wander)
      + CASE WHEN step % ${cadence.blockSteps} - ${past}burst_at BETWEEN 0 AND ${burstSteps - 1} THEN ${past}burst_size ELSE 0 END`
  return withColumns(
    steps,
    `${expected('')} AS expected`,
    `percent(expected + ${noise('', 'step')}) AS actual,
    percent(${expected('past_')} + ${noise('past_', `step - ${lagSteps}`)}) AS past_actual`,
  )
}
