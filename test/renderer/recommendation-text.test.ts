// Texts of a run and figures of a server as the reader's locale writes them.
import { afterAll, expect, test, vi } from 'vitest'
import { formatPeriods } from '../../src-renderer/components/server-figures.ts'
import { setFormats } from '../../src-renderer/theme/formatting.ts'
import { addedCostText, reasonText, summaryText } from '../../src-renderer/views/recommendation-text.ts'
import type { RunOverview } from '../../src-shared/ipc/run-view.ts'

vi.hoisted(() => vi.stubGlobal('navigator', { language: 'en-US' }))
afterAll(() => setFormats('en-US', 'UTC'))

const reason = 'The P95 of CPU exceeds 80.0 % with a probability above 99 %. Add 1 capacity unit. Order by 2026-10-01, which has passed.'

test.each([
  ['en-US', 'exceeds 80 % with a probability above 99 %. Add 1 capacity unit. Order by Oct 1, 2026, which has passed.'],
  ['de-DE', 'exceeds 80 % with a probability above 99 %. Add 1 capacity unit. Order by 01.10.2026, which has passed.'],
  ['ja-JP', 'exceeds 80 % with a probability above 99 %. Add 1 capacity unit. Order by 2026/10/01, which has passed.'],
])('reasons have the numbers and days of %s', (locale, text) => {
  setFormats(locale, 'UTC')
  expect(reasonText({ reason }).replaceAll('\u00a0', ' ')).toBe(`The P95 of CPU ${text}`)
})

test('summaries have the decimal comma of German and French', () => {
  for (const locale of ['de-DE', 'fr-FR']) {
    setFormats(locale, 'UTC')
    expect(summaryText({ summary: 'CPU at 92.6 %, above 80 %' }).replaceAll('\u00a0', ' ')).toBe('CPU at 92,6 %, above 80 %')
  }
})

test('the cost of added capacity says where more may be needed', () => {
  setFormats('en-US', 'UTC')
  expect([addedCostText(1250, false), addedCostText(50, true)]).toEqual(['+$1,250', 'from +$50'])
})

const hourMs = 3_600_000
test.each<[RunOverview['granularity'], number, string]>([
  ['hourly', 1, '4 of 12 hours'],
  ['hourly', 4, '4 of 12 periods'],
  ['daily', 24, '4 of 12 days'],
  ['weekly', 168, '4 of 12 weeks'],
  ['monthly', 31 * 24, '4 of 12 months'],
  ['monthly', 28 * 24, '4 of 12 months'],
  ['quarterly', 92 * 24, '4 of 12 quarters'],
])('periods of %s data with steps of %d hours are named', (granularity, hours, text) => {
  expect(formatPeriods(4, { granularity, stepMs: hours * hourMs }, 12)).toBe(text)
  expect(formatPeriods(1, { granularity, stepMs: hours * hourMs })).toBe(`1 ${text.replace('4 of 12 ', '').replace(/s$/, '')}`)
})
