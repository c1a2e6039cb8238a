// Residual blocks and simulated paths, by hand.
import { describe, expect, test } from 'vitest'
import { equalCountBins, findBlocks, memberOfBlock, blockStart, poolBlocks } from '../../../src-main/engine/breach/residual-blocks.ts'
import { conservativeP95, seedOf, simulateBreaches, type PathSource } from '../../../src-main/engine/breach/simulate-paths.ts'

const floats = (...values: number[]): Float64Array => Float64Array.from(values)
const hole = Number.NaN

describe('paths', () => {
  const source = (residuals: Float64Array, offsets: number[], longest: number): PathSource => {
    const grid = { residuals, starts: Uint32Array.from(offsets.slice(0, -1)) }
    const blocks = findBlocks(grid, Uint32Array.from(offsets.slice(1)), longest)
    const bins = new Int16Array(offsets.length - 1)
    return { grid, blocks, bins, pools: poolBlocks(blocks, bins, 1) }
  }
  test('findBlocks crosses no gap: in 1 2 _ 4 5 6 blocks of two start at positions 0, 3 and 4', () => {
    const { blocks } = source(floats(1, 2, hole, 4, 5, 6), [0, 6], 2)
    expect([0, 1, 2].map((number) => blockStart(blocks, 0, number))).toEqual([0, 3, 4])
    expect([...blocks.sizes]).toEqual([3])
    expect([...blocks.counts]).toEqual([5])
    // The maximum of each two neighbours.
    expect([0, 3, 4].map((position) => blocks.blockMaxima[position])).toEqual([2, 5, 6])
  })
  test('poolBlocks numbers the blocks of its members in sequence', () => {
    // Of 3, 0 and 2 residuals, in blocks of one: blocks 0 to 2 are of the first series, 3 and 4 of the third.
    const { pools } = source(floats(1, 2, 3, 8, 9), [0, 3, 3, 5], 1)
    expect(pools[0]!.size).toBe(5)
    expect([0, 2, 3, 4].map((number) => pools[0]!.members[memberOfBlock(pools[0]!, number)])).toEqual([0, 0, 2, 2])
    expect(pools[0]!.maxResidual).toBe(9)
  })
  test('with residuals of 0 every path equals the forecast and breaches at the same step', () => {
    const paths = source(new Float64Array(20), [0, 20], 7)
    const simulation = simulateBreaches(paths, 0, floats(70, 79, 81, 60), 80, 1)
    expect(simulation.raw).toBe(1)
    expect([...simulation.rawByStep]).toEqual([0, 0, 1, 1])
    expect(simulation.medianFirstBreach).toBe(2)
    // P95 of 60, 70, 79, 81 at rank 2.85: 79 + 0.85 x 2.
    expect(conservativeP95(paths, 0, floats(70, 79, 81, 60), 1)).toBeCloseTo(80.7, 12)
  })
  test('raw is about 0.5 when half of the residuals lift the only step above the threshold', () => {
    const alternating = Float64Array.from({ length: 400 }, (_, index) => (index % 2 === 0 ? 10 : -10))
    const { raw } = simulateBreaches(source(alternating, [0, 400], 1), 0, floats(75), 80, seedOf(42, 'server', 'cpu_p95'))
    expect(raw).toBeGreaterThan(0.4)
    expect(raw).toBeLessThan(0.6)
  })
  test('the same seed draws the same paths, another seed draws others', () => {
    const noise = Float64Array.from({ length: 300 }, (_, index) => 12 * Math.sin(index * index))
    const paths = source(noise, [0, 100, 300], 7)
    const forecast = floats(70, 72)
    const shares = [1, 2, 3, 4].map((seed) => simulateBreaches(paths, 0, forecast, 80, seed).raw)
    expect(new Set(shares).size).toBeGreaterThan(1)
    expect(simulateBreaches(paths, 0, forecast, 80, 1).raw).toBe(shares[0])
  })
  test('skipped blocks cannot breach: shares equal a count value by value', () => {
    // A single block of 24 steps can be cut from 24 residuals, so every path is the forecast plus all of them, in order.
    const residuals = Float64Array.from({ length: 24 }, (_, index) => 9 * Math.sin(3 * index))
    const forecast = Float64Array.from({ length: 24 }, (_, index) => 70 + index / 4)
    const first = forecast.findIndex((value, step) => value + residuals[step]! > 80)
    const { raw, medianFirstBreach, rawByStep: rawBy } = simulateBreaches(source(residuals, [0, 24], 24), 0, forecast, 80, 5)
    expect(first).toBeGreaterThan(7)
    expect([raw, medianFirstBreach, rawBy[first - 1], rawBy[first]]).toEqual([1, first, 0, 1])
  })
  test('no path exceeds the forecast plus the maximum residual', () => {
    const residuals = Float64Array.from({ length: 50 }, (_, index) => (index === 25 ? 10 : -1))
    const paths = source(residuals, [0, 50], 7)
    expect(simulateBreaches(paths, 0, floats(70, 70, 70), 80, 3).raw).toBe(0)
    expect(simulateBreaches(paths, 0, floats(70, 70, 70), 79.9, 3).raw).toBeGreaterThan(0)
  })
  test('equalCountBins has equal counts, ties in order of series, and no bin without a mean', () => {
    expect([...equalCountBins(floats(5, 5, hole, 1, 9), 2)]).toEqual([0, 1, -1, 0, 1])
  })
})
