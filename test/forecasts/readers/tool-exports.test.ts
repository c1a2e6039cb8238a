// Exports in the shapes that their tools document: each gives the rows that it holds, or asks one question whose options work.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parseConfig } from '../../../src-main/config/parse-config.ts'
import { Database, literal } from '../../../src-main/database/database.ts'
import { openForecastDataset, type OpenOptions } from '../../../src-main/forecasts/forecast-dataset.ts'
import { InputQuestionError } from '../../../src-main/forecasts/input-question.ts'
import { validateForecasts } from '../../../src-main/forecasts/validate-forecasts.ts'

let folder: string
let database: Database
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-exports-'))
  database = await Database.open()
})
afterAll(async () => {
  database.close()
  await rm(folder, { recursive: true })
})

type Config = Readonly<Record<string, unknown>>
interface Read {
  /** `server day metric measured forecast lower upper`; a dash where a value is missing. */
  readonly rows: readonly string[]
  readonly level: number | null
  readonly warnings: readonly string[]
}

const read = async (path: string, config: Config = {}, measurements: OpenOptions['measurements'] = 'accepted'): Promise<Read> => {
  const settings = parseConfig(config, 'headroom')
  const dataset = await openForecastDataset(database, [path], settings, { conversionFolder: folder, measurements })
  await validateForecasts(database, dataset, settings)
  const { rows } = await database.row(
    `SELECT list(concat_ws(' ', server_id, strftime(ts, '%m-%dT%H'), metric, coalesce(CAST(round(actual, 6) AS VARCHAR), '-'),
       coalesce(CAST(predicted AS VARCHAR), '-'), coalesce(CAST(yhat_lower AS VARCHAR), '-'), coalesce(CAST(yhat_upper AS VARCHAR), '-')) ORDER BY ts, server_id, metric) AS rows
     FROM forecast_rows`,
    z.object({ rows: z.array(z.string()) }),
  )
  return { rows, level: dataset.mapping.interval_level, warnings: dataset.warnings.map(({ code }) => code) }
}

const readText = async (name: string, content: string, config?: Config, measurements?: OpenOptions['measurements']): Promise<Read> => {
  const path = join(folder, name)
  await writeFile(path, content)
  return read(path, config, measurements)
}

const readParquet = async (name: string, query: string, config?: Config): Promise<Read> => {
  const path = join(folder, name)
  await database.run(`COPY (${query}) TO ${literal(path)} (FORMAT parquet)`)
  return read(path, config)
}

const questionOf = async (reading: Promise<unknown>): Promise<InputQuestionError> => {
  const thrown: unknown = await reading.catch((error: unknown) => error)
  if (thrown instanceof InputQuestionError) return thrown
  throw new Error(`No question: ${String(thrown)}`)
}

const forecast = ['a 05-30T00 cpu_p95 - 20.0 10.5 30.25', 'b 05-31T00 cpu_p95 - 40.0 35.0 45.0']
const measured = (metric = 'cpu_p95'): string[] => [`a 05-30T00 ${metric} 19.5 - - -`, `b 05-31T00 ${metric} 40.0 - - -`]

