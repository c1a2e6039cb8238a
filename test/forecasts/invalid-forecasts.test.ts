// Forecasts that cannot be analysed: one sentence with file and column refuses each, and no files remain.
import { copyFile, chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBadInputWorkspace, withReplacedColumn, smallForecasts, type BadInputWorkspace } from '../fixtures/bad-input-workspace.ts'

let workspace: BadInputWorkspace
let validRows: Buffer
/** Length of the good file's footer, without its length and the mark at the end. */
let footer: number

beforeAll(async () => {
  workspace = await openBadInputWorkspace()
  validRows = await readFile(await workspace.write('good.parquet', smallForecasts))
  footer = validRows.readUInt32LE(validRows.length - 8)
})
afterAll(async () => workspace.close())

const file = async (name: string, contents: string | Buffer): Promise<string> => {
  await writeFile(join(workspace.folder, name), contents)
  return name
}

describe('paths', () => {
  test('a path that does not exist', async () => {
    expect(await workspace.refusal('nowhere.parquet')).toBe('nowhere.parquet does not exist.\nCheck the path.')
  })

  test('a pattern that matches nothing', async () => {
    expect(await workspace.refusal('nowhere-*.parquet')).toBe('No file matches nowhere-*.parquet.\nCheck the pattern.')
  })

  test('an empty folder', async () => {
    await mkdir(join(workspace.folder, 'bare'))
    expect(await workspace.refusal('bare')).toBe(
      'The folder bare holds no Parquet, CSV or JSON file.\nName the folder that the forecasts were written to.',
    )
  })

  test('a folder that is called like a file', async () => {
    await mkdir(join(workspace.folder, 'folder.parquet'))
    expect(await workspace.refusal('folder.parquet')).toMatch(/^The folder folder\.parquet holds no Parquet, CSV or JSON file\.\n/)
  })

  test.skipIf(process.getuid?.() === 0)('a file that may not be read', async () => {
    await copyFile(join(workspace.folder, 'good.parquet'), join(workspace.folder, 'locked.parquet'))
    await chmod(join(workspace.folder, 'locked.parquet'), 0)
    expect(await workspace.refusal('locked.parquet')).toBe('locked.parquet cannot be opened for reading.\nCheck its permissions.')
  })
})

describe('files that are no Parquet, or no longer', () => {
  test('a text file with the ending of Parquet', async () => {
    expect(await workspace.refusal(await file('text.parquet', 'server_id,timestamp,predicted\nsrv-1,2026-01-01,50\n'))).toBe(
      'text.parquet is not a Parquet file.\nConvert it to Parquet first.',
    )
  })

  test('a file of zero bytes', async () => {
    expect(await workspace.refusal(await file('zero.parquet', ''))).toBe('zero.parquet is empty (0 bytes).\nWrite it again.')
  })

  test('an encrypted file', async () => {
    expect(await workspace.refusal(await file('secret.parquet', 'PARE............PARE'))).toBe(
      'secret.parquet is an encrypted Parquet file.\nWrite it without encryption.',
    )
  })

  const missingFooter =
    'cut.parquet is a truncated or damaged Parquet file: its footer is missing.\nWrite, copy or download the file again.'

  test.each([
    ['after its first mark', () => 4],
    ['in its data', () => 200],
    ['at the beginning of its footer', () => validRows.length - 8 - footer],
    ['inside its footer', () => validRows.length - 8 - Math.floor(footer / 2)],
    ['before the length of its footer', () => validRows.length - 8],
    ['inside the length of its footer', () => validRows.length - 6],
    ['one byte before its end', () => validRows.length - 1],
  ])('a file cut %s', async (_, length) => {
    expect(await workspace.refusal(await file('cut.parquet', validRows.subarray(0, length())))).toBe(missingFooter)
  })

  const invalidRows = 'Write, copy or download the file again.'
  test.each([
    ['zero', () => 0, `length.parquet is a truncated or damaged Parquet file: its footer does not fit into it.\n${invalidRows}`],
    ['one too small', () => footer - 1, `length.parquet is a damaged Parquet file: its contents cannot be read.\n${invalidRows}`],
    ['one too great', () => footer + 1, `length.parquet is a damaged Parquet file: its contents cannot be read.\n${invalidRows}`],
    [
      'the whole file',
      () => validRows.length,
      `length.parquet is a truncated or damaged Parquet file: its footer does not fit into it.\n${invalidRows}`,
    ],
    [
      'four gigabytes',
      () => 0xffffffff,
      `length.parquet is a truncated or damaged Parquet file: its footer does not fit into it.\n${invalidRows}`,
    ],
  ])('a footer whose length says %s', async (_, length, sentence) => {
    const damaged = Buffer.from(validRows)
    damaged.writeUInt32LE(length(), damaged.length - 8)
    expect(await workspace.refusal(await file('length.parquet', damaged))).toBe(sentence)
  })

  test('a file without its middle', async () => {
    const dataWithHole = Buffer.concat([validRows.subarray(0, 100), validRows.subarray(validRows.length - 8 - footer)])
    expect(await workspace.refusal(await file('holed.parquet', dataWithHole))).toBe(
      `holed.parquet is a damaged Parquet file: its contents cannot be read.\n${invalidRows}`,
    )
  })

  test('one damaged file among sound ones is named', async () => {
    await workspace.write('some/a.parquet', smallForecasts)
    await file('some/b.parquet', validRows.subarray(0, validRows.length - 1))
    expect(await workspace.refusal('some')).toMatch(/^b\.parquet is a truncated or damaged Parquet file/)
  })

  test('a set without rows', async () => {
    await workspace.write('bare.parquet', `SELECT * FROM (${smallForecasts}) WHERE false`)
    expect(await workspace.refusal('bare.parquet')).toBe('bare.parquet has no rows.\nCheck the pipeline that writes it.')
  })
})

