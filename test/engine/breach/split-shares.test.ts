// Shares of a batch whose horizons are in memory at once, by hand.
import { expect, test } from 'vitest'
import { splitShares } from '../../../src-main/engine/breach/simulate-fleet.ts'

const shares = [0, 2, 4, 6].map((from) => ({ from, to: from + 2 }))
const firsts = (parts: readonly (readonly { readonly from: number }[])[]): number[][] => parts.map((part) => part.map(({ from }) => from))

test('a part holds as many neighbouring shares as steps allow', () => {
  expect(firsts(splitShares(shares, () => 10, 40))).toEqual([
    [0, 2],
    [4, 6],
  ])
  expect(firsts(splitShares(shares, () => 10, 59))).toEqual([
    [0, 2],
    [4, 6],
  ])
  expect(firsts(splitShares(shares, () => 10, 80))).toEqual([[0, 2, 4, 6]])
})

test('a share of more steps is a part of its own', () => {
  expect(firsts(splitShares(shares, (s) => (s === 3 ? 100 : 1), 4))).toEqual([[0], [2], [4, 6]])
  expect(splitShares([], () => 1, 4)).toEqual([])
})
