// Text files and measurements as `inspect` reads them: separators, locales, dates, ragged lines; each is read right or refused in one sentence.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeColumns } from '../../../src-main/engine/describe-columns.ts'
import { inspectForecasts } from '../../../src-main/engine/inspect-forecasts.ts'
import type { Inspection } from '../../../src-shared/run/inspection.ts'
import { toolShapes } from '../../fixtures/fleets.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-text-'))
})
afterAll(async () => rm(folder, { recursive: true }))

type Config = Readonly<Record<string, unknown>>

const inspectText = async (name: string, content: string | Buffer, config: Config = {}): Promise<Inspection> => {
  const path = join(folder, name)
  await writeFile(path, content)
  return inspectForecasts({ inputs: [path], config })
}

/** Server, day and value of the rows read. */
const valuesOf = ({ preview }: Inspection): unknown[] =>
  preview.map((row) => [row.server_id, row.timestamp?.slice(0, 10), row.predicted ?? row.actual])

const rows = [
  ['a', '2026-05-30', 19.5],
  ['b', '2026-05-31', 1200.25],
]

describe('measurements of one fleet in several shapes', () => {
  const canonicalRows = async (file: string, config: Config = {}): Promise<unknown[]> => {
    const { contents, preview } = await inspectForecasts({ inputs: [toolShapes.path(file)], config, previewRows: 5000 })
    expect(contents).toBe('measurements')
    return preview.map(({ server_id, timestamp, metric, actual }) => [server_id, timestamp, metric, actual].join(' ')).sort()
  }

  test.skipIf(!toolShapes.isAvailable).each([
    ['measurements_long.csv', {}],
    ['measurements_wide.csv', { wide: 'servers' }],
    ['measurements_european.csv', {}],
    ['prometheus_query_range.json', {}],
    ['cloudwatch_get_metric_data.json', {}],
  ])('%s gives the native rows', async (file, config) => {
    expect(await canonicalRows(file, config)).toEqual(await canonicalRows('native_measurements.parquet'))
  })

  test.skipIf(!toolShapes.isAvailable)('a column per metric gives the rows of each', async () => {
    const both = await canonicalRows('measurements_two_metrics.parquet')
    expect(both).toHaveLength(2184)
    const native = await canonicalRows('native_measurements.parquet')
    expect(both.filter((row) => String(row).includes(' cpu_p95 '))).toEqual(native)
    const halved = native.map((row) => {
      const [server, time, , value] = String(row).split(' ')
      return [server, time, 'mem_p95', Number(value) / 2].join(' ')
    })
    expect(both.filter((row) => String(row).includes(' mem_p95 '))).toEqual(halved.sort())
  })

  test.skipIf(!toolShapes.isAvailable)('a column per server needs one word', async () => {
    const { question } = await inspectForecasts({ inputs: [toolShapes.path('measurements_wide.csv')], config: {} })
    expect(question?.sentence).toContain('--wide servers')
    expect(question?.options[0]?.settings).toEqual({ wide: 'servers' })
  })
})

