// The two PNG artefacts, from data reduced to the pictures' size.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClustersData, HeatmapData } from '../../src-shared/chart-options/chart-data.ts'
import { sampleMarks } from '../../src-shared/chart-options/sample-marks.ts'
import { runFiles } from '../../src-shared/run-manifest.ts'
import type { ClusteredServers } from './cluster-servers.ts'

/** The drawing libraries load only now: nothing else of the command line waits for them. */
export const writePictures = async (
  folder: string,
  heatmap: HeatmapData,
  clustered: ClusteredServers,
  underutilizedThreshold: number,
): Promise<void> => {
  const { drawHeatmapPicture } = await import('./pictures/draw-heatmap-picture.ts')
  const { drawClustersPicture } = await import('./pictures/draw-clusters-picture.ts')
  await writeFile(join(folder, runFiles.heatmapPicture), await drawHeatmapPicture(heatmap))
  await writeFile(
    join(folder, runFiles.clustersPicture),
    await drawClustersPicture({ ...clustersData(clustered, heatmap.unit), underutilizedThreshold }),
  )
}

/** Marks of the picture: one that shows more takes long to draw and looks the same. */
const mostMarks = 50_000

/** Servers without a horizon have no place in the scatter. */
const clustersData = (clustered: ClusteredServers, unit: string): ClustersData => {
  const placed = Int32Array.from(clustered.cluster.keys()).filter((index) => clustered.cluster[index]! >= 0)
  const places = (values: Float64Array): Float64Array => Float64Array.from(placed, (index) => values[index]!)
  const marks = sampleMarks(
    {
      x: places(clustered.features['mean']!),
      y: places(clustered.features['std']!),
      cluster: Int32Array.from(placed, (index) => clustered.cluster[index]!),
    },
    mostMarks,
  )
  const known = Array.from(marks, (mark) => placed[mark]!)
  const pick = (values: Float64Array): Float64Array => Float64Array.from(known, (index) => values[index]!)
  return {
    metric: clustered.metric,
    unit,
    serverIds: known.map((index) => clustered.serverIds[index]!),
    mean: pick(clustered.features['mean']!),
    std: pick(clustered.features['std']!),
    cluster: Int32Array.from(known, (index) => clustered.cluster[index]!),
    servers: placed.length,
    clusters: clustered.clusters.map(({ cluster, name, size, centre }) => ({
      cluster,
      name,
      size,
      mean: centre['mean']!,
      std: centre['std']!,
    })),
  }
}
