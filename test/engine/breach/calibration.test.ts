// Calibration of breach probabilities, cross-fitting, scores and folds, by hand.
import { describe, expect, test } from 'vitest'
import {
  crossFit,
  fitCalibrations,
  foldOf,
  scoreCalibrations,
  type CalibrationSample,
} from '../../../src-main/engine/breach/calibration.ts'
import { calibrate, type Calibration } from '../../../src-main/statistics/beta-calibration.ts'

const sampleOf = (raw: readonly number[], outcomes: readonly number[]): CalibrationSample => ({
  raw: Float64Array.from(raw),
  outcomes: Uint8Array.from(outcomes),
  flagged: Uint8Array.from(raw, (value) => (value > 0.5 ? 1 : 0)),
  weights: new Float64Array(raw.length).fill(1),
  fold: Uint8Array.from(raw, (_, index) => index % 5),
  servers: Uint32Array.from(raw, (_, index) => index),
  neighbours: [],
})

/** Both events have the same sample. */
const fitCalibration = (sample: CalibrationSample): Calibration => fitCalibrations({ sustained: sample, any: sample }).any
const scoreCalibration = (sample: CalibrationSample, seed: number) => scoreCalibrations({ sustained: sample, any: sample }, seed).any

describe('fitCalibration', () => {
  test('N entries support no probability below 0.5 / (N + 1)', () => {
    const calibration = fitCalibration(
      sampleOf(
        Array.from({ length: 99 }, () => 0.001),
        Array.from({ length: 99 }, () => 0),
      ),
    )
    expect(calibration.isCalibrated).toBe(true)
    expect(calibrate(calibration, 0)).toBe(0.005)
    expect(calibrate(calibration, 1)).toBeLessThanOrEqual(0.995)
  })
  test('below 50 entries probabilities stay between 1 and 99 %, and count as not calibrated', () => {
    const calibration = fitCalibration(sampleOf([0, 1], [0, 1]))
    expect(calibration.isCalibrated).toBe(false)
    expect([0, 1].map((raw) => calibrate(calibration, raw))).toEqual([0.01, 0.99])
  })
  test('probabilities that were twice too high are lowered', () => {
    // Raw 0.4; 20 % came about.
    const calibration = fitCalibration(
      sampleOf(
        Array.from({ length: 1000 }, () => 0.4),
        Array.from({ length: 1000 }, (_, index) => (index % 5 === 0 ? 1 : 0)),
      ),
    )
    expect(calibrate(calibration, 0.4)).toBeCloseTo(0.2, 2)
  })
  test('an event with few entries leans on both events at other thresholds', () => {
    const few = sampleOf([0.4, 0.4], [0, 1])
    // Raw 0.4; 20 % came about at four other thresholds.
    const many = sampleOf(
      Array.from({ length: 1000 }, () => 0.4),
      Array.from({ length: 1000 }, (_, index) => (index % 5 === 0 ? 1 : 0)),
    )
    const leaning = fitCalibrations({ sustained: { ...many, neighbours: [many, many, many, many] }, any: few })
    expect(calibrate(fitCalibration(few), 0.4)).toBeGreaterThan(0.4)
    expect(calibrate(leaning.any, 0.4)).toBeLessThan(0.25)
  })
})

describe('scoreCalibration', () => {
  test('gives no verdict where probabilities do not predict the outcomes', () => {
    const raw = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? 0.9 : 0.1))
    const scores = scoreCalibration(
      sampleOf(
        raw,
        raw.map((_, index) => (index % 4 < 2 ? 1 : 0)),
      ),
      42,
    )
    expect(scores.brier_base_rate).toBe(0.25)
    expect(scores.brier_plain_flag).toBe(0.5)
    expect(scores.auc!).toBeLessThan(0.6)
    expect(scores.verdict).toBe('These forecasts do not tell yet which server will breach: 100 of 200 backtest windows breached.')
    expect(scores.reliability.reduce((sum, row) => sum + row.series, 0)).toBe(200)
  })
  test('states skill, interval and number of events where probabilities predict', () => {
    const raw = Array.from({ length: 200 }, (_, index) => (index % 4 === 0 ? 0.99 : 0.01))
    const scores = scoreCalibration(
      sampleOf(
        raw,
        raw.map((value) => (value > 0.5 ? 1 : 0)),
      ),
      42,
    )
    expect(scores.brier!).toBeLessThan(0.001)
    expect(scores.auc).toBe(1)
    expect(scores.skill_interval![0]).toBeGreaterThan(0.99)
    expect(scores.verdict).toMatch(
      /^On the backtest, breach probabilities are 100 % better than the base rate \(\d+ to 100 %, 50 events\)\.$/,
    )
  })
  test('nine events are too few for a verdict, and few windows for a calibration', () => {
    const raw = Array.from({ length: 200 }, (_, index) => (index < 9 ? 0.99 : 0.01))
    expect(
      scoreCalibration(
        sampleOf(
          raw,
          raw.map((value) => (value > 0.5 ? 1 : 0)),
        ),
        42,
      ).verdict,
    ).toContain('do not tell yet')
    expect(scoreCalibration(sampleOf([0.2, 0.9], [0, 1]), 42).verdict).toContain('holds 2 of the 50 windows')
    expect(scoreCalibration(sampleOf([], []), 42)).toMatchObject({ series: 0, brier: null, auc: null, reliability: [] })
  })
})

test('crossFit: a server has no part in its own curve', () => {
  const raw = [0.1, 0.2, 0.8, 0.9, 0.3]
  const fitBoth = (outcomes: readonly number[]): Float64Array => {
    const sample = { ...sampleOf(raw, outcomes), neighbours: [sampleOf(raw, outcomes)] }
    return crossFit({ sustained: sample, any: sample }).any
  }
  const withEvent = fitBoth([1, 0, 1, 1, 0])
  const without = fitBoth([0, 0, 1, 1, 0])
  expect(withEvent[0]).toBe(without[0])
  expect(withEvent[1]).not.toBe(without[1])
})

test('foldOf is CRC-32 modulo 5: CRC-32 of "123456789" is cbf43926 hexadecimal, 3421780262, so fold 2', () => {
  expect(foldOf('123456789')).toBe(2)
})
