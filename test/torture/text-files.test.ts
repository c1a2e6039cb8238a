// Random text files whose rows the generator knows: each is read right or refused in one sentence.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { Database } from '../../src-main/database/database.ts'
import { openForecastDataset } from '../../src-main/forecasts/forecast-dataset.ts'
import { completeConfig } from '../../src-shared/config/analysis-config.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { pickOne, randomBelow, randomFor, rounds, tally } from '../fixtures/torture.ts'

let folder: string
let database: Database
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-text-torture-'))
  database = await Database.open()
})
afterAll(async () => {
  database.close()
  await rm(folder, { recursive: true })
})

interface WrittenFile {
  readonly text: string
  /** Server, day and value of every row; null where the file has a fault. */
  readonly rows: readonly string[] | null
}

/** Names that a format may trip over. */
const names = ['web-1', 'a b', 'x,y', 'p;q', 'say "hi"', 'ü', '日本', "it's", '0012', '1e5', 'tab\there', 'NULLa']

const writeFileText = (random: () => number): WrittenFile => {
  const delimiter = pickOne(random, [',', ';', '\t'])
  const usesComma = delimiter !== ',' && random() < 0.5
  const dates = pickOne(random, ['iso', 'day-first'])
  const ending = pickOne(random, ['\n', '\r\n'])
  const fault = pickOne(random, ['none', 'none', 'none', 'ragged', 'word', 'mixed', 'quote'])
  const quoted = (field: string): string => (random() < 0.3 || /["\r\n\t;,]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)
  const count = 15 + randomBelow(random, 20)
  const rows: string[] = []
  const lines = [['server_id', 'ds', 'predicted'].map(quoted).join(delimiter)]
  const faultAt = randomBelow(random, count)
  for (let index = 0; index < count; index++) {
    const server = pickOne(random, names)
    // Four decimals: a number that two locales read in one way alone.
    const value = (1 + randomBelow(random, 990_000)) / 10_000 + 0.00001
    const day = String((index % 28) + 1).padStart(2, '0')
    rows.push(`${server.trim()}|2026-03-${day}|${value}`)
    const number = usesComma ? String(value).replace('.', ',') : String(value)
    const fields = [quoted(server), quoted(dates === 'iso' ? `2026-03-${day}` : `${day}.03.2026`), quoted(number)]
    if (index === faultAt && fault === 'ragged') fields.pop()
    if (index === faultAt && fault === 'word') fields[2] = 'broken'
    if (index === faultAt && fault === 'mixed') fields[2] = usesComma ? '12.345' : '"12,345"'
    if (index === faultAt && fault === 'quote') fields[0] = `"${fields[0]!.replaceAll('"', '')}`
    lines.push(fields.join(delimiter))
  }
  const mark = random() < 0.3 ? '\uFEFF' : ''
  return { text: `${mark}${lines.join(ending)}${random() < 0.8 ? ending : ''}`, rows: fault === 'none' ? rows : null }
}

const readRows = async (path: string): Promise<string[]> => {
  await openForecastDataset(database, [path], completeConfig({}, 'headroom'), { conversionFolder: folder })
  const read = await database.rows(
    "SELECT server_id || '|' || strftime(ts, '%Y-%m-%d') AS key, predicted AS value FROM forecast_rows",
    z.object({ key: z.string(), value: z.number() }),
  )
  return read.map(({ key, value }) => `${key}|${value}`)
}

/** One sentence of ours, not one of DuckDB or zod. */
const isPlainRefusal = (thrown: unknown): boolean =>
  thrown instanceof HeadroomError && thrown.code.startsWith('input-') && !/ Error:|LINE 1|at .*\.ts/.test(thrown.message)

test('text files are read right, or refused in one sentence', async () => {
  const random = randomFor('text-files')
  const count = rounds(150, 10_000)
  let refused = 0
  for (let round = 0; round < count; round++) {
    const { text, rows } = writeFileText(random)
    const path = join(folder, 'f.csv')
    await writeFile(path, text)
    const outcome = await readRows(path).catch((thrown: unknown) => thrown)
    if (rows === null) refused += 1
    const expected = rows ?? 'a plain refusal'
    expect({ round, outcome: rows === null && isPlainRefusal(outcome) ? 'a plain refusal' : outcome }).toEqual({ round, outcome: expected })
  }
  expect(refused).toBeGreaterThan(count / 5)
  tally('text files', count)
})
