// Days and hours of a run's own zone in every query that a person reads, checked by hand for UTC-5, UTC+9 and a change of clocks in London.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { columnPosition, columnStartMs } from '../../src-shared/chart-options/heatmap-columns.ts'
import { cellAt, describeCell } from '../../src-shared/chart-options/heatmap-cell.ts'
import { heatmapSubtitle, heatmapTitle } from '../../src-shared/chart-options/heatmap-title.ts'
import { fixedFormattingIn, monthNames } from '../../src-shared/chart-options/format.ts'
import { noFilter } from '../../src-shared/ipc/fleet-filter.ts'
import type { FleetFigures } from '../../src-shared/ipc/fleet-view.ts'
import type { HeatmapView, RunOverview } from '../../src-shared/ipc/run-view.ts'
import { dayText, isoText, minuteText, zoneClock } from '../../src-shared/run/zone-clock.ts'
import { describeFindings } from '../../src-main/cli/analyze-command.ts'
import { exportRows } from '../../src-main/report/export-rows.ts'
import { readReportContent, type ReportContent } from '../../src-main/report/report-content.ts'
import { readServerSheet } from '../../src-main/report/write-sheets.ts'
import { queryFleet } from '../../src-main/queries/fleet/fleet-query.ts'
import { queryHeatmap } from '../../src-main/queries/heatmap/heatmap-query.ts'
import { queryServer } from '../../src-main/queries/servers/server-query.ts'
import { withRunFolder } from '../../src-main/queries/run/open-run-folder.ts'
import { reconcileRun } from '../../src-main/queries/reconcile/reconcile-run.ts'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'

interface LocalRun {
  readonly overview: RunOverview
  readonly fleet: FleetFigures
  readonly heatmap: HeatmapView
  readonly report: ReportContent
  readonly csv: string
  readonly sheet: readonly unknown[]
  readonly reason: string
  readonly marks: readonly { readonly label: string; readonly fromMs: number; readonly toMs: number }[]
  readonly folder: string
  readonly terminal: string
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const instants = (first: string, count: number, stepMs: number): number[] =>
  Array.from({ length: count }, (_, step) => Date.parse(first) + step * stepMs)
const measured = (values: readonly number[]) => values.map((actual) => ({ actual, predicted: actual }))
const forecast = (values: readonly number[]) => values.map((predicted) => ({ actual: null, predicted }))

let workspace: ForecastWorkspace
const runs = new Map<string, LocalRun>()

const analyse = async (
  name: string,
  zone: string,
  times: readonly number[],
  values: readonly { readonly actual: number | null; readonly predicted: number }[],
): Promise<void> => {
  const rows = times.map((ms, index) => ({ server_id: 'db', timestamp: new Date(ms).toISOString().slice(0, 19), ...values[index]! }))
  const config = { time_zone: zone, breach_probability: false, holiday_country: 'US' }
  const { folder, manifest } = await workspace.analyse(await workspace.writeForecasts(`${name}.parquet`, rows), { config })
  const request = { folder, metric: 'cpu_p95', filter: noFilter }
  runs.set(
    name,
    await withRunFolder(folder, async (run) => {
      const path = join(workspace.folder, `${name}.csv`)
      await exportRows(run, {
        ...request,
        columns: ['server_id', 'first_breach_at', 'order_by', 'last_measured_at'],
        sort: { column: 'server_id', descending: false },
        format: 'csv',
        path,
        hasByteOrderMark: false,
      })
      const sheet = await readServerSheet(run)
      const server = await queryServer(run, { folder, serverId: 'db' })
      return {
        overview: run.overview,
        fleet: await queryFleet(run, { ...request, groupBy: 'region' }),
        heatmap: await queryHeatmap(run, {
          ...request,
          sort: 'risk',
          reduction: 'max',
          rows: null,
          time: null,
          maxRows: 100,
          maxColumns: 100,
          selected: null,
        }),
        report: await readReportContent(run),
        csv: await readFile(path, 'utf8'),
        sheet: ['first_breach_at', 'last_measured_at'].map((column) => sheet.rows[0]![sheet.columns.indexOf(column)]),
        reason: server.recommendation!.reason,
        marks: server.metrics[0]!.marks,
        folder,
        terminal: describeFindings(manifest, null, folder),
      }
    }),
  )
}

beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  // Local midnights of 20 to 30 October 2026: clocks are put back on the 25th at 01:00 UTC.
  const londonDays = [...instants('2026-10-19T23:00Z', 6, dayMs), ...instants('2026-10-26T00:00Z', 5, dayMs)]
  await analyse('london days', 'Europe/London', londonDays, [...measured([10, 11, 12, 13]), ...forecast([50, 90, 91, 60, 61, 62, 63])])
  // All hours of the local 24th, then the 25 hours of the 25th: the last two exceed the threshold.
  await analyse('london hours', 'Europe/London', instants('2026-10-23T23:00Z', 49, hourMs), [
    ...measured(Array.from({ length: 24 }, (_, hour) => hour)),
    ...forecast(Array.from({ length: 25 }, (_, hour) => (hour >= 23 ? 95 : 40 + hour))),
  ])
  // Hours of the local 29th and 30th of March, the last four above the threshold: from 01:00 UTC of the 31st.
  await analyse('bogota hours', 'America/Bogota', instants('2026-03-29T05:00Z', 48, hourMs), [
    ...measured(Array.from({ length: 24 }, () => 20)),
    ...forecast(Array.from({ length: 24 }, (_, hour) => (hour >= 20 ? 90 : 50))),
  ])
  // The first local days of the months of a year, 15:00 UTC of the day before; above the threshold from October.
  await analyse(
    'tokyo months',
    'Asia/Tokyo',
    Array.from({ length: 12 }, (_, month) => Date.UTC(2026, month, 1) - 9 * hourMs),
    [...measured([20, 21, 22, 23, 24, 25]), ...forecast([50, 51, 52, 90, 91, 92])],
  )
  // Local midnights of 24 June to 2 July, 15:00 UTC of the day before.
  await analyse('tokyo days', 'Asia/Tokyo', instants('2026-06-23T15:00Z', 9, dayMs), [
    ...measured([20, 20, 20, 20]),
    ...forecast([50, 50, 90, 91, 92]),
  ])
})
afterAll(async () => workspace.close())

