// Headings between the rows of a grid: lines and rows lead to each other.
import { expect, it } from 'vitest'
import { createGridLines } from '../../src-renderer/components/grid-sections.ts'

const section = (title: string, rows: number) => ({ title, note: '', rows })

it('puts each heading above its rows', () => {
  const lines = createGridLines(5, [section('overdue', 2), section('later', 3)])
  const texts = Array.from({ length: lines.count }, (_, line) => {
    const at = lines.at(line)
    return at.kind === 'section' ? at.section.title : at.index
  })
  expect(texts).toEqual(['overdue', 0, 1, 'later', 2, 3, 4])
  expect([0, 1, 2, 3, 4].map(lines.lineOf)).toEqual([1, 2, 4, 5, 6])
})

it('leaves rows without headings where they are', () => {
  const lines = createGridLines(3, [])
  expect(lines.count).toBe(3)
  expect([0, 1, 2].map((line) => lines.at(line))).toEqual([0, 1, 2].map((index) => ({ kind: 'row', index })))
  expect(lines.lineOf(2)).toBe(2)
})
