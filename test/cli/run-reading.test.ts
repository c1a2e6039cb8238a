// A long reading on a terminal: a bar with its step and share, which a reading in JSON leaves out.
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { runReading } from '../../src-main/cli/run-reading.ts'
import type { ReadingOptions } from '../../src-main/queries/run/reading-steps.ts'

const isTerminal = process.stderr.isTTY
afterEach(() => {
  process.stderr.isTTY = isTerminal
  vi.restoreAllMocks()
})

/** What is written to stderr while a reading takes some time. */
const writtenDuring = async (options: { readonly json?: boolean }, milliseconds: number): Promise<string> => {
  process.stderr.isTTY = true
  let written = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written += String(text)
    return true
  })
  const read = async ({ onStart }: ReadingOptions): Promise<string> => {
    onStart!(() => ({ label: 'Reading the forecasts', share: 0.4 }))
    await wait(milliseconds)
    return 'read'
  }
  expect(await runReading(options, read)).toBe('read')
  return written
}

test('a terminal shows the step and its share', async () => {
  const written = await writtenDuring({}, 1200)
  expect(written).toContain('40 %  Reading the forecasts')
})

test.each([
  ['a reading in JSON', { json: true }, 1200],
  ['one that ends at once', {}, 10],
])('%s shows no bar', async (_, options, milliseconds) => {
  expect(await writtenDuring(options, milliseconds)).toBe('')
})