describe('columns', () => {
  test.each([
    [
      'server_id',
      `SELECT server_id AS servr_id, timestamp, predicted FROM (${smallForecasts})`,
      'f.parquet has no column server_id; it has servr_id, timestamp, predicted (nearest: servr_id).\n' +
        'State the column with --map server_id=servr_id, or rename it to server_id.',
    ],
    [
      'timestamp',
      `SELECT server_id, predicted FROM (${smallForecasts})`,
      'f.parquet has no column timestamp; it has server_id, predicted.\nState the column with --map timestamp=COLUMN, or rename it to timestamp.',
    ],
    [
      'predicted',
      `SELECT server_id, timestamp, predicted AS predictd FROM (${smallForecasts})`,
      'f.parquet has no column predicted; it has server_id, timestamp, predictd (nearest: predictd).\n' +
        'State the column with --map predicted=predictd, or rename it to predicted.',
    ],
  ])('no %s', async (_, sql, sentence) => {
    await workspace.write('f.parquet', sql)
    expect(await workspace.refusal('f.parquet')).toBe(sentence)
  })

  test.each([
    ['server_id', '1.5::DOUBLE', 'numbers with decimals', 'text or whole numbers', 'DOUBLE'],
    ['server_id', "DECIMAL(3,1) '1.5'", 'numbers with decimals', 'text or whole numbers', 'DECIMAL(3,1)'],
    ['timestamp', "'a'::BLOB", 'binary data', 'a date, a timestamp or ISO text', 'BLOB'],
    ['timestamp', 'true', 'true and false', 'a date, a timestamp or ISO text', 'BOOLEAN'],
    ['timestamp', "TIME '10:00'", 'times of day', 'a date, a timestamp or ISO text', 'TIME'],
    ['predicted', "DATE '2026-01-01'", 'dates', 'numbers', 'DATE'],
    ['predicted', '[50.5]', 'lists', 'numbers', 'DECIMAL(3,1)[]'],
    ['predicted', '{p: 50}', 'nested records', 'numbers', 'STRUCT(p INTEGER)'],
    ['model', '1.5', 'numbers with decimals', 'text', 'DECIMAL(2,1)'],
    ['actual', 'true', 'true and false', 'numbers', 'BOOLEAN'],
    ['yhat_upper', "DATE '2026-01-01'", 'dates', 'numbers', 'DATE'],
    ['is_future', "'yes'", 'text', 'true and false', 'VARCHAR'],
  ])('%s as %s', async (column, value, foundType, expectedType, type) => {
    await workspace.write('f.parquet', withReplacedColumn(column, value))
    expect(await workspace.refusal('f.parquet')).toBe(
      `Column ${column} of f.parquet holds ${foundType}, but ${column} needs ${expectedType}.\nWrite ${column} as ${expectedType}; its type is ${type}.`,
    )
  })

  test.each([
    ['metric', '1.5', 'Column metric of f.parquet holds numbers with decimals, but metric needs text.'],
    ['cutoff', '5', 'Column cutoff of f.parquet holds whole numbers, but cutoff needs a date or timestamp.'],
    ['horizon_offset', "'x'", 'Column horizon_offset of f.parquet holds text, but horizon_offset needs numbers.'],
  ])('the optional %s as %s', async (column, value, sentence) => {
    await workspace.write('f.parquet', `SELECT *, ${value} AS ${column} FROM (${smallForecasts})`)
    expect((await workspace.refusal('f.parquet')).split('\n')[0]).toBe(sentence)
  })

  test('server_id as bytes that are no text', async () => {
    await workspace.write(
      'f.parquet',
      withReplacedColumn('server_id', `CASE WHEN timestamp = '2026-01-05' THEN '\\xFF'::BLOB ELSE 'a'::BLOB END`),
    )
    expect(await workspace.refusal('f.parquet')).toBe(
      'Column server_id of f.parquet holds binary data that is no UTF-8 text in 3 rows.\nWrite the names as text.',
    )
  })

  test('an alias of the wrong type is called by its own name', async () => {
    await workspace.write('f.parquet', `SELECT * EXCLUDE predicted, true AS yhat FROM (${smallForecasts})`)
    expect(await workspace.refusal('f.parquet')).toMatch(/^Column yhat of f\.parquet holds true and false, but predicted needs numbers\.\n/)
  })

  test('numbers as text, of which some are none', async () => {
    await workspace.write('f.parquet', withReplacedColumn('yhat_lower', "CASE WHEN timestamp = '2026-01-05' THEN 'low' ELSE '1.5' END"))
    expect(await workspace.refusal('f.parquet')).toBe(
      'Column yhat_lower of f.parquet holds 3 values that are not a number, for instance "low".\nCorrect the values, or leave them empty.',
    )
  })

  test.each(['risk_flag', 'risk_level', 'month', 'is_eoq', 'Is_Holiday', 'seasonal_peak_risk', 'is_underutilized', 'is_selected'])(
    'a column that is called %s like one of ours',
    async (column) => {
      await workspace.write('f.parquet', `SELECT *, 1 AS ${column} FROM (${smallForecasts})`)
      expect(await workspace.refusal('f.parquet')).toBe(
        `f.parquet already has a column ${column}, which the analysis writes itself.\n` +
          `Rename or drop ${column}; or, if this is a result, open its folder instead.`,
      )
    },
  )
})

