// Runs of one night, one forecast or one minute are told apart by the first thing that differs.
import { expect, test } from 'vitest'
import { nameRuns, nameStarts } from '../../src-renderer/views/compare/run-names.ts'

const times = {
  day: (iso: string): string => iso.slice(0, 10),
  dataTime: (iso: string): string => iso.slice(0, 13),
  analysisTime: (iso: string): string => iso.slice(0, 16),
}
const run = (start: string, analyzed_at: string, folder: string) => ({
  folder,
  analyzed_at,
  horizon: { start, end: '2026-12-31T00:00:00.000Z', periods: 30 },
})
const start = '2026-11-21T00:00:00.000Z'
const night = '2026-11-29T02:30:00.000Z'

test('runs of one night are named by the days that their forecasts begin on', () => {
  const names = nameRuns([run('2026-10-22T00:00:00.000Z', night, '/runs/a'), run(start, night, '/runs/b')], times)
  expect(names).toEqual(['forecast from 2026-10-22', 'forecast from 2026-11-21'])
})

test('forecasts of one day are named with their time', () => {
  const starts = [start, '2026-11-21T06:00:00.000Z']
  expect(nameStarts(starts, times)).toEqual(['2026-11-21T00', '2026-11-21T06'])
  expect(nameRuns([run(starts[0]!, night, '/runs/a'), run(starts[1]!, night, '/runs/b')], times)).toEqual([
    'forecast from 2026-11-21T00',
    'forecast from 2026-11-21T06',
  ])
})

test('two analyses of one forecast are named by their time, and within one minute by their folders', () => {
  expect(nameRuns([run(start, night, '/runs/a'), run(start, '2026-11-29T03:30:00.000Z', '/runs/b')], times)).toEqual([
    'analysed on 2026-11-29T02:30',
    'analysed on 2026-11-29T03:30',
  ])
  expect(nameRuns([run(start, night, '/runs/at-80'), run(start, night, 'C:\\runs\\at-85\\')], times)).toEqual(['at-80', 'at-85'])
})
