// Tables of the terminal: one line per row, whatever names hold.
import { expect, test } from 'vitest'
import { reportTable } from '../../src-main/cli/report-text.ts'

test('a name of several lines takes one', () => {
  expect(reportTable(['server', 'runs'], [['a\nb\r\n\tc  9', '2']]).split('\n')).toEqual([
    'server    runs',
    '--------  ----',
    'a b c  9     2',
  ])
})
