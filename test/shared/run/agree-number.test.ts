// A sentence takes the form of its number in every place.
import { expect, test } from 'vitest'
import { agreeNumber } from '../../../src-shared/run/agree-number.ts'

test.each([
  [1, 'server has gone silent and is left out'],
  [0, 'servers have gone silent and are left out'],
  [2, 'servers have gone silent and are left out'],
])('for %i', (count, text) => {
  expect(agreeNumber('[server has|servers have] gone silent and [is|are] left out', count)).toBe(text)
})

test('leaves other brackets alone', () => {
  expect(agreeNumber('[a] of [one|many], [x|y|z]', 1)).toBe('[a] of one, [x|y|z]')
})
