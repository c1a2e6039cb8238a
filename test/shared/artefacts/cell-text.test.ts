// Text in cells: formulas, separators of other locales and marks of direction, in JavaScript and in SQL alike.
import { expect, it } from 'vitest'
import { z } from 'zod'
import { Database } from '../../../src-main/database/database.ts'
import {
  csvCellText,
  csvCellTextSql,
  csvLine,
  escapeFormula,
  escapeFormulaSql,
  unescapeFormulaSql,
} from '../../../src-shared/artefacts/cell-text.ts'

const escaped = [
  ['=SUM(A1)', "'=SUM(A1)"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@cmd', "'@cmd"],
  ['＝1', "'＝1"],
  ['\r=1', "'\r'=1"],
  ['\t=1', "'\t'=1"],
  ['a;=1', "a;'=1"],
  ['a;"=1', `a;"'=1`],
  ['a\t@cmd', "a\t'@cmd"],
  ['a\n+1', "a\n'+1"],
  ['a;;-1;-2', "a;;'-1;'-2"],
  ["'=1", "''=1"],
  ["a;'=1", "a;''=1"],
] as const
const harmless = ['', 'web=1', 'web-1', 'a; b', 'a, -b', '5 - 3', 'x;y=1', "it's"]

it.each(escaped)('makes %j harmless', (text, expected) => {
  expect(escapeFormula(text)).toBe(expected)
})

it.each(harmless)('leaves %j as it is', (text) => {
  expect(escapeFormula(text)).toBe(text)
})

it('shows marks of direction by their names', () => {
  expect(csvCellText('srv-\u202Ecod.exe\u2069')).toBe('srv-<U+202E>cod.exe<U+2069>')
  expect(csvCellText('\u200E=1\u061C')).toBe('<U+200E>=1<U+061C>')
})

it('writes numbers, absent values and nested values as they are', () => {
  expect(csvLine(['a,"b"', -1.5, null, undefined, true, [-1], '-1'])).toBe(`"a,""b""",-1.5,,,true,[-1],'-1`)
})

it('says the same in SQL, and undoes it', async () => {
  const marks = ['\u061C', '\u200E', '\u200F', '\u202A', '\u202B', '\u202C', '\u202D', '\u202E', '\u2066', '\u2067', '\u2068', '\u2069']
  const texts = [...escaped.map(([text]) => text), ...harmless, ...marks.map((mark) => `a${mark};=${mark}`)]
  const database = await Database.open()
  try {
    await database.storeRows(
      'names',
      { name: 'VARCHAR' },
      texts.map((text) => [text]),
    )
    const rows = await database.rows(
      `SELECT name, ${escapeFormulaSql('name')} AS escaped, ${csvCellTextSql('name')} AS shown, ${unescapeFormulaSql(escapeFormulaSql('name'))} AS restored
       FROM names`,
      z.object({ name: z.string(), escaped: z.string(), shown: z.string(), restored: z.string() }),
    )
    expect(rows).toEqual(texts.map((name) => ({ name, escaped: escapeFormula(name), shown: csvCellText(name), restored: name })))
  } finally {
    database.close()
  }
})
