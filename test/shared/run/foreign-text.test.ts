// What other systems say is shown short, on one line, without control characters and without secrets.
import { describe, expect, test } from 'vitest'
import { toCloudError } from '../../../src-main/cloud/account/cloud-error.ts'
import { foreignText } from '../../../src-shared/run/foreign-text.ts'

describe('text of another system', () => {
  test.each([
    ['many\r\n  lines\tand blanks ', 'many lines and blanks'],
    ['red \u001b[31m, bell \u0007, turned \u202e, mark \u061c', 'red \ufffd[31m, bell \ufffd, turned \ufffd, mark \ufffd'],
    ['x'.repeat(1_000_000), `${'x'.repeat(400)} …`],
    [`${'x'.repeat(399)}😀 and more`, `${'x'.repeat(399)} …`],
  ])('%#', (given, shown) => {
    expect(foreignText(given)).toBe(shown)
  })

  test('repeats no secret, also where it is coded as part of an address', () => {
    expect(foreignText('bad Bearer to+ken/1 at ?t=to%2Bken%2F1 of me', ['to+ken/1', null, 'me'])).toBe('bad Bearer *** at ?t=*** of me')
  })

  test('is what AWS says, too', () => {
    const refused = Object.assign(new Error(`no\u001b[2J ${'x'.repeat(5000)}`), {
      name: `Strange\u0007${'y'.repeat(5000)}`,
      $metadata: { httpStatusCode: 418 },
    })
    expect(toCloudError(refused).message).toBe(`AWS returned Strange\ufffd${'y'.repeat(392)} …: no\ufffd[2J ${'x'.repeat(393)} …`)
  })
})
