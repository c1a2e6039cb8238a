// Inputs that were once read wrongly or refused without a reason, as common tools write them: each gives its right value.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { literal } from '../../src-main/database/database.ts'
import { validateTables } from '../../src-main/forecasts/servers-table.ts'
import { isUnreadableDecimal, unreadableReason } from '../../src-main/forecasts/unreadable-parquet.ts'
import { footerBytes, footerFields, readFileFooter, structAt, structsAt } from '../../src-main/parquet/parquet-footer.ts'
import { readThrift } from '../../src-main/parquet/thrift-compact.ts'
import { withLastElement } from '../fixtures/changed-footers.ts'
import { reportedCases } from '../fixtures/fleets.ts'
import { seriesRows, times } from '../fixtures/forecast-rows.ts'
import { ForecastWorkspace, type FinishedRun, type ForecastRow } from '../fixtures/forecast-workspace.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

const analyseCase = async (...parts: readonly string[]): Promise<FinishedRun> => workspace.analyse(reportedCases.path(...parts))

const warningCodes = ({ manifest }: FinishedRun): string[] => manifest.warnings.map(({ code }) => code)

/** Servers, those at risk, and the numbers of horizon periods. */
const outline = async (run: FinishedRun): Promise<unknown> => {
  const rows = await run.serverRisk()
  return {
    servers: rows.length,
    atRisk: rows.filter((row) => row['is_at_risk'] === true).map((row) => row['server_id']),
    periods: [...new Set(rows.map((row) => row['horizon_periods']))],
  }
}

const modelAccuracySchema = z.object({
  models: z.array(z.object({ interval_points: z.number(), interval_coverage: z.number().nullable() })),
})

const modelCoverage = async (run: FinishedRun): Promise<unknown> => (await run.json('model_accuracy.json', modelAccuracySchema)).models

const baseOutline = { servers: 6, atRisk: ['srv-04', 'srv-05'], periods: [30] }

