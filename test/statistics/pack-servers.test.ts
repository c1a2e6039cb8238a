// packServers: by hand, its invariants over random groups, and compared with the best packing of small groups.
import { describe, expect, test } from 'vitest'
import { packServers, type PackableServer } from '../../src-main/statistics/pack-servers.ts'
import { seededRandom } from '../fixtures/seeded-random.ts'

const target = 0.7
const groups = 400

/** Demand in percent of one unit. */
const server = (serverId: string, percent: readonly number[], capacityUnits = 1): PackableServer => ({
  serverId,
  capacityUnits,
  demand: Float64Array.from(percent, (value) => (value / 100) * capacityUnits),
})

const pack = (servers: readonly PackableServer[], maxRemovals = servers.length): Record<string, string> =>
  Object.fromEntries(packServers(servers, { target, maxRemovals }))

describe('packServers', () => {
  test('sums demands per time: two servers fit although their peaks add up to more than the target', () => {
    // 60 + 10 and 10 + 60 are 70 at both times; the peaks alone add up to 120.
    expect(pack([server('day', [60, 10]), server('night', [10, 60])])).toEqual({ night: 'day' })
  })

  test('does not consolidate two servers that exceed the target at a single time', () => {
    // 40 + 31 = 71 at the second time.
    expect(pack([server('a', [1, 40, 1]), server('b', [1, 31, 1])])).toEqual({})
  })

  test('fills a host exactly to its target despite floating-point error', () => {
    expect(0.7 - 0.3 < 0.4).toBe(true)
    expect(pack([server('a', [30]), server('b', [40])])).toEqual({ a: 'b' })
    expect(pack([server('a', [30.001]), server('b', [40])])).toEqual({})
  })

  test('takes servers by decreasing peak, each onto the first host with room, by hand', () => {
    // c 50 opens; d 40 opens; a 25: c would be at 75, so d (65); b 20: c (70); e 5: d (70).
    expect(pack([server('a', [25]), server('b', [20]), server('c', [50]), server('d', [40]), server('e', [5])])).toEqual({
      a: 'd',
      b: 'c',
      e: 'd',
    })
  })

  test('breaks ties of peaks by name', () => {
    expect(pack([server('z', [30]), server('a', [30]), server('m', [30])])).toEqual({ m: 'a' })
  })

  test('compares capacity units: a small server fits onto a large one but not the reverse', () => {
    // 30 % of 8 units is 2.4, and 5.6 may be used; 60 % of 1 unit is 0.6.
    expect(pack([server('small', [60], 1), server('large', [30], 8)])).toEqual({ small: 'large' })
    // 60 % of 2 units is 1.2, more than any unit-sized host may carry.
    expect(pack([server('one', [10], 1), server('two', [60], 2)])).toEqual({ one: 'two' })
  })

  test('moves no server onto a host that already exceeds its target', () => {
    expect(pack([server('high', [75, 0]), server('idle', [0, 10])])).toEqual({})
  })

  test('removes at most maxRemovals servers', () => {
    expect(pack([server('a', [10]), server('b', [9]), server('c', [8]), server('d', [7])], 2)).toEqual({ b: 'a', c: 'a' })
  })

  test('in 300 random groups loses no server, moves none twice and stays within every target', () => {
    const random = seededRandom(8)
    let moved = 0
    for (let group = 0; group < 300; group++) {
      const target = 0.4 + random() * 0.5
      const periods = 1 + Math.floor(random() * 12)
      const servers = Array.from({ length: 1 + Math.floor(random() * 25) }, (_, index) => {
        const capacity = random() < 0.5 ? 1 : 1 + Math.floor(random() * 16)
        return server(
          `s${index}`,
          Array.from({ length: periods }, () => random() * 60),
          capacity,
        )
      })
      const maxRemovals = Math.floor(random() * servers.length)
      const assigned = packServers(servers, { target, maxRemovals })
      moved += assigned.size
      expect(assigned.size).toBeLessThanOrEqual(maxRemovals)
      const named = new Map(servers.map((one) => [one.serverId, one]))
      for (const [consolidatedServer, host] of assigned) {
        expect(named.has(consolidatedServer) && named.has(host)).toBe(true)
        // A host stays where it is.
        expect(assigned.has(host)).toBe(false)
      }
      for (const host of servers) {
        const consolidatedServers = servers.filter((one) => assigned.get(one.serverId) === host.serverId)
        if (consolidatedServers.length === 0) continue
        for (let time = 0; time < periods; time++) {
          const used = [host, ...consolidatedServers].reduce((sum, one) => sum + one.demand[time]!, 0)
          expect(used).toBeLessThanOrEqual(host.capacityUnits * target + 1e-6)
        }
      }
    }
    expect(moved).toBeGreaterThan(1000)
  })
})

