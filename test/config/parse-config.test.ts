// Wrong values of every setting are refused with the key, what it must be and what it is.
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src-main/config/parse-config.ts'
import { analysisConfigSchema } from '../../src-shared/config/analysis-config.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'

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
