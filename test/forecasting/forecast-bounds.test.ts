// Bounds by windows: which window's quantiles the next one is expected to keep.
import { describe, expect, test } from 'vitest'
import { nextWindow, type ErrorQuantiles } from '../../src-main/forecasting/forecast-bounds.ts'

const windowsOf = (...widths: readonly number[]): ErrorQuantiles[] =>
  widths.map((width) => ({ lower: -width, upper: 2 * width, errors: 50 }))
const narrow: ErrorQuantiles = { lower: -0.5, upper: 0.5, errors: 500 }

describe('the bounds of the next window', () => {
  test.each([
    [[3], 3],
    [[1, 3], 3],
    [[5, 1, 3], 3],
    [[1, 2, 3, 4], 3],
    [[8, 7, 6, 5, 4, 3, 2, 1], 5],
  ])('of windows as wide as %j: %d', (widths, expected) => {
    expect(nextWindow({ pooled: narrow, windows: windowsOf(...widths) })).toEqual({ lower: -expected, upper: 2 * expected })
  })

  test('are never narrower than the quantiles of all errors', () => {
    expect(nextWindow({ pooled: { lower: -4, upper: 4, errors: 500 }, windows: windowsOf(1, 3) })).toEqual({ lower: -4, upper: 6 })
  })

  test('are those of all errors where no window has 50', () => {
    expect(nextWindow({ pooled: narrow, windows: [{ lower: -9, upper: 9, errors: 49 }] })).toEqual({ lower: -0.5, upper: 0.5 })
  })
})
