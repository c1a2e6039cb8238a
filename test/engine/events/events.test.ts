// The event calendar: past events excluded from errors and season, future events as a scenario next to the run's figures, invalid lines.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { writeSampleFleet } from '../../../src-main/sample/write-sample-fleet.ts'
import { eventReportSchema, type EventReport } from '../../../src-shared/artefacts/event-report.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { ForecastWorkspace, type FinishedRun } from '../../fixtures/forecast-workspace.ts'
import { seriesRows, timeAfter, times } from '../../fixtures/forecast-rows.ts'

let workspace: ForecastWorkspace
beforeAll(async () => void (workspace = await ForecastWorkspace.open()))
afterAll(async () => workspace.close())

let tables = 0
const table = async (text: string): Promise<string> => workspace.writeText(`events-${++tables}.csv`, text)

const eventsOf = async (run: FinishedRun): Promise<EventReport> =>
  (await run.json(runFiles.summary, z.looseObject({ events: eventReportSchema }))).events

describe('events to come', () => {
  let forecasts: string
  let serversTable: string
  let baseline: FinishedRun
  /** P95 of five days from 2 January: a 0.2 x 80 + 0.8 x 90 = 88 and c 85 are at risk above 80, b has 48 and a memory of 70. */
  beforeAll(async () => {
    forecasts = await workspace.writeForecasts('ahead.parquet', [
      ...seriesRows({ server: 'a', metric: 'cpu_p95', actual: [50], horizon: [50, 60, 70, 80, 90] }),
      ...seriesRows({ server: 'b', metric: 'cpu_p95', actual: [10], horizon: [10, 20, 30, 40, 50] }),
      ...seriesRows({ server: 'b', metric: 'mem_p95', actual: [70], horizon: times(5, 70) }),
      ...seriesRows({ server: 'c', metric: 'cpu_p95', actual: [85], horizon: times(5, 85) }),
    ])
    serversTable = await workspace.writeText(
      'ahead.csv',
      'server_id,business_unit,region,criticality\na,shop,eu,usual\nb,shop,eu,usual\nc,shop,us,critical\n',
    )
    baseline = await workspace.analyse(forecasts, { serversTable })
  })
  const analyse = async (text: string, config = {}): Promise<FinishedRun> =>
    workspace.analyse(forecasts, { serversTable, eventsTable: await table(text), config })

  test('report newly at risk and no longer at risk servers, per event and in total', async () => {
    const { events, together } = await eventsOf(
      await analyse(`from,to,servers,group,metric,effect,note
2026-01-06,2026-01-06,a,,,-20 points,"Batch moves, at last"
2026-01-03,2026-01-06,,region=eu; criticality=usual,mem_p95,+20 %,New release
2026-01-03,2026-01-03,b,,mem_p95,1 point,
`),
    )
    // a: 50, 60, 70, 80, 70 has 0.2 x 70 + 0.8 x 80 = 78 and nothing above 80.
    expect(events[0]).toEqual({
      line: 2,
      from: '2026-01-06T00:00:00Z',
      until: '2026-01-07T00:00:00Z',
      target: 'a',
      metric: null,
      effect: { amount: -20, unit: 'points' },
      note: 'Batch moves, at last',
      servers: 1,
      left_out: null,
      scenario: {
        servers: 1,
        before: {
          at_risk_servers: 1,
          least_headroom: { server_id: 'a', metric: 'cpu_p95', value: 88, threshold: 80 },
          soonest_breach_at: '2026-01-06T00:00:00Z',
        },
        after: {
          at_risk_servers: 0,
          least_headroom: { server_id: 'a', metric: 'cpu_p95', value: 78, threshold: 80 },
          soonest_breach_at: null,
        },
        pushed_over: { count: 0, servers: [] },
        saved: { count: 1, servers: ['a'] },
      },
    })
    // b: 70 on the first day, then 84; nothing of a, which has no memory.
    expect(events[1]).toMatchObject({
      servers: 1,
      scenario: {
        before: { at_risk_servers: 0, least_headroom: { server_id: 'b', metric: 'mem_p95', value: 70 } },
        after: { at_risk_servers: 1, least_headroom: { value: 84 }, soonest_breach_at: '2026-01-03T00:00:00Z' },
        pushed_over: { count: 1, servers: ['b'] },
      },
    })
    // Four days of 70 and one of 71: 0.2 x 70 + 0.8 x 71.
    expect(events[2]!.scenario!.after.least_headroom!.value).toBeCloseTo(70.8, 9)
    // Together the 3rd of b is 70 x 1.2 + 1 = 85: 0.2 x 84 + 0.8 x 85. At risk: b and c.
    expect(together).toMatchObject({
      servers: 2,
      before: { at_risk_servers: 2 },
      after: { at_risk_servers: 2 },
      pushed_over: { servers: ['b'] },
      saved: { servers: ['a'] },
    })
    expect(together!.after.least_headroom).toMatchObject({ server_id: 'c', value: 85 })
  })

  test('take a percentage first and points after it, percentages one on the other, in any order of lines', async () => {
    // b's memory: 70 x 1.5 x 1.5 - 77.5 = 80 exactly is not above 80; 0.01 more is.
    const lines = [
      '2026-01-01,2026-02-01,b,mem_p95,50 %',
      '2026-01-01,2026-02-01,b,mem_p95,-77.5 points',
      '2026-01-01,2026-02-01,b,mem_p95,50 percent',
    ]
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
    ]) {
      const { together } = await eventsOf(await analyse(`from,to,servers,metric,effect\n${order.map((line) => lines[line]).join('\n')}\n`))
      expect(together!.after.least_headroom).toMatchObject({ server_id: 'a', value: 88 })
      expect(together!.after.at_risk_servers).toBe(2)
    }
    const { together } = await eventsOf(
      await analyse(`from,to,servers,metric,effect\n${[...lines, '2026-01-01,2026-02-01,*,mem_p95,0.01 pp'].join('\n')}\n`),
    )
    expect(together!.pushed_over).toEqual({ count: 1, servers: ['b'] })
  })

  test('touch a day when they last for hours of it, and end before the next day where they end at its midnight', async () => {
    const touched = async (from: string, to: string): Promise<number> => {
      const { together } = await eventsOf(await analyse(`from,to,servers,effect\n${from},${to},b,1000 points\n`))
      // One touched day of cpu's five gives 0.2 x the second largest + 0.8 x (value + 1000): distinguished by the value.
      return Math.round(together!.after.least_headroom!.value)
    }
    // 3 January is b's 20 and its memory's 70, where the P95 is 0.2 x 70 + 0.8 x 1070 = 870.
    expect(await touched('2026-01-03T10:00:00Z', '2026-01-03T14:00:00Z')).toBe(870)
    expect(await touched('2026-01-03', '2026-01-03')).toBe(870)
    expect(await touched('2026-01-04T01:00+02:00', '2026-01-04T01:30+02:00')).toBe(870)
    // Two days: 0.2 x 1070 + 0.8 x 1070.
    expect(await touched('2026-01-03T10:00:00Z', '2026-01-04T00:00:00Z')).toBe(1070)
  })

  test('leave every other file as it is: the run keeps the figures of its forecasts', async () => {
    const run = await analyse('from,to,servers,effect\n2026-01-02,2026-01-06,*,40 points\n')
    for (const name of Object.values(runFiles)) {
      if (name === runFiles.summary || name === runFiles.manifest) continue
      expect([name, (await readFile(join(run.folder, name))).equals(await readFile(join(baseline.folder, name)))]).toEqual([name, true])
    }
    expect(run.manifest.counts).toEqual(baseline.manifest.counts)
    expect(run.manifest.events_table).toMatchObject({
      rows: 1,
      bytes: 'from,to,servers,effect\n2026-01-02,2026-01-06,*,40 points\n'.length,
    })
    expect(baseline.manifest.events_table).toBeNull()
    expect((await eventsOf(run)).together!.pushed_over).toEqual({ count: 1, servers: ['b'] })
  })

  test('that change nothing are warned of, with their lines', async () => {
    const run = await analyse(
      'from,to,servers,group,effect\n2026-01-03,2026-01-04,nobody,,5 %\n2026-03-03,2026-03-04,a,,5 %\n2026-01-04,2026-01-05,,region=eu,\n',
    )
    expect(run.manifest.warnings.find(({ code }) => code === 'events-without-effect')).toMatchObject({
      count: 3,
      examples: [
        'line 2: no series of the dataset matches nobody',
        'line 3: no row of those servers lies within it',
        'line 4: it lies ahead, and states no effect',
      ],
    })
    expect((await eventsOf(run)).together).toBeNull()
  })

  test('are refused where an effect reads differently in two locales', async () => {
    const text = 'from;to;servers;effect\n2026-01-02;2026-01-06;c;1.250 points\n'
    await expect(analyse(text)).rejects.toMatchObject({
      code: 'events-invalid',
      message: expect.stringMatching(/^Line 2, column effect of the events table .* holds "1\.250", which reads as 1250 or 1\.25\.$/),
    })
    for (const [decimal, amount] of [
      ['comma', 1250],
      ['point', 1.25],
    ] as const) {
      const { events } = await eventsOf(await analyse(text, { decimal }))
      expect(events[0]).toMatchObject({ effect: { amount, unit: 'points' } })
    }
    const { events } = await eventsOf(await analyse(text.replace('1.250', '12,5')))
    expect(events[0]).toMatchObject({ effect: { amount: 12.5, unit: 'points' } })
  })

  test('add to the conservative P95 what they add to that of the forecast', async () => {
    const run = await analyse('from,to,servers,effect\n2026-01-02,2026-01-06,c,-4 points\n', { basis: 'conservative' })
    const { events } = await eventsOf(run)
    const { conservative_p95 } = await run.riskOf('c')
    expect(events[0]!.scenario!.before.least_headroom!.value).toBe(conservative_p95)
    expect(events[0]!.scenario!.after.least_headroom!.value).toBeCloseTo(Number(conservative_p95) - 4, 9)
  })
})

