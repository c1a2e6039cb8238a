// Sums that do not depend on the order of rows or threads: values become whole multiples of a fixed step before they are added.
// Parallel floating sums differ in their last bits from run to run; whole numbers do not.

/** Steps per unit for values and for squares or products, chosen so that a single value fits BIGINT (9.2e18); sums are HUGEINT. */
export interface FixedPoint {
  readonly linear: number
  readonly square: number
}

/** The finest power-of-ten steps that values of magnitude up to `greatest` allow. */
export const fixedPointFor = (greatest: number): FixedPoint => {
  const magnitude = Math.ceil(Math.log10(Math.max(greatest, 1)))
  // Two digits to spare: a difference of two values, times 200 in sMAPE's percent.
  return { linear: 10 ** Math.min(12, 15 - magnitude), square: 10 ** Math.min(14, 17 - 2 * magnitude) }
}

/** SQL for a repeatable sum of `value`, in DOUBLE; NULL over no values. NULL values are skipped. */
export const fixedSum = (value: string, scale: number): string =>
  `(CAST(sum(CAST((${value}) * ${exponent(scale)} AS BIGINT)) AS DOUBLE) / ${exponent(scale)})`

/** SQL for a repeatable mean of `value`. */
export const fixedMean = (value: string, scale: number): string => `(${fixedSum(value, scale)} / nullif(count(${value}), 0))`

const exponent = (scale: number): string => `${scale.toExponential()}::DOUBLE`
