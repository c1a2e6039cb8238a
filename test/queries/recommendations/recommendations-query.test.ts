// What the queries say of recommendations, from server_risk.parquet, is what the engine wrote into optimization_recommendations.json.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import type { OpenRun } from '../../../src-main/queries/run/open-run.ts'
import { findRecommendation, queryRecommendations } from '../../../src-main/queries/recommendations/recommendations-query.ts'
import { openRunFolder } from '../../../src-main/queries/run/open-run-folder.ts'
import { readRecommendationTotals } from '../../../src-main/queries/run/run-contents.ts'
import type { Recommendation } from '../../../src-shared/ipc/fleet-view.ts'
import { noFilter } from '../../../src-shared/ipc/fleet-filter.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { makeSampleRun, type SampleRun } from '../../fixtures/sample-run.ts'

let sample: SampleRun
let file: string
let run: OpenRun

beforeAll(async () => {
  sample = await makeSampleRun(200)
  file = join(sample.run, runFiles.recommendations)
  run = await openRunFolder(sample.run)
})
afterAll(async () => {
  await run.close()
  await sample.remove()
})

const pageOf = (offset: number, limit: number, change: object = {}) =>
  queryRecommendations(run, {
    folder: sample.run,
    metric: run.overview.metrics[0]!.name,
    filter: noFilter,
    verdict: 'all',
    offset,
    limit,
    ...change,
  })

const reportSchema = z.looseObject({
  total_savings_usd: z.number(),
  recommendations: z.array(z.looseObject({ server_id: z.string() })),
})
const readReport = async () => reportSchema.parse(JSON.parse(await readFile(file, 'utf8')))

it('is written as one JSON text of two blanks a level', async () => {
  const text = await readFile(file, 'utf8')
  expect(`${JSON.stringify(JSON.parse(text), null, 2)}\n`).toBe(text)
})

it('says of every server what the file says, reason and query too', async () => {
  const all = await pageOf(0, 1000)
  expect(all.totalsByRecommendation.map(({ recommendation }) => recommendation)).toEqual(['add capacity', 'watch', 'retire', 'consolidate'])
  const { recommendations } = await readReport()
  expect(recommendations.length).toBeGreaterThan(20)
  const entries = new Map(recommendations.map((entry) => [entry.server_id, entry]))
  expect(all.rows.map(({ server_id }) => server_id).sort()).toEqual([...entries.keys()].sort())
  // The short forms are for the window alone.
  for (const { verdict, verdict_reason, summary, breach_at: breach, capacity_to_add: capacity, ...shown } of all.rows) {
    const {
      risk_before: before,
      risk_after: after,
      added_monthly_usd: added,
      decision_ids: decisionIds,
      verdict_by: by,
      verdict_until: until,
      verdict_conflict: conflict,
      ...row
    } = shown
    expect([verdict, verdict_reason, by, until, conflict, decisionIds]).toEqual([null, null, null, null, null, []])
    const isAdded = row.recommendation === 'add capacity'
    expect(before !== null).toBe(capacity !== null)
    // Sized for the P95 of nine paths in ten; the calibrated rest may be somewhat above a tenth.
    expect(after !== null && before !== null && after < before && after < 0.25).toBe(isAdded && !row.is_lower_limit)
    expect(added !== null && added > 0).toBe(isAdded)
    expect(entries.get(row.server_id)).toMatchObject(row)
    expect(summary.replaceAll(/([<>]) /g, '$1').split(' ').length).toBeLessThanOrEqual(8)
    expect(row.reason).toContain(capacity ?? '')
    const isDated = breach !== null && Date.parse(breach) >= run.overview.horizon!.startMs
    expect(isDated || row.recommendation !== 'add capacity').toBe(true)
    expect(capacity === null).toBe(['retire', 'consolidate'].includes(row.recommendation))
  }
  expect((await pageOf(7, 5)).rows).toEqual(all.rows.slice(7, 12))
  const last = all.rows.at(-1)!
  expect(await findRecommendation(run, last.server_id)).toEqual(last)
})

