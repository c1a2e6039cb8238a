// The schemas of the JSON artefacts describe what the engine writes: no key is missing, and none is unlisted, for parsing strips those.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { Database, literal } from '../../../src-main/database/database.ts'
import { analyze } from '../../../src-main/engine/analyze.ts'
import { analysisMethods } from '../../../src-shared/config/analysis-config.ts'
import { modelAccuracySchema } from '../../../src-shared/artefacts/model-accuracy.ts'
import {
  recommendationEntrySchema,
  recommendationReportSchema,
  recommendationsFileSchema,
} from '../../../src-shared/artefacts/recommendations.ts'
import { withCurrentNames } from '../../../src-shared/artefacts/renamed-names.ts'
import { runSummarySchema } from '../../../src-shared/artefacts/run-summary.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'

const storedRun = join(import.meta.dirname, '..', '..', 'fixtures', 'run-version-1')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headroom-artefacts-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const read = async (folder: string, name: string): Promise<unknown> => JSON.parse(await readFile(join(folder, name), 'utf8'))

const olderFileSchema = recommendationReportSchema.extend({
  recommendations: z.array(
    z.preprocess(
      withCurrentNames,
      recommendationEntrySchema.partial({ at_risk_probability: true, percent_to_add: true, is_lower_limit: true }),
    ),
  ),
})

test('the schemas describe a run of format version 1', async () => {
  const summary = await read(storedRun, runFiles.summary)
  expect(runSummarySchema.parse(summary)).toEqual(summary)
  const modelAccuracy = await read(storedRun, runFiles.modelAccuracy)
  expect(modelAccuracySchema.parse(modelAccuracy)).toEqual(modelAccuracy)
  const { recommendations: entries } = olderFileSchema.parse(await read(storedRun, runFiles.recommendations))
  expect(entries.map(({ recommendation }) => recommendation)).toContain('consolidate')
})

test.each(analysisMethods)('the schemas describe a new run by %s', async (method) => {
  const forecasts = join(folder, `${method}.parquet`)
  const database = await Database.open()
  await database.run(`
    COPY (SELECT server_id, model, "timestamp", actual, predicted, yhat_lower, yhat_upper, is_future
          FROM read_parquet(${literal(join(storedRun, runFiles.flaggedForecasts))}))
    TO ${literal(forecasts)} (FORMAT parquet)`)
  database.close()
  const out = join(folder, method)
  await analyze({ inputs: [forecasts], out, method, config: {} })
  const summary = await read(out, runFiles.summary)
  expect(runSummarySchema.parse(summary)).toEqual(summary)
  const modelAccuracy = await read(out, runFiles.modelAccuracy)
  expect(modelAccuracySchema.parse(modelAccuracy)).toEqual(modelAccuracy)
  const recommendations = await read(out, runFiles.recommendations)
  expect(recommendationsFileSchema.parse(recommendations)).toEqual(recommendations)
})