describe('forecasts', () => {
  test.each([
    ['Orbit', 'date,server,prediction_5,prediction,prediction_95\n2026-05-30,a,10.5,20,30.25\n2026-05-31,b,35,40,45\n', 0.9],
    ['percentiles of a forecast', 'ds,server,forecast_p10,forecast,forecast_p90\n2026-05-30,a,10.5,20,30.25\n2026-05-31,b,35,40,45\n', 0.8],
    ['Azure with intervals called PI', 'date,server,predicted,PI\n2026-05-30,a,20,"[10.5, 30.25]"\n2026-05-31,b,40,"[35, 45]"\n', null],
    [
      'fable with distributions',
      'server,.model,ds,value,.mean,80%\na,ets,2026-05-30,"N(20, 2.5)",20,"[10.5, 30.25]80"\nb,ets,2026-05-31,"N(40, 3)",40,"[35, 45]80"\n',
      0.8,
    ],
    ['fable without them', 'server,.model,ds,.mean,80%\na,ets,2026-05-30,20,"[10.5, 30.25]80"\nb,ets,2026-05-31,40,"[35, 45]80"\n', 0.8],
    ['prediction intervals', 'ds,server,mean,pi_lower,pi_upper\n2026-05-30,a,20,10.5,30.25\n2026-05-31,b,40,35,45\n', null],
    [
      'DataRobot',
      'Series ID,Timestamp,cpu_p95_PREDICTION,PREDICTION_80_PERCENTILE_LOW,PREDICTION_80_PERCENTILE_HIGH\na,2026-05-30,20,10.5,30.25\nb,2026-05-31,40,35,45\n',
      0.8,
    ],
    [
      'sktime with a column per metric',
      `server,date,"('cpu_p95', 0.9, 'lower')","('cpu_p95', 0.9, 'upper')",cpu_p95\na,2026-05-30,10.5,30.25,20\nb,2026-05-31,35,45,40\n`,
      0.9,
    ],
    ['SAS', 'server,DATE,PREDICT,LOWER,UPPER\na,30MAY2026,20,10.5,30.25\nb,31MAY2026:00:00:00,40,35,45\n', null],
  ])('%s', async (_, text, level) => {
    expect(await readText('f.csv', text)).toMatchObject({ rows: forecast, level })
  })

  test('numbers of steps behind the name of a forecast are no quantiles', async () => {
    const steps = [1, 2, 50, 98, 99, 100].map((step) => `forecast_${step}`)
    const { rows } = await readText('n.csv', `server,ds,forecast,${steps.join(',')}\na,2026-05-30,20,1,2,3,4,5,6\n`)
    expect(rows).toEqual(['a 05-30T00 cpu_p95 - 20.0 - -'])
  })

  test('BigQuery explains a forecast next to its history', async () => {
    const lines = [
      'host,time_series_timestamp,time_series_type,time_series_data,time_series_adjusted_data,confidence_level,prediction_interval_lower_bound,prediction_interval_upper_bound',
      'a,2026-05-29 00:00:00 UTC,history,18,18.5,,,',
      'a,2026-05-30 00:00:00 UTC,forecast,20,20,0.8,10.5,30.25',
    ]
    const { rows, level } = await readText('explain.csv', lines.join('\n'))
    expect(rows).toEqual(['a 05-29T00 cpu_p95 18.0 - - -', forecast[0]])
    expect(level).toBe(0.8)
  })

  test.each([
    ['columns', '{"host":{"0":"a","1":"b"},"ds":{"0":1780099200000,"1":1780185600000},"yhat":{"0":20,"1":40}}'],
    ['index', '{"0":{"host":"a","ds":1780099200000,"yhat":20},"1":{"host":"b","ds":1780185600000,"yhat":40}}'],
    ['split', '{"columns":["host","ds","yhat"],"index":[0,1],"data":[["a",1780099200000,20],["b",1780185600000,40]]}'],
    [
      'table',
      '{"schema":{"fields":[{"name":"host"},{"name":"ds"},{"name":"yhat"}],"pandas_version":"1.4.0"},"data":[{"host":"a","ds":"2026-05-30","yhat":20},{"host":"b","ds":"2026-05-31","yhat":40}]}',
    ],
  ])('the frame of pandas by %s', async (_, text) => {
    expect((await readText('frame.json', text)).rows).toEqual(['a 05-30T00 cpu_p95 - 20.0 - -', 'b 05-31T00 cpu_p95 - 40.0 - -'])
  })

  test('columns of a frame with other row labels are refused', async () => {
    const text = '{"host":{"0":"a","1":"b"},"ds":{"0":1780099200000,"2":1780185600000},"yhat":{"0":20,"1":40}}'
    await expect(readText('frame.json', text)).rejects.toThrow('The columns of frame.json have different row labels.')
  })
})

describe('Parquet', () => {
  const rows = `SELECT * FROM (VALUES ('a', '20', 20260530), ('b', '40', 20260531)) t (host, yhat, ds)`
  const expected = ['a 05-30T00 cpu_p95 - 20.0 - -', 'b 05-31T00 cpu_p95 - 40.0 - -']

  test('numbers as text, and days as whole numbers', async () => {
    expect((await readParquet('t.parquet', rows)).rows).toEqual(expected)
  })

  test('a whole number that is an hour or a second is asked about', async () => {
    const hours = rows.replace('20260530', '2026053000').replace('20260531', '2026053100')
    expect((await questionOf(readParquet('h.parquet', hours))).message).toContain('--date-format %Y%m%d%H')
    expect((await readParquet('h.parquet', hours, { date_format: '%Y%m%d%H' })).rows).toEqual(expected)
  })

  test('text that is no number is named', async () => {
    await expect(readParquet('w.parquet', rows.replace("'40'", "'high'"))).rejects.toThrow('for instance "high"')
  })
})

