// chooseClusterCount: the number of clusters with the best silhouette.
import { describe, expect, test } from 'vitest'
import { chooseClusterCount } from '../../../src-main/engine/clusters/choose-cluster-count.ts'
import { points, reference } from '../../fixtures/sixteen-servers.ts'

const options = { restarts: 10, seed: 42 }

describe('chooseClusterCount', () => {
  test('chooses three clusters for sixteen servers by the silhouette', async () => {
    const { clusters, silhouettes } = await chooseClusterCount(points, { restarts: 50, seed: 42 })
    expect(clusters).toBe(3)
    expect(silhouettes).toEqual(
      Object.fromEntries(Object.entries(reference.silhouette).map(([count, value]) => [count, expect.closeTo(value, 9)])),
    )
  })

  test('returns no more clusters than distinct points', async () => {
    expect((await chooseClusterCount([[1], [1], [2], [2], [9], [9]], options)).clusters).toBe(3)
    expect(await chooseClusterCount([[4], [4]], options)).toEqual({ clusters: 1, silhouettes: {} })
    expect((await chooseClusterCount([], options)).clusters).toBe(1)
  })
})
