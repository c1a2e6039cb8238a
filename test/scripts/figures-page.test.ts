// docs/figures.md is complete, up to date, and names existing code and tests.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  calibrationFigures,
  coverageFigures,
  fleetFigures,
  flaggedFigures,
  serverRiskFigures,
} from '../../scripts/figures/figure-sources.mjs'
import { figuresPage } from '../../scripts/figures/figures-page.mjs'
import { calibrationSchema, coverageSchema } from '../../src-shared/artefacts/model-accuracy.ts'
import { serverRiskRowSchema } from '../../src-shared/artefacts/server-risk.ts'
import { flagColumns } from '../../src-main/forecasts/forecast-columns.ts'

const project = join(import.meta.dirname, '..', '..')
const read = (path: string): string => readFileSync(join(project, path), 'utf8')

describe('docs/figures.md', () => {
  test('is what npm run docs:figures writes', () => {
    expect(read('docs/figures.md')).toBe(
      figuresPage({ serverRisk: serverRiskRowSchema, calibration: calibrationSchema, coverage: coverageSchema }),
    )
  })

  test('has a row for every column and key of the schemas, and no other', () => {
    expect(Object.keys(serverRiskFigures)).toEqual(Object.keys(serverRiskRowSchema.shape))
    expect(Object.keys(calibrationFigures)).toEqual(Object.keys(calibrationSchema.shape))
    expect(Object.keys(coverageFigures)).toEqual(Object.keys(coverageSchema.shape))
    expect(Object.keys(flaggedFigures).sort()).toEqual([...flagColumns].sort())
  })

  test('names functions and tests that exist', () => {
    const sources = [serverRiskFigures, flaggedFigures, fleetFigures, calibrationFigures, coverageFigures].flatMap((figures) =>
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