describe('measurements', () => {
  test.each([
    ['Zabbix history', 'host,clock,ns,value\na,1780099200,5,19.5\nb,1780185600,7,40\n', 'cpu_p95'],
    ['Datadog', 'metric,host,time,value\ncpu,host:a,2026-05-30T00:00:00Z,19.5\ncpu,host:b,2026-05-31T00:00:00Z,40\n', 'cpu'],
    [
      'Log Analytics',
      'TimeGenerated [UTC],Computer,CounterName,CounterValue\n"5/30/2026, 12:00:00.000 AM",a,% CPU,19.5\n"5/31/2026, 12:00:00.000 AM",b,% CPU,40\n',
      '% CPU',
    ],
    ['Kibana', 'host.name,@timestamp,cpu.pct\na,"May 30, 2026 @ 00:00:00.000",19.5\nb,"May 31, 2026 @ 00:00:00.000",40\n', 'cpu.pct'],
    [
      'Lens',
      '@timestamp per day,Top 5 values of host.name,Average of cpu.pct\n2026-05-30,a,19.5%\n2026-05-31,b,40%\n',
      'Average of cpu.pct',
    ],
  ])('%s', async (_, text, metric) => {
    expect((await readText('m.csv', text)).rows).toEqual(measured(metric))
  })

  test('sadf: busy is what is left of idle, and the rows of single processors do not count', async () => {
    const head = '# hostname;interval;timestamp;CPU;%user;%nice;%system;%iowait;%steal;%idle'
    const row = (day: number, cpu: string, idle: string): string => `a;600;2026-05-${day} 00:00:00 UTC;${cpu};1;0;1;0;0;${idle}`
    const { rows } = await readText('sadf.csv', [head, row(30, '-1', '80.5'), row(30, '0', '10'), row(31, '-1', '60')].join('\n'))
    expect(rows).toEqual(['a 05-30T00 cpu_percent 19.5 - - -', 'a 05-31T00 cpu_percent 40.0 - - -'])
    const memory = await readText('sadfr.csv', '# hostname;interval;timestamp;kbmemfree;%memused\na;600;2026-05-30 00:00:00 UTC;5;19.5\n')
    expect(memory.rows).toEqual(['a 05-30T00 mem_percent 19.5 - - -'])
  })

  test("the download of CloudWatch's console has lines above a blank one", async () => {
    const text =
      'Full label,a,b\nStatistic,p95,p95\nPeriod,86400,86400\n\nTimestamp,a,b\n2026/05/30 00:00:00,19.5,\n2026/05/31 00:00:00,,40\n'
    expect((await readText('console.csv', text, { wide: 'servers', map: { actual: '*' } })).rows).toEqual(measured())
  })

  test.each([
    ['Datadog', 'avg:cpu.user{host:a},"avg:cpu.user{env:x,host:b}"'],
    ['Prometheus in Grafana', '"{instance=""a:9100"", job=""n""}","cpu{job=""n"", instance=""b""}"'],
  ])('columns of servers as %s names them', async (_, names) => {
    const text = `Time,${names}\n2026-05-30,19.5,\n2026-05-31,,40\n`
    expect((await readText('wide.csv', text, { wide: 'servers', map: { actual: '*' } })).rows).toEqual(measured())
  })

  test.each([
    ['accepted', 'a 05-30T00 cpu_p95 - 19.5 - -'],
    ['read', 'a 05-30T00 cpu_p95 19.5 - - -'],
  ] as const)('plain columns of servers say what they count as: %s', async (measurements, row) => {
    const { rows, warnings } = await readText('plain.csv', 'time,a,b\n2026-05-30,19.5,\n', { wide: 'servers' }, measurements)
    expect(rows).toEqual([row])
    expect(warnings).toContain('assumed-values')
    const stated = await readText('plain.csv', 'time,a,b\n2026-05-30,19.5,\n', { wide: 'servers', map: { predicted: '*' } }, measurements)
    expect(stated).toMatchObject({ rows: ['a 05-30T00 cpu_p95 - 19.5 - -'], warnings: [] })
  })

  test.each([
    ['Azure Monitor', 'timeStamp,resourceId,metricName,average,maximum,minimum,total,count', 'average', 'cpu'],
    ['Zabbix trends', 'clock,host,metric,value_avg,value_max,value_min,num,count', 'value_avg', 'cpu'],
  ])('the statistic of %s is asked about', async (_, names, column, metric) => {
    const text = `${names}\n2026-05-30,a,cpu,19.5,20,1,9,9\n2026-05-31,b,cpu,40,41,2,9,9\n`
    const { message, question } = await questionOf(readText('s.csv', text))
    expect(message).toMatch(/^Which statistic of s\.csv was measured: --map actual=\w+ or --map actual=\w+\?$/)
    expect(question.options[0]).toEqual({ label: column, settings: { map: { actual: column } } })
    expect((await readText('s.csv', text, question.options[0]!.settings)).rows).toEqual(measured(metric))
  })

  test('a statistic alone is asked about as well: it is no model', async () => {
    const text = 'host,time,average\na,2026-05-30,19.5\nb,2026-05-31,40\n'
    const { message, question } = await questionOf(readText('s.csv', text))
    expect(message).toBe('Which statistic of s.csv was measured: --map actual=average?')
    expect((await readText('s.csv', text, question.options[0]!.settings)).rows).toEqual(measured())
  })

  test('measured text in Parquet is asked about, and keeps the names of its metrics', async () => {
    const rows = `SELECT server_id, "timestamp", CAST(value AS VARCHAR) AS mem_p95
      FROM (VALUES ('a', DATE '2026-05-30', 19.5), ('b', DATE '2026-05-31', 40)) AS rows(server_id, "timestamp", value)`
    const { message, question } = await questionOf(readParquet('text.parquet', rows))
    expect(message).toBe('Are the texts of mem_p95 in text.parquet measured numbers: --wide metrics?')
    expect((await readParquet('text.parquet', rows, question.options[0]!.settings)).rows).toEqual(measured('mem_p95'))
    expect((await readParquet('text.parquet', rows, { map: { actual: 'mem_p95' } })).rows).toEqual(measured('mem_p95'))
    const withNumbers = await readParquet('mixed.parquet', `SELECT *, 7.5 AS cpu_p95 FROM (${rows})`)
    expect(withNumbers.rows).toEqual(['a 05-30T00 cpu_p95 7.5 - - -', 'b 05-31T00 cpu_p95 7.5 - - -'])
    expect(withNumbers.warnings).toContain('unread-columns')
  })

  test('vROps names its servers in the only text', async () => {
    const text = 'Name,Timestamp,CPU|Usage (%)\na,"May 30, 2026 12:00:00 AM",19.5\nb,"May 31, 2026 12:00:00 AM",40\n'
    await expect(readText('v.csv', text)).rejects.toMatchObject({
      message: 'v.csv has no column server_id; it has Name, Timestamp, CPU|Usage (%).',
      next: expect.stringMatching(/^State the column with --map server_id=Name,/) as string,
    })
    expect((await readText('v.csv', text, { map: { server_id: 'Name' } })).rows).toEqual(measured('CPU|Usage (%)'))
  })
})

