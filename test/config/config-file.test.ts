// Reading settings files: merge keys, keys next to the pipeline's sections, and warnings that name every key without effect.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { previewConfigFile, readConfigFile } from '../../src-main/config/config-file.ts'
import { reportedCases } from '../fixtures/fleets.ts'

let folder: string
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'headroom-config-'))))
afterAll(async () => rm(folder, { recursive: true }))

const fileWith = async (text: string): Promise<string> => {
  const path = join(folder, 'config.yaml')
  await writeFile(path, text)
  return path
}

const settingsOf = async (text: string): Promise<unknown> => (await readConfigFile(await fileWith(text))).settings

const warningsOf = async (text: string): Promise<string[]> => {
  const { warnings } = await readConfigFile(await fileWith(text))
  return warnings.map(({ message }) => message)
}

const template = 'x-defaults: &risk\n  high_risk_threshold: 60\n  very_high_risk_threshold: 70\n'

describe('merge keys', () => {
  test('apply in a section of the pipeline', async () => {
    const text = `${template}risk_analysis:\n  <<: *risk\n  underutilized_threshold: 30\n`
    expect(await settingsOf(text)).toEqual({ high_risk_threshold: 60, very_high_risk_threshold: 70, underutilized_threshold: 30 })
    expect(await warningsOf(text)).toEqual([])
  })

  test("apply in Headroom's own file", async () => {
    expect(await settingsOf(`${template}<<: *risk\n`)).toEqual({ high_risk_threshold: 60, very_high_risk_threshold: 70 })
  })

  test.each([
    ['a stated key wins, also before the merge key', 'high_risk_threshold: 65\n<<: *risk\n', 65],
    ['the first of several groups wins', '<<: [{ high_risk_threshold: 66 }, *risk]\n', 66],
    ['groups merge into merged groups', '<<: { <<: *risk, very_high_risk_threshold: 75 }\n', 60],
  ])('%s', async (_, text, high) => {
    expect(await settingsOf(`${template}${text}`)).toMatchObject({ high_risk_threshold: high })
  })

  test('are refused with the reason where they do not name a group', async () => {
    await expect(settingsOf('<<: 5\n')).rejects.toThrow('config.yaml is not valid YAML or JSON: a merge key << needs groups of keys.')
  })
})

describe("keys next to the pipeline's sections", () => {
  test.each(['aws: { region: eu-west-1 }', 'sagemaker: {}', 'paths: {}', 'data: {}', 'feature_engineering: {}', 'model_training: {}'])(
    'apply next to %s',
    async (section) => {
      const text = `high_risk_threshold: 60\nholiday_country: DE\n${section}\n`
      expect(await settingsOf(text)).toEqual({ high_risk_threshold: 60, holiday_country: 'DE' })
      expect(await warningsOf(text)).toEqual([])
    },
  )

  test('apply under their former name', async () => {
    const text = 'percent_metrics: [busy]\naws: {}\n'
    expect(await settingsOf(text)).toEqual({ metric_units: { busy: 'percent' } })
    expect(await warningsOf(text)).toEqual([])
  })

  test('win over the same key in a section', async () => {
    expect(await settingsOf('high_risk_threshold: 60\nrisk_analysis: { high_risk_threshold: 75 }\n')).toEqual({ high_risk_threshold: 60 })
  })
})

describe('keys without effect', () => {
  test.each([
    ['at the top', 'high_risk_treshold: 60\naws: {}\n', 'high_risk_treshold (nearest: high_risk_threshold)'],
    [
      'in a section',
      'risk_analysis: { underutilised_threshold: 30 }\n',
      'risk_analysis.underutilised_threshold (nearest: underutilized_threshold)',
    ],
    ['deeper', 'risk_analysis: { clustering: { clusters: 5 } }\n', 'risk_analysis.clustering.clusters (nearest: n_clusters)'],
    ['of features', 'risk_analysis: { clustering: { features: [mean, disk_queue] } }\n', 'risk_analysis.clustering.features: disk_queue'],
    ['in other sections', 'data: { seasonality: { eoq_month: [1] } }\n', 'data.seasonality.eoq_month (nearest: eoq_months)'],
    ['of the training', 'model_training: { horizon: 90 }\nnotes: x\n', 'notes, model_training.horizon'],
  ])('are named: %s', async (_, text, names) => {
    expect(await warningsOf(text)).toEqual([`config.yaml has keys without effect: ${names}.`])
  })

  test('are counted where there are many', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `key${i}: 1\n`).join('')
    const { warnings } = await readConfigFile(await fileWith(`aws: {}\n${names}`))
    expect(warnings).toMatchObject([{ code: 'unused-settings', count: 12, message: expect.stringMatching(/key9 and 2 more\.$/) as string }])
  })

  test('are listed in the preview', async () => {
    const { ignored } = await previewConfigFile(await fileWith('aws: {}\nhigh_risk_treshold: 60\n'))
    expect(ignored).toEqual(['high_risk_treshold (nearest: high_risk_threshold)', 'aws'])
  })
})

describe.skipIf(!reportedCases.isAvailable)(`reported settings files${reportedCases.skipNote}`, () => {
  test.each([
    ['14-yaml-merge-keys', { high_risk_threshold: 60, very_high_risk_threshold: 70, underutilized_threshold: 30 }],
    ['15-own-keys-beside-a-section', { high_risk_threshold: 60, holiday_country: 'DE' }],
  ])('%s', async (name, settings) => {
    expect(await readConfigFile(reportedCases.path(name, 'config.yaml'))).toEqual({ settings, warnings: [] })
  })
})
