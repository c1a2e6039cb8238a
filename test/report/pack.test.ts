// The pack of three runs of three servers, worked by hand: lights, orders, what changed, what came, and an annex that leads to its pages.
import { cp, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { saveDecisions } from '../../src-main/notes/decisions.ts'
import { readHistory } from '../../src-main/queries/history/read-history.ts'
import { withRunFolder } from '../../src-main/queries/run/open-run-folder.ts'
import { createFollowUpTables } from '../../src-main/report/pack/follow-up-page.ts'
import { packPages, readPackContent, type PackContent, type PackPageName } from '../../src-main/report/pack/pack-content.ts'
import { writePack } from '../../src-main/report/pack/write-pack.ts'
import { fixedFormattingIn } from '../../src-shared/chart-options/format.ts'
import { emptyFollowUp } from '../../src-shared/ipc/run-history.ts'
import { zoneClock } from '../../src-shared/run/zone-clock.ts'
import { readSlides } from '../fixtures/read-slides.ts'
import { headroom } from '../fixtures/run-headroom.ts'
import { seriesRows, times } from '../fixtures/forecast-rows.ts'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'

/** Run n measures 10 + 4 n days from 1 January and forecasts four more. The threshold is 80. */
const levels: Readonly<Record<string, readonly number[]>> = {
  grows: [70, 90, 90],
  returns: [90, 70, 70],
  '<b>calm</b>': [40, 40, 40],
}
/** On the days of the first and second run's horizons. */
const came: Readonly<Record<string, readonly number[]>> = { grows: [95, 95], returns: [70, 70], '<b>calm</b>': [40, 40] }
const serversTable = 'server_id,business_unit,lead_time_days\ngrows,Retail,30\nreturns,Payments,30\n<b>calm</b>,Payments,30\n'

let workspace: ForecastWorkspace
let folder: string
let latest: string
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  folder = join(workspace.folder, 'runs')
  await mkdir(folder)
  const table = await workspace.writeText('fleet.csv', serversTable)
  for (const run of [0, 1, 2]) {
    const rows = Object.entries(levels).flatMap(([server, level]) => {
      const past = Array.from({ length: 10 + 4 * run }, (_, day) =>
        day < 10 ? level[0]! : (came[server]![Math.floor((day - 10) / 4)] ?? level[run]!),
      )
      return seriesRows({ server, actual: past, horizon: times(4, level[run]!) })
    })
    const path = await workspace.writeForecasts(`${run}.parquet`, rows)
    const finished = await workspace.analyse(path, { serversTable: table, config: { basis: 'expected', breach_probability: false } })
    latest = join(folder, `run-${run}`)
    await cp(finished.folder, latest, { recursive: true })
  }
})
afterAll(() => workspace.close())

const contentNow = async (): Promise<PackContent> => {
  const history = await readHistory(folder)
  return withRunFolder(latest, (run) => readPackContent(run, history, { author: 'A. Planner', approver: '' }))
}
const rowsOf = ({ pages }: PackContent, name: PackPageName, title: string): readonly (readonly string[])[] | undefined =>
  pages.find((page) => page.name === name)!.tables.find((table) => table.title === title)?.rows

