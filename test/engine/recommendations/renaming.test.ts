// Names of servers and the seed move no recommendation: the same figures give the same plan.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ForecastWorkspace, type FinishedRun } from '../../fixtures/forecast-workspace.ts'
import { seriesRows } from '../../fixtures/forecast-rows.ts'
import { createRandom } from '../../../scripts/bench/probability-scores.mjs'

const servers = 30
const days = 42
const horizon = 7

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

const analyse = async (nameOf: (server: number) => string, seed: number): Promise<FinishedRun> => {
  const random = createRandom(3)
  const fleet = Array.from({ length: servers }, (_, server) => {
    // Idle ones, ones that no other host holds, and ones above the threshold.
    const level = server < 25 ? 4 + 2 * server : 88
    const predicted = Array.from({ length: days + horizon }, (_, day) => level + 5 * Math.sin((2 * Math.PI * day) / 7))
    return seriesRows({
      server: nameOf(server),
      actual: predicted.slice(0, days).map((value) => Math.max(0, value + 16 * (random() - 0.5))),
      predicted: predicted.slice(0, days),
      horizon: predicted.slice(days),
    })
  })
  return workspace.analyse(await workspace.writeForecasts(`fleet-${nameOf(0)}.parquet`, fleet.flat()), { config: { seed } })
}

interface Verdict {
  readonly recommendation: unknown
  readonly probability: number
  /** Before calibration and clipping. */
  readonly raw: number
}

const verdictsOf = async (run: FinishedRun, nameOf: (server: number) => string): Promise<Verdict[]> => {
  const rows = new Map((await run.serverRisk()).map((row) => [row['server_id'], row]))
  return Array.from({ length: servers }, (_, server) => {
    const row = rows.get(nameOf(server))!
    return {
      recommendation: row['recommendation'],
      probability: Number(row['at_risk_probability']),
      raw: Number(row['at_risk_probability_raw']),
    }
  })
}

test('other names change nothing, another seed no recommendation and probabilities little', async () => {
  const plain = (server: number): string => `server-${server}`
  const renamed = (server: number): string => createHash('md5').update(plain(server)).digest('hex')
  const first = await verdictsOf(await analyse(plain, 42), plain)
  expect(first.map(({ recommendation }) => recommendation)).toEqual(expect.arrayContaining(['add capacity', 'consolidate', 'keep']))

  const other = await verdictsOf(await analyse(renamed, 42), renamed)
  expect(other.map(({ recommendation }) => recommendation)).toEqual(first.map(({ recommendation }) => recommendation))
  other.forEach(({ probability }, server) => expect(probability).toBeCloseTo(first[server]!.probability, 9))

  const reseeded = await verdictsOf(await analyse(renamed, 7), renamed)
  expect(reseeded.map(({ recommendation }) => recommendation)).toEqual(first.map(({ recommendation }) => recommendation))
  const moves = reseeded.map(({ probability }, server) => Math.abs(probability - first[server]!.probability)).sort((a, b) => a - b)
  expect(reseeded.map(({ raw }) => raw)).not.toEqual(first.map(({ raw }) => raw))
  expect(moves[servers / 2]).toBeLessThan(0.01)
  expect(moves.at(-1)).toBeLessThan(0.08)
})
