// nameCluster: level, trend, quarter end, week and variation of a centre in words.
import { describe, expect, test } from 'vitest'
import { nameCluster, type ClusterCentre } from '../../../src-main/engine/clusters/cluster-names.ts'

describe('nameCluster', () => {
  const baseline: ClusterCentre = {
    mean: 50,
    std: 3,
    p95: 55,
    peak_to_mean: 1.1,
    trend_per_30_days: 0,
    eoq_uplift: 1,
    weekend_ratio: 0.95,
  }
  test.each([
    ['moderate, steady', {}],
    ['moderate, quarter-end heavy', { eoq_uplift: 9 }],
    // 6 points are less than 15 % of 50.
    ['moderate, steady', { eoq_uplift: 6 }],
    ['idle, steady', { mean: 12, std: 1, eoq_uplift: 4 }],
    ['moderate, weekday heavy', { weekend_ratio: 0.7, peak_to_mean: 1.5 }],
    ['moderate, weekend heavy', { weekend_ratio: 1.2 }],
    // Over 90 days 6 points.
    ['busy, rising, quarter-end heavy, weekday heavy', { mean: 70, trend_per_30_days: 2, eoq_uplift: 12, weekend_ratio: 0.6 }],
    ['moderate, falling', { trend_per_30_days: -2 }],
    ['moderate, spiky', { peak_to_mean: 1.4, std: 20 }],
    ['moderate, variable', { std: 13 }],
    ['moderate, steady', { eoq_uplift: Number.NaN, weekend_ratio: Number.NaN, trend_per_30_days: Number.NaN }],
  ])('%s', (name, settings) => {
    expect(nameCluster({ ...baseline, ...settings }, 90)).toBe(name)
  })
})