test('a scenario is what an analysis of forecasts so changed finds, on the sample fleet', async () => {
  const sample = await writeSampleFleet(
    { servers: 48, out: join(workspace.folder, 'sample.parquet'), granularity: 'daily', end: '2026-11-22', seed: 3 },
    {},
  )
  const day = async (offset: number): Promise<string> => {
    const [row] = await workspace.query(
      `SELECT strftime(min(timestamp) + INTERVAL ${offset} DAY, '%Y-%m-%d') AS day FROM read_parquet('${sample.forecasts}') WHERE is_future`,
    )
    return String(row!['day'])
  }
  const [from, to] = [await day(10), await day(40)]
  const changed = await workspace.writeQuery(
    'changed.parquet',
    `SELECT * REPLACE (CASE WHEN is_future AND CAST(timestamp AS DATE) BETWEEN '${from}' AND '${to}' THEN predicted * 1.25 ELSE predicted END AS predicted)
     FROM read_parquet('${sample.forecasts}')`,
  )
  const { serversTable } = sample
  const config = { basis: 'expected' }
  const repeated = await workspace.analyse(changed, { serversTable, config })
  const eventsTable = await table(`from,to,servers,effect\n${from},${to},*,25 %\n`)
  const run = await workspace.analyse(sample.forecasts, { serversTable, eventsTable, config, threads: 2 })
  const { together, events } = await eventsOf(run)
  expect(together!.after.at_risk_servers).toBe(repeated.manifest.counts.at_risk_servers)
  expect(together!.before.at_risk_servers).toBe(run.manifest.counts.at_risk_servers)
  expect(together!.pushed_over.count).toBeGreaterThan(0)
  expect(together!.after.at_risk_servers).toBe(together!.before.at_risk_servers + together!.pushed_over.count - together!.saved.count)
  // The event affects every evaluated server, so that its effect equals the total.
  expect(events[0]!.scenario).toEqual(together)

  const withEightThreads = await workspace.analyse(sample.forecasts, { serversTable, eventsTable, config, threads: 8 })
  expect(await eventsOf(withEightThreads)).toEqual(await eventsOf(run))
})

