// Numbers in text, as two locales write them: a number with one reading is read so; one with two needs the decimal mark stated or settled.
import type { DecimalSetting } from '../../src-shared/config/analysis-config.ts'
import { literal } from '../database/database.ts'

export type DecimalMark = Exclude<DecimalSetting, 'auto'>

const thousands = '[+-]?[1-9][0-9]{0,2}'

/** The first that matches decides; JavaScript and DuckDB read the patterns alike. Text that matches none has no decimal mark. */
const markRules: readonly { readonly pattern: string; readonly mark: DecimalMark | 'unclear' }[] = [
  { pattern: `^${thousands}[.,][0-9]{3}$`, mark: 'unclear' },
  { pattern: `^${thousands}([.][0-9]{3})+(,[0-9]+)?$`, mark: 'comma' },
  { pattern: '^[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?$', mark: 'comma' },
  { pattern: `^${thousands}(,[0-9]{3})+([.][0-9]+)?$`, mark: 'point' },
  { pattern: '^[+-]?[0-9]*[.][0-9]+([eE][+-]?[0-9]+)?$', mark: 'point' },
]

const markSql = (text: string): string =>
  `CASE ${markRules.map(({ pattern, mark }) => `WHEN regexp_matches(${text}, ${literal(pattern)}) THEN ${literal(mark)}`).join(' ')} END`

/** The marks in a column's texts, and one that has two readings. */
export interface MarksInUse {
  readonly comma: boolean
  readonly point: boolean
  readonly unclear: string | null
}

/** SQL for the aggregates of `MarksInUse`. */
export const marksInUseSql = (text: string): string => {
  const has = (mark: DecimalMark): string => `coalesce(bool_or(${markSql(text)} = '${mark}'), false) AS ${mark}`
  return `${has('comma')}, ${has('point')}, min(${text}) FILTER (WHERE ${markSql(text)} = 'unclear') AS unclear`
}

export const marksInUse = (texts: readonly string[]): MarksInUse => {
  const marks = texts.map(markOf)
  return { comma: marks.includes('comma'), point: marks.includes('point'), unclear: texts[marks.indexOf('unclear')] ?? null }
}

/** The mark of a column: as stated, else the only one in use. Null where numbers with two readings stay unclear. */
export const settleMark = (stated: DecimalSetting, { comma, point, unclear }: MarksInUse): DecimalMark | null => {
  if (stated !== 'auto') return stated
  if (unclear !== null && comma === point) return null
  return comma ? 'comma' : 'point'
}

/** SQL for the text with a decimal point and without thousands separators; what is no number stays. `mark`: of numbers with two readings. */
export const plainNumberSql = (text: string, mark: DecimalMark): string =>
  `CASE replace(${markSql(text)}, 'unclear', ${literal(mark)})
   WHEN 'comma' THEN translate(${text}, ',.', '.') WHEN 'point' THEN replace(${text}, ',', '') ELSE ${text} END`

export const plainNumber = (text: string, mark: DecimalMark): string => {
  const ownMark = markOf(text)
  switch (ownMark === 'unclear' ? mark : ownMark) {
    case 'comma':
      return text.replaceAll('.', '').replace(',', '.')
    case 'point':
      return text.replaceAll(',', '')
    case null:
      return text
  }
}

const markOf = (text: string): DecimalMark | 'unclear' | null =>
  markRules.find(({ pattern }) => new RegExp(pattern).test(text))?.mark ?? null

/** "which reads as 1200 or 1.2". */
export const twoReadings = (text: string): string =>
  `which reads as ${[plainNumber(text, 'comma'), plainNumber(text, 'point')]
    .map(Number)
    .sort((a, b) => Math.abs(b) - Math.abs(a))
    .join(' or ')}`

export const stateDecimal = 'State the decimal mark: --decimal comma or --decimal point, or `decimal` in the settings.'