it('groups by due date, from overdue to any time, and filters by column', async () => {
  const { rows, groups, total } = await pageOf(0, 1000, { groupBy: 'due' })
  const startMs = run.overview.horizon!.startMs
  const daysUntil = ({ order_by: orderBy }: Recommendation): number => (Date.parse(orderBy!) - startMs) / 86_400_000
  const matches: Readonly<Record<string, (row: Recommendation) => boolean>> = {
    overdue: (row) => daysUntil(row) < 0 && row.recommendation === 'add capacity',
    now: (row) => daysUntil(row) < 0 && row.recommendation === 'watch',
    'within 7 days': (row) => daysUntil(row) >= 0 && daysUntil(row) < 7,
    'within 30 days': (row) => daysUntil(row) >= 7 && daysUntil(row) < 30,
    'within 90 days': (row) => daysUntil(row) >= 30 && daysUntil(row) < 90,
    'any time': ({ order_by: orderBy }) => orderBy === null,
  }
  expect(groups.map(({ name }) => name)).toEqual(Object.keys(matches).filter((name) => rows.some(matches[name]!)))
  expect(groups.length).toBeGreaterThan(3)
  let from = 0
  for (const { name, rows: count, monthly_savings_usd: usd } of groups) {
    const members = rows.slice(from, (from += count))
    expect(members.filter(matches[name]!)).toEqual(members)
    expect(members.reduce((sum, row) => sum + row.monthly_savings_usd, 0)).toBeCloseTo(usd, 6)
  }
  expect([from, rows.length]).toEqual([total, total])
  const filtered = async (column: string, text: string) =>
    (await pageOf(0, 1000, { columnFilters: [{ column, text }] })).rows.map(({ server_id }) => server_id)
  const idsOf = (passes: (row: Recommendation) => boolean): Promise<string[]> =>
    pageOf(0, 1000).then((page) => page.rows.filter(passes).map(({ server_id }) => server_id))
  expect(await filtered('recommendation', 'Retire')).toEqual(await idsOf(({ recommendation }) => recommendation === 'retire'))
  expect(await filtered('monthly_savings_usd', '> 400')).toEqual(await idsOf((row) => row.monthly_savings_usd > 400))
  const month = rows.find(({ order_by: orderBy }) => orderBy !== null)!.order_by!.slice(0, 7)
  expect(await filtered('order_by', month)).toEqual(await idsOf((row) => row.order_by?.startsWith(month) === true))
})

it('states the savings and the risk of the placement as the file does', async () => {
  const { placement } = z.looseObject({ placement: z.looseObject({ alternatives: z.array(z.unknown()) }) }).parse(await readReport())
  expect(placement.alternatives.length).toBeGreaterThan(2)
  expect((await pageOf(0, 1)).placement).toEqual({ ...placement, target: 70 })
})

it('takes the totals from the file', async () => {
  const { total_savings_usd } = await readReport()
  expect(run.overview.savingsMonthlyUsd).toBe(total_savings_usd)
})

it('reads the head alone, also where its end lies across two chunks', async () => {
  const path = join(sample.folder, 'long.json')
  const note = 'x'.repeat(65_536 - '{\n  "total_savings_usd": 1,\n  "note": "",\n  "recomm'.length)
  // The list is cut off: a reader cannot parse the file.
  await writeFile(path, `${JSON.stringify({ total_savings_usd: 1, note, recommendations: [{ server_id: 'a' }] }, null, 2).slice(0, -10)}\n`)
  expect(await readRecommendationTotals(path)).toMatchObject({ total_savings_usd: 1 })
})

it('parses a file in another layout whole', async () => {
  const path = join(sample.folder, 'other.json')
  await writeFile(path, JSON.stringify({ recommendations: [{ server_id: 'a' }], total_savings_usd: 2 }))
  expect(await readRecommendationTotals(path)).toMatchObject({ total_savings_usd: 2 })
  await writeFile(path, '{ "total_savings_usd": ')
  await expect(readRecommendationTotals(path)).rejects.toThrow(SyntaxError)
})

it('starts Do next with what is due first, and orders the same date by first breach, savings, probability, cost and units before the name', async () => {
  const { rows } = await pageOf(0, 1000, { groupBy: 'due', verdict: 'open' })
  const { rows: byKind } = await pageOf(0, 1000, { groupBy: 'kind', verdict: 'open' })
  const dueDay = (row: Recommendation): string => row.order_by?.slice(0, 10) ?? '9999'
  const breachMs = (row: Recommendation): number => (row.breach_at === null ? Infinity : Date.parse(row.breach_at))
  const ranks = (row: Recommendation) => [
    -breachMs(row),
    row.monthly_savings_usd,
    row.risk_before ?? -1,
    row.added_monthly_usd ?? -1,
    row.units_to_add ?? -1,
  ]
  const ordered = (list: readonly Recommendation[]): number => {
    let ties = 0
    for (const [index, row] of list.slice(1).entries()) {
      const before = list[index]!
      expect(dueDay(row) >= dueDay(before)).toBe(true)
      if (dueDay(row) !== dueDay(before)) continue
      ties++
      const [one, other] = [ranks(before), ranks(row)]
      const decides = one.findIndex((rank, at) => rank !== other[at])
      expect(decides < 0 ? before.server_id < row.server_id : one[decides]! > other[decides]!).toBe(true)
    }
    return ties
  }
  const overdue = rows.filter(({ is_order_late, recommendation }) => is_order_late && recommendation === 'add capacity')
  expect(overdue[0]).toEqual(rows[0])
  expect(ordered(overdue)).toBeGreaterThan(3)
  expect(overdue.map(dueDay)).not.toEqual([dueDay(overdue[0]!)])
  expect(ordered(byKind.filter(({ recommendation }) => recommendation === 'add capacity'))).toBeGreaterThan(3)
})