describe('past events', () => {
  /** 120 days from 1 July 2025 at 50, the last week of September at 60; the forecast says 50, then 75 for thirty days. */
  const actual = Array.from({ length: 120 }, (_, day) => {
    const date = timeAfter('2025-07-01', day).slice(0, 10)
    return date >= '2025-09-24' && date <= '2025-09-30' ? 60 : 50
  })
  const series = (server: string) => seriesRows({ server, start: '2025-07-01', actual, predicted: times(120, 50), horizon: times(30, 75) })
  let forecasts: string
  beforeAll(async () => void (forecasts = await workspace.writeForecasts('past.parquet', [...series('kept'), ...series('known')])))

  test('are no errors and no season: blocks of residuals and quarter ends go without them', async () => {
    const config = { breach_probability: true }
    const eventsTable = await table('from,to,servers,note\n2025-09-24,2025-09-30,known,Trade fair\n')
    const run = await workspace.analyse(forecasts, { config, eventsTable })
    const [unaffected, expectedSeries] = [await run.riskOf('kept'), await run.riskOf('known')]
    // A residual of 10 lifts 75 above 80. Pooled residuals of the other server still reach the one whose own are all 0, though less often.
    expect(unaffected['breach_probability_raw']).toBeGreaterThan(Number(expectedSeries['breach_probability_raw']))
    expect([unaffected['eoq_uplift_points'], unaffected['eoq_uplift_quarters']]).toEqual([expect.closeTo(10, 9), 1])
    expect([expectedSeries['eoq_uplift_points'], expectedSeries['eoq_uplift_quarters']]).toEqual([null, 0])
    // The accuracy of the model stays what it was.
    expect(expectedSeries['mae']).toBe(unaffected['mae'])
    const { events, together } = await eventsOf(run)
    expect(events[0]).toMatchObject({
      servers: 1,
      left_out: { rows: 7, series: 1, effects: [{ metric: 'cpu_p95', rows: 7, mean_error: 10 }] },
      scenario: null,
    })
    expect(together).toBeNull()
  })

  test('left out everywhere, nothing is left that could breach', async () => {
    const run = await workspace.analyse(forecasts, {
      config: { breach_probability: true },
      eventsTable: await table('from,to,servers\n2025-09-20,2025-09-26,*\n2025-09-25,2025-10-02,kept;known\n'),
    })
    expect((await run.riskOf('kept'))['breach_probability_raw']).toBe(0)
    const { events } = await eventsOf(run)
    // Days that two events share count for both: 4 x 0 + 3 x 10 over 7 days, 6 x 10 over 8.
    expect(events.map(({ left_out }) => left_out)).toMatchObject([
      { rows: 14, series: 2, effects: [{ rows: 14, mean_error: expect.closeTo(30 / 7, 9) }] },
      { rows: 16, series: 2, effects: [{ rows: 16, mean_error: 7.5 }] },
    ])
  })
})

