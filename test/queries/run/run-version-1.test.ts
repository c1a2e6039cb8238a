// A stored run folder of format version 1, from before `disposition` became `recommendation`: opened, queried, compared and verified.
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Database, literal } from '../../../src-main/database/database.ts'
import { analyze } from '../../../src-main/engine/analyze.ts'
import { readDecisions, saveDecisions } from '../../../src-main/notes/decisions.ts'
import { compareRuns } from '../../../src-main/queries/compare/compare-runs.ts'
import { reconcileRun } from '../../../src-main/queries/reconcile/reconcile-run.ts'
import { queryRecommendations } from '../../../src-main/queries/recommendations/recommendations-query.ts'
import type { OpenRun } from '../../../src-main/queries/run/open-run.ts'
import { openRunFolder } from '../../../src-main/queries/run/open-run-folder.ts'
import { queryServer } from '../../../src-main/queries/servers/server-query.ts'
import { runUserSql } from '../../../src-main/queries/user-sql/run-user-sql.ts'
import { verifyRunFolder } from '../../../src-main/run-folder/read-run-folder.ts'
import { noFilter } from '../../../src-shared/ipc/fleet-filter.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'

const keptRun = join(import.meta.dirname, '..', '..', 'fixtures', 'run-version-1')
let folder: string
let path: string
let run: OpenRun

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-version-1-'))
  path = join(folder, 'run')
  await cp(keptRun, path, { recursive: true })
  run = await openRunFolder(path)
})
afterAll(async () => {
  await run.close()
  await rm(folder, { recursive: true, force: true })
})

const recommendations = (change: object = {}) =>
  queryRecommendations(run, { folder: path, metric: 'cpu_p95', filter: noFilter, verdict: 'all', offset: 0, limit: 20, ...change })

it('verifies', async () => {
  expect((await verifyRunFolder(path)).files.map(({ state }) => state)).toEqual(Array.from({ length: 8 }, () => 'ok'))
})

it('shows its recommendations under the names of today', async () => {
  const { rows, totalsByRecommendation } = await recommendations()
  expect(rows.map(({ server_id, recommendation, target_host }) => [server_id, recommendation, target_host])).toEqual([
    ['cards-app-0002', 'add capacity', null],
    ['ledger-db-0002', 'add capacity', null],
    ['dwh-batch-0001', 'watch', null],
    ['crm-app-0001', 'retire', null],
    ['fraud-api-0001', 'consolidate', 'mobile-api-0001'],
    ['ach-db-0001', 'consolidate', 'trade-app-0001'],
    ['pay-batch-0002', 'consolidate', 'trade-app-0001'],
  ])
  expect(totalsByRecommendation.map(({ recommendation, servers }) => [recommendation, servers])).toEqual([
    ['add capacity', 2],
    ['watch', 1],
    ['retire', 1],
    ['consolidate', 3],
  ])
})

it('filters by recommendation and finds the servers of a host', async () => {
  const { total } = await recommendations({ filter: { ...noFilter, recommendation: ['consolidate'] } })
  expect(total).toBe(3)
  const { metrics } = await queryServer(run, { folder: path, serverId: 'ach-db-0001' })
  expect(metrics).toMatchObject([{ recommendation: 'consolidate', target_host: 'trade-app-0001' }])
})

it('keeps its decisions, and adds new ones under the current name', async () => {
  expect((await recommendations({ verdict: 'dismissed' })).rows).toMatchObject([
    { server_id: 'crm-app-0001', recommendation: 'retire', verdict_reason: 'still needed in spring' },
  ])
  await saveDecisions(path, [{ server_id: 'dwh-batch-0001', recommendation: 'watch', verdict: 'accepted', reason: '' }], new Date(0))
  expect((await readDecisions(path)).map(({ server_id, recommendation }) => [server_id, recommendation])).toEqual([
    ['crm-app-0001', 'retire'],
    ['dwh-batch-0001', 'watch'],
  ])
  expect(await readFile(join(path, 'headroom-notes', 'decisions.jsonl'), 'utf8')).toMatch(/^\{.*"recommendation":"watch".*\}\n$/)
})

it("answers the user's SQL by the old and the new names, also the queries in its own recommendations", async () => {
  const byNewNames = await runUserSql(path, 'SELECT recommendation, target_host FROM server_risk ORDER BY server_id')
  const byOldNames = await runUserSql(path, 'SELECT disposition, consolidate_onto FROM server_risk ORDER BY server_id')
  expect(byNewNames.rows).toEqual(byOldNames.rows)
  const { rows } = await recommendations()
  for (const { query } of rows) expect((await runUserSql(path, query)).rows.length).toBeGreaterThan(0)
})

it('reconciles with Module 05', async () => {
  const { chains } = await reconcileRun(path)
  expect(chains.length).toBeGreaterThan(0)
})

it('compares with a run of today without a difference where the forecasts are the same', async () => {
  const forecasts = join(folder, 'forecasts.parquet')
  const database = await Database.open()
  await database.run(`
    COPY (SELECT server_id, model, "timestamp", actual, predicted, yhat_lower, yhat_upper, is_future
          FROM read_parquet(${literal(join(path, runFiles.flaggedForecasts))}))
    TO ${literal(forecasts)} (FORMAT parquet)`)
  database.close()
  const today = join(folder, 'today')
  await analyze({ inputs: [forecasts], out: today, method: 'headroom', config: {} })
  const comparison = await compareRuns(path, today)
  expect(comparison.risks).toMatchObject({ new: 0, cleared: 0, still_at_risk: 2, moved: 0 })
  const later = await runUserSql(today, 'SELECT * FROM server_risk')
  expect(later.columns).toEqual(expect.arrayContaining(['recommendation', 'target_host']))
  expect(later.columns).not.toContain('disposition')
})
