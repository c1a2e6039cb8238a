// The event calendar of a run: what it says agrees with an analysis made with the same table, lines are checked, and a server's curve follows.
import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { saveRunEvents, readRunEvents, readServerEvents } from '../../src-main/notes/run-events.ts'
import { openRunFolder } from '../../src-main/queries/run/open-run-folder.ts'
import type { EventLine } from '../../src-shared/run/event-line.ts'
import { eventReportSchema } from '../../src-shared/artefacts/event-report.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { ForecastWorkspace, type FinishedRun } from '../fixtures/forecast-workspace.ts'
import { seriesRows, times } from '../fixtures/forecast-rows.ts'

let workspace: ForecastWorkspace
let forecasts: string
let serversTable: string
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  // P95 of five days from 2 January: a 0.2 x 80 + 0.8 x 90 = 88 and c 85 are at risk above 80; b has 48 and a memory of 70.
  forecasts = await workspace.writeForecasts('ledger.parquet', [
    ...seriesRows({ server: 'a', metric: 'cpu_p95', actual: [50], horizon: [50, 60, 70, 80, 90] }),
    ...seriesRows({ server: 'b', metric: 'cpu_p95', actual: [10], horizon: [10, 20, 30, 40, 50] }),
    ...seriesRows({ server: 'b', metric: 'mem_p95', actual: [70], horizon: times(5, 70) }),
    ...seriesRows({ server: 'c', metric: 'cpu_p95', actual: [85], horizon: times(5, 85) }),
  ])
  serversTable = await workspace.writeText(
    'ledger-servers.csv',
    'server_id,business_unit,region,criticality\na,shop,eu,usual\nb,shop,eu,usual\nc,shop,us,critical\n',
  )
})
afterAll(async () => workspace.close())

const line = (part: Partial<EventLine>): EventLine => ({
  from: '2026-01-06',
  to: '2026-01-06',
  servers: '',
  group: '',
  metric: '',
  effect: '',
  note: '',
  ...part,
})

const lines: readonly EventLine[] = [
  line({ servers: 'a', effect: '-20 points', note: 'Batch moves, "at last"' }),
  line({ from: '2026-01-03', group: 'region=eu; criticality=usual', metric: 'mem_p95', effect: '20 %', note: 'New release' }),
  line({ from: '2026-01-01', to: '2026-01-01', servers: '*', note: 'Fire drill' }),
  line({ from: '2026-01-04T06:00:00Z', to: '2026-01-04T18:00:00Z', servers: 'a', metric: 'cpu_p95', effect: '10 %' }),
]