describe('texts', () => {
  const table = (first: string, second: string, time = (day: number): string => `2026-05-${day}`): string =>
    `host;ds;value\na;${time(30)};${first}\nb;${time(31)};${second}\n`

  test.each([
    ['a blank', '1 234,5', '12 345'],
    ['a blank that does not break', '1\u00A0234,5', '12\u00A0345'],
    ['a narrow blank', '1\u202F234,5', '12\u202F345'],
    ['an apostrophe', "1'234.5", '12’345'],
  ])('%s between thousands', async (_, first, second) => {
    const { rows } = await readText('k.csv', table(first, second))
    expect(rows).toEqual(['a 05-30T00 cpu_p95 1234.5 - - -', 'b 05-31T00 cpu_p95 12345.0 - - -'])
  })

  test('a blank elsewhere is no separator', async () => {
    await expect(readText('k.csv', table('1 234,5', '12 34'))).rejects.toThrow('for instance "12 34"')
  })

  test.each(['(null)', 'NoData', 'No Data', 'undefined', '?', '1.#QNAN'])('%s is missing', async (word) => {
    expect((await readText('n.csv', table(word, '40'))).rows).toEqual(['a 05-30T00 cpu_p95 - - - -', measured()[1]])
  })

  test.each([
    ['years first, with dots', (day: number) => `2026.05.${day}`],
    ['RFC 2822', (day: number) => `${day === 30 ? 'Sat' : 'Sun'}, ${day} May 2026 00:00:00 GMT`],
    ['a zone of one offset', (day: number) => `2026-05-${day} 02:00:00 CEST`],
    ['its winter name', (day: number) => `2026-05-${day} 01:00:00 CET`],
  ])('times as %s', async (_, time) => {
    expect((await readText('d.csv', table('19.5', '40', time))).rows).toEqual(measured())
  })

  test.each(['CST', 'IST', 'BST', 'EST', 'PST', 'XYZ'])('the zone %s means several offsets, and is refused', async (zone) => {
    const refused = { code: 'input-time-unreadable', message: expect.stringContaining(`"2026-05-30 02:00:00 ${zone}"`) as string }
    await expect(
      readText(
        'd.csv',
        table('19.5', '40', (day) => `2026-05-${day} 02:00:00 ${zone}`),
      ),
    ).rejects.toMatchObject(refused)
    const rows = `SELECT 'a' AS host, '2026-05-30 02:00:00 ${zone}' AS ds, 1.5 AS yhat`
    await expect(readParquet('z.parquet', rows)).rejects.toMatchObject(refused)
  })
})