const cellTexts = ({ heatmap: { data }, overview }: LocalRun): string[] => {
  const formatting = fixedFormattingIn(zoneClock(overview.timeZone))
  return Array.from({ length: data.columns }, (_, column) => {
    const cell = cellAt(data, columnStartMs(data, column), 0)!
    return describeCell(data, cell, formatting).timeText
  })
}

const calendarOf = ({ fleet, overview }: LocalRun): [day: string, servers: number][] =>
  fleet.calendar.map(({ atMs, certain, likely, possible, brief }) => [
    (fleet.calendarStepMs < dayMs ? isoText : dayText)(zoneClock(overview.timeZone), atMs),
    certain + likely + possible + brief,
  ])

describe('daily forecasts across the change of clocks in London', () => {
  const run = (): LocalRun => runs.get('london days')!

  test('the heatmap has each local day once, with its own value', () => {
    expect(cellTexts(run())).toEqual(Array.from({ length: 11 }, (_, day) => `${20 + day} October 2026`))
    expect([...run().heatmap.data.values]).toEqual([10, 11, 12, 13, 50, 90, 91, 60, 61, 62, 63])
    expect(columnPosition(run().heatmap.data, run().heatmap.data.horizonStartMs)).toBe(4)
  })

  test('its title and subtitle end with the last local day', () => {
    const formatting = fixedFormattingIn(zoneClock('Europe/London'))
    expect(heatmapTitle(run().heatmap.data, formatting)).toContain('30 October')
    expect(heatmapSubtitle(run().heatmap.data, formatting)).toContain('20 October 2026 – 30 October 2026 Europe/London')
  })

  test('the calendar counts the breach on the 25th', () => {
    expect(calendarOf(run())).toEqual([24, 25, 26, 27, 28, 29, 30].map((day) => [`2026-10-${day}`, day === 25 ? 1 : 0]))
  })

  test('exports state the local time with its offset of that day; 30 days of lead time end at a local midnight', () => {
    expect(run().csv.split('\n')[1]).toBe('db,2026-10-25T00:00:00+01:00,2026-09-25T00:00:00+01:00,2026-10-23T00:00:00+01:00')
    expect(run().sheet).toEqual(['2026-10-25T00:00:00+01:00', '2026-10-23T00:00:00+01:00'])
  })

  test('report, recommendation and terminal name local days', () => {
    expect(run().report.subtitle).toMatch(/forecast 24 Oct 2026 – 30 Oct 2026 · .* · times Europe\/London$/)
    expect(run().report.finding).toContain('by 30 October 2026')
    expect(run().report.tables[0]!.rows[0]![3]).toBe('25 Oct 2026')
    expect(run().reason).toMatch(/first above on 2026-10-25\..* Order by 2026-09-25/)
    expect(run().terminal).toContain('by 2026-10-30')
  })
})

