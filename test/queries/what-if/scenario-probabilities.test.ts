// Probabilities of scenarios: by hand from moments, and against runs with the scenario's own threshold.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRunFolder } from '../../../src-main/queries/run/open-run-folder.ts'
import { evaluateScenario, openWhatIfSession } from '../../../src-main/queries/what-if/evaluate-scenario.ts'
import {
  anyProbability,
  findJointShares,
  JointProbability,
  sustainedProbability,
  type StoredPaths,
} from '../../../src-main/queries/what-if/scenario-probabilities.ts'
import type { Calibration } from '../../../src-main/statistics/beta-calibration.ts'
import { scenarioSchema, fleetResultSchema, type FleetResult } from '../../../src-shared/ipc/what-if.ts'
import { ForecastWorkspace } from '../../fixtures/forecast-workspace.ts'
import { seriesRows } from '../../fixtures/forecast-rows.ts'

/** Leaves probabilities between 0.0001 and 0.9999 as they are. */
const identity: Calibration = { curve: { intercept: 0, slopeLow: 1, slopeHigh: 1 }, min: 0, max: 1, isCalibrated: true }

/** Moments of P95 and peak, the same over both halves. */
const pathsOf = (...series: readonly (readonly [p95: number, std: number, peak: number, peakStd: number])[]): StoredPaths => ({
  moments: Float64Array.from(series.flatMap(([p95, std, peak, peakStd]) => [p95, std, p95, std, peak, peakStd, peak, peakStd])),
  medianP95s: Float64Array.from(series, ([p95]) => p95),
  sizingP95s: Float64Array.from(series, ([p95]) => p95),
  sustained: identity,
  any: identity,
  jointShares: { sustained: Float64Array.of(Number.NaN), any: Float64Array.of(Number.NaN) },
})

describe('by hand', () => {
  test('a margin of -8 at a deviation of 4 has the probability 0.0581; growth by a quarter turns it into +10 at 5', () => {
    const paths = pathsOf([72, 4, 80, 5])
    expect(sustainedProbability(paths, 0, 1, 80)).toBeCloseTo(0.0581, 4)
    expect(sustainedProbability(paths, 0, 1.25, 80)).toBeCloseTo(1 - 0.0581, 4)
    expect(sustainedProbability(paths, 0, 1, 64)).toBeCloseTo(1 - 0.0581, 4)
  })
  test('any breach asks the peaks, and is never less probable than a sustained one', () => {
    const paths = pathsOf([72, 4, 90, 5])
    expect(anyProbability(paths, 0, 1, 80, 0.0581)).toBeCloseTo(1 - 0.0581, 4)
    expect(anyProbability(pathsOf([72, 4, 70, 5]), 0, 1, 80, 0.3)).toBe(0.3)
  })
  test('two metrics at 0.4 have a joint probability from 0.4 to 0.8, and of 0.64 where the run does not say', () => {
    const joint = new JointProbability()
    joint.add(0.4)
    joint.add(0.4)
    expect([0, 0.5, 1, Number.NaN].map((share) => joint.joint(share))).toEqual(
      [0.4, 0.6, 0.8, 0.64].map((value) => expect.closeTo(value, 12) as number),
    )
    expect(joint.shareOf(0.6)).toBeCloseTo(0.5, 12)
  })
  test('without a change the joint probability is that of the run', () => {
    const paths = pathsOf([72, 4, 90, 5], [75, 5, 78, 2])
    const known = { sustained: Float64Array.of(0.2), any: Float64Array.of(0.97) }
    const shares = findJointShares(paths, known, Uint32Array.of(0, 2), Float64Array.of(80, 80))
    const joint = new JointProbability()
    joint.add(sustainedProbability(paths, 0, 1, 80))
    joint.add(sustainedProbability(paths, 1, 1, 80))
    expect(joint.joint(shares.sustained[0]!)).toBeCloseTo(0.2, 12)
  })
})

describe('on runs', () => {
  let workspace: ForecastWorkspace
  beforeAll(async () => void (workspace = await ForecastWorkspace.open()))
  afterAll(() => workspace.close())

  const ask = async (folder: string, scenario: object): Promise<FleetResult> => {
    const run = await openRunFolder(folder)
    try {
      const session = await openWhatIfSession(run.database, run.contents)
      return fleetResultSchema.parse(evaluateScenario(session, { scenario: scenarioSchema.parse(scenario), grid: true, max_listed: null }))
    } finally {
      await run.close()
    }
  }

  /** Measured far below every threshold, so that no window of the backtest depends on it and all runs have one curve. */
  const measured = Array.from({ length: 56 }, (_, day) => 40 + ((day * 7) % 5))
  const rows = seriesRows({
    server: 'a',
    actual: measured,
    predicted: measured.map(() => 42),
    horizon: Array.from({ length: 14 }, (_, day) => 79 + (day % 5)),
  })

  test('another threshold gives what a run with this threshold gives', async () => {
    const forecasts = await workspace.writeForecasts('one.parquet', rows)
    const { folder } = await workspace.analyse(forecasts)
    for (const threshold of [80, 82, 85]) {
      const { riskOf } = await workspace.analyse(forecasts, { config: { high_risk_threshold: threshold } })
      const own = await riskOf('a', 'cpu_p95')
      const { outcome, points_reason } = await ask(folder, { threshold })
      expect(points_reason).toBeNull()
      expect(outcome.at_risk_expected).toBeCloseTo(own['at_risk_probability'] as number, 9)
      expect(outcome.breach_expected).toBeCloseTo(own['breach_probability'] as number, 9)
    }
  })

  test.each([
    [{ percentile: 90 }, 'Probabilities are of the 95th percentile: at another one the forecast decides.'],
    [{ horizon_days: 3 }, 'Probabilities are of the whole horizon: over a part of it the forecast decides.'],
    [
      { added_servers: [{ count: 1, like: 'a' }] },
      'Probabilities are of the servers as measured: with servers added or removed the forecast decides.',
    ],
  ])('%j is answered by points, which is said', async (scenario, reason) => {
    const { folder } = await workspace.analyse(await workspace.writeForecasts('points.parquet', rows))
    const result = await ask(folder, scenario)
    expect(result).toMatchObject({
      verdict_by: 'points',
      points_reason: reason,
      outcome: { at_risk_expected: null, breach_expected: null },
    })
  })
})
