// Lasting changes of level: where they are found, what is none, and the events that they are offered as.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forecastFile } from '../../src-main/engine/forecast-file.ts'
import { createShiftFinder, type LevelShift } from '../../src-main/forecasting/level-shift.ts'
import { ForecastWorkspace } from '../fixtures/forecast-workspace.ts'
import { seededRandom } from '../fixtures/seeded-random.ts'

const find = (values: readonly number[], origin = values.length): LevelShift | null =>
  createShiftFinder(Float64Array.from(values), 0, values.length, 7)(origin)

/** 120 days with a week, and noise of two points each way. */
const days = (levelOf: (day: number) => number, seed = 1): number[] => {
  const random = seededRandom(seed)
  return Array.from({ length: 120 }, (_, day) => levelOf(day) + (day % 7) / 2 + 4 * random() - 2)
}

describe('a lasting change', () => {
  test('is found at its day, with both levels', () => {
    const shift = find(days((day) => (day < 70 ? 60 : 30)))
    expect(shift).toEqual({ step: 70, before: expect.closeTo(61.5, 0), after: expect.closeTo(31.5, 0) })
  })

  test('is known two weeks later', () => {
    const values = days((day) => (day < 70 ? 60 : 30))
    expect([find(values, 82)?.step, find(values, 84)?.step]).toEqual([undefined, 70])
  })

  test('of two, the latest counts', () => {
    expect(find(days((day) => (day < 40 ? 20 : day < 80 ? 40 : 70)))?.step).toBe(80)
  })

  test('is found in spite of gaps', () => {
    const values = days((day) => (day < 70 ? 60 : 30)).map((value, day) => (day % 4 === 3 ? Number.NaN : value))
    expect(find(values)?.step).toBe(70)
  })
})

test.each<[string, (day: number) => number]>([
  ['a constant', () => 40],
  ['a trend', (day) => 20 + day / 2],
  ['a change of a fifth', (day) => (day < 70 ? 50 : 40)],
  ['a peak of ten days', (day) => (day >= 60 && day < 70 ? 90 : 40)],
  ['a season of two weeks', (day) => (day % 28 < 14 ? 30 : 60)],
  ['a change over six weeks', (day) => 30 + 30 * Math.min(1, Math.max(0, (day - 50) / 42))],
])('%s is none', (_, levelOf) => {
  for (let seed = 1; seed <= 20; seed++) expect(find(days(levelOf, seed))).toBeNull()
})

test('noise and random walks have none', () => {
  let found = 0
  for (let seed = 1; seed <= 100; seed++) {
    const random = seededRandom(seed)
    let level = 50
    const walk = Array.from({ length: 120 }, () => (level += 4 * random() - 2))
    found += find(walk) === null ? 0 : 1
    found += find(Array.from({ length: 120 }, () => 20 + 60 * random())) === null ? 0 : 1
  }
  expect(found).toBe(0)
})

describe('own forecasts', () => {
  let workspace: ForecastWorkspace
  beforeAll(async () => {
    workspace = await ForecastWorkspace.open()
  })
  afterAll(async () => workspace.close())

  test('offer an event for the rows of the old level, and those that knew nothing of the new one', async () => {
    const select = (server: string, value: string): string =>
      `SELECT '${server}' AS host, TIMESTAMP '2026-03-01' + to_days(CAST(i AS INTEGER)) AS "time", CAST(${value} AS DOUBLE) AS value FROM range(90) t(i)`
    const input = await workspace.writeQuery(
      'shifted.parquet',
      [
        select('doubled', 'CASE WHEN i < 50 THEN 60 + i % 6 ELSE 30 + i % 6 END'),
        select('idle', 'CASE WHEN i < 50 THEN 4 ELSE 2 END + i % 2 / 10'),
        select('steady', '40 + i % 6'),
      ].join(' UNION ALL '),
    )
    const { warnings } = await forecastFile({ inputs: [input], config: {}, out: `${workspace.folder}/shifted-out.parquet`, horizon: 14 })
    // Day 50 is 20 April. The origins are days 48, 62 and 76; the first knows nothing, the second less than two weeks.
    expect(warnings).toEqual([
      {
        code: 'level-shifts',
        message:
          '1 series changed its level for good: doubled, cpu_p95: from 62.5 to 32.6 on 2026-04-20. Was the capacity changed? The view Events offers an event for it.',
        count: 1,
        examples: ['doubled, cpu_p95: from 62.5 to 32.6 on 2026-04-20'],
        events: [
          {
            from: '2026-04-18',
            to: '2026-05-15',
            servers: 'doubled',
            group: '',
            metric: 'cpu_p95',
            effect: '',
            note: 'Level changed from 62.5 to 32.6 on 2026-04-20',
          },
        ],
      },
    ])
  })
})
