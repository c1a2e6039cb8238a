// Sums that do not depend on the order of rows or threads: values become integer multiples of a fixed step before they are added.
// The last bits of parallel floating-point sums vary from run to run; integer sums do not.

/** The integer type that holds one value in steps. Sums are HUGEINT. */
export interface FixedPoint {
  readonly integer: 'BIGINT' | 'HUGEINT'
  /** Largest magnitude of a value. */
  readonly maxMagnitude: number
}

const stepsPerUnit = 1e12
/** BIGINT (9.2e18) holds this many units, and the difference of two such values. */
const maxInBigint = 4e6
/** Larger values are clamped to this, so that a sum of a hundred million rows fits into HUGEINT (1.7e38). */
const maxInHugeint = 1e18

/** For values up to `maxMagnitude`. The step is always the same, so that a metric in bytes does not cost a percentage any digits. */
export const fixedPointFor = (maxMagnitude: number): FixedPoint => ({
  integer: maxMagnitude <= maxInBigint ? 'BIGINT' : 'HUGEINT',
  maxMagnitude,
})

/** For sums of values and bounds, each times a factor, whose magnitudes add up to `factors`. */
export const fixedPointForSumOf = ({ maxMagnitude }: FixedPoint, factors: number): FixedPoint => fixedPointFor((maxMagnitude * factors) / 2)

/** For sums of sums. */
export const fixedPointOfSums: FixedPoint = fixedPointFor(Number.POSITIVE_INFINITY)

/** SQL for `value` in steps, as an integer. */
export const toStepsSql = (value: string, { integer }: FixedPoint): string =>
  integer === 'BIGINT'
    ? `CAST((${value}) * ${doubleLiteral(stepsPerUnit)} AS BIGINT)`
    : `CAST(CASE WHEN ${value} > ${doubleLiteral(maxInHugeint)} THEN ${doubleLiteral(maxInHugeint)}
                 WHEN ${value} < ${doubleLiteral(-maxInHugeint)} THEN ${doubleLiteral(-maxInHugeint)}
                 ELSE ${value} END * ${doubleLiteral(stepsPerUnit)} AS HUGEINT)`

/** SQL for the units of a sum of steps, in DOUBLE. */
export const fromStepsSql = (steps: string): string => `(CAST(${steps} AS DOUBLE) / ${doubleLiteral(stepsPerUnit)})`

/** SQL for a repeatable sum of `value`, in DOUBLE; NULL over no values. NULL values are skipped. */
export const fixedSumSql = (value: string, fixedPoint: FixedPoint): string => fromStepsSql(`sum(${toStepsSql(value, fixedPoint)})`)

/** SQL for a repeatable mean of `value`, never outside the range of its values. */
export const fixedMeanSql = (value: string, fixedPoint: FixedPoint): string =>
  `greatest(min(${value}), least(max(${value}), ${fixedSumSql(value, fixedPoint)} / nullif(count(${value}), 0)))`

/** SQL for a repeatable sum of values within -1..1, such as products of relative deviations; NULL over no values. */
export const fixedSumOfSharesSql = (value: string): string =>
  `(CAST(sum(CAST((${value}) * ${doubleLiteral(1e15)} AS BIGINT)) AS DOUBLE) / ${doubleLiteral(1e15)})`

const doubleLiteral = (number: number): string => `${number.toExponential()}::DOUBLE`
