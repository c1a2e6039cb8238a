// Draws the demand of servers in the threads that drew the paths of the fleet.
import { ReusedArrays } from '../../threads/shared-arrays.ts'
import type { PathPool } from '../breach/path-pool.ts'
import { pathCount } from '../breach/simulate-paths.ts'
import { valuesAtOnce, type DemandSource } from './joint-demand.ts'

/** Of so many hosts each thread is asked at a time. */
const hostsPerRequest = 100

/** Draws in threads that hold the batch of all series. */
export const drawInThreads = (pool: PathPool): DemandSource => {
  const reused = new ReusedArrays()
  return {
    maxValues: valuesAtOnce,
    ahead: 2,
    draw: async (demand) => void (await pool.askEach([{ demand }])),
    arraysFor: (name, servers, size) => ({
      demand: reused.singles(`${name} demand`, servers * size),
      maxima: reused.singles(`${name} maxima`, servers * pathCount),
      peaks: reused.integers(`${name} peaks`, servers * pathCount),
    }),
    sumHosts: async (hosts, layout) => {
      const shares = Array.from({ length: Math.ceil(hosts.length / hostsPerRequest) }, (_, share) =>
        hosts.slice(share * hostsPerRequest, (share + 1) * hostsPerRequest),
      )
      const answers = await pool.askEach(shares.map((share) => ({ hosts: share, layout })))
      const maxima = new Float32Array(hosts.length * pathCount)
      answers.forEach((answer, share) => maxima.set(answer.maxima!, share * hostsPerRequest * pathCount))
      return maxima
    },
  }
}
