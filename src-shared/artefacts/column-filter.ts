// The filter of one column of a list: words in text, "> 80", "<= 5" or "10..20" in numbers, "> 2026-12-31" in times.
import type { ColumnKind } from './server-columns.ts'

type Operator = '<' | '<=' | '>' | '>=' | '='

export type ColumnFilter =
  /** Lower case. */
  | { readonly kind: 'contains'; readonly text: string }
  /** All must hold; numbers in the unit of the stored value, times as ISO text. */
  | { readonly kind: 'compares'; readonly conditions: readonly { readonly operator: Operator; readonly value: number | string }[] }

const numberKinds: ReadonlySet<ColumnKind> = new Set(['count', 'value', 'points', 'share', 'probability', 'usd', 'days'])
export const isNumberKind = (kind: ColumnKind): boolean => numberKinds.has(kind)

/** Shares are stored from 0 to 1 and shown in percent. */
const storedPerShown = (kind: ColumnKind): number => (kind === 'share' || kind === 'probability' ? 0.01 : 1)

const rangePattern = /^(-?\d+(?:\.\d+)?)\s*\.\.\s*(-?\d+(?:\.\d+)?)$/
const comparisonPattern = /^(<=|>=|<|>|=)?\s*(-?\d+(?:\.\d+)?)\s*[%a-z]*$/i
const timePattern = /^(<=|>=|<|>)\s*(\d{4}(?:-\d\d){0,2})$/

/** null: the text is no filter for such a column. */
export const parseColumnFilter = (text: string, kind: ColumnKind): ColumnFilter | null => {
  const trimmed = text.trim()
  if (trimmed === '') return null
  if (numberKinds.has(kind)) {
    const scale = storedPerShown(kind)
    const range = rangePattern.exec(trimmed)
    if (range !== null) {
      const [low, high] = [Number(range[1]) * scale, Number(range[2]) * scale]
      return {
        kind: 'compares',
        conditions: [
          { operator: '>=', value: low },
          { operator: '<=', value: high },
        ],
      }
    }
    const comparison = comparisonPattern.exec(trimmed)
    if (comparison === null) return null
    return { kind: 'compares', conditions: [{ operator: (comparison[1] ?? '=') as Operator, value: Number(comparison[2]) * scale }] }
  }
  const time = kind === 'time' ? timePattern.exec(trimmed) : null
  if (time !== null) return { kind: 'compares', conditions: [{ operator: time[1] as Operator, value: time[2] ?? '' }] }
  return { kind: 'contains', text: trimmed.toLowerCase() }
}

/** Whether a cell passes; absent values pass no filter. */
export const passesFilter = (cell: string | number | boolean | null, filter: ColumnFilter): boolean => {
  if (cell === null) return false
  if (filter.kind === 'contains') return String(cell).toLowerCase().includes(filter.text)
  return filter.conditions.every(({ operator, value }) => {
    const left = typeof value === 'number' ? Number(cell) : String(cell)
    switch (operator) {
      case '<':
        return left < value
      case '<=':
        return left <= value
      case '>':
        return left > value
      case '>=':
        return left >= value
      case '=':
        return left === value
    }
  })
}
