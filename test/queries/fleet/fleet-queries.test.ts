// Queries of the workbench on three servers worked out on paper: filter, pages, figures, recommendations and the planner's decisions.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportRows } from '../../../src-main/report/export-rows.ts'
import { openRunFolder } from '../../../src-main/queries/run/open-run-folder.ts'
import { readDecisions, saveDecisions, withdrawDecisions } from '../../../src-main/notes/decisions.ts'
import { queryFilterChoices } from '../../../src-main/queries/fleet/fleet-filter.ts'
import { queryFleet } from '../../../src-main/queries/fleet/fleet-query.ts'
import type { OpenRun } from '../../../src-main/queries/run/open-run.ts'
import { findRecommendation, queryRecommendations, readActions } from '../../../src-main/queries/recommendations/recommendations-query.ts'
import { queryServer } from '../../../src-main/queries/servers/server-query.ts'
import { queryClusters, queryServersInside } from '../../../src-main/queries/fleet/clusters-query.ts'
import { queryHeatmap } from '../../../src-main/queries/heatmap/heatmap-query.ts'
import { queryPacking } from '../../../src-main/queries/recommendations/packing-query.ts'
import { querySeason } from '../../../src-main/queries/fleet/season-query.ts'
import { queryServers } from '../../../src-main/queries/servers/servers-query.ts'
import { verifyRunFolder } from '../../../src-main/run-folder/read-run-folder.ts'
import { noFilter, type FleetFilter } from '../../../src-shared/ipc/fleet-filter.ts'
import type { ServersRequest } from '../../../src-shared/ipc/fleet-view.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { fabricateRun, firstDayMs, horizonStartMs } from '../../fixtures/fabricated-runs.ts'

const dayMs = 86_400_000
let folder: string
let path: string
let run: OpenRun

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-fleet-queries-'))
  path = join(folder, 'run')
  await fabricateRun(path)
  run = await openRunFolder(path)
  await run.database.run(`
    UPDATE server_risk SET recommendation = 'retire' WHERE server_id = 'charlie';
    UPDATE server_risk SET recommendation = 'add capacity', units_to_add = 2 WHERE server_id = 'alpha'`)
})
afterAll(async () => {
  await run.close()
  await rm(folder, { recursive: true, force: true })
})

const page = (filter: Partial<FleetFilter> = {}, change: Partial<ServersRequest> = {}) =>
  queryServers(run, {
    folder: path,
    metric: 'cpu_p95',
    filter: { ...noFilter, ...filter },
    columns: ['server_id', 'horizon_p95', 'first_breach_at', 'is_underutilized'],
    sort: { column: 'server_id', descending: false },
    offset: 0,
    limit: 10,
    ...change,
  })
describe('a filter that no server passes', () => {
  const filter = { ...noFilter, text: 'no such server' }
  const requests = { folder: '', metric: 'cpu_p95', filter } as const

  it('is answered by every view with nothing, not with a failure', async () => {
    const heatmap = {
      ...requests,
      sort: 'risk',
      reduction: 'max',
      rows: null,
      time: null,
      maxRows: 100,
      maxColumns: 100,
      selected: 'alpha',
    } as const
    expect(await queryHeatmap(run, heatmap)).toMatchObject({ totalRows: 0, names: [], selectedRow: null, data: { rows: [] } })
    for (const projection of ['spread', 'components'] as const) {
      expect((await queryClusters(run, { ...requests, projection })).serverIds).toEqual([])
    }
    const area: [number, number][] = [
      [0, 0],
      [100, 0],
      [100, 100],
    ]
    expect(await queryServersInside(run, { ...requests, projection: 'spread', area })).toEqual({ total: 0, servers: [] })
    expect(await queryFleet(run, { ...requests, groupBy: 'region' })).toMatchObject({ servers: 0, at_risk: 0 })
    expect((await page(filter)).rows).toEqual([])
    expect((await querySeason(run, requests)).strongest).toEqual([])
    expect((await queryRecommendations(run, { ...requests, verdict: 'open', offset: 0, limit: 10 })).rows).toEqual([])
    expect((await queryPacking(run, { ...requests, offset: 0, limit: 10 })).rows).toEqual([])
  })
})

