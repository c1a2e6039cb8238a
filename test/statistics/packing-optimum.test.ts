// First fit by falling peak beside the best packing there is, found by trying all of them in tiny groups.
import { expect, test } from 'vitest'
import { packServers, type PackableServer } from '../../src-main/statistics/pack-servers.ts'
import { seededRandom } from '../fixtures/seeded-random.ts'

const target = 0.7
const groups = 400

/** Fewest hosts that can hold all: for each choice of hosts, every way to spread the others. A host without consolidated servers may be as full as it is. */
const findMinHosts = (servers: readonly PackableServer[]): number => {
  const canHold = (host: PackableServer, consolidated: readonly PackableServer[]): boolean =>
    consolidated.length === 0 ||
    host.demand.every(
      (ownDemand, time) => consolidated.reduce((sum, { demand }) => sum + demand[time]!, ownDemand) <= host.capacityUnits * target + 1e-9,
    )
  const canSpread = (
    hosts: readonly PackableServer[],
    consolidated: readonly PackableServer[][],
    rest: readonly PackableServer[],
  ): boolean => {
    const [next, ...others] = rest
    if (next === undefined) return true
    return hosts.some((host, index) => {
      const ownDemand = [...consolidated[index]!, next]
      return (
        canHold(host, ownDemand) &&
        canSpread(
          hosts,
          consolidated.map((list, at) => (at === index ? ownDemand : list)),
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

/** What first fit and the best packing need over drawn groups of two to six servers. */
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
    `packing of ${name} beside the best: ${difference[0]} of ${groups} tiny groups equal it, ${difference[1]} take one host more, ${difference[2]! + difference[3]!} two or three; ` +
      `${hosts} hosts in all, ${best} at best (+${((hosts / best - 1) * 100).toFixed(1)} %)`,
  )
  return { hosts, best, worst }
}

test('servers of one size take at most one host more than the best packing, and 10 % more in all', () => {
  const { hosts, best, worst } = tryGroups('equal servers', () => 1)
  expect(worst).toBeLessThanOrEqual(1)
  // A packing that moves nobody would take far more.
  expect(hosts / best).toBeLessThan(1.1)
})

test('servers of sizes 1 to 4 take at most two hosts more, and 15 % more in all', () => {
  const { hosts, best, worst } = tryGroups('mixed servers', (random) => 1 + Math.floor(random() * 4))
  expect(worst).toBeLessThanOrEqual(2)
  expect(hosts / best).toBeLessThan(1.15)
})
