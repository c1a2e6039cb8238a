// From 5 million rows on, the command writes the flags in a process of its own. Needs built code, and Linux to see it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { literal } from '../../src-main/database/database.ts'
import { runFiles } from '../../src-shared/run/run-manifest.ts'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'
import { startHeadroom } from '../fixtures/run-headroom.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

/** Fifty servers of 100,000 hours, the last two days of them horizon. */
const rows = 5_000_000
const forecasts = `
  SELECT 'server ' || CAST(i // 100000 AS VARCHAR) AS server_id, TIMESTAMP '2015-01-01' + to_hours(CAST(i % 100000 AS INTEGER)) AS "timestamp",
         CASE WHEN i % 100000 < 99952 THEN 30 + i // 100000 + i % 24 END AS actual, 31.0 + i // 100000 + i % 24 AS predicted
  FROM range(${rows}) t(i)`

/** Programs and arguments of a process's children. */
const childrenOf = (pid: number): string[] => {
  try {
    const ids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    return ids.map((id) => readFileSync(`/proc/${id}/cmdline`, 'utf8'))
  } catch {
    // One of them has ended meanwhile.
    return []
  }
}

test.skipIf(process.platform !== 'linux')('a command with room for it starts the process, and every row has its flags', async () => {
  const input = join(workspace.folder, 'many.parquet')
  await workspace.database.run(`COPY (${forecasts}) TO ${literal(input)} (FORMAT parquet)`)
  const out = join(workspace.folder, 'run')
  const { process: command, result } = startHeadroom(['analyze', input, '--out', out, '--quiet', '--memory-limit', '2GB'])
  const seen: string[] = []
  const timer = setInterval(() => seen.push(...childrenOf(command.pid!)), 50)
  const { code, stderr } = await result
  clearInterval(timer)
  expect({ code, stderr }).toMatchObject({ code: 0 })
  expect(seen.some((line) => line.includes('background-process.cjs'))).toBe(true)
  const [flagged] = await workspace.query(
    `SELECT CAST(count(*) AS INTEGER) AS rows, CAST(count(risk_level) AS INTEGER) AS levels FROM read_parquet(${literal(join(out, runFiles.flaggedForecasts))})`,
  )
  expect(flagged).toEqual({ rows, levels: rows })
})
