// docs/figures.md is complete, up to date, and names existing code and tests.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  capacityFigures,
  flaggedFigures,
  modelAccuracyFigures,
  recommendationFigures,
  serverRiskFigures,
  summaryFigures,
} from '../../scripts/figures/figure-sources.mjs'
import { figuresOf, figuresPage } from '../../scripts/figures/figures-page.mjs'
import { capacityReportSchema } from '../../src-shared/artefacts/capacity.ts'
import { modelAccuracySchema } from '../../src-shared/artefacts/model-accuracy.ts'
import { recommendationsFileSchema } from '../../src-shared/artefacts/recommendations.ts'
import { runSummarySchema } from '../../src-shared/artefacts/run-summary.ts'
import { serverRiskRowSchema } from '../../src-shared/artefacts/server-risk.ts'
import { flagColumns } from '../../src-main/forecasts/forecast-columns.ts'

const project = join(import.meta.dirname, '..', '..')
const read = (path: string): string => readFileSync(join(project, path), 'utf8')

describe('docs/figures.md', () => {
  test('is what npm run docs:figures writes', () => {
    expect(read('docs/figures.md')).toBe(
      figuresPage({
        serverRisk: serverRiskRowSchema,
        summary: runSummarySchema,
        recommendations: recommendationsFileSchema,
        modelAccuracy: modelAccuracySchema,
        capacity: capacityReportSchema,
      }),
    )
  })

  test.each([
    ['server_risk.parquet', serverRiskRowSchema, serverRiskFigures],
    ['module_05_summary.json', runSummarySchema, summaryFigures],
    ['optimization_recommendations.json', recommendationsFileSchema, recommendationFigures],
    ['model_accuracy.json', modelAccuracySchema, modelAccuracyFigures],
    ['capacity.json', capacityReportSchema, capacityFigures],
  ])('has a row for every value of %s, and no other', (_file, schema, figures) => {
    expect(Object.keys(figures)).toEqual(figuresOf(schema).map(({ path }) => path))
  })

  test('has a row for every column that the flagged file adds, and no other', () => {
    expect(Object.keys(flaggedFigures).sort()).toEqual([...flagColumns].sort())
  })

  test('fails where a schema has a key without an entry', () => {
    const page = (summary: z.ZodObject): string =>
      figuresPage({
        serverRisk: serverRiskRowSchema,
        summary,
        recommendations: recommendationsFileSchema,
        modelAccuracy: modelAccuracySchema,
        capacity: capacityReportSchema,
      })
    expect(() => page(runSummarySchema.extend({ idle_servers: z.int() }))).toThrow('lacks idle_servers of module_05_summary.json')
    expect(() => page(runSummarySchema.extend({ method: z.string() }))).toThrow('does not describe method')
  })

  test('names functions and tests that exist', () => {
    const sources = [serverRiskFigures, flaggedFigures, summaryFigures, recommendationFigures, modelAccuracyFigures].flatMap((figures) =>
      Object.values(figures),
    )
    const missing = sources.flatMap(({ code, test: testFile }) => {
      const [file = '', symbol = ''] = code.split('#')
      const isDefined = existsSync(join(project, file)) && new RegExp(`\\b(?:const|function\\*?|class) ${symbol}\\b`).test(read(file))
      return [...(isDefined ? [] : [code]), ...(existsSync(join(project, testFile)) ? [] : [testFile])]
    })
    expect(missing).toEqual([])
  })
})