describe('the pack', () => {
  test('shows a light for each business unit: red where an order is overdue', async () => {
    // The forecast begins above the threshold on 19 January; 30 days before that have passed.
    expect(rowsOf(await contentNow(), 'summary', 'Business units')).toEqual([
      ['Retail', '▲ Red', '1', '1', '0', '1', 'overdue since 20 Dec 2025'],
      ['Payments', '● Green', '2', '0', '0', '0', '–'],
    ])
  })

  test('lists orders with their date', async () => {
    expect(rowsOf(await contentNow(), 'orders', 'Orders')?.map((row) => [row[0], row[1], row[2], row[4], row[5], row[6], row[8]])).toEqual([
      // 19 January less 30 days.
      ['20 Dec 2025', 'Overdue', 'grows', '19 Jan 2026', '30 days', '19 Jan 2026', 'open'],
    ])
    expect(rowsOf(await contentNow(), 'likeliest', 'Likeliest')).toEqual([
      ['grows', 'Retail', 'cpu_p95', '–', '2', '19 Jan 2026', 'add capacity'],
    ])
  })

  test('says what changed and what came of the last statement', async () => {
    const { pages } = await contentNow()
    const sentences = (name: PackPageName): readonly string[] => pages.find((page) => page.name === name)!.paragraphs
    // Without probabilities nothing is said of how sure the number is.
    expect(rowsOf(await contentNow(), 'summary', '')).toEqual([
      ['Which orders are overdue', '1 order is overdue as of 19 Jan 2026: grows (by 20 Dec 2025).'],
      [
        'What came of the last statement',
        'Of the risks in the run from 15 Jan 2026, 1 came by 18 Jan 2026. It had stated 1 of them, and 0 more that did not come.',
      ],
      ['What changed', 'Since the run from 15 Jan 2026: 0 servers newly at risk, 0 no longer. 0 servers at risk for 3 runs or more.'],
      ['What was decided, but is late', 'Nothing that was accepted is past its date.'],
    ])
    expect(rowsOf(await contentNow(), 'summary', 'Order first')).toEqual([
      ['Overdue since 20 Dec 2025', 'grows', expect.any(String), '19 Jan 2026', 'open'],
    ])
    expect(sentences('outcomes')).toEqual([
      'Of the risks in the run from 15 January 2026, 1 came by 18 January 2026. It had stated 1 of them, and 0 more that did not come.',
    ])
    expect(rowsOf(await contentNow(), 'outcomes', 'Statements and what came')?.map((row) => row.slice(0, 7))).toEqual([
      ['11 Jan 2026', '14 Jan 2026', '3', '–', '1', '1', '0'],
      ['15 Jan 2026', '18 Jan 2026', '3', '–', '1', '1', '1'],
    ])
    expect(rowsOf(await contentNow(), 'outcomes', 'Runs')?.map((row) => [row[0], row[2], row[4], row[5]])).toEqual([
      ['11 Jan 2026', '1', '–', '–'],
      ['15 Jan 2026', '1', '1', '1'],
      ['19 Jan 2026', '1', '0', '0'],
    ])
  })

  test('leads from every point of the annex to pages that are there', async () => {
    const { annex } = await contentNow()
    expect(annex.points.map(({ point }) => point)).toEqual(['1 (a)', '1 (b)', '1 (c)', '2', 'Records'])
    expect([...new Set(annex.points.flatMap(({ pages }) => pages))].sort()).toEqual([...packPages].sort())
  })

  test('states checksums of inputs and files, and all settings', async () => {
    const content = await contentNow()
    const sums = [...rowsOf(content, 'sign-off', 'Inputs')!, ...rowsOf(content, 'sign-off', 'Files of the run')!].map((row) => row.at(-1))
    expect(sums).toHaveLength(13)
    expect(sums.every((sum) => /^[0-9a-f]{64}$/.test(sum!))).toBe(true)
    expect(rowsOf(content, 'sign-off', 'Settings')).toContainEqual(['basis', 'expected'])
  })

  test('is one page of HTML without script or foreign address, whose links lead inside, and a PDF; the same bytes again', async () => {
    const paths = (name: string): string[] => ['html', 'pdf'].map((ending) => join(workspace.folder, `${name}.${ending}`))
    for (const name of ['one', 'two']) await writePack(folder, paths(name), { author: 'A', approver: 'B' })
    const [one, two] = await Promise.all(['one', 'two'].map((name) => Promise.all(paths(name).map((path) => readFile(path)))))
    expect(one!.map((bytes, index) => bytes.equals(two![index]!))).toEqual([true, true])
    const html = one![0]!.toString('utf8')
    expect(html).not.toMatch(/<script|<b>calm|https?:/)
    const targets = [...html.matchAll(/href="#([^"]+)"/g)].map(([, target]) => target!)
    expect(targets.length).toBeGreaterThan(packPages.length)
    for (const target of targets) expect(html).toContain(`<section id="${target}"`)
    expect(html).toContain('<td class="light red">▲ Red</td>')
    expect(one![1]!.subarray(0, 5).toString()).toBe('%PDF-')
  })

  test('is a presentation with the same pages and rows, its slides numbered; the same bytes again', async () => {
    const paths = ['one', 'two'].map((name) => join(workspace.folder, `${name}.pptx`))
    await writePack(folder, [paths[0]!], { author: 'A', approver: 'B' })
    // ZIP files state times in steps of two seconds.
    await pause(2100)
    await writePack(folder, [paths[1]!], { author: 'A', approver: 'B' })
    const [one, two] = await Promise.all(paths.map((path) => readFile(path)))
    expect(one!.equals(two!)).toBe(true)
    const content = await contentNow()
    const slides = readSlides(one!)
    const titles = content.pages.map(({ title }) => title)
    expect(slides[0]!.texts.slice(0, 3)).toEqual([content.title, content.subtitle, content.finding])
    expect([...new Set(slides.slice(1).map(({ texts }) => texts[0]!.replace(' (continued)', '')))]).toEqual([
      ...titles,
      content.annex.title,
    ])
    expect(slides.map(({ texts }) => texts.at(-1))).toEqual(slides.map((_, index) => `${index + 1} of ${slides.length}`))
    for (const { texts, ids } of slides) {
      expect(texts.at(-2)).toMatch(/^Capacity report|^\S/)
      expect(new Set(ids).size).toBe(ids.length)
    }
    // Every row of every table, in order; a table that goes on repeats its heading.
    for (const { title, tables } of content.pages) {
      const rows = slides.filter(({ texts }) => texts[0]!.replace(' (continued)', '') === title).flatMap((slide) => slide.rows)
      const headings = new Set(tables.map(({ columns }) => columns.map((column) => column.title).join('|')))
      expect(rows.filter((row) => !headings.has(row.join('|')))).toEqual(tables.flatMap((table) => table.rows))
    }
    const annex = slides.find(({ texts }) => texts[0] === content.annex.title)!.rows
    const slideOf = (name: PackPageName): number =>
      1 + slides.findIndex(({ texts }) => texts[0] === content.pages.find((page) => page.name === name)!.title)
    expect(annex.slice(1).map(([point, , numbers]) => [point, numbers])).toEqual(
      content.annex.points.map(({ point, pages }) => [point, pages.map(slideOf).join(', ')]),
    )
  })

  test('shows the day that a decision is due by, in every zone', () => {
    const decision = { server_id: 'web', recommendation: 'retire', decided_by: 'ada', decided_at: '2026-06-01T02:00:00Z' }
    const [overdue, breached] = [[{ ...decision, due: '2026-12-01' }], [{ ...decision, reason: '' }]]
    const { shortDayAndYear } = fixedFormattingIn(zoneClock('America/New_York'))
    const tables = createFollowUpTables({ ...emptyFollowUp, overdue, breached }, (iso) => shortDayAndYear(Date.parse(iso)))
    expect(tables.map(({ rows }) => rows[0]?.[0])).toEqual(['1 Dec 2026', undefined, undefined, '31 May 2026', undefined])
  })

  test('leaves a dismissed order out, and the light is amber', async () => {
    await saveDecisions(
      latest,
      [{ server_id: 'grows', recommendation: 'add capacity', verdict: 'dismissed', reason: 'leaves in March' }],
      new Date('2026-01-20'),
    )
    const content = await contentNow()
    expect(rowsOf(content, 'orders', 'Orders')).toBeUndefined()
    expect(rowsOf(content, 'summary', 'Business units')![0]).toEqual(['Retail', '■ Amber', '1', '1', '0', '0', '–'])
  })
})

