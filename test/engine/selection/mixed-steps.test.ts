// A dataset of hourly and daily series: what is computed of each series alone equals the analysis of its half.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { planSparkJob } from '../../../src-main/engine/spark/plan-spark-job.ts'
import { modelAccuracySchema } from '../../../src-shared/artefacts/model-accuracy.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { seededRandom } from '../../fixtures/seeded-random.ts'
import { ForecastWorkspace, type ForecastRow, type TestRow } from '../../fixtures/forecast-workspace.ts'

const hour = 3_600_000
const day = 24 * hour
const lastMeasured = Date.UTC(2026, 5, 1)

/** Two models over a backtest and a horizon; `silentFor`: steps by which the measurements end earlier. */
const seriesOf = (server_id: string, metric: string, step: number, points: number, horizon: number, silentFor = 0): ForecastRow[] => {
  const random = seededRandom(Array.from(server_id).reduce((sum, letter) => sum * 31 + letter.codePointAt(0)!, 7))
  const level = 40 + 30 * random()
  return ['m1', 'm2'].flatMap((model) =>
    Array.from({ length: points + horizon }, (_, index): ForecastRow => {
      const offset = index - points + 1
      const time = lastMeasured + (offset - silentFor) * step
      const predicted = level + 10 * Math.sin(index / 5) + (model === 'm1' ? 0 : 1)
      return {
        server_id,
        metric,
        model,
        timestamp: new Date(time).toISOString(),
        actual: offset <= 0 ? predicted + 8 * Math.sin(index * 1.7 + level) : null,
        predicted,
        is_future: offset > 0,
      }
    }),
  )
}

const hourly = [
  ...['h1', 'h2', 'h3'].flatMap((server) => seriesOf(server, 'cpu_p95', hour, 240, 48)),
  ...seriesOf('h-silent', 'cpu_p95', hour, 240, 48, 20),
]
const daily = [
  ...['d1', 'd2'].flatMap((server) => seriesOf(server, 'mem_p95', day, 120, 30)),
  ...seriesOf('d-late', 'mem_p95', day, 120, 30, 10),
  ...seriesOf('d-silent', 'mem_p95', day, 120, 30, 20),
]

let workspace: ForecastWorkspace
const analyse = async (name: string, rows: readonly ForecastRow[]): Promise<Awaited<ReturnType<ForecastWorkspace['analyse']>>> =>
  workspace.analyse(await workspace.writeForecasts(name, rows))
let runs: Record<'hourly' | 'daily' | 'mixed', Awaited<ReturnType<typeof analyse>>>
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
  runs = {
    hourly: await analyse('hourly.parquet', hourly),
    daily: await analyse('daily.parquet', daily),
    mixed: await analyse('mixed.parquet', [...hourly, ...daily]),
  }
})
afterAll(async () => workspace.close())

/** Of simulated paths, whose blocks have one length for the whole dataset; and clusters, which are those of the whole fleet. */
const fleetColumn =
  /^cluster|probability|^p95_|^path_|^percent_to_add|^sizing_|^breaching_|^expected_first|^first_breach_p20|^conservative_|^likely_|^units_to_add|^recommend|^order_|calibrat/

const ofHalf = async (half: 'hourly' | 'daily'): Promise<[alone: TestRow[], together: TestRow[]]> => {
  const alone = await runs[half].serverRisk()
  const servers = new Set(alone.map((row) => row['server_id']))
  return [alone, (await runs.mixed.serverRisk()).filter((row) => servers.has(row['server_id']))]
}
const ownFigures = (row: TestRow): TestRow => Object.fromEntries(Object.entries(row).filter(([name]) => !fleetColumn.test(name)))

test.each(['hourly', 'daily'] as const)('the %s half has the figures that it has alone', async (half) => {
  const [alone, together] = await ofHalf(half)
  expect(together.map(ownFigures)).toEqual(alone.map(ownFigures))
  expect(Object.keys(ownFigures(alone[0]!)).length).toBeGreaterThan(25)
})

test.each([
  ['hourly', 'h-silent'],
  ['daily', 'd-silent'],
] as const)('of the %s half a server is silent by its own steps', (half, server) => {
  const silent = (run: typeof runs.mixed): readonly string[] =>
    run.manifest.warnings.flatMap(({ code, examples }) => (code === 'silent-servers' ? (examples ?? []) : []))
  expect(silent(runs[half])).toEqual([server])
  expect(silent(runs.mixed)).toContain(server)
  expect(silent(runs.mixed)).toHaveLength(2)
})

test('the accuracy of the selection is measured over windows of own steps', async () => {
  const holdOut = async (run: typeof runs.mixed): Promise<unknown[]> =>
    (await run.json(runFiles.modelAccuracy, modelAccuracySchema)).hold_out ?? []
  const [ofHourly, ofDaily] = [await holdOut(runs.hourly), await holdOut(runs.daily)]
  expect(await holdOut(runs.mixed)).toEqual([...ofHourly, ...ofDaily])
  expect([ofHourly.length, ofDaily.length]).toEqual([1, 1])
})

test('a warning says what the simulated paths count by', () => {
  expect(runs.mixed.manifest.warnings.find(({ code }) => code === 'mixed-steps')?.message).toBe(
    'The series differ in their steps: hour (4 series), day (4 series). Breach probabilities count by the first; analyse each step by itself for exact ones.',
  )
})

test('a Spark cluster refuses them', async () => {
  const path = await workspace.writeForecasts('spark.parquet', [...hourly, ...daily])
  await expect(planSparkJob({ inputs: [path], out: `${workspace.folder}/plan`, config: {} })).rejects.toMatchObject({
    message: 'A Spark cluster needs one step for all series, but these have hour and day.',
    next: 'Compute on a single instance.',
  })
})
