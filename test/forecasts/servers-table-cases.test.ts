// Servers tables as spreadsheets write them: headers, numbers of two locales and ids in another case.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { DecimalSetting } from '../../src-shared/config/analysis-config.ts'
import { loadServersTable, validateTables } from '../../src-main/forecasts/servers-table.ts'
import { reportedCases } from '../fixtures/fleets.ts'
import { seriesRows, times } from '../fixtures/forecast-rows.ts'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

const tableWith = async (text: string): Promise<string> => {
  const path = join(workspace.folder, 'servers.csv')
  await writeFile(path, text)
  return path
}

const attributesOf = async (path: string, decimal: DecimalSetting = 'auto'): Promise<unknown> => {
  const { warnings } = await loadServersTable(workspace.database, path, decimal)
  const [attributes] = await workspace.query(
    'SELECT server_id, region, monthly_cost_usd, capacity_units FROM server_attributes ORDER BY server_id',
  )
  return { ...attributes, warnings: warnings.map(({ message }) => message) }
}

describe('headers', () => {
  test.each([
    'Server_ID,Region,Monthly Cost USD,Capacity Units',
    'SERVER ID,REGION,MONTHLY-COST-USD,CAPACITY.UNITS',
    '\ufeffserverId,region,monthlyCostUsd,capacityUnits',
    '" server_id ",region,monthly_cost_usd,Capacity_Units',
    'server_id;region;Monthly Cost (USD);capacity units',
  ])('match after case, blanks and punctuation: %s', async (header) => {
    const delimiter = header.includes(';') ? ';' : ','
    const path = await tableWith(`${header}\n${['a', 'eu', '1200', '4'].join(delimiter)}\n`)
    expect(await attributesOf(path)).toEqual({ server_id: 'a', region: 'eu', monthly_cost_usd: 1200, capacity_units: 4, warnings: [] })
  })

  test.each([
    ['server_id,region,monthly_cost_usd,monthly_cost_usd', 'monthly_cost_usd'],
    ['server_id,region,"Region",capacity_units', 'Region'],
    ['server_id,SERVER_ID,region,os', 'SERVER_ID'],
  ])('that are used and stand twice are refused: %s', async (header, column) => {
    await expect(attributesOf(await tableWith(`${header}\na,1,2,3\n`))).rejects.toMatchObject({
      code: 'servers-invalid',
      message: `The servers table servers.csv has two columns named ${column}.`,
    })
  })

  test('that are not used may stand twice', async () => {
    expect(await attributesOf(await tableWith('server_id,owner,region,owner\na,x,eu,y\n'))).toMatchObject({ region: 'eu' })
  })

  test('of the exact spelling win', async () => {
    expect(await attributesOf(await tableWith('server_id,Capacity Units,capacity_units\na,2,4\n'))).toMatchObject({ capacity_units: 4 })
  })

  test.each([
    ['monthly_cost', 'monthly_cost_usd'],
    ['monthly_cots_usd', 'monthly_cost_usd'],
    ['Regoin', 'region'],
    ['capacity_unit', 'capacity_units'],
    ['lead_time', 'lead_time_days'],
  ])('that are nearly known are named: %s', async (column, nearest) => {
    expect(await attributesOf(await tableWith(`server_id,${column}\na,1200\n`))).toMatchObject({
      warnings: [`Columns of the servers table servers.csv are not used: ${column} (nearest: ${nearest}).`],
    })
  })

  test.each(['owner', 'os', 'cost_centre', 'notes'])('of other topics do not warn: %s', async (column) => {
    expect(await attributesOf(await tableWith(`server_id,${column}\na,x\n`))).toMatchObject({ warnings: [] })
  })
})

test('a server of no size counts as one whose size is not stated, with a warning', async () => {
  const table = await tableWith('server_id,capacity_units\na,0\nb,1e-300\nc,0.5\nd,\n')
  const { warnings } = await loadServersTable(workspace.database, table, 'auto')
  expect(await workspace.query('SELECT capacity_units AS units FROM server_attributes ORDER BY server_id')).toEqual([
    { units: null },
    { units: null },
    { units: 0.5 },
    { units: null },
  ])
  expect(warnings).toEqual([
    {
      code: 'no-capacity-units',
      message: 'The servers table servers.csv states no capacity_units above 0 for 2 servers, such as a: 1 is taken.',
      count: 2,
      examples: ['a', 'b'],
    },
  ])
})

