// Units of metrics: percent by name or as stated, and what the command line says where nothing is judged.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { finishSparkRun } from '../../src-main/engine/spark/finish-spark-run.ts'
import { openRunFolder } from '../../src-main/queries/run/open-run-folder.ts'
import { reportedCases } from '../fixtures/fleets.ts'
import { ForecastWorkspace, type FinishedRun } from '../fixtures/forecast-workspace.ts'
import { seriesRows, times } from '../fixtures/forecast-rows.ts'
import { headroom, headroomDone } from '../fixtures/run-headroom.ts'
import { writeSparkOutput } from '../fixtures/spark-output-on-duckdb.ts'

let workspace: ForecastWorkspace
beforeAll(async () => {
  workspace = await ForecastWorkspace.open()
})
afterAll(async () => workspace.close())

const counts = ({ manifest }: FinishedRun): number[] => [manifest.counts.at_risk_servers, manifest.counts.underutilized_servers]

/** A server at 85 and one at 20, of one metric. */
const rowsOf = (metric: string) => [
  ...seriesRows({ server: 'busy', metric, actual: times(20, 50), horizon: [85, 85] }),
  ...seriesRows({ server: 'quiet', metric, actual: times(20, 20), horizon: [20, 20] }),
]

describe.skipIf(!reportedCases.isAvailable)(`reported inputs${reportedCases.skipNote}`, () => {
  test('CPUUtilization is in percent', async () => {
    expect(counts(await workspace.analyse(reportedCases.path('18-cloudwatch-metric-name', 'cloudwatch.parquet')))).toEqual([2, 2])
  })

  test('fractions are refused until the unit is stated, then read as percent', async () => {
    const file = reportedCases.path('05-fractions', 'fractions.parquet')
    await expect(workspace.analyse(file)).rejects.toMatchObject({
      code: 'input-unit-unclear',
      message: 'Is cpu_p95 of fractions.parquet in fractions or percent: --unit cpu_p95=fraction or --unit cpu_p95=percent?',
    })
    const run = await workspace.analyse(file, { config: { metric_units: { cpu_p95: 'fraction' } } })
    expect(counts(run)).toEqual([2, 2])
    expect((await run.riskOf('srv-04'))['horizon_p95']).toBeCloseTo(80.75, 2)
    expect((await run.riskOf('srv-05'))['horizon_p95']).toBeCloseTo(101.86, 2)
    expect(await run.json('optimization_recommendations.json', z.looseObject({}))).toMatchObject({ total_savings_usd: 100 })
  })

  test('a load average is not judged', async () => {
    const run = await workspace.analyse(reportedCases.path('18-cloudwatch-metric-name', 'load.parquet'))
    expect(counts(run)).toEqual([0, 0])
    expect(run.manifest.warnings.map(({ code }) => code)).toContain('unjudged-metric')
  })
})

test.each([
  ['MemoryUtilization', {}, [1, 1]],
  ['score', {}, [0, 0]],
  ['score', { metric_units: { score: 'percent' } }, [1, 1]],
  ['score', { percent_metrics: ['score'] }, [1, 1]],
  ['cpu_p95', { metric_units: { cpu_p95: 'count' } }, [0, 0]],
])('%s with the settings %o', async (metric, config, expected) => {
  expect(counts(await workspace.analyse(await workspace.writeForecasts('units.parquet', rowsOf(metric)), { config }))).toEqual(expected)
})

test('an unknown unit is refused with the units there are', async () => {
  const forecasts = await workspace.writeForecasts('unknown.parquet', rowsOf('score'))
  await expect(workspace.analyse(forecasts, { config: { metric_units: { score: 'percnt' } } })).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringMatching(/metric_units\.score must be percent or fraction or .*, not "percnt"/),
  })
})

/** Two servers in quarters of a percent, exact in both units, and a metric of another unit; `scale` 1 or 1 / 100. */
const fleetIn = (scale: number) =>
  `SELECT 'host-' || s AS server_id, metric, TIMESTAMP '2026-01-01' + to_days(CAST(d AS INTEGER)) AS "timestamp",
          CASE WHEN d < 60 THEN value END AS actual, value + delta AS predicted, value - 2 * delta AS yhat_lower, value + 2 * delta AS yhat_upper
   FROM (SELECT s, d, metric, CASE metric WHEN 'mem' THEN ${scale} ELSE 1 END * (20 + s * 50 + (d * 7 + s * 3) % 16) AS value,
                CASE metric WHEN 'mem' THEN ${scale} ELSE 1 END * ((d % 5) - 2) AS delta
         FROM range(2) a(s), range(90) b(d), (VALUES ('mem'), ('net_bytes')) c(metric))`

