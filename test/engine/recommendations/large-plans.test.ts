// What is measured of a part of a large fleet: groups of a check, and the hosts whose risk is measured.
import { describe, expect, test } from 'vitest'
import { completeConfig } from '../../../src-shared/config/analysis-config.ts'
import { JointPaths } from '../../../src-main/engine/breach/joint-paths.ts'
import { sampleGroups, type ConsolidationGroup } from '../../../src-main/engine/recommendations/consolidation-groups.ts'
import { layoutOf, type DemandServer } from '../../../src-main/engine/recommendations/draw-demand.ts'
import { drawHere, JointDemand } from '../../../src-main/engine/recommendations/joint-demand.ts'
import { measurePlanRisk } from '../../../src-main/engine/recommendations/place-fleet.ts'
import { pathFixture } from '../../fixtures/path-fixture.ts'

/** Candidates by falling peak, named by their rank. */
const groupOf = (name: string, size: number, highest = 100): ConsolidationGroup => ({
  candidates: Array.from({ length: size }, (_, rank) => ({
    serverId: `${name} ${rank}`,
    capacityUnits: 1,
    monthlyCostUsd: 100,
    peakUnits: highest - rank / size,
    meanUnits: 0,
    mayMove: true,
    hasPaths: true,
  })),
  maxRemovals: size - 2,
})
const ranksOf = ({ candidates }: ConsolidationGroup): number[] => candidates.map(({ serverId }) => Number(serverId.split(' ')[1]))

describe('groups of a check', () => {
  test('are all of them where they have no more candidates than wanted', () => {
    const groups = [groupOf('a', 3), groupOf('b', 2)]
    expect(sampleGroups(groups, 5)).toBe(groups)
  })

  test('are parts of a large group, each with every fourth rank', () => {
    // 8,000 candidates are four parts of 2,000; half of them are wanted.
    const parts = sampleGroups([groupOf('a', 8000)], 4000)
    expect(parts.map((part) => ranksOf(part).slice(0, 3))).toEqual([
      [1, 5, 9],
      [3, 7, 11],
    ])
    expect(parts.map(({ candidates, maxRemovals }) => [candidates.length, maxRemovals])).toEqual([
      [2000, 1999],
      [2000, 1999],
    ])
  })

  test('are every other one of many small groups, of each size, whatever their order', () => {
    const groups = Array.from({ length: 100 }, (_, number) => groupOf(`g${number}`, 10 + (number % 2) * 10, number))
    const chosen = sampleGroups(groups, 750)
    expect(chosen.length).toBe(50)
    expect(chosen.filter(({ candidates }) => candidates.length === 20).length).toBe(25)
    const names = (some: readonly ConsolidationGroup[]): Set<string> => new Set(some.map(({ candidates }) => candidates[0]!.serverId))
    expect(names(sampleGroups([...groups].reverse(), 750))).toEqual(names(chosen))
  })
})

describe('the risk of a plan', () => {
  const { series, horizon, task, batch } = pathFixture
  const serverOf = (number: number): DemandServer => ({
    serverId: `server ${number}`,
    capacityUnits: 1,
    series: [
      {
        position: number % series,
        metric: 'cpu_p95',
        forecast: Float64Array.from({ length: horizon }, (_, step) => 10 + (number % 40) + (step % 7)),
        maxMeasured: 95,
        times: Int32Array.from({ length: horizon }, (_, step) => step),
      },
    ],
  })
  const servers = new Map(Array.from({ length: 4000 }, (_, number) => [`server ${number}`, serverOf(number)]))
  const joint = new JointDemand(drawHere(JointPaths.ofLoaded({ task, batches: [batch] }, null), undefined), layoutOf(['cpu_p95'], horizon))
  /** Host n takes server n + 2,000 over. */
  const hostByServer = new Map(Array.from({ length: 2000 }, (_, number) => [`server ${number + 2000}`, `server ${number}`]))
  const config = completeConfig({}, 'headroom')

  test('of every tenth host is that of all, within what so few can tell', async () => {
    const all = await measurePlanRisk(hostByServer, { joint, servers }, config)
    const some = await measurePlanRisk(hostByServer, { joint, servers }, config, 200)
    expect([all.hosts, some.hosts]).toEqual([2000, 200])
    const [expected, found] = [all.shares(), some.shares()]
    expect(expected.target).toBeGreaterThan(0.1)
    expect(expected.target).toBeLessThan(0.9)
    // A share of 200 hosts has a standard error of 0.035 at most.
    expect(Math.abs(found.target! - expected.target!)).toBeLessThan(0.1)
  })

  test('without a host is not known', async () => {
    const none = await measurePlanRisk(new Map(), { joint, servers }, config)
    expect([none.hosts, none.shares().target]).toEqual([0, null])
  })
})
