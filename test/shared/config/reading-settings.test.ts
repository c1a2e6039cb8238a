// What the import dialog states about files, and how it is kept for the next files of the same columns.
import { describe, expect, it } from 'vitest'
import {
  addImportChoice,
  applyReadingSettings,
  findImportChoice,
  importChoicesSchema,
  mergeReadingSettings,
  type ImportChoice,
} from '../../../src-shared/config/reading-settings.ts'

describe('statements about files', () => {
  it('are added column by column and unit by unit', () => {
    const settings = mergeReadingSettings({ map: { server_id: 'vm' }, wide: 'models' }, { map: { timestamp: 'when' }, decimal: 'comma' })
    expect(settings).toEqual({ map: { server_id: 'vm', timestamp: 'when' }, wide: 'models', decimal: 'comma' })
    expect(mergeReadingSettings({ wide: 'models', metric_units: { mem: 'bytes' } }, { metric_units: { cpu: 'fraction' } })).toEqual({
      wide: 'models',
      metric_units: { mem: 'bytes', cpu: 'fraction' },
    })
  })

  it('may name a metric as JavaScript names its own', () => {
    const units = Object.fromEntries([
      ['__proto__', 'percent'],
      ['constructor', 'fraction'],
    ])
    const settings = mergeReadingSettings({}, { metric_units: units })
    expect(Object.entries(settings?.metric_units ?? {})).toEqual(Object.entries(units))
    expect(
      Object.entries(applyReadingSettings({ metric_units: units }, { metric_units: { cpu: 'bytes' } })['metric_units'] as object),
    ).toEqual([...Object.entries(units), ['cpu', 'bytes']])
  })

  it('are withdrawn by an undefined value', () => {
    expect(mergeReadingSettings({ map: { server_id: 'vm' }, wide: 'models' }, { map: { server_id: undefined }, wide: undefined })).toEqual(
      {},
    )
  })

  it('win over the settings of the analysis, whose other units stay', () => {
    expect(
      applyReadingSettings(
        { high_risk_threshold: 70, metric_units: { cpu: 'percent', mem: 'percent' } },
        { metric_units: { cpu: 'fraction' }, time_zone: 'Europe/Berlin' },
      ),
    ).toEqual({ high_risk_threshold: 70, metric_units: { cpu: 'fraction', mem: 'percent' }, time_zone: 'Europe/Berlin' })
  })

  it('are refused where they are none', () => {
    expect(mergeReadingSettings({}, { wide: 'rows' })).toBeNull()
    expect(mergeReadingSettings({}, { map: { price: 'x' } })).toBeNull()
    expect(mergeReadingSettings({}, { high_risk_threshold: 70 })).toBeNull()
  })
})

describe('kept choices', () => {
  it('apply to files of the same column names in any order, and to no others', () => {
    const choices = addImportChoice([], ['when', 'vm', 'load'], { map: { server_id: 'vm' } })
    expect(findImportChoice(choices, ['load', 'vm', 'when'])?.settings).toEqual({ map: { server_id: 'vm' } })
    expect(findImportChoice(choices, ['load', 'vm'])).toBeUndefined()
    expect(findImportChoice(choices, ['load', 'vm', 'When'])).toBeUndefined()
  })

  it('are replaced by the latest of the same columns, and end at fifty', () => {
    let choices: ImportChoice[] = []
    for (let file = 0; file < 60; file++) choices = addImportChoice(choices, [`c${file}`], {})
    choices = addImportChoice(choices, ['c30'], { wide: 'servers' })
    expect(choices).toHaveLength(50)
    expect(choices[0]).toEqual({ columns: ['c30'], settings: { wide: 'servers' } })
    expect(importChoicesSchema.safeParse(choices).success).toBe(true)
  })

  it('leave out files of more columns than a settings file should hold', () => {
    const columns = Array.from({ length: 2001 }, (_, index) => `srv-${index}`)
    expect(addImportChoice([{ columns: ['a'], settings: {} }], columns, {})).toEqual([{ columns: ['a'], settings: {} }])
  })
})
