// The two PNG artefacts, from data reduced to the pictures' size.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClustersData, HeatmapData } from '../../../src-shared/chart-options/chart-data.ts'
import { samplePoints } from '../../statistics/sample-points.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import type { ClusteredServers } from '../clusters/cluster-servers.ts'

/** The drawing libraries load only now: nothing else of the command line waits for them. */
export const writePictures = async (
  folder: string,
  heatmap: HeatmapData,
  clusteredServers: ClusteredServers,
  underutilizedThreshold: number,
): Promise<void> => {
  const { drawHeatmapPicture } = await import('./draw-heatmap-picture.ts')
  const { drawClustersPicture } = await import('./draw-clusters-picture.ts')
  await writeFile(join(folder, runFiles.heatmapPicture), await drawHeatmapPicture(heatmap))
  await writeFile(
    join(folder, runFiles.clustersPicture),
    await drawClustersPicture({ ...createClustersData(clusteredServers, heatmap.unit), underutilizedThreshold }),
  )
}

/** Marks of the picture: one that shows more takes long to draw and looks the same. */
const maxMarks = 50_000

/** Servers without a horizon have no place in the scatter. */
const createClustersData = (clusteredServers: ClusteredServers, unit: string): ClustersData => {
  const clusteredIndices = Int32Array.from(clusteredServers.cluster.keys()).filter((index) => clusteredServers.cluster[index]! >= 0)
  const valuesOfClustered = (values: Float64Array): Float64Array => Float64Array.from(clusteredIndices, (index) => values[index]!)
  const marks = samplePoints(
    {
      x: valuesOfClustered(clusteredServers.features['mean']!),
      y: valuesOfClustered(clusteredServers.features['std']!),
      cluster: Int32Array.from(clusteredIndices, (index) => clusteredServers.cluster[index]!),
    },
    maxMarks,
  )
  const sampledIndices = Array.from(marks, (mark) => clusteredIndices[mark]!)
  const valuesOfSampled = (values: Float64Array): Float64Array => Float64Array.from(sampledIndices, (index) => values[index]!)
  return {
    metric: clusteredServers.metric,
    unit,
    serverIds: sampledIndices.map((index) => clusteredServers.serverIds[index]!),
    mean: valuesOfSampled(clusteredServers.features['mean']!),
    std: valuesOfSampled(clusteredServers.features['std']!),
    cluster: Int32Array.from(sampledIndices, (index) => clusteredServers.cluster[index]!),
    servers: clusteredIndices.length,
    clusters: clusteredServers.clusters.map(({ cluster, name, size, centre }) => ({
      cluster,
      name,
      size,
      mean: centre['mean']!,
      std: centre['std']!,
    })),
  }
}
