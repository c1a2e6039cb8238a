// Random text files whose rows the generator knows: each is read right or refused in one sentence.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { parseConfig } from '../../src-main/config/parse-config.ts'
import { Database } from '../../src-main/database/database.ts'
import { openForecastDataset } from '../../src-main/forecasts/forecast-dataset.ts'
import { validateForecasts } from '../../src-main/forecasts/validate-forecasts.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { drawTextForecasts, rowText, type TextForecasts } from '../fixtures/text-forecasts.ts'
import { seededRandom } from '../fixtures/seeded-random.ts'
import { seed, tally } from '../fixtures/torture.ts'

/** `npm run fuzz:text -- --files 10000` sets it. */
const count = Number(process.env['HEADROOM_TEXT_FILES'] ?? '1000')
/** Of the first file: the script shares the numbers out among processes. */
const from = Number(process.env['HEADROOM_TEXT_FROM'] ?? '0')

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

const rowSchema = z.object({
  server_id: z.string(),
  metric: z.string(),
  model: z.string(),
  time: z.number(),
  actual: z.number().nullable(),
  predicted: z.number().nullable(),
  yhat_lower: z.number().nullable(),
  yhat_upper: z.number().nullable(),
})

const readRows = async (number: number, { files, config }: TextForecasts): Promise<string[]> => {
  const own = join(folder, String(number))
  await mkdir(own)
  try {
    for (const { name, bytes } of files) await writeFile(join(own, name), bytes)
    const settings = parseConfig({ ...config }, 'headroom')
    const paths = files.map(({ name }) => join(own, name))
    const dataset = await openForecastDataset(database, paths, settings, { conversionFolder: own })
    await validateForecasts(database, dataset, settings)
    const rows = await database.rows(
      `SELECT server_id, metric, model, CAST(epoch_ms(ts) AS DOUBLE) AS time, actual, predicted, yhat_lower, yhat_upper FROM forecast_rows`,
      rowSchema,
    )
    return rows.map(rowText).sort()
  } finally {
    await rm(own, { recursive: true })
  }
}

/** One sentence of ours, not one of DuckDB or zod. */
const isPlainRefusal = (thrown: unknown): boolean =>
  thrown instanceof HeadroomError &&
  thrown.code.startsWith('input-') &&
  thrown.next !== undefined &&
  !/ Error:|LINE \d|\bat .*\.ts\b|expected .*received|\bc\d+\b|__file|value_\d|unusual_\d|read_csv|TRY_CAST/.test(thrown.message)

interface Outcome {
  readonly rows?: readonly string[]
  readonly refusal?: string
  readonly failure?: string
}

const outcomeOf = async (number: number, drawn: TextForecasts): Promise<Outcome> => {
  try {
    return { rows: await readRows(number, drawn) }
  } catch (thrown) {
    return isPlainRefusal(thrown)
      ? { refusal: (thrown as Error).message }
      : { failure: String(thrown instanceof Error ? thrown.stack : thrown) }
  }
}

/** What is wrong with an outcome; undefined where nothing is. */
const findFault = ({ expected, rows }: TextForecasts, outcome: Outcome): string | undefined => {
  if (outcome.failure !== undefined) return outcome.failure
  if (expected === 'damaged') return undefined
  if (outcome.refusal !== undefined) return expected === 'rows' ? `refused: ${outcome.refusal}` : undefined
  if (expected === 'refusal') return 'read, though it must be refused'
  const known = [...rows].sort()
  const read = outcome.rows ?? []
  const index = known.findIndex((row, at) => row !== read[at])
  if (index === -1 && known.length === read.length) return undefined
  return `${read.length} rows for ${known.length}: ${read[index]} for ${known[index]}`
}

test(`${count} text files are read right, or refused in one sentence`, { timeout: 60_000 + count * 2000 }, async () => {
  const found: string[] = []
  let wereRead = 0
  for (let number = from; number < from + count; number++) {
    // A number by itself gives the same file again.
    const drawn = drawTextForecasts(seededRandom(seed * 100_003 + number))
    const outcome = await outcomeOf(number, drawn)
    if (outcome.rows !== undefined && drawn.expected === 'rows') wereRead += 1
    const fault = findFault(drawn, outcome)
    if (fault !== undefined) found.push(`file ${number} of seed ${seed} (${drawn.drawn}): ${fault}`)
  }
  expect(found).toEqual([])
  expect(wereRead).toBeGreaterThan(count * 0.4)
  tally('text files', count)
})
