// What the import dialog is told about damaged files and wrong answers: one sentence of ours, never a message of DuckDB or zod.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEngineHandlers } from '../../src-main/engine-host/engine-handlers.ts'
import { handleRequest } from '../../src-main/ipc/serve-requests.ts'
import { inspectionSchema } from '../../src-shared/run/inspection.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-messages-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const handlers = createEngineHandlers(() => undefined)

/** Every sentence that the dialog would show. */
const sentencesOf = async (path: string, config: Readonly<Record<string, unknown>> = {}): Promise<string[]> => {
  const responses = [
    await handleRequest(handlers, 'forecasts.columns', { paths: [path] }),
    await handleRequest(handlers, 'forecasts.inspect', { paths: [path], config, extent: 'first-part' }),
  ]
  return responses.flatMap((response) => {
    if (!response.ok) return [response.error.message, response.error.next ?? '']
    const inspection = inspectionSchema.safeParse(response.value).data
    if (inspection === undefined) return []
    const { question, problem, warnings, left_out: leftOut } = inspection
    return [
      question?.sentence ?? '',
      problem?.sentence ?? '',
      problem?.next ?? '',
      ...warnings.map(({ message }) => message),
      ...leftOut.map(({ reason }) => reason),
    ]
  })
}

/** Words of DuckDB, of zod and of JavaScript. */
const foreign =
  /\b(Binder|Catalog|Parser|Conversion|Invalid Input|Invalid|IO|Internal|Out of Range|CSV|Type|Syntax|Range)\s?Error\b|read_csv|read_json|DuckDB|LINE \d|expected .+ received|Invalid (input|option|key)|Unrecognized|undefined|\[object|\bat .+\.[tj]s:\d|"code":/

const header = 'server_id,timestamp,predicted\n'
const rows = (count: number, cells: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `${cells(index)}\n`).join('')
const day = (index: number): string => new Date(Date.UTC(2027, 0, 1 + index)).toISOString().slice(0, 10)
const good = header + rows(30, (index) => `web-1,${day(index)},${index}`)

const files: Readonly<Record<string, string | Buffer>> = {
  'empty.csv': '',
  'blank.csv': '\n\n\n',
  'one-column.csv': 'server_id\nweb-1\n',
  'header-only.csv': header,
  'ragged.csv': `${header}web-1,2027-01-01\nweb-1,2027-01-02,3,4\n`,
  'quotes.csv': `${header}"web-1,2027-01-01,3\nweb-1,2027-01-02,4\n`,
  'inner-quotes.csv': `${header}we"b-1,2027-01-01,"3"4\n`,
  'twice.csv': 'server_id,server_id,timestamp,predicted\na,b,2027-01-01,1\n',
  'nul.csv': `${header}web\0-1,2027-01-01,1\n`,
  'latin1.csv': Buffer.from(`${header}web-\u00e9,2027-01-01,1\n`, 'latin1'),
  'utf16.csv': Buffer.from(`\uFEFF${good}`, 'utf16le'),
  'long-line.csv': `${header}${'x'.repeat(5_000_000)},2027-01-01,1\n`,
  'times.csv': header + rows(30, (index) => `web-1,some day ${index},1`),
  'ambiguous-times.csv': header + rows(10, (index) => `web-1,0${(index % 9) + 1}/0${(index % 9) + 1}/2027,1`),
  'years.csv': header + rows(30, (index) => `web-1,${252026 + index}-01-01,1`),
  'numbers.csv': header + rows(30, (index) => `web-1,${day(index)},about ${index}`),
  'locales.csv': 'server_id;timestamp;predicted\n' + rows(30, (index) => `web-1;${day(index)};1.${200 + index}`),
  'infinite.csv': header + rows(30, (index) => `web-1,${day(index)},inf`),
  'repeated.csv': header + rows(30, () => `web-1,2027-01-01,1`),
  'no-names.csv': header + rows(30, (index) => `,${day(index)},1`),
  'columns.csv': 'box,when,load,plan\nweb-1,2027-01-01,1,2\n',
  'only-numbers.csv': 'a,b,c\n1,2,3\n',
  'page.csv': '<html><body>Not found, sorry</body></html>\n',
  'fractions.csv': header + rows(30, (index) => `web-1,${day(index)},0.${10 + index}`),
  'broken.jsonl': '{"server_id":"a","timestamp":"2027-01-01","predicted":1}\n{"server_id":\n',
  'arrays.json': '[[1,2],[3,4]]',
  'text.json': 'hello',
  'nested.jsonl': '{"server_id":{"a":1},"timestamp":["2027-01-01"],"predicted":{"b":2}}\n',
  'torn.csv.gz': gzipSync(good).subarray(0, 60),
  'no-gzip.csv.gz': 'plain text',
  'no-zstd.csv.zst': Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3]),
  'broken.parquet': 'PAR1 but not really',
  'short.parquet': 'PAR1',
  'sheet.xlsx': Buffer.from('504b030414000600', 'hex'),
}

describe('files', () => {
  test.each(Object.keys(files))('%s', async (name) => {
    const path = join(folder, name)
    await writeFile(path, files[name]!)
    const sentences = await sentencesOf(path)
    expect(sentences.filter((sentence) => foreign.test(sentence))).toEqual([])
    expect(sentences.filter((sentence) => /\n/.test(sentence) || sentence.length > 600)).toEqual([])
  })
})

describe('answers', () => {
  test.each<Readonly<Record<string, unknown>>>([
    { map: { server_id: 'nobody' } },
    { map: { server_id: 'predicted', predicted: 'predicted' } },
    { map: { predicted: 'server_id' } },
    { map: { timestamp: 'predicted' } },
    { map: { predicted: '*' } },
    { map: { owner: 'server_id' } },
    { map: { 'server_id"; DROP TABLE source; --': 'x' } },
    { map: { server_id: `"'; DROP VIEW source; --` } },
    { map: ['server_id'] },
    { wide: 'models' },
    { wide: 'servers' },
    { wide: 'metrics' },
    { wide: 'rows' },
    { date_format: '%Q' },
    { date_format: "%d'%" },
    { date_format: 'soon' },
    { decimal: 'comma' },
    { decimal: 'dot' },
    { interval_level: 2 },
    { time_zone: 'Mars/Olympus' },
    { metric_units: { cpu_p95: 'apples' } },
    { target_metric: '' },
  ])('%j', async (config) => {
    const path = join(folder, 'good.csv')
    await writeFile(path, good)
    const sentences = await sentencesOf(path, config)
    expect(sentences.filter((sentence) => foreign.test(sentence))).toEqual([])
  })
})
