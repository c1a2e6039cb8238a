// Probabilities in words and percent, at their limits.
import { expect, test } from 'vitest'
import { likelihoodOf, probabilityText } from '../../../src-shared/artefacts/likelihood.ts'

test('certain from 0.9, likely above 0.5, possible above 0.2', () => {
  expect([1, 0.9, 0.899, 0.51, 0.5, 0.21, 0.2, 0].map(likelihoodOf)).toEqual([
    'certain',
    'certain',
    'likely',
    'likely',
    'possible',
    'possible',
    'unlikely',
    'unlikely',
  ])
})

test('no probability is shown as 0 or 100 %', () => {
  expect([0, 0.0099, 0.01, 0.374, 0.99, 0.9901, 1].map((probability) => probabilityText(probability))).toEqual([
    '< 1 %',
    '< 1 %',
    '1 %',
    '37 %',
    '99 %',
    '> 99 %',
    '> 99 %',
  ])
})
