// Outputs of DeepAR's batch transform: servers and times come from the same line of the input.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parseConfig } from '../../../src-main/config/parse-config.ts'
import { Database } from '../../../src-main/database/database.ts'
import { openForecastDataset } from '../../../src-main/forecasts/forecast-dataset.ts'

let folder: string
let database: Database
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-deepar-'))
  database = await Database.open()
})
afterAll(async () => {
  database.close()
  await rm(folder, { recursive: true })
})

const writeLines = async (name: string, objects: readonly object[]): Promise<string> => {
  const path = join(folder, name)
  await writeFile(path, objects.map((object) => `${JSON.stringify(object)}\n`).join(''))
  return path
}

const readRows = async (inputs: readonly string[], config: Readonly<Record<string, unknown>>): Promise<unknown> => {
  await openForecastDataset(database, inputs, parseConfig(config, 'headroom'), { conversionFolder: folder })
  const { rows } = await database.row(
    `SELECT list(concat_ws(' ', server_id, strftime(ts, '%Y-%m-%dT%H'), predicted, yhat_lower, yhat_upper) ORDER BY server_id, ts) AS rows FROM forecast_rows`,
    z.object({ rows: z.array(z.string()) }),
  )
  return rows
}

const series = (id: string, start: string, target: readonly (number | null)[]): object => ({ start, target, item_id: id, cat: [1] })
const forecast = (mean: readonly number[]): object => ({
  mean,
  quantiles: { '0.1': mean.map((value) => value - 1), '0.9': mean.map((value) => value + 1) },
})

const inputLines = [series('b', '2026-05-01 00:00:00', [1, null, 3]), series('a', '2026-05-02 00:00:00', [4, 5])]
const outputLines = [forecast([10, 20]), forecast([30.5, 40])]
const dailyRows = [
  'a 2026-05-04T00 30.5 29.5 31.5',
  'a 2026-05-05T00 40.0 39.0 41.0',
  'b 2026-05-04T00 10.0 9.0 11.0',
  'b 2026-05-05T00 20.0 19.0 21.0',
]

describe('a batch transform', () => {
  test('takes servers and times from its input', async () => {
    const files = [await writeLines('a.jsonl.out', outputLines), await writeLines('a.jsonl', inputLines)]
    expect(await readRows(files, { batch_step: 'D' })).toEqual(dailyRows)
  })

  test('may have joined its input, and count months', async () => {
    const file = await writeLines(
      'joined.jsonl.out',
      inputLines.map((line, index) => ({ ...line, SageMakerOutput: outputLines[index] })),
    )
    expect(await readRows([file], { batch_step: 'D' })).toEqual(dailyRows)
    expect(await readRows([file], { batch_step: '2M' })).toContain('b 2026-11-01T00 10.0 9.0 11.0')
  })

  test('keeps its lines over more rows than one thread reads', async () => {
    const count = 20_000
    const pairs = Array.from({ length: count }, (_, index) => ({
      input: series(`s${index}`, '2026-05-01', []),
      output: { mean: [index], samples: [Array.from({ length: 20 }, () => index)] },
    }))
    const files = [
      await writeLines(
        'many.jsonl.out',
        pairs.map(({ output }) => output),
      ),
      await writeLines(
        'many.jsonl',
        pairs.map(({ input }) => input),
      ),
    ]
    await openForecastDataset(database, files, parseConfig({ batch_step: 'H' }, 'headroom'), { conversionFolder: folder })
    const counted = await database.row(
      `SELECT CAST(count(*) FILTER (server_id = 's' || CAST(CAST(predicted AS INTEGER) AS VARCHAR)) AS INTEGER) AS right FROM forecast_rows`,
      z.object({ right: z.number() }),
    )
    expect(counted).toEqual({ right: count })
  })

  test.each([
    [
      'its steps',
      [outputLines, inputLines],
      {},
      'In which steps does x.jsonl.out look ahead: --batch-step D, --batch-step H, or another time_freq of DeepAR?',
    ],
    [
      'the input',
      [outputLines],
      { batch_step: 'D' },
      "x.jsonl.out names neither servers nor times: its lines are those of the transform's input.",
    ],
    ['the right input', [outputLines, inputLines.slice(1)], { batch_step: 'D' }, 'x.jsonl.out has 2 lines, but its input x.jsonl has 1.'],
  ])('asks for %s', async (_, [output, input], config, message) => {
    const files = [await writeLines('x.jsonl.out', output!), ...(input === undefined ? [] : [await writeLines('x.jsonl', input)])]
    await expect(readRows(files, config)).rejects.toThrow(message)
  })
})