describe('text', () => {
  test.each([
    ['commas', 'c.csv', 'host,ds,value\na,2026-05-30,19.5\nb,2026-05-31,1200.25\n'],
    ['semicolons and decimal commas', 's.csv', 'host;ds;value\na;2026-05-30;19,5\nb;2026-05-31;1200,25\n'],
    ['tabs', 't.tsv', 'host\tds\tvalue\na\t2026-05-30\t19.5\nb\t2026-05-31\t1200.25\n'],
    ['a byte order mark, quotes, CRLF', 'q.csv', '\uFEFF"host","ds","value"\r\n"a","2026-05-30","19.5"\r\n"b","2026-05-31","1200.25"\r\n'],
    ["Excel's separator line", 'x.csv', 'sep=;\nhost;ds;value\na;2026-05-30;19,5\nb;2026-05-31;1200,25\n'],
    ['days first', 'd.csv', 'host,ds,value\na,30.05.2026,19.5\nb,31.05.2026,1200.25\n'],
    ['months first', 'm.csv', 'host,ds,value\na,05/30/2026 00:00,19.5\nb,05/31/2026 00:00,1200.25\n'],
    ['seconds since 1970', 'e.csv', 'host,ds,value\na,1780099200,19.5\nb,1780185600,1200.25\n'],
    ['millionths of seconds since 1970', 'eu.csv', 'host,ds,value\na,1780099200000000,19.5\nb,1780185600000000,1200.25\n'],
    ['billionths of seconds since 1970', 'en.csv', 'host,ds,value\na,1780099200000000000,19.5\nb,1780185600000000000,1200.25\n'],
    ['days without signs', 'y.csv', 'host,ds,value\na,20260530,19.5\nb,20260531,1200.25\n'],
    ['minutes without signs', 'ym.csv', 'host,ds,value\na,202605300000,19.5\nb,202605310000,1200.25\n'],
    ['names of months', 'n.csv', 'host;ds;value\na;30-May-2026;19.5\nb;May 31, 2026 12:00 AM;1200.25\n'],
    ['twelve hours', 'h.csv', 'host,ds,value\na,5/30/2026 12:00 AM,19.5\nb,5/31/2026 1:05:00 PM,1200.25\n'],
    ['comments and blank lines above the names', 'k.csv', '\n# by hand\n\nhost,ds,value\na,2026-05-30,19.5\nb,2026-05-31,1200.25\n'],
    ['names in a comment, as sadf writes them', 'z.csv', '# host;ds;value\na;2026-05-30;19.5\nb;2026-05-31;1200.25\n'],
    ['single quotation marks', 'sq.csv', "'host','ds','value'\n'a','2026-05-30','19.5'\n'b','2026-05-31','1200.25'\n"],
    ['words for what is missing', 'w.csv', 'host,ds,value,forecast\na,2026-05-30,19.5,#N/A\nb,2026-05-31,--,1200.25\n'],
    ['names as people write them', 'p.csv', 'Instance ID,Time Stamp,Measured (%)\na,2026-05-30,19.5\nb,2026-05-31,1200.25\n'],
    ['JSON lines', 'l.jsonl', '{"host":"a","ds":"2026-05-30","value":19.5}\n{"value":1200.25,"host":"b","ds":"2026-05-31"}\n'],
    ['a JSON array', 'a.json', '[{"host":"a","ds":"2026-05-30","value":19.5},{"host":"b","ds":"2026-05-31","value":1200.25}]'],
  ])('%s', async (_, name, text) => {
    expect(valuesOf(await inspectText(name, text))).toEqual(rows)
  })

  test("Excel's Unicode text, which is UTF-16", async () => {
    const text = '\uFEFFhost\tds\tvalue\r\na\t2026-05-30\t19.5\r\nb\t2026-05-31\t1200.25\r\n'
    expect(valuesOf(await inspectText('u.txt', Buffer.from(text, 'utf16le')))).toEqual(rows)
  })

  test.each([
    ['h.csv', 'host,ds,value\na,2026053012,1\n', 'Is "2026053012" in column ds of h.csv year, month, day and hour: --date-format %Y%m%d%H'],
    ['g.csv', 'host,ds,value\na,2026-05-30,"12,345.5"\n', 'Column value of g.csv holds "12,345.5": --decimal comma or --decimal point?'],
  ])('that reads in two ways is asked about: %s', async (name, text, sentence) => {
    expect((await inspectText(name, text)).question?.sentence).toContain(sentence)
  })

  test('compressed by gzip', async () => {
    expect(valuesOf(await inspectText('z.csv.gz', gzipSync('host,ds,value\na,2026-05-30,19.5\nb,2026-05-31,1200.25\n')))).toEqual(rows)
  })

  test('what is stated counts', async () => {
    const text = 'host,ds,value\na,05.06.2026,"1.200"\n'
    expect(valuesOf(await inspectText('st.csv', text, { decimal: 'comma', date_format: 'day-first' }))).toEqual([['a', '2026-06-05', 1200]])
    expect(valuesOf(await inspectText('st.csv', text, { decimal: 'point', date_format: '%m.%d.%Y' }))).toEqual([['a', '2026-05-06', 1.2]])
  })

  test('missing values are NULL', async () => {
    const { preview } = await inspectText('n.csv', 'host,ds,value\na,2026-05-30,\na,2026-05-31,NaN\na,2026-06-01,5\n')
    expect(preview.map(({ actual }) => actual)).toEqual([null, null, 5])
  })

  test.each([
    ['days of at most 12', 'host,ds,value\na,05.06.2026,1.5\n', '--date-format day-first'],
    ['groups of three digits', 'host;ds;value\na;2026-05-30;1.200\n', '--decimal comma'],
    ['a decimal comma between commas', 'host,ds,value\na,2026-05-30,"19,5"\n', '--decimal comma'],
    ['two columns for the server', 'host,vm,ds,value\na,b,2026-05-30,1.5\n', '--map server_id=host'],
    ['several numbers without a meaning', 'host,ds,left,right\na,2026-05-30,1.5,2\n', '--wide models'],
  ])('%s are asked about', async (_, text, option) => {
    const { question, preview } = await inspectText('ask.csv', text)
    expect(question?.sentence).toContain(option)
    expect(preview).toEqual([])
  })

  test.each([
    [
      'both decimal marks',
      'host;ds;value\na;2026-05-30;19,5\na;2026-05-31;4.5\n',
      'holds 1 value that is not a number, for instance "4.5"',
    ],
    ['words among numbers', 'host,ds,value\na,2026-05-30,19.5\na,2026-05-31,high\n', 'not a number, for instance "high"'],
    ['two-digit years', 'host,ds,value\na,26-05-30,19.5\n', '1 time with a two-digit year'],
    ['unreadable times', 'host,ds,value\na,2026-05-30,1.5\na,yesterday,2\n', '1 unreadable time, for instance "yesterday"'],
    ['no server', 'host,ds,value\n,2026-05-30,19.5\n', 'is empty in 1 row'],
  ])('%s are refused', async (_, text, sentence) => {
    const named = text.replace('value', 'predicted')
    const { problem } = await inspectText('bad.csv', named)
    expect(problem?.sentence).toContain(sentence)
  })

  test.each([
    ['a line with too few fields', 'host,ds,value\na,2026-05-30\n', 'Line 2 of raw.csv has 2 fields, but the first line names 3.'],
    [
      'a quotation mark that does not close',
      'host,ds,value\na,"2026-05-30,1\n',
      'Line 2 of raw.csv has a quotation mark without its partner.',
    ],
    ['two columns of one name', 'host,ds,value,Value\na,2026-05-30,1,2\n', 'raw.csv has two columns named Value.'],
    ['one column', 'host\na\n', 'The first line of raw.csv holds no comma, semicolon or tab between column names.'],
  ])('%s is refused', async (_, content, message) => {
    await expect(inspectText('raw.csv', content)).rejects.toMatchObject({ message })
  })
})

