// Unrolls parts of series into steps: looks up the calendar and interpolates slow noise, which is drawn per block and part only.
import type { Cadence } from './sample-calendar.ts'

export interface SlowNoise {
  /** Column of the steps: mean 0, deviation 1, akin from step to step. */
  readonly name: string
  /** SQL of the 32-bit key, over the columns of the parts. */
  readonly key: string
  readonly lagParts: number
  /** Share that changes with each block, 0..1; the rest changes with each part. The squares of the two shares add up to 1. */
  readonly blockShare: number
}

/**
 * Steps of the rows in `parts` (with `part`, counted like the calendar's steps), in order: each with the columns of its part,
 * those of `blockColumns` (SQL over part columns and `block`), the calendar's and the named noises.
 */
export const stepsSql = (parts: string, cadence: Cadence, noises: readonly SlowNoise[], blockColumns: readonly string[]): string => {
  const { blockSteps, partSteps } = cadence
  const blocksPerPart = partSteps / blockSteps
  const knots = (kind: 'block' | 'part', lagPerPart: number, firstPlace: number) =>
    noises.map(
      ({ name, key, lagParts }) => `
      normal_at(${key}, ${kind} + ${firstPlace - lagParts * lagPerPart}) AS ${name}_${kind}_from,
      normal_at(${key}, ${kind} + ${firstPlace - lagParts * lagPerPart + 1}) AS ${name}_${kind}_to`,
    )
  const interpolated = noises.map(
    ({ name, blockShare }) => `
    ${blockShare} * (${name}_block_from * now.block_from + ${name}_block_to * now.block_to)
      + ${Math.sqrt(1 - blockShare ** 2)} * (${name}_part_from * now.part_from + ${name}_part_to * now.part_to) AS ${name}`,
  )
  return `
  SELECT * EXCLUDE (now), now.*, ${interpolated.join(',')}
  FROM (
    SELECT *, unnest(getvariable('sample_calendar')[block + 1]) AS now
    FROM (
      SELECT *, ${[...knots('block', blocksPerPart, 0), ...blockColumns].join(',')}
      FROM (
        SELECT *, unnest(range(part * ${blocksPerPart}, (part + 1) * ${blocksPerPart})) AS block
        FROM (SELECT *, ${knots('part', 1, 100_000).join(',')} FROM (${parts}))
      )
    )
  )`
}