const names = async (filter: Partial<FleetFilter>): Promise<unknown[]> => (await page(filter)).rows.map(([name]) => name)

describe('the shared filter', () => {
  it.each<[string, Partial<FleetFilter>, string[]]>([
    ['nothing', {}, ['alpha', 'bravo', 'charlie']],
    ['a part of the name in any case', { text: 'RAV' }, ['bravo']],
    ['all words at once', { text: 'retail alpha' }, ['alpha']],
    ['words that no server has together', { text: 'alpha bravo' }, []],
    ['a quote as plain text', { text: "' OR true --" }, []],
    ['a percent sign as plain text', { text: '%' }, []],
    ['risk', { risk: ['at-risk'] }, ['alpha']],
    ['any of several risks', { risk: ['at-risk', 'underutilised'] }, ['alpha', 'charlie']],
    ['a breach too brief for risk', { risk: ['breach'] }, ['alpha', 'charlie']],
    ['clusters', { cluster: [0, 2] }, ['alpha', 'bravo']],
    ['a group', { business_unit: ['Retail'] }, ['alpha', 'bravo', 'charlie']],
    ['servers without a group', { region: [''] }, ['alpha', 'bravo', 'charlie']],
    ['a group without servers', { criticality: ["gold'"] }, []],
    ['picked servers', { servers: ['charlie', 'alpha', 'nobody'] }, ['alpha', 'charlie']],
    ['everything together', { servers: ['charlie', 'alpha'], risk: ['underutilised'] }, ['charlie']],
  ])('lets through by %s', async (_, filter, expected) => {
    expect(await names(filter)).toEqual(expected)
  })

  it('offers the groups that there are, with their servers', async () => {
    expect(await queryFilterChoices(run)).toEqual({
      business_unit: [{ value: 'Retail', servers: 3 }],
      region: [],
      criticality: [{ value: 'gold', servers: 3 }],
      cluster: [0, 1, 2].map((cluster) => ({ cluster, name: `group ${cluster}`, servers: 1 })),
    })
  })
})

describe('a page of the server list', () => {
  it('holds values in the order asked for, times as text', async () => {
    expect(await page()).toEqual({
      total: 3,
      of: 3,
      rows: [
        ['alpha', 93.5, '2026-06-29T00:00:00Z', false],
        ['bravo', 69, null, false],
        ['charlie', 71.2, '2026-06-29T00:00:00Z', true],
      ],
      emptyColumns: [],
    })
  })

  it('holds the servers that pass the filters of columns', async () => {
    const filtered = async (...columnFilters: NonNullable<ServersRequest['columnFilters']>) =>
      (await page({}, { columnFilters })).rows.map(([name]) => name)
    expect(await filtered({ column: 'horizon_p95', text: '> 70' })).toEqual(['alpha', 'charlie'])
    expect(await filtered({ column: 'horizon_p95', text: '> 70' }, { column: 'server_id', text: "LI'" })).toEqual([])
    expect(await filtered({ column: 'risk_level', text: 'high' })).toEqual(['alpha'])
    expect(await filtered({ column: 'horizon_p95', text: 'no number' })).toEqual(['alpha', 'bravo', 'charlie'])
  })

  it('names the columns that no server has a value in', async () => {
    expect((await page({ text: 'bravo' }, { columns: ['server_id', 'region', 'first_breach_at'] })).emptyColumns).toEqual(['region'])
  })

  it('is cut after sorting, what is absent last either way', async () => {
    const sorted = async (descending: boolean, offset: number) =>
      (await page({}, { sort: { column: 'first_breach_at', descending }, offset, limit: 2 })).rows.map(([name]) => name)
    expect(await sorted(true, 0)).toEqual(['alpha', 'charlie'])
    expect(await sorted(true, 2)).toEqual(['bravo'])
    expect(await sorted(false, 1)).toEqual(['charlie', 'bravo'])
  })

  it('sorts risk by its weight, not by its name', async () => {
    const { rows } = await page({}, { sort: { column: 'risk_level', descending: true } })
    expect(rows.map(([name]) => name)).toEqual(['alpha', 'bravo', 'charlie'])
  })
})

