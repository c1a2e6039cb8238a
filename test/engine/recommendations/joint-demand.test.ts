// The demand of servers on joint paths: what it is by hand, and that threads draw and sum it as this thread does; needs built code.
import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFleetPaths } from '../../../src-main/engine/breach/fleet-paths.ts'
import { JointPaths } from '../../../src-main/engine/breach/joint-paths.ts'
import { openPathThreads } from '../../../src-main/engine/breach/path-pool.ts'
import { layoutOf, type DemandServer } from '../../../src-main/engine/recommendations/draw-demand.ts'
import { drawInThreads } from '../../../src-main/engine/recommendations/draw-in-threads.ts'
import { drawHere, JointDemand, type DemandSource } from '../../../src-main/engine/recommendations/joint-demand.ts'
import { pathFixture } from '../../fixtures/path-fixture.ts'

const built = resolve(import.meta.dirname, '..', '..', '..', 'out', 'main', 'path-worker.cjs')
const { series, horizon, task, batch } = pathFixture
const pathCount = 200
const loaded = { task, batches: [batch] }
const here = (): DemandSource => drawHere(JointPaths.ofLoaded(loaded, null), undefined)
const layout = layoutOf(['cpu_p95'], horizon)

const forecastOf = (position: number): Float64Array => Float64Array.from({ length: horizon }, (_, step) => 50 + position + (step % 7))
const serverOf = (number: number, steps = horizon): DemandServer => {
  const position = number % series
  return {
    serverId: `server ${number}`,
    capacityUnits: 1 + (number % 7),
    series: [
      {
        position,
        metric: 'cpu_p95',
        forecast: forecastOf(position).slice(0, steps),
        maxMeasured: 95,
        times: Int32Array.from({ length: steps }, (_, step) => step),
      },
    ],
  }
}
/** Too many to be drawn at a time. */
const servers = Array.from({ length: 3500 }, (_, number) => serverOf(number))
const hosts = Array.from({ length: 250 }, (_, host) => [host, host + 1000, host + 2000].map((number) => servers[number]!))

interface Read {
  readonly serverId: string
  readonly demand: Float32Array
  readonly maxima: Float32Array
  readonly peaks: Int32Array
}
const read = async (source: DemandSource, some = servers): Promise<Read[]> => {
  const all: Read[] = []
  for await (const { serverId, demand, maxima, peaks } of new JointDemand(source, layout).read(some, undefined))
    all.push({ serverId, demand: demand.slice(), maxima: maxima.slice(), peaks: peaks.slice() })
  return all
}

const digestOf = ({ demand, maxima, peaks }: Read): string => {
  const hash = createHash('sha256')
  for (const { buffer, byteOffset, byteLength } of [demand, maxima, peaks]) hash.update(new Uint8Array(buffer, byteOffset, byteLength))
  return hash.digest('hex')
}

describe('demand by hand', () => {
  test('is the paths in capacity units with the highest value of each, and the peak of the path where a time is missing', async () => {
    const [whole, short] = [serverOf(5), serverOf(6, horizon - 2)]
    const demands = await read(here(), [whole, short])
    for (const [index, server] of [whole, short].entries()) {
      const [entry] = server.series
      const paths: number[] = []
      JointPaths.ofLoaded(loaded, null).draw([entry!], (_, values) => paths.push(...values))
      const steps = entry!.times.length
      const expected = Array.from({ length: pathCount }, (_, path) => {
        const values = paths
          .slice(path * steps, (path + 1) * steps)
          .map((value) => Math.fround((Math.max(0, value) * server.capacityUnits) / 100))
        return [...values, ...Array.from({ length: horizon - steps }, () => Math.max(...values))]
      })
      const { demand, maxima, peaks } = demands[index]!
      expect(demand.length).toBe(pathCount * horizon)
      expected.flat().forEach((value, at) => expect(demand[at]).toBeCloseTo(value, 5))
      expected.forEach((values, path) => {
        expect(maxima[path]).toBeCloseTo(Math.max(...values), 5)
        expect(demand[path * horizon + peaks[path]!]).toBe(maxima[path])
      })
    }
  })

  test('of hosts is the sum of their servers at each time, and of that the highest', async () => {
    const [first, second] = await read(here(), [servers[1]!, servers[2]!])
    const maxima = await new JointDemand(here(), layout).sumHosts([[servers[1]!, servers[2]!], [servers[1]!]])
    const sums = first!.demand.map((value, at) => value + second!.demand[at]!)
    for (let path = 0; path < pathCount; path++) {
      expect(maxima[path]).toBe(Math.max(...sums.subarray(path * horizon, (path + 1) * horizon)))
      expect(maxima[pathCount + path]).toBe(first!.maxima[path])
    }
  })
})

describe('threads', () => {
  const pool = openPathThreads(built, { task, paths: createFleetPaths(series) }, 2, undefined)
  beforeAll(() => pool.askAll({ batch }))
  afterAll(() => pool.close())

  test('draw what this thread draws, in the order of the servers, and may be asked again', async () => {
    const expected = (await read(here())).map(digestOf)
    const drawn = await read(drawInThreads(pool))
    expect(drawn.map(digestOf)).toEqual(expected)
    expect(drawn.map(({ serverId }) => serverId)).toEqual(servers.map(({ serverId }) => serverId))
    // What is compared differs from server to server.
    expect(new Set(expected).size).toBe(series * 7)
    expect((await read(drawInThreads(pool), servers.slice(0, 3))).map(digestOf)).toEqual(expected.slice(0, 3))
  })

  test('sum hosts as this thread does', async () => {
    const expected = await new JointDemand(here(), layout).sumHosts(hosts)
    expect(expected.length).toBe(hosts.length * pathCount)
    expect(expected.every((value) => value > 0)).toBe(true)
    expect(await new JointDemand(drawInThreads(pool), layout).sumHosts(hosts)).toEqual(expected)
  })
})

describe('a source that draws ahead', () => {
  /** As threads do: each draw ends later. `failing`: number of the draw that does not. */
  const lateSource = (failing: number): DemandSource & { readonly begun: () => number; readonly ended: () => number } => {
    const source = here()
    let [begun, ended] = [0, 0]
    return {
      ...source,
      ahead: 2,
      draw: async (request) => {
        const number = ++begun
        await setTimeout(5)
        ended++
        if (number === failing) throw new Error('no paths')
        await source.draw(request)
      },
      begun: () => begun,
      ended: () => ended,
    }
  }
  const readUntil = async (source: DemandSource, count: number): Promise<string[]> => {
    const seen: string[] = []
    for await (const { serverId } of new JointDemand(source, layout).read(servers, undefined)) {
      seen.push(serverId)
      if (seen.length === count) break
    }
    return seen
  }

  test('begins two draws before the first servers are read', async () => {
    const source = lateSource(0)
    expect(await readUntil(source, 1)).toEqual(['server 0'])
    expect(source.begun()).toBe(3)
  })
  test('leaves no draw under way when the reader stops', async () => {
    const source = lateSource(0)
    await readUntil(source, 1)
    expect(source.ended()).toBe(source.begun())
  })
  test('fails the reader when the servers are read whose draw failed', async () => {
    const seen: string[] = []
    const reading = async (): Promise<void> => {
      for await (const { serverId } of new JointDemand(lateSource(3), layout).read(servers, undefined)) seen.push(serverId)
    }
    await expect(reading()).rejects.toThrow('no paths')
    expect(seen).toHaveLength(2000)
  })
  test('leaves a failure alone where the reader stops before', async () => {
    expect(await readUntil(lateSource(3), 2)).toHaveLength(2)
  })
})
