// Servers and events tables in workbooks: which sheet and row count, and cells that cannot be relied on.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { strToU8, unzipSync, zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readEventsTable } from '../../src-main/forecasts/events-table.ts'
import { loadServersTable } from '../../src-main/forecasts/servers-table.ts'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const relations = (entries: readonly (readonly [id: string, type: string, target: string])[]): string =>
  `<Relationships>${entries.map(([id, type, target]) => `<Relationship Id="${id}" Type="${office}/${type}" Target="${target}"/>`).join('')}</Relationships>`

/** Formats of cells by number: 0 general, 1 a day, 2 five digits. */
const styles = `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="00000"/></numFmts>
  <cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/></cellXfs></styleSheet>`

interface TestSheet {
  readonly name: string
  readonly state?: 'hidden'
  /** Cells as XML: the attributes after the address, and what is within. */
  readonly cells: Readonly<Record<string, string | number | readonly [attributes: string, content: string]>>
  readonly merged?: readonly string[]
}

const sheetXml = ({ cells, merged = [] }: TestSheet): string => {
  const byLine = new Map<number, string>()
  for (const [address, content] of Object.entries(cells)) {
    const line = Number(address.replace(/\D/g, ''))
    const [attributes, inner] =
      typeof content === 'string'
        ? ['t="inlineStr"', `<is><t>${content}</t></is>`]
        : typeof content === 'number'
          ? ['', `<v>${content}</v>`]
          : content
    byLine.set(line, `${byLine.get(line) ?? ''}<x:c r="${address}" ${attributes}>${inner.replaceAll(/<(\/?)(?=\w)/g, '<$1x:')}</x:c>`)
  }
  const rows = [...byLine].map(([line, row]) => `<x:row r="${line}">${row}</x:row>`)
  const merges = merged.map((reference) => `<x:mergeCell ref="${reference}"/>`)
  return `<x:worksheet xmlns:x="urn:x"><x:sheetData>${rows.join('')}</x:sheetData><x:mergeCells>${merges.join('')}</x:mergeCells></x:worksheet>`
}