describe('the figures of the fleet', () => {
  const figures = (filter: Partial<FleetFilter> = {}) =>
    queryFleet(run, { folder: path, metric: 'cpu_p95', filter: { ...noFilter, ...filter }, groupBy: 'criticality' })

  it('count servers, breaches by day, costs and errors', async () => {
    expect(await figures()).toMatchObject({
      servers: 3,
      at_risk: 1,
      high_risk: 1,
      underutilized: 1,
      expected_breaches: null,
      savings_usd: 120,
      // Without probabilities a server at risk counts as likely.
      calendar: [0, 1, 2, 3].map((day) => ({
        atMs: horizonStartMs + day * dayMs,
        certain: 0,
        likely: day === 0 ? 1 : 0,
        possible: 0,
        brief: day === 0 ? 1 : 0,
      })),
      calendarStepMs: dayMs,
      soonest: [{ server_id: 'alpha', horizon_p95: 93.5, first_breach_at: '2026-06-29T00:00:00Z', days_to_breach: 1 }],
      groups: [
        { group: 'gold', servers: 3, at_risk: 1, expected_at_risk: null, expected_low: null, underutilized: 1, monthly_cost_usd: 360 },
      ],
    })
  })

  it('are those of the filtered servers alone', async () => {
    const { calendar, ...others } = await figures({ text: 'bravo' })
    expect(others).toMatchObject({ servers: 1, at_risk: 0, soonest: [] })
    expect(calendar.map(({ certain, likely, possible, brief }) => certain + likely + possible + brief)).toEqual([0, 0, 0, 0])
  })
})

describe('one server', () => {
  it('shows the other models, its marks and its neighbours by risk', async () => {
    const { metrics, recommendation: found } = await queryServer(run, { folder: path, serverId: 'charlie' })
    const [metric] = metrics
    // By risk: alpha (at risk), charlie 71.2, bravo 69.
    expect(metric).toMatchObject({ rank: 2, previousServer: 'alpha', nextServer: 'bravo' })
    expect(metric?.otherModels.map(({ model, forecast }) => [model, ...forecast])).toEqual([['loud', 99, 99, 99, 99]])
    expect(metric?.otherModels[0]?.timesMs[0]).toBe(horizonStartMs)
    expect(metric?.marks.map(({ kind, fromMs, toMs }) => [kind, fromMs, toMs])).toEqual([
      ['eoq', horizonStartMs, horizonStartMs + 2 * dayMs],
      ['holiday', firstDayMs + 7 * dayMs, firstDayMs + 8 * dayMs],
    ])
    expect([...(metric?.series.upper ?? [])].every((value) => Number.isNaN(value))).toBe(true)
    expect(found).toMatchObject({ recommendation: 'retire', monthly_savings_usd: 120, verdict: null })
  })
})

