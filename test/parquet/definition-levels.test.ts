// Definition levels and the start of Snappy by bytes written by hand.
import { describe, expect, test } from 'vitest'
import { countEmptyValues } from '../../src-main/parquet/definition-levels.ts'
import { unpackSnappyStart } from '../../src-main/parquet/snappy-start.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

describe('countEmptyValues', () => {
  test('a run of equal levels', () => {
    // Header 300 << 1 in two groups of seven bits, then the level.
    expect(countEmptyValues(bytes(0xd8, 0x04, 0), 300)).toBe(300)
    expect(countEmptyValues(bytes(0xd8, 0x04, 1), 300)).toBe(0)
  })
  test('packed bits, the least first, and those after the last level do not count', () => {
    expect(countEmptyValues(bytes(0x03, 0b0000_0101), 8)).toBe(6)
    expect(countEmptyValues(bytes(0x03, 0b0000_0101), 3)).toBe(1)
    expect(countEmptyValues(bytes(0x05, 0xff, 0b0000_0110), 12)).toBe(2)
  })
  test('runs of both kinds after one another', () => {
    expect(countEmptyValues(bytes(0x08, 1, 0x03, 0xfe, 0x04, 0), 14)).toBe(1 + 2)
  })
  test.each([
    ['a level above 1', bytes(0x08, 5)],
    ['bytes that end too early', bytes(0x05)],
    ['a run of more values than there are', bytes(0x0a, 1)],
    ['a run of nothing', bytes(0, 0)],
    ['no bytes', bytes()],
  ])('%s: none', (_, levels) => {
    expect(countEmptyValues(levels, 4)).toBeUndefined()
  })
})

describe('unpackSnappyStart', () => {
  test('literals and copies, one of them over what it writes', () => {
    // "abc", then 5 bytes from 3 back, then 4 from 1 back: abcabcab, bbbb.
    const packed = bytes(12, 0x08, 0x61, 0x62, 0x63, 0x05, 3, 0x0e, 1, 0)
    expect(Buffer.from(unpackSnappyStart(packed, 12)!).toString()).toBe('abcabcabbbbb')
    expect(Buffer.from(unpackSnappyStart(packed, 5)!).toString()).toBe('abcab')
  })
  test('a copy from before the start is none', () => {
    expect(unpackSnappyStart(bytes(4, 0x00, 0x61, 0x01, 9), 4)).toBeUndefined()
  })
})
