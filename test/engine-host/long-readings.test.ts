// Long readings of the window: one at a time, with their progress, and ended when a newer one begins or the planner cancels.
import { expect, test } from 'vitest'
import { LongReadings } from '../../src-main/engine-host/long-readings.ts'
import type { ReadingOptions } from '../../src-main/queries/run/reading-steps.ts'
import { HeadroomError } from '../../src-shared/run/errors.ts'

/** Reads until it is cancelled or told to end. */
const createReading = () => {
  let end: (value: string) => void = () => undefined
  let told: ReadingOptions | undefined
  const work = (options: ReadingOptions): Promise<string> => {
    told = options
    return new Promise((resolve, reject) => {
      end = resolve
      options.signal?.addEventListener('abort', () => reject(new HeadroomError('cancelled', 'The work was cancelled.')))
    })
  }
  return { work, end: (value: string) => end(value), told: () => told! }
}

test('a reading tells its progress until it ends, within the memory of the window', async () => {
  const readings = new LongReadings()
  expect(readings.progress).toBeNull()
  const { work, end, told } = createReading()
  const read = readings.read(work)
  expect(readings.progress).toBeNull()
  told().onStart!(() => ({ label: 'Reading the forecasts', share: 0.25 }))
  expect(readings.progress).toEqual({ label: 'Reading the forecasts', share: 0.25 })
  expect(told().memoryLimit).toBe('400MB')
  end('read')
  expect(await read).toBe('read')
  expect(readings.progress).toBeNull()
})

test('a newer reading ends the older one, whose progress is not shown', async () => {
  const readings = new LongReadings()
  const [older, newer] = [createReading(), createReading()]
  const olderRead = readings.read(older.work)
  older.told().onStart!(() => ({ label: 'Opening the runs', share: 0.1 }))
  const newerRead = readings.read(newer.work)
  await expect(olderRead).rejects.toMatchObject({ code: 'cancelled' })
  newer.told().onStart!(() => ({ label: 'Comparing the risks', share: 0.5 }))
  expect(readings.progress).toEqual({ label: 'Comparing the risks', share: 0.5 })
  newer.end('read')
  expect(await newerRead).toBe('read')
})

test('a cancelled reading fails with cancelled; cancelling once more changes nothing', async () => {
  const readings = new LongReadings()
  const { work } = createReading()
  const read = readings.read(work)
  readings.cancel()
  await expect(read).rejects.toMatchObject({ code: 'cancelled' })
  readings.cancel()
  expect(readings.progress).toBeNull()
})
