// What views keep of a large run: the values of one view give way to those of the next.
import { expect, test } from 'vitest'
import type { OpenRun } from '../../../src-main/queries/run/open-run.ts'
import { keepLargeValues } from '../../../src-main/queries/run/large-values.ts'

/** The views whose values were let go of, in their order. */
const record = () => {
  const released: string[] = []
  // Runs are told apart, and not read.
  const run = {} as OpenRun
  return { released, keep: (view: string, bytes: number, of = run) => keepLargeValues(of, view, bytes, () => released.push(view)) }
}

test('values that fit together stay', () => {
  const { released, keep } = record()
  keep('heatmap', 150e6)
  keep('what-if', 150e6)
  expect(released).toEqual([])
})

test('beyond the limit the oldest go first, and no more than needed', () => {
  const { released, keep } = record()
  keep('heatmap of cpu', 150e6)
  keep('heatmap of memory', 150e6)
  keep('what-if', 200e6)
  expect(released).toEqual(['heatmap of cpu'])
})

test('values larger than the limit stand alone, and give way in turn', () => {
  const { released, keep } = record()
  keep('heatmap', 420e6)
  keep('what-if', 750e6)
  keep('heatmap', 420e6)
  expect(released).toEqual(['heatmap', 'what-if'])
})

test('values of a view that are read again do not count twice', () => {
  const { released, keep } = record()
  keep('heatmap', 250e6)
  keep('what-if', 100e6)
  keep('heatmap', 250e6)
  expect(released).toEqual([])
})

test('another run keeps its own', () => {
  const { released, keep } = record()
  keep('heatmap', 420e6)
  keep('what-if', 420e6, {} as OpenRun)
  expect(released).toEqual([])
})