describe('numbers of two locales', () => {
  const costOf = async (cells: readonly string[], decimal?: DecimalSetting): Promise<unknown> => {
    const lines = cells.map((cell, index) => `s${index};${cell}`)
    await loadServersTable(workspace.database, await tableWith(`server_id;monthly_cost_usd\n${lines.join('\n')}\n`), decimal ?? 'auto')
    const rows = await workspace.query('SELECT monthly_cost_usd AS cost FROM server_attributes ORDER BY server_id')
    return rows.map(({ cost }) => cost)
  }

  test.each([
    [['1200'], [1200]],
    [['0.125'], [0.125]],
    [['1200,50'], [1200.5]],
    [['1200.50'], [1200.5]],
    [['1.200,50'], [1200.5]],
    [['1,200.50'], [1200.5]],
    [['1.200.000'], [1_200_000]],
    [['1,200,000'], [1_200_000]],
    [
      ['1.200', '99,5'],
      [1200, 99.5],
    ],
    [
      ['1.200', '99.5'],
      [1.2, 99.5],
    ],
    [
      ['1,200', '99.5'],
      [1200, 99.5],
    ],
    [
      ['1,200', '99,5'],
      [1.2, 99.5],
    ],
  ])('%s are read in their only reading', async (cells, expected) => {
    expect(await costOf(cells)).toEqual(expected)
  })

  test.each([
    [['1.200'], 'which reads as 1200 or 1.2'],
    [['1,200', ''], 'which reads as 1200 or 1.2'],
    [['12', '999.999'], 'which reads as 999999 or 999.999'],
    [['1.200', '99,5', '99.5'], 'which reads as 1200 or 1.2'],
  ])('%s are refused until the decimal mark is stated', async (cells, readings) => {
    await expect(costOf(cells)).rejects.toMatchObject({
      code: 'servers-invalid',
      message: expect.stringMatching(new RegExp(`^Column monthly_cost_usd of the servers table servers.csv holds ".*", ${readings}\\.$`)),
      next: 'State the decimal mark: --decimal comma or --decimal point, or `decimal` in the settings.',
    })
  })

  test.each([
    ['1.200', 'comma', 1200],
    ['1.200', 'point', 1.2],
    ['1,200', 'comma', 1.2],
    ['1,200', 'point', 1200],
  ] as const)('%s with decimal %s is %d', async (cell, decimal, expected) => {
    expect(await costOf([cell], decimal)).toEqual([expected])
  })

  test.each(['1,2,3', '1.2.3', '1.2000.000', '12 USD'])('%s is no number', async (cell) => {
    await expect(costOf([cell], 'comma')).rejects.toMatchObject({ message: expect.stringContaining(`"${cell}", which is no number`) })
  })

  test('of a Parquet file have one reading', async () => {
    const path = await workspace.writeQuery('servers.parquet', "SELECT 'a' AS server_id, 1.125 AS monthly_cost_usd")
    expect(await attributesOf(path)).toMatchObject({ monthly_cost_usd: 1.125 })
  })
})

test('an analysis names columns and ids that it cannot use', async () => {
  const forecasts = await workspace.writeForecasts('forecasts.parquet', [
    ...seriesRows({ server: 'web-1', start: '2026-01-01', actual: times(20, 50), horizon: times(20, 50) }),
  ])
  const serversTable = await tableWith('server_id,monthly_cost\nWEB-1,1200\n')
  const { manifest } = await workspace.analyse(forecasts, { serversTable })
  expect(manifest.warnings.map(({ message }) => message)).toEqual(
    expect.arrayContaining([
      'Columns of the servers table servers.csv are not used: monthly_cost (nearest: monthly_cost_usd).',
      '1 server of the servers table matches a forecast in another case only and is not used: WEB-1 (web-1).',
    ]),
  )
})

const recommendationsSchema = z.object({ total_savings_usd: z.number() })

describe.skipIf(!reportedCases.isAvailable)(`reported servers tables${reportedCases.skipNote}`, () => {
  test('a German table is refused before a launch until the decimal mark is stated', async () => {
    const serversTable = reportedCases.path('17-german-numbers', 'servers.csv')
    await expect(validateTables({ serversTable, config: { decimal: 'auto', time_zone: 'UTC' } })).rejects.toMatchObject({
      code: 'servers-invalid',
    })
    const germanForecasts = reportedCases.path('17-german-numbers', 'base.parquet')
    await expect(workspace.analyse(germanForecasts, { serversTable })).rejects.toMatchObject({ code: 'servers-invalid' })
    await workspace.analyse(germanForecasts, { serversTable, config: { decimal: 'comma' } })
    expect(await attributesOf(serversTable, 'comma')).toMatchObject({ monthly_cost_usd: 1200 })
  })

  const forecasts = reportedCases.path('16-servers-table-columns', 'base.parquet')

  test('headers of a spreadsheet give cost and capacity', async () => {
    const run = await workspace.analyse(forecasts, { serversTable: reportedCases.path('16-servers-table-columns', 'servers.csv') })
    expect(await run.json('optimization_recommendations.json', recommendationsSchema)).toEqual({ total_savings_usd: 1200 })
    const rows = await workspace.query(
      `SELECT server_id, units_to_add FROM '${run.folder}/server_risk.parquet' WHERE is_at_risk ORDER BY 1`,
    )
    expect(rows.map((row) => row['units_to_add'])).toEqual([1, 2])
    expect(run.manifest.warnings.map(({ code }) => code)).not.toContain('unused-server-columns')
  })

  test('a column that is nearly known is named', async () => {
    const run = await workspace.analyse(forecasts, { serversTable: reportedCases.path('16-servers-table-columns', 'servers2.csv') })
    expect(run.manifest.warnings.map(({ message }) => message)).toContain(
      'Columns of the servers table servers2.csv are not used: monthly_cost (nearest: monthly_cost_usd).',
    )
  })
})
