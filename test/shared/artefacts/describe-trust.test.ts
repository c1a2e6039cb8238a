// What a planner reads of the accuracy of a run: errors with their unit, and what the probabilities are worth.
import { expect, test } from 'vitest'
import { describeTrust } from '../../../src-shared/artefacts/describe-trust.ts'
import type { ModelAccuracy } from '../../../src-shared/artefacts/model-accuracy.ts'

const formats = {
  count: String,
  score: (value: number) => value.toFixed(2),
  brierScore: (value: number) => value.toFixed(3),
  share: (value: number) => `${Math.round(100 * value)} %`,
}
const accuracyOf = (brier: number, skill?: readonly [number, number] | null): ModelAccuracy =>
  ({
    hold_out: [{ metric: 'cpu_p95', hold_out_mae: 6.34, series: 120 }],
    calibration_sustained: { brier, brier_base_rate: 0.06, curve: { is_calibrated: true }, skill_interval: skill },
  }) as unknown as ModelAccuracy

test('says what the errors are in, and how much better the probabilities are than an average rate', () => {
  expect(describeTrust(accuracyOf(0.015), 'cpu_p95', '%', formats)).toBe(
    'On unseen data, forecasts of CPU P95 miss by 6.34 percentage points on average (120 series). Checked on the past, the probabilities to run out were 75 % closer to the truth than an average rate (Brier score 0.015 against 0.060).',
  )
})

test('says that the probabilities tell no more, and names no unit that it does not know', () => {
  expect(describeTrust(accuracyOf(0.07), 'cpu_p95', '', formats)).toBe(
    'On unseen data, forecasts of CPU P95 miss by 6.34 on average (120 series). Checked on the past, the probabilities to run out were no closer to the truth than an average rate (Brier score 0.070 against 0.060).',
  )
})

test('says where a better score may be chance: its interval reaches zero, or none is known', () => {
  const sentence =
    'Checked on the past, the probabilities to run out were 11 % closer to the truth than an average rate, which may be chance (Brier score 0.053 against 0.060).'
  for (const interval of [[-0.1, 0.3] as const, null])
    expect(describeTrust(accuracyOf(0.0534, interval), 'cpu_p95', '%', formats)).toContain(sentence)
  expect(describeTrust(accuracyOf(0.0534, [0.02, 0.2]), 'cpu_p95', '%', formats)).not.toContain('chance')
})
