// Flags written by a process of lower priority have the same bytes as those that the engine writes itself, whatever becomes of it. Needs built code.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Database } from '../../../src-main/database/database.ts'
import { assessFleet } from '../../../src-main/engine/analyze.ts'
import type { AssessedFleet } from '../../../src-main/engine/fleet-stages.ts'
import { writeFlagParts, type FlagParts } from '../../../src-main/engine/flagged-forecasts/flag-parts.ts'
import { openBackgroundWriter, openOwnWriter, type FlagWriter } from '../../../src-main/engine/flagged-forecasts/flag-writers.ts'
import { headroom } from '../../../src-main/engine/methods/headroom.ts'
import { silentProgress } from '../../../src-main/engine/progress.ts'
import { findJoinableFiles, type JoinableFiles } from '../../../src-main/parquet/append-columns.ts'
import { completeConfig } from '../../../src-shared/config/analysis-config.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'

const built = resolve(import.meta.dirname, '..', '..', '..', 'out', 'main', 'background-process.cjs')

/** Thirty servers of 2,048 days, the last 48 of them horizon, around the thresholds: 30 row groups, which are three parts. */
const rows = `
  SELECT format('server {:02}', i // 2048) AS server_id, TIMESTAMP '2021-01-01' + to_days(CAST(i % 2048 AS INTEGER)) AS "timestamp",
         CASE WHEN i % 2048 < 2000 THEN 30 + i // 1024 + i % 7 END AS actual, 31.0 + i // 1024 + i % 5 AS predicted
  FROM range(30 * 2048) t(i)`

let workspace: ForecastWorkspace
let database: Database
let fleet: AssessedFleet
let joinable: JoinableFiles
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  const path = join(workspace.folder, 'many.parquet')
  await workspace.database.run(`COPY (${rows}) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`)
  database = await Database.open({ spillFolder: join(workspace.folder, 'spill') })
  fleet = await assessFleet(
    { database, config: completeConfig({}, 'headroom'), method: headroom, progress: silentProgress },
    { inputs: [path] },
  )
  joinable = (await findJoinableFiles([path]))!
})
afterAll(async () => {
  database.close()
  await workspace.close()
})

let folders = 0
const makeFolder = async (): Promise<string> => {
  const folder = join(workspace.folder, `parts-${folders++}`)
  await mkdir(folder)
  return folder
}

const begin = (writer: FlagWriter, folder: string): FlagParts =>
  writeFlagParts(writer, joinable, { source: fleet.dataset, calendar: fleet.calendar, folder })

/** The bytes of all parts; afterwards the folder is empty. */
const writtenBy = async (
  writer: FlagWriter,
  folder: string,
  meanwhile: (parts: FlagParts) => void = () => undefined,
): Promise<Buffer[]> => {
  const parts = begin(writer, folder)
  meanwhile(parts)
  const bytes: Buffer[] = []
  for await (const path of parts.paths()) bytes.push(await readFile(path))
  expect(parts.progress()).toBe(1)
  await parts.close()
  expect(await readdir(folder)).toEqual([])
  return bytes
}

const writeBackground = async (file: string, meanwhile?: (parts: FlagParts) => void): Promise<Buffer[]> => {
  const folder = await makeFolder()
  return writtenBy(await openBackgroundWriter(database, fleet.dataset, { file, folder }), folder, meanwhile)
}

describe('a process of lower priority', () => {
  let expected: Buffer[]
  beforeAll(async () => {
    expected = await writtenBy(await openOwnWriter(database, fleet.dataset), await makeFolder())
  })

  test('writes the same bytes', async () => {
    expect(expected).toHaveLength(3)
    // Flags of thirty servers differ: what is compared is not one and the same part.
    expect(new Set(expected.map((bytes) => bytes.toString('hex'))).size).toBe(3)
    expect(await writeBackground(built)).toEqual(expected)
  })
  test('goes on while other work pauses the writing', async () => {
    expect(await writeBackground(built, (parts) => parts.pause())).toEqual(expected)
  })
  test('the engine waits while it is paused', async () => {
    const folder = await makeFolder()
    const parts = begin(await openOwnWriter(database, fleet.dataset), folder)
    parts.pause()
    await database.run('SELECT count(*) FROM series_risk')
    expect(parts.progress()).toBe(0)
    parts.resume()
    const paths: string[] = []
    for await (const path of parts.paths()) paths.push(path)
    expect(paths).toHaveLength(3)
    await parts.close()
  })
  test.each([
    ['never runs', 'missing.cjs', undefined],
    ['ends at its first statement', 'first.cjs', 'process.on("message", () => process.exit(1))'],
    [
      'fails at a part',
      'part.cjs',
      `const send = process.send.bind(process)
       process.send = (answer) => send(answer.id > 3 ? { id: answer.id, error: { code: 'memory-exceeded', message: 'Too little memory.' } } : answer)
       require(${JSON.stringify(built)})`,
    ],
  ])('that %s costs no part: the engine writes it', async (_what, name, code) => {
    const file = join(workspace.folder, name)
    if (code !== undefined) await writeFile(file, code)
    expect(await writeBackground(file)).toEqual(expected)
  })
  test('that is in no hurry is replaced when nothing else is left to do', async () => {
    expect(await writeBackground(built, (parts) => parts.hurry())).toEqual(expected)
  })
  test('is stopped with the writing, and no other begins', async () => {
    const folder = await makeFolder()
    const parts = begin(await openBackgroundWriter(database, fleet.dataset, { file: built, folder }), folder)
    parts.stop()
    await expect(parts.paths().next()).rejects.toMatchObject({ code: expect.stringMatching(/^(cancelled|internal)$/) })
    await parts.close()
  })
})