describe('values', () => {
  const isThird = `server_id = 'srv-3'`
  const isFifth = `timestamp = '2026-01-05'`

  test.each([
    [
      'times that are no times',
      withReplacedColumn('timestamp', `CASE WHEN ${isFifth} THEN 'soon' ELSE CAST(timestamp AS VARCHAR) END`),
      'Column timestamp of f.parquet holds 3 unreadable times, for instance "soon".\nWrite times as ISO 8601, for instance 2026-03-31T00:00:00Z.',
    ],
    [
      'two-digit years',
      withReplacedColumn('timestamp', `CASE WHEN ${isFifth} THEN strftime(timestamp, '%y-%m-%d') ELSE CAST(timestamp AS VARCHAR) END`),
      'Column timestamp of f.parquet holds 3 times with a two-digit year, for instance "26-01-05".\nWrite times as ISO 8601, for instance 2026-03-31T00:00:00Z.',
    ],
    [
      'days first, two-digit years',
      withReplacedColumn('timestamp', `strftime(timestamp, '%d-%m-%y')`),
      'Column timestamp of f.parquet holds 90 times with a two-digit year, for instance "01-01-26", "02-01-26", "03-01-26".\nWrite times as ISO 8601, for instance 2026-03-31T00:00:00Z.',
    ],
    [
      'every year beyond what a date of JavaScript holds',
      withReplacedColumn('timestamp', `timestamp + INTERVAL '278000' YEAR`),
      'Column timestamp of f.parquet holds 90 times after 2200, for instance "280026-01-01 00:00:00", "280026-01-02 00:00:00", "280026-01-03 00:00:00".\nWrite times as ISO 8601, for instance 2026-03-31T00:00:00Z.',
    ],
    [
      'a year before 1970',
      withReplacedColumn('timestamp', `CASE WHEN ${isFifth} AND ${isThird} THEN TIMESTAMP '1926-01-05' ELSE timestamp END`),
      'Column timestamp of f.parquet holds 1 time before 1970, for instance "1926-01-05 00:00:00".\nWrite times as ISO 8601, for instance 2026-03-31T00:00:00Z.',
    ],
    [
      'a horizon of the wrong century',
      withReplacedColumn(
        'timestamp',
        `CASE WHEN actual IS NULL AND ${isThird} THEN CAST(timestamp AS DATE) + INTERVAL 100 YEAR ELSE timestamp END`,
      ),
      'Column timestamp of f.parquet holds 10 times more than 30 years after the last measured one, for instance "2126-01-21 00:00:00", "2126-01-22 00:00:00", "2126-01-23 00:00:00".\nWrite times as ISO 8601, for instance 2026-03-31T00:00:00Z.',
    ],
    [
      'a time without end',
      withReplacedColumn('timestamp', `CASE WHEN ${isFifth} AND ${isThird} THEN TIMESTAMP 'infinity' ELSE timestamp END`),
      'Column timestamp of f.parquet holds 1 unreadable time, for instance "infinity".\nWrite times as ISO 8601, for instance 2026-03-31T00:00:00Z.',
    ],
    [
      'infinite predictions',
      withReplacedColumn('predicted', `CASE WHEN ${isFifth} THEN DOUBLE 'inf' ELSE predicted END`),
      'Column predicted of f.parquet holds 3 values that are infinite or beyond 1e+30.\nWrite an empty value where the forecast failed.',
    ],
    [
      'one measurement of minus infinity',
      withReplacedColumn('actual', `CASE WHEN ${isFifth} AND ${isThird} THEN DOUBLE '-inf' ELSE actual END`),
      'Column actual of f.parquet holds 1 value that is infinite or beyond 1e+30.\nWrite an empty value where the forecast failed.',
    ],
    [
      'an infinite bound in single precision',
      withReplacedColumn('yhat_upper', `CASE WHEN ${isThird} THEN FLOAT 'inf' ELSE CAST(yhat_upper AS FLOAT) END`),
      'Column yhat_upper of f.parquet holds 30 values that are infinite or beyond 1e+30.\nWrite an empty value where the forecast failed.',
    ],
    [
      'a measurement beyond single precision, which the simulated paths once never came back from',
      withReplacedColumn('actual', `CASE WHEN ${isFifth} AND ${isThird} THEN 1e39 ELSE actual END`),
      'Column actual of f.parquet holds 1 value that is infinite or beyond 1e+30.\nWrite an empty value where the forecast failed.',
    ],
    [
      'rows without a server',
      withReplacedColumn('server_id', `CASE WHEN NOT ${isFifth} THEN server_id END`),
      'Column server_id of f.parquet is empty in 3 rows.\nEvery row needs a server_id; fill it in or drop the rows.',
    ],
    [
      'a row without a time',
      withReplacedColumn('timestamp', `CASE WHEN NOT (${isFifth} AND ${isThird}) THEN timestamp END`),
      'Column timestamp of f.parquet is empty in 1 row.\nEvery row needs a timestamp; fill it in or drop the rows.',
    ],
    [
      'no future row, as is_future states',
      withReplacedColumn('is_future', 'false'),
      'f.parquet has no future rows: column is_future or actual marks none.\nInclude the forecast rows after the last measured time.',
    ],
    [
      'a future stated by a 2',
      withReplacedColumn('is_future', `CASE WHEN ${isFifth} AND ${isThird} THEN 2 ELSE CAST(is_future AS INTEGER) END`),
      'Column is_future of f.parquet holds numbers other than 1 and 0, for instance 2.\nWrite true or false, or 1 or 0.',
    ],
    [
      'a past stated by a -1',
      withReplacedColumn('is_future', `CASE WHEN is_future THEN 1 ELSE -1 END`),
      'Column is_future of f.parquet holds numbers other than 1 and 0, for instance -1.\nWrite true or false, or 1 or 0.',
    ],
    [
      'a future stated by a 2, in columns that are read as several models',
      `SELECT * EXCLUDE (model, predicted, yhat_lower, yhat_upper) REPLACE (CASE WHEN is_future THEN 2 ELSE 0 END AS is_future),
              predicted AS predicted_a, predicted + 1 AS predicted_b FROM (${smallForecasts})`,
      'Column is_future of f.parquet holds numbers other than 1 and 0, for instance 2.\nWrite true or false, or 1 or 0.',
    ],
    [
      'no future row, as the measurements show',
      `SELECT * EXCLUDE is_future FROM (${smallForecasts}) WHERE actual IS NOT NULL`,
      'f.parquet has no future rows: column is_future or actual marks none.\nInclude the forecast rows after the last measured time.',
    ],
    [
      'one row twice',
      `FROM (${smallForecasts}) UNION ALL FROM (${smallForecasts}) WHERE ${isFifth} AND ${isThird}`,
      'f.parquet has more than one row for 1 key (server_id, metric, model, timestamp), for instance srv-3, cpu_p95, m1 at 2026-01-05T00:00:00Z.\n' +
        'Keep one forecast per key: one cut-off, one run of each model.',
    ],
    [
      'six rows twice, of which three are shown',
      `FROM (${smallForecasts}) UNION ALL FROM (${smallForecasts}) WHERE timestamp > '2026-01-28'`,
      'f.parquet has more than one row for 6 keys (server_id, metric, model, timestamp), for instance srv-1, cpu_p95, m1 at 2026-01-29T00:00:00Z; ' +
        'srv-1, cpu_p95, m1 at 2026-01-30T00:00:00Z; srv-2, cpu_p95, m1 at 2026-01-29T00:00:00Z.\n' +
        'Keep one forecast per key: one cut-off, one run of each model.',
    ],
    [
      'a row in the place of another, so that their number is right',
      `SELECT * REPLACE (CASE WHEN ${isFifth} AND ${isThird} THEN timestamp + INTERVAL 1 DAY ELSE timestamp END AS timestamp) FROM (${smallForecasts})`,
      'f.parquet has more than one row for 1 key (server_id, metric, model, timestamp), for instance srv-3, cpu_p95, m1 at 2026-01-06T00:00:00Z.\n' +
        'Keep one forecast per key: one cut-off, one run of each model.',
    ],
    [
      'a row twice in a series with a gap, next to others with gaps and without repetitions',
      `WITH gappy AS (SELECT * FROM (${smallForecasts}) WHERE day(timestamp) <> 9)
       FROM gappy UNION ALL FROM gappy WHERE ${isFifth} AND ${isThird}`,
      'f.parquet has more than one row for 1 key (server_id, metric, model, timestamp), for instance srv-3, cpu_p95, m1 at 2026-01-05T00:00:00Z.\n' +
        'Keep one forecast per key: one cut-off, one run of each model.',
    ],
    [
      'the same instant in two time zones',
      `SELECT * REPLACE (timestamp || 'Z' AS timestamp) FROM (${smallForecasts})
       UNION ALL SELECT * REPLACE (timestamp + INTERVAL 2 HOUR || '+02:00' AS timestamp) FROM (${smallForecasts}) WHERE ${isFifth} AND ${isThird}`,
      'f.parquet has more than one row for 1 key (server_id, metric, model, timestamp), for instance srv-3, cpu_p95, m1 at 2026-01-05T00:00:00Z.\n' +
        'Keep one forecast per key: one cut-off, one run of each model.',
    ],
  ])('%s', async (_, sql, sentence) => {
    await workspace.write('f.parquet', sql)
    expect(await workspace.refusal('f.parquet')).toBe(sentence)
  })
})