describe('recommendations', () => {
  const requests = (change: object = {}) =>
    queryRecommendations(run, { folder: path, metric: 'cpu_p95', filter: noFilter, verdict: 'open', offset: 0, limit: 10, ...change })

  it('come with their savings by step, the pressing ones first', async () => {
    const { total, rows, totalsByRecommendation: steps, verdicts } = await requests()
    expect(total).toBe(2)
    expect(rows.map(({ server_id }) => server_id)).toEqual(['alpha', 'charlie'])
    expect(steps).toEqual([
      { recommendation: 'add capacity', servers: 1, monthly_savings_usd: 0, units: 2 },
      { recommendation: 'retire', servers: 1, monthly_savings_usd: 120, units: 0 },
    ])
    expect(verdicts).toEqual({ open: 2, accepted: 0, dismissed: 0, done: 0, accepted_savings_usd: 0 })
    expect(rows.map(({ reason }) => reason)).toEqual([
      "The horizon's P95 of CPU is 93.5 %, above 80.0 %; first above on 2026-06-29. Add 2 capacity units.",
      "The horizon's peak is 82.0 %, below 5 %.",
    ])
    expect(rows.map(({ summary, capacity_to_add: capacity }) => [summary, capacity])).toEqual([
      ['CPU at 93.5 %, above 80 %', '2 capacity units'],
      ['Peak of 82.0 % over the horizon', null],
    ])
  })

  it('are accepted and dismissed with a reason, saved with the run, and withdrawn', async () => {
    const before = await readFile(join(path, runFiles.manifest), 'utf8')
    await saveDecisions(
      path,
      [
        { server_id: 'charlie', recommendation: 'retire', verdict: 'accepted', reason: '' },
        { server_id: 'alpha', recommendation: 'add capacity', verdict: 'dismissed', reason: 'moves in May' },
      ],
      new Date('2026-07-01T08:00:00Z'),
    )
    expect((await requests()).total).toBe(0)
    expect(await requests({ verdict: 'dismissed' })).toMatchObject({
      rows: [{ server_id: 'alpha', verdict: 'dismissed', verdict_reason: 'moves in May' }],
      verdicts: { open: 0, accepted: 1, dismissed: 1, accepted_savings_usd: 120 },
    })
    expect(await findRecommendation(run, 'charlie')).toMatchObject({ verdict: 'accepted' })
    expect(await readDecisions(path)).toMatchObject([
      { server_id: 'alpha', decided_at: '2026-07-01T08:00:00.000Z' },
      { server_id: 'charlie', recommendation: 'retire' },
    ])
    expect(await readFile(join(path, runFiles.manifest), 'utf8')).toBe(before)
    expect((await verifyRunFolder(path)).files).toEqual([])
    await withdrawDecisions(path, [{ server_id: 'alpha', recommendation: 'add capacity' }], new Date('2026-07-02T08:00:00Z'))
    expect((await requests()).rows.map(({ server_id }) => server_id)).toEqual(['alpha'])
  })

  it('forget a decision about what is no longer recommended', async () => {
    await saveDecisions(path, [{ server_id: 'alpha', recommendation: 'retire', verdict: 'accepted', reason: '' }], new Date())
    expect((await requests()).rows.map(({ server_id }) => server_id)).toEqual(['alpha'])
    await withdrawDecisions(path, [{ server_id: 'charlie', recommendation: 'retire' }], new Date())
  })

  it('come back on the day that a dismissal ends, and leave the open list once they are done', async () => {
    const alpha = { server_id: 'alpha', recommendation: 'add capacity' } as const
    const start = new Date(horizonStartMs).toISOString().slice(0, 10)
    const dayAfter = new Date(horizonStartMs + dayMs).toISOString().slice(0, 10)
    await saveDecisions(path, [{ ...alpha, verdict: 'dismissed', reason: 'waits', until: dayAfter }], new Date())
    expect((await requests({ verdict: 'dismissed' })).rows).toMatchObject([{ ...alpha, verdict_until: dayAfter }])
    await saveDecisions(path, [{ ...alpha, verdict: 'dismissed', reason: 'waits', until: start }], new Date())
    expect((await requests()).rows).toMatchObject([{ ...alpha, verdict: null, verdict_reason: 'waits', verdict_until: start }, {}])
    expect((await readActions(run)).map(({ server_id }) => server_id)).toContain('alpha')
    await saveDecisions(path, [{ ...alpha, verdict: 'done', reason: '' }], new Date())
    expect(await requests({ verdict: 'done' })).toMatchObject({ total: 1, verdicts: { open: 1, done: 1 } })
    expect((await readActions(run)).map(({ server_id }) => server_id)).not.toContain('alpha')
    await withdrawDecisions(path, [alpha], new Date())
  })

  it('show two decisions that did not see each other as a conflict, and the latest as the state', async () => {
    const alpha = { server_id: 'alpha', recommendation: 'add capacity' } as const
    const at = (hour: number): Date => new Date(`2030-07-03T0${hour}:00:00Z`)
    await saveDecisions(path, [{ ...alpha, verdict: 'accepted', reason: '', replaces: [] }], at(1), 'ada')
    await saveDecisions(path, [{ ...alpha, verdict: 'dismissed', reason: 'spare', replaces: [] }], at(2), 'ben')
    const found = await findRecommendation(run, 'alpha')
    expect(found).toMatchObject({ verdict: 'dismissed', verdict_by: 'ben' })
    expect(found!.verdict_conflict).toMatch(/ccepted by ada on 2030-07-03, dismissed by ben on 2030-07-03\.$/)
    // Who sees both settles it.
    await saveDecisions(path, [{ ...alpha, verdict: 'accepted', reason: '', replaces: found!.decision_ids }], at(3), 'cy')
    expect(await findRecommendation(run, 'alpha')).toMatchObject({ verdict: 'accepted', verdict_conflict: null })
    await withdrawDecisions(path, [alpha], at(4))
  })

  it('never overwrite decisions that cannot be read', async () => {
    const file = join(path, 'headroom-notes', 'decisions.json')
    await writeFile(file, 'torn {')
    await expect(
      saveDecisions(path, [{ server_id: 'alpha', recommendation: 'retire', verdict: 'accepted', reason: '' }], new Date()),
    ).rejects.toMatchObject({ code: 'run-damaged' })
    expect(await readFile(file, 'utf8')).toBe('torn {')
    await rm(file)
  })
})

