// Twelve months of one small fleet: runs, gates, tickets and what came of the decisions, held against figures worked by hand.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeHistory } from '../../src-main/cli/history-command.ts'
import { readHistory } from '../../src-main/queries/history/read-history.ts'
import { withRunFolder } from '../../src-main/queries/run/open-run-folder.ts'
import { readPackContent } from '../../src-main/report/pack/pack-content.ts'
import type { RunHistory } from '../../src-shared/ipc/run-history.ts'
import { times } from '../fixtures/forecast-rows.ts'
import { dayOf, months, openTwelveMonths, type TwelveMonths } from '../fixtures/twelve-months.ts'

let year: TwelveMonths
let inSpring: RunHistory
let history: RunHistory

beforeAll(async () => {
  year = await openTwelveMonths(async (month, folder) => {
    if (month === 4) inSpring = await readHistory(folder)
  })
  history = await readHistory(year.history)
}, 120_000)
afterAll(() => year.workspace.close())

const byMonth = (value: (month: number) => unknown): unknown[] => Array.from({ length: months }, (_, month) => value(month))

describe('twelve months', () => {
  test('have a run each, with its counts', () => {
    expect(history.runs.map(({ horizon }) => horizon.start.slice(0, 10))).toEqual(byMonth(dayOf))
    expect(history.runs.map(({ servers }) => servers)).toEqual(byMonth((month) => (month < 5 ? 6 : 5)))
    expect(history.runs.map(({ at_risk }) => at_risk)).toEqual([1, 1, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1])
    expect(history.runs.map(({ new_at_risk }) => new_at_risk)).toEqual([null, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    expect(history.runs.map(({ cleared }) => cleared)).toEqual([null, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0])
    expect(history.lasting.map(({ server_id, runs, since }) => [server_id, runs, since.slice(0, 10)])).toEqual([['db', 10, dayOf(2)]])
  })

  test('have two idle servers until one leaves, and what they cost is to be saved', () => {
    expect(history.runs.map(({ underutilized }) => underutilized)).toEqual([...times(5, 2), ...times(7, 1)])
    // Old costs 300 and idle 120 a month.
    expect(history.runs.map(({ savings_usd: usd }) => usd)).toEqual([...times(5, 420), ...times(7, 120)])
    // Levels are flat and far from the threshold: the paths agree with the count.
    expect(history.runs.map(({ at_risk_range: range }) => [Math.round(range!.low), Math.round(range!.high)])).toEqual(
      history.runs.map(({ at_risk }) => [at_risk, at_risk]),
    )
  })

  test('tell Prometheus how many are at risk, by group', async () => {
    const metrics = await readFile(join(year.workspace.folder, 'out', 'fleet.prom'), 'utf8')
    const samples = Object.fromEntries(
      [...metrics.matchAll(/^(headroom_[a-z_]+(?:\{.*\})?) (\S+)$/gm)].map(([, name, value]) => [name, value]),
    )
    expect(samples).toMatchObject({
      'headroom_servers{business_unit="Bank"}': '3',
      'headroom_servers{business_unit="Shop"}': '2',
      'headroom_at_risk_servers{business_unit="Bank"}': '0',
      'headroom_at_risk_servers{business_unit="Shop"}': '1',
      headroom_underutilized_servers: '1',
      headroom_silent_servers: '0',
      // The order of db was dismissed.
      headroom_late_orders: '0',
    })
  })

  test('fill the pages of the pack for orders, savings, statements and units', async () => {
    const { pages } = await withRunFolder(join(year.history, year.results.at(-1)!.run), (run) =>
      readPackContent(run, history, { author: '', approver: '' }),
    )
    const rows = (name: string, title: string) =>
      pages.find((page) => page.name === name)!.tables.find((table) => table.title === title)?.rows
    // Db alone is at risk, and its order was dismissed.
    expect(rows('summary', 'Order first')).toBeUndefined()
    expect(rows('summary', 'Business units')).toEqual([
      ['Shop', '■ Amber', '2', '1', '1', '0', '–'],
      ['Bank', '● Green', '3', '0', '0', '0', '–'],
    ])
    expect(rows('likeliest', 'Likeliest')?.map((row) => [row[0], row[1], row[4], row[6]])).toEqual([['db', 'Shop', '10', 'add capacity']])
    expect(rows('savings', 'Savings')).toEqual([['retire', '1', '$120']])
    const statements = rows('outcomes', 'Statements and what came')!
    expect(statements.map((row) => [row[2], ...row.slice(4, 7)])).toEqual([
      ...times(2, ['6', '1', '1', '1']),
      ...times(2, ['6', '2', '2', '2']),
      ...times(2, ['5', '2', '2', '2']),
      ...times(5, ['5', '1', '1', '1']),
    ])
    expect(rows('outcomes', 'Runs')?.map((row) => [row[1], row[2], row[4], row[5], row[6], row[7]])).toEqual(
      byMonth((month) => [
        month < 5 ? '6' : '5',
        month >= 2 && month < 6 ? '2' : '1',
        month === 0 ? '–' : month === 2 ? '1' : '0',
        month === 0 ? '–' : month === 6 ? '1' : '0',
        month < 5 ? '2' : '1',
        month < 5 ? '$420' : '$120',
      ]),
    )
  })

  test('cross their gate once, when the second server comes to be at risk', () => {
    expect(year.results.map(({ gates }) => gates.map(({ value, is_crossed }) => [value, is_crossed]))).toEqual(
      byMonth((month) => (month === 0 ? [] : [[Number(month === 2), month === 2]])),
    )
  })

  test('open one ticket for each finding', () => {
    expect(year.results.map(({ outputs }) => outputs[0]!.note)).toEqual([
      '3 written',
      '0 written; left out: 3 with an open ticket',
      '1 written; left out: 3 with an open ticket',
      ...times(2, '0 written; left out: 3 with an open ticket'),
      '0 written; left out: 2 with an open ticket',
      ...times(6, '0 written; left out: 1 with an open ticket'),
    ])
  })

  test('prove each statement right', () => {
    const outcomes = history.runs.map(({ outcome }) => outcome && [outcome.measured, outcome.came, outcome.stated, outcome.hits])
    expect(outcomes).toEqual([
      ...times(2, [6, 1, 1, 1]),
      ...times(2, [6, 2, 2, 2]),
      // The server that leaves is not measured.
      ...times(2, [5, 2, 2, 2]),
      ...times(5, [5, 1, 1, 1]),
      null,
    ])
  })

  test('follow what was decided: overdue in spring, realised by the end', () => {
    expect(inSpring.follow_up).toMatchObject({ accepted: 3, done: 0, dismissed: 1, realised_usd: 0, promised_usd: 420, left: [] })
    expect(inSpring.follow_up.overdue).toMatchObject([{ server_id: 'web', due: '2026-04-01', decided_by: 'ada' }])
    const { follow_up: end } = history
    expect(end).toMatchObject({ accepted: 2, done: 1, dismissed: 1, conflicts: 0, realised_usd: 300, promised_usd: 120 })
    expect(end.left.map(({ server_id, monthly_usd, left_by }) => [server_id, monthly_usd, left_by.slice(0, 10)])).toEqual([
      ['old', 300, dayOf(5)],
    ])
    expect(end.overdue).toMatchObject([{ server_id: 'idle', recommendation: 'retire', due: '2026-12-01' }])
    expect(end.risk.map(({ server_id, is_at_risk }) => [server_id, is_at_risk])).toEqual([['web', false]])
    expect(end.risk[0]!.before).toBeGreaterThan(0.9)
    expect(end.risk[0]!.now).toBeLessThan(0.1)
    expect(end.breached).toMatchObject([{ server_id: 'db', reason: 'moves away', decided_by: 'ada' }])
    const text = describeHistory(history)
    expect(text.replaceAll(/\s+/g, ' ')).toContain(
      'Decisions: 2 accepted, 1 done, 1 dismissed. Realised: USD 300 a month by 1 server that left. Accepted and still to come: USD 120 a month.',
    )
    expect(text).toMatch(/^Dismissed, then breached\n.*\n.*\ndb +add capacity +ada +\d{4}-\d\d-\d\d +moves away/m)
  })

  test('give the pack the name of its plan, and say on its first page what is overdue', async () => {
    const content = await withRunFolder(join(year.history, year.results.at(-1)!.run), (run) =>
      readPackContent(run, history, { author: '', approver: '' }),
    )
    expect([history.name, content.title]).toEqual(['Months', 'Capacity report: Months'])
    expect(content.subtitle).toMatch(/ · as of 17 Dec 2026$/)
    // The order of db was dismissed.
    expect(content.finding).toMatch(/^1 of 5 servers is likely to run out by 15 January 2027/)
    const answers = new Map(content.pages[0]!.tables[0]!.rows.map(([question, answer]) => [question!, answer!]))
    expect(answers.get('Which orders are overdue')).toBe('No order is overdue as of 17 Dec 2026.')
    expect(answers.get('What was decided, but is late')).toBe('1 accepted recommendation is past its date: retire idle (due 1 Dec 2026).')
    expect(answers.get('What came of the last statement')).toMatch(
      /^The run from 17 Nov 2026 expected 1\.0 risks?, and 1 came by 16 Dec 2026\. It had stated 1 of them, and 0 more that did not come\.$/,
    )
    const decided = content.pages.find(({ name }) => name === 'follow-up')!.tables.at(-1)!
    expect(decided.rows.map((row) => [row[0], row[2], row[3], row[4], row[6]])).toEqual([
      ['db', 'dismissed', '–', 'ada', 'moves away'],
      ['idle', 'accepted', '1 Dec 2026', 'ben', ''],
      ['old', 'accepted', '–', 'ben', ''],
      ['web', 'done', '–', 'ada', ''],
    ])
  })

  test('fill the page of the pack about decisions', async () => {
    const { pages } = await withRunFolder(join(year.history, year.results.at(-1)!.run), (run) =>
      readPackContent(run, history, { author: '', approver: '' }),
    )
    const { paragraphs, tables } = pages.find(({ name }) => name === 'follow-up')!
    expect(paragraphs).toEqual([
      'As of 17 December 2026.',
      'Recommendations: 2 accepted, 1 done, 1 dismissed.',
      'Realised: $300 a month, the cost of 1 server that left. Accepted and still to come: $120 a month.',
    ])
    expect(tables.map(({ title, rows }) => [title, rows[0]!.slice(0, 2)])).toEqual([
      ['Accepted, but not done after its date', ['1 Dec 2026', 'idle']],
      ['Left the fleet', ['20 Jun 2026', 'old']],
      ['Risk of accepted additions', ['web', expect.stringMatching(/%$/)]],
      ['Dismissed, then breached', ['23 Mar 2026', 'db']],
      ['Who decided what, and why', ['db', 'add capacity']],
    ])
  })

  test('stay as they are when the plan runs again', async () => {
    const written = async (): Promise<number[]> =>
      Promise.all(['tickets.csv', 'fleet.prom'].map(async (name) => (await stat(join(year.workspace.folder, 'out', name))).mtimeMs))
    const [before, names] = [await written(), await readdir(year.history)]
    const again = await year.cycle()
    expect(again).toMatchObject({ run: year.results.at(-1)!.run, is_new: false })
    expect(again.outputs.map(({ state }) => state)).toEqual(['done before', 'done before'])
    expect(await written()).toEqual(before)
    expect(await readdir(year.history)).toEqual(names)
  })
})
