// Sums that do not depend on the order of rows or threads: values become whole multiples of a fixed step before they are added.
// Parallel floating sums differ in their last bits from run to run; whole numbers do not.
import { z } from 'zod'
import type { Database } from '../database/database.ts'

/** Steps per unit for sums of values and for sums of squares or products, chosen so that HUGEINT (1.7e38) cannot overflow. */
export interface FixedPoint {
  readonly linear: number
  readonly square: number
}

/** The finest power-of-ten steps that a set of `rows` values of magnitude up to `greatest` allows. */
export const fixedPointFor = (greatest: number, rows: number): FixedPoint => {
  const magnitude = Math.ceil(Math.log10(Math.max(greatest, 1)))
  const count = Math.ceil(Math.log10(Math.max(rows, 1)))
  return {
    linear: 10 ** Math.min(12, 36 - magnitude - count),
    square: 10 ** Math.min(15, 36 - 2 * magnitude - count),
  }
}

/** SQL for a repeatable sum of `value`, in DOUBLE; NULL over no values. */
export const fixedSum = (value: string, scale: number, filter?: string): string =>
  `(CAST(sum(CAST(round((${value}) * ${exponent(scale)}) AS HUGEINT))${
    filter === undefined ? '' : ` FILTER (WHERE ${filter})`
  } AS DOUBLE) / ${exponent(scale)})`

/** SQL for a repeatable mean of `value`. */
export const fixedMean = (value: string, scale: number, filter?: string): string =>
  `(${fixedSum(value, scale, filter)} / nullif(count(${value})${filter === undefined ? '' : ` FILTER (WHERE ${filter})`}, 0))`

const exponent = (scale: number): string => `${scale.toExponential()}::DOUBLE`

/** Greatest magnitude among the set's numbers, for `fixedPointFor`. */
export const magnitudeOf = async (database: Database, relation: string): Promise<{ greatest: number; rows: number }> =>
  database.row(
    `SELECT coalesce(greatest(max(abs(predicted)), max(abs(actual)), max(abs(yhat_lower)), max(abs(yhat_upper))), 0) AS greatest,
            CAST(count(*) AS DOUBLE) AS rows FROM ${relation}`,
    z.object({ greatest: z.number(), rows: z.number() }),
  )