test.each(['2', '-1', 'maybe'])('a folder that states the future by %s', async (value) => {
  for (const [folder, condition] of [
    [value, 'is_future'],
    ['0', 'NOT is_future'],
  ] as const)
    await workspace.write(
      `parts-${value}/is_future=${folder}/f.parquet`,
      `SELECT * EXCLUDE is_future FROM (${smallForecasts}) WHERE ${condition}`,
    )
  expect(await workspace.refusal(`parts-${value}`)).toBe(
    `The folder of is_future=${value}/f.parquet is named is_future=${value}, which is neither true nor false.\nName it is_future=true or is_future=false.`,
  )
})

describe('JSON in which a key stands twice in one object: readers differ in which value counts', () => {
  const row = (day: number, more = ''): string =>
    `{"server_id":"a","timestamp":"2026-01-${String(day).padStart(2, '0')}",${day < 20 ? '"actual":40,' : ''}"predicted":41${more}}`
  const rows = (changed: string): string[] => Array.from({ length: 28 }, (_, day) => (day === 24 ? changed : row(day + 1)))
  const list = (text: string): string => `[${text}]`
  const series = (more: string): string =>
    `{"metric":{"__name__":"cpu","instance":"a"${more}},"values":[[1767225600,"40"],[1767312000,"41"]]}`

  test.each([
    ['a line of JSON Lines', 'f.jsonl', rows(row(25, ',"predicted":95')).join('\n'), 'predicted'],
    ['the first line', 'f.jsonl', [row(1, ',"predicted":95'), row(2)].join('\n'), 'predicted'],
    ['a column without a role', 'f.jsonl', rows(row(25, ',"note":1,"note":2')).join('\n'), 'note'],
    ['an object of an array', 'f.json', list(rows(row(25, ',"predicted":95')).join(',\n')), 'predicted'],
    ['an object in a line', 'f.jsonl', rows(row(25, ',"interval":{"lower":30,"upper":50,"lower":35}')).join('\n'), 'lower'],
    ['an object in an object', 'f.jsonl', rows(row(25, ',"a":{"interval":[{"lower":30,"lower":35}]}')).join('\n'), 'lower'],
    ['a server of Prometheus', 'f.json', `{"status":"success","data":{"result":${list(series(',"instance":"b"'))}}}`, 'instance'],
    ['the values of Prometheus', 'f.json', `{"status":"success","data":{"result":[],"result":${list(series(''))}}}`, 'result'],
    [
      'a result of CloudWatch',
      'f.json',
      '{"MetricDataResults":[{"Id":"m","Label":"a","Label":"b","Timestamps":["2026-01-01T00:00:00Z"],"Values":[40]}]}',
      'Label',
    ],
    ['a row of pandas', 'f.json', `{"schema":{"fields":[{"name":"server_id"}]},"data":${list(row(1, ',"predicted":95'))}}`, 'predicted'],
    ['a labelled row of pandas', 'f.json', `{"0":${row(1)},"1":${row(25, ',"predicted":95')}}`, 'predicted'],
  ])('%s', async (_, name, text, key) => {
    expect(await workspace.refusal(await file(name, text))).toBe(
      `${name} has the key "${key}" twice in one object.\nWrite each key once per object.`,
    )
  })

  test.each([
    ['the output', [`{"mean":[1,2],"mean":[3,4]}`], [`{"start":"2026-05-01 00:00:00","target":[1,2],"item_id":"a"}`], 'mean'],
    ['its quantiles', [`{"quantiles":{"0.9":[1,2],"0.9":[3,4]}}`], [`{"start":"2026-05-01 00:00:00","target":[1],"item_id":"a"}`], '0.9'],
    ['the input', [`{"mean":[1,2]}`], [`{"start":"2026-05-01 00:00:00","target":[1,2],"item_id":"a","item_id":"b"}`], 'item_id'],
  ])('%s of a batch transform', async (_, output, input, key) => {
    const names = [await file('t.jsonl.out', output.join('\n')), await file('t.jsonl', input.join('\n'))]
    expect(await workspace.refusal(names[0]!, '--batch-input', names[1]!, '--batch-step', 'D')).toBe(
      `${key === 'item_id' ? 't.jsonl' : 't.jsonl.out'} has the key "${key}" twice in one object.\nWrite each key once per object.`,
    )
  })
})