const writeWorkbook = async (...sheets: readonly TestSheet[]): Promise<string> => {
  const path = join(workspace.folder, 'fleet.xlsx')
  const book = sheets.map(
    ({ name, state }, index) =>
      `<sheet name="${name}" sheetId="${index + 7}" r:id="s${index}" ${state === undefined ? '' : `state="${state}"`}/>`,
  )
  const parts = {
    '_rels/.rels': relations([['b', 'officeDocument', '/xl/workbook.xml']]),
    'xl/workbook.xml': `<workbook xmlns:r="${office}"><sheets>${book.join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': relations([
      ...sheets.map((_, index) => [`s${index}`, 'worksheet', `worksheets/sheet${index}.xml`] as const),
      ['t', 'styles', 'styles.xml'],
      ['u', 'sharedStrings', 'sharedStrings.xml'],
    ]),
    'xl/styles.xml': styles,
    'xl/sharedStrings.xml': '<sst><si><t>web</t></si><si><r><t>eu</t></r><r><t>-1 &amp; 2</t></r><rPh><t>x</t></rPh></si></sst>',
    ...Object.fromEntries(sheets.map((sheet, index) => [`xl/worksheets/sheet${index}.xml`, sheetXml(sheet)])),
  }
  await writeFile(path, zipSync(Object.fromEntries(Object.entries(parts).map(([name, text]) => [name, strToU8(text)]))))
  return path
}

const attributesOf = async (path: string): Promise<unknown> => {
  await loadServersTable(workspace.database, path, 'auto')
  return workspace.query('SELECT server_id, region, monthly_cost_usd AS cost FROM server_attributes ORDER BY server_id')
}

const sheet = (cells: TestSheet['cells'], more: Partial<TestSheet> = {}): TestSheet => ({ name: 'Fleet', cells, ...more })

describe('a servers table in a workbook', () => {
  test('has texts of both kinds, numbers with one reading, and ids as they are shown', async () => {
    const path = await writeWorkbook(
      sheet({
        A1: 'Server ID',
        B1: 'Region',
        C1: 'Monthly Cost (USD)',
        A2: ['t="s"', '<v>0</v>'],
        B2: ['t="s"', '<v>1</v>'],
        C2: 1.234,
        A3: ['s="2"', '<v>42</v>'],
        B3: ['t="str"', '<f>X</f><v>us</v>'],
        C3: '1.234,50',
      }),
    )
    expect(await attributesOf(path)).toEqual([
      { server_id: '00042', region: 'us', cost: 1234.5 },
      { server_id: 'web', region: 'eu-1 & 2', cost: 1.234 },
    ])
  })

  test('begins below a title, has names over two lines, and cells merged over servers', async () => {
    const path = await writeWorkbook(
      sheet(
        {
          A1: 'Fleet 2026',
          A3: 'server_id',
          B3: 'Where and how much',
          B4: 'region',
          C4: 'monthly_cost_usd',
          A5: 'a',
          B5: 'eu',
          C5: 1,
          A6: 'b',
          C6: 2,
        },
        { merged: ['A1:C1', 'A3:A4', 'B3:C3', 'B5:B6'] },
      ),
    )
    expect(await attributesOf(path)).toEqual([
      { server_id: 'a', region: 'eu', cost: 1 },
      { server_id: 'b', region: 'eu', cost: 2 },
    ])
  })

  const fleetOf = (name: string, more?: Partial<TestSheet>): TestSheet =>
    sheet({ A1: 'server_id', B1: 'region', A2: 'a', B2: name }, { name, ...more })

  test('is the visible sheet that names servers', async () => {
    const path = await writeWorkbook(sheet({ A1: 'read me' }, { name: 'Notes' }), fleetOf('old', { state: 'hidden' }), fleetOf('new'))
    expect(await attributesOf(path)).toEqual([{ server_id: 'a', region: 'new', cost: null }])
    expect(await attributesOf(`${path}#old`)).toEqual([{ server_id: 'a', region: 'old', cost: null }])
  })

  test.each([
    ['', 'The servers table fleet.xlsx has several sheets with a column server_id: old, new.', 'Name one with --servers FILE.xlsx#SHEET.'],
    ['#newest', 'The servers table fleet.xlsx has no filled sheet newest; it has old, new.', 'Name one with --servers FILE.xlsx#SHEET.'],
  ])('asks which of two sheets is meant: %s', async (suffix, message, next) => {
    const path = await writeWorkbook(fleetOf('old'), fleetOf('new'))
    await expect(attributesOf(`${path}${suffix}`)).rejects.toMatchObject({ code: 'servers-invalid', message, next })
  })

  const dayCell = ['s="1"', '<v>46024</v>'] as const
  test.each<[TestSheet['cells'], string]>([
    [{ A2: dayCell }, 'Line 2, column server_id of the servers table fleet.xlsx holds the date 2026-01-02.'],
    [{ A2: 1234567890123456 }, 'Line 2, column server_id of the servers table fleet.xlsx holds a number of more digits than Excel keeps.'],
    [
      { A2: 'a', B2: ['', '<f>1+1</f><v></v>'] },
      'Line 2, column monthly_cost_usd of the servers table fleet.xlsx holds a formula without a value.',
    ],
    [
      { A2: 'a', B2: ['', '<v>0x10</v>'] },
      'Line 2, column monthly_cost_usd of the servers table fleet.xlsx holds a number that cannot be read.',
    ],
    [
      { A2: 'a', B2: ['s="1"', '<v>1e20</v>'] },
      'Line 2, column monthly_cost_usd of the servers table fleet.xlsx holds a number that is no day.',
    ],
    [{ A2: 'a', B2: ['t="e"', '<v>#N/A</v>'] }, 'Line 2, column monthly_cost_usd of the servers table fleet.xlsx holds the error #N/A.'],
  ])('refuses what is not what was entered: %#', async (cells, message) => {
    const path = await writeWorkbook(sheet({ A1: 'server_id', B1: 'monthly_cost_usd', ...cells }))
    await expect(attributesOf(path)).rejects.toMatchObject({ code: 'servers-invalid', message })
  })

  test.each([
    [Buffer.from('504b0304ff', 'hex'), 'The servers table fleet.xlsx is damaged or no XLSX workbook.'],
    [Buffer.from('no workbook'), 'The servers table fleet.xlsx is damaged or no XLSX workbook.'],
    [Buffer.from('d0cf11e0ff', 'hex'), 'The servers table fleet.xlsx is an old Excel workbook or has a password.'],
  ])('is refused where it is no XLSX: %#', async (bytes, message) => {
    const path = join(workspace.folder, 'fleet.xlsx')
    await writeFile(path, bytes)
    await expect(attributesOf(path)).rejects.toMatchObject({ code: 'servers-invalid', message })
  })
})