describe.skipIf(!reportedCases.isAvailable)(`reported inputs${reportedCases.skipNote}`, () => {
  test('a prediction of NaN, written by PyArrow, counts as missing', async () => {
    const run = await analyseCase('01-nan-pyarrow', 'one-prediction-nan.parquet')
    expect(warningCodes(run)).toContain('missing-predictions')
    expect(await outline(run)).toMatchObject({ servers: 6, atRisk: ['srv-04', 'srv-05'] })
    const risk = await run.riskOf('srv-05')
    expect([risk['horizon_p95'], risk['horizon_periods']]).toEqual([expect.closeTo(101.904, 5), 29])
  })

  test('an actual value of NaN in the horizon counts as missing', async () => {
    expect(await outline(await analyseCase('01-nan-pyarrow', 'future-actual-nan.parquet'))).toEqual(baseOutline)
  })

  test('NaN in one of several files counts as missing', async () => {
    const run = await analyseCase('01-nan-pyarrow', 'set')
    expect(warningCodes(run)).toContain('missing-predictions')
    expect(await outline(run)).toEqual({ ...baseOutline, periods: [30, 29] })
  })

  test.each([
    ['y-m-d.parquet', '26-04-12'],
    ['d-m-y.parquet', '01-07-26'],
  ])('two-digit years are refused with count and example: %s', async (file, example) => {
    await expect(analyseCase('12-two-digit-years', file)).rejects.toMatchObject({
      code: 'input-time-unreadable',
      message: expect.stringMatching(new RegExp(`holds [0-9]+ times with a two-digit year, for instance "${example}", `)),
    })
  })

  test('NaN written by Polars counts as missing', async () => {
    expect(await outline(await analyseCase('02-nan-polars', 'polars.parquet'))).toEqual(baseOutline)
  })

  test.each([
    ['upper-nan.parquet', expect.closeTo(0.3232, 4), 164],
    ['upper-null.parquet', expect.closeTo(0.3232, 4), 164],
    ['only-upper.parquet', null, 0],
  ])('bounds on one side are no bounds: %s', async (file, coverage, points) => {
    const run = await analyseCase('03-nan-and-one-sided-bounds', file)
    expect(await modelCoverage(run)).toEqual([{ interval_coverage: coverage, interval_points: points }])
    expect(warningCodes(run).includes('no-backtest-bounds')).toBe(points === 0)
  })

  test('DECIMAL of scale 0, as Snowflake writes whole numbers, names servers', async () => {
    expect(await outline(await analyseCase('19-decimal-ids', 'snowflake.parquet'))).toEqual({
      ...baseOutline,
      servers: 6,
      atRisk: ['4', '5'],
    })
  })

  test('a byte order mark in the name of the first column is no part of the name', async () => {
    expect(await outline(await analyseCase('21-bom-in-column-name', 'bom.parquet'))).toEqual(baseOutline)
  })

  test.each([
    ['encrypted-plaintext-footer.parquet', 'encrypted-plaintext-footer.parquet cannot be read: column predicted is encrypted.'],
    ['lz4-hadoop.parquet', "lz4-hadoop.parquet is compressed by Hadoop's LZ4, which cannot be read."],
    ['no-columns.parquet', 'no-columns.parquet has no columns.'],
  ])('a whole file is not called damaged: %s', async (file, message) => {
    await expect(analyseCase('28-not-damaged', file)).rejects.toMatchObject({ code: 'input-not-parquet', message })
  })

  test('a model of 10 days is not selected where another looks 30 days ahead', async () => {
    const run = await analyseCase('26-short-model-wins', 'two-horizons.parquet')
    expect(await outline(run)).toEqual(baseOutline)
    expect(run.manifest).toMatchObject({ horizon: { end: '2026-07-10T00:00:00Z' } })
    expect(run.manifest.warnings).toContainEqual(expect.objectContaining({ code: 'short-model', count: 6 }))
  })

  test('a forecast without measurements says that nothing separates past from future', async () => {
    const run = await analyseCase('24-prophet-predict-without-y', 'prophet.parquet')
    expect(warningCodes(run)).toEqual(expect.arrayContaining(['no-measurements', 'old-forecast']))
    expect(run.manifest.warnings.find(({ code }) => code === 'no-measurements')?.message).toContain('2026-04-12 to 2026-07-10')
  })

  test.each([
    ['06-folder-with-other-endings', 'gz'],
    ['06-folder-with-other-endings', 'hive'],
    ['07-athena-no-extension', 'unload'],
  ])('files of any ending belong to a folder: %s/%s', async (name, folder) => {
    expect(await outline(await analyseCase(name, folder))).toEqual(baseOutline)
  })

  test.each([['drop'], ['forecasts'], ['drop/year=2026/month=11'], ['drop/year=2026/month=11/day=27/part-0.parquet']])(
    'folders named year=, month= and day= are not refused: %s',
    async (folder) => {
      expect(await outline(await analyseCase('08-year-month-partitions', folder))).toEqual(baseOutline)
    },
  )

  test.each([
    ['by-date', { servers: 6, atRisk: ['srv-05'], periods: [1] }, true],
    ['by-date2', baseOutline, true],
    ['by-model', baseOutline, true],
    ['by-server', { ...baseOutline, atRisk: ['4', '5'] }, false],
  ])('a column of the file counts, not the key of its folder: %s', async (folder, expected, differs) => {
    const run = await analyseCase('09-partition-folder-against-column', folder)
    expect(await outline(run)).toEqual(expected)
    expect(run.manifest.horizon.start).toBe('2026-06-11T00:00:00Z')
    expect(run.manifest.models).not.toContain('v3')
    expect(warningCodes(run).includes('folder-key-differs')).toBe(differs)
    expect(await run.flagged('SELECT CAST(count(*) AS DOUBLE) > 0 AS found FROM flagged WHERE is_selected')).toEqual([{ found: true }])
  })
})

