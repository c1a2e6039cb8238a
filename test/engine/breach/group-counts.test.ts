// Servers at risk by group and metric over the paths; worked out by hand.
import { expect, test } from 'vitest'
import { countGroups } from '../../../src-main/engine/breach/group-counts.ts'
import { addPath, createPathSets } from '../../../src-main/engine/breach/joint-breaches.ts'
import { pathCount } from '../../../src-main/engine/breach/simulate-paths.ts'
import { Database } from '../../../src-main/database/database.ts'

/** Series: a and b of one unit breach on the same half of the paths, c on every path, d is silent, e has no probability. */
const serverIds = ['a', 'b', 'c', 'd', 'e']
const shares = [0.5, 0.5, 1, 1, 1]

test('servers of a group that breach on the same paths widen its interval; silent and unknown ones do not count', async () => {
  const paths = createPathSets(serverIds.length)
  shares.forEach((share, series) => {
    for (let path = 0; path < share * pathCount; path++) addPath(paths, series, path)
  })
  const database = await Database.open({ threads: 1 })
  try {
    await database.run(`CREATE TABLE server_attributes AS SELECT * FROM (VALUES ('a', 'Retail', NULL, NULL), ('b', 'Retail', NULL, NULL),
      ('c', 'Markets', 'emea', NULL)) t(server_id, business_unit, region, criticality)`)
    const counts = await countGroups(
      database,
      {
        series: { serverIds, metrics: serverIds.map(() => 'cpu'), isSilent: Uint8Array.of(0, 0, 0, 1, 0) },
        breaches: { probability: Float64Array.of(0.5, 0.5, 1, 1, Number.NaN), paths },
      },
      { serverIds, cluster: Int32Array.of(0, 0, 0, 0, 0), clusters: [] },
    )
    const of = (groupBy: string) =>
      counts.filter(({ group_by }) => group_by === groupBy).map(({ group, expected, low, high }) => [group, expected, low, high])
    expect(of('business_unit')).toEqual([
      ['Markets', 1, 1, 1],
      ['Retail', 1, 0, 2],
    ])
    expect(of('region')).toEqual([
      ['', 1, 0, 2],
      ['emea', 1, 1, 1],
    ])
    expect(of('cluster_name')).toEqual([['', 2, 1, 3]])
  } finally {
    database.close()
  }
})
