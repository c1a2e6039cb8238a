// Stored run folders of formats 1 to 4 and a run of today on the same forecasts: verified, opened, asked by every query, compared and reported.
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Database, literal } from '../../../src-main/database/database.ts'
import { analyze } from '../../../src-main/engine/analyze.ts'
import { readRunEvents } from '../../../src-main/notes/run-events.ts'
import { compareRuns } from '../../../src-main/queries/compare/compare-runs.ts'
import { reconcileRun } from '../../../src-main/queries/reconcile/reconcile-run.ts'
import type { OpenRun } from '../../../src-main/queries/run/open-run.ts'
import { openRunFolder } from '../../../src-main/queries/run/open-run-folder.ts'
import { runQueries } from '../../../src-main/queries/run-queries.ts'
import { evaluateScenario, openWhatIfSession } from '../../../src-main/queries/what-if/evaluate-scenario.ts'
import { readReportContent } from '../../../src-main/report/report-content.ts'
import { verifyRunFolder } from '../../../src-main/run-folder/read-run-folder.ts'
import { runFiles, runFormatVersion } from '../../../src-shared/run/run-manifest.ts'
import { scenarioSchema } from '../../../src-shared/ipc/what-if.ts'
import { validRequests } from '../../fixtures/valid-requests.ts'

/** Files that a manifest of this format lists. */
const filesOf = (version: number): number => (version >= 5 ? 11 : version === 4 ? 10 : 8)

const fixtures = join(import.meta.dirname, '..', '..', 'fixtures')
let folder: string
let today: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-versions-'))
  const forecasts = join(folder, 'forecasts.parquet')
  const database = await Database.open()
  await database.run(`
    COPY (SELECT server_id, model, "timestamp", actual, predicted, yhat_lower, yhat_upper, is_future
          FROM read_parquet(${literal(join(fixtures, 'run-version-2', runFiles.flaggedForecasts))}))
    TO ${literal(forecasts)} (FORMAT parquet)`)
  database.close()
  today = join(folder, 'today')
  await analyze({ inputs: [forecasts], out: today, method: 'headroom', config: {} })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each([1, 2, 3, 4, runFormatVersion])('a run of format %i', (version) => {
  const basis = version >= 3 ? 'probable' : 'expected'
  let path: string
  let run: OpenRun
  beforeAll(async () => {
    path = version === runFormatVersion ? today : join(folder, `version-${version}`)
    if (path !== today) await cp(join(fixtures, `run-version-${version}`), path, { recursive: true })
    run = await openRunFolder(path)
  })
  afterAll(() => run.close())

  it('verifies and states its format and basis', async () => {
    const { manifest, files } = await verifyRunFolder(path)
    expect(files.map(({ state }) => state)).toEqual(Array.from({ length: filesOf(version) }, () => 'ok'))
    expect(manifest).toMatchObject({ format_version: version, config: { basis } })
  })

  it('answers every query', async () => {
    for (const name of Object.keys(runQueries) as (keyof typeof runQueries)[]) {
      const request = JSON.parse(
        JSON.stringify(validRequests[name]).replaceAll('/data/runs/fleet', path).replaceAll('web-1', 'trade-app-0001'),
      ) as never
      expect(await runQueries[name](run, request)).toBeDefined()
    }
  })

  it('is compared in both directions, reconciled, and has a report and events', async () => {
    for (const [earlier, later] of [
      [path, today],
      [today, path],
    ] as const) {
      const { definitions, changes } = await compareRuns(earlier, later)
      // The same forecasts: whatever differs is one of definition.
      expect(new Set(changes.filter(({ status }) => status !== 'still at risk').map(({ cause }) => cause))).toEqual(
        new Set(changes.some(({ status }) => status !== 'still at risk') ? ['definition'] : []),
      )
      expect(definitions.common).toBe(basis)
    }
    expect((await reconcileRun(path)).chains.find(({ key }) => key === 'at_risk')?.own.value).toBe(run.overview.counts.atRisk)
    expect((await readReportContent(run)).tables.length).toBeGreaterThan(3)
    expect((await readRunEvents(run)).unavailableReason).toBeNull()
  })

  it('what-if says where probabilities are not known in this run', async () => {
    const session = await openWhatIfSession(run.database, run.contents)
    const scenario = scenarioSchema.parse({ growth_percent: 10 })
    const { verdict_by, points_reason, run: baseline } = evaluateScenario(session, { scenario, grid: true, max_listed: null })
    expect({ verdict_by, isKnown: points_reason === null }).toEqual(
      basis === 'probable' ? { verdict_by: 'probability', isKnown: true } : { verdict_by: 'points', isKnown: false },
    )
    expect(baseline.at_risk_servers).toBe(run.overview.counts.atRisk)
  })
})
