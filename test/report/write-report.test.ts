// A run as a report: one page without any address, a PDF with its pages, a workbook, CSV; the same run, the same bytes.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { saveDecisions } from '../../src-main/notes/decisions.ts'
import { readWorkbook } from '../../src-main/forecasts/workbook/read-workbook.ts'
import type { OpenRun } from '../../src-main/queries/run/open-run.ts'
import { exportRows } from '../../src-main/report/export-rows.ts'
import { writeSheets } from '../../src-main/report/write-sheets.ts'
import { noFilter } from '../../src-shared/ipc/fleet-filter.ts'
import { openRunFolder } from '../../src-main/queries/run/open-run-folder.ts'
import { writeReport } from '../../src-main/report/write-report.ts'
import type { ReportFormat } from '../../src-shared/ipc/export-rows.ts'
import { headroom } from '../fixtures/run-headroom.ts'
import { makeSampleRun, type SampleRun } from '../fixtures/sample-run.ts'
import { fabricatePythonRun, fabricateRun } from '../fixtures/fabricated-runs.ts'

let folder: string
let sample: SampleRun
const open: OpenRun[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-report-'))
  sample = await makeSampleRun(12)
})
afterAll(async () => {
  for (const run of open) await run.close()
  await sample.remove()
  await rm(folder, { recursive: true, force: true })
})

const opened = async (path: string): Promise<OpenRun> => {
  const run = await openRunFolder(path)
  open.push(run)
  return run
}

const written = async (run: OpenRun, format: ReportFormat, name = `report.${format}`): Promise<Buffer> => {
  const path = join(folder, name)
  await writeReport(run, format, { path, hasByteOrderMark: false }, 'Ada Lovelace')
  return readFile(path)
}

/** The files of a ZIP by name, read from its central directory (APPNOTE 4.3.12). */
const unzip = (bytes: Buffer): Map<string, string> => {
  const files = new Map<string, string>()
  let at = bytes.readUInt32LE(bytes.lastIndexOf('PK\u0005\u0006') + 16)
  while (bytes.readUInt32LE(at) === 0x02014b50) {
    const [method, size, nameLength, extra, comment, local] = [
      bytes.readUInt16LE(at + 10),
      bytes.readUInt32LE(at + 20),
      bytes.readUInt16LE(at + 28),
      bytes.readUInt16LE(at + 30),
      bytes.readUInt16LE(at + 32),
      bytes.readUInt32LE(at + 42),
    ]
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
    const data = bytes.subarray(start, start + size)
    files.set(bytes.toString('utf8', at + 46, at + 46 + nameLength), (method === 0 ? data : inflateRawSync(data)).toString())
    at += 46 + nameLength + extra + comment
  }
  return files
}

