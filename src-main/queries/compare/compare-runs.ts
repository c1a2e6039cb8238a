// Two run folders compared: opens both in one database and gathers what differs, from settings to the last forecast's errors.
import { z } from 'zod'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import type { ComparedRun, RunComparison } from '../../../src-shared/ipc/run-comparison.ts'
import type { RunManifest } from '../../../src-shared/run/run-manifest.ts'
import { identifier, type Database } from '../../database/database.ts'
import { findDefinitions, type Basis, type Side } from './attribute-changes.ts'
import { findRiskChanges } from './find-risk-changes.ts'
import { checkForecast } from './check-forecast.ts'
import { findPolicyDifferences, collectComparisonNotes } from './policy-differences.ts'
import { openQueryDatabase, readingRun } from '../run/query-database.ts'
import { ReadingSteps, type ReadingOptions } from '../run/reading-steps.ts'
import { readRunContents, type RunContents } from '../run/run-contents.ts'
import { createRunTables } from '../run/run-tables.ts'

/** Compares the run that was made first with the one that followed. Throws run-not-found, run-damaged. */
export const compareRuns = async (earlierFolder: string, laterFolder: string, options: ReadingOptions = {}): Promise<RunComparison> => {
  const [earlier, later] = [await readComparableRun(earlierFolder), await readComparableRun(laterFolder)]
  const { database, close } = await openQueryDatabase(options.signal, options.memoryLimit)
  const steps = new ReadingSteps(readingSteps, database, options)
  try {
    await createRunSchema(database, earlier, 'earlier')
    await createRunSchema(database, later, 'later')
    return await readingRun(`${earlierFolder} or ${laterFolder}`, () => compare(database, earlier, later, steps))
  } finally {
    await close()
  }
}

const readingSteps = ['Opening the runs', 'Comparing the risks', 'Checking the earlier forecast'] as const

interface RunToCompare extends RunContents {
  readonly manifest: RunManifest
}

const compare = async (
  database: Database,
  earlier: RunToCompare,
  later: RunToCompare,
  steps: ReadingSteps<(typeof readingSteps)[number]>,
): Promise<RunComparison> => {
  steps.start('Comparing the risks')
  const sides = { earlier: await describeSide(database, earlier, 'earlier'), later: await describeSide(database, later, 'later') }
  const definitions = findDefinitions(earlier.manifest.config.basis, later.manifest.config.basis, {
    earlier: await findHeldBases(database, 'earlier'),
    later: await findHeldBases(database, 'later'),
  })
  const riskChanges = await findRiskChanges(database, definitions)
  steps.start('Checking the earlier forecast')
  const check = await checkForecast(database, earlier.manifest, later.manifest)
  return {
    ...sides,
    notes: [...collectComparisonNotes(sides.earlier, sides.later, earlier.manifest, later.manifest, definitions), ...check.notes],
    definitions,
    policy_differences: findPolicyDifferences(earlier.manifest, later.manifest),
    ...riskChanges,
    forecast_check: check.check,
  }
}

/** Bases whose figures a run holds. */
const findHeldBases = async (database: Database, side: Side): Promise<(basis: Basis) => boolean> => {
  const held = await database.row(
    `SELECT true AS expected, count(conservative_p95) > 0 AS conservative, count(likely_p95) > 0 AS probable FROM ${side}.server_risk`,
    z.object({ expected: z.boolean(), conservative: z.boolean(), probable: z.boolean() }),
  )
  return (basis) => held[basis]
}

const readComparableRun = async (folder: string): Promise<RunToCompare> => {
  const contents = await readRunContents(folder)
  const { manifest } = contents
  if (manifest !== null) return { ...contents, manifest }
  throw new HeadroomError('run-not-found', `${folder} is a Module 05 folder, which states neither its settings nor the selected models.`, {
    next: 'Analyse its forecasts with headroom analyze, then compare the two runs.',
  })
}

const createRunSchema = (database: Database, run: RunToCompare, schema: 'earlier' | 'later'): Promise<void> =>
  readingRun(run.folder, () => createRunTables(database, run, schema))

const describeSide = async (database: Database, { folder, manifest }: RunToCompare, schema: 'earlier' | 'later'): Promise<ComparedRun> => {
  const figures = await database.row(
    `SELECT strftime(max(last_measured_at), '%Y-%m-%dT%H:%M:%SZ') AS last_measured_at,
            CAST(count(DISTINCT server_id) AS INTEGER) AS servers,
            CAST(count(DISTINCT server_id) FILTER (is_server_at_risk) AS INTEGER) AS at_risk_servers
     FROM ${identifier(schema)}.server_risk`,
    z.object({ last_measured_at: z.string().nullable(), servers: z.int(), at_risk_servers: z.int() }),
  )
  return {
    folder,
    run_id: manifest.run_id,
    analyzed_at: manifest.analyzed_at,
    method: manifest.method,
    engine_version: manifest.engine_version,
    format_version: manifest.format_version,
    granularity: manifest.granularity,
    step_seconds: manifest.step_seconds,
    time_zone: manifest.time_zone,
    horizon: manifest.horizon,
    ...figures,
  }
}
