// The memory limit: its text form, its default of a quarter of the machine, the database's share, and the setting.
import { totalmem } from 'node:os'
import { describe, expect, test } from 'vitest'
import { databaseMemory, parseMemoryLimit } from '../../src-main/engine/resource-limits.ts'
import { parseMemorySize } from '../../src-shared/config/memory-size.ts'
import { mergeSettings, settingsChangeSchema, defaultSettings } from '../../src-shared/config/settings.ts'

describe('a memory size', () => {
  test.each([
    ['512MB', 512_000_000],
    ['2 GiB', 2_147_483_648],
    ['1.5gb', 1_500_000_000],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseMemorySize(text)).toBe(bytes)
    expect(parseMemoryLimit(text)).toBe(bytes)
  })

  test.each(['', '2', 'GB', '-1GB', '0MB', '2 XB', '1e3MB'])('refuses "%s"', (text) => {
    expect(parseMemorySize(text)).toBeNaN()
    expect(() => parseMemoryLimit(text)).toThrow(/is not a memory size/)
  })
})

test('the default limit is a quarter of the machine, at least 512 MB', () => {
  const defaultLimit = parseMemoryLimit(undefined)
  const machine = Math.min(totalmem(), process.constrainedMemory() || totalmem())
  const isSmall = machine < 2_048_000_000
  expect(4 * defaultLimit).toBeGreaterThan(isSmall ? 2_047_999_999 : machine - 4)
  expect(4 * defaultLimit).toBeLessThanOrEqual(isSmall ? 2_048_000_000 : machine)
})

test('the database gets half of the limit, but at least 128 MB or the whole limit', () => {
  expect(databaseMemory(1_000_000_000)).toBe('500000000B')
  expect(databaseMemory(512_000_000)).toBe('162000000B')
  expect(databaseMemory(150_000_000)).toBe('128000000B')
  expect(databaseMemory(80_000_000)).toBe('80000000B')
})

test('the settings store a memory size and refuse other text', () => {
  expect(mergeSettings(defaultSettings, { memoryLimit: '4GB' }).memoryLimit).toBe('4GB')
  expect(mergeSettings(defaultSettings, { memoryLimit: null }).memoryLimit).toBeNull()
  expect(settingsChangeSchema.safeParse({ memoryLimit: 'plenty' }).success).toBe(false)
})
