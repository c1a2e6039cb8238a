// Horizons in a file: what is read back is what was added, in the order asked for, with times in milliseconds.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HorizonFile, readHorizonForecasts } from '../../../src-main/engine/breach/horizon-file.ts'

const hour = 3_600_000_000
/** Microseconds from 1970; not a whole millisecond. */
const origin = 1_000_000_000_000_500

let folder = ''
let horizons: HorizonFile
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-horizon-file-'))
  horizons = new HorizonFile(join(folder, 'horizons'), 5, origin)
  // Series 0: hours; 2: one step; 3: uneven steps; 1 and 4 have no horizon.
  horizons.add({
    series_id: Float64Array.of(0, 0, 0, 2),
    time: Float64Array.of(hour, 2 * hour, 3 * hour, 700),
    predicted: Float64Array.of(0.1, -2, 1e300, 7),
  })
  horizons.add({
    series_id: Float64Array.of(3, 3, 3),
    time: Float64Array.of(0, hour, 5 * hour),
    predicted: Float64Array.of(1 / 3, 2, 3),
  })
})
afterAll(() => rm(folder, { recursive: true }))

const start = 1_000_000_000_000
const hourMs = 3_600_000

describe('in memory', () => {
  const stepsOf = (steps: readonly number[]) => ({ horizons, backtestResiduals: { horizonSteps: (id: number) => steps[id]! } })

  test('they follow each other; times are whole milliseconds, rounded down', () => {
    const { offsets, predicted, times } = readHorizonForecasts(stepsOf([3, 0, 1, 3, 0]), Uint32Array.of(3, 1, 0, 2))
    expect([...offsets]).toEqual([0, 3, 3, 6, 7])
    expect([...predicted]).toEqual([1 / 3, 2, 3, 0.1, -2, 1e300, 7])
    expect([...times]).toEqual([
      start,
      start + hourMs,
      start + 5 * hourMs,
      start + hourMs,
      start + 2 * hourMs,
      start + 3 * hourMs,
      // 500 and 700 microseconds after a whole millisecond.
      start + 1,
    ])
    expect(predicted.buffer).toBeInstanceOf(SharedArrayBuffer)
  })

  test('of a part, the others are empty', () => {
    const { offsets, predicted } = readHorizonForecasts(stepsOf([3, 0, 1, 3, 0]), Uint32Array.of(3, 0, 2, 4), { from: 1, to: 3 })
    expect([...offsets]).toEqual([0, 0, 3, 4, 4])
    expect([...predicted]).toEqual([0.1, -2, 1e300, 7])
  })

  test('a horizon of another length is refused', () => {
    expect(() => readHorizonForecasts(stepsOf([2, 0, 1, 3, 0]), Uint32Array.of(0))).toThrow(
      'The horizon of a series has 3 steps instead of 2.',
    )
  })
})
