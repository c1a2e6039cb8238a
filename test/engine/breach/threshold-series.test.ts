// Bins of series that share residuals, by hand.
import { describe, expect, test } from 'vitest'
import { binSeries } from '../../../src-main/engine/breach/threshold-series.ts'

describe('binSeries', () => {
  const metrics = (count: number): string[] => Array.from({ length: count }, () => 'cpu')
  test('bins hold twenty series at least: 45 series make two, ties in order of the series', () => {
    const bins = binSeries(metrics(45), new Float64Array(45).fill(7))
    expect([...bins.subarray(0, 23)]).toEqual(Array.from({ length: 23 }, () => 0))
    expect([...bins.subarray(23)]).toEqual(Array.from({ length: 22 }, () => 1))
  })
  test('there are ten of equal count at most, by falling rank of the mean', () => {
    const bins = binSeries(
      metrics(400),
      Float64Array.from({ length: 400 }, (_, index) => 400 - index),
    )
    expect([bins[0], bins[399]]).toEqual([9, 0])
    expect(bins.filter((bin) => bin === 4)).toHaveLength(40)
  })
  test('metrics have bins of their own, and a series without a mean has none', () => {
    expect([...binSeries(['mem', 'cpu', 'cpu'], Float64Array.from([1, 2, Number.NaN]))]).toEqual([1, 0, -1])
  })
})