/** Rows per month that lie in it, and marked rows, of the flagged file. */
const calendarOf = async (run: FinishedRun): Promise<unknown> => {
  const marked = (flag: string): Promise<Record<string, unknown>[]> =>
    run.flagged(`SELECT DISTINCT strftime(timestamp, '%Y-%m-%dT%H') AS time FROM flagged WHERE ${flag} ORDER BY time`)
  return {
    months: (await run.flagged('SELECT CAST(count(*) AS INTEGER) AS rows FROM flagged GROUP BY month ORDER BY month')).map(
      ({ rows }) => rows,
    ),
    holidays: (await marked('is_holiday')).map(({ time }) => time),
    quarterEnd: (await marked('is_eoq')).map(({ time }) => time),
  }
}

const berlinMidnights = (days: readonly string[]): string[] =>
  days.map((day) => new Date(Date.parse(`2026-${day}T00:00:00Z`) - 2 * 3_600_000).toISOString().slice(0, 13))

describe.skipIf(!reportedCases.isAvailable)(`reported calendars${reportedCases.skipNote}`, () => {
  const berlin = reportedCases.path('10-local-midnight', 'berlin.parquet')

  test('days at local midnight count in their zone', async () => {
    const run = await workspace.analyse(berlin, { config: { time_zone: 'Europe/Berlin' } })
    expect((await run.serverRisk()).map((row) => row['weekend_uplift_points'])).toEqual([-40, -40, -40, -40])
    // 4 servers.
    expect(await calendarOf(run)).toEqual({
      months: [18 * 4, 31 * 4, 30 * 4, 11 * 4],
      holidays: berlinMidnights(['05-25', '06-19', '07-03', '07-04']),
      quarterEnd: berlinMidnights(['06-24', '06-25', '06-26', '06-27', '06-28', '06-29', '06-30']),
    })
    expect(warningCodes(run)).not.toContain('local-midnights')
    expect(run.manifest).toMatchObject({ granularity: 'daily', time_zone: 'Europe/Berlin', steps: [{ step: 'day', series: 4 }] })
  })

  test('days at local midnight name the zone that fits where none is set', async () => {
    const run = await workspace.analyse(berlin)
    expect(run.manifest.warnings).toContainEqual({
      code: 'local-midnights',
      message: 'All times lie at midnight in Europe/Berlin, but days are counted in UTC. Set the time zone: --time-zone Europe/Berlin.',
      examples: ['Europe/Berlin'],
    })
  })

  test('times at 00:00 UTC name a day, whatever the zone', async () => {
    const path = reportedCases.path('10-local-midnight', 'naive.parquet')
    const runs = [await workspace.analyse(path), await workspace.analyse(path, { config: { time_zone: 'America/New_York' } })]
    for (const run of runs) expect((await run.serverRisk()).map((row) => row['weekend_uplift_points'])).toEqual([-40, -40, -40, -40])
    expect(await runs[0]!.serverRisk()).toEqual(await runs[1]!.serverRisk())
  })

  test.each([
    ['monthly.parquet', 24, 'monthly', 'month'],
    ['business-days.parquet', 30, 'daily', 'business day'],
  ])('steps of the calendar are no gaps: %s', async (file, longestRun, granularity, step) => {
    const run = await analyseCase('13-monthly-runs', file)
    expect((await run.serverRisk()).map((row) => row['longest_breach_run'])).toEqual([longestRun])
    expect(warningCodes(run)).not.toContain('gaps')
    expect(warningCodes(run)).not.toContain('unusual-step')
    expect(run.manifest).toMatchObject({ granularity, steps: [{ step, series: 1 }] })
  })
})

const pyarrowFile = (name: string): string => join(import.meta.dirname, '..', 'data', 'pyarrow-files', name)