describe('headroom export --format pack', () => {
  test('writes both files, or the one that is named, and never over another', async () => {
    const base = join(workspace.folder, 'march')
    expect(await headroom(['export', folder, '--format', 'pack', '--out', base, '--json'])).toMatchObject({
      code: 0,
      stdout: `${JSON.stringify({ format: 'pack', paths: [`${base}.html`, `${base}.pdf`], schema_version: 1 }, null, 2)}\n`,
    })
    expect(await headroom(['export', folder, '--format', 'pack', '--out', base])).toMatchObject({
      code: 2,
      stderr: `Error: ${base}.html exists already.\nName a new file, or replace this one with --force.\n`,
    })
    expect((await headroom(['export', folder, '--format', 'pack', '--out', `${base}.PDF`])).code).toBe(0)
    expect((await readFile(`${base}.PDF`)).subarray(0, 5).toString()).toBe('%PDF-')
  })

  test('needs a folder of runs', async () => {
    expect(await headroom(['export', latest, '--format', 'pack', '--out', join(workspace.folder, 'never')])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^Error: .* holds no run folder\.\nName a folder whose folders are runs/),
    })
    expect(await headroom(['export', latest, '--format', 'html', '--approver', 'B'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--approver belongs to --format pack.'),
    })
  })
})
