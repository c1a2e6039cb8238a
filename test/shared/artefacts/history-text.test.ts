// Sentences about a history: how many run out, what is overdue, and decisions whose date has passed.
import { expect, test } from 'vitest'
import {
  describeFollowUp,
  describeLatestRun,
  describeOverdue,
  describeOverdueOrders,
  verdictText,
} from '../../../src-shared/artefacts/history-text.ts'
import { emptyFollowUp } from '../../../src-shared/ipc/run-history.ts'

const count = (value: number): string => `${value}`
const day = (text: string): string => text.slice(5)

const orders = ['db', 'web', 'mq', 'app', 'batch'].map((server_id, index) => ({ server_id, order_by: `2026-05-0${index + 1}` }))
const past = [
  { server_id: 'idle', recommendation: 'retire', due: '2026-05-09', decided_by: 'ada', decided_at: '' },
  { server_id: 'db', recommendation: 'add capacity', due: '2026-05-11', decided_by: 'ada', decided_at: '' },
]

test.each([
  [0, 0, 'Nothing is overdue as of 05-29.'],
  [1, 0, '1 order is overdue as of 05-29: db (by 05-01).'],
  [
    5,
    1,
    '5 orders are overdue as of 05-29: db (by 05-01), web (by 05-02), mq (by 05-03) and 2 more. 1 accepted recommendation is past its date: retire idle (due 05-09).',
  ],
  [
    0,
    2,
    'No order is overdue as of 05-29. 2 accepted recommendations are past their dates: retire idle (due 05-09), add capacity db (due 05-11).',
  ],
])('%d orders and %d accepted recommendations that are late are named', (late, accepted, text) => {
  const history = {
    overdue_orders: late,
    late_orders: orders.slice(0, late),
    as_of: '2026-05-29',
    follow_up: { overdue: past.slice(0, accepted) },
  }
  expect(describeOverdue(history, accepted, { count, day })).toBe(text)
  expect(describeOverdueOrders(history, { count, day })).toMatch(/^(?:No order is|1 order is|5 orders are) overdue as of 05-29/)
})

test('a shortened list of orders is counted whole', () => {
  const history = { overdue_orders: 1200, late_orders: orders, as_of: '2026-05-29' }
  expect(describeOverdueOrders(history, { count, day })).toMatch(/ mq \(by 05-03\) and 1197 more\.$/)
})

test('the latest run is told with the day by which servers run out, and held against the one before', () => {
  const run = (at_risk: number) => ({ servers: 9, at_risk, horizon: { start: '2026-05-01T00:00:00Z', end: '2026-05-30T00:00:00Z' } })
  const tell = (...risks: number[]): string => describeLatestRun(risks.map(run), { count, day: (iso) => iso.slice(5, 10) })
  expect(tell(3)).toBe('3 of 9 servers are likely to run out by 05-30')
  expect(tell(1, 1)).toBe('1 of 9 servers is likely to run out by 05-30, as many as in the run before')
  expect(tell(1, 3)).toBe('3 of 9 servers are likely to run out by 05-30, 2 more than in the run before')
  expect(tell(3, 0)).toBe('None of 9 servers is likely to run out by 05-30, 3 fewer than in the run before')
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
  const say = (expired: number): string => describeFollowUp({ ...emptyFollowUp, accepted: 1, expired, left: 0 }, { count, usd: count })[0]!
  expect(say(0)).toBe('Recommendations: 1 accepted, 0 done, 0 dismissed.')
  expect(say(1)).toBe('Recommendations: 1 accepted, 0 done, 0 dismissed, 1 open again after its dismissal ended.')
  expect(say(2)).toBe('Recommendations: 1 accepted, 0 done, 0 dismissed, 2 open again after their dismissals ended.')
})
