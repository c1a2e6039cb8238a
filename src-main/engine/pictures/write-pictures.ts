// The two PNG artefacts, from data reduced to the pictures' size.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClustersData, HeatmapData } from '../../../src-shared/chart-options/chart-data.ts'
import { samplePoints, takePoints } from '../../statistics/sample-points.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import type { ZoneClock } from '../../../src-shared/run/zone-clock.ts'
import type { ClusteredServers } from '../clusters/cluster-servers.ts'

export type PictureWriter = (
  folder: string,
  heatmap: HeatmapData,
  clusteredServers: ClusteredServers,
  underutilizedThreshold: number,
  clock: ZoneClock,
) => Promise<void>

/** Loads the drawing libraries, which other commands do not need. */
export const drawPictures: PictureWriter = async (folder, heatmap, clusteredServers, underutilizedThreshold, clock) => {
  const { drawClustersPicture, drawHeatmapPicture } = await import('./draw-pictures.ts')
  await writeFile(join(folder, runFiles.heatmapPicture), await drawHeatmapPicture(heatmap, clock))
  await writeFile(
    join(folder, runFiles.clustersPicture),
    await drawClustersPicture({ ...createClustersData(clusteredServers, heatmap.unit), underutilizedThreshold }),
  )
}

/** Servers without a horizon have no point. */
const createClustersData = (
  { metric, serverIds, features, cluster, clusters, clustering }: ClusteredServers,
  unit: string,
): ClustersData => {
  const clustered = Int32Array.from(cluster.keys()).filter((index) => cluster[index]! >= 0)
  const points = takePoints({ x: features['mean']!, y: features['std']!, cluster: Int32Array.from(cluster) }, clustered)
  const sampledIndexes = samplePoints(points)
  const sampled = takePoints(points, sampledIndexes)
  return {
    metric,
    unit,
    serverIds: Array.from(sampledIndexes, (index) => serverIds[clustered[index]!]!),
    mean: sampled.x,
    std: sampled.y,
    cluster: sampled.cluster,
    servers: clustered.length,
    stability: clustering.stability,
    clusters: clusters.map(({ cluster: number, name, size, centre }) => ({
      cluster: number,
      name,
      size,
      mean: centre['mean']!,
      std: centre['std']!,
    })),
  }
}