describe('one web page', () => {
  it('states the finding, figures and both pictures, and holds everything itself', async () => {
    const page = (await written(await opened(sample.run), 'html')).toString()
    expect(page).toMatch(/<p class="finding">(\d+|None) of 12 servers/)
    expect(page.match(/<img alt="[^"]+" src="data:image\/png;base64,/g)).toHaveLength(2)
    expect(page).not.toMatch(/<script|https?:|src="(?!data:)|href=/)
    expect(page).toContain(`default-src 'none'`)
    expect(page).toMatch(/<h2>Models<\/h2>[^]*prophet/)
    const headings = [...page.matchAll(/<h2>([^<]+)<\/h2>/g)].map(([, title]) => title)
    expect(headings.slice(0, 6)).toEqual([
      'Do next',
      'What to do',
      'When first breaches fall',
      'Where they are expected',
      'How far to trust it',
      'Figures',
    ])
    for (const [table] of page.matchAll(/<table>[^]*?<\/table>/g)) {
      const [columns, ...cells] = table
        .split('<tr>')
        .slice(1)
        .map((row) => row.match(/<t[hd]/g)?.length)
      expect(new Set(cells)).toEqual(new Set([columns]))
    }
    // Printed pages have the stamp in their margin, as characters of a style.
    const foot = /@bottom-left \{ content: "([^"]+)"/.exec(page)?.[1] ?? ''
    expect(foot.replace(/\\([0-9a-f]+) /g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))).toMatch(
      / · by Ada Lovelace · run /,
    )
    const { run_id: runId } = JSON.parse(await readFile(join(sample.run, 'manifest.json'), 'utf8')) as { run_id: string }
    expect(page).toMatch(new RegExp(`<footer class="muted stamp">[^<]+ · [^<]+ 20\\d\\d · by Ada Lovelace · run ${runId}</footer>`))
  })

  it('writes names from the data as text', async () => {
    const path = join(folder, 'hostile')
    await fabricateRun(path)
    await saveDecisions(
      path,
      [{ server_id: 'alpha', recommendation: 'consolidate', verdict: 'dismissed', reason: '<b>no</b>' }],
      new Date(0),
    )
    const run = await opened(path)
    await run.database.run(
      `UPDATE server_risk SET recommendation = 'consolidate', target_host = '<img src=x onerror=alert(1)> & "more"' WHERE server_id = 'alpha'`,
    )
    const page = (await written(run, 'html')).toString()
    expect(page).toContain('&#60;img src=x onerror=alert(1)&#62; &#38; &#34;more&#34;')
    expect(page).toContain('dismissed: &#60;b&#62;no&#60;/b&#62;')
    expect(page).toMatch(/1 of 3 servers is likely to run out by/)
  })

  it('is made of a Module 05 folder too, with what is missing as notes', async () => {
    const path = join(folder, 'python')
    await fabricatePythonRun(path, { clusters: false })
    const page = (await written(await opened(path), 'html')).toString()
    expect(page).toContain('Run of Module 05')
    expect(page).toMatch(/server_clusters\.csv is missing/)
  })
})

describe('a PDF', () => {
  it('begins as one, ends as one and has more than one page', async () => {
    const bytes = await written(await opened(sample.run), 'pdf')
    expect(bytes.subarray(0, 5).toString()).toBe('%PDF-')
    expect(bytes.toString('latin1').trimEnd()).toMatch(/%%EOF$/)
    expect(Number(/\/Count (\d+)/.exec(bytes.toString('latin1'))?.[1])).toBeGreaterThan(1)
  })

  it('has the same bytes twice', async () => {
    const run = await opened(sample.run)
    const bytes = await written(run, 'pdf', 'one.pdf')
    expect(bytes.equals(await written(run, 'pdf', 'two.pdf'))).toBe(true)
    // A mask would be made in the background, in any order.
    expect(bytes.toString('latin1').match(/\/Subtype \/Image/g)).toHaveLength(2)
    expect(bytes.toString('latin1')).not.toContain('/SMask')
  })
})

describe('a workbook', () => {
  it('has sheets for summary and servers, and no formula anywhere', async () => {
    const files = unzip(await written(await opened(sample.run), 'xlsx'))
    expect(files.get('xl/workbook.xml')).toMatch(/name="Summary"[^]*name="Do next"[^]*name="When first breaches fall"[^]*name="Servers"/)
    const all = [...files].filter(([name]) => name.startsWith('xl/worksheets/')).map(([, text]) => text)
    expect(all.length).toBeGreaterThan(2)
    expect(all.join('')).not.toMatch(/<f[ >]/)
    expect(all.some((sheet) => sheet.split('<row').length === 14)).toBe(true)
    // The foot of each printed page: title, date, author, run ID and page.
    const foot =
      /<headerFooter><oddFooter>&#38;L[^<]+ · \d+ \w+ \d{4} · by Ada Lovelace · run [0-9a-f-]{36}&#38;R&#38;P of &#38;N<\/oddFooter><\/headerFooter><\/worksheet>$/
    for (const sheet of all.filter((text) => text.includes('<worksheet'))) expect(sheet).toMatch(foot)
  })
})