describe('texts that one rule or one statement settles', () => {
  const forecast = (lines: readonly string[], separator = '\n'): string => `${lines.join(separator)}${separator}`
  const daily = ['server_id,timestamp,predicted', 'a,2026-05-30,19.5', 'b,2026-05-31,1200.25']

  test('Latin-1 is asked about, and read where it is stated', async () => {
    const text = Buffer.from(forecast(['Server;Datum;Prognose', 'München;2026-05-30;19,5', 'b;2026-05-31;1200,25']), 'latin1')
    const map = { server_id: 'Server', timestamp: 'Datum', predicted: 'Prognose' }
    const asked = await inspectText('latin.csv', text, { map })
    expect(asked.question?.sentence).toBe('Line 2 of latin.csv is not UTF-8 text; is it Western European: --encoding latin-1?')
    expect(asked.question?.options[0]?.settings).toEqual({ encoding: 'latin-1' })
    const read = await inspectText('latin.csv', text, { map, encoding: 'latin-1' })
    expect(valuesOf(read)).toEqual([['München', '2026-05-30', 19.5], rows[1]])
    const packed = await inspectText('latin.csv.gz', gzipSync(text), { map, encoding: 'latin-1' })
    expect(valuesOf(packed)).toEqual(valuesOf(read))
    const { columns } = await describeColumns([join(folder, 'latin.csv')])
    expect(columns).toEqual(['Server', 'Datum', 'Prognose'])
  })

  test('characters beyond Latin-1 are refused where it is stated', async () => {
    const text = Buffer.from(forecast(['server_id,timestamp,predicted', 'a\x80,2026-05-30,19.5']), 'latin1')
    await expect(inspectText('euro.csv', text, { encoding: 'latin-1' })).rejects.toMatchObject({
      message: 'euro.csv holds characters that are not in Latin-1.',
      next: 'Save the file as CSV UTF-8, and leave out --encoding.',
    })
  })

  test.each([
    ['with a blank', '12.5 %', '13 %', [12.5, 13]],
    ['without', '12.5%', '100%', [12.5, 100]],
  ])('percentages %s', async (_, first, second, values) => {
    const lines = ['server_id,timestamp,predicted', `a,2026-05-30,${first}`, `b,2026-05-31,${second}`]
    expect(valuesOf(await inspectText('percent.csv', forecast(lines))).map((row) => (row as unknown[])[2])).toEqual(values)
  })

  test('percentages with a decimal comma', async () => {
    const lines = ['server_id;timestamp;predicted', 'a;2026-05-30;19,5 %', 'b;2026-05-31;1200,25 %']
    expect(valuesOf(await inspectText('comma.csv', forecast(lines)))).toEqual(rows)
  })

  test.each([
    [
      ['server_id,timestamp,predicted', 'a,2026-05-30,12 %', 'a,2026-05-31,0.5', 'a,2026-06-01,'],
      'Column predicted of mixed.csv holds 1 value with a percent sign and 1 value without.',
    ],
    [
      ['server_id,timestamp,actual,predicted', 'a,2026-05-30,0.12,12 %', 'a,2026-05-31,,13 %'],
      'Column predicted of mixed.csv holds percent signs, but column actual of mixed.csv holds none.',
    ],
  ])('percentages among plain numbers are refused', async (lines, sentence) => {
    const { problem } = await inspectText('mixed.csv', forecast(lines))
    expect(problem).toMatchObject({ sentence, next: 'Write a percent sign behind all values, or behind none.' })
  })

  test('days of Excel are asked about, and read to the second', async () => {
    const lines = ['server_id,timestamp,predicted', 'a,46172,19.5', 'b,46173.041666666664,1200.25']
    const asked = await inspectText('excel.csv', forecast(lines))
    expect(asked.question?.options[0]?.settings).toEqual({ date_format: 'excel' })
    const { preview } = await inspectText('excel.csv', forecast(lines), { date_format: 'excel' })
    expect(preview.map(({ timestamp }) => timestamp)).toEqual(['2026-05-30T00:00:00Z', '2026-05-31T01:00:00Z'])
  })

  test.each([
    ['one line', ['CPU report', ...daily], '\n'],
    ['two lines and a blank one', ['CPU report', 'Created on 2026-06-01, by nobody', '', ...daily], '\r\n'],
    ['cells of a sheet', ['CPU report,,', ',,', ...daily], '\n'],
    ['a quotation mark', ['24" rack "A"', ...daily], '\n'],
  ])('titles above the names: %s', async (_, lines, separator) => {
    expect(valuesOf(await inspectText('titled.csv', forecast(lines, separator)))).toEqual(rows)
  })

  test('actual and predicted values of a metric', async () => {
    const { preview } = await inspectText(
      'pair.csv',
      forecast(['host,timestamp,CPU_actual,CPU_predicted', 'a,2026-05-30,18,19.5', 'a,2026-05-31,,20']),
    )
    expect(preview.map(({ metric, actual, predicted }) => [metric, actual, predicted])).toEqual([
      ['CPU', 18, 19.5],
      ['CPU', null, 20],
    ])
  })

  test('the backtest of Amazon Forecast has its measured values', async () => {
    const lines = ['item_id,timestamp,target_value,p10,p50,p90', 'a,2026-05-30,18,10,19.5,30', 'a,2026-05-31,,10,20,30']
    const { preview } = await inspectText('export.csv', forecast(lines))
    expect(preview.map(({ actual, predicted }) => [actual, predicted])).toEqual([
      [18, 19.5],
      [null, 20],
    ])
  })

  test('a column per server next to its bounds is a forecast', async () => {
    const lines = ['ds,web,web_lower,web_upper,db,db_lower,db_upper', '2026-05-30,20,10,30,40,35,45']
    const { preview } = await inspectText('bounds.csv', forecast(lines), { wide: 'servers' })
    expect(new Set(preview.map((row) => [row.server_id, row.predicted, row.yhat_lower, row.yhat_upper].join(' ')))).toEqual(
      new Set(['web 20 10 30', 'db 40 35 45']),
    )
  })

  test.each([
    [
      'forecasts among measurements',
      ['server_id,timestamp,type,value', 'a,2026-05-30,actual,18', 'a,2026-05-31,forecast,20'],
      'x.csv has no column predicted, but column type says "forecast" of some rows.',
      'Write the forecasts into a column predicted, and the measured values into a column actual.',
    ],
    [
      'two levels',
      ['server_id,timestamp,yhat,yhat_lower,yhat_upper,confidence_level', 'a,2026-05-30,20,10,30,80', 'a,2026-05-31,20,10,30,95'],
      'Column confidence_level of x.csv holds levels from 80 to 95.',
      'Keep the rows of one level.',
    ],
    [
      'a time under another name',
      ['id,t,y_pred', 'a,2026-05-30,20'],
      'x.csv has no column timestamp; it has id, t, y_pred.',
      'State the column with --map timestamp=t, or rename it to timestamp.',
    ],
    [
      'names of a planner',
      ['Machine,Forecast Date,CPU %', 'a,2026-05-30,20'],
      'x.csv has no columns server_id, timestamp, predicted; it has Machine, Forecast Date, CPU %.',
      "State the columns with --map server_id=Machine --map 'timestamp=Forecast Date' --map predicted=COLUMN, or rename them. Where each column is a server, state --wide servers.",
    ],
    [
      'times as columns',
      ['server_id,2026-05-30,2026-05-31', 'a,20,21'],
      'x.csv has no columns timestamp, predicted; it has server_id, 2026-05-30, 2026-05-31.',
      'Write one row per server and time: the names of columns are times.',
    ],
  ])('%s: refused with the next step', async (_, lines, sentence, next) => {
    const { problem } = await inspectText('x.csv', forecast(lines))
    expect(problem).toMatchObject({ sentence, next })
  })

  test('a metric next to a standard error is asked about', async () => {
    const { question } = await inspectText('error.csv', forecast(['server,time,cpu,cpu_err', 'a,2026-05-30,20,3']))
    expect(question?.sentence).toContain('What are the columns cpu, cpu_err of error.csv')
  })

  test.each([
    ['fewer names than fields', ['timestamp,predicted', 'a,2026-05-30,19.5', 'b,2026-05-31,20']],
    ['no names', ['report', 'a,2026-05-30,19.5', 'b,2026-05-31,20']],
  ])('%s are no titles', async (_, lines) => {
    await expect(inspectText('untitled.csv', forecast(lines))).rejects.toMatchObject({ code: 'input-text-unreadable' })
  })
})