describe('files of one set', () => {
  const first = `SELECT * FROM (${smallForecasts}) WHERE server_id = 'srv-1'`
  const rest = `SELECT * FROM (${smallForecasts}) WHERE server_id <> 'srv-1'`
  const set = async (second: string): Promise<string> => {
    await rm(join(workspace.folder, 'set'), { recursive: true, force: true })
    await workspace.write('set/a.parquet', first)
    await workspace.write('set/year=2026/b.parquet', second)
    return workspace.refusal('set')
  }

  test.each([
    ['predicted', "'50'", 'text', 'numbers with decimals'],
    ['predicted', 'true', 'true and false', 'numbers with decimals'],
    ['timestamp', 'CAST(timestamp AS VARCHAR)', 'text', 'times'],
    ['timestamp', '1767225600', 'whole numbers', 'times'],
    ['server_id', 'row_number() OVER ()', 'whole numbers', 'text'],
  ])('that disagree about %s (%s)', async (column, value, foundType, elsewhere) => {
    expect(await set(`SELECT * REPLACE (${value} AS ${column}) FROM (${rest})`)).toBe(
      `Column ${column} of year=2026/b.parquet holds ${foundType}, but in a.parquet it holds ${elsewhere}.\nWrite all files of the dataset with one schema.`,
    )
  })

  test('of which one lacks what every row needs', async () => {
    expect(await set(`SELECT server_id, timestamp FROM (${rest})`)).toBe(
      'year=2026/b.parquet has no column predicted, which a.parquet has; it has server_id, timestamp.\nWrite all files of the dataset with one schema.',
    )
  })

  test('of which one holds infinite values', async () => {
    expect(await set(`SELECT * REPLACE (DOUBLE 'inf' AS predicted) FROM (${rest})`)).toMatch(
      /^Column predicted of the dataset of 2 files \(first in year=2026\/b\.parquet\) holds 60 values that are infinite/,
    )
  })
})
