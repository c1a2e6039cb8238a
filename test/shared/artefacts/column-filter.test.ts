import { describe, expect, it } from 'vitest'
import { parseColumnFilter, passesFilter } from '../../../src-shared/artefacts/column-filter.ts'
import type { ColumnKind } from '../../../src-shared/artefacts/server-columns.ts'

const passes = (cell: string | number | boolean | null, text: string, kind: ColumnKind): boolean | null => {
  const filter = parseColumnFilter(text, kind)
  return filter === null ? null : passesFilter(cell, filter)
}

describe('a column filter', () => {
  it.each<[cell: string | number | null, text: string, kind: ColumnKind, expected: boolean | null]>([
    [81, '> 80', 'value', true],
    [80, '> 80', 'value', false],
    [80, '>=80', 'value', true],
    [-3, '< 0', 'points', true],
    [10, '10..20', 'value', true],
    [20.1, '10..20', 'value', false],
    [4, '4', 'count', true],
    [0.6, '> 50 %', 'probability', true],
    [0.4, '> 50 %', 'probability', false],
    [null, '< 5', 'value', false],
    [5, 'many', 'value', null],
    ['Web-01', 'web', 'text', true],
    ['db-01', 'web', 'text', false],
    ['2027-01-04T00:00:00Z', '> 2026-12-31', 'time', true],
    ['2026-11-04T00:00:00Z', '> 2026-12', 'time', false],
    ['2026-11-04T00:00:00Z', '2026-11', 'time', true],
    ['anything', '  ', 'text', null],
  ])('of %s by "%s" in %s: %s', (cell, text, kind, expected) => {
    expect(passes(cell, text, kind)).toBe(expected)
  })
})