/** The minimum number of hosts, by trying every choice of hosts and every assignment of the others. A host without consolidated servers may exceed its target. */
const findMinHosts = (servers: readonly PackableServer[]): number => {
  const canHold = (host: PackableServer, consolidated: readonly PackableServer[]): boolean =>
    consolidated.length === 0 ||
    host.demand.every(
      (hostDemand, time) => consolidated.reduce((sum, { demand }) => sum + demand[time]!, hostDemand) <= host.capacityUnits * target + 1e-9,
    )
  const canSpread = (
    hosts: readonly PackableServer[],
    consolidated: readonly PackableServer[][],
    rest: readonly PackableServer[],
  ): boolean => {
    const [next, ...others] = rest
    if (next === undefined) return true
    return hosts.some((host, index) => {
      const candidates = [...consolidated[index]!, next]
      return (
        canHold(host, candidates) &&
        canSpread(
          hosts,
          consolidated.map((list, at) => (at === index ? candidates : list)),
          others,
        )
      )
    })
  }
  let minHosts = servers.length
  for (let selectedHosts = 1; selectedHosts < 2 ** servers.length; selectedHosts++) {
    const hosts = servers.filter((_, index) => (selectedHosts >> index) % 2 === 1)
    if (hosts.length >= minHosts) continue
    const rest = servers.filter((_, index) => (selectedHosts >> index) % 2 === 0)
    if (
      canSpread(
        hosts,
        hosts.map(() => []),
        rest,
      )
    )
      minHosts = hosts.length
  }
  return minHosts
}

/** Hosts that packServers and the best packing need over random groups of two to six servers. */
const tryGroups = (name: string, drawUnits: (random: () => number) => number): { hosts: number; best: number; worst: number } => {
  const random = seededRandom(17)
  const difference = [0, 0, 0, 0, 0]
  let hosts = 0
  let best = 0
  let worst = 0
  for (let group = 0; group < groups; group++) {
    const periods = 1 + Math.floor(random() * 4)
    const servers = Array.from({ length: 2 + Math.floor(random() * 5) }, (_, index): PackableServer => {
      const capacityUnits = drawUnits(random)
      return { serverId: `s${index}`, capacityUnits, demand: Float64Array.from({ length: periods }, () => random() * 0.4 * capacityUnits) }
    })
    const used = servers.length - packServers(servers, { target, maxRemovals: servers.length }).size
    const minHosts = findMinHosts(servers)
    expect(used).toBeGreaterThanOrEqual(minHosts)
    expect(used).toBeLessThanOrEqual(servers.length)
    difference[used - minHosts]! += 1
    worst = Math.max(worst, used - minHosts)
    hosts += used
    best += minHosts
  }
  console.log(
    `packing of ${name} compared with the best: ${difference[0]} of ${groups} tiny groups equal it, ${difference[1]} take one host more, ${difference[2]! + difference[3]!} two or three; ` +
      `${hosts} hosts in all, ${best} at best (+${((hosts / best - 1) * 100).toFixed(1)} %)`,
  )
  return { hosts, best, worst }
}

test('packServers takes at most one host more than the best packing for servers of one size, and 10 % more in total', () => {
  const { hosts, best, worst } = tryGroups('equal servers', () => 1)
  expect(worst).toBeLessThanOrEqual(1)
  // A packing without any move would take far more.
  expect(hosts / best).toBeLessThan(1.1)
})

test('packServers takes at most two hosts more for servers of sizes 1 to 4, and 15 % more in total', () => {
  const { hosts, best, worst } = tryGroups('mixed servers', (random) => 1 + Math.floor(random() * 4))
  expect(worst).toBeLessThanOrEqual(2)
  expect(hosts / best).toBeLessThan(1.15)
})