const roundedRisks = async (run: FinishedRun): Promise<unknown> =>
  (await run.serverRisk()).map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, typeof value === 'number' ? Number(value.toPrecision(9)) : value]),
    ),
  )

describe('a metric in fractions', () => {
  const config = { metric_units: { mem: 'fraction' } }

  test('has the figures of the same metric in percent; the flagged file holds the values as written', async () => {
    const fractions = await workspace.writeQuery('fractions.parquet', fleetIn(0.01))
    const percent = await workspace.analyse(await workspace.writeQuery('percent.parquet', fleetIn(1)))
    const run = await workspace.analyse(fractions, { config })
    expect(await roundedRisks(run)).toEqual(await roundedRisks(percent))
    expect(counts(run)).toEqual([1, 1])
    const flags = `SELECT server_id, metric, "timestamp", risk_flag, risk_level, is_underutilized FROM flagged ORDER BY ALL`
    expect(await run.flagged(flags)).toEqual(await percent.flagged(flags))
    const values = 'SELECT server_id, metric, actual, predicted, yhat_lower, yhat_upper FROM flagged'
    expect(await run.flagged(values)).toEqual(await workspace.query(`WITH flagged AS (FROM '${fractions}') ${values}`))
  })

  test('is shown in percent when the run is opened, and its queries give percent', async () => {
    const run = await workspace.analyse(await workspace.writeQuery('opened.parquet', fleetIn(0.01)), { config })
    const opened = await openRunFolder(run.folder)
    expect(opened.overview.metrics).toContainEqual(expect.objectContaining({ name: 'mem', unit: '%', isJudged: true }))
    const peak = await opened.database.row(
      "SELECT max(predicted) AS peak FROM flagged WHERE metric = 'mem'",
      z.object({ peak: z.number() }),
    )
    expect(peak.peak).toBeGreaterThan(80)
    await opened.close()
    const { recommendations } = await run.json(
      'optimization_recommendations.json',
      z.object({ recommendations: z.array(z.looseObject({ server_id: z.string(), query: z.string() })) }),
    )
    const { query } = recommendations.find(({ server_id }) => server_id === 'host-1')!
    expect(
      JSON.parse(
        await headroomDone([
          'query',
          run.folder,
          `SELECT max(predicted_percent) > 80 AS above FROM (${query}) WHERE metric = 'mem'`,
          '--json',
        ]),
      ),
    ).toMatchObject({
      rows: [{ above: true }],
    })
  })

  test('is the same through a Spark plan, which asks for the unit too', async () => {
    const fractions = await workspace.writeQuery('spark.parquet', fleetIn(0.01))
    const request = { inputs: [fractions], out: join(workspace.folder, 'spark'), config }
    const finished = await finishSparkRun({
      sparkOutput: await writeSparkOutput(request),
      out: join(workspace.folder, 'spark-run'),
      runId: 'r',
    })
    expect(finished.manifest.counts).toMatchObject({ at_risk_servers: 1, underutilized_servers: 1 })
    await expect(writeSparkOutput({ ...request, config: {} })).rejects.toThrow(
      /Is mem of The dataset in fractions or percent: --unit "mem=fraction"/,
    )
  })

  test.each([
    ['percent, stated', 'mem', [0.2, 0.9], { metric_units: { mem: 'percent' } }],
    ['an idle server, zero throughout', 'mem', [0, 0], {}],
    ['a value above 1.5', 'mem', [0.2, 1.6], {}],
    ['another unit', 'net_bytes', [0.2, 0.9], {}],
  ])('is not suspected: %s', async (_, metric, [measured, ahead], settings) => {
    const rows = seriesRows({ server: 'a', metric, actual: times(20, measured!), horizon: times(5, ahead!) })
    const run = await workspace.analyse(await workspace.writeForecasts('unsuspected.parquet', rows), { config: settings })
    expect(counts(run)[0]).toBe(0)
  })

  test('of a metric that no forecast has is named in a warning', async () => {
    const rows = seriesRows({ server: 'a', metric: 'mem', actual: times(20, 20), horizon: times(5, 90) })
    const forecasts = await workspace.writeForecasts('misspelt.parquet', rows)
    const run = await workspace.analyse(forecasts, { config: { metric_units: { mem: 'percent', mme: 'percent' } } })
    expect(run.manifest.warnings).toContainEqual({
      code: 'unknown-metric-units',
      message: 'The units of 1 metric are stated, but no forecast has this metric: mme.',
      count: 1,
      examples: ['mme'],
    })
    const stated = await workspace.analyse(forecasts, { config: { metric_units: { mem: 'percent' } } })
    expect(stated.manifest.warnings.map(({ code }) => code)).not.toContain('unknown-metric-units')
  })

  test.each([
    ['predictions below zero', [0.2], [-0.02, 0.9]],
    ['a few values above 1', times(200, 0.5), [1.4]],
    ['no measured value', [], [0.5, 0.6]],
  ])('is suspected: %s', async (_, actual, horizon) => {
    const rows = seriesRows({ server: 'a', metric: 'CPU used', actual, horizon })
    await expect(workspace.analyse(await workspace.writeForecasts('suspected.parquet', rows))).rejects.toMatchObject({
      code: 'input-unit-unclear',
      message: expect.stringContaining('--unit "CPU used=fraction"'),
    })
  })
})