describe('hourly forecasts across the change of clocks in London', () => {
  const run = (): LocalRun => runs.get('london hours')!

  test('the heatmap has all 49 hours, the repeated one twice', () => {
    const texts = cellTexts(run())
    expect(texts).toHaveLength(49)
    expect(texts.slice(24, 28)).toEqual(['00:00', '01:00', '01:00', '02:00'].map((time) => `25 October 2026, ${time}`))
    expect(texts.at(-1)).toBe('25 October 2026, 23:00')
    expect([...run().heatmap.data.values].slice(0, 27)).toEqual([...Array(24).keys(), 40, 41, 42])
  })

  test('the calendar has the 25 hours of the local day and counts the breach in the 24th', () => {
    const bins = calendarOf(run())
    expect(bins).toHaveLength(25)
    expect(bins.filter(([, servers]) => servers > 0)).toEqual([['2026-10-25T22:00:00Z', 1]])
  })

  test('the first breach is the 24th of the 25 hours, 22:00 local and UTC', () => {
    expect(run().csv.split('\n')[1]).toMatch(/^db,2026-10-25T22:00:00Z,/)
  })
})

describe('hourly forecasts in UTC-5', () => {
  const run = (): LocalRun => runs.get('bogota hours')!

  test('the evening belongs to the local day, the 31st of UTC to none', () => {
    expect(cellTexts(run()).at(44)).toBe('30 March 2026, 20:00')
    expect(calendarOf(run()).filter(([, servers]) => servers > 0)).toEqual([['2026-03-30T20:00:00-05:00', 1]])
    expect(run().csv).toContain('db,2026-03-30T20:00:00-05:00,2026-02-28T20:00:00-05:00,2026-03-29T23:00:00-05:00')
    expect(run().report.tables[0]!.rows[0]![3]).toBe('30 Mar 2026')
  })

  test('the quarter end is marked from local midnight to local midnight', () => {
    const clock = zoneClock('America/Bogota')
    expect(run().marks.map(({ label, fromMs, toMs }) => [label, minuteText(clock, fromMs), minuteText(clock, toMs)])).toEqual([
      ['Quarter end', '2026-03-29 00:00', '2026-03-31 00:00'],
    ])
  })
})

describe('daily forecasts in UTC+9', () => {
  const run = (): LocalRun => runs.get('tokyo days')!

  test('days are those of Tokyo, not the ones before', () => {
    expect(cellTexts(run())).toEqual([...[24, 25, 26, 27, 28, 29, 30].map((day) => `${day} June 2026`), '1 July 2026', '2 July 2026'])
    expect(calendarOf(run()).map(([day]) => day)).toEqual(['2026-06-28', '2026-06-29', '2026-06-30', '2026-07-01', '2026-07-02'])
    expect(run().report.finding).toContain('by 2 July 2026')
    expect(run().terminal).toContain('by 2026-07-02')
    expect(isoText(zoneClock('Asia/Tokyo'), run().overview.soonestBreach!.atMs)).toBe('2026-06-30T00:00:00+09:00')
  })

  test('reconciliation finds the last day of the quarter and its window of seven days', async () => {
    const { chains } = await reconcileRun(run().folder)
    const { original, own, steps } = chains.find(({ key }) => key === 'eoq_rows')!
    expect([original.value, own.value]).toEqual([1, 7])
    expect(steps.at(-1)).toMatchObject({ moved: { entered: 6, left: 0 } })
    expect(steps.at(-1)!.examples[0]!.subject).toBe('2026-06-24')
  })
})

describe('monthly forecasts in Tokyo', () => {
  const run = (): LocalRun => runs.get('tokyo months')!

  test('the calendar has the months of the horizon and counts the breach in October', () => {
    expect(run().overview.granularity).toBe('monthly')
    expect(calendarOf(run())).toEqual(['07', '08', '09', '10', '11', '12'].map((month) => [`2026-${month}-01`, month === '10' ? 1 : 0]))
  })

  test('headings and cells name months, not the days that periods of equal length would begin on', () => {
    const formatting = fixedFormattingIn(zoneClock('Asia/Tokyo'))
    const { data } = run().heatmap
    expect(heatmapTitle(data, formatting)).toMatch(/ by December 2026$/)
    expect(heatmapSubtitle(data, formatting)).toContain('January 2026 – December 2026 Asia/Tokyo')
    // Columns are drawn equally wide: each is looked up in its middle.
    const cells = Array.from({ length: data.columns }, (_, column) => cellAt(data, data.startMs + (column + 0.5) * data.stepMs, 0)!)
    expect(cells.map((cell) => describeCell(data, cell, formatting).timeText)).toEqual(monthNames.map((month) => `${month} 2026`))
    expect(cells.map(({ value, isForecast }) => [value, isForecast])).toEqual(
      [20, 21, 22, 23, 24, 25, 50, 51, 52, 90, 91, 92].map((value, month) => [value, month >= 6]),
    )
    expect(run().report.finding).toMatch(/ by December 2026\.?$/)
    expect(run().report.subtitle).toContain('forecast Jul 2026 – Dec 2026')
  })
})
