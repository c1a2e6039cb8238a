// What a user reads where DuckDB fails in a way that no rule knows: never its words, and never that a whole file is damaged.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Database } from '../../src-main/database/database.ts'
import { explainFailure } from '../../src-main/forecasts/dataset-failures.ts'
import { findForecastFiles, type ForecastFile } from '../../src-main/forecasts/forecast-files.ts'
import { readingText } from '../../src-main/forecasts/readers/text-files.ts'
import { HeadroomError, toWireError } from '../../src-shared/run/errors.ts'

let folder: string
let database: Database
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-failures-'))
  database = await Database.open()
  await database.run(
    `COPY (SELECT 'a' AS server_id, i AS predicted FROM range(100000) t(i)) TO '${join(folder, 'whole.parquet')}' (FORMAT parquet)`,
  )
  await writeFile(join(folder, 'rows.csv'), 'server_id,timestamp,predicted\na,2026-01-01,1\n')
  await writeFile(join(folder, 'rows.jsonl'), '{"server_id":"a","timestamp":"2026-01-01","predicted":1}\n')
})
afterAll(async () => {
  database.close()
  await rm(folder, { recursive: true })
})

const open = async (name: string): Promise<{ files: readonly ForecastFile[]; name: string }> => ({
  files: (await findForecastFiles(database, [join(folder, name)])).files,
  name,
})

/** As an analysis would show it. */
const explained = async (name: string, message: string): Promise<ReturnType<typeof toWireError>> => {
  const dataset = await open(name)
  const failure = new HeadroomError('query-failed', message, { sql: 'SELECT 1' })
  const thrown: unknown = await readingText(dataset.files, async () => Promise.reject(failure)).catch((error: unknown) => error)
  return toWireError(await explainFailure(database, dataset, thrown))
}

const unknownErrors = [
  'INTERNAL Error: Attempted to access index 3 within vector of size 2',
  'Binder Error: Referenced column "value_7" not found in FROM clause!',
  'Parser Error: syntax error at or near "FROM"',
  'Catalog Error: Scalar Function with name nonsense does not exist!',
  'Invalid Input Error: a new complaint of a later version',
  'IO Error: a new complaint of a later version',
  'Conversion Error: Type INT64 with value 9223372036854775807 cannot be cast',
  'Out of Range Error: Overflow in multiplication of DOUBLE!',
  'Serialization Error: Failed to deserialize',
  'Something else entirely',
]

describe.each(['whole.parquet', 'rows.csv', 'rows.jsonl'])('of %s', (name) => {
  test.each(unknownErrors)('%s', async (message) => {
    const error = await explained(name, message)
    expect(error).toEqual({
      code: 'internal',
      message: `Headroom failed on ${name} by a fault of its own.`,
      next: 'Report it with the details and the first lines of the file.',
      sql: 'SELECT 1',
    })
  })
})

test('a time that no date of JavaScript holds is a fault of the rows', async () => {
  const cause: unknown = await Promise.resolve()
    .then(() => new Date(8.65e15).toISOString())
    .catch((error: unknown) => error)
  expect(toWireError(await explainFailure(database, await open('whole.parquet'), cause))).toEqual({
    code: 'input-time-unreadable',
    message: 'whole.parquet holds times beyond the year 275760.',
    next: 'Correct them, or write, copy or download the file again.',
  })
})

test('UTF-16 that DuckDB does not read is refused with the next step', async () => {
  expect(await explained('rows.csv', 'Invalid Input Error: File is not utf-16 encoded')).toMatchObject({
    code: 'input-text-unreadable',
    message: 'rows.csv is not valid UTF-16 text.',
    next: 'Save the file as CSV UTF-8.',
  })
})

test('a query of ours that fails on a whole file is no damage', async () => {
  const dataset = await open('whole.parquet')
  const query = `SELECT CAST(server_id AS INTEGER) AS n FROM read_parquet('${join(folder, 'whole.parquet')}')`
  const failure: unknown = await database.rows(query, z.object({ n: z.number() })).catch((thrown: unknown) => thrown)
  expect(toWireError(failure)).toMatchObject({ code: 'query-failed' })
  expect(await explainFailure(database, dataset, failure)).toMatchObject({
    code: 'input-column-type',
    message: 'whole.parquet holds "a" where numbers or times are expected.',
    next: 'Correct the value, or leave it empty.',
  })
})

test('of several files the damaged one is named, whatever failed', async () => {
  const bytes = await readFile(join(folder, 'whole.parquet'))
  bytes.fill(0xff, 40, 4000)
  await writeFile(join(folder, 'broken.parquet'), bytes)
  const files = [...(await open('whole.parquet')).files, ...(await open('broken.parquet')).files]
  const failure = new HeadroomError('query-failed', 'Binder Error: nothing to do with the files')
  expect(await explainFailure(database, { files, name: 'the dataset of 2 files' }, failure)).toMatchObject({
    code: 'input-not-parquet',
    message: 'broken.parquet is a damaged Parquet file: its contents cannot be read.',
    next: 'Write, copy or download the file again.',
  })
})

test('other failures stay as they are', async () => {
  const failure = new HeadroomError('memory-exceeded', 'The analysis needs more memory than its limit allows.')
  expect(await explainFailure(database, await open('whole.parquet'), failure)).toBe(failure)
})