describe('a workbook made to deceive or to exhaust', () => {
  const header =
    '<row r="1"><c r="A1" t="inlineStr"><is><t>server_id</t></is></c><c r="B1" t="inlineStr"><is><t>monthly_cost_usd</t></is></c></row>'
  const server = (cells: string): string => `${header}<row r="2"><c r="A2" t="inlineStr"><is><t>a</t></is></c>${cells}</row>`
  /** With this sheet in place of the one that it was written with. */
  const write = async (rows: string, more = '', change = (bytes: Uint8Array): Uint8Array => bytes): Promise<string> => {
    const path = await writeWorkbook(sheet({}))
    const parts = unzipSync(await readFile(path))
    const xml = strToU8(`<worksheet><sheetData>${rows}</sheetData>${more}</worksheet>`)
    await writeFile(path, change(zipSync({ ...parts, 'xl/worksheets/sheet0.xml': xml }, { level: 0 })))
    return path
  }
  /** With declarations before the sheet. */
  const declare = async (declarations: string, text: string): Promise<string> => {
    const path = await write('')
    const parts = unzipSync(await readFile(path))
    const xml = `${declarations}<worksheet><sheetData>${server(`<c r="B2" t="inlineStr"><is><t>${text}</t></is></c>`)}</sheetData></worksheet>`
    await writeFile(path, zipSync({ ...parts, 'xl/worksheets/sheet0.xml': strToU8(xml) }))
    return path
  }
  const refusal = (problem: string) => ({ code: 'servers-invalid', message: `The servers table fleet.xlsx ${problem}.` })

  test.each([
    ['a file of this machine', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>', '&x;', 'is a damaged workbook'],
    ['a page', '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x">%x;]>', '1', null],
    [
      'entities that grow',
      `<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx">${'abcdefghi'.replaceAll(/./g, (name) => `<!ENTITY ${name} "&x;&x;&x;">`)}]>`,
      '&a;',
      'is a damaged workbook',
    ],
    ['another encoding', '<?xml version="1.0" encoding="ISO-8859-1"?>', '1', 'is written in another encoding than UTF-8'],
    ['its encoding', '<?xml version="1.0" encoding="utf-8"?>', '1', null],
  ])('that names %s reads nothing from there', async (_, declarations, text, problem) => {
    const outcome = await attributesOf(await declare(declarations, text)).catch((thrown: unknown) => (thrown as Error).message)
    expect(outcome).toEqual(problem === null ? [{ server_id: 'a', region: null, cost: 1 }] : refusal(problem).message)
  })

  test('with one digit changed on the disk is damaged', async () => {
    const rows = server('<c r="B2"><v>181</v></c>')
    expect(await attributesOf(await write(rows))).toEqual([{ server_id: 'a', region: null, cost: 181 }])
    const path = await write(rows, '', (bytes) =>
      Buffer.from(Buffer.from(bytes).toString('latin1').replace('<v>181</v>', '<v>981</v>'), 'latin1'),
    )
    await expect(attributesOf(path)).rejects.toMatchObject(refusal('is damaged: what it holds does not match its checksums'))
  })

  test.each([
    ['a shared string without a number', server('<c r="B2" t="s"><v></v></c>')],
    ['an entity that the file declares', server('<c r="B2" t="inlineStr"><is><t>&secret;</t></is></c>')],
    ['a cell without a row', `${header}<c r="A2"><v>1</v></c>`],
    ['a cell twice', server('<c r="B2"><v>181</v></c><c r="B2"><v>999</v></c>')],
    ['two values in a cell', server('<c r="B2"><v>1</v><v>81</v></c>')],
    ['a cell of another row', server('<c r="B3"><v>1</v></c>')],
    ['a row twice', `${server('')}<row r="2"><c r="A2"><v>1</v></c></row>`],
    ['a column that Excel does not have', server('<c r="ZZZ2"><v>1</v></c>')],
    ['a row that Excel does not have', `${header}<row r="9999999"><c><v>1</v></c></row>`],
  ])('with %s is damaged', async (_title, rows) =>
    expect(attributesOf(await write(rows))).rejects.toMatchObject(refusal('is a damaged workbook')),
  )

  test('is bounded in its cells, and merging costs no more than the rows that are there', async () => {
    const wide = Array.from({ length: 1300 }, (_, index) => `<row r="${index + 2}"><c r="XFD${index + 2}"><v>1</v></c></row>`).join('')
    await expect(attributesOf(await write(header + wide))).rejects.toMatchObject(refusal('holds a sheet of more than 20 million cells'))
    const merges = `<mergeCells>${'<mergeCell ref="A1:A1048576"/>'.repeat(20_000)}</mergeCells>`
    await write(`${server('')}<row r="1048576"><c r="C1048576"><v>1</v></c></row>`, merges)
    // Every row has the name of the first column then, so that no server is left.
    await expect(attributesOf(join(workspace.folder, 'fleet.xlsx'))).rejects.toMatchObject({ code: 'servers-invalid' })
    const block = Array.from({ length: 2000 }, (_, index) => `<row r="${index + 1}"><c r="A${index + 1}"><v>1</v></c></row>`).join('')
    const path = await write(block, '<mergeCells><mergeCell ref="A1:XFD2000"/></mergeCells>')
    await expect(attributesOf(path)).rejects.toMatchObject(refusal('holds a sheet of more than 20 million cells'))
  })
})

test('an events table in a workbook has days and texts', async () => {
  const path = await writeWorkbook(
    sheet({
      A1: 'from',
      B1: 'to',
      C1: 'servers',
      D1: 'effect',
      A2: ['s="1"', '<v>46024</v>'],
      B2: ['s="1"', '<v>46025.5</v>'],
      C2: 7,
      D2: '12 points',
    }),
  )
  const { events } = await readEventsTable(path, 'auto', 'UTC')
  expect(events).toMatchObject([
    {
      line: 2,
      fromMs: Date.UTC(2026, 0, 2),
      untilMs: Date.UTC(2026, 0, 3, 12) + 1,
      target: { text: '7' },
      effect: { amount: 12, unit: 'points' },
    },
  ])
})