describe('columns whose names only suggest their role', () => {
  test.each([
    ['lower_ci', 'upper_ci'],
    ['lwr', 'upr'],
    ['80%_lower', '80%_upper'],
  ])('%s and %s are bounds', async (lower, upper) => {
    const { preview } = await inspectText('bounds.csv', `server_id,timestamp,predicted,${lower},${upper}\na,2026-05-30,20,10,30\n`)
    expect(preview[0]).toMatchObject({ predicted: 20, yhat_lower: 10, yhat_upper: 30 })
  })

  test('y_actual is the measured value', async () => {
    const text = 'server_id,timestamp,predicted,y_actual\na,2026-05-30,20,21\na,2026-05-31,20,\n'
    expect((await inspectText('actual.csv', text)).preview.map(({ actual }) => actual)).toEqual([21, null])
  })

  test('others are named with the option that reads them', async () => {
    const text = 'server_id,timestamp,predicted,cpu_actual,min,max\na,2026-05-30,20,21,10,30\na,2026-05-31,20,,10,30\n'
    const { warnings } = await inspectText('unread.csv', text)
    expect(warnings.find(({ code }) => code === 'unread-columns')?.message).toBe(
      'Not read, though the name suggests a role: cpu_actual, min, max. To read: --map actual=cpu_actual --map yhat_lower=min --map yhat_upper=max.',
    )
  })

  test('a measured value is named where quantiles are the bounds', async () => {
    const text = 'server_id,timestamp,p10,p50,p90,cpu_actual,min\na,2026-05-30,10,20,30,21,9\na,2026-05-31,10,20,30,,9\n'
    const { warnings } = await inspectText('quantiles.csv', text)
    expect(warnings.find(({ code }) => code === 'unread-columns')?.examples).toEqual(['cpu_actual'])
  })

  test('parts of a trend are not named next to bounds', async () => {
    const text = 'server_id,ds,yhat,yhat_lower,yhat_upper,trend_lower,trend_upper\na,2026-05-30,20,10,30,15,25\n'
    expect((await inspectText('trend.csv', text)).warnings.map(({ code }) => code)).not.toContain('unread-columns')
  })

  test('the span of a Splunk timechart is no server', async () => {
    const text = '_time,a,b,_span\n2026-05-30,20,30,86400\n2026-05-31,21,31,86400\n'
    const { preview } = await inspectText('timechart.csv', text, { wide: 'servers' })
    expect(new Set(preview.map(({ server_id }) => server_id))).toEqual(new Set(['a', 'b']))
  })
})
