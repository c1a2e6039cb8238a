// Large text files in the import dialog: a first part shows what they are, and only what it leaves open takes a pass over the whole.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inspectForecasts, type InspectWork } from '../../src-main/engine/inspect-forecasts.ts'
import type { Inspection } from '../../src-shared/run/inspection.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-first-part-'))
})
afterAll(() => rm(folder, { recursive: true }))

const header = 'host,ds,predicted,actual\n'
const blocks = 20
const blockRows = 10_000
const allRows = blocks * blockRows + 1

/** The same rows in each block, and a last row of its own: some 6 MB. */
const writeLarge = async (name: string, row: (index: number) => string, last: string): Promise<string> => {
  const path = join(folder, name)
  const block = Array.from({ length: blockRows }, (_, index) => row(index)).join('')
  await writeFile(path, `${header}${block.repeat(blocks)}${last}`)
  return path
}

const day = (index: number): string => String((index % 12) + 1).padStart(2, '0')
const inspectFirstPart = (path: string, work: InspectWork = {}): Promise<Inspection> =>
  inspectForecasts({ inputs: [path], config: {}, extent: 'first-part' }, work)

describe('a large file', () => {
  test('is read in its first part; what is counted over all rows stays unknown', async () => {
    const path = await writeLarge(
      'iso.csv',
      (index) => `web-${index % 7},2026-05-${day(index)},${index / 100 + 0.25},\n`,
      'web-1,2026-05-31,1.5,\n',
    )
    const inspection = await inspectFirstPart(path)
    expect(inspection).toMatchObject({ contents: 'forecasts', question: null, problem: null, rows: null, servers: null, horizon: null })
    expect(inspection.preview[0]).toMatchObject({ server_id: 'web-0', timestamp: '2026-05-01T00:00:00Z', predicted: 0.25 })
    expect(inspection.first_part_rows).toBeGreaterThan(allRows / 10)
    expect(inspection.first_part_rows).toBeLessThan(allRows / 2)
  })

  test.each([
    ['its last row says which part is the day', 'web-1,31.05.2026,1.5,\n', { question: null, mapping: { date_order: 'day-first' } }],
    ['no row says which part is the day', 'web-1,01.05.2026,1.5,\n', { question: { code: 'input-unclear' }, mapping: null }],
  ])('is counted whole, but not converted, before a question: %s', async (_, last, outcome) => {
    const path = await writeLarge('days.csv', (index) => `web-${index % 7},${day(index)}.05.2026,${index / 100 + 0.25},\n`, last)
    const inspection = await inspectFirstPart(path)
    expect(inspection).toMatchObject(outcome)
    expect(inspection.first_part_rows ?? 0).toBeLessThan(allRows / 2)
  })

  test('can be cancelled', async () => {
    const path = await writeLarge('ask.csv', (index) => `web-${index % 7},${day(index)}.05.2026,1,\n`, '')
    const controller = new AbortController()
    const inspected = inspectFirstPart(path, { signal: controller.signal, onStart: () => controller.abort() })
    await expect(inspected).rejects.toMatchObject({ code: 'cancelled' })
  })
})

test('a small file is read whole', async () => {
  const path = join(folder, 'small.csv')
  await writeFile(path, `${header}a,2026-05-30,1.5,1\na,2026-05-31,1.25,\n`)
  const inspection = await inspectFirstPart(path)
  expect(inspection).toMatchObject({ first_part_rows: null, rows: 2, servers: 1 })
})
