// Placement of members on hosts, worked by hand: who stays, who moves, how many hosts are missing, and what the loss of a host does.
import { expect, test } from 'vitest'
import { measureMember, MemberPlacement, type MeasuredMember } from '../../src-main/statistics/place-members.ts'
import { maxShareAbove, smoothShareAbove, tolerance } from '../../src-main/statistics/place-servers.ts'
import { seededRandom } from '../fixtures/seeded-random.ts'

// Four paths of two steps; cores and memory. The halves of the smooth probability have two paths each.
const shape = { paths: 4, resources: 2, steps: 2 }
const rule = { target: 0.8, acceptedShare: 0.1 }

/** The same cores and memory at all times on each path. */
const steady = (name: string, cores: number, memory: number, host: string | null = null): MeasuredMember =>
  measureMember({ name, host, demand: Float32Array.from({ length: 16 }, (_, index) => (index % 4 < 2 ? cores : memory)) }, shape)
const hostsOf = (placement: MemberPlacement): Record<string, readonly string[]> =>
  Object.fromEntries(placement.hosts().map(({ host, members }) => [host, members]))

/** Two hosts of 10 cores and 100 GiB: 8 cores and 80 GiB may be used. */
const twoHosts = [
  { name: 'h1', capacities: [10, 100] },
  { name: 'h2', capacities: [10, 100] },
]

test('members stay while their host holds them, in every resource; the rest moves to the first that does', () => {
  const placement = new MemberPlacement(twoHosts, [10, 100], shape, rule)
  // 5 + 3 cores fill h1 exactly. c needs one core more; d would need 90 GiB with a and b.
  expect(placement.keep(steady('a', 5, 10, 'h1'))).toBe(true)
  expect(placement.keep(steady('b', 3, 10, 'h1'))).toBe(true)
  expect(placement.keep(steady('c', 1, 10, 'h1'))).toBe(false)
  expect(placement.keep(steady('d', 0, 70, 'h1'))).toBe(false)
  expect(placement.place(steady('c', 1, 10, 'h1'))).toEqual({ host: 'h2' })
  expect(placement.place(steady('d', 0, 70, 'h1'))).toEqual({ host: 'h2' })
  expect(hostsOf(placement)).toEqual({ h1: ['a', 'b'], h2: ['c', 'd'] })
  expect(placement.added()).toEqual([])
})

test('what no host holds goes to further hosts, in the order in which they are needed, or nowhere', () => {
  const placement = new MemberPlacement(twoHosts, [10, 100], shape, rule)
  const places = ['a', 'b', 'c', 'd'].map((name) => placement.place(steady(name, 5, 10)))
  expect(places).toEqual([{ host: 'h1' }, { host: 'h2' }, { added: 0 }, { added: 1 }])
  // 3 cores still fit next to 5; 9 exceed 8 on an empty host.
  expect(placement.place(steady('e', 3, 10))).toEqual({ host: 'h1' })
  expect(placement.place(steady('f', 9, 10))).toBeNull()
  expect([placement.added(), placement.tooLarge]).toEqual([[['c'], ['d']], 1])
})

test('a host that is lost leaves its members to the others, and the plan stays as it is', () => {
  const placement = new MemberPlacement(twoHosts, [10, 100], shape, rule)
  const [a, b, c] = [steady('a', 4, 10), steady('b', 3, 10), steady('c', 2, 10)]
  for (const member of [a, b, c]) placement.place(member)
  // h1 holds a and b with 7 of 8 cores, h2 holds c. Without h1, a fits next to c (6 of 8), b does not.
  expect(hostsOf(placement)).toEqual({ h1: ['a', 'b'], h2: ['c'] })
  expect(placement.without('h1', [a, b])).toEqual({ added: [1], tooLarge: 0 })
  // c does not fit next to 7 cores.
  expect(placement.without('h2', [c])).toEqual({ added: [1], tooLarge: 0 })
  expect(hostsOf(placement)).toEqual({ h1: ['a', 'b'], h2: ['c'] })
  expect(placement.added()).toEqual([])
})

