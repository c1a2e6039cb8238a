// A forecast file that changes under the analysis: cut or removed before any of its statements, it is refused by name.
import { copyFile, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Database } from '../../src-main/database/database.ts'
import { assessFleet } from '../../src-main/engine/analyze.ts'
import { headroom } from '../../src-main/engine/methods/headroom.ts'
import { silentProgress } from '../../src-main/engine/progress.ts'
import { completeConfig } from '../../src-shared/config/analysis-config.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'
import { rounds } from '../fixtures/torture.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  await workspace.writeQuery('original.parquet', rows)
})
afterAll(async () => workspace.close())

/** Eight servers, 150 days, the last 30 of them horizon. */
const rows = `
  SELECT 'server ' || CAST(i // 150 AS VARCHAR) AS server_id, TIMESTAMP '2026-01-01' + to_days(CAST(i % 150 AS INTEGER)) AS "timestamp",
         CASE WHEN i % 150 < 120 THEN 40 + sin(i) END AS actual, 40 + cos(i) AS predicted
  FROM range(1200) t(i)`

const changes: Readonly<Record<string, (path: string) => Promise<void>>> = {
  cut: (path) => truncate(path, 3000),
  removed: (path) => rm(path),
}

/** What becomes of an assessment whose `at`-th statement (from 0) finds the file changed; "too few" where it has no so many. */
const assessWith = async (change: (path: string) => Promise<void>, at: number): Promise<string> => {
  const path = join(workspace.folder, 'set.parquet')
  await copyFile(join(workspace.folder, 'original.parquet'), path)
  const database = await Database.open()
  const { connection } = database
  let statements = 0
  const counted =
    <Arguments extends unknown[], Result>(run: (...givenPath: Arguments) => Promise<Result>) =>
    async (...givenPath: Arguments): Promise<Result> => {
      if (statements++ === at) await change(path)
      return run.apply(connection, givenPath)
    }
  Object.assign(connection, {
    run: counted(connection.run.bind(connection)),
    runAndReadAll: counted(connection.runAndReadAll.bind(connection)),
    stream: counted(connection.stream.bind(connection)),
  })
  try {
    await assessFleet({ database, config: completeConfig({}, 'headroom'), method: headroom, progress: silentProgress }, { inputs: [path] })
    return statements > at ? 'assessed' : 'too few'
  } catch (error) {
    if (!(error instanceof HeadroomError)) throw error
    return `${error.code}: ${error.message}`
  } finally {
    database.close()
  }
}

test.each(Object.keys(changes))('%s before any statement', async (change) => {
  const results: string[] = []
  for (let at = 0; results.at(-1) !== 'too few'; at += rounds(2, 1)) results.push(await assessWith(changes[change]!, at))
  expect(results.length).toBeGreaterThan(20)
  const rejected = results.filter((outcome) => outcome.startsWith('input-'))
  expect(rejected.length).toBeGreaterThan(5)
  expect(results.filter((outcome) => !['assessed', 'too few', ...rejected].includes(outcome))).toEqual([])
  expect(rejected.filter((outcome) => !outcome.includes('set.parquet'))).toEqual([])
})