describe('the command line', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'headroom-units-'))
  })
  afterAll(async () => rm(folder, { recursive: true }))

  test('says "not judged" where no metric has a threshold, and takes the unit', async () => {
    const forecasts = await workspace.writeForecasts('headline.parquet', rowsOf('queue depth'))
    const output = await headroomDone(['analyze', forecasts, '--out', 'unjudged', '--quiet'], { cwd: folder })
    expect(output).toMatch(/^2 servers not judged: no metric is in percent or has a threshold \(queue depth\)\n/)
    expect(output).toContain('--unit "queue depth=percent"')
    expect(output).not.toContain('at risk')
    const stated = await headroomDone(['analyze', forecasts, '--unit', 'queue depth=percent', '--out', 'judged', '--quiet'], {
      cwd: folder,
    })
    expect(stated).toMatch(/^1 of 2 servers at risk/)
  })

  test('adds --unit to the units of the settings file', async () => {
    await writeFile(join(folder, 'settings.yaml'), 'metric_units:\n  score: count\n  other: percent\n')
    const forecasts = await workspace.writeForecasts('both.parquet', [...rowsOf('score'), ...rowsOf('other')])
    const output = await headroomDone(
      ['analyze', forecasts, '--config', 'settings.yaml', '--unit', 'score=percent', '--out', 'both', '--json'],
      { cwd: folder },
    )
    expect(output).toContain('"at_risk_servers":1')
    const { code, stderr } = await headroom(['inspect', forecasts, '--unit', 'score=percnt'], { cwd: folder })
    expect([code, stderr]).toEqual([2, expect.stringContaining('METRIC=UNIT is needed, with one of the units percent, fraction')])
  })
})

test('fractions with quantiles give the probabilities of percent, from text too', async () => {
  // Not on one Normal line, so that all five quantiles count.
  const spread = { '0.1': 50, '0.3': 58, mean: 70, '0.7': 88, '0.9': 95 }
  const linesIn = (unit: number): string =>
    [
      ['item_id', 'timestamp', ...Object.keys(spread)],
      ...Array.from({ length: 10 }, (_, day) => [
        'srv-1',
        `2026-03-${String(day + 10)}`,
        ...Object.values(spread).map((value) => String((value + day) * unit)),
      ]),
    ]
      .map((fields) => `${fields.join(',')}\n`)
      .join('')
  const figuresIn = async (name: string, unit: number, config: Readonly<Record<string, unknown>>): Promise<unknown[]> => {
    const run = await workspace.analyse(await workspace.writeText(name, linesIn(unit)), { config })
    const { at_risk_probability, p95_median, path_source } = await run.riskOf('srv-1')
    return [Number(at_risk_probability).toFixed(3), Number(p95_median).toFixed(6), path_source]
  }
  const percent = await figuresIn('quantiles-percent.csv', 1, {})
  expect(percent).toEqual([expect.stringMatching(/^0\.[1-9]/), expect.stringMatching(/^\d\d\./), 'quantiles'])
  expect(await figuresIn('quantiles-fractions.csv', 0.01, { metric_units: { cpu_p95: 'fraction' } })).toEqual(percent)
})
