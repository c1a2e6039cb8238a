// Sentences about a history: what is overdue, and decisions whose date has passed.
import { expect, test } from 'vitest'
import { describeFollowUp, describeOverdue, verdictText } from '../../../src-shared/artefacts/history-text.ts'
import { emptyFollowUp } from '../../../src-shared/ipc/run-history.ts'

const count = (value: number): string => `${value}`

test.each([
  [0, 0, 'Nothing is overdue as of 29 May.'],
  [1, 0, 'Overdue as of 29 May: 1 order.'],
  [2, 3, 'Overdue as of 29 May: 2 orders. Accepted and past their date: 3.'],
  [0, 1, 'No order is overdue as of 29 May. Accepted and past their date: 1.'],
])('%d orders and %d accepted recommendations', (orders, accepted, text) => {
  expect(describeOverdue(orders, accepted, '29 May', count)).toBe(text)
})

test('a dismissal that has ended is told apart from one that holds', () => {
  const line = {
    server_id: 'web',
    recommendation: 'retire',
    verdict: 'dismissed',
    reason: '',
    until: '2026-05-01',
    decided_by: 'ada',
    decided_at: '',
  }
  expect(verdictText({ ...line, is_expired: false, is_conflict: false })).toBe('dismissed')
  expect(verdictText({ ...line, is_expired: true, is_conflict: true })).toBe('was dismissed, planners differ')
  const say = (expired: number): string => describeFollowUp({ ...emptyFollowUp, accepted: 1, expired }, { count, usd: count })[0]!
  expect(say(0)).toBe('Recommendations: 1 accepted, 0 done, 0 dismissed. Accepted and past their date: 0.')
  expect(say(2)).toBe(
    'Recommendations: 1 accepted, 0 done, 0 dismissed, 2 no longer dismissed since the date has passed. Accepted and past their date: 0.',
  )
})
