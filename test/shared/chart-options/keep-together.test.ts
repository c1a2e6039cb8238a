// Numbers of a sentence stay on one line with their signs.
import { expect, test } from 'vitest'
import { keepTogether } from '../../../src-shared/chart-options/format.ts'

test.each([
  ['a probability of > 99 % (cpu)', 'a probability of >\u00a099\u00a0% (cpu)'],
  ['P95 of 93.5 % exceeds 80.0 %', 'P95 of 93.5\u00a0% exceeds 80.0\u00a0%'],
  ['fits on host 7 of > b', 'fits on host 7 of > b'],
])('%s', (text, kept) => {
  expect(keepTogether(text)).toBe(kept)
})
