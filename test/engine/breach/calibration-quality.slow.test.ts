// Whether breach probabilities are worth more than the plain flag and the base rate, cross-fitted on hold-out windows of real and sample backtests.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import { headroomDone } from '../../fixtures/run-headroom.ts'
import { makeSampleFleet, type SampleRun } from '../../fixtures/sample-run.ts'
import { planetlab } from '../../fixtures/fleets.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'

const reportSchema = z.object({
  calibration: z.object({
    series: z.number(),
    entries: z.number(),
    events: z.number(),
    brier: z.number(),
    brier_plain_flag: z.number(),
    brier_base_rate: z.number(),
    reliability: z.array(z.object({ predicted: z.number(), observed: z.number(), series: z.number() })),
  }),
  coverage: z.object({ nominal: z.number(), after: z.number() }),
})

const reportOf = async (folder: string): Promise<z.infer<typeof reportSchema>> =>
  reportSchema.parse(JSON.parse(await readFile(join(folder, runFiles.modelAccuracy), 'utf8')))

describe.skipIf(!planetlab.isAvailable)(`the PlanetLab fleet${planetlab.skipNote}`, () => {
  let workspace: ForecastWorkspace
  afterAll(async () => workspace.close())

  test('better than the plain flag, not above 1.02 times the base rate, bounds within 3 points of nominal', async () => {
    workspace = await ForecastWorkspace.open()
    const { folder } = await workspace.analyse(planetlab.forecasts)
    const { calibration, coverage } = await reportOf(folder)
    expect(calibration.series).toBeGreaterThan(400)
    expect(calibration.brier).toBeLessThan(calibration.brier_plain_flag)
    expect(calibration.brier).toBeLessThanOrEqual(1.02 * calibration.brier_base_rate)
    expect(Math.abs(coverage.after - coverage.nominal)).toBeLessThan(0.03)
  })
})

describe.each([
  { servers: 120, events: 10 },
  { servers: 1000, events: 50 },
])('a sample fleet of $servers servers', ({ servers, events }) => {
  let fleet: SampleRun
  afterAll(async () => fleet.remove())

  test('at most half of the base rate, and what was predicted happened about as often', async () => {
    fleet = await makeSampleFleet(servers)
    const out = join(fleet.folder, 'calibrated')
    await headroomDone(['analyze', fleet.forecasts, '--out', out, '--quiet'])
    const { calibration, coverage } = await reportOf(out)
    expect(calibration.events).toBeGreaterThan(events)
    expect(calibration.brier).toBeLessThanOrEqual(0.5 * calibration.brier_base_rate)
    expect(calibration.brier).toBeLessThan(calibration.brier_plain_flag)
    expect(Math.abs(coverage.after - coverage.nominal)).toBeLessThan(0.03)
    expect(calibration.reliability.reduce((sum, { series }) => sum + series, 0)).toBe(calibration.entries)
    for (const { predicted, observed } of calibration.reliability) expect(Math.abs(predicted - observed)).toBeLessThan(0.2)
  })
})
