// A run whose recommendations are too long to be parsed tells the same as one that is read whole; and the engine writes the list in pieces.
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import type { OpenRun } from '../../../src-main/queries/run/open-run.ts'
import { queryPacking } from '../../../src-main/queries/recommendations/packing-query.ts'
import { findRecommendation, queryRecommendations } from '../../../src-main/queries/recommendations/recommendations-query.ts'
import { openRunFolder } from '../../../src-main/queries/run/open-run-folder.ts'
import { readRecommendationsFile } from '../../../src-main/run-folder/recommendations-file.ts'
import { noFilter } from '../../../src-shared/ipc/fleet-filter.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { makeSampleRun, type SampleRun } from '../../fixtures/sample-run.ts'

let sample: SampleRun
let file: string
const open: OpenRun[] = []

const opened = async (maxWholeBytes?: number): Promise<OpenRun> => {
  const run = await openRunFolder(sample.run, maxWholeBytes === undefined ? {} : { maxWholeBytes })
  open.push(run)
  return run
}

beforeAll(async () => {
  sample = await makeSampleRun(150)
  file = join(sample.run, runFiles.recommendations)
})
afterAll(async () => {
  await Promise.all(open.map((run) => run.close()))
  await sample.remove()
})

const pageOf = (run: OpenRun, offset: number, limit: number) =>
  queryRecommendations(run, {
    folder: sample.run,
    metric: run.overview.metrics[0]!.name,
    filter: noFilter,
    verdict: 'all',
    offset,
    limit,
  })

it('is written as one JSON text of two blanks a level', async () => {
  const text = await readFile(file, 'utf8')
  expect(`${JSON.stringify(JSON.parse(text), null, 2)}\n`).toBe(text)
})

it('is told entry by entry as when it is read whole', async () => {
  const [wholeList, byPosition] = [await opened(), await opened(0)]
  expect(byPosition.overview).toEqual(wholeList.overview)
  expect(byPosition.contents.recommendations).not.toHaveProperty('recommendations')
  const all = await pageOf(wholeList, 0, 1000)
  expect(all.rows.length).toBeGreaterThan(20)
  expect(all.totalsByRecommendation.map(({ recommendation }) => recommendation)).toEqual(['add capacity', 'watch', 'retire', 'consolidate'])
  expect(await pageOf(byPosition, 0, 1000)).toEqual(all)
  expect((await pageOf(byPosition, 7, 5)).rows).toEqual(all.rows.slice(7, 12))
  const last = all.rows
    .map(({ server_id }) => server_id)
    .sort()
    .at(-1)!
  expect(await findRecommendation(byPosition, last)).toEqual(all.rows.find(({ server_id }) => server_id === last))
  const packing = (run: OpenRun) =>
    queryPacking(run, { folder: sample.run, metric: run.overview.metrics[0]!.name, filter: noFilter, offset: 0, limit: 50 })
  expect((await packing(wholeList)).total).toBeGreaterThan(0)
  expect(await packing(byPosition)).toEqual(await packing(wholeList))
})

it('finds entries that lie across the pieces it is read in', async () => {
  // Entries of 4,000 bytes and more in a file of 10 MB: the pieces of 4 MiB end inside of some.
  const entries = Array.from({ length: 2500 }, (_, position) => ({
    server_id: `s${position}`,
    reason: '\n    {'.repeat(600 + (position % 7)),
  }))
  const path = join(sample.folder, 'long.json')
  await writeFile(path, `${JSON.stringify({ total_savings_usd: 1, recommendations: entries }, null, 2)}\n`)
  const long = await readRecommendationsFile(path, 0)
  expect(long.head).toEqual({ total_savings_usd: 1 })
  expect(await long.entries!.count()).toBe(2500)
  expect(await long.entries!.read([2499, 0, 1047, 1048])).toEqual([2499, 0, 1047, 1048].map((position) => entries[position]))
  await rm(path)
})

it('says that a file which somebody shortened is damaged', async () => {
  const text = await readFile(file, 'utf8')
  const { recommendations, ...reportHead } = z.looseObject({ recommendations: z.array(z.unknown()) }).parse(JSON.parse(text))
  await writeFile(file, `${JSON.stringify({ ...reportHead, recommendations: recommendations.slice(1) }, null, 2)}\n`)
  const run = await opened(0)
  await expect(pageOf(run, 0, 10)).rejects.toMatchObject({ code: 'run-damaged' })
  await writeFile(file, text)
})