describe('NaN whose file states a minimum and a maximum without it', () => {
  test('gives every figure that NULL gives, in one file and in two', async () => {
    const [nan, missing] = [await workspace.analyse(pyarrowFile('nan.parquet')), await workspace.analyse(pyarrowFile('null.parquet'))]
    expect(await nan.serverRisk()).toEqual(await missing.serverRisk())
    expect(await nan.json('model_accuracy.json', z.unknown())).toEqual(await missing.json('model_accuracy.json', z.unknown()))
    expect(nan.manifest.counts).toEqual(missing.manifest.counts)
    expect(nan.manifest.warnings).toEqual(missing.manifest.warnings)
    expect(await modelCoverage(nan)).toMatchObject([{ interval_points: 30 }])
    expect(await nan.riskOf('srv-1')).toMatchObject({ horizon_periods: 9, is_at_risk: true })

    const otherServers = await workspace.writeQuery(
      'other-servers.parquet',
      `SELECT * REPLACE ('other ' || server_id AS server_id) FROM read_parquet(${literal(pyarrowFile('null.parquet'))})`,
    )
    const [nanFirst, missingFirst] = [
      await workspace.analyse([pyarrowFile('nan.parquet'), otherServers]),
      await workspace.analyse([pyarrowFile('null.parquet'), otherServers]),
    ]
    expect(await nanFirst.serverRisk()).toEqual(await missingFirst.serverRisk())
  })

  test('stays NaN in the flagged file, without flag and level', async () => {
    const run = await workspace.analyse(pyarrowFile('nan.parquet'))
    expect(
      await run.flagged(
        'SELECT CAST(count(*) AS DOUBLE) AS rows, bool_and(risk_flag IS NULL AND risk_level IS NULL) AS empty FROM flagged WHERE isnan(predicted)',
      ),
    ).toEqual([{ rows: 4, empty: true }])
  })
})

describe('a whole file that cannot be read', () => {
  test.each([
    ['encrypted-column.parquet', 'encrypted-column.parquet cannot be read: column predicted is encrypted.', 'Write it without encryption.'],
    ['no-columns.parquet', 'no-columns.parquet has no columns.', 'Check the pipeline that writes it.'],
  ])('is refused with its reason: %s', async (file, message, next) => {
    await expect(workspace.analyse(pyarrowFile(file))).rejects.toMatchObject({ code: 'input-not-parquet', message, next })
  })

  test('is named among several', async () => {
    const files = [pyarrowFile('encrypted-column.parquet'), pyarrowFile('null.parquet')]
    await expect(workspace.analyse(files)).rejects.toMatchObject({
      message: 'encrypted-column.parquet cannot be read: column predicted is encrypted.',
    })
  })

  test('names a codec that is not supported', async () => {
    const snappy = await readFile(pyarrowFile('null.parquet'))
    const footerStart = snappy.length - 8 - snappy.readUInt32LE(snappy.length - 8)
    const metaData = readThrift(snappy.subarray(footerStart, -8))
    for (const rowGroup of structsAt(metaData, footerFields.fileMetaData.rowGroups))
      for (const chunk of structsAt(rowGroup, footerFields.rowGroup.columns)) {
        const columnMetaData = structAt(chunk, footerFields.columnChunk.metaData)
        columnMetaData.set(footerFields.columnMetaData.codec, { ...columnMetaData.get(footerFields.columnMetaData.codec)!, value: 5 })
      }
    const path = join(workspace.folder, 'lz4.parquet')
    await writeFile(path, Buffer.concat([snappy.subarray(0, footerStart), footerBytes(metaData)]))
    await expect(workspace.analyse(path)).rejects.toMatchObject({
      message: "lz4.parquet is compressed by Hadoop's LZ4, which cannot be read.",
      next: 'Write it with snappy or zstd.',
    })
  })
})