test('peaks at different times share a host; peaks at the same time do not', () => {
  const peakAt = (name: string, step: number): MeasuredMember =>
    measureMember(
      { name, host: null, demand: Float32Array.from({ length: 16 }, (_, index) => (index % 4 < 2 && index % 2 === step ? 7 : 1)) },
      shape,
    )
  const placement = new MemberPlacement(twoHosts, [10, 100], shape, rule)
  // 7 + 1 cores at either time; a second peak at the first time would need 14.
  expect([placement.place(peakAt('day', 0)), placement.place(peakAt('night', 1)), placement.place(peakAt('also day', 0))]).toEqual([
    { host: 'h1' },
    { host: 'h1' },
    { host: 'h2' },
  ])
})

test('a host may exceed the target on the accepted share of the paths', () => {
  // 9 cores on one path of four, else 6: (9 - 8) on a quarter of the paths.
  const seldom = measureMember(
    { name: 'seldom', host: null, demand: Float32Array.from({ length: 16 }, (_, index) => (index % 4 >= 2 ? 1 : index < 4 ? 9 : 6)) },
    shape,
  )
  // Halves 9 and 6 (mean 7.5, deviation 2.12), 6 and 6: F_t4(-0.236) = 0.413, and 0; their mean is 0.206.
  const placed = (acceptedShare: number): MemberPlacement => {
    const placement = new MemberPlacement(twoHosts, [10, 100], shape, { ...rule, acceptedShare })
    placement.place(seldom)
    return placement
  }
  expect(placed(0.26).hosts()[0]).toEqual({ host: 'h1', members: ['seldom'], shareAbove: 0.25 })
  expect(placed(0.24).tooLarge).toBe(1)
})

test('the bound of the smooth probability lies above that of any values in between', () => {
  const random = seededRandom(3)
  let told = 0
  for (let round = 0; round < 2000; round++) {
    const lowest = Float64Array.from({ length: 200 }, () => 0.3 + 0.6 * random())
    const spread = 0.2 * random() * random()
    const highest = lowest.map((value) => value + spread * random())
    const bound = maxShareAbove(lowest, highest, 1)
    if (bound < 0.05) told++
    for (const share of [0, 0.5, 1]) {
      const between = lowest.map((value, path) => value + (share === 0.5 ? random() : share) * (highest[path]! - value))
      expect(smoothShareAbove(between, 1)).toBeLessThanOrEqual(bound)
    }
  }
  expect(told).toBeGreaterThan(500)
})

test('a host holds what every single sum says that it holds', () => {
  const random = seededRandom(9)
  const many = { paths: 200, resources: 2, steps: 6 }
  const accepted = { target: 0.8, acceptedShare: 0.05 }
  const draw = (name: string, level: number): MeasuredMember =>
    measureMember({ name, host: 'h', demand: Float32Array.from({ length: 2400 }, () => level * (0.7 + 0.6 * random())) }, many)
  const counts = { kept: 0, sent: 0 }
  for (let round = 0; round < 60; round++) {
    const placement = new MemberPlacement([{ name: 'h', capacities: [10, 10] }], [10, 10], many, accepted)
    const sums = new Float32Array(2400)
    for (let number = 0; number < 12; number++) {
      const member = draw(`m${number}`, 0.3 + 1.5 * random())
      const highest = Float64Array.from({ length: 200 }, (_, path) => {
        let use = 0
        for (let index = path * 12; index < (path + 1) * 12; index++)
          use = Math.max(use, (sums[index]! + member.demand[index]!) * (1 / (10 * 0.8 * (1 + tolerance))))
        return use
      })
      const holds = highest.filter((use) => use > 1).length <= 10 && smoothShareAbove(highest, 1) <= 0.05
      expect(placement.keep(member)).toBe(holds)
      counts[holds ? 'kept' : 'sent']++
      if (holds) member.demand.forEach((value, index) => (sums[index]! += value))
    }
  }
  expect(Math.min(counts.kept, counts.sent)).toBeGreaterThan(100)
})
