import { describe, expect, test } from 'vitest'
import { analysisConfigSchema } from '../../../src-shared/config/analysis-config.ts'
import { settingFields, type SettingField } from '../../../src-shared/config/setting-fields.ts'

const field = (key: SettingField['key']): SettingField => settingFields.find((candidate) => candidate.key === key)!

describe('setting fields', () => {
  test('every analysis setting has a field, but for how the columns of one dataset are read, and prices of licences', () => {
    const withoutField = ['batch_step', 'date_format', 'encoding', 'map', 'wide', 'licence_costs']
    expect([...settingFields.map(({ key }) => key), ...withoutField].sort()).toEqual(Object.keys(analysisConfigSchema.shape).sort())
  })

  test.each([
    ['high_risk_threshold', 'number', null],
    ['underutilized_threshold', 'number', { min: 0, max: 100 }],
    ['eoq_window_days', 'number', { min: 1, max: 31 }],
    ['fiscal_year_start_month', 'number', { min: 1, max: 12 }],
    ['n_clusters', 'number-or-word', { min: 1, max: 50 }],
    ['breach_probability', 'flag', null],
    ['eoq_months', 'numbers', null],
    ['cluster_features', 'names', null],
    ['metric_thresholds', 'thresholds', null],
    ['holiday_country', 'text', null],
  ] as const)('%s: kind %s, range from the schema', (key, kind, range) => {
    expect(field(key)).toMatchObject({ kind, range })
  })

  test('a choice lists the values of the schema', () => {
    expect(field('basis')).toMatchObject({ kind: 'choice', choices: ['probable', 'expected', 'conservative'] })
  })
})