describe('decimals of more than 38 digits, which the database reads as other numbers', () => {
  const wide = async (name: string): Promise<string> => {
    const path = join(workspace.folder, name)
    const rows = `SELECT 's' AS server_id, 'm' AS model, TIMESTAMP '2026-01-01' + to_days(i::INTEGER) AS timestamp, 50::DECIMAL(38, 10) AS predicted, 5::DECIMAL(38, 0) AS monthly_cost_usd`
    await workspace.database.run(`COPY (${rows} FROM range(40) r(i)) TO '${path}' (FORMAT parquet)`)
    return path
  }
  test.each([
    ['FIXED_LEN_BYTE_ARRAY of 17 bytes, as PyArrow writes 39 digits', 17, 39],
    ['and of 21 bytes, 50 digits', 21, 50],
  ])('%s', async (_, typeLength, precision) => {
    const path = await wide(`wide-${precision}.parquet`)
    await withLastElement(path, { typeLength, precision })
    const problem = `holds decimals of ${precision} digits in column monthly_cost_usd; at most 38 can be read.`
    const next = 'Write them as DOUBLE, or with at most 38 digits.'
    await expect(workspace.analyse(path)).rejects.toMatchObject({
      code: 'input-not-parquet',
      message: `wide-${precision}.parquet ${problem}`,
      next,
    })
    await expect(validateTables({ serversTable: path, config: { decimal: 'auto', time_zone: 'UTC' } })).rejects.toMatchObject({
      message: `The servers table wide-${precision}.parquet ${problem}`,
      next,
    })
    expect(unreadableReason((await readFileFooter(path)).metaData, 'a.parquet')).toMatchObject({ message: `a.parquet ${problem}`, next })
  })

  test('32 bytes, as BigQuery writes BIGNUMERIC, are read', () => {
    expect(isUnreadableDecimal(76, 32)).toBe(false)
    expect([isUnreadableDecimal(38, 16), isUnreadableDecimal(undefined, 17), isUnreadableDecimal(39, undefined)]).toEqual([
      false,
      false,
      true,
    ])
  })
})

describe('forecasts without measurements', () => {
  const rows = (isFuture?: boolean): readonly ForecastRow[] =>
    seriesRows({ server: 's', start: '2026-01-01', horizon: times(20, 50) }).map((row) =>
      isFuture === undefined ? row : { ...row, is_future: isFuture },
    )

  test('warn that all rows count as horizon, and that it lies in the past', async () => {
    const run = await workspace.analyse(await workspace.writeForecasts('unmeasured.parquet', rows()))
    expect(run.manifest.warnings.map(({ code, message }) => [code, message])).toEqual(
      expect.arrayContaining([
        [
          'no-measurements',
          'Nothing separates past from future: no row is measured or marked by is_future. All rows count as horizon, 2026-01-01 to 2026-01-20.',
        ],
        ['old-forecast', expect.stringMatching(/^The horizon began on 2026-01-01, .* days ago, and ended on 2026-01-20\.$/)],
      ]),
    )
  })

  test('do not warn about the horizon where is_future states it', async () => {
    const codes = warningCodes(await workspace.analyse(await workspace.writeForecasts('stated.parquet', rows(true))))
    expect(codes).not.toContain('no-measurements')
    expect(codes).toContain('old-forecast')
  })
})

test('files without an ending are read, and other files are named in a warning', async () => {
  const folder = join(workspace.folder, 'endings')
  await mkdir(folder)
  const rows = (server: string) => seriesRows({ server, actual: times(20, 50), horizon: times(5, 60) })
  await workspace.writeForecasts('endings/000000_0', rows('a'))
  await workspace.writeForecasts('endings/part.parquet.gz', rows('b'))
  await workspace.writeText('endings/notes.txt', 'no forecasts')
  await workspace.writeText('endings/_SUCCESS', '')
  const run = await workspace.analyse(folder)
  expect(run.manifest.counts.total_servers).toBe(2)
  expect(run.manifest.warnings).toContainEqual({
    code: 'files-left-out',
    message: '1 file is left out, since it is not Parquet, CSV or JSON: notes.txt.',
    count: 1,
    examples: ['notes.txt'],
  })
})