const toEventsTable = (all: readonly EventLine[]): string =>
  `from,to,servers,group,metric,effect,note\n${all
    .map((one) =>
      [one.from, one.to, one.servers, one.group, one.metric, one.effect, one.note]
        .map((text) => `"${text.replaceAll('"', '""')}"`)
        .join(','),
    )
    .join('\n')}\n`

const withRun = async <Value>(
  run: FinishedRun,
  work: (open: Awaited<ReturnType<typeof openRunFolder>>) => Promise<Value>,
): Promise<Value> => {
  const open = await openRunFolder(run.folder)
  try {
    return await work(open)
  } finally {
    await open.close()
  }
}

describe.each(['expected', 'conservative'] as const)('an event calendar of a run evaluated by its %s forecast', (basis) => {
  test('says of every event to come what an analysis with the same table says', async () => {
    const baseline = await workspace.analyse(forecasts, { serversTable, config: { basis } })
    const withEventsTable = await workspace.analyse(forecasts, {
      serversTable,
      eventsTable: await workspace.writeText(`ledger-${basis}.csv`, toEventsTable(lines)),
      config: { basis },
    })
    const { events: expected } = await withEventsTable.json(runFiles.summary, z.looseObject({ events: eventReportSchema }))
    await withRun(baseline, async (open) => {
      expect(await readRunEvents(open)).toEqual({ lines: [], report: { events: [], together: null }, applied: [], unavailableReason: null })
      const saved = await saveRunEvents(open, lines)
      expect(saved.report).toEqual({ ...expected, events: expected.events.map((event) => ({ ...event, left_out: null })) })
      expect(saved.applied).toEqual([false, false, false, false])
      expect(await readRunEvents(open)).toEqual(saved)
    })
    // The table that was kept is one that an analysis takes, and says the same.
    const reopened = await workspace.analyse(forecasts, {
      serversTable,
      eventsTable: join(baseline.folder, 'headroom-notes', 'events.csv'),
      config: { basis },
    })
    expect((await reopened.json(runFiles.summary, z.looseObject({ events: eventReportSchema }))).events).toEqual(expected)
  })
})

describe('a run that was analysed with events', () => {
  test('begins with those, marks them as applied, and states the rows excluded for them', async () => {
    const run = await workspace.analyse(forecasts, {
      serversTable,
      eventsTable: await workspace.writeText('applied.csv', toEventsTable(lines)),
    })
    await withRun(run, async (open) => {
      const eventCalendar = await readRunEvents(open)
      expect(eventCalendar.applied).toEqual([true, true, true, true])
      expect(eventCalendar.lines.map(({ servers, group }) => servers || group)).toEqual(['a', 'region=eu; criticality=usual', '*', 'a'])
      expect(eventCalendar.lines[3]).toMatchObject({ from: '2026-01-04T06:00:00Z', to: '2026-01-04T18:00:00Z', effect: '10 %' })
      // The only measured day of four series.
      expect(eventCalendar.report.events[2]?.left_out?.rows).toBe(4)
      const changed = await saveRunEvents(open, [...eventCalendar.lines.slice(1), line({ servers: 'c', effect: '1 points' })])
      expect(changed.applied).toEqual([true, true, true, false])
      expect(changed.report.events[1]?.left_out?.rows).toBe(4)
    })
  })

  test('of the module05 method has no event calendar, in one sentence', async () => {
    const run = await workspace.analyse(forecasts, { method: 'module05' })
    await withRun(run, async (open) => {
      expect((await readRunEvents(open)).unavailableReason).toMatch(/^The module05 method mixes all models/)
      await expect(saveRunEvents(open, lines)).rejects.toMatchObject({ code: 'query-refused' })
    })
  })
})

describe('a line that does not fit', () => {
  test('is named by line and column, and the event calendar stays unchanged', async () => {
    const run = await workspace.analyse(forecasts, { serversTable })
    await withRun(run, async (open) => {
      await saveRunEvents(open, lines.slice(0, 1))
      const before = await readFile(join(run.folder, 'headroom-notes', 'events.csv'), 'utf8')
      await expect(saveRunEvents(open, [lines[0]!, line({ servers: 'a', effect: 'a lot' })])).rejects.toMatchObject({
        code: 'events-invalid',
        message: 'Line 3, column effect of the events table of this run holds "a lot", which is no effect.',
      })
      expect(await readFile(join(run.folder, 'headroom-notes', 'events.csv'), 'utf8')).toBe(before)
    })
  })
  test('is named in its file where it was changed by hand', async () => {
    const run = await workspace.analyse(forecasts, { serversTable })
    await withRun(run, async (open) => {
      await saveRunEvents(open, lines.slice(0, 1))
      await appendFile(join(run.folder, 'headroom-notes', 'events.csv'), '\nsoon,2026-05-01,*,,,,\n')
      await expect(readRunEvents(open)).rejects.toMatchObject({
        code: 'events-invalid',
        message: 'Line 4, column from of the events table headroom-notes/events.csv holds "soon", which is no date.',
      })
    })
  })
})

describe("a server's curve", () => {
  test('has its own events and the forecast with them: percentages first, then points', async () => {
    const run = await workspace.analyse(forecasts, { serversTable })
    await withRun(run, async (open) => {
      await saveRunEvents(open, [
        ...lines,
        line({ from: '2026-01-05', servers: 'a', metric: 'cpu_p95', effect: '5 points', note: 'Fair' }),
        line({ servers: 'c', effect: '9 points' }),
      ])
      const { events, adjustedForecasts: changed } = await readServerEvents(open, 'a')
      expect(events.map(({ note }) => note)).toEqual(['Batch moves, "at last"', 'Fire drill', 'a', 'Fair'])
      expect(changed).toHaveLength(1)
      // Days 50, 60, 70, 80, 90 from 2 January: 70 x 1.1 on the 4th, 80 + 5 on the 5th, 90 - 20 + 5 on the 6th.
      expect([...changed[0]!.forecast].map((value) => Math.round(value * 1000) / 1000)).toEqual([50, 60, 77, 85, 75])
      expect(changed[0]).toMatchObject({ metric: 'cpu_p95' })
      expect(await readServerEvents(open, 'b')).toMatchObject({ adjustedForecasts: [{ metric: 'mem_p95' }] })
    })
  })
})
