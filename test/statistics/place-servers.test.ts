// Placement on joint paths, by hand, and its invariants over random groups.
import { describe, expect, test } from 'vitest'
import {
  maxOpenHosts,
  measurePeaks,
  Placement,
  type MeasuredServer,
  type UncertainServer,
} from '../../src-main/statistics/place-servers.ts'
import { seededRandom } from '../fixtures/seeded-random.ts'

/** `demand`: per path, the units at each time. */
const server = (serverId: string, demand: readonly (readonly number[])[], capacityUnits = 100): UncertainServer => ({
  serverId,
  capacityUnits,
  demand: Float32Array.from(demand.flat()),
})

const measureDemand = (uncertain: UncertainServer, paths: number): MeasuredServer => {
  const [maxima, peaks] = [new Float32Array(paths), new Int32Array(paths)]
  measurePeaks(uncertain.demand, maxima, peaks)
  return { ...uncertain, maxima, peaks }
}

const place = (servers: readonly UncertainServer[], acceptedShare: number, paths: number, maxRemovals = servers.length): Placement => {
  const placement = new Placement({ target: 0.7, acceptedShare, maxRemovals })
  for (const entry of servers) placement.place(measureDemand(entry, paths))
  return placement
}

describe('three servers on six paths of two times', () => {
  // a and b: 75 on path 5 at the first time; on path 6 both peak, but at different times: 60 + 10 and 10 + 60.
  const a = server('a', [
    [40, 10],
    [40, 10],
    [40, 10],
    [40, 10],
    [50, 10],
    [60, 10],
  ])
  const b = server('b', [
    [20, 20],
    [20, 20],
    [20, 20],
    [20, 20],
    [25, 10],
    [10, 60],
  ])
  // With a: 80 on paths 1 and 2.
  const c = server('c', [
    [40, 1],
    [40, 1],
    [5, 5],
    [5, 5],
    [5, 5],
    [5, 5],
  ])

  test('one path of six above the target is accepted where the smooth probability is, too', () => {
    // Highest sums 60, 60, 75 (mean 65, deviation 8.66) and 60, 60, 70 (63.3 and 5.77): (F_t4(-0.577) + F_t4(-1.155)) / 2 = 0.227.
    expect([...place([a, b], 0.23, 6).hostByServer]).toEqual([['b', 'a']])
    expect([...place([a, b], 0.22, 6).hostByServer]).toEqual([])
    expect([...place([a, b], 0.1, 6).hostByServer]).toEqual([])
  })

  test('the first open host counts: c exceeds on two paths with a, and fits on b', () => {
    // With b the highest sums are 60, 25, 30 and 60, 25, 65: (F_t4(-1.673) + F_t4(-0.918)) / 2 = 0.145.
    expect([...place([a, b, c], 0.15, 6).hostByServer]).toEqual([['c', 'b']])
    // Of a and c, two paths of six exceed: a third and a little more is accepted.
    expect([...place([a, c], 0.36, 6).hostByServer]).toEqual([['c', 'a']])
  })

  test('paths that exceed already count for every server that comes', () => {
    // a and b use one path; c adds three: 100 on paths 1 and 2, 75 on path 6.
    expect([...place([a, b, c], 1 / 2, 6).hostByServer]).toEqual([['b', 'a']])
    expect([...place([a, b, c], 0.9, 6).hostByServer]).toEqual([
      ['b', 'a'],
      ['c', 'a'],
    ])
  })

  test('no more servers leave than may', () => {
    expect([...place([a, b, c], 0.9, 6, 1).hostByServer]).toEqual([['b', 'a']])
  })

  test('the previous host comes first where it still fits', () => {
    const small = server(
      'small',
      Array.from({ length: 6 }, () => [1, 1]),
    )
    const placement = new Placement({ target: 0.7, acceptedShare: 0.01, maxRemovals: 9 })
    placement.open(
      measureDemand(
        server(
          'first',
          Array.from({ length: 6 }, () => [10, 10]),
        ),
        6,
      ),
    )
    placement.open(
      measureDemand(
        server(
          'second',
          Array.from({ length: 6 }, () => [20, 20]),
        ),
        6,
      ),
    )
    placement.place(measureDemand(small, 6), 'second')
    placement.place(measureDemand({ ...small, serverId: 'gone' }, 6), 'elsewhere')
    placement.place(
      measureDemand(
        server(
          'large',
          Array.from({ length: 6 }, () => [65, 1]),
        ),
        6,
      ),
      'second',
    )
    expect([...placement.hostByServer]).toEqual([
      ['small', 'second'],
      ['gone', 'first'],
    ])
  })

  test('a host too full by itself takes nobody over, and its own demand counts', () => {
    const full = server(
      'full',
      Array.from({ length: 6 }, () => [71, 0]),
    )
    const idle = server(
      'idle',
      Array.from({ length: 6 }, () => [0, 1]),
    )
    expect(place([full, idle], 0.1, 6).hostByServer.size).toBe(0)
  })

  test('30 % and 40 % fill a host to exactly 70 %', () => {
    const units = (share: number): UncertainServer =>
      server(
        `at ${share}`,
        Array.from({ length: 4 }, () => [share]),
        1,
      )
    expect(place([units(0.4), units(0.3)], 0.01, 4).hostByServer.size).toBe(1)
    expect(place([units(0.4), units(0.301)], 0.01, 4).hostByServer.size).toBe(0)
  })
})

test('in random groups no demand is lost, and no host exceeds on more paths than accepted', () => {
  const random = seededRandom(5)
  const [paths, times] = [40, 5]
  for (let group = 0; group < 60; group++) {
    const servers = Array.from({ length: 2 + Math.floor(random() * 30) }, (_, number) =>
      server(
        `s${number}`,
        Array.from({ length: paths }, () => Array.from({ length: times }, () => random() * 40 * (random() < 0.05 ? 2 : 1))),
        50 + Math.floor(random() * 4) * 50,
      ),
    )
    const acceptedShare = random() * 0.2
    const placement = place(servers, acceptedShare, paths)
    const sums = new Map(servers.map((entry) => [entry.serverId, entry.demand.slice()]))
    for (const [moved, host] of placement.hostByServer) {
      expect(placement.hostByServer.has(host)).toBe(false)
      const sum = sums.get(host)!
      servers.find(({ serverId }) => serverId === moved)!.demand.forEach((value, index) => (sum[index]! += value))
    }
    const hosts = new Set(placement.hostByServer.values())
    for (const host of hosts) {
      const { capacityUnits } = servers.find(({ serverId }) => serverId === host)!
      const above = Array.from({ length: paths }, (_, path) => Math.max(...sums.get(host)!.slice(path * times, (path + 1) * times))).filter(
        (peak) => peak > 0.7 * capacityUnits * 1.0001,
      ).length
      expect(above / paths).toBeLessThanOrEqual(acceptedShare)
    }
    expect(
      placement
        .finish()
        .map(({ serverId }) => serverId)
        .sort(),
    ).toEqual([...hosts].sort())
  }
})

test('of very many hosts the fullest closes, and what it took over stays', () => {
  const servers = Array.from({ length: maxOpenHosts + 1 }, (_, number) =>
    server(
      `h${String(number).padStart(3, '0')}`,
      Array.from({ length: 4 }, () => [60 - number / 10]),
    ),
  )
  // h000 has the least capacity left and closes; h001 is the first that holds 10.
  const placement = place(
    [
      ...servers,
      server(
        'small',
        Array.from({ length: 4 }, () => [10]),
      ),
    ],
    0.01,
    4,
  )
  expect([...placement.hostByServer]).toEqual([['small', 'h001']])
})
