// The two PNG artefacts, from data reduced to the pictures' size.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunPictures, RunPicturesTask } from './draw-pictures.ts'
import type { ClustersData } from '../../../src-shared/chart-options/chart-data.ts'
import { samplePoints, takePoints } from '../../statistics/sample-points.ts'
import { runFiles } from '../../../src-shared/run/run-manifest.ts'
import type { ZoneClock } from '../../../src-shared/run/zone-clock.ts'
import { findWorkerFile, WorkerThread } from '../../threads/worker-thread.ts'
import type { ClusteredServers } from '../clusters/cluster-servers.ts'
import type { PlannedHeatmap } from './fill-heatmap.ts'

/** `folder`: of a run, with its series.parquet. */
export type PictureWriter = (
  folder: string,
  heatmap: PlannedHeatmap,
  clusteredServers: ClusteredServers,
  underutilizedThreshold: number,
  clock: ZoneClock,
) => Promise<void>

/** Draws the pictures of one run. Close it after use. */
export interface PictureDrawing {
  readonly write: PictureWriter
  readonly close: () => Promise<void>
}

/** A thread draws, so that this one goes on computing, and loads the drawing libraries from now on; without built code, as in tests of the sources, this one does. */
export const startPictures = (): PictureDrawing => {
  const worker = findWorkerFile('picture-worker.cjs')
  if (worker === undefined) {
    // Loads the drawing libraries, which other commands do not need.
    return { write: writeDrawn(async (task) => (await import('./draw-pictures.ts')).drawRunPictures(task)), close: async () => undefined }
  }
  const thread = startPictureThread(worker)
  return { write: writeDrawn((task) => thread.ask(task)), close: () => thread.close() }
}

/** `worker`: the built file of the thread. */
export const startPictureThread = (worker: string): WorkerThread<RunPicturesTask, RunPictures> => new WorkerThread(worker, null)

const writeDrawn =
  (draw: (task: RunPicturesTask) => Promise<RunPictures>): PictureWriter =>
  async (folder, heatmap, clusteredServers, underutilizedThreshold, clock) => {
    const pictures = await draw({
      heatmap,
      seriesPath: join(folder, runFiles.selectedSeries),
      clusters: { ...createClustersData(clusteredServers, heatmap.unit), underutilizedThreshold },
      zone: clock.zone,
    })
    await writeFile(join(folder, runFiles.heatmapPicture), pictures.heatmap)
    await writeFile(join(folder, runFiles.clustersPicture), pictures.clusters)
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