describe('rows in a file', () => {
  const request = { metric: 'cpu_p95', filter: noFilter, sort: { column: 'horizon_p95', descending: true } } as const
  const written = async (format: 'csv' | 'json' | 'parquet' | 'xlsx', filter = noFilter, hasByteOrderMark = false) => {
    const target = join(folder, `rows.${format}`)
    const response = await exportRows(run, {
      ...request,
      folder: path,
      columns: ['server_id', 'horizon_p95', 'first_breach_at'],
      format,
      filter,
      path: target,
      hasByteOrderMark,
    })
    expect(response.path).toBe(target)
    return { rows: response.rows, bytes: await readFile(target) }
  }

  it('are CSV in the order of the list', async () => {
    const { rows, bytes } = await written('csv')
    expect(rows).toBe(3)
    expect(bytes.toString()).toBe(
      'server_id,horizon_p95,first_breach_at\nalpha,93.5,2026-06-29T00:00:00Z\ncharlie,71.2,2026-06-29T00:00:00Z\nbravo,69.0,\n',
    )
  })

  it('begin with a byte order mark where it is asked for', async () => {
    const { bytes } = await written('csv', { ...noFilter, servers: ['bravo'] }, true)
    expect(bytes.toString()).toBe('\uFEFFserver_id,horizon_p95,first_breach_at\nbravo,69.0,\n')
    const { bytes: json } = await written('json', { ...noFilter, servers: ['bravo'] }, true)
    expect(json.subarray(0, 1).toString()).toBe('[')
  })

  it('are JSON of the filtered servers', async () => {
    const { bytes } = await written('json', { ...noFilter, servers: ['bravo'] })
    expect(JSON.parse(bytes.toString())).toEqual([{ server_id: 'bravo', horizon_p95: 69, first_breach_at: null }])
  })

  it('are Parquet and a workbook by their first bytes', async () => {
    expect((await written('parquet')).bytes.subarray(0, 4).toString()).toBe('PAR1')
    expect((await written('xlsx')).bytes.subarray(0, 4).toString('hex')).toBe('504b0304')
  })

  it('leave nothing behind where they cannot be written', async () => {
    await expect(
      exportRows(run, {
        ...request,
        folder: path,
        columns: ['server_id'],
        format: 'csv',
        path: join(folder, 'no-such-folder', 'rows.csv'),
        hasByteOrderMark: false,
      }),
    ).rejects.toMatchObject({ code: 'file-not-written' })
  })
})