describe('an events table that does not fit', () => {
  let forecasts: string
  beforeAll(
    async () => void (forecasts = await workspace.writeForecasts('small.parquet', seriesRows({ server: 'a', actual: [1], horizon: [2] }))),
  )

  test.each([
    ['to,servers\n2026-01-01,a\n', 'The events table NAME has no column from.'],
    ['from,to,effect\n2026-01-01,2026-01-02,5 %\n', 'The events table NAME has neither a column servers nor a column group.'],
    ['from,to,servers,efect\n', 'The events table NAME has a column efect, which no event has.'],
    ['from,to,servers,to\n', 'The events table NAME has column to twice.'],
    ['from,to,servers\n2026-01-01,2026-01-02\n', 'Line 2 of the events table NAME does not fit its header line.'],
    ['from,to,servers\n\n2026-02-30,2026-03-01,a\n', 'Line 3, column from of the events table NAME holds "2026-02-30", which is no date.'],
    ['from,to,servers\n2026-01-01,,a\n', 'Line 2, column to of the events table NAME is empty.'],
    [
      'from,to,servers,note\n2026-01-01,2026-01-02,a,"two\nlines"\n2026-01-02,2026-01-01,a,\n',
      'Line 4, column to of the events table NAME lies before from.',
    ],
    [
      'from,to,servers,effect\n2026-01-01,2026-01-02,a,12\n',
      'Line 2, column effect of the events table NAME holds "12", which is no effect.',
    ],
    [
      'from,to,servers,effect\n2026-01-01,2026-01-02,a,-101 %\n',
      'Line 2, column effect of the events table NAME holds "-101 %", which is out of reach.',
    ],
    ['from;to;servers;group\n2026-01-01;2026-01-02;;\n', 'Line 2, column servers of the events table NAME is empty, and so is group.'],
    [
      'from,to,servers,group\n2026-01-01,2026-01-02,a,region=eu\n',
      'Line 2, column group of the events table NAME is filled in together with servers.',
    ],
    [
      'from,to,group\n2026-01-01,2026-01-02,rack=7\n',
      'Line 2, column group of the events table NAME holds "rack=7", which names no group.',
    ],
  ])('is refused in one sentence: %j', async (text, sentence) => {
    const eventsTable = await table(text)
    await expect(workspace.analyse(forecasts, { eventsTable })).rejects.toMatchObject({
      code: 'events-invalid',
      message: sentence.replace('NAME', `events-${tables}.csv`),
      next: expect.stringMatching(/\.$|\?$/),
    })
  })

  test('is refused where it is not there or a folder', async () => {
    await expect(workspace.analyse(forecasts, { eventsTable: '/nowhere.csv' })).rejects.toMatchObject({ code: 'input-not-found' })
    await expect(workspace.analyse(forecasts, { eventsTable: workspace.folder })).rejects.toMatchObject({ code: 'input-not-found' })
  })
})