describe('a sheet', () => {
  it('holds text as it is, without an apostrophe, with marks of direction shown', async () => {
    const path = join(folder, 'texts.xlsx')
    await writeSheets(path, [{ name: 'Texts', columns: ['=name'], rows: [['=1+1'], ['-2;=3'], ['a\u202Eb'], [-4]] }], 'A&B')
    const files = unzip(await readFile(path))
    const texts = [...(files.get('xl/sharedStrings.xml') ?? '').matchAll(/<t[^>]*>([^<]*)<\/t>/g)].map(([, text]) => text)
    expect(files.get('xl/worksheets/sheet1.xml')).toContain('<oddFooter>&#38;LA&#38;&#38;B&#38;R')
    expect(texts).toEqual(['=name', '=1+1', '-2;=3', 'a&lt;U+202E&gt;b'])
    expect(files.get('xl/worksheets/sheet1.xml')).not.toMatch(/<f[ >]/)
  })

  it('holds names that are JavaScript’s own as they are', async () => {
    const path = join(folder, 'members.xlsx')
    const names = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'web-1']
    const sheets = [
      { name: 'Plain', columns: ['name', 'value'], rows: [['web-1', 1]] },
      { name: 'Texts', columns: ['name', 'valueOf'], rows: names.map((name, index) => [name, index]) },
    ]
    await writeSheets(path, sheets, 'stamp')
    const files = unzip(await readFile(path))
    const shared = [...(files.get('xl/sharedStrings.xml') ?? '').matchAll(/<t[^>]*>([^<]*)<\/t>/g)].map(([, text]) => text!)
    const cells = [
      ...(files.get('xl/worksheets/sheet2.xml') ?? '').matchAll(/<c ([^>]*)>(?:<v>([^<]*)<\/v>|<is><t>([^<]*)<\/t><\/is>)<\/c>/g),
    ]
    const read = cells.map(([, attributes, value, text]) => text ?? (attributes!.includes('t="s"') ? shared[Number(value)] : Number(value)))
    expect(read).toEqual(['name', 'valueOf', ...names.flatMap((name, index) => [name, index])])
    expect(cells.filter(([, attributes, , text]) => text !== undefined && !attributes!.includes('t="inlineStr"'))).toEqual([])
  })

  it('makes no name another one: what XML cannot hold is shown, and an escape of spreadsheets stays text', async () => {
    const path = join(folder, 'names.xlsx')
    const names = new Map([
      ['ab', 'ab'],
      ['a\u0000b', 'a<U+0000>b'],
      ['a\u001Bb', 'a<U+001B>b'],
      ['a\u007Fb', 'a<U+007F>b'],
      ['a\uFFFDb', 'a<U+FFFD>b'],
      ['a\uFFFEb', 'a<U+FFFE>b'],
      ['a\uD800b', 'a<U+D800>b'],
      ['a\u{10FFFF}b', 'a<U+10FFFF>b'],
      ['a\rb', 'a\rb'],
      ['a\nb', 'a\nb'],
      ['a_x0041_b', 'a_x0041_b'],
      ['a_x000D_b', 'a_x000D_b'],
      [' ab', ' ab'],
      ['ab ', 'ab '],
    ])
    await writeSheets(path, [{ name: 'Names', columns: ['name'], rows: [...names.keys()].map((name) => [name]) }], 'by\u0000')
    const [sheet] = readWorkbook(await readFile(path))
    expect(sheet!.rows.slice(1).map(({ cells }) => cells[0]!.text)).toEqual([...names.values()])
    expect(unzip(await readFile(path)).get('xl/worksheets/sheet1.xml')).toContain('&#38;Lby&#60;U+0000&#62;&#38;R')
  })

  it('refuses a text that no cell of Excel holds', async () => {
    const path = join(folder, 'long.xlsx')
    await expect(writeSheets(path, [{ name: 'Texts', columns: ['name'], rows: [['x'.repeat(32_768)]] }])).rejects.toMatchObject({
      code: 'usage',
      message: 'A text of 32,768 characters exceeds the 32,767 of an Excel cell; export CSV instead.',
    })
    expect(await readdir(folder)).not.toContain('long.xlsx')
  })

  it('of more rows than Excel takes is refused before anything is written', async () => {
    const source = join(folder, 'large')
    await fabricateRun(source)
    const run = await opened(source)
    await run.database.run(`CREATE OR REPLACE TABLE server_risk AS
      SELECT r.* REPLACE ('srv-' || n AS server_id) FROM (FROM server_risk WHERE server_id = 'alpha' LIMIT 1) r, range(1048576) t(n)`)
    const before = await readdir(folder)
    const request = { folder: source, metric: 'cpu_p95', filter: noFilter, sort: { column: 'server_id', descending: false } } as const
    await expect(
      exportRows(run, { ...request, columns: ['server_id'], format: 'xlsx', path: join(folder, 'large.xlsx'), hasByteOrderMark: false }),
    ).rejects.toMatchObject({
      code: 'usage',
      message: '1,048,576 rows and a header exceed the 1,048,576 rows of an Excel sheet; export CSV instead.',
    })
    await expect(written(run, 'xlsx', 'large-report.xlsx')).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/export CSV/),
    })
    expect(await readdir(folder)).toEqual(before)
  })
})

