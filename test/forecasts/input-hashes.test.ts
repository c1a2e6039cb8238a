// What a manifest says of its inputs: hashes up to 10 GB, above it size and time of change.
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hashInputs } from '../../src-main/forecasts/input-hashes.ts'
import type { ForecastFile } from '../../src-main/forecasts/forecast-files.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-hashes-'))
})
afterAll(() => rm(folder, { recursive: true }))

const text = 'server_id,timestamp,predicted\na,2026-01-01,1\n'

/** Of a size that the file system would report. */
const fileOf = async (name: string, bytes: number): Promise<ForecastFile> => {
  const path = join(folder, name)
  await writeFile(path, text)
  return { path, name, bytes, modified: '0 1767225600000', format: 'csv', compression: 'none', encoding: 'utf-8' }
}

test.each([
  [[10e9], createHash('sha256').update(text).digest('hex')],
  [[10e9 + 1], null],
  [[5e9, 5e9 + 1], null],
])('files of %j bytes', async (sizes, sha256) => {
  const files = await Promise.all(sizes.map((bytes, index) => fileOf(`${index}.csv`, bytes)))
  const hashes = await hashInputs(files, new AbortController().signal)
  const entry = { sha256, modified_at: '2026-01-01T00:00:00.000Z', integrity: 'none' }
  expect([...hashes]).toEqual(files.map(({ path }) => [path, entry]))
})
