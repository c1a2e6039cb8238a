// When a volume is full: worked by hand, with outliers, noise and drops, and in a run.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { measureGrowth } from '../../../src-main/engine/capacity/volume-growth.ts'
import { withRunFolder } from '../../../src-main/queries/run/open-run-folder.ts'
import { queryServer } from '../../../src-main/queries/servers/server-query.ts'
import { fitTheilSen } from '../../../src-main/statistics/theil-sen.ts'
import { seriesRows, times } from '../../fixtures/forecast-rows.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'
import { seededRandom } from '../../fixtures/seeded-random.ts'

const days = (count: number, from = 0): Float64Array => Float64Array.from({ length: count }, (_, day) => from + day)
/** Percent of 200 GiB: 150 on the last day, one more each day. */
const exactLine = Float64Array.from(days(60), (day) => (150 - 59 + day) / 2)

describe('a volume', () => {
  test('of 200 GiB with 150 used and 1 GiB more a day is full after 50 days', () => {
    expect(measureGrowth(days(60), exactLine)).toEqual({ perDay: 0.5, fullDay: 59 + 50, earliest: 59 + 50, latest: 59 + 50 })
  })

  test('has the same line where a fifth of the days are outliers', () => {
    const outliers = exactLine.map((used, day) => (day % 5 === 2 ? used + (day % 2 === 0 ? 40 : -30) : used))
    expect(measureGrowth(days(60), outliers)).toMatchObject({ perDay: 0.5, fullDay: 59 + 50 })
  })

  test('with noise of 1 GiB over 90 days has a slope within a tenth, and the true day in four of five intervals', () => {
    const random = seededRandom(7)
    const growths = Array.from({ length: 200 }, () =>
      measureGrowth(
        days(90),
        Float64Array.from(days(90), (day) => (60 + day + Math.sqrt(3) * (2 * random() - 1)) / 2),
      ),
    )
    const truth = 89 + (200 - 149)
    for (const growth of growths) expect(Math.abs(growth!.perDay / 0.5 - 1)).toBeLessThan(0.1)
    const covered = growths.filter((growth) => growth!.earliest! < truth && growth!.latest! > truth).length
    expect(covered / growths.length).toBeGreaterThan(0.72)
    expect(covered / growths.length).toBeLessThan(0.88)
  })

  test('counts from the last drop above a tenth', () => {
    const cleaned = exactLine.map((used, day) => (day < 30 ? 60 + used : used))
    const dropless = measureGrowth(days(30, 30), exactLine.slice(30))
    expect(measureGrowth(days(60), cleaned)).toEqual(dropless)
    // Twenty days after the drop, with another slope than before it.
    const slower = Float64Array.from(days(60), (day) => (day < 40 ? 50 + day : 40 + (day - 40) / 4))
    expect(measureGrowth(days(60), slower)).toMatchObject({ perDay: 0.25, fullDay: 59 + (100 - 44.75) / 0.25 })
  })

  test('counts its last 90 days where the last drop is older, and what followed a drop that lies on their edge', () => {
    const last90 = Float64Array.from(days(90), (day) => 20 + day / 4)
    for (const gap of [0, 1, 2, 3, 6, 7, 8, 30]) {
      // Full to 95 % until `gap` days before the last 90; then on the line of the last 90.
      const older = Float64Array.from(days(200), (day) => (day < 200 - gap ? 95 : 20 + (day - 200) / 4))
      expect(measureGrowth(days(290, -200), Float64Array.of(...older, ...last90))).toEqual(measureGrowth(days(90), last90))
    }
  })

  test('is never full without growth, and not known with too few days', () => {
    expect(measureGrowth(days(30), new Float64Array(30).fill(70))).toEqual({ perDay: 0, fullDay: null, earliest: null, latest: null })
    expect(measureGrowth(days(9), exactLine.slice(0, 9))).toBeNull()
    expect(measureGrowth(new Float64Array(0), new Float64Array(0))).toBeNull()
    // 30 points at 0.001 a day are 82 years.
    expect(
      measureGrowth(
        days(60),
        Float64Array.from(days(60), (day) => 70 + day / 1000),
      ),
    ).toMatchObject({ fullDay: null })
  })
})

test('the slope has the interval that SciPy gives', () => {
  // scipy.stats.theilslopes(y, range(12), alpha=0.8)
  const values = Float64Array.of(3, 5, 4, 8, 7, 7, 12, 9, 13, 15, 14, 21)
  const { slope, low, high } = fitTheilSen(days(12), values, 0.8)
  expect([slope, low, high].map((value) => Number(value.toFixed(9)))).toEqual([1.333333333, 1, 1.6])
})

describe('in a run', () => {
  let workspace: ForecastWorkspace
  beforeAll(async () => {
    workspace = await ForecastWorkspace.open()
  })
  afterAll(async () => workspace.close())

  test('free space below 10 % is used space above 90 % in every figure, and the date stands in server_risk', async () => {
    const used = [...exactLine]
    const horizon = Array.from({ length: 20 }, (_, day) => 75.5 + day / 2)
    const outline = { server: 'a', metric: 'disk_used_percent', actual: used, horizon }
    const figures = async (free: boolean) => {
      const turn = (values: readonly number[]): number[] => (free ? values.map((value) => 100 - value) : [...values])
      const metric = free ? 'disk_free_percent' : 'disk_used_percent'
      const rows = seriesRows({ ...outline, metric, actual: turn(used), horizon: turn(horizon) })
      const run = await workspace.analyse(await workspace.writeForecasts(`${metric}.parquet`, rows), {
        config: {
          metric_directions: free ? { [metric]: 'below' } : {},
          metric_thresholds: { [metric]: free ? { high: 10, very_high: 5 } : { high: 90, very_high: 95 } },
        },
      })
      const { metric: _, ...row } = await run.riskOf('a')
      const { metrics } = await withRunFolder(run.folder, (open) => queryServer(open, { folder: run.folder, serverId: 'a' }))
      expect(metrics[0]).toMatchObject({ full_at: '2026-04-20T00:00:00Z', capacity_changed_at: null })
      return row
    }
    const [usedRow, freeRow] = [await figures(false), await figures(true)]
    expect(freeRow).toEqual(usedRow)
    expect(usedRow).toMatchObject({ growth_per_day: 0.5, full_at: new Date('2026-04-20'), full_latest: new Date('2026-04-20') })
    const other = seriesRows({ server: 'b', metric: 'mem_p95', actual: used, horizon: times(5, 75) })
    const run = await workspace.analyse(await workspace.writeForecasts('memory.parquet', other))
    expect(await run.riskOf('b')).toMatchObject({ growth_per_day: null, full_at: null })
  })
})
