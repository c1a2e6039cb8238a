// Tables that leave the window as text: formulas neutralised and marks of direction shown, in rows and in titles.
import { expect, it } from 'vitest'
import { formatTable } from '../../src-renderer/components/format-table.ts'

const content = {
  columns: ['=name', 'value'],
  rows: [
    ['=1+1', -1],
    ['a;-1', null],
    ['a\u202Eb|c', 2],
    ['x\t=1', 3],
  ],
}

it.each([
  ['csv', `'=name,value\r\n'=1+1,-1\r\na;'-1,\r\na<U+202E>b|c,2\r\nx\t'=1,3`],
  ['tsv', `'=name\tvalue\n'=1+1\t-1\na;'-1\t\na<U+202E>b|c\t2\nx '=1\t3`],
  ['md', '| =name | value |\n| --- | --- |\n| =1+1 | -1 |\n| a;-1 |  |\n| a<U+202E>b\\|c | 2 |\n| x =1 | 3 |'],
] as const)('as %s', (format, text) => {
  expect(formatTable(content, format)).toBe(text)
})
