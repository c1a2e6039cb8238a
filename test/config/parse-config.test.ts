// Wrong values of every setting are refused with the key, what it must be and what it is.
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src-main/config/parse-config.ts'
import { analysisConfigSchema } from '../../src-shared/config/analysis-config.ts'
import { describeAbsoluteMetric } from '../../src-shared/config/metric-capacity.ts'
import { HeadroomError, toPlainSentence } from '../../src-shared/run/errors.ts'
import { hostileNames } from '../fixtures/hostile-names.ts'

const refusalOf = (settings: Readonly<Record<string, unknown>>): string | undefined => {
  try {
    parseConfig(settings, 'headroom')
    return undefined
  } catch (thrown) {
    if (thrown instanceof HeadroomError && thrown.code === 'config-invalid') return thrown.message
    throw thrown
  }
}

describe('a wrong value', () => {
  test.each(Object.keys(analysisConfigSchema.shape))('of %s is refused with what it must be', (key) => {
    const refusals = ['§', '', -1, 1e12, true, [1], { '§': { '§': 1 } }].flatMap((value) => refusalOf({ [key]: value }) ?? [])
    expect(refusals.length).toBeGreaterThan(0)
    for (const refusal of refusals) {
      expect(refusal).toContain(key)
      expect(refusal).not.toContain('of another kind')
    }
  })

  test('of a form that the schema alone cannot describe names the form', () => {
    expect(refusalOf({ time_zone: 'Mars/Base' })).toBe(
      'The configuration\'s time_zone must be a time zone such as Europe/Berlin, not "Mars/Base".',
    )
    expect(refusalOf({ date_format: 'zz' })).toBe(
      'The configuration\'s date_format must be day-first, month-first, excel or a format such as %d.%m.%Y, not "zz".',
    )
  })
})

describe.each(hostileNames.map((name) => [JSON.stringify(name), name] as const))('a key %s', (_, name) => {
  const withName = (value: unknown): Record<string, unknown> => Object.fromEntries([[name, value]])

  test('is no setting, nor a part of one', () => {
    expect(refusalOf(withName(70))).toBe(toPlainSentence(`The configuration has no key ${name}.`))
    expect(refusalOf({ metric_thresholds: { cpu: { high: 60, very_high: 70, ...withName(1) } } })).toMatch(
      /^The configuration's .+ has no part /,
    )
  })

  test('has no unit, direction or capacity that nobody stated', () => {
    const config = parseConfig({ metric_capacities: withName('mem_gib') }, 'headroom')
    const plain = parseConfig({ metric_capacities: { plain: 'mem_gib' } }, 'headroom')
    expect(describeAbsoluteMetric(config, name)).toEqual({ ...describeAbsoluteMetric(plain, 'plain'), metric: name })
    expect(refusalOf({ metric_directions: withName('below') })).toBe(refusalOf({ metric_directions: { plain: 'below' } }))
  })

  test('names a metric, a criticality or a licence', () => {
    const named = {
      metric_thresholds: withName({ high: 60, very_high: 70 }),
      criticality_thresholds: withName({ high: 61, very_high: 71 }),
      metric_units: withName('fraction'),
      metric_directions: withName('above'),
      metric_statistics: withName('max'),
      licence_costs: withName({ usd_per_core: 3 }),
    }
    const config: Readonly<Record<string, unknown>> = parseConfig(named, 'headroom')
    for (const [key, group] of Object.entries(named)) expect(Object.entries(config[key] as object)).toEqual(Object.entries(group))
    expect(Object.keys(Object.prototype)).toEqual([])
  })
})