describe('CSV', () => {
  it('has a line per server and one of names', async () => {
    const lines = (await written(await opened(sample.run), 'csv')).toString().trim().split('\n')
    expect(lines).toHaveLength(13)
    expect(lines[0]).toMatch(/^server_id,risk_level,horizon_p95,/)
  })
})

describe('headroom export', () => {
  it('begins CSV with a byte order mark by --bom alone, and refuses it for other formats', async () => {
    const out = join(folder, 'plain.csv')
    await headroom(['export', sample.run, '--format', 'csv', '--out', out])
    const marked = join(folder, 'marked.csv')
    await headroom(['export', sample.run, '--format', 'csv', '--bom', '--out', marked])
    expect(await readFile(marked, 'utf8')).toBe(`\uFEFF${await readFile(out, 'utf8')}`)
    const refused = await headroom(['export', sample.run, '--format', 'pdf', '--bom', '--out', join(folder, 'never.pdf')])
    expect([refused.code, refused.stderr]).toEqual([2, 'Error: --bom applies to CSV only.\n'])
  })

  it('neutralises formulas in headroom query --csv, with a byte order mark by --bom', async () => {
    const sql = "SELECT '=1+1' AS a, 'x;-1' AS b, -1 AS c"
    expect((await headroom(['query', sample.run, sql, '--csv'])).stdout).toBe("a,b,c\n'=1+1,x;'-1,-1\n")
    expect((await headroom(['query', sample.run, sql, '--csv', '--bom'])).stdout).toBe("\uFEFFa,b,c\n'=1+1,x;'-1,-1\n")
    expect((await headroom(['query', sample.run, sql, '--bom'])).code).toBe(2)
  })

  it('names the file it wrote, and refuses what is no run with exit code 3 and nothing behind', async () => {
    const out = join(folder, 'named.html')
    const finished = await headroom(['export', sample.run, '--format', 'html', '--out', out])
    expect({ code: finished.code, stderr: finished.stderr }).toEqual({ code: 0, stderr: `Report: ${out}\n` })
    expect((await readFile(out, 'utf8')).startsWith('<!doctype html>')).toBe(true)
    const before = await readdir(folder)
    const rejected = await headroom(['export', folder, '--format', 'pdf', '--out', join(folder, 'never.pdf')])
    expect(rejected.code).toBe(3)
    const unknown = await headroom(['export', sample.run, '--format', 'docx'])
    expect(unknown.code).toBe(2)
    expect(await readdir(folder)).toEqual(before)
  })
})
