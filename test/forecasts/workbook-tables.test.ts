// Servers and events tables in workbooks: which sheet and row count, and cells that cannot be relied on.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { strToU8, zipSync } from 'fflate'
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
