// Recalibration of breach probabilities, cross-fitting, scores and folds, by hand.
import { describe, expect, test } from 'vitest'
import { crossFit, fitRecalibration, foldOf, recalibrate, scoreCalibration } from '../../../src-main/engine/breach/calibration.ts'

const floats = (...values: number[]): Float64Array => Float64Array.from(values)

describe('calibration', () => {
  test('recalibrate with one event of four: w = 1/21 and iso(0.5) = 1, so p(0.5) = 1/21 x 1 + 20/21 x 0.5', () => {
    const curve = fitRecalibration(floats(0, 0, 0, 0.5), Uint8Array.from([0, 0, 0, 1]))
    expect(curve.weight).toBeCloseTo(1 / 21, 12)
    expect(recalibrate(curve, 0.5)).toBeCloseTo(1 / 21 + (20 / 21) * 0.5, 12)
    expect(recalibrate(curve, 0)).toBe(0)
  })
  test('recalibrate returns the raw share when there are no events', () => {
    const curve = fitRecalibration(floats(0, 0.2, 0.4), new Uint8Array(3))
    expect([0, 0.3, 1].map((raw) => recalibrate(curve, raw))).toEqual([0, 0.3, 1])
  })
  test('crossFit does not use a server for its own curve', () => {
    const raw = floats(0, 0, 1, 1)
    const fold = Uint8Array.from([0, 1, 0, 1])
    const before = crossFit({ raw, breached: Uint8Array.from([0, 0, 1, 1]), flagged: new Uint8Array(4), fold })
    const after = crossFit({ raw, breached: Uint8Array.from([1, 0, 0, 1]), flagged: new Uint8Array(4), fold })
    expect([before[0], before[2]]).toEqual([after[0], after[2]])
  })
  test('scoreCalibration reports probabilities that are no better than the base rate', () => {
    const raw = Float64Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? 1 : 0))
    const breached = Uint8Array.from({ length: 100 }, (_, index) => (index % 4 < 2 ? 1 : 0))
    const fold = Uint8Array.from({ length: 100 }, (_, index) => index % 5)
    const scores = scoreCalibration({ raw, breached, flagged: breached, fold })
    expect(scores.brier_base_rate).toBe(0.25)
    expect(scores.brier_plain_flag).toBe(0)
    expect(scores.verdict).toContain('no better than the base rate')
    expect(scores.reliability.reduce((sum, row) => sum + row.series, 0)).toBe(100)
  })
  test('foldOf is CRC-32 modulo 5: CRC-32 of "123456789" is cbf43926 hexadecimal, 3421780262, so fold 2', () => {
    expect(foldOf('123456789')).toBe(2)
  })
})
