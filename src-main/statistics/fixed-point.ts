// Sums that do not depend on the order of rows or threads: values become whole multiples of a fixed step before they are added.
// Parallel floating sums differ in their last bits from run to run; whole numbers do not.

/** How values of a set become whole steps: the integer that holds one value. Sums are HUGEINT. */
export interface FixedPoint {
  readonly integer: 'BIGINT' | 'HUGEINT'
}

const stepsPerUnit = 1e12
/** BIGINT (9.2e18) holds this many units and, to spare, the difference of two such values. */
const maxInBigint = 4e6
/** Greater values count as this much, so that no sum of a hundred million rows leaves HUGEINT (1.7e38). */
const maxInHugeint = 1e18

/** For values of magnitude up to `greatest`; the step is the same for all, so that a metric in bytes costs one in percent no digit. */
export const fixedPointFor = (maxMagnitude: number): FixedPoint => ({ integer: maxMagnitude <= maxInBigint ? 'BIGINT' : 'HUGEINT' })

/** For sums that are added up again. */
export const fixedPointOfSums: FixedPoint = { integer: 'HUGEINT' }

/** SQL for the whole steps of `value`: an integer that adds up the same in any order. */
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

/** SQL for a repeatable mean of `value`, which never lies outside its values. */
export const fixedMeanSql = (value: string, fixedPoint: FixedPoint): string =>
  `greatest(min(${value}), least(max(${value}), ${fixedSumSql(value, fixedPoint)} / nullif(count(${value}), 0)))`

/** SQL for a repeatable sum of values within -1..1, such as products of shares of a greatest deviation; NULL over no values. */
export const fixedSumOfSharesSql = (value: string): string =>
  `(CAST(sum(CAST((${value}) * ${doubleLiteral(1e15)} AS BIGINT)) AS DOUBLE) / ${doubleLiteral(1e15)})`

const doubleLiteral = (number: number): string => `${number.toExponential()}::DOUBLE`
